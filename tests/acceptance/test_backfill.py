"""The deployed backfill: everything that is enabled is put right by one execution, each resource once."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer
from moto.core.exceptions import AccessDeniedError
from moto.sts.responses import TokenResponse

from rightstate_cli.executions.executions import Execution
from tests.acceptance.hub import Hub, awaited
from tests.support.server import REGION, Server

pytestmark = pytest.mark.acceptance

FIRST, SECOND = "555566667777", "666677778888"
QUEUES, BUCKETS, DATABASES = "sqs-server-side-encryption", "s3-versioning", "rds-mysql-deletion-protection"
ELSEWHERE = "eu-west-1"


@pytest.fixture
def both(hub: Hub) -> Iterator[tuple[str, str]]:
    """Two accounts in which policies of three services are enabled."""
    for account in (FIRST, SECOND):
        hub.enable(QUEUES, BUCKETS, DATABASES, account=account)
    yield FIRST, SECOND
    for account in (FIRST, SECOND):
        hub.forget(account)


def test_everything_in_the_accounts_and_regions_is_remediated_and_in_the_ledger(
    hub: Hub, member: Server, both: tuple[str, str]
) -> None:
    made = {
        f"{account}/{region}/{resource_type}/{member.make(resource_type, name, account, policy, region)}"
        for account in both
        for region, resource_type, name, policy in (
            (REGION, "sqs-queue", "backfilled", QUEUES),
            (ELSEWHERE, "sqs-queue", "backfilled", QUEUES),
            (REGION, "s3-bucket", f"backfilled-{account}", BUCKETS),
            (ELSEWHERE, "rds-instance", "backfilled", DATABASES),
        )
    }
    # Beside its bucket the example makes one for the logs.
    made |= {f"{account}/{REGION}/s3-bucket/access-logs-{account}-{REGION}" for account in both}
    execution = backfill(hub, batch="all", accounts=[*both], regions=[REGION, ELSEWHERE], reason="CHG-1")
    assert (execution.status, output(hub, execution)["outcomes"]) == ("SUCCEEDED", {"remediated": len(made)})
    entries = ledger(hub, "all")
    assert {entry["resource"]: entry["outcome"] for entry in entries} == dict.fromkeys(made, "remediated")
    assert len(entries) == len(made) and {entry["why"] for entry in entries} == {"CHG-1"}
    assert report(member, hub, execution)["outcomes"] == {"remediated": len(made)}
    writes = Counter(member.writes)
    assert (writes["sqs:SetQueueAttributes"], writes["rds:ModifyDBInstance"]) == (4, 2)


def test_the_same_batch_again_starts_nothing_twice(hub: Hub, member: Server) -> None:
    hub.enable(QUEUES, account=FIRST)
    for number in range(3):
        member.make("sqs-queue", f"again-{number}", FIRST)
    first, second = (backfill(hub, batch="again", accounts=[FIRST], types=["sqs-queue"]) for _ in range(2))
    assert first.status == second.status == "SUCCEEDED"
    assert output(hub, first)["outcomes"] == output(hub, second)["outcomes"]
    assert len(ledger(hub, "again")) == sum(output(hub, first)["outcomes"].values())
    assert member.writes.count("sqs:SetQueueAttributes") == 3


def test_a_batch_that_was_stopped_goes_on_where_it_was_stopped(hub: Hub, member: Server) -> None:
    account = "777788889990"
    hub.enable(QUEUES, account=account)
    made = {member.make("sqs-queue", f"stopped-{number}", account) for number in range(6)}
    given = {"batch": "stopped", "accounts": [account], "concurrency": 1}
    stopped = hub.start("backfill", given)
    awaited(lambda: ledger(hub, "stopped"))
    hub.client("stepfunctions").stop_execution(executionArn=stopped)
    assert hub.ended(stopped).status == "ABORTED"
    awaited(lambda: not running(hub, "sqs-queue"))
    assert 0 < len(ledger(hub, "stopped")) < len(made)
    assert backfill(hub, **given).status == "SUCCEEDED"
    assert Counter(entry["resource"].rpartition("/")[2] for entry in ledger(hub, "stopped")) == Counter(made)
    assert member.writes.count("sqs:SetQueueAttributes") == len(made)


def test_an_account_whose_role_is_refused_fails_alone_and_a_later_run_of_the_batch_makes_up_for_it(
    hub: Hub, member: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused, reached = "888899990000", "999900001111"
    for account in (refused, reached):
        member.make("sqs-queue", "partly", account)
        hub.enable(QUEUES, account=account)
    assume = TokenResponse.assume_role

    def refuse(self: TokenResponse) -> Any:
        if refused in self.querystring["RoleArn"][0]:
            raise AccessDeniedError(user_arn="planted-text", action="sts:AssumeRole")
        return assume(self)

    again = partial(backfill, hub, batch="partly", accounts=[refused, reached])
    with monkeypatch.context() as patched:
        patched.setattr(TokenResponse, "assume_role", refuse)
        execution = again()
    assert (execution.status, error(hub, execution)) == ("FAILED", "SomeFailed")
    assert {entry["resource"]: (entry["outcome"], entry["error"]) for entry in ledger(hub, "partly")} == {
        f"{reached}/{REGION}/sqs-queue/partly": ("remediated", ""),
        f"{refused}/{REGION}/sqs-queue/'all services'": ("failed", "RoleNotAssumed"),
    }
    assert "planted-text" not in str(ledger(hub, "partly"))
    execution = again()
    assert (execution.status, output(hub, execution)["outcomes"]) == ("SUCCEEDED", {"remediated": 2})


def test_after_its_time_a_batch_begins_nothing(hub: Hub, member: Server) -> None:
    hub.enable(QUEUES, account=FIRST)
    member.make("sqs-queue", "late", FIRST)
    past = datetime(2020, 1, 1, tzinfo=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    execution = backfill(hub, batch="late", accounts=[FIRST], types=["sqs-queue"], until=past)
    assert (execution.status, output(hub, execution)["outcomes"]) == ("SUCCEEDED", {})
    assert (ledger(hub, "late"), member.writes.count("sqs:SetQueueAttributes")) == ([], 0)


def test_before_its_time_a_batch_begins_nothing(hub: Hub, member: Server) -> None:
    hub.enable(QUEUES, account=FIRST)
    member.make("sqs-queue", "early", FIRST)
    begins = datetime.now(UTC) + timedelta(days=4)
    given = {"batch": "early", "accounts": [FIRST], "not_before": f"{begins:%Y-%m-%dT%H:%M:%SZ}"}
    early = hub.start("backfill", given)
    awaited(lambda: "Wait until it may begin" in entered(hub, early))
    hub.client("stepfunctions").stop_execution(executionArn=early)
    assert hub.ended(early).status == "ABORTED"
    assert entered(hub, early)[-1] == "Wait until it may begin"
    assert (ledger(hub, "early"), member.writes.count("sqs:SetQueueAttributes")) == ([], 0)


@pytest.mark.parametrize("enabled", [(), (QUEUES,)], ids=["nothing enabled", "nothing there"])
def test_where_there_is_nothing_to_do_it_ends_well(
    hub: Hub, member: Server, enabled: tuple[str, ...]
) -> None:
    account = "123443211234"
    hub.enable(*enabled, account=account)
    execution = backfill(hub, accounts=[account])
    assert (execution.status, output(hub, execution)["outcomes"]) == ("SUCCEEDED", {})


def test_a_resource_that_a_finding_names_is_remediated_and_no_other(hub: Hub, member: Server) -> None:
    """With the input that the rule makes of one: no event of aws.securityhub can be put on the bus."""
    account = "432112344321"
    hub.enable(QUEUES, account=account)
    for name in ("found", "not-found"):
        member.make("sqs-queue", name, account)
    arn = f"arn:aws:sqs:{REGION}:{account}:found"
    named = {"account": account, "region": REGION, "resource": arn}
    unregistered = {**named, "account": "432143214321"}
    execution = backfill(hub, batch="found", resources=[named, unregistered], reason="Security Hub finding x")
    assert (execution.status, output(hub, execution)["outcomes"]) == ("SUCCEEDED", {"remediated": 1})
    [entry] = ledger(hub, "found")
    assert (entry["resource"], entry["why"]) == (
        f"{account}/{REGION}/sqs-queue/found",
        "Security Hub finding x",
    )


def test_a_large_group_of_an_event_is_remediated_through_the_backfill(hub: Hub, member: Server) -> None:
    account = "313131313131"
    hub.enable(BUCKETS, account=account)
    buckets = {member.make("s3-bucket", f"large-{number}", account, BUCKETS) for number in range(101)}
    given = {"account": account, "region": REGION, "group": "account"}
    started = hub.ended(hub.start("s3-bucket", given))
    assert (started.status, started.outcome) == ("SUCCEEDED", "fanned-out")
    reason = hub.entry(started)["reason"]
    name = reason.removeprefix("Started the backfill ").partition(" ")[0]
    ended = hub.ended(f"{hub.machine('backfill').replace(':stateMachine:', ':execution:')}:{name}")
    # Beside its buckets the example makes one for their logs.
    assert output(hub, ended)["outcomes"] == {"remediated": len(buckets) + 1}


def test_an_item_that_names_no_remediation_starts_nothing(hub: Hub, member: Server) -> None:
    """A14: as somebody could write it who may write to the work bucket."""
    account = "323232323232"
    hub.enable(QUEUES, account=account)
    queue = member.make("sqs-queue", "item", account)
    bucket = hub.outputs["WorkBucket"]
    s3 = member.session().client("s3")
    given = {"account": account, "region": REGION, "resource": queue}
    items = [
        {"resource_type": "backfill", "name": "evil-1", "input": {"accounts": [account]}},
        {"resource_type": "sqs-queue", "name": "evil-2", "input": {**given, "undo": "x", "group": "y"}},
    ]
    where = {"bucket": bucket, "key": "batches/evil/items.json"}
    place = {"region": REGION, "types": ["sqs-queue"]}
    scope = {"account": account, "places": [place], "service": "sqs"}
    scopes = [{**scope, "items": where, "count": len(items)}]
    for key, content in (("items", items), ("scopes", scopes)):
        s3.put_object(Bucket=bucket, Key=f"batches/evil/{key}.json", Body=json.dumps(content).encode())
    before = len(executions(hub, "backfill"))
    execution = backfill(hub, batch="evil", scopes={"bucket": bucket, "key": "batches/evil/scopes.json"})
    assert output(hub, execution)["outcomes"] == {"remediated": 1}
    [entry] = ledger(hub, "evil")
    assert (entry["resource"], entry["undo"]) == (f"{account}/{REGION}/sqs-queue/{queue}", None)
    assert len(executions(hub, "backfill")) == before + 1


def executions(hub: Hub, machine: str) -> list[Any]:
    pages = hub.client("stepfunctions").get_paginator("list_executions")
    return [
        each
        for page in pages.paginate(stateMachineArn=hub.machine(machine))
        for each in page["executions"]
        if "/" not in each["executionArn"]
    ]


def backfill(hub: Hub, **given: Any) -> Execution:
    return hub.ended(hub.start("backfill", given))


def described(hub: Hub, execution: Execution) -> Mapping[str, Any]:
    arn = f"{hub.machine('backfill').replace(':stateMachine:', ':execution:')}:{execution.name}"
    answer: Mapping[str, Any] = hub.client("stepfunctions").describe_execution(executionArn=arn)
    return answer


def output(hub: Hub, execution: Execution) -> dict[str, Any]:
    written: dict[str, Any] = json.loads(described(hub, execution)["output"])
    return written


def error(hub: Hub, execution: Execution) -> str:
    return str(described(hub, execution)["error"])


def report(member: Server, hub: Hub, execution: Execution) -> dict[str, Any]:
    """The report object, which is in the functions' S3."""
    where = output(hub, execution)["report"]
    body = member.session().client("s3").get_object(Bucket=where["bucket"], Key=where["key"])["Body"]
    written: dict[str, Any] = json.load(body)
    return written


def ledger(hub: Hub, batch: str) -> list[dict[str, Any]]:
    """The ledger's entries of the batch."""
    pages = hub.client("dynamodb").get_paginator("scan").paginate(TableName=hub.outputs["LedgerTable"])
    read = TypeDeserializer().deserialize
    entries = [read({"M": item}) for page in pages for item in page["Items"]]
    return [entry for entry in entries if entry.get("batch") == batch]


def entered(hub: Hub, arn: str) -> list[str]:
    """The states that the execution has come to."""
    pages = hub.client("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=arn)
    events = (event.get("stateEnteredEventDetails") for page in pages for event in page["events"])
    return [details["name"] for details in events if details]


def running(hub: Hub, resource_type: str) -> list[Any]:
    states = hub.client("stepfunctions")
    answer = states.list_executions(stateMachineArn=hub.machine(resource_type), statusFilter="RUNNING")
    return list(answer["executions"])
