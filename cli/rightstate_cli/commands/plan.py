"""`rightstate plan`: what would change, and nothing changed."""

from typing import Any

import typer

from rightstate.models import Status
from rightstate.policy import Mode
from rightstate.resource_type import Call
from rightstate.wants import as_change
from rightstate_cli import planning
from rightstate_cli.options import (
    AccountOption,
    ExternalIdOption,
    FormatOption,
    PolicyOption,
    RegionOption,
    ResourceOption,
    RoleOption,
    SetOption,
    TypeOption,
)
from rightstate_cli.output import Format, plain, print_json, print_table, progress, results, say
from rightstate_cli.target import Target, target


def plan(
    account: AccountOption = None,
    region: RegionOption = None,
    role: RoleOption = None,
    external_id: ExternalIdOption = None,
    types: TypeOption = None,
    policies: PolicyOption = None,
    resources: ResourceOption = None,
    parameters: SetOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Show which policies the resources of an account and region break, and what would mend them.

    Only reads. Uses the standard AWS credentials, and the server that `AWS_ENDPOINT_URL` names if it is
    set. Ends with 1 if something is broken, 2 if something could not be read.
    """
    chosen = target(
        account,
        region,
        role,
        external_id,
        types or (),
        policies or (),
        resources or (),
        parameters or (),
        Mode.AUTO,
    )
    items, unlisted = make(chosen)
    if format is Format.JSON:
        print_json(
            [
                *(_plain(item) for item in items),
                *({"status": "unlisted", **each.model_dump()} for each in unlisted),
            ]
        )
    else:
        print_plan(items, unlisted)
    raise typer.Exit(exit_code(items, unlisted))


def make(chosen: Target) -> tuple[list[planning.Item], list[planning.Unlisted]]:
    """The whole plan, sorted, with a progress bar while it is made."""
    place = chosen.place
    say(f"Reading account {place.account} in {place.region} ...")
    items: list[planning.Item] = []
    unlisted: list[planning.Unlisted] = []
    with progress() as bar:
        reading = bar.add_task("Reading", total=None)
        for each in planning.plan(
            chosen, lambda done, found: bar.update(reading, completed=done, total=found)
        ):
            (items if isinstance(each, planning.Item) else unlisted).append(each)  # type: ignore[arg-type]
    items.sort(key=lambda item: (item.resource_type, item.resource))
    return items, unlisted


def exit_code(items: list[planning.Item], unlisted: list[planning.Unlisted]) -> int:
    """2 if something could not be told, 1 if something was found, else 0."""
    statuses = {item.status for item in items}
    if unlisted or "unreadable" in statuses:
        return 2
    return 1 if statuses & {"broken", "held", "busy"} else 0


def print_plan(items: list[planning.Item], unlisted: list[planning.Unlisted]) -> None:
    """The plan for people: what is broken with its calls, what is not, what could not be told."""
    broken = [item for item in items if item.status in ("broken", "held")]
    if broken:
        print_table(
            "What the resources break",
            ("Resource", "Policy", "Setting", "Before", "After", "Note"),
            [row for item in broken for row in _rows(item)],
            whole=("Policy", "Setting"),
        )
    calls = [(item, call) for item in broken if item.decision for call in item.decision.calls]
    if calls:
        print_table(
            "The calls that `rightstate remediate` would make",
            ("Resource", "Call"),
            [(_named(item), on_one_line(call)) for item, call in calls],
        )
    aside = [item for item in items if item.status in ("not-applicable", "busy", "gone", "unreadable")]
    if aside or unlisted:
        print_table(
            "Left alone",
            ("Resource", "Status", "Why"),
            [(_named(item), item.status, item.reason) for item in aside]
            + [(f"all of {each.resource_type}", "unlisted", each.reason) for each in unlisted],
        )
    counts: dict[str, int] = {}
    for item in items:
        counts[item.status] = counts.get(item.status, 0) + 1
    summary = ", ".join(f"{count} {status}" for status, count in sorted(counts.items())) or "none found"
    results.print(plain(f"{len(items)} resources: {summary}. Nothing was changed."), highlight=False)


def on_one_line(call: Call) -> str:
    """The call on one line, e.g. `s3:PutBucketVersioning(Bucket=..., ...)`."""
    given = ", ".join(f"{name}={value!r}" for name, value in call.parameters.items())
    return f"{call.service}:{call.operation}({given})"


def _named(item: planning.Item) -> str:
    return f"{item.resource_type} {item.resource}"


def _rows(item: planning.Item) -> list[tuple[str, ...]]:
    if item.decision is None:
        return []
    return [
        (
            _named(item),
            verdict.policy,
            finding.setting,
            *as_change(finding.before, finding.after),
            f"held: {verdict.reason}" if verdict.status is Status.HELD else "",
        )
        for verdict in item.decision.verdicts
        for finding in verdict.findings
    ]


def _plain(item: planning.Item) -> dict[str, Any]:
    decision = item.decision.model_dump(mode="json") if item.decision else {}
    return {
        **item.model_dump(mode="json", exclude={"decision"}),
        "policies": decision.get("verdicts", []),
        "changes": decision.get("changes", []),
        "calls": decision.get("calls", []),
    }
