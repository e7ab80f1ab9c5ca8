"""Plans on a terminal: the totals first, details where they are few or asked for, the sum last."""

from collections import Counter
from collections.abc import Iterator, Sequence

from rich.console import Console

from rightstate.catalogue import find_policy, load
from rightstate.in_code import MANAGED, lines_of
from rightstate.models.decision import Status
from rightstate.policy import Mode, Reversibility, Risk
from rightstate.wants import as_change, as_text
from rightstate_cli.planning import plan_file
from rightstate_cli.planning.plan_file import Item, Plan, Verdict, on_one_line
from rightstate_cli.planning.totals import Part, PolicyTotal, totals
from rightstate_cli.terminal.output import Block, Row, Table, print_blocks, print_line, print_table
from rightstate_cli.text import counted, summary

_FEW = 5
"""Resources that are shown in detail without --details."""
_LISTED = 15
"""Policies that are listed without --details."""
_CHANGEABLE = ("broken", "held", *plan_file.EXCUSED)
_ASIDE = ("not-applicable", "busy", "gone", "unreadable")
_UNTOLD = ("gone", "unreadable")


def print_plan(plan: Plan, details: bool = False, to: Console | None = None) -> None:
    """What would change, in numbers and, for a few resources or with `details`, one by one."""
    found = [item for item in plan.items if item.status in _CHANGEABLE]
    in_detail = details or len(found) <= _FEW
    if len(found) > _FEW:
        print_line(_sum(plan), to, "bold")
        _print_totals(plan, details, to)
    if in_detail:
        several = len({(item.account, item.region) for item in plan.items}) > 1
        print_blocks([_block(item, several) for item in found], to)
    _print_left_alone(plan, in_detail, to)
    if plan.findings:
        _print_findings(plan.findings, to)
    if in_detail:
        _print_warnings(found, plan, to)
    print_line(_sum(plan), to)


def exit_code(plan: Plan) -> int:
    """2 if something could not be read or does not exist although it was named, 1 if something was found,
    else 0."""
    statuses = {item.status for item in plan.items}
    named = any(scope.resources for scope in plan.scope)
    if plan.unlisted or "unreadable" in statuses or (named and not plan.findings and "gone" in statuses):
        return 2
    left = plan.findings.left if plan.findings else ()
    return 1 if left or statuses & {"broken", "held", "busy", "halted", "managed"} else 0


def next_step(plan: Plan, output: str, deployed: bool) -> str:
    """The command that makes the plan's calls. `output` is the plan's file, empty where it has none."""
    apply = f"`rightstate apply {output}`" if output else "With -o FILE, `rightstate apply FILE`"
    if deployed:
        return _next_with_hub(plan, apply)
    if output or plan.findings:
        return f"{apply} makes these calls through a hub, if the policies are in mode auto there."
    places = ", for one --account and --region at a time," if len(plan.scope) > 1 else ""
    return f"Next: `rightstate remediate` with the same options{places} makes these calls."


def plan_table(plan: Plan) -> Table:
    """A row for each policy that a resource breaks, and for each setting of it. A resource that breaks none
    has one row."""
    columns = (
        *("Account", "Region", "Type", "Resource", "Status", "Policy", "Severity", "Risk", "Setting"),
        *("Before", "After", "Reason"),
    )
    return Table(columns, [row for item in plan.items for row in _rows(item)] + _unlisted_rows(plan))


def title(item: Item, with_place: bool) -> str:
    """The resource, with its account and region where these differ in a plan."""
    resource = f"{item.resource_type} {item.resource}"
    return f"{resource} in {item.account}, {item.region}" if with_place else resource


def _sum(plan: Plan) -> str:
    statuses = summary(item.status for item in plan.items)
    return f"{counted(len(plan.items), 'resource')}: {statuses}. Nothing was changed."


def _print_totals(plan: Plan, details: bool, to: Console | None) -> None:
    found = totals(plan)
    severities = ", ".join(f"{count} {severity}" for severity, count in found.severities)
    changes = f"{counted(found.settings, 'setting')} of {counted(len(plan.to_change), 'resource')}"
    print_line(f"To change: {changes}. By severity: {severities or 'none'}.", to)
    shown = found.policies if details else found.policies[:_LISTED]
    # No cell is broken within its word, so the column that is seldom needed stands only where it is.
    left = ("Left",) if any(each.left for each in shown) else ()
    rows = [_policy_row(each)[: 4 + len(left)] for each in shown]
    columns = ("Policy", "Severity", "To change", "Risk", *left)
    print_table("", columns, rows, to, whole=("Severity", "Risk"))
    if len(shown) < len(found.policies):
        print_line(f"  ... and {counted(len(found.policies) - len(shown), 'more policy')}.", to)
    _print_parts(("Type",), found.types, to)
    if len(found.places) > 1:
        _print_parts(("Account", "Region"), found.places, to)
    if not details:
        print_line("`--details` shows every resource with its settings and calls.", to)


def _policy_row(each: PolicyTotal) -> Sequence[str]:
    risk = "" if each.risk is Risk.SAFE else each.risk.value
    return each.policy, each.severity.value, str(each.to_change), risk, str(each.left or "")


def _print_parts(names: Sequence[str], parts: Sequence[Part], to: Console | None) -> None:
    rows = [
        (*each.name, str(each.to_change or ""), str(each.unknown or ""), str(each.looked_at))
        for each in parts
        if each.to_change or each.unknown
    ]
    if rows:
        print_table("", (*names, "To change", "Not known", "Read"), rows, to)


def _print_left_alone(plan: Plan, in_detail: bool, to: Console | None) -> None:
    several = len({(item.account, item.region) for item in plan.items}) > 1
    statuses = _ASIDE if in_detail else _UNTOLD
    aside = [item for item in plan.items if item.status in statuses]
    rows = [(title(item, several), item.status, item.reason) for item in aside]
    if len(rows) > _FEW and not in_detail:
        reasons = Counter((item.resource_type, item.status, item.reason) for item in aside)
        rows = [(f"{count} x {name}", status, why) for (name, status, why), count in reasons.items()]
    for each in plan.unlisted:
        where = f" in {each.account}, {each.region}" if len(plan.scope) > 1 else ""
        rows.append((f"{each.resource_type}: all{where}", "unlisted", each.reason))
    if rows:
        print_table("Left alone", ("Resource", "Status", "Why"), rows, to)


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


def _print_warnings(found: Sequence[Item], plan: Plan, to: Console | None) -> None:
    """What the changes may break, and what an undo of them loses."""
    broken = [verdict for item in found for verdict in item.verdicts if verdict.findings]
    to_change = [verdict for verdict in broken if not verdict.excused]
    if risks := [verdict.risk.value for verdict in to_change if verdict.risk is not Risk.SAFE]:
        print_line(f"Risk: {summary(risks)}. `rightstate policies show ID` says what a policy may break.", to)
    for policy in sorted({verdict.policy for verdict in to_change}):
        about = plan.policies[policy]
        if about.reversibility is not Reversibility.FULLY:
            print_line(f"Undo of {policy}: {about.reversible}", to)


def _next_with_hub(plan: Plan, apply: str) -> str:
    broken = [[each for each in item.verdicts if each.status is Status.BROKEN] for item in plan.to_change]
    done = sum(all(each.mode is Mode.AUTO for each in verdicts) for verdicts in broken)
    if done == len(broken):
        return f"{apply} makes these calls through the hub."
    lower = {each.mode for verdicts in broken for each in verdicts if each.mode is not Mode.AUTO}
    modes = f"because the hub has some policies in mode {' or '.join(sorted(lower))}"
    if done:
        return f"{apply} changes {counted(done, 'resource')}, and refuses the others, {modes}."
    return f"`rightstate apply` refuses this plan, {modes}. `rightstate policies set-mode auto` changes that."


def _block(item: Item, several: bool) -> Block:
    return Block(
        heading=title(item, several),
        status=item.status,
        rows=[
            Row(each.policy, finding.setting, as_change(finding.before, finding.after), _note(each))
            for each in item.verdicts
            for finding in each.findings
        ],
        below=[*(f"call {on_one_line(call)}" for call in item.calls), *_in_code(item)],
    )


def _in_code(item: Item) -> list[str]:
    """What to change in infrastructure as code where that is known to manage the resource."""
    managed = [each for each in item.verdicts if each.status is Status.MANAGED]
    lines = lines_of(
        load(item.resource_type).in_code,
        ((finding.setting, finding.after) for verdict in managed for finding in verdict.findings),
    )
    return [MANAGED, *(f"  {line}" for line in lines)] if lines else []


def _note(verdict: Verdict) -> str:
    if verdict.excused:
        return f"{verdict.status}, {verdict.rule}: {verdict.reason}"
    if verdict.status is Status.HELD:
        return f"held: {verdict.reason}"
    notes = []
    if verdict.risk is not Risk.SAFE:
        notes.append(f"risk: {verdict.risk.value}")
    if verdict.mode is not Mode.AUTO:
        notes.append(f"the account's mode is {verdict.mode.value}")
    return "; ".join(notes)


def _rows(item: Item) -> Iterator[Sequence[str]]:
    place = item.account, item.region, item.resource_type, item.resource
    broken = [verdict for verdict in item.verdicts if verdict.findings]
    if not broken:
        yield *place, item.status, "", "", "", "", "", "", item.reason
    for verdict in broken:
        severity = find_policy(verdict.policy)[1].severity.value
        for finding in verdict.findings:
            change = finding.setting, as_text(finding.before), as_text(finding.after)
            yield (
                *(*place, verdict.status, verdict.policy, severity, verdict.risk.value),
                *(*change, verdict.reason),
            )


def _unlisted_rows(plan: Plan) -> list[Sequence[str]]:
    return [
        (each.account, each.region, each.resource_type, "", "unlisted", *[""] * 6, each.reason)
        for each in plan.unlisted
    ]
