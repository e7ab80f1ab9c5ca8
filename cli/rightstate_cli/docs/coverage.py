"""docs/coverage.md: the policies beside Security Hub's controls and what peers can fix."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rightstate.catalogue import load_all
from rightstate.policy import Policy
from rightstate_cli.docs import markdown
from rightstate_cli.standards import peers
from rightstate_cli.standards.frameworks import Framework, requirements
from rightstate_cli.standards.peers import Item, Peer

_INTRODUCTION = """\
# What is covered

<!-- Written by `make docs` from the catalogue. Do not edit: changes here are lost. -->

Two other open-source tools fix findings in AWS accounts. Automated Security Response on AWS (ASR) 3.1.5
remediates Security Hub controls. Prowler 5.40 has fixers for some of its checks. This page says what of it
Rightstate covers, what it refuses and why, and what it does not do yet.

{totals}
"""
_FRAMEWORKS = """\

## Frameworks

These are the requirements that a known check is about. `rightstate policies --framework ID` lists the
policies of a framework, and `rightstate report` writes how your accounts stand with each requirement.
"""


def page() -> str:
    """The page."""
    policies = [policy for each in load_all() for policy in each.policies]
    by_control = _by((name, each.id) for each in policies for name in each.security_hub)
    by_check = _by((name, each.id) for each in policies for name in each.prowler)
    lists = ((Peer.ASR, by_control), (Peer.PROWLER, by_check))
    lines = [
        _INTRODUCTION.format(totals="\n".join(markdown.table(*_totals(lists)))),
        "## Automated Security Response",
        "",
        *markdown.table(("Control", "Rightstate"), _rows(Peer.ASR, by_control)),
        "",
        "## Prowler's fixers",
        "",
        *markdown.table(("Check", "Rightstate"), _rows(Peer.PROWLER, by_check)),
        "",
        "## The policies",
        "",
        *markdown.table(
            ("Policy", "Severity", "Security Hub", "ASR", "Prowler", "Fixer"), map(_of_policy, policies)
        ),
        _FRAMEWORKS,
        *markdown.table(
            ("Framework", "ID", "Requirements", "Covered by a policy"), map(_of_framework, Framework)
        ),
    ]
    return "\n".join(lines) + "\n"


def state(item: Item, policies: Sequence[str]) -> str:
    """`covered`, `refused` or `not yet`."""
    if policies:
        return "covered"
    return "refused" if item.refused else "not yet"


def _totals(
    lists: Iterable[tuple[Peer, Mapping[str, Sequence[str]]]],
) -> tuple[Sequence[str], list[Sequence[str]]]:
    rows: list[Sequence[str]] = []
    for peer, by_name in lists:
        states = [state(each, by_name.get(each.name, ())) for each in peers.items(peer)]
        rows.append((_NAMES[peer], str(len(states)), *(str(states.count(each)) for each in _STATES)))
    return ("", "Fixes", *_STATES), rows


_NAMES = {Peer.ASR: "Automated Security Response", Peer.PROWLER: "Prowler's fixers"}
_STATES = ("covered", "refused", "not yet")


def _rows(peer: Peer, by_name: Mapping[str, Sequence[str]]) -> Iterator[Sequence[str]]:
    for item in peers.items(peer):
        found = by_name.get(item.name, ())
        match state(item, found):
            case "covered":
                said = ", ".join(_link(each) for each in found)
            case "refused":
                said = f"Refused. {markdown.text(item.refused)}"
            case other:
                said = other.capitalize()
        yield f"`{item.name}`", said


def _of_policy(policy: Policy) -> Sequence[str]:
    return (
        _link(policy.id),
        policy.severity.value,
        ", ".join(policy.security_hub),
        "yes" if peers.fixes(Peer.ASR, policy.security_hub) else "",
        markdown.codes(policy.prowler),
        "yes" if peers.fixes(Peer.PROWLER, policy.prowler) else "",
    )


def _of_framework(framework: Framework) -> Sequence[str]:
    every = requirements(framework)
    covered = sum(bool(each.policies) for each in every)
    return framework.label, f"`{framework}`", str(len(every)), str(covered)


def _link(policy: str) -> str:
    return f"[{policy}](policies.md#{policy})"


def _by(pairs: Iterable[tuple[str, str]]) -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = {}
    for name, policy in pairs:
        found.setdefault(name, []).append(policy)
    return found
