"""What is asked of DynamoDB for a guard, where moto is laxer than DynamoDB."""

import pytest

from rightstate.guarding import guards
from rightstate.models.approval import Asked
from rightstate.models.decision import Intent

RESOURCE = "111122223333/us-east-1/sqs-queue/orders"
ME = "arn:aws:states:us-east-1:123456789012:execution:m:me"
ASKED = Asked(id="ap-0123456789", plan="0" * 64, execution=ME, until="2026-11-26T00:00:00.000Z")
INTENT = Intent(execution=ME, changes=(), calls=())
READ = "2026-11-26T12:00:10.000Z"


@pytest.mark.parametrize(
    ("released_at", "changed"),
    [
        ("", False),
        ("2026-11-26T12:00:04.999Z", False),
        # Written before the read by another host's clock, which may be behind.
        ("2026-11-26T12:00:05.001Z", True),
        ("2026-11-26T12:00:10.001Z", True),
    ],
)
def test_what_was_changed_shortly_before_a_read_may_not_be_in_it(released_at: str, changed: bool) -> None:
    guard = guards.Guard(released_at=released_at, released_by="another")
    assert guard.changed_since(READ, ME) is changed


@pytest.mark.parametrize(
    ("noted", "released_by", "released_at", "known"),
    [
        ({}, "", "", True),
        ({"execution": "another"}, "", "", False),
        # Decided on a read from before another's change: what it was to change may not be so any more.
        ({}, "another", "2026-11-26T12:00:11.000Z", False),
        ({}, "another", "2026-11-26T12:00:00.000Z", True),
        ({}, ME, "2026-11-26T12:00:11.000Z", True),
        # Noted once the resource had been read again.
        ({"read_at": ""}, "another", "2026-11-26T12:00:11.000Z", True),
    ],
    ids=["noted", "another's", "overtaken", "not overtaken", "given back", "decided again"],
)
def test_what_an_execution_may_have_written_is_not_what_it_had_noted_before_anothers_change(
    noted: dict[str, str], released_by: str, released_at: str, known: bool
) -> None:
    intent = INTENT.model_copy(update={"read_at": READ, **noted})
    guard = guards.Guard(intent=intent, owner=ME, released_by=released_by, released_at=released_at)
    assert guard.intent_of(ME) == (intent if known else None)
