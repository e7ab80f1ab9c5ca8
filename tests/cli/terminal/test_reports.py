"""How executions are told to people."""

from datetime import UTC, datetime

import pytest

from rightstate.models.decision import Decision, Finding, Outcome, Status, Verdict
from rightstate.policy import Mode
from rightstate_cli.executions.executions import Execution
from rightstate_cli.terminal.executions import print_executions
from rightstate_cli.terminal.output import Format

REASON = "Somebody has said why."


def execution(outcome: str, reason: str = REASON, note: str = "") -> Execution:
    finding = Finding(setting="Encryption", before="none", after="SSE-SQS")
    verdict = Verdict(
        policy="sqs-server-side-encryption",
        mode=Mode.APPROVE,
        status=Status.BROKEN,
        reason=note,
        findings=(finding,),
    )
    return Execution(
        name="x",
        resource_type="sqs-queue",
        status="SUCCEEDED",
        outcome=outcome,
        reason=reason,
        account="111122223333",
        region="eu-west-1",
        resource="invoices",
        started_at=datetime(2026, 11, 25, tzinfo=UTC),
        seconds=1,
        decision=Decision(apply=False, outcome=Outcome.REPORTED, verdicts=(verdict,)),
    )


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        ("remediated", 0),
        ("compliant", 0),
        ("denied", 1),
        ("failed", 1),
        ("halted", 1),
        ("awaiting-approval", 1),
        ("changed-since-plan", 1),
        ("stopped", 1),
        ("of a later version", 1),
    ],
)
def test_what_was_not_put_right_says_why(capsys: pytest.CaptureFixture[str], outcome: str, told: int) -> None:
    print_executions([execution(outcome)], Format.TABLE)
    assert capsys.readouterr().out.count(REASON) == told


def test_a_reason_that_stands_beside_the_setting_is_not_told_twice(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_executions([execution("exempt", note=REASON)], Format.TABLE)
    assert capsys.readouterr().out.count(REASON) == 1


def test_what_was_stopped_has_changed_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    print_executions([execution("stopped")], Format.TABLE)
    assert "1 execution: 1 stopped.\n" in capsys.readouterr().out
