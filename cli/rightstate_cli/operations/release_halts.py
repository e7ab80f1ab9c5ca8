"""Release halts, so that policies change a resource again."""

from collections.abc import Sequence

from rightstate.errors import InvalidInput
from rightstate.identify import shown
from rightstate_cli.executions.executions import is_named
from rightstate_cli.tables.guards_table import Guarding


def release(guarding: Guarding, named: str, policies: Sequence[str]) -> tuple[str, list[str]]:
    """Release the halts of the resource with that ARN or account/region/type/id; of those policies, of all
    without any. Returns the resource and the released policies.

    Raises InvalidInput if one of them is not halted or several resources have that ARN; Denied, Unavailable.
    """
    matching = [(key, halt.policy) for key, halt in guarding.halts() if is_named(key, named)]
    keys = sorted({key for key, _ in matching})
    if len(keys) > 1:
        # RDS and Neptune use the same ARNs.
        raise InvalidInput(
            f"{shown(named)} may be any of {', '.join(keys)}. Nothing was released. Name one of these."
        )
    halted = [policy for _, policy in matching]
    chosen = [policy for policy in halted if not policies or policy in policies]
    if not chosen or set(policies) - set(halted):
        raise InvalidInput(
            f"{shown(named)} is not halted, or not for every --policy. Nothing was released. "
            "`rightstate breaker list` lists the halts."
        )
    [resource] = keys
    for policy in chosen:
        guarding.let_go(resource, policy)
    return resource, chosen
