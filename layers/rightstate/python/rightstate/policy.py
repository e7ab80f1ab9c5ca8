"""A policy: data that says what is wanted of the settings of one resource type."""

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum

from pydantic import Field, model_validator

from rightstate.frozen import Frozen
from rightstate.wants import Value, Want


class Mode(StrEnum):
    """What a policy may do in an account, from the least to the most."""

    OFF = "off"
    REPORT = "report"
    APPROVE = "approve"
    AUTO = "auto"

    def lowered_to(self, limit: "Mode | None") -> "Mode":
        """This mode, or `limit` where that allows less."""
        return self if limit is None else min(self, limit, key=list(Mode).index)


class Severity(StrEnum):
    """How much it matters that a resource breaks a policy, from the least to the most.

    The names are those of Security Hub's and Prowler's severities (ASFF, Severity.Label).
    """

    INFORMATIONAL = "informational"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for the least."""
        return list(Severity).index(self)


class Risk(StrEnum):
    """What enabling a policy may break; it decides which mode is offered first."""

    SAFE = "safe"
    COST = "cost"
    LOCKS_OUT_USERS = "locks-out-users"
    KEY_COUPLING = "key-coupling"
    RESTART = "restart"
    BREAKS_ACCESS = "breaks-access"
    IRREVERSIBLE = "irreversible"
    OBSOLETE = "obsolete"

    @property
    def suggested_mode(self) -> Mode:
        """The mode to begin with, once the policy has been looked at in `report`."""
        match self:
            case Risk.SAFE:
                return Mode.AUTO
            case Risk.COST | Risk.LOCKS_OUT_USERS | Risk.OBSOLETE:
                return Mode.REPORT
            case _:
                return Mode.APPROVE


class Reversibility(StrEnum):
    """What an undo restores."""

    FULLY = "yes"
    """All of it: nothing is lost, and nothing stays."""
    PARTLY = "partly"
    """Something is lost or stays; the policy's note says what."""
    NOT = "no"


class Parameter(Frozen):
    """A value that an account may set, with the default that the published policy has.

    If the policy can do nothing without a value that nobody can guess (a bucket for logs, a key, a
    destination), the parameter has an `example` and no default. Then an account has to give the value before
    it can enable the policy.
    `minimum` and `maximum` bound a number (AWS's own range), `choices` a number, a text or each item of a
    list.
    `pattern` is what a text or each item of a list must match in full.
    """

    default: Value = None
    example: Value = None
    why: str
    minimum: int | None = None
    maximum: int | None = None
    choices: tuple[int | str, ...] = ()
    pattern: str = ""

    @model_validator(mode="after")
    def _default_or_example(self) -> "Parameter":
        if self.default is not None and self.example is not None:
            raise ValueError("give a default or an example, not both")
        return self

    @property
    def required(self) -> bool:
        """Whether an account has to give a value."""
        return self.example is not None

    @property
    def like(self) -> Value:
        """A value of the kind that it takes: the default or the example. None for a text that is optional."""
        return self.example if self.required else self.default

    def accepts(self, value: object) -> bool:
        """Whether an account may give `value`."""
        if isinstance(self.like, bool):
            return isinstance(value, bool)
        if isinstance(self.like, int):
            return (
                isinstance(value, int)
                and not isinstance(value, bool)
                and (self.minimum is None or value >= self.minimum)
                and (self.maximum is None or value <= self.maximum)
                and (not self.choices or value in self.choices)
            )
        items = value if isinstance(self.like, list) else [value]
        return (
            isinstance(items, list)
            and bool(items)
            and all(
                isinstance(item, str)
                and item
                and (not self.choices or item in self.choices)
                and (not self.pattern or re.fullmatch(self.pattern, item))
                for item in items
            )
        )


def _as_option(value: Value) -> str:
    return ",".join(value) if isinstance(value, list) else str(value)


class Policy(Frozen):
    """One rule: its wants by setting, and what a user must know before enabling it.

    `scope`, `not_applicable`, `compliant_when`, `exempt_when` and `held_when` name cases of the resource
    type: outside its scope a policy is silent, in a not-applicable case it says why it does nothing, and a
    compliant-when case satisfies it whatever its settings are. In an exempt-when case it changes nothing,
    and tells what it found. In a held-when case likewise, and the resource still counts as broken.
    `aliases` are ids under which it was known elsewhere.
    `security_hub`, `prowler` and `config_rules` are the controls, checks and managed rules (by identifier)
    whose findings it settles. `severity` is the highest of its Security Hub controls, else that of its
    Prowler checks, else ours with the reason beside it. `undo_note` says how an undo restores what was
    before, and what it leaves or loses.
    """

    id: str
    aliases: tuple[str, ...] = ()
    title: str
    category: str
    risk: Risk
    severity: Severity
    wants: Mapping[str, Want]
    side_effects: str
    reversibility: Reversibility
    undo_note: str
    scope: str | None = None
    not_applicable: tuple[str, ...] = ()
    compliant_when: tuple[str, ...] = ()
    exempt_when: tuple[str, ...] = ()
    held_when: tuple[str, ...] = ()
    parameters: Mapping[str, Parameter] = Field(default_factory=dict)
    security_hub: tuple[str, ...] = ()
    prowler: tuple[str, ...] = ()
    config_rules: tuple[str, ...] = ()
    notes: str = ""

    @property
    def reversible(self) -> str:
        """Whether and how it can be undone, for people: `Yes. ...`."""
        return f"{self.reversibility.capitalize()}. {self.undo_note}"

    def values(self, parameters: Mapping[str, Value]) -> dict[str, Value]:
        """Every declared parameter's value: the account's, else the default. A required one that the account
        does not give is None."""
        return {name: parameters.get(name, declared.default) for name, declared in self.parameters.items()}

    def missing(self, parameters: Mapping[str, Value]) -> tuple[str, ...]:
        """The required parameters that are not given."""
        return tuple(
            name for name, declared in self.parameters.items() if declared.required and name not in parameters
        )

    def how_to_give(self, parameters: Iterable[str]) -> str:
        """What each of these parameters is for, and the option that gives it."""
        return " ".join(
            f"It needs {name}: {self.parameters[name].why} Give it, for example "
            f"--set {self.id}.{name}={_as_option(self.parameters[name].example)}."
            for name in parameters
        )

    @property
    def examples(self) -> dict[str, Value]:
        """The required parameters with their examples."""
        return {name: each.example for name, each in self.parameters.items() if each.required}

    def bound_wants(self, parameters: Mapping[str, Value]) -> dict[str, Want]:
        """The wants with the account's parameters in them. Raises ValueError where these contradict
        each other."""
        values = self.values(parameters)
        return {setting: want.bind(values) for setting, want in self.wants.items()}
