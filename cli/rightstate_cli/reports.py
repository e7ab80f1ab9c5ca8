"""Executions, as people and scripts see them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from rightstate.models import Finding, Status, Verdict
from rightstate.policy import Mode
from rightstate.wants import as_change
from rightstate_cli.executions import Execution
from rightstate_cli.output import Format, print_json, print_table, results

_RIGHT = {"compliant", "remediated", "not-applicable", "gone", "off", "fanned-out"}


def exit_code(executions: Sequence[Execution]) -> int:
    """0 if nothing is left broken, else 1."""
    return 0 if all(each.outcome in _RIGHT for each in executions) else 1


def print_executions(executions: Sequence[Execution], format: Format) -> None:
    """What each execution found and did, by resource and policy."""
    if format is Format.JSON:
        print_json([as_json(each) for each in executions])
        return
    finding = [each for each in executions if _findings(each)]
    if finding:
        print_table(
            "Found and done",
            ("Resource", "Policy", "Setting", "Before", "After", "Outcome"),
            [row for each in finding for row in _rows(each)],
            whole=("Policy", "Setting"),
        )
    others = Counter(
        (each.account, f"{each.resource_type} {each.resource}", each.outcome, each.reason)
        for each in executions
        if not _findings(each)
    )
    if others:
        print_table(
            "Left alone",
            ("Account", "Resource", "Outcome", "Executions", "Why"),
            [
                (account, resource, outcome, str(count), reason)
                for (account, resource, outcome, reason), count in others.items()
            ],
        )
    counts = Counter(each.outcome for each in executions)
    summary = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items())) or "none"
    changed = [each.decision for each in executions if each.outcome == "remediated" and each.decision]
    results.print(
        f"{len(executions)} executions: {summary}. {sum(len(each.changes) for each in changed)} settings of "
        f"{len(changed)} resources changed and verified.",
        highlight=False,
    )


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


def _findings(execution: Execution) -> list[tuple[Verdict, Finding]]:
    return [
        (verdict, finding)
        for verdict in (execution.decision.verdicts if execution.decision else ())
        if verdict.status in (Status.BROKEN, Status.HELD)
        for finding in verdict.findings
    ]


def _rows(execution: Execution) -> Iterator[tuple[str, ...]]:
    resource = f"{execution.resource_type}\n{execution.resource}"
    if execution.account != execution.resource:
        resource += f"\nin {execution.account}"
    policy = ""
    for verdict, finding in _findings(execution):
        yield (
            resource,
            verdict.policy if verdict.policy != policy else "",
            finding.setting,
            *as_change(finding.before, finding.after),
            _outcome(execution, verdict),
        )
        resource, policy = "", verdict.policy


def _outcome(execution: Execution, verdict: Verdict) -> str:
    if execution.outcome == "failed":
        return f"failed: {execution.reason}"
    if execution.outcome == "remediated" and verdict.status is Status.BROKEN and verdict.mode is Mode.AUTO:
        return execution.outcome
    return f"reported: {verdict.reason}" if verdict.reason else "reported"


def _met(errors: Sequence[str]) -> str:
    return ", ".join(f"{count} x {error}" if count > 1 else error for error, count in Counter(errors).items())
