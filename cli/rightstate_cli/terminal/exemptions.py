"""Exemptions as a table."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from rightstate.accounts.exemptions import in_force
from rightstate.models.settings import Account, Exemption
from rightstate_cli.operations.exempt import time_text
from rightstate_cli.terminal.output import Format, Table, print_result
from rightstate_cli.text import counted

_END_OF_DAY = "T23:59:59Z"


def print_exemptions(listed: Sequence[tuple[Account, Exemption]], now: datetime, format: Format) -> None:
    """Print each exemption with its account."""
    table = Table(
        ("Exemption", "Account", "What", "Policies", "Reason", "Approver", "Until", "Left"),
        [
            (
                each.id,
                account.account,
                scope(each),
                ", ".join(each.policies) or "all",
                each.reason,
                each.approver,
                each.until[:10] if each.until.endswith(_END_OF_DAY) else f"{each.until[:16]}Z",
                _left(each, now) if in_force(each, time_text(now)) else "EXPIRED",
            )
            for account, each in listed
        ],
        title=counted(len(listed), "exemption"),
        whole=("Exemption", "Account", "Until", "Left"),
    )
    facts = [
        {
            "account": account.account,
            **each.model_dump(mode="json"),
            "days_left": max(0, (datetime.fromisoformat(each.until) - now).days),
            "expired": not in_force(each, time_text(now)),
        }
        for account, each in listed
    ]
    print_result(table, facts, format)


def scope(exemption: Exemption) -> str:
    """What it exempts."""
    return exemption.resource or (f"tag {exemption.tag}" if exemption.tag else "the whole account")


def policies(exemption: Exemption) -> str:
    return ", ".join(exemption.policies) or "all policies"


def _left(exemption: Exemption, now: datetime) -> str:
    """`30 days`; below two days, the hours or minutes."""
    left = datetime.fromisoformat(exemption.until) - now
    if left >= timedelta(days=2):
        return counted(left.days, "day")
    hours = left // timedelta(hours=1)
    return counted(hours, "hour") if hours else counted(left // timedelta(minutes=1), "minute")
