"""Add exemptions to an account's settings, and remove them."""

from datetime import UTC, datetime, timedelta
from secrets import token_hex

from rightstate.accounts.exemptions import limited
from rightstate.clock import written
from rightstate.errors import InvalidInput
from rightstate.models.settings import Account, Exemption
from rightstate_cli.tables.accounts_table import Registry

_TRIES = 3


def as_counted(account: Account, most_days: int | None) -> Account:
    """The account with each exemption's end as it counts. To show, never to write back."""
    return limited(account, most_days) if most_days else account


def made(lasting: timedelta, **fields: object) -> Exemption:
    """An exemption from now on, for that time, with a new id."""
    now = datetime.now(UTC)
    times = {"created": written(now), "until": written(now + lasting)}
    return Exemption.model_validate({"id": f"ex-{token_hex(4)}", **times, **fields})


def add(registry: Registry, account: str, exemption: Exemption) -> None:
    """Add it to the account's exemptions. Raises what `Registry.get` and `put` raise."""
    found = registry.get(account)
    registry.put(found.model_copy(update={"exemptions": (*found.exemptions, exemption)}))


def remove(registry: Registry, account: str, exemption: str) -> None:
    """Remove it, and try again if the settings were changed meanwhile. Raises what `Registry.get` and `put`
    raise."""
    for left in reversed(range(_TRIES)):
        found = registry.get(account)
        kept = tuple(each for each in found.exemptions if each.id != exemption)
        try:
            registry.put(found.model_copy(update={"exemptions": kept}))
        except InvalidInput:
            if not left:
                raise
        else:
            return
