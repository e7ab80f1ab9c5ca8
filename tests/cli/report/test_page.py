"""The page in a real browser, opened from a file."""

import json
import os
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from playwright.sync_api import Page, expect

from rightstate.guarding import guards
from rightstate.in_code import MANAGED
from rightstate.models.decision import Excuse
from rightstate_cli.report.figures import Figures
from rightstate_cli.report.period import Chosen
from rightstate_cli.report.posture import effect
from rightstate_cli.report.record import as_record
from tests.cli.report.conftest import Opened, written
from tests.support import endings
from tests.support.requests import hub_at, requested

Open = Callable[..., Opened]


@pytest.fixture
def page(opened: Open, report: Path) -> Page:
    return opened(report).page


def cards(page: Page) -> dict[str, str]:
    """The headline: each figure by its name."""
    return dict(
        zip(
            page.locator(".card .name").all_inner_texts(),
            page.locator(".card .value").all_inner_texts(),
            strict=True,
        )
    )


def expected(entries: list[dict[str, Any]], **posture: Any) -> dict[str, str]:
    """The headline of those entries; `of` are those that count for the posture."""
    of = posture.get("of", entries)
    shown, counting = Figures(), Figures()
    for each in entries:
        shown.add(as_record(each))
    for each in of:
        counting.add(as_record(each))
    figures, pairs = shown.as_json(), counting.as_json()["pairs"]
    share = 100 * pairs[0] / (sum(pairs) - pairs[4])
    return {
        "Resources looked at": f"{figures['resources']:,}",
        "Compliant": f"{share:.1f} %",
        "Settings changed": f"{figures['changed']['settings']:,}",
        "Failed": f"{figures['failed']:,}",
        "Waiting": f"{counting.as_json()['waiting']:,}",
    }


def shown(page: Page, section: str = "executions") -> int:
    """How many rows the section's table has in all."""
    pager = page.locator(f"#{section} .pager span")
    if pager.count():
        return int(pager.inner_text().split(" of ")[1].replace(",", ""))
    return page.locator(f"#{section} tbody tr").count()


def column(page: Page, section: str, number: int) -> list[str]:
    return page.locator(f"#{section} tbody td:nth-child({number})").all_inner_texts()


def choose(page: Page, name: str, value: str) -> None:
    page.locator(f"select[name={name}]").select_option(value)


def search(page: Page, text: str) -> None:
    page.locator("input[name=text]").fill(text)
    page.locator("#status", has_text="are shown").wait_for()


def test_it_opens_without_an_error_and_asks_for_nothing_but_itself(opened: Open, report: Path) -> None:
    found = opened(report)
    assert found.said == []
    assert found.requests == [(report / "index.html").as_uri()]


def test_a_script_that_somebody_adds_does_not_run(opened: Open, report: Path, tmp_path: Path) -> None:
    page = (report / "index.html").read_text()
    changed = page.replace("<main", '<img src=x onerror="alert(1)"><script>alert(2)</script><main', 1)
    assert changed != page
    (tmp_path / "index.html").write_text(changed)
    found = opened(tmp_path)
    assert found.popped == []
    assert any("Content Security Policy" in said for said in found.said)
    assert found.requests == [(tmp_path / "index.html").as_uri(), *found.refused]


def test_the_headline_is_what_the_entries_say(page: Page, some: list[dict[str, Any]]) -> None:
    found = cards(page)
    assert expected(some).items() <= found.items()
    assert found["Exemptions ending"] == "2"


def test_what_the_page_counts_itself_is_what_was_counted_before(
    page: Page, some: list[dict[str, Any]]
) -> None:
    def told() -> list[str]:
        page.locator("#by-policy .more").click()
        return page.locator("#headline, #posture table, #errors, #activity-legend").all_inner_texts()

    before = told()
    # A filter that lets everything through.
    page.locator("input[name=from]").fill(some[0]["at"][:10])
    page.locator("#status", has_text="600 of 600").wait_for()
    page.locator("#by-policy .more").click()
    assert told() == before


@pytest.mark.parametrize(
    ("name", "value", "of"),
    [
        ("account", "222233334444", lambda each: each["account"] == "222233334444"),
        ("type", "kms-key", lambda each: each["resource_type"] == "kms-key"),
    ],
)
def test_a_filter_narrows_everything(
    page: Page, some: list[dict[str, Any]], name: str, value: str, of: Callable[[dict[str, Any]], bool]
) -> None:
    choose(page, name, value)
    wanted = [each for each in some if of(each)]
    assert 0 < shown(page) == len(wanted) < 600
    assert expected(wanted).items() <= cards(page).items()


def test_a_period_narrows_everything(page: Page, some: list[dict[str, Any]]) -> None:
    page.locator("input[name=from]").fill("2026-10-10")
    page.locator("input[name=to]").fill("2026-10-20")
    wanted = [each for each in some if "2026-10-10" <= each["at"][:10] <= "2026-10-20"]
    page.locator("#status", has_text=f"{len(wanted)} of 600").wait_for()
    assert expected(wanted).items() <= cards(page).items()


def test_an_outcome_narrows_the_executions_and_leaves_the_posture(
    page: Page, some: list[dict[str, Any]]
) -> None:
    choose(page, "outcome", "failed")
    wanted = [each for each in some if each["outcome"] == "failed"]
    assert shown(page) == len(wanted)
    assert expected(wanted, of=some).items() <= cards(page).items()


def test_a_policy_narrows_to_the_executions_that_looked_for_it(
    page: Page, some: list[dict[str, Any]]
) -> None:
    choose(page, "policy", "sqs-server-side-encryption")
    wanted = [each for each in some if "sqs-server-side-encryption" in dict(effect(as_record(each)).states)]
    assert 0 < shown(page) == len(wanted)
    assert page.locator("#by-policy tbody tr").count() == 1


@pytest.mark.parametrize("text", ["orders-INVOICES", "anna.keller putbucketacl", "alert(", "ex-1a2b3c40"])
def test_a_search_finds_the_entries_that_have_every_word(
    page: Page, some: list[dict[str, Any]], text: str
) -> None:
    search(page, text)
    keys = (
        "expires",
        "at",
        "day",
        "started",
        "ended",
        "path",
        "policies",
        "account",
        "region",
        "resource_type",
    )
    texts = [json.dumps({k: v for k, v in each.items() if k not in keys}).lower() for each in some]
    assert shown(page) == sum(all(word in each for word in text.lower().split()) for each in texts)


def test_clear_shows_everything_again(page: Page) -> None:
    search(page, "nothing has this")
    expect(page.locator("#executions .empty")).to_contain_text("No entry is like the filter")
    page.get_by_role("button", name="Clear").click()
    page.locator("#executions .pager").wait_for()
    assert shown(page) == 600


def test_a_table_is_sorted_by_its_headings_and_paged(page: Page, some: list[dict[str, Any]]) -> None:
    newest = [f"{each['at'][:10]} {each['at'][11:16]}" for each in reversed(some)]
    assert column(page, "executions", 1) == newest[:25]
    page.locator("#executions").get_by_role("button", name="Next").click()
    assert column(page, "executions", 1) == newest[25:50]
    page.locator("#executions").get_by_role("button", name="Started").click()
    assert column(page, "executions", 1) == newest[::-1][:25]
    page.locator("#executions").get_by_role("button", name="Took").click()
    longest = sorted((each["seconds"] for each in some), reverse=True)[:25]
    assert [float(each.removesuffix(" s")) for each in column(page, "executions", 5)] == pytest.approx(
        longest, abs=0.06
    )
    assert page.locator("#executions th[aria-sort]").inner_text() == "Took"


def test_an_entry_opens_with_its_changes_and_the_way_that_it_took(
    page: Page, some: list[dict[str, Any]]
) -> None:
    wanted = next(
        each
        for each in reversed(some)
        if each["outcome"] == "remediated" and each["event"] and each["changes"]
    )
    search(page, wanted["event"]["id"])
    page.locator("#changes .link").first.focus()
    page.keyboard.press("Enter")
    dialog = page.locator("dialog[open]")
    for text in (
        wanted["resource"].split("/")[3],
        wanted["event"]["principal"],
        wanted["execution"],
        wanted["plan"],
    ):
        expect(dialog).to_contain_text(text)
    for change in wanted["changes"]:
        line = dialog.locator(".change", has_text=change["setting"]).first
        if not isinstance(change["before"], list):
            before, after = (
                "not set" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
                for value in (change["before"], change["after"])
            )
            expect(line.locator("ins").first).to_have_text(after)
            expect(line.locator("del").first).to_have_text(before)
    entered = dialog.locator(".machine .entered").evaluate_all("all => all.map((each) => each.dataset.state)")
    assert entered == [each["state"] for each in wanted["path"]]
    assert dialog.locator(".machine .taken").count() == len(wanted["path"]) - 1
    took = dict(zip(entered, dialog.locator(".machine .entered .time").all_text_contents(), strict=True))
    assert {text for state, text in took.items() if state.endswith("?")} == {"2 ms"}
    assert took["Verify"].endswith(" s") or took["Verify"].endswith(" ms")
    page.keyboard.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)


def test_what_was_undone_and_what_undid_it_lead_to_each_other(opened: Open, tmp_path: Path) -> None:
    first = endings.ended(observed=endings.BUCKET, name="first")
    back = endings.ended(undo=first, name="back", started="2026-11-21T08:00:00.000Z")
    assert (first["outcome"], back["outcome"]) == ("remediated", "undone")
    page = opened(written(tmp_path / "report", [first, back])).page
    rows = page.locator("#changes tbody tr")
    expect(rows.nth(0)).to_contain_text("takes another back")
    expect(rows.nth(1)).to_contain_text("undone later")
    rows.nth(1).locator(".link").click()
    dialog = page.locator("dialog[open]")
    dialog.get_by_role("button", name="back").click()
    expect(dialog.locator("dd", has_text="first").last).to_be_visible()
    expect(dialog).to_contain_text("Takes back")


def test_what_code_manages_shows_the_lines_to_change_there(opened: Open, tmp_path: Path) -> None:
    excuse = Excuse(kind="managed", reason="CloudFormation made the change.", rule="managed: report")
    entry = endings.ended(observed=endings.BUCKET, excuses={"s3-versioning": excuse})
    page = opened(written(tmp_path / "report", [entry])).page
    page.locator("#executions .link").click()
    expect(page.locator("dialog[open]")).to_contain_text(MANAGED)
    assert page.locator("dialog[open] td code").all_text_contents() == [
        'CloudFormation AWS::S3::Bucket: VersioningConfiguration.Status: "Enabled"',
        'Terraform aws_s3_bucket_versioning: versioning_configuration.status = "Enabled"',
    ]


def test_an_entry_without_a_path_says_so(opened: Open, tmp_path: Path) -> None:
    """One that has died could not write it down."""
    page = opened(written(tmp_path / "report", [endings.died()])).page
    page.locator("#executions .link").click()
    expect(page.locator("dialog[open]")).to_contain_text("no path")
    assert page.locator("dialog[open] .entered").count() == 0


@pytest.mark.parametrize(("preferred", "other"), [("light", "dark"), ("dark", "light")])
def test_it_is_light_or_dark_as_is_preferred_and_can_be_switched(
    opened: Open, report: Path, preferred: str, other: str
) -> None:
    page = opened(report, color_scheme=preferred).page

    def brightness() -> int:
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(map(int, re.findall(r"\d+", colour)[:3]))

    is_light = {"light": lambda: brightness() > 600, "dark": lambda: brightness() < 150}
    assert is_light[preferred]()
    page.locator("#theme").click()
    assert is_light[other]()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_what_is_behind_it(opened: Open, report: Path, scheme: str) -> None:
    """At least 4.5 to 1, as WCAG 2 asks of text, in the page's colours for text on each of its grounds."""
    page = opened(report, color_scheme=scheme).page
    names = ["ink", "muted", "accent", "ground", "surface", "broken", "waiting"]
    style = "getComputedStyle(document.documentElement)"
    colours = page.evaluate(f"names => names.map((name) => {style}.getPropertyValue(`--${{name}}`))", names)
    found = dict(zip(names, colours, strict=True))

    def luminance(colour: str) -> float:
        parts = [int(colour.strip()[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for text in ("ink", "muted", "accent", "broken", "waiting"):
        for ground in ("ground", "surface"):
            if text in ("broken", "waiting") and ground == "ground":
                continue  # these stand on cards alone
            one, two = sorted((luminance(found[text]), luminance(found[ground])), reverse=True)
            assert (one + 0.05) / (two + 0.05) >= 4.5, (text, ground)


def test_on_paper_it_is_light_and_without_what_can_only_be_pressed(opened: Open, report: Path) -> None:
    page = opened(report, color_scheme="dark").page
    page.emulate_media(media="print")
    for selector in (".bar", "#theme", ".pager button"):
        expect(page.locator(selector).first).to_be_hidden()
    for selector in ("#headline", "#by-policy", "#changes table"):
        expect(page.locator(selector)).to_be_visible()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")


def test_a_narrow_window_has_to_be_scrolled_in_one_direction_only(opened: Open, report: Path) -> None:
    page = opened(report, viewport={"width": 420, "height": 900}).page
    assert page.evaluate("document.documentElement.scrollWidth") == 420


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        (Chosen(), "none, all of the ledger"),
        (
            Chosen(accounts=("111122223333", "222233334444"), since="2026-11-01T00:00:00.000Z"),
            "only account 111122223333, account 222233334444, from 2026-11-01 00:00:00.000 UTC",
        ),
    ],
)
def test_it_says_what_of_the_ledger_it_is_of(opened: Open, tmp_path: Path, chosen: Chosen, told: str) -> None:
    page = opened(written(tmp_path / "report", [endings.ended()], chosen=chosen)).page
    expect(page.locator("#about div", has_text="Filters").locator("dd")).to_have_text(told)


ARCHIVE = {"account": "222233334444", "region": "us-east-1", "resource": "archive"}
ASKING: list[dict[str, Any]] = [
    {**ARCHIVE, "event": endings.EVENT, "reason": "Nightly sweep"},
    {
        "account": "999900001111",
        "resource": "0a1b2c3d-0a1b-2c3d-4e5f-0a1b2c3d4e5f",
        "policy": "kms-key-rotation",
        "requester": "AIDA:bo",
        "asked_at": "2026-11-25T07:01:00.000Z",
    },
    {**ARCHIVE, "asked_at": "2026-11-24T07:30:00Z"},
]


@pytest.fixture
def asking(opened: Open, tmp_path: Path, some: list[dict[str, Any]]) -> Page:
    """A page of those entries, and of two requests that wait beside one that has expired."""
    requests = [requested(number, **given) for number, given in enumerate(ASKING)]
    return opened(written(tmp_path / "asking", some, requests=requests)).page


def test_what_waits_for_an_approval_is_counted_and_listed_with_who_caused_it(asking: Page) -> None:
    assert cards(asking)["Waiting"] == "2"
    rows = asking.locator("#requests tbody tr")
    expect(rows).to_have_count(2)
    for text in (
        "2026-11-25 07:00",
        "archive",
        "Versioning not set → Enabled",
        "for s3-versioning",
        "Developer/ana",
        "by PutBucketVersioning",
        "Nightly sweep",
        "2026-11-26 07:00",
        requested(0, **ASKING[0]).id,
        requested(0, **ASKING[0]).plan[:12],
    ):
        expect(rows.nth(0)).to_contain_text(text)
    expect(rows.nth(1)).to_contain_text("AIDA:bo")
    posture = asking.locator("#by-account tr", has_text="999900001111").locator(".bars")
    expect(posture).to_have_attribute("aria-label", "Waits for approval 1")


def fought(*resources: str) -> list[tuple[str, guards.Halt]]:
    """The halts that the guard writes where one policy changes each resource twice and may do so once."""
    limits = {"BREAKER_APPLIES": "2", "BREAKER_MINUTES": "60"}
    with hub_at("2026-11-25T07:00:00Z"), patch.dict(os.environ, limits):
        for resource in resources:
            for execution in ("first", "second"):
                guards.acquire(resource, execution)
                guards.release(resource, execution, ["s3-versioning"])
        return list(guards.halts())


def test_what_is_halted_is_listed_with_its_policy_and_its_next_look(
    opened: Open, tmp_path: Path, some: list[dict[str, Any]]
) -> None:
    halts = fought("111122223333/eu-west-1/s3-bucket/archive", "999900001111/eu-west-1/s3-bucket/logs")
    page = opened(written(tmp_path / "halted", some, halts=halts)).page
    rows = page.locator("#halts tbody tr")
    expect(rows).to_have_count(2)
    shown = {resource.rpartition("/")[2]: halt for resource, halt in halts}
    for name, halt in shown.items():
        row = page.locator("#halts tbody tr", has_text=name)
        for time in (halt.since, halt.look_again):
            expect(row).to_contain_text(time[:16].replace("T", " "))
        expect(row).to_contain_text("s3-versioning")
        expect(row).to_contain_text("and 0 looks since")


def test_what_waits_is_narrowed_by_the_filters_and_counted_alike(asking: Page) -> None:
    def told() -> list[str]:
        asking.locator("#by-policy .more").click()
        return asking.locator("#headline, #posture table, #errors, #activity-legend").all_inner_texts()

    before = told()
    asking.locator("input[name=from]").fill("2026-09-01")
    asking.locator("#status", has_text="600 of 600").wait_for()
    asking.locator("#by-policy .more").click()
    assert told() == before
    choose(asking, "account", "999900001111")
    assert (cards(asking)["Waiting"], asking.locator("#requests tbody tr").count()) == ("1", 1)
    choose(asking, "policy", "s3-versioning")
    assert (cards(asking)["Waiting"], asking.locator("#requests tbody tr").count()) == ("0", 0)
    asking.get_by_role("button", name="Clear").click()
    search(asking, "putbucketversioning archive")
    expect(asking.locator("#requests tbody tr")).to_have_count(1)
    choose(asking, "outcome", "failed")
    expect(asking.locator("#requests .empty")).to_contain_text("Nothing waits")


def test_without_the_hub_it_says_that_it_does_not_know_what_waits(
    page: Page, some: list[dict[str, Any]]
) -> None:
    assert cards(page)["Waiting"] == expected(some)["Waiting"] != "0"
    expect(page.locator(".card", has_text="Waiting")).to_contain_text("by the entries alone")
    expect(page.locator("#requests .empty")).to_contain_text("Not known")


def test_an_empty_ledger_makes_a_page_that_says_so(opened: Open, tmp_path: Path) -> None:
    found = opened(written(tmp_path / "report", []))
    assert found.said == []
    assert cards(found.page)["Compliant"] == "\N{EN DASH}"
    expect(found.page.locator("#executions .empty")).to_contain_text("no entry of this period")
    expect(found.page.locator("#exemptions .empty")).to_contain_text("Not known")


def test_the_filters_are_in_the_address_and_restored_from_it(opened: Open, report: Path) -> None:
    found = opened(report)
    page = found.page
    choose(page, "account", "222233334444")
    search(page, "orders & co=1")
    expect(page).to_have_url(re.compile("#text=orders%20%26%20co%3D1&account=222233334444$"))
    again = found.page.context.new_page()
    again.goto((report / "index.html").as_uri() + "#account=222233334444&type=kms-key")
    again.wait_for_selector("html[data-ready]")
    choose(page, "type", "kms-key")
    page.locator("input[name=text]").fill("")
    page.locator("#status", has_text=again.locator("#status").inner_text()).wait_for()
    assert cards(again) == cards(page)
    again.locator(".sections a", has_text="Failures").click()
    assert again.evaluate("location.hash") == "#failures&account=222233334444&type=kms-key"
    again.get_by_role("button", name="Clear").click()
    expect(again).to_have_url(re.compile("#failures$"))


def test_what_a_search_finds_stands_above_the_posture(page: Page) -> None:
    def order() -> list[str]:
        found: list[str] = page.locator("main > section").evaluate_all("all => all.map((each) => each.id)")
        return found

    before = order()
    assert before.index("posture") < before.index("executions")
    search(page, "orders")
    assert order()[0] == "executions"
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("main > section").last).to_have_id("executions")
    assert order() == before


def test_on_a_phone_sections_are_closed_until_they_are_asked_for(opened: Open, report: Path) -> None:
    page = opened(report, viewport={"width": 390, "height": 844}).page
    assert page.evaluate("document.documentElement.scrollHeight") < 4000
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    expect(page.locator("#changes tbody tr").first).to_be_hidden()
    page.locator(".sections a", has_text="Changes").click()
    expect(page.locator("#changes tbody tr").first).to_be_visible()


def test_it_says_how_long_it_took_from_the_event_to_the_verified_change(opened: Open, tmp_path: Path) -> None:
    entry = endings.ended(observed=endings.BUCKET, event=endings.EVENT)
    by_hand = endings.ended(observed=endings.BUCKET, name="by-hand", started="2026-11-21T08:00:00.000Z")
    page = opened(written(tmp_path / "report", [entry, by_hand])).page
    [verify] = [visit for visit in entry["path"] if visit["state"] == "Verify"]
    verified = datetime.fromisoformat(verify["entered"]) + timedelta(seconds=verify["seconds"])
    took = (verified - datetime.fromisoformat(endings.EVENT.time)).total_seconds()
    card = page.locator(".card", has_text="Time to remediate")
    expect(card.locator(".value")).to_have_text(f"{took:.1f} s")
    expect(card).to_contain_text("for half of 1;")
