"""`rightstate decommission`: what goes, what stays, and that nothing else is left."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

import pytest
from botocore.exceptions import WaiterError
from botocore.waiter import Waiter
from moto.cloudformation.models import CloudFormationBackend
from moto.cloudformation.responses import CloudFormationResponse

from rightstate_cli.member import stack_sets, teardown
from rightstate_cli.member import stacks as member_stacks
from tests.cli.commands.conftest import OTHER, OWN, Cli, Hub, Server
from tests.support import organizations

HERE, THERE = organizations.ENABLED

pytestmark = pytest.mark.filterwarnings(organizations.QUIET)


@pytest.fixture(autouse=True)
def _unhurried(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(teardown, "PAUSE", 0)
    monkeypatch.setattr(stack_sets, "PAUSE", 0)
    with organizations.fill():
        yield


def install(hub: Hub, account: str = OTHER, name: str = "", **changed: str) -> None:
    """The member's stacks in both regions, the role in THERE."""
    given = {
        "HubAccount": OWN,
        "HubRegion": HERE,
        "HubStack": hub.stack,
        "ExternalId": hub.outputs["ExternalId"],
        "MemberRoleName": f"{hub.stack}-{account}",
        "RoleRegion": THERE,
        "PermissionsBoundary": "",
        **changed,
    }
    for region in (HERE, THERE):
        cloudformation = hub.server.session(account).client("cloudformation", region_name=region)
        cloudformation.create_stack(
            StackName=name or f"{hub.stack}-member",
            TemplateBody=member_stacks.body(["sqs-queue"]),
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()],
            EnableTerminationProtection=True,
        )
    hub.server.calls.clear()


def stacks(hub: Hub, account: str) -> set[tuple[str, str]]:
    """Region and name of the stacks that have to do with the hub."""
    return {
        (region, each["StackName"])
        for region in (HERE, THERE)
        for each in hub.server.session(account)
        .client("cloudformation", region_name=region)
        .describe_stacks()["Stacks"]
        if hub.stack in each["StackName"]
    }


def roles(server: Server, account: str) -> set[str]:
    return {each["RoleName"] for each in server.session(account).client("iam").list_roles()["Roles"]}


def start(hub: Hub, account: str) -> str:
    """An execution that never ends by itself: the server runs none."""
    given = {"account": account, "region": HERE, "resource": "orders"}
    states = hub.server.session().client("stepfunctions")
    started = states.start_execution(stateMachineArn=hub.outputs["SqsQueueMachine"], input=json.dumps(given))
    hub.server.calls.clear()
    return str(started["executionArn"])


def fates(ran: Any) -> dict[str, str]:
    return {f"{each['what']} in {each['where']}": each["fate"] for each in ran.json}


# --- A member ---


def decommission(cli: Cli, profile: str, *args: str) -> Any:
    return cli("decommission", "member", OTHER, "--profile", profile, "--yes", "--format", "json", *args)


def test_nothing_is_left_of_a_member_but_its_ledger(
    server: Server, hub: Hub, cli: Cli, profile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = roles(server, OTHER)
    install(hub)
    hub.register(account=OTHER, contacts=["team@example.com"], policies={"s3-versioning": {"mode": "report"}})
    ran = decommission(cli, profile)
    assert fates(ran) == {
        "subscription of team@example.com in the topic of notifications": "gone",
        "settings in the settings table": "gone",
        f"ledger entries in {hub.outputs['LedgerTable']}": "stays",
        f"stack {hub.stack}-member in {HERE}": "gone",
        f"stack {hub.stack}-member, with the role in {THERE}": "gone",
    }
    assert ran.code == 0
    assert not stacks(hub, OTHER) and hub.account(OTHER) is None
    assert roles(server, OTHER) == before


def test_its_place_among_the_admitted_accounts_goes_too(hub: Hub, cli: Cli, profile: str) -> None:
    for account in ("111122223333", OTHER):
        cli("accounts", "add", account, "--yes")
    assert hub.admitted == ["111122223333", OTHER]
    ran = decommission(cli, profile)
    place = f"place in the list of accounts whose events are accepted in the stack {hub.stack}-admission"
    assert fates(ran)[place] == "gone"
    assert hub.admitted == ["111122223333"]


def test_the_stack_with_the_role_is_the_last(hub: Hub, cli: Cli, profile: str) -> None:
    install(hub)
    regions = []
    delete = CloudFormationResponse.delete_stack

    def recorded(self: CloudFormationResponse) -> Any:
        regions.append(self.region)
        return delete(self)

    with patch.object(CloudFormationResponse, "delete_stack", recorded):
        decommission(cli, profile)
    assert regions == [HERE, THERE]


def test_only_the_regions_named_are_looked_at(hub: Hub, cli: Cli, profile: str) -> None:
    install(hub)
    assert decommission(cli, profile, "--region", HERE).code == 0
    assert stacks(hub, OTHER) == {(THERE, f"{hub.stack}-member")}


def test_again_there_is_nothing_to_do(hub: Hub, cli: Cli, profile: str) -> None:
    ran = decommission(cli, profile)
    assert ran.code == 0 and f"There is nothing to delete of the member {OTHER}." in ran.err


def test_stacks_of_another_hub_and_of_the_organization_stay_and_are_named(
    server: Server, hub: Hub, cli: Cli, profile: str
) -> None:
    install(hub, HubStack="another")
    install(hub, name=f"StackSet-{hub.stack}-members-0a1b", MemberRoleName="organizations")
    hub.register(account=OTHER)
    ran = decommission(cli, profile)
    notes = {each["what"]: each["note"] for each in ran.json if each["fate"] == "stays"}
    assert notes[f"stack {hub.stack}-member"] == "it belongs to another hub"
    assert "move the account out of its unit" in notes[f"stack StackSet-{hub.stack}-members-0a1b"]
    assert len(stacks(hub, OTHER)) == 4
    assert ran.code == 0


def test_a_running_execution_is_waited_for_and_the_next_run_goes_on(
    server: Server, hub: Hub, cli: Cli, profile: str
) -> None:
    install(hub)
    hub.register(account=OTHER)
    arn = start(hub, OTHER)
    ran = decommission(cli, profile, "--wait", "0")
    assert ran.code == 1 and arn.rpartition(":")[2] in ran.err and "No stack was deleted." in ran.err
    assert fates(ran)["settings in the settings table"] == "gone"
    assert fates(ran)[f"stack {hub.stack}-member in {HERE}"] == "left"
    assert hub.account(OTHER) is None and len(stacks(hub, OTHER)) == 2
    server.session().client("stepfunctions").stop_execution(executionArn=arn)
    assert decommission(cli, profile, "--wait", "0").code == 0
    assert not stacks(hub, OTHER)


def test_executions_of_other_accounts_are_not_waited_for(hub: Hub, cli: Cli, profile: str) -> None:
    install(hub)
    start(hub, OWN)
    assert decommission(cli, profile, "--wait", "0").code == 0


def test_whoever_is_in_a_hurry_waits_for_nothing(hub: Hub, cli: Cli, profile: str) -> None:
    install(hub)
    start(hub, OTHER)
    assert decommission(cli, profile, "--now").code == 0
    assert not stacks(hub, OTHER)


def test_an_interruption_is_told_and_the_next_run_goes_on(
    hub: Hub, cli: Cli, profile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    install(hub)
    start(hub, OTHER)
    with monkeypatch.context() as patched:
        patched.setattr("time.sleep", interrupt)
        ran = decommission(cli, profile)
    assert ran.code == 1 and "Run the command again to do what is left" in ran.err
    assert decommission(cli, profile, "--now").code == 0
    assert not stacks(hub, OTHER)


def test_a_stack_that_cannot_be_deleted_is_named_with_the_reason(hub: Hub, cli: Cli, profile: str) -> None:
    install(hub)

    def fail(self: CloudFormationBackend, name: str) -> None:
        stack = self.get_stack(name)
        stack.status = "DELETE_FAILED"
        stack._add_stack_event("DELETE_FAILED", resource_status_reason="The role is in use.")

    with patch.object(CloudFormationBackend, "delete_stack", fail):
        ran = decommission(cli, profile)
    assert ran.code == 1
    [first] = [each for each in ran.json if each["where"] == HERE]
    assert first["fate"] == "left" and "The role is in use." in first["note"]
    [second] = [each for each in ran.json if each["where"] == THERE]
    assert (second["fate"], second["note"]) == ("left", "not tried, because something before it is left")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ([OTHER, "--yes"], f"The credentials are of account {OWN}, but the stacks to delete are in {OTHER}."),
        (["4444", "--yes"], "'4444' is not an account id, which has 12 digits."),
        ([OWN, "--yes", "--region", "Frankfurt"], "'Frankfurt' is not a region"),
        ([OWN, "--yes", "--stack", "elsewhere"], "There is no stack 'elsewhere'"),
        ([OWN], "Nothing was changed: nobody confirmed it. In a script, give --yes."),
    ],
)
def test_what_cannot_be_meant_changes_nothing(
    server: Server,
    hub: Hub,
    refused: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
    args: list[str],
    said: str,
) -> None:
    hub.register(account=OWN)
    monkeypatch.setattr("rightstate_cli.terminal.output.ask", lambda question: None)
    assert said in refused("decommission", "member", *args)
    assert not server.writes


def test_after_a_no_nothing_goes(server: Server, hub: Hub, cli: Cli) -> None:
    hub.register(account=OWN)
    ran = cli("decommission", "member", OWN, stdin="n\n")
    assert (ran.code, ran.out) == (2, "")
    assert not server.writes


# --- A hub ---

_EVERYTHING = (
    ("cloudformation", "describe_stacks", "Stacks", "StackName"),
    ("dynamodb", "list_tables", "TableNames", None),
    ("events", "list_rules", "Rules", "Name"),
    ("iam", "list_roles", "Roles", "RoleName"),
    ("lambda", "list_functions", "Functions", "FunctionName"),
    ("lambda", "list_layers", "Layers", "LayerName"),
    ("logs", "describe_log_groups", "logGroups", "logGroupName"),
    ("sns", "list_topics", "Topics", "TopicArn"),
    ("sqs", "list_queues", "QueueUrls", None),
    ("stepfunctions", "list_state_machines", "stateMachines", "name"),
)


def everything(hub: Hub) -> set[str]:
    """What there is in the own account that has the hub's name. moto leaves managed policies behind."""
    found = set()
    for service, operation, key, name in _EVERYTHING:
        client = hub.server.session().client(service)
        pages = (
            client.get_paginator(operation).paginate()
            if client.can_paginate(operation)
            else [getattr(client, operation)()]
        )
        for page in pages:
            found |= {f"{service} {each[name] if name else each}" for each in page.get(key, ())}
    return {each for each in found if hub.stack in each}


def tables(hub: Hub) -> set[str]:
    return {hub.outputs["SettingsTable"], hub.outputs["LedgerTable"]}


def remove(cli: Cli, *args: str) -> Any:
    return cli("decommission", "hub", "--yes", "--format", "json", *args)


def test_nothing_is_left_of_a_hub_but_what_was_said(hub: Hub, cli: Cli) -> None:
    install(hub, OWN)
    assert len({each.split()[0] for each in everything(hub)}) == 9
    guards, work = hub.outputs["GuardsTable"], hub.outputs["WorkBucket"]
    cli("accounts", "add", OTHER, "--yes")
    hub.forget(OTHER)
    ran = remove(cli)
    bucket = "the bucket of the stack aws-sam-cli-managed-default, or yours"
    assert everything(hub) == {f"dynamodb {table}" for table in tables(hub)}
    assert fates(ran) == {
        f"stack {hub.stack}-member in {HERE}": "gone",
        f"stack {hub.stack}-member, with the role in {THERE}": "gone",
        f"stack {hub.stack}-admission in {HERE}": "gone",
        f"stack {hub.stack} in {HERE}": "gone",
        f"bucket {work} in {HERE}": "gone",
        f"table {guards} in {HERE}": "gone",
        **{f"table {table} in {HERE}": "stays" for table in tables(hub)},
        f"what `sam deploy` has uploaded in {bucket}": "stays",
    }
    assert ran.code == 0
    assert not stacks(hub, OWN)
    notes = {each["what"]: each["note"] for each in ran.json}
    assert "reports of backfills" in notes[f"bucket {work}"]
    assert "halts, requests for approval" in notes[f"table {guards}"]


def test_what_goes_with_a_stack_that_stays_is_left_too(hub: Hub, cli: Cli) -> None:
    with patch.object(Waiter, "wait", side_effect=WaiterError("StackDeleteComplete", "it failed", {})):
        ran = remove(cli)
    assert ran.code == 1
    assert fates(ran)[f"table {hub.outputs['GuardsTable']} in {HERE}"] == "left"


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        (["--delete-settings"], {"LedgerTable"}),
        (["--delete-settings", "--delete-ledger"], set()),
    ],
)
def test_a_table_goes_only_if_told_at_once_or_later(
    hub: Hub, cli: Cli, options: list[str], kept: set[str]
) -> None:
    assert remove(cli).code == 0
    assert remove(cli, *options).code == 0
    assert everything(hub) == {f"dynamodb {hub.outputs[each]}" for each in kept}
    assert remove(cli, *options).code == 0


def test_a_table_that_does_not_go_is_left_and_told(hub: Hub, cli: Cli) -> None:
    assert remove(cli).code == 0
    slow = WaiterError("TableNotExists", "Max attempts exceeded", {})
    with patch.object(Waiter, "wait", side_effect=slow):
        ran = remove(cli, "--delete-ledger")
    [ledger] = [each for each in ran.json if each["what"] == f"table {hub.outputs['LedgerTable']}"]
    assert (ran.code, ledger["fate"]) == (1, "left")
    assert "is still there: Waiter TableNotExists failed: Max attempts exceeded." in ledger["note"]


def test_of_several_tables_that_may_be_the_ledger_none_is_deleted(server: Server, hub: Hub, cli: Cli) -> None:
    remove(cli)
    another = f"{hub.stack}-LedgerTable-0A1B2C3D4E5F"
    server.session().client("dynamodb").create_table(
        TableName=another,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "resource", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "resource", "KeyType": "HASH"}],
    )
    ran = remove(cli, "--delete-ledger")
    assert ran.json and {each["fate"] for each in ran.json} == {"stays"}
    assert f"dynamodb {another}" in everything(hub)
    assert f"dynamodb {hub.outputs['LedgerTable']}" in everything(hub)


def test_it_refuses_while_it_has_members_and_names_them(
    server: Server, hub: Hub, refused: Callable[..., str]
) -> None:
    hub.register(account=OWN)
    hub.register(account=OTHER)
    told = refused("decommission", "hub", "--yes")
    assert f"The hub has 1 member: {OTHER}." in told
    assert "`rightstate decommission member ACCOUNT`" in told
    assert server.writes == ["dynamodb:Scan"]


def test_its_own_account_as_a_member_does_not_keep_it(hub: Hub, cli: Cli) -> None:
    hub.register(account=OWN)
    assert remove(cli).code == 0


def test_no_rule_starts_anything_while_executions_are_waited_for(server: Server, hub: Hub, cli: Cli) -> None:
    arn = start(hub, OTHER)
    ran = remove(cli, "--wait", "0")
    assert ran.code == 1 and "The hub's rules stay disabled" in ran.err
    rules = server.session().client("events").list_rules(NamePrefix=hub.stack)["Rules"]
    assert rules and {each["State"] for each in rules} == {"DISABLED"}
    assert stacks(hub, OWN) == {(HERE, hub.stack)}
    server.session().client("stepfunctions").stop_execution(executionArn=arn)
    assert remove(cli).code == 0
    assert not stacks(hub, OWN)


def test_a_stack_that_is_no_hub_is_left_alone(server: Server, refused: Callable[..., str]) -> None:
    server.session().client("cloudformation").create_stack(
        StackName="payments", TemplateBody='{"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}'
    )
    server.calls.clear()
    told = refused("decommission", "hub", "--yes", "--stack", "payments")
    assert "'payments' in account 123456789012, us-east-1 is not a hub of Rightstate." in told
    assert not server.writes


def test_a_stack_that_is_being_changed_is_left_alone(
    server: Server, hub: Hub, refused: Callable[..., str]
) -> None:
    [stack] = [
        each
        for each in organizations.cloudformation_backends[OWN][HERE].stacks.values()
        if each.name == hub.stack
    ]
    stack.status = "UPDATE_IN_PROGRESS"
    server.written.add("the stack's status")
    assert f"The stack {hub.stack} is UPDATE_IN_PROGRESS." in refused("decommission", "hub", "--yes")
    assert not server.writes


# --- An organization ---


@pytest.fixture
def organization(server: Server, hub: Hub, cli: Cli) -> Iterator[organizations.Organization]:
    """Whose accounts are members of a hub, and registered. The hub is one that admits it."""
    with (
        organizations.organization(server) as made,
        patch.object(stack_sets, "check_admitted", lambda hub, organization: None),
    ):
        where = ("--ou", made.unit, "--region", HERE, "--region", THERE)
        assert cli("organization", "deploy", *where, "--yes").code == 0
        assert cli("organization", "register").code == 0
        server.calls.clear()
        yield made


def dissolve(cli: Cli, *args: str) -> Any:
    return cli("decommission", "organization", "--yes", "--format", "json", *args)


def test_nothing_is_left_of_an_organizations_members(
    server: Server, hub: Hub, cli: Cli, organization: organizations.Organization
) -> None:
    hub.register(account=OTHER)
    ran = dissolve(cli)
    assert ran.code == 0
    assert sorted(each["fate"] for each in ran.json) == ["gone"] * 7 + ["stays"]
    assert all(hub.account(account) is None for account in organization.accounts)
    assert hub.account(OTHER) is not None
    summaries = server.session().client("cloudformation").list_stack_sets()["Summaries"]
    assert {each["Status"] for each in summaries if each["StackSetName"].startswith(hub.stack)} == {"DELETED"}
    assert all(f"{hub.stack}-remediation" not in roles(server, each) for each in organization.accounts)
    again = dissolve(cli)
    assert again.code == 0 and "There is nothing to delete" in again.err


def test_a_stack_that_is_left_is_named_and_the_next_run_goes_on(
    hub: Hub, cli: Cli, organization: organizations.Organization
) -> None:
    broken = organizations.stack_set(f"{hub.stack}-members").stack_instances[0]
    broken.result = {"Status": "INOPERABLE", "StatusReason": "The role of StackSets is gone."}
    ran = dissolve(cli)
    assert ran.code == 1
    [left] = [each for each in ran.json if each["fate"] == "left" and each["what"].startswith("stack ")]
    assert (left["what"], left["where"]) == (f"stack in account {broken.account_id}", broken.region_name)
    assert left["note"] == "The role of StackSets is gone."
    broken.result = None
    assert dissolve(cli).code == 0


def test_the_executions_of_its_accounts_are_waited_for(
    server: Server, hub: Hub, cli: Cli, organization: organizations.Organization
) -> None:
    arn = start(hub, organization.accounts[0])
    ran = dissolve(cli, "--wait", "0")
    assert ran.code == 1 and "No stack was deleted." in ran.err
    assert "cloudformation:DeleteStackInstances" not in server.calls
    server.session().client("stepfunctions").stop_execution(executionArn=arn)
    assert dissolve(cli).code == 0


def test_the_hub_goes_after_its_organization(
    server: Server, hub: Hub, refused: Callable[..., str], organization: organizations.Organization
) -> None:
    told = refused("decommission", "hub", "--yes")
    assert "Take them away first: `rightstate decommission organization`." in told
    assert not server.writes
