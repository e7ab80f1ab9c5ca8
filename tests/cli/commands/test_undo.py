"""`rightstate undo`: a remediation of a deployed hub taken back, and the exemption that keeps it so."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from moto.core.exceptions import JsonRESTError
from moto.stepfunctions.responses import StepFunctionResponse

from rightstate.accounts import settings
from rightstate.models.approval import Choice
from rightstate.models.settings import Account, Enabled, Exemption
from rightstate.policy import Mode
from rightstate.storage.dynamodb import plain
from rightstate_cli.executions.executions import Start
from rightstate_cli.tables import exemptions
from rightstate_cli.tables.accounts_table import Registry
from tests.cli.commands.conftest import OTHER, OWN, REGION, Cli, Server
from tests.support.moto_engine import Engine
from tests.support.waiting import ended, guarding_as

pytestmark = pytest.mark.usefixtures("enabled")


def account(engine: Engine, of: str = OWN) -> Account:
    table = engine.resources["SettingsTable"]
    item = engine.client("dynamodb").get_item(TableName=table, Key={"account": {"S": of}})["Item"]
    return settings.parsed(of, plain(item))


@pytest.fixture(autouse=True)
def _without_exemptions(engine: Engine) -> Iterator[None]:
    yield
    for of in (OWN, OTHER):
        engine.configure(account(engine, of).model_copy(update={"exemptions": ()}))


def mended(server: Server, engine: Engine, name: str, of: str = OWN, resource_type: str = "sqs-queue") -> str:
    """The name of an execution that has put a new resource right."""
    server.make(resource_type, name, of)
    given = {"account": of, "region": REGION, "resource": name}
    [execution] = engine.run([Start(resource_type=resource_type, input=given)])
    assert execution.outcome == "remediated", execution.reason
    server.calls.clear()
    return execution.name


def encryption(server: Server, queue: str, of: str = OWN) -> str:
    sqs = server.session(of).client("sqs")
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return str(attributes.get("SqsManagedSseEnabled", "false"))


@pytest.mark.parametrize("by", ["name", "ARN", "end", "beginning"])
def test_it_is_undone_by_name_or_arn_and_exempted_for_the_time_given(
    server: Server, engine: Engine, cli: Cli, by: str
) -> None:
    queue = f"undone-by-{by}"
    name = mended(server, engine, queue)
    assert encryption(server, queue) == "true"
    execution = f"arn:aws:states:{REGION}:{OWN}:execution:rightstate-sqs-queue:{name}"
    ran = cli(
        "undo",
        {"name": name, "ARN": execution, "end": name[-8:], "beginning": name[:12]}[by],
        *("--reason", "CHG-5530", "--approver", "ana@example.com", "--exempt-for", "2h", "--yes"),
    )
    assert encryption(server, queue) == "false"
    [exemption] = account(engine).exemptions
    assert (exemption.resource, exemption.policies) == (
        f"{REGION}/sqs-queue/{queue}",
        ("sqs-server-side-encryption",),
    )
    assert (exemption.reason, exemption.approver) == ("CHG-5530", "ana@example.com")
    assert exemption.by.startswith(f"arn:aws:sts::{OWN}:") or exemption.by.startswith(f"arn:aws:iam::{OWN}:")
    assert exemption.created < exemption.until
    assert f"sqs-queue {queue} in {OWN}: undone" in ran.out
    assert f"Exempt until {exemption.until} ({exemption.id})." in ran.out
    assert "SSE-SQS -> none" in ran.err
    # Nobody has looked yet what it is now.
    assert "What it set -> what was before" in ran.err and "Now" not in ran.err
    assert ran.code == 0


def test_json_has_the_undo_and_the_exemption_and_the_input_says_who_wanted_it(
    server: Server, engine: Engine, cli: Cli
) -> None:
    name = mended(server, engine, "undone-as-json", OTHER)
    ran = cli("undo", name, "--reason", "CHG-1", "--yes", "--format", "json")
    undone = ran.json
    assert (undone["outcome"], undone["account"], undone["resource"]) == ("undone", OTHER, "undone-as-json")
    assert undone["undo"].endswith(f":{name}")
    [change] = undone["changes"]
    assert (change["before"], change["after"]) == ("SSE-SQS", "none")
    [exemption] = account(engine, OTHER).exemptions
    assert undone["exemption"]["id"] == exemption.id
    assert exemption.approver == exemption.by
    started = f"arn:aws:states:{REGION}:{OWN}:execution:rightstate-sqs-queue:{undone['execution']}"
    given = json.loads(engine.client("stepfunctions").describe_execution(executionArn=started)["input"])
    assert given["undo"] == undone["undo"]
    assert given["requester"] == server.session().client("sts").get_caller_identity()["UserId"]
    assert ran.code == 0


def test_it_shows_what_will_be_restored_and_asks_and_no_is_no(
    server: Server, engine: Engine, cli: Cli
) -> None:
    name = mended(server, engine, "not-undone")
    ran = cli("undo", name, "--reason", "x", stdin="n\n")
    assert "SSE-SQS -> none" in ran.err
    assert "to a state that breaks sqs-server-side-encryption, and exempt it for 24h? [y/N]" in " ".join(
        ran.err.split()
    )
    assert "Nothing was changed." in ran.err
    assert (ran.code, ran.out) == (2, "")
    assert account(engine).exemptions == ()
    assert encryption(server, "not-undone") == "true"


def test_nobody_to_ask_is_no_consent(server: Server, engine: Engine, cli: Cli) -> None:
    name = mended(server, engine, "nobody-asked")
    ran = cli("undo", name, "--reason", "x")
    assert "there was no answer. In a script, give --yes" in ran.err
    assert ran.code == 2
    assert account(engine).exemptions == ()


def test_a_refused_undo_says_why_and_takes_its_exemption_away_again(
    server: Server, engine: Engine, cli: Cli
) -> None:
    name = mended(server, engine, "changed-since")
    sqs = server.session().client("sqs")
    url = sqs.get_queue_url(QueueName="changed-since")["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"KmsMasterKeyId": "alias/ours"})
    server.calls.clear()
    ran = cli("undo", name, "--reason", "x", "--yes")
    assert "undo-refused" in ran.out
    assert "Encryption was none, was set to SSE-SQS and is now alias/ours" in ran.out
    assert "It is not undone, so exemption ex-" in ran.err
    assert account(engine).exemptions == ()
    assert "sqs:SetQueueAttributes" not in server.writes
    assert ran.code == 1


def test_an_undo_that_cannot_be_started_leaves_no_exemption(
    server: Server, engine: Engine, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = mended(server, engine, "not-started")

    def refuse(self: StepFunctionResponse) -> Any:
        raise JsonRESTError("AccessDeniedException", "no")

    monkeypatch.setattr(StepFunctionResponse, "start_execution", refuse)
    ran = cli("undo", name, "--reason", "x", "--yes")
    assert "StartExecution was answered with AccessDeniedException" in ran.err
    assert "was removed again" in ran.err
    assert account(engine).exemptions == ()
    assert (ran.code, ran.out) == (2, "")


def test_what_would_be_destroyed_is_said_and_needs_consent(server: Server, engine: Engine, cli: Cli) -> None:
    name = mended(server, engine, "with-recovery", resource_type="dynamodb-table")
    ran = cli("undo", name, "--reason", "x", "--yes")
    assert "DynamoDB drops the recovery window" in ran.err
    assert "give --consent" in ran.err
    assert ran.code == 2
    assert account(engine).exemptions == ()
    ran = cli("undo", name, "--reason", "x", "--yes", "--consent")
    assert ran.code == 0, ran.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["no-such-execution", "--reason", "x"], "has no execution 'no-such-execution'"),
        (
            [f"arn:aws:states:{REGION}:{OWN}:execution:theirs:x", "--reason", "x"],
            "is no execution of the hub",
        ),
        (["arn:aws:sqs:x", "--reason", "x"], "is no execution of the hub"),
        (["any", "--reason", "x", "--exempt-for", "soon"], "is not a length of time"),
        (["any", "--reason", "x", "--exempt-for", "0h"], "--exempt-for needs a time"),
        (["any", "--reason", "x", "--exempt-for", "91d"], "an exemption lasts at most 90 days"),
        (["any"], "Missing option"),
    ],
)
def test_wrong_usage_ends_with_2_and_changes_nothing(
    server: Server, engine: Engine, cli: Cli, options: list[str], said: str
) -> None:
    server.calls.clear()
    ran = cli("undo", *options, "--yes")
    assert said in ran.err.replace("\n", " ")
    assert (ran.code, ran.out) == (2, "")
    assert "dynamodb:PutItem" not in server.writes


def test_of_several_with_such_a_name_none_is_undone_and_all_are_told(
    server: Server, engine: Engine, cli: Cli
) -> None:
    arns = []
    for resource in ("one-of-two", "the-other"):
        server.make("sqs-queue", resource)
        given = {"account": OWN, "region": REGION, "resource": resource}
        name = f"0f1e2d3c-of-one-event_{resource}"
        [execution] = engine.run([Start(resource_type="sqs-queue", input=given, name=name)])
        arns.append(execution.arn)
    server.calls.clear()
    ran = cli("undo", "0f1e2d3c", "--reason", "x", "--yes")
    told = " ".join(ran.err.split())
    assert "begins or ends like '0f1e2d3c'" in told
    for arn, resource in zip(arns, ("one-of-two", "the-other"), strict=True):
        assert f"{arn} ('{OWN}/{REGION}/sqs-queue/{resource}', remediated)" in told
    assert (ran.code, ran.out) == (2, "")
    assert "dynamodb:PutItem" not in server.writes
    # Whole, it is one; and a few characters are too few to undo anything.
    assert cli("undo", name, "--reason", "x", stdin="n\n").err.count("the-other") > 0
    assert "has no execution '0f1e2d3'" in cli("undo", "0f1e2d3", "--reason", "x", "--yes").err


def test_an_execution_that_changed_nothing_is_refused_before_anything_is_written(
    server: Server, engine: Engine, cli: Cli
) -> None:
    mended(server, engine, "compliant")
    given = {"account": OWN, "region": REGION, "resource": "compliant"}
    [again] = engine.run([Start(resource_type="sqs-queue", input=given)])
    server.calls.clear()
    ran = cli("undo", again.name, "--reason", "x", "--yes")
    assert "it ended compliant and has changed nothing" in ran.err
    assert ran.code == 2
    assert "dynamodb:PutItem" not in server.writes


@pytest.mark.parametrize("options", [["--reason", ""], ["--reason", "x", "--approver", "a" * 257]])
def test_a_reason_and_an_approver_have_to_be_given_in_a_line(
    server: Server, engine: Engine, cli: Cli, options: list[str]
) -> None:
    name = mended(server, engine, f"a-queue-{len(options)}")
    ran = cli("undo", name, "--yes", *options)
    assert "--reason takes 1 to 1024 characters, --approver 1 to 256" in ran.err
    assert ran.code == 2
    assert account(engine).exemptions == ()


# --- What has to be approved first ---

ENCRYPTION = "sqs-server-side-encryption"
APPROVER = ("AROAEXAMPLEAPPROVER:bruno", "arn:aws:sts::123456789012:assumed-role/approver/bruno")


@pytest.fixture
def asking(engine: Engine) -> Iterator[Callable[[], None]]:
    """Sets the encryption of queues to mode approve, until the test is over."""
    before = account(engine)

    def configure() -> None:
        policies = {**before.policies, ENCRYPTION: Enabled(mode=Mode.APPROVE)}
        engine.configure(before.model_copy(update={"policies": policies, "approvers": ("*",)}))

    yield configure
    engine.configure(before)


@pytest.mark.parametrize("choice", [Choice.APPROVE, Choice.DENY])
def test_an_undo_that_has_to_be_approved_is_left_waiting_and_leaves_no_exemption_whatever_is_decided(
    server: Server, engine: Engine, cli: Cli, asking: Callable[[], None], choice: Choice
) -> None:
    queue = f"undo-to-{choice.value}"
    name = mended(server, engine, queue)
    asking()
    ran = cli("undo", name, "--reason", "CHG-5530", "--yes", COLUMNS="250")
    assert f"sqs-queue {queue} in {OWN}: awaiting-approval" in ran.out
    assert "The undo waits for approval ap-" in ran.out
    assert "1 execution waiting for an approval. `rightstate approvals list`" in " ".join(ran.err.split())
    assert "No exemption is in force for it" in ran.err and "rightstate exempt add" in ran.err
    assert ran.code == 1
    assert account(engine).exemptions == ()
    assert "sqs:SetQueueAttributes" not in server.writes
    guarding = guarding_as(engine, *APPROVER)
    [request] = [each for each in guarding.requests() if f"/{queue}" in each.resource and each.undo]
    shown = cli("approvals", "show", request.id, COLUMNS="250")
    assert (
        f"This takes back what {name} has changed. The resource will break {ENCRYPTION} again." in shown.out
    )
    assert "UNDO Encryption:" in cli("approvals", "list", COLUMNS="300").out
    guarding.decide(request, choice, "CHG-5530")
    entry = ended(engine, request.execution)
    assert entry["outcome"] == ("undone" if choice is Choice.APPROVE else "denied")
    assert encryption(server, queue) == ("false" if choice is Choice.APPROVE else "true")
    assert account(engine).exemptions == ()


def test_a_question_about_an_undo_to_be_approved_says_that_it_only_asks(
    server: Server, engine: Engine, cli: Cli, asking: Callable[[], None]
) -> None:
    name = mended(server, engine, "undo-not-asked")
    asking()
    ran = cli("undo", name, "--reason", "x", stdin="n\n")
    told = " ".join(ran.err.split())
    assert "Ask for the approval to restore sqs-queue undo-not-asked" in told
    assert f"to a state that breaks {ENCRYPTION}? [y/N]" in told and "exempt it for" not in told
    assert (ran.code, ran.out) == (2, "")


def test_a_policy_that_only_just_asks_has_its_exemption_removed_when_the_undo_waits(
    server: Server,
    engine: Engine,
    cli: Cli,
    asking: Callable[[], None],  # resets the settings
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its mode is set between the exemption of the command and the start of the execution."""
    name = mended(server, engine, "undo-in-between")
    added = exemptions.add

    def add(registry: Registry, of: str, exemption: Exemption) -> None:
        added(registry, of, exemption)
        found = account(engine)
        policies = {**found.policies, ENCRYPTION: Enabled(mode=Mode.APPROVE)}
        engine.configure(found.model_copy(update={"policies": policies, "approvers": ("*",)}))

    monkeypatch.setattr(exemptions, "add", add)
    ran = cli("undo", name, "--reason", "x", "--yes", COLUMNS="250")
    assert "awaiting-approval" in ran.out
    assert "It is not undone, so exemption ex-" in ran.err
    assert account(engine).exemptions == ()
    guarding = guarding_as(engine, *APPROVER)
    [request] = [each for each in guarding.requests() if "/undo-in-between" in each.resource]
    guarding.decide(request, Choice.DENY, "over")
    assert ended(engine, request.execution)["outcome"] == "denied"
