"""`rightstate verify`: whether the deployed hub and its members are as they have to be.

The hub is the application's template on the server. What each check finds is in tests/cli/checks.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from rightstate.models.settings import Account, Enabled
from rightstate.policy import Mode
from rightstate_cli.application import transform
from tests.cli.commands.conftest import OTHER, OWN, REGION, Cli, Server
from tests.support import registering

STACK = "to-verify"
RULE = f"{STACK}-sqs-queue"
HERE = ("verify", "--stack", STACK)

# moto creates no alarms and no policies of topics and queues; their references it does resolve.
pytestmark = pytest.mark.filterwarnings("ignore:Tried to parse")


@pytest.fixture(scope="module")
def hub(_server: Server) -> dict[str, str]:
    """The outputs of a hub on the server."""
    cloudformation = _server.session().client("cloudformation")
    cloudformation.create_stack(StackName=STACK, TemplateBody=json.dumps(transform.cloudformation()))
    [stack] = cloudformation.describe_stacks(StackName=STACK)["Stacks"]
    events = _server.session().client("events")
    pages = events.get_paginator("list_rules").paginate(NamePrefix=f"{STACK}-")
    for rule in pages.search("Rules[]"):
        targets = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
        for target in targets:
            # Deployed, they start the alias; moto's CloudFormation has none.
            if ":stateMachine:" in target["Arn"]:
                target["Arn"] += ":live"
        events.put_targets(Rule=rule["Name"], Targets=targets)
    outputs = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
    _protect(_server, outputs)
    return outputs


def _protect(server: Server, outputs: dict[str, str]) -> None:
    """What the template says of the tables, and moto's CloudFormation leaves out."""
    dynamodb = server.session().client("dynamodb")
    for table in (outputs["SettingsTable"], outputs["LedgerTable"]):
        dynamodb.update_table(TableName=table, DeletionProtectionEnabled=True)
        dynamodb.update_continuous_backups(
            TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )
    dynamodb.update_time_to_live(
        TableName=outputs["LedgerTable"],
        TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"},
    )


@pytest.fixture
def register(hub: dict[str, str], server: Server) -> Iterator[Callable[..., None]]:
    """Registers an account, until the test's end."""
    seen = registering.hub_of(server.session(), OWN, REGION, STACK, hub)
    registered = []

    def put(account: str, *policies: str, **more: Any) -> None:
        modes = {policy: Enabled(mode=Mode.AUTO) for policy in policies}
        registering.register(seen, Account(account=account, policies=modes, regions=(REGION,), **more))
        registered.append(account)

    yield put
    for account in registered:
        registering.forget(seen, account)


def test_what_is_well_ends_with_0_and_says_so(hub: dict[str, str], cli: Cli) -> None:
    ran = cli(*HERE, "--check", "V3", "--check", "V8", "--check", "V19")
    assert f"Hub {STACK}, account {OWN}, {REGION}" in ran.out
    assert "3 findings: 3 PASS, 0 WARN, 0 FAIL, 0 SKIP." in ran.out
    assert "Checking the hub" in ran.err
    assert ran.code == 0


def test_a_warning_is_shown_with_what_mends_it_and_ends_with_0(hub: dict[str, str], cli: Cli) -> None:
    ran = cli(*HERE, "--check", "V14")
    assert "WARN" in ran.out and f"aws sns subscribe --topic-arn {hub['Notifications']}" in ran.out
    assert ran.code == 0


def test_what_is_broken_ends_with_1_and_is_well_once_the_fix_is_done(
    hub: dict[str, str], server: Server, cli: Cli
) -> None:
    events = server.session().client("events")
    events.disable_rule(Name=RULE)
    ran = cli(*HERE, "--check", "V8", "--format", "json")
    [found] = json.loads(ran.out)
    assert found == {
        "id": "V8",
        "title": "The rules start the remediations",
        "account": OWN,
        "region": REGION,
        "status": "FAIL",
        "found": f"The rule {RULE} is disabled: its events start no sqs-queue.",
        "fix": f"aws events enable-rule --name {RULE} --region {REGION}",
    }
    assert ran.code == 1
    events.enable_rule(Name=RULE)
    assert cli(*HERE, "--check", "V8").code == 0


def test_the_accounts_are_shown_each_for_itself(register: Callable[..., None], cli: Cli) -> None:
    register(OWN, "s3-versioning")
    register(OTHER, "s3-versionning")
    ran = cli(*HERE, "--check", "V15")
    assert ran.out.index(f"Account {OWN}\n") < ran.out.index(f"Account {OTHER}\n")
    assert "s3-versionning" in ran.out
    assert ran.code == 1


def test_settings_that_are_not_understood_fail_their_account_only(
    hub: dict[str, str], register: Callable[..., None], server: Server, cli: Cli
) -> None:
    register(OWN, "s3-versioning")
    register(OTHER, "s3-versioning")
    server.session().client("dynamodb").update_item(
        TableName=hub["SettingsTable"],
        Key={"account": {"S": OTHER}},
        AttributeUpdates={"regions": {"Value": {"S": "everywhere"}}},
    )
    ran = cli(*HERE, "--check", "V15", "--format", "json")
    assert {each["account"]: each["status"] for each in json.loads(ran.out)} == {OWN: "PASS", OTHER: "FAIL"}


def test_one_account_can_be_looked_at_alone(register: Callable[..., None], cli: Cli) -> None:
    register(OWN, "s3-versioning")
    register(OTHER, "s3-versionning")
    ran = cli(*HERE, "--check", "V15", "--account", OWN, "--format", "json")
    assert [each["account"] for each in json.loads(ran.out)] == [OWN]
    assert ran.code == 0


def roles(name: str) -> dict[str, Any]:
    """An account's two roles."""
    arn = f"arn:aws:iam::{OTHER}:role/{name}"
    return {"role_arn": arn, "read_role_arn": f"{arn}-read"}


def test_an_account_that_cannot_be_looked_into_is_skipped_with_the_option_that_it_takes(
    register: Callable[..., None], cli: Cli
) -> None:
    register(OTHER, "s3-versioning", **roles("rightstate-remediation"), external_id="x-12345678")
    ran = cli(*HERE, "--check", "V4", "--format", "json")
    [found] = json.loads(ran.out)
    assert (found["status"], "--inspect-role" in found["fix"]) == ("SKIP", True)
    assert ran.code == 0


def test_an_account_is_looked_into_through_the_role_that_is_named(
    register: Callable[..., None], server: Server, cli: Cli
) -> None:
    name = "rightstate-remediation"
    anybody = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    trust = {"Version": "2012-10-17", "Statement": [anybody]}
    iam = server.session(OTHER).client("iam")
    for each in (name, f"{name}-read"):
        iam.create_role(RoleName=each, AssumeRolePolicyDocument=json.dumps(trust))
    register(OTHER, "s3-versioning", **roles(name), external_id="x-12345678")
    server.calls.clear()
    ran = cli(*HERE, "--check", "V4", "--inspect-role", "reader", "--format", "json")
    found = json.loads(ran.out)
    said = [(each["status"], "another principal" in each["found"]) for each in found]
    assert said == [("FAIL", True)] * 2
    assert "sts:AssumeRole" in server.calls
    for each in (name, f"{name}-read"):
        iam.delete_role(RoleName=each)


def test_nothing_is_changed(register: Callable[..., None], server: Server, cli: Cli) -> None:
    register(OWN, "s3-versioning")
    server.calls.clear()
    cli(*HERE, *(f"--check=V{number}" for number in (1, 2, 3, 7, 8, 9, 12, 13, 14, 15, 16, 18, 19, 21, 23)))
    assert server.calls and not [call for call in server.writes if call != "dynamodb:Scan"]


def test_a_hub_without_accounts_is_checked_by_itself(hub: dict[str, str], cli: Cli) -> None:
    ran = cli(*HERE, "--check", "V15", "--check", "V19")
    assert "1 finding: 1 PASS" in ran.out
    assert "No account is registered" in ran.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--stack", "nowhere"), "There is no stack 'nowhere'"),
        (("--hub-region", "mars"), "'mars' is not a region"),
        (("--check", "V99"), "There is no check 'V99'. The checks are: V1, V2,"),
        (("--inspect-role", f"arn:aws:iam::{OTHER}:role/reader"), "takes a role's name"),
        (("--account", OTHER), f"Account {OTHER} is not registered"),
    ],
)
def test_what_cannot_be_told_ends_with_2(
    hub: dict[str, str], refused: Callable[..., str], options: tuple[str, ...], said: str
) -> None:
    assert said in refused(*HERE, *options)


def test_without_credentials_nothing_can_be_told(hub: dict[str, str], refused: Callable[..., str]) -> None:
    said = refused(*HERE, AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
    assert "There are no AWS credentials." in said
