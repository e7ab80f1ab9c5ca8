"""frameworks.html: how the accounts stand with each requirement of a framework, as the report knows it."""

import hashlib
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from rightstate.catalogue import find_policy
from rightstate.errors import InvalidInput
from rightstate.models.settings import Account
from rightstate.policy import Mode
from rightstate_cli.report.narrowed import Narrowed
from rightstate_cli.report.period import Chosen
from rightstate_cli.report.posture import STATES, State
from rightstate_cli.standards.frameworks import Framework, Requirement, requirements


class Standing(StrEnum):
    """How the accounts stand with a requirement."""

    BROKEN = "broken"
    WAITING = "waiting"
    EXEMPT = "exempt"
    COMPLIANT = "compliant"
    NOT_ASSESSED = "not assessed"
    NOT_ENABLED = "not enabled"
    NOT_COVERED = "not covered"


MEANING = {
    Standing.BROKEN: "A resource breaks one of its policies and was not fixed.",
    Standing.WAITING: "A fix waits for an approval. No other resource breaks one of its policies.",
    Standing.EXEMPT: "Only exempt resources break one of its policies.",
    Standing.COMPLIANT: "Every resource that the report knows complies with its policies.",
    Standing.NOT_ASSESSED: "The report has no resource that one of its policies applies to.",
    Standing.NOT_ENABLED: "All of its policies are off in every account.",
    Standing.NOT_COVERED: "Rightstate has no policy for it.",
}


@dataclass(frozen=True)
class Row:
    """A requirement, how the accounts stand with it, and how many pairs of resource and policy comply and do
    not. `off` are its policies that no account has enabled."""

    requirement: Requirement
    standing: Standing
    compliant: int
    others: int
    off: tuple[str, ...]


@dataclass(frozen=True)
class Section:
    """A framework with its requirements. `left_out` is how many of them are not about the report's
    policies."""

    framework: Framework
    rows: tuple[Row, ...]
    left_out: int = 0

    @property
    def counts(self) -> Mapping[Standing, int]:
        """How many requirements have each standing."""
        found = Counter(row.standing for row in self.rows)
        return {standing: found[standing] for standing in Standing if found[standing]}


def sections(
    policies: Mapping[str, Sequence[int]], accounts: Sequence[Account] | None, chosen: Chosen | None = None
) -> Iterator[Section]:
    """Every framework, or the chosen one. `policies` has the number of resources in each of STATES by policy;
    `accounts` is None where the settings are not known.

    If the report is about some policies, requirements that other policies alone cover are left out.
    """
    enabled = None if accounts is None else _enabled(accounts)
    narrowed = chosen.narrowed if chosen else None
    for framework in [chosen.framework] if chosen and chosen.framework else Framework:
        every = requirements(framework)
        wanted = [each for each in (_narrowed(each, narrowed) for each in every) if each]
        rows = tuple(_row(each, policies, enabled) for each in wanted)
        yield Section(framework, rows, len(every) - len(wanted))


def page(sections: Sequence[Section], chosen: Chosen, generated: str) -> str:
    """The page."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "assets"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("frameworks.html.j2").render(
        sections=sections,
        severity=chosen.severity,
        meaning=MEANING,
        generated=generated,
        style=Markup(_STYLE),  # noqa: S704 - ours
        style_hash=b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode(),
    )


_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:70rem;padding:1rem}"
    "table{border-collapse:collapse;width:100%}"
    "th,td{border-bottom:1px solid #8888;padding:.25rem .5rem;text-align:left;vertical-align:top}"
    "td{overflow-wrap:anywhere}dt{font-weight:600}"
)


def _narrowed(requirement: Requirement, narrowed: Narrowed | None) -> Requirement | None:
    """The requirement with the report's policies, None if only others cover it."""
    if narrowed is None or not requirement.policies:
        return requirement
    policies = tuple(filter(narrowed.has, requirement.policies))
    return replace(requirement, policies=policies) if policies else None


def _enabled(accounts: Sequence[Account]) -> frozenset[str]:
    names = {
        name
        for each in accounts
        for name, configured in each.policies.items()
        if configured.mode is not Mode.OFF
    }
    return frozenset(filter(None, map(_id, names)))


def _id(name: str) -> str:
    try:
        return find_policy(name)[1].id
    except InvalidInput:
        return ""


def _row(
    requirement: Requirement, policies: Mapping[str, Sequence[int]], enabled: frozenset[str] | None
) -> Row:
    count: Counter[State] = Counter()
    for policy in requirement.policies:
        count.update(dict(zip(STATES, policies.get(policy, ()), strict=False)))
    off = () if enabled is None else tuple(each for each in requirement.policies if each not in enabled)
    return Row(
        requirement,
        _standing(requirement, count, off),
        count[State.COMPLIANT],
        count.total() - count[State.COMPLIANT],
        off,
    )


def _standing(requirement: Requirement, count: Counter[State], off: Sequence[str]) -> Standing:
    if not requirement.policies:
        return Standing.NOT_COVERED
    if count[State.BROKEN] or count[State.LEFT]:
        return Standing.BROKEN
    for state, standing in (
        (State.WAITING, Standing.WAITING),
        (State.EXEMPT, Standing.EXEMPT),
        (State.COMPLIANT, Standing.COMPLIANT),
    ):
        if count[state]:
            return standing
    return Standing.NOT_ENABLED if len(off) == len(requirement.policies) else Standing.NOT_ASSESSED
