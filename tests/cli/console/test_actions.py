"""What the pages change is what the commands change: modes, exemptions, undo, accounts."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from rightstate.models.settings import Account, Handling
from rightstate.policy import Mode
from rightstate_cli.operations import remediate
from tests.cli.console.conftest import OWN, REGION
from tests.support import console
from tests.support.console import Browsing, text
from tests.support.server import Server

SQS, KMS, NEEDS = "sqs-server-side-encryption", "kms-key-rotation", "s3-access-logging"
IN_A_MONTH = f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%d}"


@pytest.fixture
def blank(server: Server, tmp_path: Path) -> Iterator[Browsing]:
    """The console of an empty ledger."""
    with console.opened(tmp_path / "ledger.sqlite") as found:
        yield found


def account_of(browsing: Browsing, account: str = OWN) -> Account:
    return browsing.console.workspace.registry.get(account)


def sent_again(page: str) -> dict[str, list[str]]:
    """The hidden boxes of a page's form."""
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page):
        found.setdefault(name, []).append(value)
    return found


def enable(browsing: Browsing, policies: Sequence[str], mode: str, **more: str) -> str:
    """The page of the consequences."""
    answer = browsing.post(
        "/policies/consequences", {"policy": policies, "account": OWN, "mode": mode, **more}
    )
    assert answer.status_code == 200, text(answer.text)
    page: str = answer.text
    return page


# --- Modes ---


def test_consequences_are_shown_and_nothing_is_written_before_somebody_agrees(blank: Browsing) -> None:
    shown = text(enable(blank, [SQS, KMS], "auto"))
    assert "Nothing was changed yet" in shown
    assert "off -> auto" in shown
    assert "Risk safe:" in shown or "Risk" in shown
    assert "auto: rightstate remediate fixes deviations" in shown
    assert f"rightstate policies enable {KMS} {SQS} --account {OWN} --mode auto" in shown
    assert not account_of(blank).policies


def test_a_change_is_written_as_the_command_writes_it(blank: Browsing) -> None:
    form = sent_again(enable(blank, [KMS], "report"))
    done = blank.post("/policies/change", form)
    assert done.url.path == "/policies"
    assert "The settings of 1 account were written" in text(done.text)
    assert account_of(blank).policies[KMS].mode is Mode.REPORT
    off = sent_again(enable(blank, [KMS], "off"))
    blank.post("/policies/change", off)
    assert KMS not in {n for n, each in account_of(blank).policies.items() if each.mode is not Mode.OFF}


def test_a_policy_that_may_break_something_needs_a_yes(blank: Browsing) -> None:
    page = enable(blank, ["s3-block-public-access"], "auto")
    assert "Let 1 policy of risk" in text(page)
    refused = blank.post("/policies/change", sent_again(page))
    assert "Nothing was changed. Confirm first" in text(refused.text)
    assert not account_of(blank).policies
    blank.post("/policies/change", {**sent_again(page), "agreed": "yes"})
    assert account_of(blank).policies["s3-block-public-access"].mode is Mode.AUTO


def test_settings_that_somebody_has_changed_meanwhile_are_not_overwritten(blank: Browsing) -> None:
    form = sent_again(enable(blank, [KMS], "report"))
    blank.post("/policies/change", sent_again(enable(blank, [SQS], "report")))
    late = blank.post("/policies/change", form)
    assert "Somebody has changed the settings since" in text(late.text)
    assert set(account_of(blank).policies) == {SQS}


def test_a_value_that_nobody_can_guess_is_asked_for(blank: Browsing) -> None:
    [needs] = [each for each in _needing(blank) if each == NEEDS] or [_needing(blank)[0]]
    page = enable(blank, [needs], "report")
    assert "Values that nobody can guess" in text(page)
    [box] = re.findall(rf'name="(set\.{needs}\.[^"]*)" placeholder="([^"]*)"', page)
    form = sent_again(page)
    shown = enable(blank, [needs], "report", **{box[0]: box[1]})
    assert f"{needs}.{box[0].rpartition('.')[2]}=" in text(shown)
    blank.post("/policies/change", sent_again(shown))
    assert account_of(blank).policies[needs].parameters
    assert form["policy"] == [needs]


def test_a_box_that_cannot_be_ticked_says_why(blank: Browsing) -> None:
    page = blank.get("/policies")
    needs = _needing(blank)[0]
    assert re.search(rf'value="{needs}"[^>]* disabled aria-describedby="why-{needs}"', page)
    why = page.partition(f'id="why-{needs}">')[2].partition("</span>")[0]
    assert "It needs" in text(why)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({}, "No policy is chosen"),
        ({"policy": SQS}, "No account is chosen"),
        ({"policy": SQS, "account": OWN}, "No mode is chosen"),
        ({"policy": SQS, "account": OWN, "mode": "approve"}, "Mode approve needs a hub"),
        ({"policy": "nothing", "account": OWN, "mode": "auto"}, "nothing"),
        ({"policy": SQS, "account": "12", "mode": "auto"}, "12 digits"),
        ({"policy": SQS, "account": OWN, "mode": "auto", f"set.{KMS}.x": "1"}, "x"),
    ],
)
def test_a_form_that_cannot_be_right_changes_nothing(
    blank: Browsing, form: Mapping[str, str], said: str
) -> None:
    answer = blank.post("/policies/consequences", form)
    assert answer.status_code == 400
    assert said in text(answer.text)


def _needing(browsing: Browsing) -> list[str]:
    return re.findall(r'id="why-([^"]*)">', browsing.get("/policies"))


# --- Exemptions ---


def test_a_resource_is_exempt_as_the_form_says_until_it_is_removed(blank: Browsing) -> None:
    form = {
        "account": OWN, "resource": f"{REGION}/sqs-queue/orders", "policies": SQS, "until": IN_A_MONTH,
        "reason": "CHG-5521", "approver": "ana@example.com",
    }  # fmt: skip
    shown = text(blank.post("/exemptions/add", form).text)
    [exemption] = account_of(blank).exemptions
    assert f"Exemption {exemption.id} is written" in shown
    assert (exemption.resource, exemption.policies) == (f"{REGION}/sqs-queue/orders", (SQS,))
    assert exemption.until == f"{IN_A_MONTH}T23:59:59Z"
    asked = text(blank.get(f"/exemptions/{exemption.id}/remove"))
    assert "The next execution fixes deviations there" in asked
    assert f"Exemption {exemption.id} was removed" in text(
        blank.post(f"/exemptions/{exemption.id}/remove").text
    )
    assert not account_of(blank).exemptions


def test_a_whole_account_is_exempt_only_when_somebody_agrees(blank: Browsing) -> None:
    form = {"account": OWN, "until": IN_A_MONTH, "reason": "Move", "approver": "ana@example.com"}
    asked = blank.post("/exemptions/add", form)
    assert f"This exempts the whole account {OWN} from all policies" in text(asked.text)
    assert not account_of(blank).exemptions
    blank.post("/exemptions/add", {**form, "agreed": "yes"})
    assert len(account_of(blank).exemptions) == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"until": "2999-01-01"}, "lasts at most"),
        ({"until": "2020-01-01"}, "is over"),
        ({"until": "soon"}, "takes a day"),
        ({"reason": ""}, "takes a text"),
        ({"resource": "nothing"}, "neither an ARN"),
        ({"tag": "a=b"}, "tag"),
    ],
)
def test_an_exemption_that_cannot_be_is_not_written(
    blank: Browsing, change: Mapping[str, str], said: str
) -> None:
    form = {"account": OWN, "until": IN_A_MONTH, "reason": "x", "approver": "y", "agreed": "yes", **change}
    answer = blank.post("/exemptions/add", form)
    assert (answer.status_code, said in text(answer.text)) == (400, True), text(answer.text)
    assert not account_of(blank).exemptions


# --- Undo ---


def test_an_undo_shows_what_it_restores_runs_and_exempts(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    server.make("sqs-queue", "undone")
    prepared = remediate.prepare(None, None, None, None, ["sqs-queue"], [], [], [], Mode.AUTO, path)
    run = prepared.run(None, 1, Event(), lambda done, total, now: None, lambda said: None)
    [execution] = [each for each in run.executions if each.resource == "undone"]
    with console.opened(path) as browsing:
        page = browsing.get(f"/executions/{execution.name}")
        [address] = re.findall(r'href="(/undo/[^"]*)"', page)
        shown = text(browsing.get(address))
        assert "Encryption SSE-SQS → none" in shown
        assert f"The resource breaks {SQS} again" in shown
        assert "--reason" in shown
        without = browsing.post(address, {"exempt_for": "24h"})
        assert without.status_code == 400
        unlimited = browsing.post(address, {"reason": "CHG-1"})
        assert "Choose how long to exempt the resource. Nothing was changed." in text(unlimited.text)
        done = text(
            browsing.worked(
                browsing.post(address, {"reason": "CHG-1", "exempt_for": "2h", "approver": "ana"})
            )
        )
        assert "undone" in done
        assert "Verified by a fresh read" in done
        assert "--exempt-for 2h --approver ana" in done
        [exemption] = account_of(browsing).exemptions
        assert (exemption.reason, exemption.approver) == ("CHG-1", "ana")
        again = browsing.worked(browsing.post(address, {"reason": "CHG-2", "exempt_for": "2h"}))
        assert "undo-refused" in text(again) or "removed again" in text(again)


def test_an_undo_that_is_stopped_while_it_waits_for_its_turn_changes_nothing(
    server: Server, tmp_path: Path
) -> None:
    path = tmp_path / "ledger.sqlite"
    server.make("sqs-queue", "kept")
    prepared = remediate.prepare(None, None, None, None, ["sqs-queue"], [], [], [], Mode.AUTO, path)
    run = prepared.run(None, 1, Event(), lambda done, total, now: None, lambda said: None)
    [execution] = [each for each in run.executions if each.resource == "kept"]
    server.calls.clear()
    with console.opened(path) as browsing:
        [address] = re.findall(r'href="(/undo/[^"]*)"', browsing.get(f"/executions/{execution.name}"))
        with browsing.console.acting:
            begun = browsing.post(address, {"reason": "CHG-1", "exempt_for": "2h"})
            assert "Another run is under way on this machine" in said_by(browsing, begun)
            browsing.post(f"{begun.url.path}/stop")
        shown = text(browsing.worked(begun))
        assert "You stopped it before it began. Nothing was changed." in shown
        assert not account_of(browsing).exemptions
        assert not server.writes
        assert not browsing.console.acting.locked()


def said_by(browsing: Browsing, begun: Any) -> str:
    """The page of the work, once it says something."""
    work = browsing.console.works.find(begun.url.path.rpartition("/")[2])
    for _ in range(500):
        if work and work.running and not work.said:
            work.stop.wait(0.01)
    return text(browsing.get(begun.url.path))


# --- Halts ---


@pytest.mark.parametrize("named", ["", "payments", "arn:aws:s3:::media", f"{OWN}/{REGION}/sqs-queue/orders"])
def test_what_is_not_halted_is_not_released(blank: Browsing, named: str) -> None:
    assert "Nothing is halted" in text(blank.get("/halts"))
    answer = blank.post("/halts/release", {"resource": named})
    assert (answer.status_code, "Nothing was released" in text(answer.text)) == (400, True)


# --- Accounts ---


def test_an_account_is_added_tried_and_removed_on_this_machine(blank: Browsing) -> None:
    done = text(blank.worked(blank.post("/accounts/add", {"account": OWN, "name": "Platform"})))
    assert "It works." in done
    assert f"rightstate accounts add {OWN} --name Platform" in done
    assert account_of(blank).name == "Platform"
    assert "Platform" in text(blank.get("/accounts"))
    steps = text(blank.get(f"/accounts/{OWN}/steps"))
    assert "Its role works done You act there as" in steps
    assert "Policies are enabled not needed or not known None is. Without settings a run on this" in steps
    assert "Policies have looked at it next Nothing is known of its resources yet." in steps
    assert f"rightstate plan --account {OWN} --ledger {blank.console.named.ledger} Copy" in steps
    assert "This deletes the settings of account" in text(blank.get(f"/accounts/{OWN}/remove"))
    blank.post(f"/accounts/{OWN}/remove")
    assert account_of(blank).name == ""


def test_handling_is_saved_as_the_command_saves_it(blank: Browsing) -> None:
    form = {
        "managed": "delay",
        "delay_minutes": "45",
        "managed_tags": "terraform\r\nteam=core",
        "tag_exemptions": "yes",
    }
    shown = text(blank.post(f"/accounts/{OWN}", form).text)
    assert "The settings were written" in shown
    found = account_of(blank)
    assert (found.managed.handling, found.managed.delay_minutes) == (Handling.DELAY, 45)
    assert (found.managed.tags, found.tag_exemptions) == (("terraform", "team=core"), True)
    assert "There was nothing to change" in text(blank.post(f"/accounts/{OWN}", form).text)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"account": "12"}, "is not an account"),
        ({"account": OWN, "regions": "mars"}, "is not a region"),
        ({"account": OWN, "name": "x" * 200}, "cannot be an account's name"),
        (
            {"account": OWN, "regions": "eu-west-1", "all_regions": "yes"},
            "Give either “Region” or “In every region”",
        ),
    ],
)
def test_an_account_that_cannot_be_right_is_not_added_and_its_form_says_why(
    blank: Browsing, form: Mapping[str, str], said: str
) -> None:
    answer = blank.post("/accounts/add", form)
    assert (answer.status_code, said in text(answer.text)) == (400, True), text(answer.text)
    # The box of all regions is of a hub alone.
    assert all(f'value="{form[name]}"' in answer.text for name in form if name != "all_regions")
    assert not list(blank.console.workspace.registry.all())


def test_pages_without_a_hub_say_so(blank: Browsing) -> None:
    assert "Nothing waits on this machine" in text(blank.get("/approvals"))
    assert "The checks look at a deployed hub" in text(blank.get("/checks"))
    assert blank.client.get("/approvals/ap-1").status_code == 400
