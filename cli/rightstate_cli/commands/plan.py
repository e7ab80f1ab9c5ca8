"""`rightstate plan`: what would change, and nothing changed."""

from typing import Any

import typer
from rich.console import Console

from rightstate.models import Status, Verdict
from rightstate.policy import Mode
from rightstate.resource_type import Call
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
from rightstate_cli.output import (
    Block,
    Format,
    counted,
    print_blocks,
    print_json,
    print_line,
    print_table,
    progress,
    say,
)
from rightstate_cli.reports import risk_of, rows_of, summary
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
    """Show what would change in an account and region, and change nothing.

    For each resource: the policies that it breaks, each setting before and after, and the API calls that
    `rightstate remediate` would make. A call that replaces a whole object, as that of a bucket's ACL, is
    shown without the object, which is read again just before. Only reads, with the standard AWS credentials,
    or from the server that `AWS_ENDPOINT_URL` names.

    - `rightstate plan` looks at everything.
    - `rightstate plan --type s3-bucket --region eu-west-1` looks at the buckets there.
    - `rightstate plan --resource arn:aws:sqs:eu-west-1:111122223333:invoices` looks at one queue.
    - `rightstate plan -p kms-key-rotation --set kms-key-rotation.rotation_period_days=90` sets a parameter.

    Exit codes: 0 nothing to change, 1 something is broken or could be looked at only later, 2 something
    could not be read.
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
    found = exit_code(chosen, items, unlisted)
    if any(item.decision and item.decision.calls for item in items):
        say("`rightstate remediate` with the same options makes these calls.")
    raise typer.Exit(found)


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


def exit_code(chosen: Target, items: list[planning.Item], unlisted: list[planning.Unlisted]) -> int:
    """2 if something could not be told or does not exist though it was named, 1 if something was found,
    else 0."""
    statuses = {item.status for item in items}
    if unlisted or "unreadable" in statuses or (chosen.resources and "gone" in statuses):
        return 2
    return 1 if statuses & {"broken", "held", "busy"} else 0


def print_plan(
    items: list[planning.Item], unlisted: list[planning.Unlisted], to: Console | None = None
) -> None:
    """The plan for people: what is broken with its calls, what is left alone, what could not be told."""
    found = [item for item in items if item.status in ("broken", "held")]
    print_blocks([_block(item) for item in found], to)
    aside = [item for item in items if item.status in ("not-applicable", "busy", "gone", "unreadable")]
    if aside or unlisted:
        print_table(
            "Left alone",
            ("Resource", "Status", "Why"),
            [(_named(item), item.status, item.reason) for item in aside]
            + [(f"{each.resource_type}: all", "unlisted", each.reason) for each in unlisted],
            to,
        )
    risks = [risk_of(verdict) for item in found for verdict in _verdicts(item)]
    if any(risks):
        print_line(
            f"Risk: {summary(filter(None, risks))}. `rightstate policies show ID` says what a policy may "
            "break.",
            to,
        )
    statuses = summary(item.status for item in items)
    print_line(f"{counted(len(items), 'resource')}: {statuses}. Nothing was changed.", to)


def on_one_line(call: Call) -> str:
    """The call on one line, e.g. `s3:PutBucketVersioning(Bucket=..., ...)`."""
    given = ", ".join(f"{name}={value!r}" for name, value in call.parameters.items())
    return f"{call.service}:{call.operation}({given})"


def _named(item: planning.Item) -> str:
    return f"{item.resource_type} {item.resource}"


def _block(item: planning.Item) -> Block:
    return Block(
        heading=_named(item),
        status=item.status,
        rows=[row for verdict in _verdicts(item) for row in rows_of(verdict, _note(verdict))],
        below=[f"call {on_one_line(call)}" for call in (item.decision.calls if item.decision else ())],
    )


def _verdicts(item: planning.Item) -> list[Verdict]:
    return [verdict for verdict in (item.decision.verdicts if item.decision else ()) if verdict.findings]


def _note(verdict: Verdict) -> str:
    if verdict.status is Status.HELD:
        return f"held: {verdict.reason}"
    return f"risk: {risk_of(verdict)}" if risk_of(verdict) else ""


def _plain(item: planning.Item) -> dict[str, Any]:
    decision = item.decision.model_dump(mode="json") if item.decision else {}
    return {
        **item.model_dump(mode="json", exclude={"decision"}),
        "policies": decision.get("verdicts", []),
        "changes": decision.get("changes", []),
        "calls": decision.get("calls", []),
    }
