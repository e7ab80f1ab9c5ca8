"""Limits of what one account may cause within an hour: changes, requests for approval, and messages.

Everyone who can act in a member can make any number of events. What is left out is recorded. The next event
or sweep looks at the resource again.
"""

import os
from typing import Literal

from rightstate.guarding import guards

What = Literal["changes", "requests", "messages"]


def over(account: str, what: What) -> int:
    """Count one more of the account in this hour. Returns 0 within the limit, else by how many the limit is
    exceeded.

    A limit of 0 means no limit. Raises Denied, Throttled, Unavailable, CallFailed.
    """
    most = limit(what)
    return max(0, guards.count(account, what) - most) if most else 0


def limit(what: What) -> int:
    """How many an account may cause in an hour; 0 for any number."""
    return int(os.environ[f"{what.upper()}_PER_HOUR"])
