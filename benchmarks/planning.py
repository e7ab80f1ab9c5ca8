"""Reading for a plan, side by side and one by one, from a server that takes its time to answer."""

import os
import time
from typing import Any
from unittest.mock import patch

from tests.support.server import OWN, Server

from benchmarks.server import running
from rightstate.aws import sessions
from rightstate_cli.planning import survey
from rightstate_cli.planning.accounts import Wanted, named_accounts, targets

ANSWERS_AFTER = 50
"""Milliseconds."""
ACCOUNTS = (OWN, "444455556666", "777788889999")


def measure(size: int) -> dict[str, Any]:
    """Seconds for a plan of so many queues in three accounts, side by side and one by one."""
    with running() as slow:
        slow.answer_after(ANSWERS_AFTER)
        server = Server(slow.endpoint)
        with patch.dict(os.environ, server.environment):
            for account in ACCOUNTS:
                sqs = server.session(account).client("sqs")
                for number in range(size // len(ACCOUNTS)):
                    sqs.create_queue(QueueName=f"planned-{number}")
            parallel = _seconds(survey.READERS)
            one_by_one = _seconds(1)
    return {
        "resources": size // len(ACCOUNTS) * len(ACCOUNTS),
        "accounts": len(ACCOUNTS),
        "parallel": parallel,
        "one_by_one": one_by_one,
        "ratio": one_by_one / parallel,
    }


def _seconds(readers: int) -> float:
    sessions._forget()
    chosen = targets(named_accounts(Wanted(accounts=ACCOUNTS, types=("sqs-queue",))))
    begun = time.perf_counter()
    with patch.object(survey, "READERS", readers):
        found = list(survey.plan(chosen, lambda done, found: None))
    seconds = time.perf_counter() - begun
    unread = [each for each in found if not isinstance(each, survey.Item) or not each.decision]
    if unread:
        raise RuntimeError(f"Not read: {unread[0]}")
    return seconds
