"""A policy: data that says what is wanted of a setting of one resource type."""

from collections.abc import Mapping
from enum import StrEnum

from pydantic import Field

from rightstate.frozen import Frozen
from rightstate.wants import Value, Want


class Mode(StrEnum):
    """What a policy may do in an account."""

    OFF = "off"
    REPORT = "report"
    APPROVE = "approve"
    AUTO = "auto"


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
                isinstance(item, str) and (not self.choices or item in self.choices)
                for item in items
            )
        )


class Policy(Frozen):
    """One rule. `scope` and `not_applicable` name cases of the resource type."""

    id: str
    aliases: tuple[str, ...]
    title: str
    category: str
    risk: Risk
    wants: Mapping[str, Want]
    side_effects: str
    reversible: str
    scope: str = ""
    not_applicable: tuple[str, ...] = ()
    compliant_when: tuple[str, ...] = ()
    parameters: Mapping[str, Parameter] = Field(default_factory=dict)
    security_hub: tuple[str, ...] = ()
    notes: str = ""

    def wanted(self, parameters: Mapping[str, Value]) -> dict[str, Want]:
        """The wants with the account's parameters put in, by setting."""
        values = {
            name: parameters.get(name, parameter.default)
            for name, parameter in self.parameters.items()
        }
        return {setting: want.bind(values) for setting, want in self.wants.items()}
