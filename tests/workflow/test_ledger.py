"""What every ending writes into the ledger."""

import json
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from unittest.mock import patch

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from rightstate import __version__
from rightstate.aws.sessions import session_name
from rightstate.catalogue import load
from rightstate.clock import written
from rightstate.models.approval import Choice
from rightstate.models.settings import Account, Enabled, Exemption
from rightstate.policy import Mode
from rightstate.states import death
from rightstate.storage.tables import LEDGER
from rightstate_cli.embedded.engine import Engine
from rightstate_cli.executions.executions import Start
from rightstate_cli.simulation import accounts
from tests.support import endings, ledgers, waiting
from tests.support.entries import entry_of
from tests.support.halting import halt
from tests.support.member import ACCOUNT, REGION, broken, enable, event_about, start_input
from tests.support.waiting import guarding_as, request_of, started

POLICY = "sqs-server-side-encryption"
# The parameter LedgerDays.
KEPT = timedelta(days=400)
REFUSED = {"account": ACCOUNT, "region": REGION, "resource": "../x"}


def ended(hub: Engine, given: dict[str, Any], resource_type: str = "sqs-queue") -> list[dict[str, Any]]:
    """The entries that the executions of the input have written."""
    before = {entry["execution"] for entry in hub.ledger()}
    list(hub.run([Start(resource_type=resource_type, input=given)]))
    return [entry for entry in hub.ledger() if entry["execution"] not in before]


def test_an_entry_says_where_when_by_whom_and_why(hub: Engine) -> None:
    enable(hub, POLICY)
    queue = broken(POLICY)
    [entry] = ended(hub, start_input(queue, requester="AIDAEXAMPLE", reason="CHG-1"))
    assert (entry["account"], entry["region"], entry["resource_type"]) == (ACCOUNT, REGION, "sqs-queue")
    assert entry["resource"] == f"{ACCOUNT}/{REGION}/sqs-queue/{queue}"
    assert (entry["policies"], entry["rule"], entry["why"]) == ([POLICY], "policies", "CHG-1")
    assert entry["requester"] == "AIDAEXAMPLE"
    # T29: from a session of CloudTrail's to the execution, and from that to the entry.
    assert entry["execution"].startswith("arn:aws:states:")
    assert (entry["version"], entry["approval"], entry["undo"]) == (__version__, None, None)
    assert entry["at"] == f"{entry['started']}#{entry['execution'].rpartition(':')[2]}"
    assert entry["day"] == entry["started"][:10]
    assert entry["started"] <= entry["ended"]
    assert 0 < entry["seconds"] < 600
    started = datetime.fromisoformat(entry["started"])
    assert datetime.fromtimestamp(int(entry["expires"]), UTC) == started.replace(microsecond=0) + KEPT


def shape(entry: dict[str, Any]) -> dict[str, Any]:
    """The entry's attributes, each with its kind; of what it holds, the attributes of that."""
    return {name: _kind(value) for name, value in sorted(entry.items())}


def _kind(value: Any) -> Any:
    match value:
        case dict() if set(value) <= set(load("sqs-queue").settings):
            return "settings" if value else "no settings"
        case dict():
            return sorted(value)
        case [dict(), *_]:
            return {name for each in value for name in each}
        case list():
            return "list" if value else "empty list"
        case bool() | None:
            return str(value)
        case str():
            return "text"
        case _:
            return "number"


ENDS: dict[str, dict[str, Any]] = {
    "off": {"mode": Mode.OFF},
    "halted": {"halted": True},
}


@pytest.mark.parametrize("outcome", ENDS)
def test_the_ledgers_of_other_tests_have_what_a_run_writes_that_changes_nothing(
    hub: Engine, outcome: str
) -> None:
    how = ENDS[outcome]
    enable(hub, POLICY, mode=how.get("mode", Mode.AUTO))
    queue = broken(POLICY)
    if how.get("halted"):
        halt(f"{ACCOUNT}/{REGION}/sqs-queue/{queue}", POLICY)
    [entry] = ended(hub, start_input(queue))
    assert_made(entry, outcome)


@pytest.mark.parametrize(
    ("operation", "state"), [("GetQueueAttributes", "Describe"), ("SetQueueAttributes", "Apply")]
)
def test_the_ledgers_of_other_tests_have_what_a_run_writes_that_fails(
    hub: Engine, operation: str, state: str
) -> None:
    call = BaseClient._make_api_call  # type: ignore[attr-defined]

    def refusing(self: Any, name: str, params: dict[str, Any]) -> Any:
        if name == operation:
            raise ClientError({"Error": {"Code": "AccessDenied"}}, name)
        return call(self, name, params)

    enable(hub, POLICY)
    queue = broken(POLICY)
    with patch.object(BaseClient, "_make_api_call", refusing):
        [entry] = ended(hub, start_input(queue))
    made = endings.ended(
        "sqs-queue",
        queue,
        account=ACCOUNT,
        region=REGION,
        policies={POLICY: Mode.AUTO},
        observed={"QueueUrl": f"https://sqs/{ACCOUNT}/{queue}", "Encryption": "none"},
        failed=endings.Failed(state),
    )
    assert (entry["outcome"], entry["error"]) == ("failed", "Denied")
    assert shape(entry) == shape(made)
    # The route that was taken is the one that is drawn.
    assert [each["state"] for each in entry["path"]] == [each["state"] for each in made["path"]]


def test_the_ledgers_of_other_tests_have_what_a_run_writes_and_nothing_else(hub: Engine) -> None:
    """So that no page is tested with what the product never writes."""
    enable(hub, POLICY)
    queue = broken(POLICY)
    [match] = hub.matches(event_about(POLICY, queue))
    changed = broken(POLICY)
    start = start_input(changed, requester="AROAEXAMPLE:ana")
    starts = [match.start.input, match.start.input, start, start]
    starts += [{**start, "resource": broken(POLICY), "mode": "report"}, {**start, "resource": "gone"}]
    found = [entry for given in starts for entry in ended(hub, given)]
    undone = {**start, "undo": found[2]["execution"]}
    excuse = Exemption(
        id="ex-1a2b3c4d",
        policies=(POLICY,),
        resource=f"{REGION}/sqs-queue/{changed}",
        reason="CHG-1",
        approver="ana@example.com",
        created=written(datetime.now(UTC)),
        until=written(datetime.now(UTC) + timedelta(days=3)),
    )
    given = {"account": ACCOUNT, "role_arn": accounts.role_arn(ACCOUNT), "external_id": "shared"}
    policies = {POLICY: Enabled(mode=Mode.AUTO)}
    hub.configure(Account(**given, policies=policies, exemptions=(excuse,)))
    found += ended(hub, undone) + ended(hub, start)
    assert [each["outcome"] for each in found] == [
        "remediated",
        "compliant",
        "remediated",
        "compliant",
        "reported",
        "gone",
        "undone",
        "exempt",
    ]
    for entry in found:
        assert_made(entry, entry["outcome"])


def test_the_ledgers_of_other_tests_have_what_a_run_writes_that_was_denied(hub: Engine) -> None:
    enable(hub, POLICY, mode=Mode.APPROVE)
    queue = broken(POLICY)
    execution = started(hub, "sqs-queue", start_input(queue))
    approver = guarding_as(hub, *endings.APPROVER)
    approver.decide(request_of(hub, execution), Choice.DENY, "not now")
    entry = waiting.ended(hub, execution)
    del entry["status"]  # of the execution
    assert_made(entry, "denied")


def test_the_ledgers_of_other_tests_have_what_a_run_writes_that_asks_in_a_batch(hub: Engine) -> None:
    enable(hub, POLICY, mode=Mode.APPROVE)
    queue = broken(POLICY)
    # What it asks for, another execution does, which waits.
    [entry] = ended(hub, start_input(queue, batch="nightly", requester="AROAEXAMPLE:rightstate-sweep"))
    assert_made(entry, "awaiting-approval")


def test_the_ledgers_of_other_tests_have_what_is_written_of_a_run_that_died(hub: Engine) -> None:
    enable(hub, POLICY, mode=Mode.APPROVE)
    queue = broken(POLICY)
    execution = started(hub, "sqs-queue", start_input(queue))
    request_of(hub, execution)
    detail = {
        "executionArn": execution,
        "stateMachineArn": hub.machines["sqs-queue"],
        "status": "ABORTED",
        "startDate": 1795424525123,
        "stopDate": 1795424526123,
        "input": json.dumps(start_input(queue)),
    }
    death.record_death({"detail": detail})
    entry = entry_of(hub, execution)
    assert_made(entry, "died")


def assert_made(entry: dict[str, Any], outcome: str) -> None:
    """The ledgers of other tests have such an entry."""
    assert entry["outcome"] == outcome
    made = [shape(each) for each in queues() if each["outcome"] == outcome]
    assert shape(entry) in made, (shape(entry), made[0])


@cache
def queues() -> list[dict[str, Any]]:
    return [each for each in ledgers.entries(6000) if each["resource_type"] == "sqs-queue"]


WAYS: dict[str, dict[str, Any]] = {
    "remediated": {},
    "reported": {"mode": "report"},
    "refused": {"resource": "../x"},
    "changed since it was planned": {"policies": [POLICY], "approved": "0" * 64},
}


@pytest.mark.parametrize("given", WAYS.values(), ids=WAYS.keys())
def test_an_entry_has_the_way_that_step_functions_has_of_its_execution(
    hub: Engine, given: dict[str, Any]
) -> None:
    enable(hub, POLICY)
    start = {**start_input(broken(POLICY)), **given}
    [execution] = hub.run([Start(resource_type="sqs-queue", input=start)])
    entry = entry_of(hub, execution)
    steps = execution.steps
    assert [each["state"] for each in entry["path"]] == [
        each.state for each in steps if each.state != "Remediation failed"
    ]
    for visit, step in zip(entry["path"], steps, strict=False):
        assert visit["entered"] == written(step.entered)
    # In the last one it is while it writes.
    for visit, step in zip(entry["path"][:-1], steps, strict=False):
        assert float(visit["seconds"]) == pytest.approx(step.seconds, abs=0.001)
    assert entry["path"][-1]["state"] == "Notify and record"
    assert entry["path"][-1]["entered"] <= entry["ended"]


def test_an_entry_is_written_without_its_way_where_step_functions_does_not_answer(hub: Engine) -> None:
    """A throttled read fails nothing that has been done."""
    enable(hub, POLICY)
    answer = {"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}
    throttled = ClientError(answer, "GetExecutionHistory")  # type: ignore[arg-type]
    with patch("rightstate_cli.embedded.hub._StepFunctions.get_execution_history", side_effect=throttled):
        [entry] = ended(hub, start_input(broken(POLICY)))
    assert (entry["outcome"], entry["path"]) == ("remediated", [])


def test_the_requester_is_who_made_the_call_where_nobody_started_it_by_hand(hub: Engine) -> None:
    enable(hub, POLICY)
    event = event_about(POLICY, broken(POLICY))
    before = {entry["execution"] for entry in hub.ledger()}
    list(hub.run([match.start for match in hub.matches(event)]))
    [entry] = [each for each in hub.ledger() if each["execution"] not in before]
    assert entry["requester"] == entry["event"]["principal"] != ""


@pytest.mark.parametrize(
    ("mode", "given", "outcome", "rule"),
    [
        (Mode.AUTO, {}, "remediated", "policies"),
        (Mode.REPORT, {}, "reported", "mode report"),
        (Mode.OFF, {}, "off", "settings"),
        (Mode.AUTO, {"account": "999999999999"}, "failed", "settings"),
        (Mode.AUTO, {"resource": "never-was"}, "gone", "call"),
        (Mode.AUTO, {"resource": "../x"}, "failed", "input"),
        (Mode.AUTO, {"resource": None}, "failed", "input"),
        (Mode.AUTO, {"account": ""}, "failed", "input"),
        (Mode.AUTO, {"region": "\ud800"}, "failed", "input"),
        (Mode.AUTO, {"requester": "x" * 300}, "failed", "input"),
    ],
)
def test_every_ending_writes_exactly_one_entry_with_the_rule_that_decided(
    hub: Engine, mode: Mode, given: dict[str, Any], outcome: str, rule: str
) -> None:
    enable(hub, POLICY, mode=mode)
    [entry] = ended(hub, {**start_input(broken(POLICY)), **given})
    assert (entry["outcome"], entry["rule"]) == (outcome, rule)
    # DynamoDB takes no empty text as the key of an index.
    assert all(entry[key] for key in ("account", "day", "execution"))


def test_an_account_without_settings_has_its_resource_under_its_own_name(hub: Engine) -> None:
    [entry] = ended(hub, {**start_input("invoices"), "account": "999999999999"})
    assert entry["resource"] == f"999999999999/{REGION}/sqs-queue/invoices"


@pytest.mark.parametrize(
    "given",
    [{"account": "1/2", "region": "a/b/c"}, {"account": 7, "region": ["x"]}, {"account": "x" * 39}],
    ids=json.dumps,
)
def test_an_input_cannot_make_a_key_of_other_parts(hub: Engine, given: dict[str, Any]) -> None:
    [entry] = ended(hub, {**REFUSED, **given})
    assert entry["account"] == "?"
    assert entry["resource"].split("/", 3)[2:] == ["sqs-queue", "'../x'"]


def test_a_session_is_named_after_its_execution_and_says_no_source_identity(hub: Engine) -> None:
    """T29: so that a call in CloudTrail leads to the execution."""
    asked: list[dict[str, Any]] = []
    call = BaseClient._make_api_call  # type: ignore[attr-defined]

    def noted(self: Any, operation: str, params: dict[str, Any]) -> Any:
        if operation == "AssumeRole" and "Policy" in params:
            asked.append(params)
        return call(self, operation, params)

    enable(hub, POLICY)
    name = f"{'e' * 36}_{'u' * 36}"
    with patch.object(BaseClient, "_make_api_call", noted):
        given = start_input(broken(POLICY))
        [execution] = hub.run([Start(resource_type="sqs-queue", input=given, name=name)])
        assert session_name(execution.name) == name[:64]
        of_it = len(asked)
        enable(hub, "s3-versioning")
        group = {"account": ACCOUNT, "region": REGION, "group": "account"}
        [listed, *_] = hub.run([Start(resource_type="s3-bucket", input=group)])
    assert {params["RoleSessionName"] for params in asked[:of_it]} == {name[:64]}
    assert asked[of_it]["RoleSessionName"] == session_name(listed.name)
    assert not any("SourceIdentity" in params for params in asked)


def test_a_ledger_has_an_index_for_each_question(hub: Engine) -> None:
    [entry] = ended(hub, REFUSED)
    for index in ("account", "day", "execution"):
        assert entry["at"] in {item["at"] for item in hub.table(LEDGER).query(entry[index], index)}
