"""Executions, as people and scripts see them."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from rightstate.catalogue import find_policy
from rightstate.models.approval import Requested
from rightstate.models.decision import Outcome, Status, Verdict
from rightstate.models.start import Event
from rightstate.policy import Mode, Risk
from rightstate.wants import Value, as_change, as_text
from rightstate_cli.executions.executions import Execution
from rightstate_cli.tables.ledger_table import Entry
from rightstate_cli.terminal.output import (
    Block,
    Format,
    Row,
    Table,
    print_blocks,
    print_line,
    print_result,
    print_table,
)
from rightstate_cli.text import counted, summary

_RIGHT = {"compliant", "remediated", "undone", "not-applicable", "gone", "off", "fanned-out", "exempt"}


def exit_code(executions: Sequence[Execution]) -> int:
    """0 if nothing is left broken, else 1."""
    return 0 if all(each.outcome in _RIGHT for each in executions) else 1


def print_executions(
    executions: Sequence[Execution],
    format: Format,
    counted_as: str = "execution",
    settled: Mapping[str, int] = MappingProxyType({}),
) -> None:
    """What each execution found and did, by resource and policy, and how many they are.

    `counted_as` is the noun. `settled` counts further ones by outcome, in the sum alone.
    """
    if format is not Format.TABLE:
        print_result(executions_table(executions), [as_json(each) for each in executions], format)
        return
    several = len({each.account for each in executions}) > 1
    print_blocks([_block(each, several) for each in executions if _rows(each)])
    others = Counter(
        (named(each, several), each.outcome, each.reason) for each in executions if not _rows(each)
    )
    if others:
        print_table(
            "Nothing changed",
            ("Resource", "Outcome", "Why"),
            [
                (resource, outcome, f"{reason} ({count} times)" if count > 1 else reason)
                for (resource, outcome, reason), count in others.items()
            ],
        )
    # Executions of one resource that run at the same time may both have written it.
    changed = {
        (each.account, each.resource_type, each.resource, change.setting)
        for each in executions
        if each.outcome in ("remediated", "undone") and each.decision
        for change in each.decision.changes
    }
    resources = counted(len({each[:-1] for each in changed}), "resource")
    done = f" {counted(len(changed), 'setting')} of {resources} changed and verified." if changed else ""
    outcomes = Counter(each.outcome for each in executions) + Counter(settled)
    print_line(f"{counted(outcomes.total(), counted_as)}: {summary(outcomes.elements())}.{done}")


def print_examples(executions: Sequence[Execution], most: int) -> None:
    """What some executions did, with at most that many settings each."""
    blocks = []
    for execution in executions:
        block = _block(execution, several=True)
        left = len(block.rows) - most
        below = [*block.below, f"... and {counted(left, 'more setting')}"] if left > 0 else block.below
        blocks.append(replace(block, rows=block.rows[:most], below=below))
    print_blocks(blocks)


def executions_table(executions: Sequence[Execution]) -> Table:
    """A row for each setting that an execution found broken. One that found none has one row."""
    columns = (
        *("Execution", "Account", "Region", "Type", "Resource", "Outcome", "Policy", "Setting", "Before"),
        *("After", "Reason"),
    )
    return Table(columns, [row for execution in executions for row in _csv_rows(execution)])


def _csv_rows(execution: Execution) -> Iterator[Sequence[Value]]:
    place = execution.account, execution.region, execution.resource_type, execution.resource
    about = (execution.name, *place, execution.outcome)
    broken = _verdicts(execution)
    if not broken:
        yield *about, "", "", "", "", execution.reason
    for verdict in broken:
        for finding in verdict.findings:
            before, after = as_text(finding.before), as_text(finding.after)
            yield *about, verdict.policy, finding.setting, before, after, verdict.reason or execution.reason


def print_timeline(execution: Execution) -> None:
    """The states of one execution, with their times and their errors."""
    print_table(
        f"Execution {execution.name}: {named(execution, with_account=True)}, {execution.outcome}",
        ("State", "Entered after", "Took", "Errors met"),
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
    if execution.operations:
        print_line(f"Calls made: {', '.join(execution.operations)}.")


def print_entry(entry: Entry) -> None:
    """What the ledger says of an execution: when, why, by whom, and which rule decided."""
    facts = {
        "Execution": entry.name,
        "Ended": f"{entry.outcome}, {entry.started} to {entry.ended or 'an unknown time'}",
        "Rule": entry.rule,
        "Reason": entry.reason,
        **_cause(entry.event, entry.requester, entry.why),
        "Approved by": entry.approval and f"{entry.approval.arn or entry.approval.by} at {entry.approval.at}",
        "Undoes": entry.undo,
        "Calls made": ", ".join(entry.calls),
    }
    print_table("", ("", ""), [(name, fact) for name, fact in facts.items() if fact])


def print_request(requested: Requested) -> None:
    """What the request says that an execution waits with: since when, why, by whom."""
    facts = {
        "Request": requested.id,
        "Waits": f"{requested.asked_at} to {requested.until}",
        **_cause(requested.event, requested.requester, requested.why),
        "Plan": requested.plan,
    }
    print_table("", ("", ""), [(name, fact) for name, fact in facts.items() if fact])


def _cause(event: Event | None, requester: str, why: str) -> dict[str, Any]:
    return {
        "Event": event and f"{event.name} at {event.time}, id {event.id}",
        "Caller": event and event.principal,
        "Source": event and event.source,
        "Requester": "" if event and requester in (event.principal, event.principal_id) else requester,
        "Why": why,
    }


def as_json(execution: Execution) -> dict[str, Any]:
    """The execution for scripts; `outcome` is always there, what only its history says if that was read."""
    unread = set() if execution.steps else {"operations", "fanned_out_to", "steps"}
    plain = execution.model_dump(mode="json", exclude=unread)
    decision = plain.pop("decision") or {}
    return {**plain, "policies": decision.get("verdicts", []), "changes": decision.get("changes", [])}


def rows_of(verdict: Verdict, note: str = "") -> list[Row]:
    """The settings that the policy wants otherwise, each with the note."""
    return [
        Row(verdict.policy, each.setting, as_change(each.before, each.after), note)
        for each in verdict.findings
    ]


def risk_of(verdict: Verdict) -> str:
    """What enabling the policy may break, empty if nothing."""
    risk = find_policy(verdict.policy)[1].risk
    return "" if risk is Risk.SAFE else risk.value


def named(execution: Execution, with_account: bool) -> str:
    """The resource, e.g. `sqs-queue invoices in 111122223333`."""
    resource = f"{execution.resource_type} {execution.resource}".rstrip()
    with_account &= execution.account != execution.resource
    return f"{resource} in {execution.account}" if with_account else resource


def _verdicts(execution: Execution) -> list[Verdict]:
    return [
        verdict for verdict in (execution.decision.verdicts if execution.decision else ()) if verdict.findings
    ]


def _rows(execution: Execution) -> list[Row]:
    if execution.outcome == Outcome.UNDONE and execution.decision:
        return [
            Row(", ".join(each.policies), each.setting, as_change(each.before, each.after), "restored")
            for each in execution.decision.changes
        ]
    if execution.outcome == Outcome.COMPLIANT:
        # What it found broken, another execution of the resource fixed before it could.
        return []
    return [row for verdict in _verdicts(execution) for row in rows_of(verdict, _left(execution, verdict))]


def _block(execution: Execution, several: bool) -> Block:
    rows = _rows(execution)
    # The settings of a fixed resource say it all.
    unsaid = execution.outcome != Outcome.REMEDIATED and execution.reason
    return Block(
        heading=named(execution, several),
        status=execution.outcome,
        rows=rows,
        below=[execution.reason] if unsaid and execution.reason not in {row.note for row in rows} else [],
    )


def _left(execution: Execution, verdict: Verdict) -> str:
    """Why an execution that changed others left this setting as it is; empty if it did not."""
    if execution.outcome != "remediated":
        return verdict.reason
    changes = execution.decision.changes if execution.decision else ()
    approved = any(verdict.policy in change.policies for change in changes)
    if verdict.status is Status.BROKEN and (approved or verdict.mode is Mode.AUTO):
        return ""
    return f"left alone: {verdict.reason or f'mode {verdict.mode.value}'}"


def _met(errors: Sequence[str]) -> str:
    return ", ".join(f"{count} x {error}" if count > 1 else error for error, count in Counter(errors).items())
