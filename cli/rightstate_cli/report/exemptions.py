"""The exemptions of accounts, as the page lists them."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from rightstate.models.settings import Account, Exemption

SOON = timedelta(days=14)


def listed(accounts: Iterable[Account], now: datetime) -> list[dict[str, Any]]:
    """Each with its account and `state`: `expired`, `ending` within a fortnight, or `active`; what ends
    first comes first, what has ended last."""
    found = [
        {
            **each.model_dump(mode="json"),
            "account": account.account,
            "account_name": account.name,
            "state": _state(each, now),
            # Exemptions by tag count only where the account says so.
            "counts": account.tag_exemptions or not each.tag,
        }
        for account in accounts
        for each in account.exemptions
    ]
    return sorted(found, key=lambda each: (each["state"] == "expired", each["until"], each["id"]))


def _state(exemption: Exemption, now: datetime) -> str:
    until = datetime.fromisoformat(exemption.until)
    if until <= now:
        return "expired"
    return "ending" if until <= now + SOON else "active"
