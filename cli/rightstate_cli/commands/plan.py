"""`rightstate plan`: what would change, and nothing changed."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from rightstate.errors import InvalidInput
from rightstate.models.decision import Status
from rightstate.policy import PLAINLY, Mode, Risk
from rightstate.wants import as_change
from rightstate_cli.hub import deployment as hubs
from rightstate_cli.hub.deployment import DEFAULT_STACK
from rightstate_cli.planning import config_ids, plan_file, plan_markdown, survey
from rightstate_cli.planning import findings as found_elsewhere
from rightstate_cli.planning.accounts import (
    Wanted,
    named_accounts,
    of_resources,
    registered_accounts,
    targets,
)
from rightstate_cli.planning.plan_file import Item, Plan, Verdict, on_one_line
from rightstate_cli.planning.target import Target
from rightstate_cli.terminal.executions import summary
from rightstate_cli.terminal.options import (
    AccountsOption,
    DeployedOption,
    ExternalIdOption,
    HubRegionOption,
    PolicyOption,
    RegionsOption,
    ResourceOption,
    RoleOption,
    SetOption,
    StackOption,
    TypeOption,
)
from rightstate_cli.terminal.output import (
    Block,
    Row,
    print_blocks,
    print_line,
    print_raw,
    print_table,
    progress,
    say,
)
from rightstate_cli.text import counted


class PlanFormat(StrEnum):
    """How a plan is printed."""

    TABLE = "table"
    JSON = "json"
    MARKDOWN = "markdown"


def plan(
    accounts: AccountsOption = None,
    regions: RegionsOption = None,
    role: RoleOption = None,
    external_id: ExternalIdOption = None,
    types: TypeOption = None,
    policies: PolicyOption = None,
    resources: ResourceOption = None,
    parameters: SetOption = None,
    deployed: DeployedOption = False,
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="Plan what the findings of this file are about: of Prowler (OCSF or CSV), Security Hub or "
            "AWS Config.",
            metavar="FILE",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Also write the plan to this file, for a review and `rightstate apply`.",
            metavar="FILE",
            show_default=False,
        ),
    ] = None,
    show: Annotated[
        Path | None,
        typer.Option(
            help="Print this plan file again, and look at nothing.", metavar="FILE", show_default=False
        ),
    ] = None,
    stack: StackOption = DEFAULT_STACK,
    hub_region: HubRegionOption = None,
    format: Annotated[
        PlanFormat,
        typer.Option(
            "--format", help="`table` for people, `json` as in the file, `markdown` for a pull request."
        ),
    ] = PlanFormat.TABLE,
) -> None:
    """Show what would change in accounts and regions, and change nothing.

    For each resource: the policies that it breaks, each setting before and after, and the API calls that
    `rightstate remediate` or `rightstate apply` would make. A call that replaces a whole object, as that of a
    bucket's ACL, is shown without the object, which is read again just before. Only reads, with the standard
    AWS credentials, or from the server that `AWS_ENDPOINT_URL` names. With several accounts --role is a name
    that the role has in each.

    With --deployed the accounts, regions, enabled policies and parameters are those of the hub's settings.
    The members' remediation roles trust the hub's functions only: to read other accounts than the hub's,
    name with --role one that trusts you.

    - `rightstate plan` looks at everything in your account and region.
    - `rightstate plan --type s3-bucket --region eu-west-1 --region us-east-1` looks at the buckets there.
    - `rightstate plan --resource arn:aws:sqs:eu-west-1:111122223333:invoices` looks at one queue.
    - `rightstate plan -p kms-key-rotation --set kms-key-rotation.rotation_period_days=90` sets a parameter.
    - `rightstate plan --deployed --role audit -o plan.json` plans all that the hub looks after, for an apply.
    - `rightstate plan --from prowler.ocsf.json` plans what these findings are about.

    Exit codes: 0 nothing to change, or all of it exempt, 1 something is broken, could be looked at only
    later, or is a finding that was not planned, 2 something could not be read, or is nowhere.
    """
    wanted = Wanted(
        accounts=accounts or (),
        regions=regions or (),
        role=role,
        external_id=external_id,
        types=types or (),
        policies=policies or (),
        resources=resources or (),
        parameters=parameters or (),
    )
    if show:
        if wanted != Wanted() or deployed or source or output:
            raise InvalidInput(
                "--show prints a plan file as it is, and looks at nothing. Give it --format alone, or leave "
                "it out to make another plan. Nothing was written."
            )
        made = plan_file.read(show)
    else:
        if output:
            plan_file.check(output)
        made = _made(wanted, source, hubs.find(stack, hub_region) if deployed else None)
    if output:
        plan_file.write(made, output)
        say(f"{output}: {counted(len(made.to_change), 'resource')} to change, SHA-256 {made.sha256}.")
    if format is PlanFormat.JSON:
        # To the byte, so that what was redirected into a file is one that can be applied.
        print_raw(plan_file.render(made))
    elif format is PlanFormat.MARKDOWN:
        print_raw(plan_markdown.page(made))
    else:
        print_plan(made)
    if made.to_change and not show:
        say(next_step(made, output, deployed))
    raise typer.Exit(exit_code(made))


def _made(wanted: Wanted, source: Path | None, hub: hubs.Hub | None) -> Plan:
    given = found_elsewhere.read(source) if source else None
    if given and given.warning:
        say(given.warning)
    if given and wanted.resources:
        raise InvalidInput("--from and --resource both say which resources to look at; give one of them.")
    accounts = registered_accounts(wanted, hub) if hub else named_accounts(wanted)
    if given is None:
        return make(targets(accounts, wanted.resources), accounts.modes)
    matched = found_elsewhere.match(config_ids.named(given, accounts), accounts)
    return make(of_resources(accounts, matched.wanted), accounts.modes, matched.findings)


def make(
    chosen: Sequence[Target],
    modes: Mapping[str, Mapping[str, Mode]] | None = None,
    findings: plan_file.Findings | None = None,
) -> Plan:
    """The whole plan, with a progress bar while it is made."""
    return plan_file.document(chosen, *read(chosen), modes or {}, findings)


Read = tuple[list[survey.Item], list[survey.Unlisted]]
"""What a plan is made of."""


def read(chosen: Sequence[Target]) -> Read:
    """What there is, with a progress bar while it is looked at."""
    say(f"Reading {_places([(each.place.account, each.place.region) for each in chosen])} ...")
    items: list[survey.Item] = []
    unlisted: list[survey.Unlisted] = []
    with progress() as bar:
        reading = bar.add_task("Reading", total=None)
        for each in survey.plan(chosen, lambda done, found: bar.update(reading, completed=done, total=found)):
            (items if isinstance(each, survey.Item) else unlisted).append(each)  # type: ignore[arg-type]
    return items, unlisted


def exit_code(plan: Plan) -> int:
    """2 if something could not be told or does not exist though it was named, 1 if something was found,
    else 0."""
    statuses = {item.status for item in plan.items}
    named = any(scope.resources for scope in plan.scope)
    if plan.unlisted or "unreadable" in statuses or (named and not plan.findings and "gone" in statuses):
        return 2
    left = plan.findings.left if plan.findings else ()
    return 1 if left or statuses & {"broken", "held", "busy", "halted", "managed"} else 0


def next_step(plan: Plan, output: Path | None, deployed: bool) -> str:
    """What makes the plan's calls, as far as the plan can tell."""
    apply = f"{'' if output else 'With -o FILE, '}`rightstate apply {output or 'FILE'}`"
    if deployed:
        return _has_the_hub(plan, apply)
    if output or plan.findings:
        return f"{apply} has a hub make these calls where it has the policies in mode auto, as planned here."
    places = ", for one --account and --region at a time," if len(plan.scope) > 1 else ""
    return f"`rightstate remediate` with the same options{places} makes these calls."


def _has_the_hub(plan: Plan, apply: str) -> str:
    broken = [[each for each in item.verdicts if each.status is Status.BROKEN] for item in plan.to_change]
    done = sum(all(each.mode is Mode.AUTO for each in verdicts) for verdicts in broken)
    if done == len(broken):
        return f"{apply} has the hub make these calls."
    lower = {each.mode for verdicts in broken for each in verdicts if each.mode is not Mode.AUTO}
    modes = f"of which policies are in mode {' or '.join(sorted(lower))} there"
    if done:
        return (
            f"{apply} has the hub make those of {counted(done, 'resource')}, and refuses the others, {modes}."
        )
    return f"`rightstate apply` refuses this plan, {modes}. `rightstate policies set-mode auto` changes that."


def print_plan(plan: Plan, to: Console | None = None) -> None:
    """The plan for people: what is broken with its calls, what is left alone, what could not be told."""
    several = len({(item.account, item.region) for item in plan.items}) > 1
    found = [item for item in plan.items if item.status in ("broken", "held", *plan_file.EXCUSED)]
    print_blocks([_block(item, several) for item in found], to)
    aside = [item for item in plan.items if item.status in ("not-applicable", "busy", "gone", "unreadable")]
    if aside or plan.unlisted:
        print_table(
            "Left alone",
            ("Resource", "Status", "Why"),
            [(named(item, several), item.status, item.reason) for item in aside]
            + [
                (
                    f"{each.resource_type}: all in {each.account}, {each.region}"
                    if len(plan.scope) > 1
                    else f"{each.resource_type}: all",
                    "unlisted",
                    each.reason,
                )
                for each in plan.unlisted
            ],
            to,
        )
    if plan.findings:
        _print_findings(plan.findings, to)
    risks = [each.risk.value for item in found for each in _to_change(item) if each.risk is not Risk.SAFE]
    if risks:
        print_line(
            f"Risk: {summary(risks)}. `rightstate policies show ID` says what a policy may break.",
            to,
        )
    for policy in sorted({each.policy for item in found for each in _to_change(item)}):
        reversible = plan.policies[policy].reversible
        if not reversible.startswith(PLAINLY):
            print_line(f"Undo of {policy}: {reversible}", to)
    statuses = summary(item.status for item in plan.items)
    print_line(f"{counted(len(plan.items), 'resource')}: {statuses}. Nothing was changed.", to)


def _print_findings(findings: plan_file.Findings, to: Console | None) -> None:
    if findings.left:
        print_table(
            "Findings that are not planned",
            ("Check", "Resource", "Why"),
            [(each.check, each.resource, each.reason) for each in findings.left],
            to,
        )
    print_line(
        f"{counted(findings.total, 'finding')} of {findings.source}: {findings.planned} planned, "
        f"{findings.settled} passed or settled, {len(findings.left)} left.",
        to,
    )


def named(item: Item, several: bool) -> str:
    """The resource, with its place where a plan has several."""
    resource = f"{item.resource_type} {item.resource}"
    return f"{resource} in {item.account}, {item.region}" if several else resource


def _places(places: Sequence[tuple[str, str]]) -> str:
    accounts, regions = {account for account, _ in places}, {region for _, region in places}
    if len(accounts) == 1 and len(regions) == 1:
        return f"account {places[0][0]} in {places[0][1]}"
    return f"{counted(len(accounts), 'account')} in {counted(len(regions), 'region')}"


def _block(item: Item, several: bool) -> Block:
    return Block(
        heading=named(item, several),
        status=item.status,
        rows=[
            Row(each.policy, finding.setting, as_change(finding.before, finding.after), _note(each))
            for each in _broken(item)
            for finding in each.findings
        ],
        below=[f"call {on_one_line(call)}" for call in item.calls],
    )


def _broken(item: Item) -> list[Verdict]:
    return [each for each in item.verdicts if each.findings]


def _to_change(item: Item) -> list[Verdict]:
    return [each for each in _broken(item) if not each.excused]


def _note(verdict: Verdict) -> str:
    if verdict.excused:
        return f"{verdict.status}, {verdict.rule}: {verdict.reason}"
    if verdict.status is Status.HELD:
        return f"held: {verdict.reason}"
    notes: list[Any] = []
    if verdict.risk is not Risk.SAFE:
        notes.append(f"risk: {verdict.risk.value}")
    if verdict.mode is not Mode.AUTO:
        notes.append(f"the account's mode is {verdict.mode.value}")
    return "; ".join(notes)
