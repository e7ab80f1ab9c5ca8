"""`rightstate organization`: members in every account of an organization, by a StackSet."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from moto.cloudformation.exceptions import CloudFormationError, ValidationError
from moto.cloudformation.models import StackSet
from moto.cloudformation.responses import CloudFormationResponse

from rightstate.models.settings import Account, Enabled
from rightstate.policy import Mode
from rightstate_cli.hub.deployment import find
from rightstate_cli.member import stack_sets
from rightstate_cli.member import template as member_template
from rightstate_cli.tables.accounts_table import Registry
from tests.cli.commands.conftest import OTHER, OWN, Cli, Server
from tests.support import hub_stack, organizations
from tests.support.organizations import Organization

STACK = "of-an-organization"
SET = f"{STACK}-members"
HERE, THERE = organizations.ENABLED

pytestmark = pytest.mark.filterwarnings(organizations.QUIET)


@pytest.fixture(scope="module")
def organization(_server: Server) -> Iterator[Organization]:
    """An organization that the hub of STACK admits."""
    with organizations.fill(), organizations.organization(_server) as made, pytest.warns():
        hub_stack.deploy(_server.session(), STACK, OrganizationId=made.id)
        yield made


@pytest.fixture(autouse=True)
def _fresh(organization: Organization, server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No StackSet and no settings before a test, and nobody who waits."""
    monkeypatch.setattr(stack_sets, "PAUSE", 0)
    monkeypatch.setenv("RIGHTSTATE_STACK", STACK)
    server.calls.clear()
    yield
    cloudformation = server.session().client("cloudformation")
    if any(each["Status"] == "ACTIVE" for each in cloudformation.list_stack_sets()["Summaries"]):
        found = organizations.stack_set(SET)
        found.delete_stack_instances(list(organization.accounts), list(organizations.ENABLED))
        cloudformation.delete_stack_set(StackSetName=SET)
    for each in registry(server).all():
        registry(server).remove(each.account)


def registry(server: Server) -> Registry:
    with patch.dict("os.environ", server.environment):
        return Registry(find(STACK).settings)


@pytest.fixture
def deploy(cli: Cli, organization: Organization) -> Callable[..., Any]:
    """Runs the command with the unit and both regions, unless told otherwise."""
    where = ("--ou", organization.unit, "--region", THERE, "--region", HERE)

    def run(*args: str) -> Any:
        return cli("organization", "deploy", *(args or where), "--yes", "--format", "json")

    return run


Deploy = Callable[..., Any]


def places(ran: Any) -> list[tuple[str, str]]:
    return [(each["account"], each["region"]) for each in ran.json["instances"]]


def described(server: Server) -> Any:
    return server.session().client("cloudformation").describe_stack_set(StackSetName=SET)["StackSet"]


def refusing(operation: str, message: str) -> Any:
    """CloudFormation refuses that operation."""

    def refuse(self: CloudFormationResponse) -> None:
        raise ValidationError(message=message)

    return patch.object(CloudFormationResponse, operation, refuse)


def parameters(server: Server) -> dict[str, str]:
    return {each["ParameterKey"]: each["ParameterValue"] for each in described(server)["Parameters"]}


def test_each_account_of_the_unit_gets_a_stack_in_each_region(
    server: Server, deploy: Deploy, organization: Organization
) -> None:
    ran = deploy()
    assert places(ran) == [
        (account, region) for account in sorted(organization.accounts) for region in sorted((HERE, THERE))
    ]
    assert {each["status"] for each in ran.json["instances"]} == {"CURRENT"}
    assert ran.code == 0
    found = described(server)
    assert (found["PermissionModel"], found["AutoDeployment"]) == (
        "SERVICE_MANAGED",
        {"Enabled": True, "RetainStacksOnAccountRemoval": False},
    )
    assert json.loads(found["TemplateBody"])["Resources"] == member_template.template()["Resources"]
    # With every type it is too long for a request.
    assert any(str(call).startswith("s3:PutObject") for call in server.calls)


def test_the_members_trust_this_hub_and_the_first_region_has_the_role(server: Server, deploy: Deploy) -> None:
    deploy()
    with patch.dict("os.environ", server.environment):
        hub = find(STACK)
    assert parameters(server) == {
        "HubAccount": OWN,
        "HubRegion": HERE,
        "HubStack": STACK,
        "ExternalId": hub.outputs["ExternalId"],
        "MemberRoleName": "rightstate-remediation",
        "RoleRegion": THERE,
        "PermissionsBoundary": "",
    }


def test_the_root_stands_for_all_accounts(deploy: Deploy, organization: Organization) -> None:
    ran = deploy("--root", "--region", HERE)
    assert ran.json["organizational_units"] == [organization.root]
    assert {account for account, _ in places(ran)} == set(organization.accounts)


def test_nothing_is_done_again_where_all_is_as_wanted(server: Server, deploy: Deploy) -> None:
    deploy()
    server.calls.clear()
    ran = deploy()
    assert ran.code == 0 and "there is nothing to do" in ran.err
    assert not server.writes


def test_a_region_more_gets_its_stacks_and_the_role_stays_where_it_is(server: Server, deploy: Deploy) -> None:
    deploy("--root", "--region", THERE)
    server.calls.clear()
    ran = deploy("--root", "--region", HERE, "--region", THERE)
    assert ran.code == 0 and len(places(ran)) == 4
    assert server.writes == ["cloudformation:CreateStackInstances"]
    assert parameters(server)["RoleRegion"] == THERE


def test_without_options_an_upgrade_keeps_units_regions_types_and_boundary(
    server: Server, deploy: Deploy, organization: Organization
) -> None:
    boundary = "arn:aws:iam::aws:policy/PowerUserAccess"
    where = ("--ou", organization.unit, "--region", HERE)
    deploy(*where, "--type", "sqs-queue", "--boundary", boundary)
    was = described(server)["TemplateBody"]
    organizations.stack_set(SET).template = was.replace("0.1.0", "0.0.1")
    ran = deploy("--max-concurrent", "10")
    assert ran.code == 0 and "without access-analyzer" in " ".join(ran.err.split())
    assert described(server)["TemplateBody"] == was
    assert parameters(server)["PermissionsBoundary"] == boundary
    assert "cloudformation:UpdateStackSet" in server.writes
    assert set(places(ran)) == {(account, HERE) for account in organization.accounts}


FAILED = {
    "Status": "OUTDATED",
    "StackInstanceStatus": {"DetailedStatus": "FAILED"},
    "StatusReason": "RemediationRole: rightstate-remediation already exists",
}
SUSPENDED = {
    "Status": "OUTDATED",
    "StackInstanceStatus": {"DetailedStatus": "SKIPPED_SUSPENDED_ACCOUNT"},
}


def breaking(result: dict[str, Any]) -> Any:
    """The first stack that is created ends so."""
    made = StackSet.create_stack_instances

    def create(self: StackSet, *args: Any, **kwargs: Any) -> str:
        operation: str = made(self, *args, **kwargs)
        self.stack_instances[0].result = result
        return operation

    return patch.object(StackSet, "create_stack_instances", create)


def test_a_stack_that_failed_is_named_with_its_reason_and_tried_again_by_the_next_run(
    server: Server, deploy: Deploy, cli: Cli
) -> None:
    with breaking(FAILED):
        ran = deploy()
    [failed] = [each for each in ran.json["instances"] if each["status"] != "CURRENT"]
    assert failed["reason"] == FAILED["StatusReason"]
    assert f"Not as wanted: {failed['account']} in {failed['region']}." in ran.err
    assert ran.code == 1
    shown = cli("organization", "show")
    assert (
        shown.code == 1 and "OUTDATED, FAILED" in shown.out and "4 stacks: 3 as wanted, 1 not." in shown.out
    )
    again = deploy()
    assert again.code == 0
    assert "cloudformation:UpdateStackSet" in server.writes


def test_a_suspended_account_fails_nothing(deploy: Deploy, cli: Cli) -> None:
    with breaking(SUSPENDED):
        assert deploy().code == 0
    assert cli("organization", "show").code == 0


def test_an_operation_that_fails_ends_with_1(deploy: Deploy) -> None:
    with patch.object(stack_sets.StackSet, "add", return_value="FAILED"):
        assert deploy().code == 1


def going(looks: int) -> Any:
    """Every operation runs for this number of looks."""
    status = StackSet.get_operation
    seen: dict[str, int] = {}

    def get(self: StackSet, operation: str) -> dict[str, Any]:
        found: dict[str, Any] = status(self, operation)
        seen[operation] = seen.get(operation, 0) + 1
        found["Status"] = "RUNNING" if seen[operation] <= looks else "SUCCEEDED"
        return found

    return patch.object(StackSet, "get_operation", get)


def test_what_is_under_way_is_followed_instead_of_begun_again(server: Server, deploy: Deploy) -> None:
    deploy()
    organizations.stack_set(SET).operations[-1]["Status"] = "RUNNING"
    server.calls.clear()
    with going(3):
        ran = deploy()
    assert ran.code == 0 and "(CREATE) is running. Following it." in ran.err
    assert not server.writes
    assert server.calls.count("cloudformation:DescribeStackSetOperation") >= 2


def test_whoever_stops_it_leaves_the_operation_to_go_on(
    server: Server, deploy: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", interrupt)
    with going(3):
        ran = deploy()
    assert (ran.code, ran.out) == (2, "")
    assert "goes on in AWS. Run the command again" in ran.err
    assert "cloudformation:StopStackSetOperation" not in server.calls


def test_an_operation_of_somebody_else_is_waited_for(deploy: Deploy) -> None:
    create = CloudFormationResponse.create_stack_instances
    refusals = [CloudFormationError("OperationInProgressException", "Another operation is in progress.")]

    def busy_at_first(self: CloudFormationResponse) -> Any:
        if refusals:
            raise refusals.pop()
        return create(self)

    with patch.object(CloudFormationResponse, "create_stack_instances", busy_at_first):
        ran = deploy()
    assert ran.code == 0 and len(places(ran)) == 4


@pytest.mark.parametrize("answer", ["", "n\n"])
def test_nothing_is_created_that_nobody_confirmed(
    server: Server, cli: Cli, organization: Organization, answer: str
) -> None:
    ran = cli(
        "organization", "deploy", "--ou", organization.unit, "--region", HERE, "--stack", STACK, stdin=answer
    )
    assert ran.code == 2 and ran.out == ""
    assert "create the StackSet" in ran.err and "Nothing was changed" in ran.err
    assert not server.writes


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ([], "Name the accounts and where: --ou or --root, and --region."),
        (["--root"], "Name the accounts and where: --ou or --root, and --region."),
        (["--ou", "workloads", "--region", HERE], "'workloads' is not an organizational unit"),
        (["--root", "--region", "Frankfurt"], "'Frankfurt' is not a region"),
        (["--root", "--region", "cn-north-1"], "'cn-north-1' is not a region of aws."),
        (["--root", "--region", "eu-west-9"], "'eu-west-9' is not a region of aws."),
        (["--root", "--region", HERE, "--type", "sqs"], "No resource type is named 'sqs'"),
        (["--root", "--region", HERE, "--boundary", "mine"], "'mine' cannot be the PermissionsBoundary"),
        (["--root", "--region", HERE, "--stack", "elsewhere"], "There is no stack 'elsewhere'"),
        (["--root", "--region", HERE, "--profile", "no-such"], "There is no AWS profile 'no-such'."),
        (["--root", "--region", HERE, "--max-concurrent", "0"], "should be greater than or equal to 1"),
    ],
)
def test_an_option_that_cannot_be_meant(
    server: Server, refused: Callable[..., str], args: list[str], said: str
) -> None:
    assert said in " ".join(refused("organization", "deploy", *args, "--yes").replace("│", "").split())
    assert not server.writes


@pytest.mark.parametrize("command", ["show", "register"])
def test_without_a_stack_set_they_say_what_creates_it(refused: Callable[..., str], command: str) -> None:
    assert "`rightstate organization deploy` creates it." in refused("organization", command)


@pytest.mark.parametrize("admitted", ["", "o-another0000"])
def test_the_hub_must_take_the_organizations_events(
    server: Server, refused: Callable[..., str], organization: Organization, admitted: str
) -> None:
    stack = f"takes-{admitted or 'none'}"
    with pytest.warns():
        hub_stack.deploy(server.session(), stack, OrganizationId=admitted)
    server.calls.clear()
    told = refused("organization", "deploy", "--root", "--region", HERE, "--yes", "--stack", stack)
    assert f"--parameter-overrides OrganizationId={organization.id}`" in told
    assert (admitted or "those of no organization") in told
    assert not server.writes
    server.session().client("cloudformation").delete_stack(StackName=stack)


def test_access_that_is_not_activated_gives_the_command_that_does(
    refused: Callable[..., str], organization: Organization
) -> None:
    message = "You must enable organizations access to operate a service managed stack set"
    with refusing("create_stack_set", message):
        told = refused("organization", "deploy", "--root", "--region", HERE, "--yes")
    assert f"account {OWN}: `aws cloudformation activate-organizations-access --region {HERE}`." in told


def test_another_refusal_is_said_in_cloudformations_words(refused: Callable[..., str]) -> None:
    with refusing("create_stack_set", "Template error: no such thing"):
        told = refused("organization", "deploy", "--root", "--region", HERE, "--yes")
    assert f"refused to create the StackSet {SET}: Template error: no such thing." in told


def test_a_stack_set_of_that_name_that_is_not_ours_is_left_alone(
    server: Server, refused: Callable[..., str]
) -> None:
    server.session().client("cloudformation").create_stack_set(
        StackSetName=SET,
        TemplateBody='{"Resources": {}}',
        AutoDeployment={"Enabled": False},
        PermissionModel="SERVICE_MANAGED",
    )
    server.calls.clear()
    told = refused("organization", "deploy", "--root", "--region", HERE, "--yes")
    assert f"The StackSet {SET} in {HERE} is not that of the hub '{STACK}'" in told
    assert not server.writes


def test_an_account_that_is_not_the_management_account_calls_as_delegated_administrator(
    server: Server, deploy: Deploy, organization: Organization, tmp_path: Path
) -> None:
    keys = server.session(organization.accounts[0]).get_credentials()
    assert keys
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text(
        f"[administrator]\naws_access_key_id = {keys.access_key}\naws_secret_access_key = {keys.secret_key}\n"
        f"aws_session_token = {keys.token}\n"
    )
    called = []
    describe = CloudFormationResponse.describe_stack_set

    def recorded(self: CloudFormationResponse) -> Any:
        called.append((self.current_account, self._get_param("CallAs")))
        return describe(self)

    with patch.object(CloudFormationResponse, "describe_stack_set", recorded):
        deploy("--root", "--region", HERE)
        deploy("--root", "--region", HERE, "--profile", "administrator")
    assert set(called) == {(OWN, "SELF"), (organization.accounts[0], "DELEGATED_ADMIN")}


def test_whoever_is_no_delegated_administrator_is_told_how_to_become_one(
    server: Server, cli: Cli, organization: Organization
) -> None:
    with (
        refusing("describe_stack_set", "Account used is not a delegated administrator"),
        patch.object(stack_sets.Organization, "call_as", "DELEGATED_ADMIN"),
    ):
        ran = cli("organization", "show")
    assert ran.code == 2
    assert f"register-delegated-administrator --account-id {OWN} --service-principal member.org." in ran.err


# --- register ---


def registered(server: Server) -> dict[str, Account]:
    return {each.account: each for each in registry(server).all()}


def test_accounts_are_registered_with_nothing_enabled(
    server: Server, deploy: Deploy, cli: Cli, organization: Organization
) -> None:
    deploy()
    ran = cli("organization", "register", "--format", "json")
    assert ran.code == 0
    assert {(each["name"], each["result"]) for each in ran.json} == {
        ("orders", "registered"),
        ("invoices", "registered"),
    }
    account = organization.accounts[0]
    assert registered(server)[account] == Account(
        account=account,
        name="orders",
        regions=tuple(sorted((HERE, THERE))),
        role_arn=f"arn:aws:iam::{account}:role/rightstate-remediation",
        read_role_arn=f"arn:aws:iam::{account}:role/rightstate-remediation-read",
        external_id=parameters(server)["ExternalId"],
        revision=1,
    )


def test_an_account_that_is_registered_stays_as_it_is(
    server: Server, deploy: Deploy, cli: Cli, organization: Organization
) -> None:
    account = organization.accounts[0]
    own = Account(
        account=account,
        name="mine",
        regions=(HERE,),
        policies={"s3-versioning": Enabled(mode=Mode.REPORT)},
    )
    registry(server).put(own)
    deploy()
    for _ in range(2):
        ran = cli("organization", "register", "--format", "json")
        assert ran.code == 0
        assert registered(server)[account] == own.model_copy(update={"revision": 1})
    assert {each["result"] for each in ran.json} == {"kept"}
    assert f"It has stacks in {THERE} too" in ran.out


def test_an_account_with_one_role_is_given_the_one_that_reads_once_the_stack_set_has_it(
    server: Server, deploy: Deploy, cli: Cli, organization: Organization
) -> None:
    account = organization.accounts[0]
    role = f"arn:aws:iam::{account}:role/rightstate-remediation"
    own = Account(account=account, regions=(HERE, THERE), role_arn=role, external_id="own")
    registry(server).put(own)
    deploy()
    ran = cli("organization", "register", "--format", "json")
    assert ran.code == 0
    assert [each["result"] for each in ran.json if each["account"] == account] == ["upgraded"]
    upgraded = own.model_copy(update={"read_role_arn": f"{role}-read", "revision": 2})
    assert registered(server)[account] == upgraded
    again = cli("organization", "register", "--format", "json")
    assert [each["result"] for each in again.json if each["account"] == account] == ["kept"]


def test_an_account_whose_role_is_not_there_is_not_registered(
    server: Server, deploy: Deploy, cli: Cli
) -> None:
    with breaking(FAILED):
        deploy()
    ran = cli("organization", "register", "--format", "json")
    [failed] = [each for each in ran.json if each["result"] == "failed"]
    assert f"Its stack in {THERE}, which has the role, is missing." in failed["note"]
    assert failed["account"] not in registered(server)
    assert ran.code == 1


def test_an_account_that_has_left_is_told_with_the_command_that_removes_it(
    server: Server, deploy: Deploy, cli: Cli
) -> None:
    registry(server).put(Account(account=OTHER, name="sold"))
    registry(server).put(Account(account=OWN, name="the hub's own"))
    deploy()
    ran = cli("organization", "register", "--format", "json")
    [left] = [each for each in ran.json if each["result"] == "left"]
    assert (left["account"], left["name"]) == (OTHER, "sold")
    assert f"`rightstate accounts remove {OTHER}`" in left["note"]
    assert OTHER in registered(server)
    assert ran.code == 1


def test_as_a_table(deploy: Deploy, cli: Cli, organization: Organization) -> None:
    deploy()
    ran = cli("organization", "register")
    rows = {" ".join(line.split()) for line in ran.out.splitlines()}
    both = ", ".join(sorted((HERE, THERE)))
    assert f"{organization.accounts[0]} orders {both} registered" in rows
    assert "policies enable" in ran.err
