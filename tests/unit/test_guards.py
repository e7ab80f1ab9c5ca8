"""What is asked of DynamoDB for a guard, where moto is laxer than DynamoDB."""

import pytest

from rightstate import guards
from rightstate.models import Asked, Intent

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
