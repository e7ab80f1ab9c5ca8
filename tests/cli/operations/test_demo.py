"""How the demo ends."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from rightstate_cli.executions.executions import Execution
from rightstate_cli.operations.demo import Demo
from rightstate_cli.terminal.executions import exit_code


def ended(outcome: str) -> Execution:
    return Execution(
        name="a",
        resource_type="s3-account",
        status="FAILED" if outcome == "failed" else "SUCCEEDED",
        outcome=outcome,
        reason="",
        account="111122223333",
        region="us-east-1",
        resource="111122223333",
        started_at=datetime.now(UTC),
        seconds=0.1,
    )


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        (("remediated", "compliant", "fanned-out"), 0),
        (("remediated", "reported"), 0),
        (("remediated", "failed"), 1),
        (("halted",), 1),
    ],
)
def test_the_demo_worked_if_everything_was_fixed_but_what_its_accounts_only_report(
    outcomes: tuple[str, ...], expected: int
) -> None:
    demo = Demo(events=1, executions=[ended(each) for each in outcomes], ledger=Path("demo.sqlite"))
    assert exit_code(demo.judged) == expected
