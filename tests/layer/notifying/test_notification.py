"""What is told of an execution, as an event and as a message."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from rightstate import errors
from rightstate.catalogue import load_all
from rightstate.in_code import IF_MANAGED, MANAGED
from rightstate.models.decision import Outcome, Status
from rightstate.notifying import notification
from rightstate.notifying.notification import (
    NEXT_STEPS,
    Change,
    Deviation,
    Notification,
    Verdict,
    as_detail,
    as_message,
    console_link,
    next_steps,
    subject,
)
from rightstate.policy import Mode

EXECUTION = "arn:aws:states:eu-west-1:123456789012:execution:rightstate-s3-bucket:e-1"
CAUSE = {
    "id": "e-1",
    "name": "PutBucketAcl",
    "time": "2026-11-23T09:07:49Z",
    "principal": "arn:aws:iam::111122223333:user/bruno",
}
CHANGE = {"setting": "Versioning", "before": None, "after": "Enabled", "policies": ["s3-versioning"]}
LIMIT = 256 * 1024
UNTIL = "2026-11-24T09:08:00.000Z"
UNDO = {
    "undo": EXECUTION.replace("e-1", "e-0"),
    "requester": "AROAEXAMPLE:ana",
    "approver": "ana@example.com",
    "exempt_until": UNTIL,
}


def told(outcome: Outcome = Outcome.REMEDIATED, **entry: Any) -> Notification:
    """Of an execution that ended with such an entry of the ledger."""
    return notification.notification(
        {
            "resource": "111122223333/eu-west-1/s3-bucket/payments-archive",
            "arn": "arn:aws:s3:::payments-archive",
            "execution": EXECUTION,
            "outcome": outcome,
            "error": "",
            "reason": "",
            "why": "",
            "event": CAUSE,
            "verdicts": [],
            "changes": [],
            "calls": [],
            "verified": {},
            **entry,
        },
        "s3-bucket",
        datetime(2026, 11, 23, 9, 8, tzinfo=UTC),
        datetime(2026, 11, 23, 9, 8, 2, 345678, tzinfo=UTC),
    )


def failed(error: str, **entry: Any) -> Notification:
    return told(Outcome.FAILED, error=error, reason="What happened.", **entry)


def verdict(status: Status, mode: Mode, reason: str = "") -> dict[str, Any]:
    finding = {"setting": "Versioning", "before": None, "after": "Enabled"}
    return {
        "policy": "s3-versioning",
        "mode": mode,
        "status": status,
        "reason": reason,
        "findings": [finding],
    }


# --- The message ---


@pytest.mark.parametrize(
    "fact",
    [
        "s3-bucket payments-archive",
        "arn:aws:s3:::payments-archive",
        "111122223333, region eu-west-1",
        "arn:aws:iam::111122223333:user/bruno",
        "PutBucketAcl at 2026-11-23T09:07:49Z",
        "CHG-5521",
        "remediated, 2026-11-23T09:08:00.000Z to 2026-11-23T09:08:02.345Z",
        "Changed, and verified by a fresh read\n  Versioning: not set -> Enabled\n    for s3-versioning\n",
        f"https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/v2/executions/details/{EXECUTION}",
        "rightstate history e-1 --deployed",
    ],
)
def test_a_message_says_who_what_where_why_and_how_it_ended(fact: str) -> None:
    message = as_message(told(why="CHG-5521", changes=[CHANGE], verified={"Versioning": "Enabled"}))
    assert fact in message


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (told(event=None), "Caused by:  no API call; it was started by hand"),
        (told(event={**CAUSE, "principal": ""}), "Caused by:  a caller without an ARN in CloudTrail"),
        (told(changes=[CHANGE], verified={"Versioning": "Stronger"}), "a fresh read shows Stronger"),
        (failed("Denied", changes=[CHANGE]), "Planned changes; the reason above says which were made"),
        (failed("NotVerified", changes=[CHANGE], calls=["PutBucketVersioning"]), "Changed, but not verified"),
        (
            told(Outcome.REPORTED, verdicts=[verdict(Status.BROKEN, Mode.REPORT)]),
            "Not changed\n  s3-versioning, mode report\n    Versioning: not set -> Enabled\n",
        ),
        (
            told(Outcome.REPORTED, verdicts=[verdict(Status.HELD, Mode.AUTO, "It is pending.")]),
            "  s3-versioning, mode auto: It is pending.\n",
        ),
        (
            told(Outcome.REPORTED, verdicts=[verdict(Status.MANAGED, Mode.AUTO, "A stack manages it.")]),
            "Not changed\n  s3-versioning, managed: A stack manages it.\n    Versioning: not set -> ",
        ),
        (
            told(verdicts=[verdict(Status.EXEMPT, Mode.AUTO, "CHG-5521")]),
            "Not changed\n  s3-versioning, exempt: CHG-5521\n",
        ),
    ],
)
def test_a_message_says_what_is_known_and_no_more(given: Notification, expected: str) -> None:
    assert expected in as_message(given)


@pytest.mark.parametrize("status", [Status.COMPLIANT, Status.NOT_APPLICABLE])
def test_a_message_passes_over_policies_that_found_nothing(status: Status) -> None:
    assert "s3-versioning" not in as_message(told(Outcome.REPORTED, verdicts=[verdict(status, Mode.AUTO)]))


EVIL = "a\r\nOutcome:    remediated\x1b[2J\u2028\u202e\x00\ud800<!channel>"


@pytest.mark.parametrize(
    "given",
    [
        told(why=EVIL),
        told(event={**CAUSE, "principal": EVIL, "name": EVIL, "time": EVIL}),
        told(resource=f"111122223333/eu-west-1/s3-bucket/{EVIL}", arn=EVIL),
        told(Outcome.FAILED, error="CallFailed", reason=EVIL),
        told(execution=EXECUTION + EVIL.replace(":", "")),
        told(
            changes=[{**CHANGE, "before": EVIL, "after": [EVIL]}, {**CHANGE, "before": [EVIL], "after": []}]
        ),
        told(changes=[CHANGE], verified={"Versioning": EVIL}),
        told(
            Outcome.REPORTED,
            verdicts=[
                {
                    **verdict(Status.HELD, Mode.AUTO, EVIL),
                    "findings": [{"setting": "Versioning", "before": EVIL, "after": EVIL}],
                }
            ],
        ),
    ],
)
def test_foreign_text_stays_on_its_line_and_shows_what_it_hides(given: Notification) -> None:
    message = as_message(given)
    assert all(line.isprintable() for line in message.split("\n"))
    assert message.count("\nOutcome: ") == 1
    assert all(c.isprintable() and c.isascii() for c in subject(given))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (told(), "Rightstate remediated s3-bucket payments-archive in 111122223333"),
        (failed("Denied"), "Rightstate failed s3-bucket payments-archive in 111122223333"),
        (
            told(resource="1/r/s3-bucket/\u00fcber\n"),
            "Rightstate remediated s3-bucket ?ber\\n in 1",
        ),
        (
            told(resource=f"111122223333/eu-west-1/sqs-queue/{'q' * 80}"),
            f"Rightstate remediated s3-bucket {'q' * 64}...",
        ),
    ],
)
def test_the_subject_names_outcome_and_resource_in_less_than_100_characters(
    given: Notification, expected: str
) -> None:
    assert subject(given) == expected
    assert len(subject(given)) < 100


# --- What to change in code ---


@pytest.mark.parametrize(
    ("given", "said", "unsaid"),
    [
        (
            told(changes=[CHANGE]),
            [IF_MANAGED, 'Terraform aws_s3_bucket_versioning: versioning_configuration.status = "Enabled"'],
            [MANAGED],
        ),
        (
            told(Outcome.REPORTED, verdicts=[verdict(Status.BROKEN, Mode.REPORT)]),
            [IF_MANAGED, 'CloudFormation AWS::S3::Bucket: VersioningConfiguration.Status: "Enabled"'],
            [MANAGED],
        ),
        (
            told(Outcome.REPORTED, verdicts=[verdict(Status.MANAGED, Mode.AUTO, "A stack manages it.")]),
            [MANAGED, 'CloudFormation AWS::S3::Bucket: VersioningConfiguration.Status: "Enabled"'],
            [IF_MANAGED],
        ),
        (told(Outcome.UNDONE, changes=[CHANGE], **UNDO), [], [MANAGED, IF_MANAGED, "Terraform"]),
        (told(Outcome.COMPLIANT), [], [MANAGED, IF_MANAGED, "Terraform"]),
    ],
)
def test_a_message_says_what_to_change_in_infrastructure_as_code(
    given: Notification, said: list[str], unsaid: list[str]
) -> None:
    message = as_message(given)
    assert [text for text in said if text not in message] == []
    assert [text for text in unsaid if text in message] == []


# --- What to do ---

RAISED = {
    name
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, errors.RightstateError)
} - {
    # No execution fails with these: they end gone, limited or rejected.
    *("ResourceGone", "LimitReached", "AnotherPlace", "UnexpectedEvent"),
    *("RightstateError", "RemediationFailed"),
}


def test_every_error_has_a_next_step_of_its_own() -> None:
    assert set(NEXT_STEPS) == RAISED
    assert len(set(NEXT_STEPS.values())) == len(RAISED)


@pytest.mark.parametrize("error", [*sorted(RAISED), "States.Timeout", "Lambda.Unknown"])
def test_a_failure_says_how_to_fix_it_and_how_to_start_again(error: str) -> None:
    steps = list(next_steps(failed(error)))
    assert steps[0].startswith(NEXT_STEPS.get(error, "The execution's history").partition("{")[0])
    assert "{" not in steps[0]
    assert ("New execution" in steps[1]) == (error not in {"InvalidInput", "Defect"})


@pytest.mark.parametrize(
    ("given", "said", "unsaid"),
    [
        (
            told(),
            ["Nothing, if you want the changes", "rightstate undo e-1 --deployed --reason"],
            ["rightstate plan", "a person's"],
        ),
        (
            told(Outcome.UNDONE, **UNDO),
            [f"Fix what made the change unwanted before {UNTIL}"],
            ["rightstate undo"],
        ),
        (
            failed("NotVerified", **UNDO),
            ["rightstate undo e-0 --deployed --reason"],
            ["New execution", "rightstate undo e-1"],
        ),
        (
            told(Outcome.REPORTED, verdicts=[verdict(Status.BROKEN, Mode.REPORT)]),
            [
                "rightstate plan --account 111122223333 --region eu-west-1 "
                "--resource arn:aws:s3:::payments-archive --policy s3-versioning",
                "rightstate remediate --account 111122223333 ",
                "set-mode",
            ],
            ["Nothing, if", "a person's"],
        ),
        (
            told(Outcome.REPORTED, arn=None, verdicts=[verdict(Status.BROKEN, Mode.APPROVE)]),
            ["--resource payments-archive --type s3-bucket --policy s3-versioning"],
            [],
        ),
        (
            told(Outcome.REPORTED, verdicts=[verdict(Status.HELD, Mode.AUTO, "Pending.")]),
            ["a person's decision"],
            ["rightstate plan", "set-mode"],
        ),
        (
            told(Outcome.REPORTED, verdicts=[verdict(Status.MANAGED, Mode.AUTO, "A stack manages it.")]),
            ["Change the code as said above."],
            ["rightstate plan", "set-mode", "a person's"],
        ),
        (
            told(
                Outcome.REPORTED,
                arn="arn:aws:x:::$(rm -rf ~);'",
                verdicts=[verdict(Status.BROKEN, Mode.REPORT)],
            ),
            ["--resource 'arn:aws:x:::$(rm -rf ~);'\"'\"'' --policy"],
            [],
        ),
    ],
)
def test_the_next_steps_follow_from_the_outcome(
    given: Notification, said: list[str], unsaid: list[str]
) -> None:
    steps = "\n".join(next_steps(given))
    assert [text for text in said if text not in steps] == []
    assert [text for text in unsaid if text in steps] == []


@pytest.mark.parametrize(
    ("execution", "link"),
    [
        (EXECUTION, "https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#"),
        (
            "arn:aws-us-gov:states:us-gov-west-1:1:execution:m:x",
            "https://us-gov-west-1.console.amazonaws-us-gov.com/states/home?region=us-gov-west-1#",
        ),
        (
            "arn:aws-cn:states:cn-north-1:1:execution:m:x",
            "https://cn-north-1.console.amazonaws.cn/states/home?region=cn-north-1#",
        ),
    ],
)
def test_the_link_leads_to_the_console_of_the_partition(execution: str, link: str) -> None:
    assert console_link(execution) == f"{link}/v2/executions/details/{execution}"


def test_without_a_known_console_the_execution_is_named_by_its_arn() -> None:
    given = told(execution="arn:aws-iso:states:us-iso-east-1:1:execution:m:x")
    assert given.link is None
    assert "Execution:  arn:aws-iso:states:us-iso-east-1:1:execution:m:x\n" in as_message(given)


# --- The event, and how large both may be ---


def test_the_event_says_the_same() -> None:
    given = told(why="CHG-5521", changes=[CHANGE], calls=["PutBucketVersioning"])
    detail = json.loads(as_detail(given))
    assert (detail["version"], detail["outcome"], detail["error"]) == ("1", "remediated", None)
    assert detail["cause"] == {
        "principal": "arn:aws:iam::111122223333:user/bruno",
        "event_name": "PutBucketAcl",
        "event_id": "e-1",
        "time": "2026-11-23T09:07:49Z",
    }
    assert detail["changes"] == [CHANGE]
    assert (detail["arn"], detail["why"]) == ("arn:aws:s3:::payments-archive", "CHG-5521")
    assert detail["shortened"] is False
    assert Notification.model_validate(detail) == given


UNTOLD = (Outcome.FANNED_OUT, Outcome.REJECTED, Outcome.UNDO_REFUSED, Outcome.DIED, Outcome.STOPPED)


@pytest.mark.parametrize("outcome", UNTOLD)
def test_no_other_outcome_can_be_told(outcome: Outcome) -> None:
    with pytest.raises(ValueError, match="outcome"):
        told(outcome)


LONG = {"letters": "x" * 300_000, "emoji": "\U0001f600" * 100_000, "nulls": "\x00" * 50_000}


@pytest.mark.parametrize("resource_type", load_all(), ids=lambda each: each.name)
@pytest.mark.parametrize(
    "long", ["x" * 300_000, "\U0001f600" * 100_000, "\x00" * 50_000], ids=["letters", "emoji", "nulls"]
)
def test_however_long_the_values_both_can_be_sent(resource_type: Any, long: str) -> None:
    """With every setting changed, and every policy against every setting that it wants."""
    whole = told(why=long[:1024], reason=long).model_copy(
        update={
            "changes": tuple(
                Change(
                    setting=name,
                    before=long,
                    after=[long],
                    policies=tuple(policy.id for policy in resource_type.policies if name in policy.wants),
                )
                for name in resource_type.settings
            ),
            "verdicts": tuple(
                Verdict(
                    policy=policy.id,
                    mode=Mode.REPORT,
                    status=Status.BROKEN,
                    reason=long,
                    findings=tuple(Deviation(setting=name, before=long, after=long) for name in policy.wants),
                )
                for policy in resource_type.policies
            ),
            "verified": dict.fromkeys(resource_type.settings, long),
        }
    )
    detail = as_detail(whole)
    assert len(detail.encode()) < LIMIT
    assert len(as_message(whole).encode()) < LIMIT
    shortened = Notification.model_validate_json(detail)
    assert shortened.shortened
    assert [each.setting for each in shortened.changes] == list(resource_type.settings)
    assert [each.policy for each in shortened.verdicts] == [policy.id for policy in resource_type.policies]
    assert shortened.link in as_message(whole)
