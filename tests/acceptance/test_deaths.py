"""Executions that come to no end of their own: what the ledger knows of them."""

from typing import Any

import pytest
from moto.rds.models import rds_backends

from tests.acceptance.emulator import ACCOUNT
from tests.acceptance.hub import Hub, awaited, event_about
from tests.support.server import REGION, Server

pytestmark = pytest.mark.acceptance

POLICY = "rds-mysql-deletion-protection"


def entries(hub: Hub, execution: str) -> list[dict[str, Any]]:
    """What the ledger's index has of the execution."""
    answer = hub.client("dynamodb").query(
        TableName=hub.outputs["LedgerTable"],
        IndexName="execution",
        KeyConditionExpression="execution = :execution",
        ExpressionAttributeValues={":execution": {"S": execution}},
    )
    found: list[dict[str, Any]] = answer["Items"]
    return found


def test_an_execution_that_is_aborted_while_it_waits_is_recorded_as_died(hub: Hub, member: Server) -> None:
    database = member.make("rds-instance", "aborted", ACCOUNT, POLICY)
    rds_backends[ACCOUNT][REGION].databases[database].status = "modifying"
    hub.enable(POLICY)
    [event] = hub.send(event_about("rds-instance", POLICY, database))
    [waiting] = awaited(lambda: hub.started_by(event, "rds-instance"))
    hub.client("stepfunctions").stop_execution(executionArn=waiting, error="Aborted.byHand", cause="a test")
    execution = hub.ended(waiting)
    assert execution.status == "ABORTED"
    # Another installation of this account, of another test, hears the same events.
    hub.forget(ACCOUNT)

    [key] = awaited(lambda: entries(hub, waiting))
    assert key["resource"]["S"] == f"{ACCOUNT}/{REGION}/rds-instance/{database}"
    entry = hub.entry(execution)
    assert (entry["outcome"], entry["event"]["id"]) == ("died", event)
    assert entry["at"].startswith(entry["day"])


def test_a_backfill_that_is_aborted_is_recorded_for_the_hub(hub: Hub, member: Server) -> None:
    account = "777788889992"
    hub.enable("sqs-server-side-encryption", account=account)
    for number in range(6):
        member.make("sqs-queue", f"abandoned-{number}", account)
    started = hub.start("backfill", {"batch": "abandoned", "accounts": [account], "concurrency": 1})
    hub.client("stepfunctions").stop_execution(executionArn=started)
    [key] = awaited(lambda: entries(hub, started))
    assert key["resource"]["S"] == f"{ACCOUNT}/{REGION}/backfill/*"
