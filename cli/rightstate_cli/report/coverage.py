"""How much is enabled: policies by account and mode, and accounts in which nothing is."""

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any

from rightstate.catalogue import load_all
from rightstate.models.settings import Account
from rightstate.policy import Mode
from rightstate_cli.report.narrowed import Narrowed


def listed(
    accounts: Iterable[Account], found: Collection[str], local: bool, narrowed: Narrowed | None = None
) -> dict[str, Any]:
    """In JSON's types: `policies`, how many there are, `accounts`, what each has enabled, the least first,
    and whether it is `registered`.

    `found` are the accounts that entries are of. `local` accounts need no settings: what is not enabled there
    is assessed all the same. `narrowed` has the policies that count, None if all do.
    """
    known = narrowed.policies if narrowed else {policy.id for of in load_all() for policy in of.policies}
    rows: list[dict[str, Any]] = []
    for account in accounts:
        enabled = {
            name: mode for name, mode in _enabled(account).items() if not narrowed or narrowed.has(name)
        }
        modes = Counter(enabled.values())
        rows.append(
            {
                "account": account.account,
                "name": account.name,
                "modes": {mode.value: modes[mode] for mode in Mode if mode is not Mode.OFF},
                "off": sorted(
                    known - {n for n, each in account.policies.items() if each.mode is not Mode.OFF}
                ),
                "regions": list(account.regions),
                "registered": True,
            }
        )
    registered = {row["account"] for row in rows}
    if not local:
        rows += [
            {
                "account": account,
                "name": "",
                "modes": {mode.value: 0 for mode in Mode if mode is not Mode.OFF},
                "off": sorted(known),
                "regions": [],
                "registered": False,
            }
            for account in sorted(set(found) - registered)
        ]
    rows.sort(key=lambda row: (-len(row["off"]), row["account"]))
    return {"policies": len(known), "local": local, "accounts": rows}


def _enabled(account: Account) -> dict[str, Mode]:
    return {name: each.mode for name, each in account.policies.items() if each.mode is not Mode.OFF}
