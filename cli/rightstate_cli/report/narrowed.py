"""What a report of some policies takes of an entry, a look, a request, a halt and an exemption."""

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

from rightstate.catalogue import find_policy, load_all
from rightstate.errors import InvalidInput
from rightstate.models.approval import Requested
from rightstate.models.settings import Account


class Narrowed:
    """The policies that a report is about."""

    def __init__(self, policies: Collection[str]) -> None:
        self.policies = frozenset(policies)
        self._types = {of.name for of in load_all() for policy in of.policies if policy.id in self.policies}

    def has(self, policy: str) -> bool:
        """Whether the report is about that policy, also by an earlier name of it."""
        return current_id(policy) in self.policies

    def has_type(self, resource_type: str) -> bool:
        """Whether one of the policies is about resources of that type."""
        return resource_type in self._types

    def entry(self, entry: Mapping[str, Any]) -> dict[str, Any] | None:
        """The entry with what it says of these policies, None where it says nothing of them.

        An entry that names no policy counts if one could apply to its resource: it may say that the resource
        is gone, or could not be read.
        """
        named = [
            *_list(entry.get("policies")),
            *(_of(each, "policy") for each in _list(entry.get("verdicts"))),
            *(name for each in _list(entry.get("changes")) for name in _list(_of(each, "policies"))),
        ]
        if not named:
            resource_type = entry["resource"].split("/", 3)[2:3]
            return dict(entry) if resource_type and self.has_type(resource_type[0]) else None
        if not any(isinstance(name, str) and self.has(name) for name in named):
            return None
        found = dict(entry)
        for key in ("policies", "verdicts", "changes"):
            # What is no list is left for the reading of the entry to refuse.
            if isinstance(found.get(key), list | tuple):
                found[key] = [kept for each in found[key] if (kept := self._part(key, each)) is not None]
        if isinstance(found.get("verified"), Mapping):
            settings = {_of(each, "setting") for each in _list(found.get("changes"))}
            settings |= {
                _of(finding, "setting")
                for verdict in _list(found.get("verdicts"))
                for finding in _list(_of(verdict, "findings"))
            }
            found["verified"] = {name: each for name, each in found["verified"].items() if name in settings}
        return found

    def request(self, request: Requested) -> Requested | None:
        """The request with what it asks for these policies, None where that is nothing."""
        policies = tuple(filter(self.has, request.policies))
        changes = tuple(each for each in request.changes if any(map(self.has, each.policies)))
        return request.model_copy(update={"policies": policies, "changes": changes}) if policies else None

    def account(self, account: Account) -> Account:
        """The account with its exemptions from these policies. An exemption without policies is from all."""
        kept = tuple(
            each for each in account.exemptions if not each.policies or any(map(self.has, each.policies))
        )
        return account.model_copy(update={"exemptions": kept})

    def _part(self, key: str, part: Any) -> Any:
        if key == "policies":
            return part if isinstance(part, str) and self.has(part) else None
        if key == "verdicts":
            name = _of(part, "policy")
            return part if isinstance(name, str) and self.has(name) else None
        names = [name for name in _list(_of(part, "policies")) if isinstance(name, str) and self.has(name)]
        return {**part, "policies": names} if names else None


@cache
def current_id(policy: str) -> str:
    """The policy's id; of one that only another version has, the name as it is."""
    try:
        return find_policy(policy)[1].id
    except InvalidInput:
        return policy


def _of(part: Any, name: str) -> Any:
    return part.get(name) if isinstance(part, Mapping) else None


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []
