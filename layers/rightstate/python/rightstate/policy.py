"""A policy: data that says what is wanted of the settings of one resource type."""

from collections.abc import Mapping
from enum import StrEnum

from pydantic import Field

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


class Risk(StrEnum):
    """What enabling a policy may break; it decides which mode is offered first."""

    SAFE = "safe"
    COST = "cost"
    LOCKS_OUT_USERS = "locks-out-users"
    KEY_COUPLING = "key-coupling"
    RESTART = "restart"
    BREAKS_ACCESS = "breaks-access"
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


class Parameter(Frozen):
    """A value that an account may set, with the default that the published policy has.

    `minimum` and `maximum` bound a number (AWS's own range), `choices` a text or each item of a list.
    """

    default: Value
    why: str
    minimum: int | None = None
    maximum: int | None = None
    choices: tuple[str, ...] = ()

    def accepts(self, value: object) -> bool:
        """Whether `value` may replace the default."""
        if isinstance(self.default, bool):
            return isinstance(value, bool)
        if isinstance(self.default, int):
            return (
                isinstance(value, int)
                and not isinstance(value, bool)
                and (self.minimum is None or value >= self.minimum)
                and (self.maximum is None or value <= self.maximum)
            )
        items = value if isinstance(self.default, list) else [value]
        return (
            isinstance(items, list)
            and bool(items)
            and all(
                isinstance(item, str) and item and (not self.choices or item in self.choices)
                for item in items
            )
        )


PLAINLY = "Yes:"


class Policy(Frozen):
    """One rule: its wants by setting, and what a user must know before enabling it.

    `scope`, `not_applicable`, `compliant_when` and `exempt_when` name cases of the resource type: outside its
    scope a policy is silent, in a not-applicable case it says why it does nothing, and a compliant-when case
    satisfies it whatever its settings are. In an exempt-when case it changes nothing, and tells what it
    found. `aliases` are ids under which it was known elsewhere.
    `security_hub`, `prowler` and `config_rules` are the controls, checks and managed rules (by identifier)
    whose findings it settles. `reversible` begins with PLAINLY where an undo loses and leaves nothing.
    """

    id: str
    aliases: tuple[str, ...] = ()
    title: str
    category: str
    risk: Risk
    wants: Mapping[str, Want]
    side_effects: str
    reversible: str
    scope: str | None = None
    not_applicable: tuple[str, ...] = ()
    compliant_when: tuple[str, ...] = ()
    exempt_when: tuple[str, ...] = ()
    parameters: Mapping[str, Parameter] = Field(default_factory=dict)
    security_hub: tuple[str, ...] = ()
    prowler: tuple[str, ...] = ()
    config_rules: tuple[str, ...] = ()
    notes: str = ""

    def values(self, parameters: Mapping[str, Value]) -> dict[str, Value]:
        """Every declared parameter's value: the account's, else the default."""
        return {name: parameters.get(name, declared.default) for name, declared in self.parameters.items()}

    def bound_wants(self, parameters: Mapping[str, Value]) -> dict[str, Want]:
        """The wants with the account's parameters in them. Raises ValueError where these contradict
        each other."""
        values = self.values(parameters)
        return {setting: want.bind(values) for setting, want in self.wants.items()}
