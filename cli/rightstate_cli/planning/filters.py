"""Which policies and which accounts a command line means."""

from collections.abc import Sequence

from rightstate.catalogue import find_policy, load, load_all
from rightstate.errors import InvalidInput
from rightstate.models.settings import Account
from rightstate.policy import Policy, Risk, Severity
from rightstate.resource_type import ResourceType
from rightstate_cli.aws import checked_account
from rightstate_cli.standards.frameworks import Framework, policies_of
from rightstate_cli.tables.accounts_table import Registry

Chosen = list[tuple[ResourceType, Policy]]


def policies(
    ids: Sequence[str] = (),
    types: Sequence[str] = (),
    category: str | None = None,
    risk: Risk | None = None,
    severity: Severity | None = None,
    framework: Framework | None = None,
) -> Chosen:
    """The policies that match all filters, every policy without filters. A severity includes the higher ones.
    Raises InvalidInput."""
    required = policies_of(framework) if framework else frozenset()
    named = {policy.id: (resource_type, policy) for resource_type, policy in map(find_policy, ids)}
    kinds = [load(name) for name in dict.fromkeys(types)] or load_all()
    everything = [(resource_type, policy) for resource_type in kinds for policy in resource_type.policies]
    chosen = [
        (resource_type, policy)
        for resource_type, policy in everything
        if (not ids or policy.id in named)
        and (risk is None or policy.risk is risk)
        and (severity is None or policy.severity.rank >= severity.rank)
        and (framework is None or policy.id in required)
        and (category is None or category.lower() in policy.category.lower())
    ]
    left_out = sorted(named.keys() - {policy.id for _, policy in chosen})
    if left_out:
        raise InvalidInput(f"The other options leave out {', '.join(left_out)}. Name it, or describe it.")
    if not chosen:
        raise InvalidInput("No policy matches. `rightstate policies` without options lists all policies.")
    return chosen


def named_policies(
    ids: Sequence[str],
    types: Sequence[str],
    category: str | None,
    risk: Risk | None,
    severity: Severity | None,
    framework: Framework | None,
    every: bool,
) -> Chosen:
    """As `policies`, where all of them have to be asked for. Raises InvalidInput."""
    if bool(ids or types or category or risk or severity or framework) == every:
        raise InvalidInput(
            "Say which policies: by id, --type, --category, --risk, --severity or --framework, or --all of "
            "them. Nothing was changed."
        )
    return policies(ids, types, category, risk, severity, framework)


def narrowed(
    ids: Sequence[str], types: Sequence[str], severity: Severity | None, framework: Framework | None
) -> Sequence[str]:
    """The ids as given; with a severity or a framework, those of the policies that match it too. Raises
    InvalidInput where none does."""
    if severity is None and framework is None:
        return ids
    return [policy.id for _, policy in policies(ids, types, severity=severity, framework=framework)]


def accounts(registry: Registry, named: Sequence[str], every: bool) -> list[Account]:
    """The registered accounts with those numbers, or all. Raises InvalidInput, UnknownAccount."""
    if bool(named) == every:
        raise InvalidInput(
            "Say in which accounts: either --account, which may be repeated, or --all-accounts."
        )
    if not every:
        return [registry.get(account) for account in dict.fromkeys(map(checked_account, named))]
    found = sorted(registry.all(), key=lambda each: each.account)
    if not found:
        raise InvalidInput("No account is registered. `rightstate accounts add` does that.")
    return found
