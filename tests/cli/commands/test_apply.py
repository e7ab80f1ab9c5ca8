"""`rightstate apply` and `rightstate batch`: a reviewed plan, carried out by a deployed hub.

moto runs the remediations for real, but no Distributed Map: in the place of the backfill machine stands one
that succeeds at once, and the test starts what the batch's items say, as the machine does.
"""

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from moto.stepfunctions.parser.models import StepFunctionsParserBackend

from rightstate.catalogue import load_all
from rightstate.models.settings import Account, Enabled
from rightstate.policy import Mode
from rightstate_cli.batches import batches
from rightstate_cli.planning import plan_file
from tests.cli.commands.conftest import OTHER, OWN, REGION, Cli, Server
from tests.support.moto_engine import Engine

pytestmark = pytest.mark.usefixtures("enabled", "backfill")
SQS = "sqs-server-side-encryption"
_POLICIES = {
    each.id: Enabled(mode=Mode.AUTO, parameters=each.examples) for of in load_all() for each in of.policies
}


class Backfill:
    """What stands in for the backfill machine. `begins` limits how many items a run begins."""

    def __init__(self, hub: Engine) -> None:
        self.hub = hub
        self.begins: int | None = None
        self.runs: list[dict[str, Any]] = []

    def run(self, given: dict[str, Any]) -> None:
        self.runs.append(given)
        states = self.hub.client("stepfunctions")
        for item in self.items(given["scopes"])[: self.begins]:
            machine = self.hub.resources[_MACHINES[item["resource_type"]]]
            try:
                started = states.start_execution(
                    stateMachineArn=machine, name=item["name"], input=json.dumps(item["input"])
                )
            except states.exceptions.ExecutionAlreadyExists:
                continue
            while states.describe_execution(executionArn=started["executionArn"])["status"] == "RUNNING":
                time.sleep(0.02)

    def items(self, scopes: dict[str, str]) -> list[dict[str, Any]]:
        return [item for scope in self.read(**scopes) for item in self.read(**scope["items"])]

    def read(self, bucket: str, key: str) -> Any:
        answer = self.hub.client("s3").get_object(Bucket=bucket, Key=key)
        return json.loads(answer["Body"].read())


_MACHINES = {"sqs-queue": "SqsQueueMachine", "kms-key": "KmsKeyMachine", "s3-bucket": "S3BucketMachine"}


@pytest.fixture
def backfill(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Backfill]:
    monkeypatch.setattr(batches, "_LAG_SECONDS", 0)
    monkeypatch.setattr(batches, "_POLL_SECONDS", 0.05)
    machine = engine.resources["BackfillMachine"]
    definition = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}
    engine.client("stepfunctions").update_state_machine(
        stateMachineArn=machine, definition=json.dumps(definition)
    )
    standing_in = Backfill(engine)
    start = StepFunctionsParserBackend.start_execution

    def started(
        self: StepFunctionsParserBackend, state_machine_arn: str, name: str, execution_input: str, **more: Any
    ) -> Any:
        if state_machine_arn.startswith(machine) and "scopes" in execution_input:
            standing_in.run(json.loads(execution_input))
        return start(self, state_machine_arn, name, execution_input, **more)

    monkeypatch.setattr(StepFunctionsParserBackend, "start_execution", started)
    engine.configure(Account(account=OWN, policies=_POLICIES))
    yield standing_in


@pytest.fixture
def planned(server: Server, cli: Cli, tmp_path: Path) -> Callable[..., Path]:
    """Makes queues that break their policy, and the plan of them."""

    def make(*queues: str, args: tuple[str, ...] = ("--deployed",)) -> Path:
        for queue in queues:
            server.make("sqs-queue", queue)
        file = tmp_path / f"{queues[0]}.json"
        named = [word for queue in queues for word in ("-r", f"arn:aws:sqs:{REGION}:{OWN}:{queue}")]
        ran = cli("plan", "--account", OWN, "-p", SQS, *named, "-o", str(file), *args)
        assert (ran.code, file.exists()) == (1, True), ran.err
        server.calls.clear()
        return file

    return make


def encrypted(server: Server, queue: str) -> bool:
    sqs = server.session().client("sqs")
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["SqsManagedSseEnabled"])
    return bool(attributes.get("Attributes", {}).get("SqsManagedSseEnabled") == "true")


def test_the_plan_is_carried_out_and_applying_it_again_repeats_nothing(
    server: Server, cli: Cli, backfill: Backfill, planned: Callable[..., Path]
) -> None:
    file = planned("apply-1", "apply-2")
    ran = cli("apply", str(file), "--yes", "--format", "json")
    assert [(each["resource"], each["outcome"]) for each in ran.json["items"]] == [
        ("apply-1", "remediated"),
        ("apply-2", "remediated"),
    ]
    assert encrypted(server, "apply-1") and encrypted(server, "apply-2")
    assert ran.code == 0
    server.calls.clear()
    again = cli("apply", str(file), "--yes")
    assert "This plan was applied by" in again.err and "2 remediated. Nothing was started." in again.err
    assert (again.code, again.out, len(backfill.runs)) == (2, "", 1)
    assert "sqs:SetQueueAttributes" not in server.calls


def test_resources_that_drifted_back_the_same_way_are_fixed_by_applying_the_plan_again(
    server: Server, cli: Cli, backfill: Backfill, planned: Callable[..., Path]
) -> None:
    file = planned("back-1", "back-2")
    first = cli("apply", str(file), "--yes", "--format", "json")
    sqs = server.session().client("sqs")
    for queue in ("back-1", "back-2"):
        url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"SqsManagedSseEnabled": "false"})
    before = file.read_text()
    arns = [word for q in ("back-1", "back-2") for word in ("-r", f"arn:aws:sqs:{REGION}:{OWN}:{q}")]
    cli("plan", "--account", OWN, "-p", SQS, *arns, "-o", str(file), "--deployed")
    assert file.read_text() == before
    refused = cli("apply", str(file), "--yes")
    assert "apply the plan again with --again" in refused.err
    assert (refused.code, encrypted(server, "back-1")) == (2, False)
    again = cli("apply", str(file), "--yes", "--again", "--format", "json")
    assert [each["outcome"] for each in again.json["items"]] == ["remediated", "remediated"]
    assert again.json["batch"] == f"{first.json['batch']}_2"
    assert encrypted(server, "back-1") and encrypted(server, "back-2")
    assert "This plan was applied by" in cli("apply", str(file), "--yes").err


def test_a_smaller_apply_of_the_same_plan_takes_nothing_out_of_its_batch(
    cli: Cli, backfill: Backfill, planned: Callable[..., Path]
) -> None:
    file = planned("kept-1", "kept-2", "kept-3", "kept-4")
    backfill.begins = 1
    batch = cli("apply", str(file), "--yes", "--format", "json").json["batch"]
    backfill.begins = None
    ran = cli("apply", str(file), "--yes", "--max", "2")
    assert "Done before, and not done again: 1 resource." in ran.err
    assert "Change 1 setting of 1 resource in 1 account." in ran.err
    shown = cli("batch", "show", batch, "--format", "json").json
    assert shown["counts"] == {"not-run": 2, "remediated": 2}
    resumed = cli("batch", "resume", batch, "--format", "json")
    assert [each["outcome"] for each in resumed.json["items"]] == ["remediated"] * 4


def test_what_was_tried_once_more_keeps_the_outcome_of_that(
    engine: Engine, cli: Cli, backfill: Backfill, planned: Callable[..., Path]
) -> None:
    file = planned("mended-later", "second")
    engine.configure(Account(account=OWN, role_arn=f"arn:aws:iam::{OTHER}:role/wrong", policies=_POLICIES))
    backfill.begins = 1
    batch = cli("apply", str(file), "--yes", "--format", "json").json["batch"]
    engine.configure(Account(account=OWN, policies=_POLICIES))
    assert cli("batch", "resume", batch, "--failed").code == 1
    backfill.begins = None
    assert cli("apply", str(file), "--yes").code == 0
    counts = cli("batch", "show", batch, "--format", "json").json["counts"]
    assert counts == {"remediated": 2}


def test_what_the_hub_is_asked_to_do_is_what_the_plan_says(
    cli: Cli, backfill: Backfill, planned: Callable[..., Path]
) -> None:
    file = planned("asked")
    plan = json.loads(file.read_text())
    ran = cli("apply", str(file), "--yes", "--reason", "CHG-1", "--concurrency", "2", "--format", "json")
    batch = f"plan-{plan['sha256'][:24]}"
    assert ran.json["batch"] == batch
    [given] = backfill.runs
    assert given == {
        "batch": batch,
        "scopes": {"bucket": given["scopes"]["bucket"], "key": f"batches/{batch}/runs/1/scopes.json"},
        "concurrency": 2,
        "requester": given["requester"],
    }
    assert given["requester"]
    [scope] = backfill.read(**given["scopes"])
    place = {"region": REGION, "types": ["sqs-queue"]}
    assert (scope["account"], scope["places"]) == (OWN, [place])
    assert (scope["service"], scope["count"]) == ("sqs", 1)
    [item] = backfill.items(given["scopes"])
    assert item["name"].startswith(f"{batch}-")
    assert item["input"] == {
        "account": OWN,
        "region": REGION,
        "resource": "asked",
        "policies": [SQS],
        "reason": "CHG-1",
        "approved": plan_file.read(file).items[0].fingerprint,
        "batch": batch,
        "requester": given["requester"],
    }


def test_a_resource_that_has_changed_since_is_listed_and_left_alone(
    server: Server, cli: Cli, planned: Callable[..., Path]
) -> None:
    file = planned("moved-on", "as-planned")
    sqs = server.session().client("sqs")
    url = sqs.get_queue_url(QueueName="moved-on")["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"KmsMasterKeyId": "alias/ours"})
    ran = cli("apply", str(file), "--yes")
    assert "sqs-queue moved-on" in ran.out and "changed-since-plan" in ran.out
    assert "Make a new plan" in ran.out
    assert "2 resources: 1 changed-since-plan, 1 remediated." in ran.out
    assert encrypted(server, "as-planned")
    assert ran.code == 1


def test_with_max_the_first_of_the_plan_are_changed_and_a_higher_one_goes_on(
    server: Server, cli: Cli, backfill: Backfill, planned: Callable[..., Path]
) -> None:
    file = planned("max-1", "max-2", "max-3")
    ran = cli("apply", str(file), "--yes", "--max", "1")
    assert [encrypted(server, f"max-{number}") for number in (1, 2, 3)] == [True, False, False]
    assert "Left by --max: 2 resources." in ran.err
    assert ran.code == 0
    more = cli("apply", str(file), "--yes", "--max", "67%", "--format", "json")
    assert [each["outcome"] for each in more.json["items"]] == ["remediated", "remediated"]
    assert more.json["left"] == 1
    assert [len(backfill.items(run["scopes"])) for run in backfill.runs] == [1, 1]
    assert [encrypted(server, f"max-{number}") for number in (1, 2, 3)] == [True, True, False]


@pytest.mark.parametrize(
    ("account", "why"),
    [
        (None, "is not registered"),
        (
            Account(account=OWN, regions=("eu-west-1",), policies=_POLICIES),
            "not one of the account's regions",
        ),
        (Account(account=OWN), f"Not enabled in the account: {SQS}"),
        (
            Account(account=OWN, policies={SQS: Enabled(mode=Mode.REPORT)}),
            f"Not in mode auto in the account, so not all of it would be changed: {SQS} (report)",
        ),
        (
            Account(
                account=OWN,
                policies={SQS: Enabled(mode=Mode.AUTO, parameters={"encrypt_with": "alias/other"})},
            ),
            f"Enabled with other parameters than planned: {SQS}",
        ),
    ],
)
def test_what_the_hub_would_not_do_as_planned_is_refused_before_anything_is_started(
    engine: Engine,
    server: Server,
    cli: Cli,
    backfill: Backfill,
    planned: Callable[..., Path],
    account: Account | None,
    why: str,
) -> None:
    file = planned("refused")
    if account:
        engine.configure(account)
    else:
        table = engine.resources["SettingsTable"]
        engine.client("dynamodb").delete_item(TableName=table, Key={"account": {"S": OWN}})
    ran = cli("apply", str(file), "--yes", "--format", "json")
    [refused] = ran.json["refused"]
    assert why in refused["reason"]
    assert (refused["resource"], ran.json["execution"], backfill.runs) == ("refused", None, [])
    assert not encrypted(server, "refused")
    assert ran.code == 1


def test_the_others_are_changed_when_some_are_refused(
    server: Server, cli: Cli, planned: Callable[..., Path], tmp_path: Path
) -> None:
    stranger = "999900001111"
    server.make("sqs-queue", "theirs", stranger)
    server.make("sqs-queue", "ours")
    file = tmp_path / "both.json"
    made = cli(
        *("plan", "--account", OWN, "--account", stranger, "-p", SQS, "-o", str(file)),
        *("-r", f"arn:aws:sqs:{REGION}:{OWN}:ours", "-r", f"arn:aws:sqs:{REGION}:{stranger}:theirs"),
    )
    assert made.code == 1
    ran = cli("apply", str(file), "--yes", COLUMNS="200")
    assert f"Account {stranger} is not registered." in ran.err
    assert "leave the 1 refused alone" in ran.err
    assert "1 resource: 1 remediated." in ran.out
    assert ran.code == 1


def test_nobody_confirming_starts_nothing(cli: Cli, backfill: Backfill, planned: Callable[..., Path]) -> None:
    file = planned("unconfirmed")
    ran = cli("apply", str(file))
    assert "sqs-queue unconfirmed" in ran.err and "key-coupling" in ran.err
    assert "Anonymous requests" in ran.err
    assert "Change 1 setting of 1 resource in 1 account?" in ran.err
    assert "Nothing was started: nobody confirmed it." in ran.err
    assert (ran.code, ran.out, backfill.runs) == (2, "", [])
    declined = cli("apply", str(file), stdin="n\n")
    assert (declined.code, backfill.runs) == (2, [])


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (("--max", "-1"), "--max takes a number or a percentage"),
        (("--max", "101%"), "--max takes a number or a percentage"),
        (("--max", "0"), "is none at all"),
        (("--max", "5%"), "--max 5% of 1 resource is none at all"),
        (("--reason", "x" * 1025), "--reason takes at most 1024 characters"),
        (("--window", "2099-01-01T00:00Z/0h"), "is over as it begins"),
        (("--until", "tomorrow"), "takes a time with its zone"),
        (("--until", "2099-01-01T00:00"), "takes a time with its zone"),
        (("--until", "2020-01-01T00:00Z"), "is over"),
        (("--window", "2099-01-01T00:00Z"), "--window takes START/DURATION"),
        (("--window", "2020-01-01T00:00Z/2h"), "is over"),
        (("--window", "2099-01-01T00:00Z/2h"), "begins in more than 5 days, longer than the hub waits"),
        (("--window", "2099-01-01T00:00Z/2h", "--until", "2099-01-01T00:00Z"), "give one of"),
    ],
)
def test_wrong_limits_are_refused(
    cli: Cli, backfill: Backfill, planned: Callable[..., Path], args: tuple[str, ...], why: str
) -> None:
    ran = cli("apply", str(planned("limits")), "--yes", *args)
    assert why in ran.err
    assert (ran.code, ran.out, backfill.runs) == (2, "", [])


def test_until_when_resources_are_begun_is_told_to_the_machine(
    cli: Cli, backfill: Backfill, planned: Callable[..., Path]
) -> None:
    cli("apply", str(planned("timed")), "--yes", "--until", "2099-01-01T01:00+02:00")
    assert backfill.runs[0]["until"] == "2098-12-31T23:00:00Z"


def test_a_window_is_waited_for_by_the_machine_and_not_by_the_command(
    cli: Cli, backfill: Backfill, planned: Callable[..., Path]
) -> None:
    begins = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)
    window = f"{begins:%Y-%m-%dT%H:%M:%SZ}/2h"
    ran = cli("apply", str(planned("in-a-window")), "--yes", "--window", window, "--no-wait")
    assert f"The hub begins at {begins:%Y-%m-%dT%H:%M:%SZ}" in ran.err
    [given] = backfill.runs
    assert given["not_before"] == f"{begins:%Y-%m-%dT%H:%M:%SZ}"
    assert given["until"] == f"{begins + timedelta(hours=2):%Y-%m-%dT%H:%M:%SZ}"


def test_a_window_that_is_open_is_not_waited_for(
    cli: Cli, backfill: Backfill, planned: Callable[..., Path]
) -> None:
    began = datetime.now(UTC) - timedelta(minutes=30)
    cli("apply", str(planned("open-window")), "--yes", "--window", f"{began:%Y-%m-%dT%H:%MZ}/2h")
    assert "not_before" not in backfill.runs[0]


def test_a_plan_that_was_edited_starts_nothing(
    cli: Cli, backfill: Backfill, planned: Callable[..., Path]
) -> None:
    file = planned("edited")
    file.write_text(file.read_text().replace('"resource": "edited"', '"resource": "another"'))
    ran = cli("apply", str(file), "--yes")
    assert "its hash does not fit" in ran.err
    assert (ran.code, backfill.runs) == (2, [])


def _without_versioning(item: dict[str, Any]) -> None:
    """The item as if versioning were not changed."""
    for kind in ("changes", "calls"):
        item[kind] = [each for each in item[kind] if "Versioning" not in json.dumps(each)]


def _as_if_compliant(item: dict[str, Any]) -> None:
    """What the edit above leaves to be seen: the policy that finds versioning off."""
    _without_versioning(item)
    for verdict in item["verdicts"]:
        if verdict["policy"] == "s3-versioning":
            verdict |= {"findings": [], "status": "compliant"}


def _not_asked_for(item: dict[str, Any]) -> None:
    _as_if_compliant(item)
    item["verdicts"] = [each for each in item["verdicts"] if each["policy"] != "s3-versioning"]


@pytest.mark.parametrize("edit", [None, _without_versioning, _as_if_compliant, _not_asked_for])
def test_the_hub_makes_exactly_what_a_plan_shows_or_nothing(
    server: Server, cli: Cli, tmp_path: Path, edit: Callable[[dict[str, Any]], None] | None
) -> None:
    """Whoever edits a plan can make the hash that fits it."""
    bucket = server.make(
        "s3-bucket", f"shown-{edit.__name__.strip('_') if edit else 'whole'}".replace("_", "-")
    )
    file = tmp_path / "plan.json"
    policies = ("-p", "s3-versioning", "-p", "s3-block-public-access")
    named = ("-r", f"arn:aws:s3:::{bucket}", "--account", OWN, "-t", "s3-bucket")
    cli("plan", *named, *policies, "-o", str(file), "--deployed")
    content = json.loads(file.read_text())
    shown = {each["setting"] for each in content["items"][0]["changes"]}
    assert "Versioning" in shown and len(shown) > 1
    if edit:
        edit(content["items"][0])
        broken = {each["policy"] for each in content["items"][0]["verdicts"] if each["findings"]}
        content["policies"] = {name: each for name, each in content["policies"].items() if name in broken}
        content["sha256"] = plan_file._digest(content)
        file.write_text(json.dumps(content, sort_keys=True, indent=1) + "\n")
    server.calls.clear()
    ran = cli("apply", str(file), "--yes", "--format", "json")
    [item] = ran.json["items"]
    assert (item["outcome"], ran.code) == (("changed-since-plan", 1) if edit else ("remediated", 0))
    made = {"s3:PutBucketVersioning", "s3:PutPublicAccessBlock"} & set(server.calls)
    assert len(made) == (0 if edit else 2)


def test_a_plan_with_nothing_to_change_starts_nothing(
    server: Server, cli: Cli, backfill: Backfill, tmp_path: Path
) -> None:
    server.session().client("sqs").create_queue(QueueName="fine")
    file = tmp_path / "fine.json"
    assert cli("plan", "-t", "sqs-queue", "-r", "fine", "-o", str(file)).code == 0
    ran = cli("apply", str(file), "--yes")
    assert "There is nothing to change." in ran.err
    assert (ran.code, backfill.runs) == (0, [])


def test_a_batch_that_was_stopped_accounts_for_every_item_and_is_resumed_where_it_was(
    server: Server, cli: Cli, backfill: Backfill, planned: Callable[..., Path]
) -> None:
    file = planned("stop-1", "stop-2", "stop-3")
    backfill.begins = 1
    ran = cli("apply", str(file), "--yes", "--format", "json")
    batch = ran.json["batch"]
    assert sorted(each["outcome"] for each in ran.json["items"]) == ["not-run", "not-run", "remediated"]
    assert ran.code == 1
    shown = cli("batch", "show", batch, "--format", "json")
    assert shown.json["counts"] == {"not-run": 2, "remediated": 1}
    assert shown.code == 1
    stopped = cli("batch", "stop", batch)
    assert "Nothing of it is running." in stopped.err and "batch resume" in stopped.err
    assert stopped.code == 0
    backfill.begins = None
    resumed = cli("batch", "resume", batch, "--format", "json")
    assert [each["outcome"] for each in resumed.json["items"]] == ["remediated"] * 3
    assert resumed.code == 0
    assert server.calls.count("sqs:SetQueueAttributes") == 3
    again = cli("batch", "resume", batch)
    assert "There is nothing to go on with." in again.err
    assert (again.code, len(backfill.runs)) == (0, 2)
    assert cli("batch", "show", batch).code == 0


def test_a_run_that_goes_on_is_started_no_second_time_and_is_stopped(
    engine: Engine, cli: Cli, backfill: Backfill, planned: Callable[..., Path]
) -> None:
    file = planned("long-1", "long-2")
    long = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 30_000, "End": True}}}
    engine.client("stepfunctions").update_state_machine(
        stateMachineArn=engine.resources["BackfillMachine"], definition=json.dumps(long)
    )
    backfill.begins = 1
    batch = cli("apply", str(file), "--yes", "--no-wait", "--format", "json").json["batch"]
    again = cli("apply", str(file), "--yes", "--no-wait")
    assert "The batch is running already" in again.err
    assert "nothing more is started" in cli("batch", "resume", batch, "--no-wait").err
    assert len(backfill.runs) == 1
    stopped = cli("batch", "stop", batch, "--format", "json")
    assert stopped.json == {
        "batch": batch,
        "stopped": [batch],
        "counts": {"not-run": 1, "remediated": 1},
    }
    [run] = cli("batch", "show", batch, "--format", "json").json["runs"]
    assert (run["run"], run["status"]) == (batch, "ABORTED")
    assert cli("batch", "stop", batch, "--format", "json").json["stopped"] == []


def test_why_a_run_failed_is_told(engine: Engine, cli: Cli, planned: Callable[..., Path]) -> None:
    cause = json.dumps({"errorMessage": "The input is not understood: region.", "stackTrace": []})
    fails = {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "InvalidInput", "Cause": cause}}}
    states, machine = engine.client("stepfunctions"), engine.resources["BackfillMachine"]
    states.update_state_machine(stateMachineArn=machine, definition=json.dumps(fails))
    states.start_execution(stateMachineArn=machine, name="by-hand", input="{}")
    shown = cli("batch", "show", "by-hand")
    assert "InvalidInput: The input is not understood: region." in shown.err
    assert shown.code == 1
    applied = cli("apply", str(planned("refused-by-the-run")), "--yes")
    assert "The run ended FAILED: InvalidInput. The input is not understood: region." in applied.err
    assert "batch resume" in applied.err


def test_failed_items_are_tried_once_more_under_another_name(
    server: Server,
    engine: Engine,
    cli: Cli,
    backfill: Backfill,
    planned: Callable[..., Path],
) -> None:
    file = planned("fails")
    engine.configure(Account(account=OWN, role_arn=f"arn:aws:iam::{OTHER}:role/wrong", policies=_POLICIES))
    ran = cli("apply", str(file), "--yes", "--format", "json")
    assert [each["outcome"] for each in ran.json["items"]] == ["failed"]
    engine.configure(Account(account=OWN, policies=_POLICIES))
    batch = ran.json["batch"]
    assert "--failed tries failed ones again" in cli("batch", "resume", batch).err
    again = cli("batch", "resume", batch, "--failed", "--format", "json")
    assert [each["outcome"] for each in again.json["items"]] == ["remediated"]
    assert again.json["items"][0]["name"] == f"{ran.json['items'][0]['name']}-r2"
    assert encrypted(server, "fails")


def test_the_latest_runs_are_listed_with_the_outcomes_of_their_batch(
    cli: Cli, planned: Callable[..., Path]
) -> None:
    batch = cli("apply", str(planned("listed")), "--yes", "--format", "json").json["batch"]
    listed = cli("batch", "list", "--format", "json")
    [run] = [each for each in listed.json if each["batch"] == batch]
    assert (run["run"], run["status"], run["outcomes"]) == (batch, "SUCCEEDED", {"remediated": 1})
    assert batch in cli("batch", "list").out


@pytest.mark.parametrize("command", ["show", "stop", "resume"])
@pytest.mark.parametrize("name", ["plan-unknown", "no/name"])
def test_a_batch_that_does_not_exist_is_told_of(refused: Callable[..., str], command: str, name: str) -> None:
    assert "rightstate batch list" in refused("batch", command, name)
