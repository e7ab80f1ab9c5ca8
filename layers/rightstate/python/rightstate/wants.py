"""What a policy wants of one setting.

A want can say whether a value satisfies it (`holds`), which value to write otherwise (`target`), and
how it combines with another want on the same setting (`meet`). Wants form a small lattice, so that
several policies on one setting become one change: at least 1 and at least 7 meet at 7; true and
false do not meet and raise `PlanConflict`.

A bound may be a number or a `Parameter`'s name, which `bind` replaces by the account's value.
"""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from rightstate import resource_policy
from rightstate.errors import PlanConflict
from rightstate.frozen import Frozen
from rightstate.values import ages, security_group_rules

Value = bool | int | str | list[str] | None


def as_text(value: Value) -> str:
    """A setting's value, for people."""
    match value:
        case None:
            return "not set"
        case bool():
            return str(value).lower()
        case list():
            return ", ".join(value) or "none"
        case str() if resource_policy.is_document(value):
            return resource_policy.as_words(value)
        case _:
            return str(value)


def days(count: int) -> str:
    """`a day`, `7 days`."""
    return "a day" if count == 1 else f"{count} days"


def as_list(value: Value) -> list[str]:
    """The value of a setting that is a list, empty where it was not read or is none."""
    return value if isinstance(value, list) else []


def as_change(before: Value, after: Value) -> str:
    """`before -> after`, for people; of a list or a resource policy, only what goes or comes."""
    if not (isinstance(before, list) and isinstance(after, list)):
        statements = resource_policy.difference(before, after)
        return statements or f"{as_text(before)} -> {as_text(after)}"
    gone = [item for item in before if item not in after]
    new = [item for item in after if item not in before]
    words = [f"{verb} {', '.join(items)}" for verb, items in (("remove", gone), ("add", new)) if items]
    return ", ".join(words)


def same(one: Value, other: Value) -> bool:
    """Whether two values of a setting are the same. Lists are sets, and 1 is not true. Two texts of a policy
    are the same if only spaces and the order of keys differ, which AWS may change."""
    if isinstance(one, list) and isinstance(other, list):
        return set(one) == set(other)
    if isinstance(one, str) and isinstance(other, str) and one != other:
        return resource_policy.same(one, other)
    return one == other and isinstance(one, bool) == isinstance(other, bool)


class _Want(Frozen):
    def given(self, observed: Mapping[str, Value]) -> Self:
        """The part of the want that is possible, which another setting may say."""
        return self

    @staticmethod
    def shown(before: Value, after: Value) -> tuple[Value, Value]:
        """What a finding says of a value and of the one to be written."""
        return before, after

    def bind(self, parameters: Mapping[str, Value]) -> Self:
        """Replace each field `x` whose companion `x_from` names a parameter by its value.

        Raises KeyError for a parameter that the policy does not declare.
        """
        values = {
            name.removesuffix("_from"): parameters[source]
            for name in self.model_fields_set
            if name.endswith("_from") and (source := getattr(self, name)) is not None
        }
        return self.model_validate({**self.model_dump(), **values}) if values else self


class Exactly(_Want):
    """The value is `value`."""

    kind: Literal["exactly"] = "exactly"
    value: bool | int | str
    value_from: str | None = None

    def holds(self, observed: Value) -> bool:
        return observed == self.value and isinstance(observed, bool) == isinstance(self.value, bool)

    def target(self, observed: Value) -> Value:
        return self.value

    def meet(self, other: "Want") -> "Want":
        if isinstance(other, Exactly) and other.value == self.value:
            return self
        raise PlanConflict(f"one policy wants {self}, another {other}")

    def __str__(self) -> str:
        return as_text(self.value)


class AtLeast(_Want):
    """The value is a number of at least `minimum`; a smaller one becomes `raise_to`."""

    kind: Literal["at-least"] = "at-least"
    minimum: int = 0
    minimum_from: str | None = None
    raise_to: int = 0
    raise_to_from: str | None = None

    def holds(self, observed: Value) -> bool:
        return isinstance(observed, int) and observed >= self.minimum

    def target(self, observed: Value) -> Value:
        wanted = max(self.minimum, self.raise_to)
        return max(observed, wanted) if isinstance(observed, int) else wanted

    def meet(self, other: "Want") -> "Want":
        if isinstance(other, AtLeast):
            return AtLeast(
                minimum=max(self.minimum, other.minimum),
                raise_to=max(self.raise_to, other.raise_to),
            )
        raise PlanConflict(f"one policy wants {self}, another {other}")

    def __str__(self) -> str:
        return f"at least {self.minimum}"


class AtMost(_Want):
    """The value is a number from 1 to `maximum`; absent and 0 mean without limit, and fail."""

    kind: Literal["at-most"] = "at-most"
    maximum: int = 0
    maximum_from: str | None = None

    def holds(self, observed: Value) -> bool:
        return isinstance(observed, int) and 0 < observed <= self.maximum

    def target(self, observed: Value) -> Value:
        return observed if self.holds(observed) else self.maximum

    def meet(self, other: "Want") -> "Want":
        if isinstance(other, AtMost):
            return AtMost(maximum=min(self.maximum, other.maximum))
        raise PlanConflict(f"one policy wants {self}, another {other}")

    def __str__(self) -> str:
        return f"1 to {self.maximum}"


class OneOf(_Want):
    """The value is one of `allowed`; any other becomes `otherwise`.

    `ranking` orders values from weak to strong where there is an order: a value ranked above
    `otherwise` satisfies too, so that it is never weakened.
    """

    kind: Literal["one-of"] = "one-of"
    allowed: tuple[str, ...] = ()
    allowed_from: str | None = None
    otherwise: str = ""
    otherwise_from: str | None = None
    ranking: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _otherwise_is_allowed(self) -> Self:
        if self.allowed and self.otherwise and self.otherwise not in self.allowed:
            raise ValueError(f"{self.otherwise} is not among {', '.join(self.allowed)}")
        return self

    def holds(self, observed: Value) -> bool:
        return observed in self.allowed or (
            observed in self.ranking
            and self.otherwise in self.ranking
            and self.ranking.index(observed) > self.ranking.index(self.otherwise)
        )

    def target(self, observed: Value) -> Value:
        return observed if self.holds(observed) else self.otherwise

    def meet(self, other: "Want") -> "Want":
        if isinstance(other, OneOf):
            allowed = tuple(item for item in self.allowed if item in other.allowed)
            for choice in (self.otherwise, other.otherwise, *allowed):
                if choice in allowed:
                    ranking = self.ranking or other.ranking
                    return OneOf(allowed=allowed, otherwise=choice, ranking=ranking)
        raise PlanConflict(f"one policy wants {self}, another {other}")

    def __str__(self) -> str:
        return " or ".join(self.allowed)


class EachAtLeast(_Want):
    """The value is a list of `NAME=VALUE`, none of whose values stands before `minimum` in `ranking`.

    One that does becomes `minimum`. Values that are not in the ranking stay.
    """

    kind: Literal["each-at-least"] = "each-at-least"
    ranking: tuple[str, ...]
    minimum: str = ""
    minimum_from: str | None = None

    def holds(self, observed: Value) -> bool:
        return same(self.target(observed), as_list(observed))

    def target(self, observed: Value) -> Value:
        return [self._raised(item) for item in as_list(observed)]

    def _raised(self, item: str) -> str:
        name, sign, value = item.rpartition("=")
        below = self.ranking[: self.ranking.index(self.minimum)]
        return f"{name}{sign}{self.minimum}" if value in below else item

    def meet(self, other: "Want") -> "Want":
        if isinstance(other, EachAtLeast) and other.ranking == self.ranking:
            return max(self, other, key=lambda each: self.ranking.index(each.minimum))
        raise PlanConflict(f"one policy wants {self}, another {other}")

    def __str__(self) -> str:
        return f"each at least {self.minimum}"


class AnythingBut(_Want):
    """The value is not `value`; if it is, it becomes `otherwise`."""

    kind: Literal["anything-but"] = "anything-but"
    value: bool | int | str
    otherwise: bool | int | str
    otherwise_from: str | None = None

    def holds(self, observed: Value) -> bool:
        return observed is not None and observed != self.value

    def target(self, observed: Value) -> Value:
        return observed if self.holds(observed) else self.otherwise

    def meet(self, other: "Want") -> "Want":
        if other == self:
            return self
        raise PlanConflict(f"one policy wants {self}, another {other}")

    def __str__(self) -> str:
        return f"not {self.value}"


class Present(_Want):
    """The value is set, whatever it is; where it is not set, or an empty list, it becomes `otherwise`.

    Where several policies would set another value, that of the highest `rank` is set.
    """

    kind: Literal["present"] = "present"
    otherwise: str | tuple[str, ...] = ""
    otherwise_from: str | None = None
    rank: int = 0

    def holds(self, observed: Value) -> bool:
        return observed is not None and observed != []

    def target(self, observed: Value) -> Value:
        if self.holds(observed):
            return observed
        return self.otherwise if isinstance(self.otherwise, str) else list(self.otherwise)

    def meet(self, other: "Want") -> "Want":
        if isinstance(other, Present):
            return max(self, other, key=lambda each: (each.rank, str(each.otherwise)))
        raise PlanConflict(f"one policy wants {self}, another {other}")

    def __str__(self) -> str:
        return "set"


class Includes(_Want):
    """The value is a list that holds all of `items`; the missing ones are added.

    `offered` names a setting that lists the possible items, read only where an account asks for items of its
    own; what is not in it is not wanted.
    """

    kind: Literal["includes"] = "includes"
    items: tuple[str, ...] = ()
    items_from: str | None = None
    offered: str | None = None

    def given(self, observed: Mapping[str, Value]) -> Self:
        offered = observed.get(self.offered) if self.offered else None
        if not isinstance(offered, list):
            return self
        return self.model_copy(update={"items": tuple(item for item in self.items if item in offered)})

    def holds(self, observed: Value) -> bool:
        return set(self.items) <= set(as_list(observed))

    def target(self, observed: Value) -> Value:
        current = as_list(observed)
        return sorted({*current, *self.items})

    def meet(self, other: "Want") -> "Want":
        if isinstance(other, Includes):
            return Includes(items=tuple(sorted({*self.items, *other.items})))
        raise PlanConflict(f"one policy wants {self}, another {other}")

    def __str__(self) -> str:
        return "with " + ", ".join(self.items)


class Lacks(_Want):
    """The value is a list that holds none of `items`; those it holds are removed, the rest stays."""

    kind: Literal["lacks"] = "lacks"
    items: tuple[str, ...] = ()

    def holds(self, observed: Value) -> bool:
        return not set(self.items) & set(as_list(observed))

    def target(self, observed: Value) -> Value:
        current = as_list(observed)
        return [item for item in current if item not in self.items]

    def meet(self, other: "Want") -> "Want":
        if isinstance(other, Lacks):
            return Lacks(items=tuple(sorted({*self.items, *other.items})))
        raise PlanConflict(f"one policy wants {self}, another {other}")

    def __str__(self) -> str:
        return "without " + ", ".join(self.items)


class Empty(_Want):
    """The value is a list without items; all that it holds are removed."""

    kind: Literal["empty"] = "empty"

    def holds(self, observed: Value) -> bool:
        return not as_list(observed)

    def target(self, observed: Value) -> Value:
        return []

    def meet(self, other: "Want") -> "Want":
        if isinstance(other, Empty | NoPublicPorts):
            return self
        raise PlanConflict(f"one policy wants {self}, another {other}")

    def __str__(self) -> str:
        return "none"


class NoPublicPorts(_Want):
    """The value is a list of security group rules, none of which admits one of `ports` from the internet.

    A rule that does is removed. With `on_range` as `narrow` the rest of its ports stays, as rules of their
    own; with `revoke` it does not. `also` is what other policies want. Raises ValueError for what is no port.
    """

    kind: Literal["no-public-ports"] = "no-public-ports"
    ports: tuple[str, ...] = ()
    ports_from: str | None = None
    protocols: tuple[str, ...] = ("tcp",)
    protocols_from: str | None = None
    any_address_only: bool = True
    any_address_only_from: str | None = None
    on_range: Literal["narrow", "revoke"] = "narrow"
    on_range_from: str | None = None
    also: tuple["NoPublicPorts", ...] = ()

    def holds(self, observed: Value) -> bool:
        rules = as_list(observed)
        return same(self.target(rules), rules)

    def target(self, observed: Value) -> Value:
        return security_group_rules.without(as_list(observed), [each.closed for each in (self, *self.also)])

    @property
    def closed(self) -> security_group_rules.Closed:
        """What this want closes, without `also`."""
        return security_group_rules.Closed(
            frozenset(int(port) for port in self.ports),
            frozenset(self.protocols),
            self.any_address_only,
            self.on_range == "narrow",
        )

    def meet(self, other: "Want") -> "Want":
        if isinstance(other, Empty):
            return other
        if isinstance(other, NoPublicPorts):
            alone = other.model_copy(update={"also": ()})
            return self.model_copy(update={"also": (*self.also, alone, *other.also)})
        raise PlanConflict(f"one policy wants {self}, another {other}")

    def __str__(self) -> str:
        ports = [port for each in (self, *self.also) for port in each.ports]
        return f"ports {', '.join(ports)} closed to the internet"


class PolicyText(_Want):
    """The value is the text of a resource policy, or none, that grants nothing to the public.

    `public` says what public statements may do: `anything`, `read` or `nothing`. With `tls_only` a statement
    denies every request to the bucket without TLS. The setting `Arn` names the resource. Without a statement
    there is no policy, or the one in the setting `EmptyPolicy`, for an API that wants one. Raises
    NotUnderstood for a text that is no policy.
    """

    kind: Literal["policy-text"] = "policy-text"
    public: Literal["anything", "read", "nothing"] = "anything"
    tls_only: bool = False
    arn: str = ""
    empty: str | None = None

    def given(self, observed: Mapping[str, Value]) -> Self:
        known = {"arn": observed.get("Arn", ""), "empty": observed.get("EmptyPolicy")}
        return self.model_copy(update=known)

    def holds(self, observed: Value) -> bool:
        text = self._text(observed)
        return self._left(text) == text and not (
            self.tls_only and not resource_policy.denies_plain_http(text, self.arn)
        )

    def target(self, observed: Value) -> Value:
        text = self._text(observed)
        left = self._left(text)
        if self.tls_only:
            return resource_policy.with_tls_only(left, self.arn)
        return self.empty if left is None and text is not None else left

    @staticmethod
    def shown(before: Value, after: Value) -> tuple[Value, Value]:
        """Only the statements that differ: an execution's state has no room for whole policies many times."""
        return resource_policy.shortened(before, after), resource_policy.shortened(after, before)

    @staticmethod
    def _text(observed: Value) -> str | None:
        return observed if isinstance(observed, str) and observed else None

    def _left(self, text: str | None) -> str | None:
        if text is None or self.public == "anything":
            return text
        return resource_policy.without_public(text, writes_only=self.public == "read")

    def meet(self, other: "Want") -> "Want":
        if isinstance(other, PolicyText):
            order = ("nothing", "read", "anything")
            return self.model_copy(
                update={
                    "public": min(self.public, other.public, key=order.index),
                    "tls_only": self.tls_only or other.tls_only,
                }
            )
        raise PlanConflict(f"one policy wants {self}, another {other}")

    def __str__(self) -> str:
        words = {"nothing": "nothing public", "read": "nothing that the public may write", "anything": ""}
        tls = "a Deny of requests without TLS" if self.tls_only else ""
        return " and ".join(filter(None, (words[self.public], tls)))


class Nothing(_Want):
    """The value is an empty list; with `spare` the items that begin with `spared` may stay."""

    kind: Literal["nothing"] = "nothing"
    spared: str = ""
    spare: bool = False
    spare_from: str | None = None

    def holds(self, observed: Value) -> bool:
        return self.target(observed) == as_list(observed)

    def target(self, observed: Value) -> Value:
        return [item for item in as_list(observed) if self.spare and item.startswith(self.spared)]

    def meet(self, other: "Want") -> "Want":
        if isinstance(other, Nothing) and other.spared == self.spared:
            return self.model_copy(update={"spare": self.spare and other.spare})
        raise PlanConflict(f"one policy wants {self}, another {other}")

    def __str__(self) -> str:
        return "none"


class RecentKeys(_Want):
    """The value is a list of active access keys, none of them older or longer unused than those days.

    None stands for any number of days. The settings `Today` and `KeysUsed` say when that is, and when the
    keys were used.
    """

    kind: Literal["recent-keys"] = "recent-keys"
    max_age_days: int | None = None
    max_age_days_from: str | None = None
    max_unused_days: int | None = None
    max_unused_days_from: str | None = None
    today: str = ""
    used: tuple[str, ...] = ()

    def given(self, observed: Mapping[str, Value]) -> Self:
        known = {"today": observed.get(ages.TODAY) or "", "used": tuple(as_list(observed.get("KeysUsed")))}
        return self.model_copy(update=known)

    def holds(self, observed: Value) -> bool:
        return same(self.target(observed), as_list(observed))

    def target(self, observed: Value) -> Value:
        keys = as_list(observed)
        gone: set[str] = set()
        if self.today and self.max_age_days is not None:
            gone.update(ages.older_than(self.max_age_days, keys, self.today))
        if self.today and self.max_unused_days is not None:
            gone.update(ages.unused_for(self.max_unused_days, keys, self.used, self.today))
        return [key for key in keys if key not in gone]

    def meet(self, other: "Want") -> "Want":
        if isinstance(other, RecentKeys):
            least = {
                name: min(both) if (both := [days for days in pair if days is not None]) else None
                for name, pair in {
                    "max_age_days": (self.max_age_days, other.max_age_days),
                    "max_unused_days": (self.max_unused_days, other.max_unused_days),
                }.items()
            }
            return self.model_copy(update=least)
        raise PlanConflict(f"one policy wants {self}, another {other}")

    def __str__(self) -> str:
        said = (("made", self.max_age_days), ("used", self.max_unused_days))
        return " and ".join(f"{what} in the last {days(n)}" for what, n in said if n is not None)


class Recent(_Want):
    """The value is a time of the last `max_days`, or none. An earlier one becomes none.

    The setting `Today` says when that is.
    """

    kind: Literal["recent"] = "recent"
    max_days: int = 0
    max_days_from: str | None = None
    today: str = ""

    def given(self, observed: Mapping[str, Value]) -> Self:
        return self.model_copy(update={"today": observed.get(ages.TODAY) or ""})

    def holds(self, observed: Value) -> bool:
        if not isinstance(observed, str) or not self.today:
            return True
        return ages.days_between(observed, self.today) <= self.max_days

    def target(self, observed: Value) -> Value:
        return observed if self.holds(observed) else None

    def meet(self, other: "Want") -> "Want":
        if isinstance(other, Recent):
            return self.model_copy(update={"max_days": min(self.max_days, other.max_days)})
        raise PlanConflict(f"one policy wants {self}, another {other}")

    def __str__(self) -> str:
        return f"used in the last {days(self.max_days)}"


class Restored(_Want):
    """The value from before a change, which may be absent."""

    kind: Literal["restored"] = "restored"
    value: Value = None

    def holds(self, observed: Value) -> bool:
        return same(observed, self.value)

    def target(self, observed: Value) -> Value:
        return self.value

    def meet(self, other: "Want") -> "Want":
        if isinstance(other, Restored) and other.holds(self.value):
            return self
        raise PlanConflict(f"one policy wants {self}, another {other}")

    def __str__(self) -> str:
        return as_text(self.value)


Want = Annotated[
    Exactly
    | AtLeast
    | AtMost
    | OneOf
    | EachAtLeast
    | AnythingBut
    | Present
    | Includes
    | Lacks
    | Empty
    | NoPublicPorts
    | PolicyText
    | Nothing
    | RecentKeys
    | Recent
    | Restored,
    Field(discriminator="kind"),
]
