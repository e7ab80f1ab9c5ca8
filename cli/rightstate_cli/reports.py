"""Executions, as people and scripts see them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from rightstate.models import Status
from rightstate_cli.executions import Execution
from rightstate_cli.output import Format, print_json, print_table, results, shown

_RIGHT = {"compliant", "remediated", "not-applicable", "gone", "off", "fanned-out"}


def exit_code(executions: Sequence[Execution]) -> int:
    """0 if nothing is left broken, else 1."""
    return 0 if all(each.outcome in _RIGHT for each in executions) else 1


def print_executions(executions: Sequence[Execution], format: Format) -> None:
    """What each execution found and did, by resource and policy."""
    if format is Format.JSON:
        print_json([as_json(each) for each in executions])
        return
    if executions:
        print_table(
            "Executions",
            ("Account", "Resource", "Outcome", "Policy", "Before", "After", "Reason"),
            [row for each in executions for row in _rows(each)],
        )
    counts = Counter(each.outcome for each in executions)
    summary = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items())) or "none"
    changes = sum(
        len(each.decision.changes) for each in executions if each.outcome == "remediated" and each.decision
    )
    results.print(f"{len(executions)} executions: {summary}. {changes} settings changed.", highlight=False)


def print_timeline(execution: Execution) -> None:
    """The states of one execution, with their times and the errors that were met."""
    print_table(
        f"{execution.name}: {execution.resource_type} {execution.resource}, {execution.outcome}",
        ("State", "After", "Took", "Met"),
        [
            (
                step.state,
                f"{(step.entered - execution.started_at).total_seconds():.2f} s",
                f"{step.seconds:.2f} s",
                _met(step.errors),
            )
            for step in execution.steps
        ],
    )
    if execution.reason:
        results.print(execution.reason, highlight=False, markup=False)


def as_json(execution: Execution) -> dict[str, Any]:
    """The execution for scripts; `outcome` is always there."""
    plain = execution.model_dump(mode="json")
    decision = plain.pop("decision") or {}
    return {**plain, "policies": decision.get("verdicts", []), "changes": decision.get("changes", [])}


def _rows(execution: Execution) -> Iterator[tuple[str, ...]]:
    head = (execution.account, f"{execution.resource_type} {execution.resource}", execution.outcome)
    found = [
        (verdict, finding)
        for verdict in (execution.decision.verdicts if execution.decision else ())
        for finding in verdict.findings
        if verdict.status in (Status.BROKEN, Status.HELD)
    ]
    if not found:
        yield (*head, "", "", "", execution.reason)
    for number, (verdict, finding) in enumerate(found):
        first = number == 0
        yield (
            *(head if first else ("", "", "")),
            verdict.policy,
            f"{finding.setting} {shown(finding.before)}",
            shown(finding.after),
            verdict.reason or (execution.reason if first and execution.outcome != "remediated" else ""),
        )


def _met(errors: Sequence[str]) -> str:
    return ", ".join(f"{count} x {error}" if count > 1 else error for error, count in Counter(errors).items())
