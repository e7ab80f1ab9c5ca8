"""Plan files: the same for the same state, read as they were written, and refused otherwise."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rightstate import __version__
from rightstate.errors import InvalidInput
from rightstate.models.decision import Decision, Deviation, Outcome, Status, Verdict
from rightstate.models.settings import Account, Enabled
from rightstate.policy import Mode
from rightstate.resource_type import Call, Change, Place
from rightstate.wants import Exactly, as_change
from rightstate_cli.planning import plan_file, plan_markdown, survey
from rightstate_cli.planning.plan_file import Plan
from rightstate_cli.planning.target import Target

ACCOUNT, REGION = "123456789012", "eu-west-1"
TARGET = Target(
    place=Place(account=ACCOUNT, region=REGION),
    account=Account(account=ACCOUNT, policies={"s3-versioning": Enabled(mode=Mode.AUTO)}),
    types=(),
    resources=(),
)


def broken(resource: str, reason: str = "") -> survey.Item:
    change = Change(
        setting="Versioning",
        before=None,
        after="Enabled",
        want=Exactly(value="Enabled"),
        policies=("s3-versioning",),
    )
    finding = Deviation(setting="Versioning", before=None, after="Enabled")
    verdict = Verdict(
        policy="s3-versioning", mode=Mode.AUTO, status=Status.BROKEN, reason=reason, findings=(finding,)
    )
    call = Call(
        service="s3",
        operation="PutBucketVersioning",
        parameters={"Bucket": resource},
        settings=("Versioning",),
    )
    return survey.Item(
        account=ACCOUNT,
        region=REGION,
        resource_type="s3-bucket",
        resource=resource,
        arn=None if "*" in resource else f"arn:aws:s3:::{resource}",
        status="broken",
        policies=("s3-versioning",),
        state="0" * 64,
        decision=Decision(
            apply=True,
            outcome=Outcome.REMEDIATED,
            verdicts=(verdict,),
            changes=(change,),
            calls=(call,),
        ),
    )


def unreadable(resource: str, reason: str) -> survey.Item:
    return broken(resource).model_copy(update={"status": "unreadable", "reason": reason, "decision": None})


def made(*items: survey.Item, **more: Any) -> Plan:
    return plan_file.document([TARGET], items, more.get("unlisted", ()), more.get("modes", {}))


PLAN = made(broken("first"), broken("second"), unreadable("third", "It was denied."))
TEXT = plan_file.render(PLAN)
names = st.lists(st.text(min_size=1, max_size=40), max_size=5, unique=True)


@given(names)
def test_what_was_written_is_read_back(resources: list[str]) -> None:
    plan = made(*map(broken, resources))
    assert plan_file.parse(plan_file.render(plan), "plan.json") == plan


@given(names, st.randoms())
def test_the_order_in_which_resources_were_read_makes_no_difference(
    resources: list[str], random: Any
) -> None:
    items = [*map(broken, resources)]
    shuffled = [*items]
    random.shuffle(shuffled)
    assert plan_file.render(made(*items)) == plan_file.render(made(*shuffled))


@given(
    st.integers(min_value=0, max_value=len(TEXT) - 1),
    st.sampled_from(["replace", "insert", "delete"]),
    st.text(min_size=1, max_size=1),
)
def test_a_file_with_any_single_edit_is_refused(at: int, edit: str, text: str) -> None:
    rest = TEXT[at:] if edit == "insert" else TEXT[at + 1 :]
    edited = TEXT[:at] + ("" if edit == "delete" else text) + rest
    # A line ending or the space around everything is no edit of the plan.
    assume(edited.replace("\r\n", "\n").strip() != TEXT.strip())
    with pytest.raises(InvalidInput, match="Make the plan anew"):
        plan_file.parse(edited, "plan.json")


@given(st.integers(min_value=0, max_value=len(TEXT) - 2))
def test_a_file_that_is_cut_off_anywhere_is_refused(at: int) -> None:
    with pytest.raises(InvalidInput, match="Make the plan anew"):
        plan_file.parse(TEXT[:at], "plan.json")


def hashed(**edits: Any) -> str:
    """The plan with another content and the hash that fits it."""
    content = {**json.loads(TEXT), **edits}
    return json.dumps({**content, "sha256": plan_file._digest(content)}, sort_keys=True, indent=1)


FIRST = json.loads(TEXT)["items"][0]


def of_first(**edits: Any) -> str:
    """The plan with another first item, and the hash that fits it."""
    return hashed(items=[{**FIRST, **edits}, *json.loads(TEXT)["items"][1:]])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is empty"),
        (" \n", "is empty"),
        (TEXT[:200], "is cut off, or is not JSON"),
        ("broken", "is cut off, or is not JSON"),
        ("[]", "is not a plan of Rightstate"),
        ('{"items": []}', "is not a plan of Rightstate"),
        (TEXT.replace(plan_file.FORMAT, "rightstate-plan/2"), "has the format 'rightstate-plan/2'"),
        (TEXT.replace('"Enabled"', '"Suspended"'), "its hash does not fit"),
        (hashed(version="0.0.0"), f"was made by version '0.0.0'; this is {__version__}"),
        (hashed(surprise=1), "is not understood, at: surprise"),
        (hashed(counts={"resources": 3, "compliant": 3}), "its counts do not fit its resources"),
        (hashed(policies={}), "what it says about its policies is not what this version says"),
        (
            of_first(status="compliant"),
            "'123456789012/eu-west-1/s3-bucket/first' is 'compliant' with 1 changes",
        ),
        (of_first(calls=[]), "'123456789012/eu-west-1/s3-bucket/first' is 'broken' with 1 changes"),
        (of_first(arn="arn:aws:s3:::second"), "does not have the ARN 'arn:aws:s3:::second'"),
        (of_first(arn=None), "does not have the ARN 'None'"),
        (of_first(resource_type="s4-bucket"), "there is no resource type 's4-bucket'"),
        (
            of_first(verdicts=[{**FIRST["verdicts"][0], "risk": "safe"}]),
            "the risk of 's3-versioning' is another",
        ),
        (hashed(items=json.loads(TEXT)["items"] * 2), "names '123456789012/eu-west-1/s3-bucket/first' twice"),
        (
            TEXT.replace('"status": "broken"', '"status": "compliant", "status": "broken"', 1),
            "is not written as Rightstate writes it",
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_said(text: str, why: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        plan_file.parse(text, "plan.json")
    assert str(refused.value).startswith("plan.json ")
    assert why in str(refused.value)
    assert "Nothing was changed." in str(refused.value)


def test_the_line_endings_of_another_system_are_no_edit() -> None:
    assert plan_file.parse(TEXT.replace("\n", "\r\n"), "plan.json") == PLAN


def test_the_id_of_a_request_is_not_in_the_file() -> None:
    said = "GetBucketAcl was answered with AccessDenied (request {})."
    [one, two] = (made(unreadable("private", said.format(request))) for request in ("A1", "B2"))
    assert plan_file.render(one) == plan_file.render(two)
    assert one.items[0].reason == "GetBucketAcl was answered with AccessDenied."


def test_the_modes_of_an_account_are_told_and_change_nothing_of_the_plan() -> None:
    plan = made(broken("first"), modes={ACCOUNT: {"s3-versioning": Mode.REPORT}})
    assert plan.items[0].verdicts[0].mode is Mode.REPORT
    assert plan.scope[0].policies["s3-versioning"].mode is Mode.REPORT
    assert plan.items[0].changes == PLAN.items[0].changes
    assert plan.items[0].fingerprint == PLAN.items[0].fingerprint


def test_what_a_policy_may_break_is_in_the_plan_of_what_breaks_it() -> None:
    assert set(PLAN.policies) == {"s3-versioning"}
    assert "paid for" in PLAN.policies["s3-versioning"].side_effects
    assert PLAN.items[0].verdicts[0].risk == "cost"
    assert made(unreadable("third", "It was denied.")).policies == {}


def test_counts_account_for_every_resource() -> None:
    assert PLAN.counts == {"resources": 3, "broken": 2, "unreadable": 1}


def test_a_file_is_written_whole_and_a_directory_that_is_not_there_is_told_of(tmp_path: Path) -> None:
    plan_file.write(PLAN, tmp_path / "plan.json")
    assert [each.name for each in tmp_path.iterdir()] == ["plan.json"]
    assert plan_file.read(tmp_path / "plan.json") == PLAN
    with pytest.raises(InvalidInput, match="cannot be written: No such file"):
        plan_file.write(PLAN, tmp_path / "missing" / "plan.json")
    with pytest.raises(InvalidInput, match="cannot be read"):
        plan_file.read(tmp_path / "missing.json")


@pytest.mark.parametrize("name", ["kept", "kept/.", "."])
def test_a_plan_that_would_replace_a_directory_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / "kept").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidInput, match="is a directory"):
        plan_file.write(PLAN, Path(name))
    assert [*tmp_path.rglob("*")] == [tmp_path / "kept"]


def test_a_plan_that_cannot_be_put_in_its_place_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(InvalidInput, match="cannot be written: No space left on device"):
        plan_file.write(PLAN, tmp_path / "plan.json")
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("plain", "`s3-bucket plain`"),
        ("<img src=x>", "`s3-bucket <img src=x>`"),
        ("a|b", r"`s3-bucket a\|b`"),
        ("@everyone", "`s3-bucket @everyone`"),
        ("`code`", "`` s3-bucket `code` ``"),
        ("two\nlines", r"`s3-bucket two\u000alines`"),
        ("\u202eright to left", r"`s3-bucket \u202eright to left`"),
    ],
)
def test_a_foreign_name_stays_text_in_markdown(name: str, shown: str) -> None:
    page = plan_markdown.page(made(broken(name)))
    [row] = [line for line in page.splitlines() if "| `Versioning` |" in line]
    assert row.split(" | ")[2] == shown


def test_the_totals_are_the_beginning_of_the_markdown_and_the_sum_is_its_end() -> None:
    lines = plan_markdown.page(PLAN).splitlines()
    headings = [line for line in lines if line.startswith("## ")]
    assert headings[:4] == ["## By severity", "## By policy", "## By type", "## By account"]
    assert lines[2] == lines[-1]
    assert "To change: " in lines[-1]


def test_markdown_says_what_changes_what_it_may_break_and_what_is_left_alone() -> None:
    page = plan_markdown.page(PLAN)
    assert "3 resources: 2 broken, 1 unreadable." in page
    assert "2 settings of 2 resources." in page
    assert f"SHA-256 `{PLAN.sha256}`" in page
    assert f"`{as_change(None, 'Enabled')}`" in page
    assert "Old versions are kept and paid for" in page
    assert "| unreadable | `It was denied.` |" in page
