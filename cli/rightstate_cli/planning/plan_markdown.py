"""A plan as Markdown, to be read and discussed in a pull request: totals first, then each change."""

import re
from collections.abc import Iterable, Iterator, Sequence

from rightstate.models.decision import Status
from rightstate.policy import Risk
from rightstate.wants import as_change
from rightstate_cli.planning.plan_file import EXCUSED, Item, Plan, Verdict, on_one_line
from rightstate_cli.planning.totals import Part, Totals, totals
from rightstate_cli.text import counted, plain


def page(plan: Plan) -> str:
    """The whole plan. What comes from AWS or a scanner stands in code spans, where it stays text."""
    return "\n".join(_lines(plan)) + "\n"


def code(text: str) -> str:
    """Foreign text as a code span: no Markdown, no HTML, no mention of anybody in it has an effect."""
    text = plain(text).replace("\n", "\\u000a") or " "
    fence = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    # GitHub Flavored Markdown, Tables: a pipe in a cell is escaped, in code spans too.
    return f"{fence}{pad}{text}{pad}{fence}".replace("|", "\\|")


def _lines(plan: Plan) -> Iterator[str]:
    found = totals(plan)
    counts = ", ".join(f"{count} {status}" for status, count in plan.counts.items() if status != "resources")
    scanned = f"{counted(plan.counts['resources'], 'resource')}: {counts or 'none'}."
    changed = counted(len(plan.to_change), "resource")
    total = f"{scanned} To change: {counted(found.settings, 'setting')} of {changed}."
    yield "# Rightstate plan"
    yield ""
    yield total
    yield from _totals(found)
    yield ""
    yield f"SHA-256 `{plan.sha256}`, format `{plan.format}`, version `{plan.version}`"
    yield from _section("Scope", ("Account", "Region", "Looked at"), _scope(plan))
    yield from _section(
        "Changes", ("Account", "Region", "Resource", "Setting", "Change", "Policies", "Risk"), _changes(plan)
    )
    yield from _section(
        "What it may break",
        ("Policy", "Risk", "Side effects", "Can be undone"),
        (
            (code(name), each.risk.value, _ours(each.side_effects), _ours(each.reversible))
            for name, each in plan.policies.items()
        ),
    )
    yield from _section(
        "Calls",
        ("Resource", "Call"),
        ((code(_where(item)), code(on_one_line(call))) for item in plan.items for call in item.calls),
    )
    yield from _section(
        "Excused", ("Account", "Region", "Resource", "Policy", "Status", "Why", "Rule"), _excused(plan)
    )
    yield from _section("Left alone", ("Account", "Region", "Resource", "Status", "Why"), _left(plan))
    if plan.findings:
        yield from _section(
            "Findings that are not planned",
            ("Finding", "Check", "Resource", "Why"),
            ((code(e.finding), code(e.check), code(e.resource), code(e.reason)) for e in plan.findings.left),
        )
    yield ""
    yield total


def _totals(found: Totals) -> Iterator[str]:
    yield from _section(
        "By severity",
        ("Severity", "To change"),
        ((name.value, str(count)) for name, count in found.severities),
    )
    yield from _section(
        "By policy",
        ("Policy", "Severity", "Risk", "To change", "Left"),
        (
            (code(each.policy), each.severity.value, each.risk.value, str(each.to_change), str(each.left))
            for each in found.policies
        ),
    )
    yield from _section("By type", ("Type", *_NUMBERS), map(_part, found.types))
    yield from _section("By account", ("Account", "Region", *_NUMBERS), map(_part, found.places))


_NUMBERS = ("To change", "Not known", "Read")


def _part(part: Part) -> Sequence[str]:
    return *part.name, str(part.to_change), str(part.unknown), str(part.looked_at)


def _section(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    some = [*rows]
    if some:
        yield from ("", f"## {title}", "")
        for row in (columns, ["---"] * len(columns), *some):
            yield f"| {' | '.join(row)} |"


def _scope(plan: Plan) -> Iterator[Sequence[str]]:
    for each in plan.scope:
        looked = counted(len(each.resources), "resource") if each.resources else ", ".join(each.types)
        yield each.account, each.region, f"{looked}, for {counted(len(each.policies), 'policy')}"


def _changes(plan: Plan) -> Iterator[Sequence[str]]:
    for item in plan.items:
        for change in item.changes:
            asking = [each for each in item.verdicts if each.policy in change.policies]
            yield (
                item.account,
                item.region,
                code(f"{item.resource_type} {item.resource}"),
                code(change.setting),
                code(as_change(change.before, change.after)),
                ", ".join(map(_policy, asking)),
                ", ".join(sorted({each.risk.value for each in asking})) or Risk.SAFE.value,
            )


def _policy(verdict: Verdict) -> str:
    marked = "" if verdict.mode == "auto" else f" (the account's mode is {verdict.mode.value})"
    return f"{code(verdict.policy)}{marked}"


def _excused(plan: Plan) -> Iterator[Sequence[str]]:
    for item in plan.items:
        for each in item.verdicts:
            if each.excused:
                yield (
                    item.account,
                    item.region,
                    code(f"{item.resource_type} {item.resource}"),
                    code(each.policy),
                    each.status.value,
                    code(each.reason),
                    code(each.rule),
                )


def _left(plan: Plan) -> Iterator[Sequence[str]]:
    for item in plan.items:
        if item.status not in ("broken", "compliant", *EXCUSED):
            yield (
                item.account,
                item.region,
                code(f"{item.resource_type} {item.resource}"),
                item.status,
                _why(item),
            )
    for each in plan.unlisted:
        yield each.account, each.region, code(f"{each.resource_type}: all"), "unlisted", code(each.reason)


def _why(item: Item) -> str:
    held = [each.reason for each in item.verdicts if each.status is Status.HELD]
    return code(item.reason or "; ".join(dict.fromkeys(held)))


def _where(item: Item) -> str:
    return f"{item.account}/{item.region}/{item.resource_type}/{item.resource}"


def _ours(text: str) -> str:
    """A sentence of the catalogue."""
    return re.sub(r"([\\`*_<>|\[\]])", r"\\\1", text)
