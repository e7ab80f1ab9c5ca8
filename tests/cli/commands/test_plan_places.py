"""`rightstate plan` over several accounts and regions, into a file, and as a hub's settings say."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from moto.core.exceptions import JsonRESTError
from moto.dynamodb.responses import DynamoHandler

from rightstate.errors import InvalidInput
from rightstate.models.settings import Account, Enabled
from rightstate.policy import Mode
from rightstate_cli.planning import plan_file
from tests.cli.commands.conftest import OTHER, OWN, REGION, Cli, Server
from tests.support.halting import halt
from tests.support.moto_engine import Engine
from tests.support.waiting import guarding_as

SQS = "sqs-server-side-encryption"
KINESIS = "kinesis-server-side-encryption"
FINDINGS = Path(__file__).parents[2] / "findings" / "prowler.csv"
BOTH = ("--account", OWN, "--account", OTHER)
THEIRS = Account(
    account=OTHER,
    role_arn=f"arn:aws:iam::{OTHER}:role/rightstate-remediation",
    external_id="x-1",
    policies={SQS: Enabled(mode=Mode.AUTO)},
)


@pytest.fixture
def queues(server: Server) -> None:
    """One queue in each of two accounts and two regions."""
    for account in (OWN, OTHER):
        for region in (REGION, "eu-west-1"):
            sqs = server.session(account).client("sqs", region_name=region)
            sqs.create_queue(QueueName="q", Attributes={"SqsManagedSseEnabled": "false"})
    server.calls.clear()


def places(plan: Any) -> list[tuple[str, str]]:
    return [(item["account"], item["region"]) for item in plan["items"] if item["resource"] == "q"]


@pytest.mark.usefixtures("queues")
def test_every_account_is_looked_at_in_every_region(cli: Cli) -> None:
    ran = cli("plan", *BOTH, "--region", REGION, "--region", "eu-west-1", "-p", SQS, "--format", "json")
    assert places(ran.json) == [(OWN, "eu-west-1"), (OWN, REGION), (OTHER, "eu-west-1"), (OTHER, REGION)]
    assert "Reading 2 accounts in 2 regions" in ran.err
    table = cli("plan", *BOTH, "--region", REGION, "--region", "eu-west-1", "-p", SQS)
    assert f"sqs-queue q in {OTHER}, eu-west-1: broken" in table.out


@pytest.mark.usefixtures("queues")
def test_a_global_service_is_looked_at_once_in_each_account(cli: Cli) -> None:
    regions = ("--region", "eu-west-1", "--region", "eu-central-1")
    ran = cli("plan", *BOTH, *regions, "-t", "iam-password-policy", "-t", "sqs-queue", "--format", "json")
    found = [item for item in ran.json["items"] if item["resource_type"] == "iam-password-policy"]
    assert [(item["account"], item["region"]) for item in found] == [(OWN, REGION), (OTHER, REGION)]


@pytest.mark.usefixtures("queues")
def test_an_arn_says_in_which_of_them_its_resource_is(server: Server, cli: Cli) -> None:
    arn = f"arn:aws:sqs:eu-west-1:{OTHER}:q"
    ran = cli("plan", *BOTH, "--region", REGION, "--region", "eu-west-1", "-r", arn, "--format", "json")
    assert places(ran.json) == [(OTHER, "eu-west-1")]


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (("-r", "arn:aws:s3:::mine"), "could be in several of the accounts and regions"),
        (("-t", "sqs-queue", "-r", "q"), "could be in several of the accounts and regions"),
        (("--role", f"arn:aws:iam::{OTHER}:role/reader"), "--role takes the name"),
        (("-r", "arn:aws:sqs:us-east-1:999900001111:q"), "belongs to account"),
    ],
)
def test_what_is_not_clear_with_several_accounts_is_refused(
    refused: Callable[..., str], args: tuple[str, ...], why: str
) -> None:
    assert why in refused("plan", *BOTH, *args)


@pytest.mark.usefixtures("queues")
def test_two_plans_of_one_state_are_the_same_to_the_byte(cli: Cli, tmp_path: Path) -> None:
    args = ("plan", *BOTH, "--region", REGION, "--region", "eu-west-1", "-t", "sqs-queue", "-t", "s3-bucket")
    files = [tmp_path / name for name in ("one.json", "two.json")]
    for file in files:
        assert cli(*args, "-o", str(file)).code == 1
    assert files[0].read_bytes() == files[1].read_bytes()
    assert len(plan_file.read(files[0]).items) >= 4


@pytest.mark.usefixtures("queues")
def test_a_file_is_shown_again_without_looking_at_anything(server: Server, cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    made = cli("plan", "-p", SQS, "-o", str(file))
    server.calls.clear()
    shown = cli("plan", "--show", str(file))
    assert (shown.out, shown.code) == (made.out, made.code)
    as_json = cli("plan", "--show", str(file), "--format", "json")
    assert as_json.out == file.read_text()
    markdown = cli("plan", "--show", str(file), "--format", "markdown")
    assert markdown.out.startswith("# Rightstate plan\n") and "`sqs-queue q`" in markdown.out
    assert server.calls == []


@pytest.mark.usefixtures("queues")
def test_a_plan_as_json_is_one_that_can_be_applied(cli: Cli) -> None:
    printed = cli("plan", "-p", SQS, "--format", "json").out
    assert plan_file.parse(printed, "plan.json").to_change


def test_a_directory_is_no_plan_file_which_is_said_before_anything_is_read(
    server: Server, refused: Callable[..., str], tmp_path: Path
) -> None:
    assert "is a directory" in refused("plan", "-o", str(tmp_path))
    assert server.calls == []


@pytest.mark.parametrize(
    "more",
    [
        ("--deployed",),
        ("-t", "sqs-queue"),
        ("-p", SQS),
        ("-r", "q"),
        ("--account", OWN),
        ("--region", REGION),
        ("--role", "audit"),
        ("--external-id", "x-1"),
        ("--set", f"{SQS}.encrypt_with=alias/x"),
        ("--from", "findings.json"),
        ("-o", "copy.json"),
    ],
    ids=lambda more: more[0],
)
def test_a_file_that_is_shown_again_is_shown_whole(
    refused: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    plan_file.write(plan_file.document([], [], [], {}), Path("plan.json"))
    assert "--show prints a plan file as it is" in refused("plan", "--show", "plan.json", *more)
    assert [each.name for each in tmp_path.iterdir()] == ["plan.json"]


def test_a_file_that_is_none_is_refused(refused: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text("{}")
    assert "is not a plan of Rightstate" in refused("plan", "--show", str(tmp_path / "other.json"))


@pytest.fixture
def registered(engine: Engine) -> None:
    engine.configure(
        Account(
            account=OWN,
            regions=(REGION, "eu-west-1"),
            policies={
                SQS: Enabled(mode=Mode.REPORT, parameters={"encrypt_with": "alias/ours"}),
                "s3-versioning": Enabled(mode=Mode.OFF),
            },
        )
    )
    engine.configure(THEIRS)


@pytest.mark.usefixtures("queues", "registered")
def test_a_hub_s_settings_say_where_to_look_at_what(cli: Cli) -> None:
    ran = cli("plan", "--deployed", "--format", "json")
    assert places(ran.json) == [(OWN, "eu-west-1"), (OWN, REGION), (OTHER, REGION)]
    assert {item["resource_type"] for item in ran.json["items"]} == {"sqs-queue"}
    [own] = [
        item
        for item in ran.json["items"]
        if (item["account"], item["region"], item["resource"]) == (OWN, REGION, "q")
    ]
    assert own["policies"] == [SQS]
    assert own["changes"][0]["after"] == "alias/ours"
    assert own["verdicts"][0]["mode"] == "report"
    table = cli("plan", "--deployed", COLUMNS="200")
    assert "the account's mode is report" in table.out


@pytest.mark.usefixtures("queues", "registered")
def test_of_a_hub_s_accounts_and_regions_some_can_be_named(cli: Cli) -> None:
    ran = cli("plan", "--deployed", "--region", "eu-west-1", "--account", OWN, "--format", "json")
    assert places(ran.json) == [(OWN, "eu-west-1")]


@pytest.mark.usefixtures("queues", "registered")
def test_a_hub_s_accounts_are_read_with_the_role_that_is_named(
    engine: Engine, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    from moto.sts.models import STSBackend

    assumed: list[tuple[str, Any]] = []
    assume = STSBackend.assume_role

    def recorded(self: STSBackend, **given: Any) -> Any:
        assumed.append((given["role_arn"], given.get("external_id")))
        return assume(self, **given)

    monkeypatch.setattr(STSBackend, "assume_role", recorded)
    cli("plan", "--deployed", "--role", "audit")
    assert assumed == [(f"arn:aws:iam::{OTHER}:role/audit", None)]
    assumed.clear()
    engine.configure(THEIRS.model_copy(update={"external_id": "x-2"}))
    cli("plan", "--deployed")
    assert assumed == [(f"arn:aws:iam::{OTHER}:role/rightstate-remediation", "x-2")]


REFUSES = "refuses this plan, because the hub has some policies in mode report."


@pytest.mark.usefixtures("queues", "registered")
@pytest.mark.parametrize(
    ("args", "said"),
    [
        ((), "`rightstate remediate` with the same options makes these calls."),
        ((*BOTH,), "options, for one --account and --region at a time, makes these calls."),
        (
            ("-o", "plan.json"),
            "`rightstate apply plan.json` makes these calls through a hub, if the policies",
        ),
        (
            ("--from", "found.json"),
            "With -o FILE, `rightstate apply FILE` makes these calls through a hub, if",
        ),
        (
            ("--deployed", "--account", OTHER),
            "With -o FILE, `rightstate apply FILE` makes these calls through the hub.",
        ),
        (
            ("--deployed", "--account", OTHER, "-o", "plan.json"),
            "`rightstate apply plan.json` makes these calls through the hub.",
        ),
        (
            ("--deployed", "-o", "plan.json"),
            "`rightstate apply plan.json` changes 1 resource, and refuses the others, because",
        ),
        (("--deployed", "--account", OWN), f"`rightstate apply` {REFUSES}"),
        (("--deployed", "--account", OWN, "-o", "plan.json"), f"`rightstate apply` {REFUSES}"),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, tuple) else "",
)
def test_it_is_said_what_makes_the_calls_of_a_plan(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, args: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    control = {"Status": "FAILED", "SecurityControlId": "SQS.1"}
    queue = {"Id": f"arn:aws:sqs:{REGION}:{OWN}:q", "Region": REGION}
    found = {"AwsAccountId": OWN, "Compliance": control, "Resources": [queue]}
    Path("found.json").write_text(json.dumps({"Findings": [found]}))
    ran = cli("plan", "-p", SQS, *args)
    assert ran.code == 1, ran.err
    assert said in " ".join(ran.err.split())


@pytest.fixture
def halted(engine: Engine, server: Server) -> Iterator[None]:
    """The queue of one account and region, of which nobody knows what sets it back."""
    queue = f"{OWN}/{REGION}/sqs-queue/q"
    halt(queue, SQS)
    server.calls.clear()
    yield
    guarding_as(engine, "AIDAOPERATOR", f"arn:aws:iam::{OWN}:user/operator").let_go(queue, SQS)


@pytest.mark.usefixtures("queues", "registered", "halted")
def test_what_is_halted_is_not_to_be_changed_and_says_since_when(server: Server, cli: Cli) -> None:
    ran = cli("plan", "--deployed", "--format", "json")
    found = {(item["account"], item["region"]): item for item in ran.json["items"] if item["resource"] == "q"}
    assert {place: item["status"] for place, item in found.items()} == {
        (OWN, REGION): "halted",
        (OWN, "eu-west-1"): "broken",
        (OTHER, REGION): "broken",
    }
    item = found[OWN, REGION]
    assert (item["changes"], item["calls"]) == ([], [])
    [verdict] = item["verdicts"]
    assert verdict["rule"] == "breaker"
    assert "`rightstate breaker release` lets it go on" in verdict["reason"]
    # The settings and the halts; however many resources there are.
    assert server.calls.count("dynamodb:Scan") == 2
    assert not [call for call in server.calls if call in ("dynamodb:Query", "dynamodb:GetItem")]
    table = cli("plan", "--deployed", "--account", OWN, "--region", REGION)
    assert table.code == 1
    assert "sqs-queue q: halted" in table.out


@pytest.mark.usefixtures("queues", "registered")
def test_who_may_not_read_what_is_halted_is_told_and_gets_no_plan(
    engine: Engine, refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = DynamoHandler.scan

    def denied(self: DynamoHandler) -> Any:
        if self.body["TableName"] == engine.resources["GuardsTable"]:
            raise JsonRESTError("AccessDeniedException", "no")
        return scan(self)

    monkeypatch.setattr(DynamoHandler, "scan", denied)
    said = refused("plan", "--deployed")
    assert "What is halted cannot be read from the hub's table" in said
    assert "Scan was answered with AccessDeniedException" in said


@pytest.mark.usefixtures("registered")
def test_parameters_are_the_settings_when_a_hub_is_asked(refused: Callable[..., str]) -> None:
    said = refused("plan", "--deployed", "-p", SQS, "--set", f"{SQS}.encrypt_with=alias/x")
    assert "a hub's settings have the parameters" in said


@pytest.mark.usefixtures("registered")
def test_an_account_that_the_hub_does_not_know_is_refused(refused: Callable[..., str]) -> None:
    assert "is not registered" in refused("plan", "--deployed", "--account", "999900001111")


def _forget(engine: Engine, *accounts: str) -> None:
    for account in accounts:
        engine.client("dynamodb").delete_item(
            TableName=engine.resources["SettingsTable"], Key={"account": {"S": account}}
        )


@pytest.mark.usefixtures("queues")
def test_an_account_is_left_out_where_nothing_of_it_is_enabled(engine: Engine, cli: Cli) -> None:
    engine.configure(Account(account=OWN, regions=(REGION,)))
    engine.configure(THEIRS)
    ran = cli("plan", "--deployed", "--format", "json")
    assert places(ran.json) == [(OTHER, REGION)]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--region", "eu-nort-1"), "Not among the regions of any account that is registered: eu-nort-1."),
        (
            ("--region", REGION, "--region", "eu-central-1"),
            "registered: eu-central-1. Nothing was planned. They are: eu-west-1, us-east-1.",
        ),
        (("--account", OTHER, "--region", "eu-west-1"), f"Not among the regions of account {OTHER}"),
        (("-p", "s3-versioning"), "Not enabled in any account that is registered: s3-versioning."),
        (("-p", SQS, "-p", "kms-key-rotation"), "registered: kms-key-rotation."),
        (("-t", "s3-bucket"), "Not enabled in any account that is registered: s3-bucket."),
        (("-t", "sqs-queue", "-t", "kms-key"), "registered: kms-key."),
        (("-p", "S3VersioningEnabled"), "registered: s3-versioning."),
        (("-p", KINESIS, "--region", "eu-west-1"), "eu-west-1 is not among the account's regions."),
        (("-r", "arn:aws:s3:::mine"), "Not enabled in any account that is registered"),
        (
            ("-r", f"arn:aws:kinesis:{REGION}:{OWN}:stream/s"),
            f"No policy about 'arn:aws:kinesis:{REGION}:{OWN}:stream/s' is enabled in its account.",
        ),
        (("--from", str(FINDINGS), "--region", "eu-nort-1"), "Not among the regions"),
    ],
    ids=lambda given: " ".join(given)[-40:] if isinstance(given, tuple) else "",
)
def test_what_is_nowhere_is_refused_and_not_found_well(
    engine: Engine, refused: Callable[..., str], args: tuple[str, ...], said: str
) -> None:
    engine.configure(
        Account(
            account=OWN,
            regions=(REGION, "eu-west-1"),
            policies={SQS: Enabled(mode=Mode.AUTO), "s3-versioning": Enabled(mode=Mode.OFF)},
        )
    )
    theirs = {**THEIRS.policies, KINESIS: Enabled(mode=Mode.AUTO)}
    engine.configure(THEIRS.model_copy(update={"regions": (REGION,), "policies": theirs}))
    told = " ".join(refused("plan", "--deployed", *args).split())
    assert said in told
    assert "Nothing was planned." in told


def test_where_nothing_at_all_is_enabled_nothing_is_found_well(
    engine: Engine, refused: Callable[..., str]
) -> None:
    for account in (OWN, OTHER):
        engine.configure(Account(account=account))
    assert "Not enabled in any account that is registered: any policy" in refused("plan", "--deployed")


def test_where_no_account_is_registered_nothing_is_found_well(
    engine: Engine, refused: Callable[..., str]
) -> None:
    _forget(engine, OWN, OTHER)
    assert "No account is registered with the hub" in refused("plan", "--deployed")


@pytest.mark.parametrize(
    ("args", "why"),
    [
        ((), f"Account {OTHER} is not registered."),
        # Whether it is registered is not looked up then.
        (("--account", OWN), f"Account {OTHER} is not among those that are planned for."),
    ],
    ids=["every account", "one"],
)
def test_a_finding_of_an_account_that_the_hub_does_not_know_is_left_with_that_reason(
    engine: Engine, cli: Cli, args: tuple[str, ...], why: str
) -> None:
    _forget(engine, OTHER)
    engine.configure(Account(account=OWN, policies={"s3-versioning": Enabled(mode=Mode.AUTO)}))
    ran = cli("plan", "--deployed", "--from", str(FINDINGS), *args, "--format", "json")
    assert why in {each["reason"] for each in ran.json["findings"]["left"]}


@pytest.mark.usefixtures("queues")
def test_a_region_that_some_of_the_accounts_have_is_looked_at_there(engine: Engine, cli: Cli) -> None:
    everywhere = Account(account=OWN, regions=(REGION, "eu-west-1"), policies=THEIRS.policies)
    engine.configure(everywhere)
    engine.configure(THEIRS.model_copy(update={"regions": (REGION,)}))
    ran = cli("plan", "--deployed", "--region", "eu-west-1", "--format", "json")
    assert places(ran.json) == [(OWN, "eu-west-1")]
    engine.configure(everywhere.model_copy(update={"regions": ()}))
    assert cli("plan", "--deployed", "--region", "eu-north-1").code == 0


@pytest.mark.parametrize("regions", [(REGION, "eu-west-1"), ("eu-west-1", REGION)])
def test_what_a_global_service_has_is_looked_at_by_name_in_whatever_order_the_regions_are(
    engine: Engine, cli: Cli, regions: tuple[str, ...]
) -> None:
    policies = {"iam-password-policy-lowercase": Enabled(mode=Mode.AUTO)}
    engine.configure(Account(account=OWN, regions=regions, policies=policies))
    ran = cli("plan", "--deployed", "-r", f"arn:aws:iam::{OWN}:password-policy", "--format", "json")
    assert [(item["resource"], item["region"]) for item in ran.json["items"]] == [(OWN, REGION)]


def test_a_plan_that_was_made_by_another_hand_is_not_one() -> None:
    with pytest.raises(InvalidInput):
        plan_file.parse(json.dumps({"format": plan_file.FORMAT, "items": []}), "plan.json")
