"""`rightstate accounts`: whom the hub looks after, installed and tried on a server."""

import json
import shlex
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import boto3
import pytest
import yaml
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber
from botocore.waiter import Waiter
from moto.cloudformation.models import cloudformation_backends
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.sns.models import sns_backends

from rightstate.catalogue import load_all
from rightstate.errors import CallFailed, Denied, Unavailable
from rightstate.models.settings import Account, Enabled
from rightstate.policy import Mode
from rightstate_cli.aws import Caller
from rightstate_cli.hub import admission, contacts, stacks
from rightstate_cli.hub import deployment as hubs
from rightstate_cli.hub.admission import Admission
from rightstate_cli.member import role
from rightstate_cli.member import stacks as member_stacks
from rightstate_cli.member import template as member_template
from tests.cli.commands.conftest import OTHER, OWN, REGION, Cli, Hub, Ran, Server
from tests.support import hub_stack

FAR = "eu-west-1"


def member_stack(hub: Hub, account: str = OWN, region: str = REGION) -> dict[str, Any]:
    cloudformation = hub.server.session(account).client("cloudformation", region_name=region)
    [stack] = cloudformation.describe_stacks(StackName=f"{hub.stack}-member")["Stacks"]
    found: dict[str, Any] = stack
    return found


def all_stacks(hub: Hub) -> list[str]:
    """The names of the hub's account's stacks that have the hub's name."""
    found = hub.server.session().client("cloudformation").describe_stacks()["Stacks"]
    return [each["StackName"] for each in found if hub.stack in each["StackName"]]


def role_arn(hub: Hub, account: str) -> str:
    return f"arn:aws:iam::{account}:role/{hub.stack}-remediation"


def make_role(hub: Hub, account: str, *external_ids: str) -> None:
    """A member's roles whose trust asks for one of those external ids, or for none."""
    for name, functions in (
        ("remediation-read", member_template.READERS),
        ("remediation", member_template.WRITERS),
    ):
        make_one_role(hub, account, name, functions, *external_ids)


def make_one_role(hub: Hub, account: str, name: str, functions: Sequence[str], *external_ids: str) -> None:
    trusted = [f"arn:aws:iam::{OWN}:role/{hub.stack}-{REGION}-{each}" for each in functions]
    condition: dict[str, Any] = {"ArnEquals": {"aws:PrincipalArn": trusted}}
    condition |= {"StringEquals": {"sts:ExternalId": list(external_ids)}} if external_ids else {}
    statement = {"Effect": "Allow", "Principal": {"AWS": OWN}, "Action": "sts:AssumeRole"}
    trust = {"Version": "2012-10-17", "Statement": [{**statement, "Condition": condition}]}
    hub.server.session(account).client("iam").create_role(
        RoleName=f"{hub.stack}-{name}", AssumeRolePolicyDocument=json.dumps(trust)
    )
    hub.server.calls.clear()


def subscriptions(hub: Hub) -> dict[str, Any]:
    """Address -> the accounts that its subscription is narrowed to, None for all."""
    topic = sns_backends[OWN][REGION].topics[hub.outputs["Notifications"]]
    found = sns_backends[OWN][REGION]._get_topic_subscriptions(topic)
    return {
        each.endpoint: json.loads(each.attributes["FilterPolicy"])["account"]
        if "FilterPolicy" in each.attributes
        else None
        for each in found
    }


def published(hub: Hub) -> list[tuple[Any, ...]]:
    """What has been sent to the topic: subject, text, attributes."""
    topic = sns_backends[OWN][REGION].topics[hub.outputs["Notifications"]]
    return [
        (subject, text, {name: each["Value"] for name, each in attributes.items()})
        for _, text, subject, attributes, _ in topic.sent_notifications
    ]


# --- Adding with --install ---


def test_the_own_account_is_installed_registered_and_tried_at_once(cli: Cli, hub: Hub) -> None:
    ran = cli("accounts", "add", OWN, "--install", "--yes", "--name", "Payments", "--format", "json")
    assert ran.code == 0, ran.out
    assert ran.json["stacks"] == [{"region": REGION, "result": "created", "reason": ""}]
    assert ran.json["check"]["ok"] is True
    assert "with the external id, and is refused without" in ran.json["check"]["said"]
    account = hub.account(OWN)
    assert account is not None
    assert account == Account(
        account=OWN,
        name="Payments",
        regions=(REGION,),
        revision=1,
        role_arn=role_arn(hub, OWN),
        read_role_arn=f"{role_arn(hub, OWN)}-read",
        external_id=hub.outputs["ExternalId"],
    )


def test_a_member_is_a_protected_and_tagged_stack_of_the_generated_template(cli: Cli, hub: Hub) -> None:
    boundary = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    cli("accounts", "add", OWN, "--install", "--yes", "--type", "s3-bucket", "--boundary", boundary)
    stack = member_stack(hub)
    assert stack["EnableTerminationProtection"] is True
    assert stack["Tags"] == [{"Key": "application", "Value": "rightstate"}]
    assert stacks.parameters(stack) == {
        "HubAccount": OWN,
        "HubRegion": REGION,
        "HubStack": hub.stack,
        "ExternalId": hub.outputs["ExternalId"],
        "MemberRoleName": f"{hub.stack}-remediation",
        "RoleRegion": REGION,
        "PermissionsBoundary": boundary,
    }
    assert {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}[
        "ResourceTypes"
    ] == "s3-bucket"


def test_another_account_is_installed_with_its_own_credentials_in_each_region(
    cli: Cli, hub: Hub, profile: str
) -> None:
    ran = cli(
        *("accounts", "add", OTHER, "--install", "--profile", profile, "--yes", "--format", "json"),
        *("--region", FAR, "--region", REGION),
    )
    assert ran.code == 0, ran.out
    # The region of the role, which is the hub's if it is among them, comes first.
    assert [(each["region"], each["result"]) for each in ran.json["stacks"]] == [
        (REGION, "created"),
        (FAR, "created"),
    ]
    assert {stacks.parameters(member_stack(hub, OTHER, each))["RoleRegion"] for each in (REGION, FAR)} == {
        REGION
    }
    assert ran.json["events"] == f"accepted: now listed in the stack {hub.stack}-admission"
    assert hub.admitted == [OTHER]
    assert hub.output("MemberRoleName") == f"{hub.stack}-remediation"


def test_running_it_again_upgrades_and_changes_only_what_is_given(cli: Cli, hub: Hub) -> None:
    boundary = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    first = ("accounts", "add", OWN, "--install", "--yes", "--name", "Payments", "--contact", "a@example.com")
    cli(*first, "--type", "s3-bucket", "--boundary", boundary)
    cli("policies", "enable", "s3-versioning", "--account", OWN)
    ran = cli("accounts", "add", OWN, "--install", "--yes", "--type", "s3-bucket", "--format", "json")
    assert [each["result"] for each in ran.json["stacks"]] == ["unchanged"]
    ran = cli("accounts", "add", OWN, "--install", "--format", "json", stdin="y\n")
    assert [each["result"] for each in ran.json["stacks"]] == ["unchanged"]
    assert "may remediate s3-bucket?" in " ".join(ran.err.split())
    more = ("--type", "s3-bucket", "--type", "sqs-queue")
    ran = cli("accounts", "add", OWN, "--install", "--yes", *more, "--format", "json")
    assert [each["result"] for each in ran.json["stacks"]] == ["updated"]
    assert stacks.parameters(member_stack(hub))["PermissionsBoundary"] == boundary
    account = hub.account(OWN)
    assert account is not None
    assert (account.name, account.contacts, account.revision) == ("Payments", ("a@example.com",), 5)
    assert account.policies == {"s3-versioning": Enabled(mode=Mode.REPORT)}


def test_the_role_stays_where_it_is_when_regions_come_and_go(cli: Cli, hub: Hub) -> None:
    cli("accounts", "add", OWN, "--install", "--yes", "--region", FAR)
    ran = cli("accounts", "add", OWN, "--install", "--yes", "--region", REGION, "--format", "json")
    assert [(each["region"], each["result"]) for each in ran.json["stacks"]] == [
        (FAR, "unchanged"),
        (REGION, "created"),
    ]
    assert stacks.parameters(member_stack(hub))["RoleRegion"] == FAR
    assert f"No longer a member in: {FAR}. The stack {hub.stack}-member stays there until" in ran.err


def test_all_regions_are_those_that_the_account_has_enabled(
    cli: Cli, hub: Hub, profile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        member_stacks, "enabled_regions", lambda caller: {OTHER: (FAR, REGION)}[caller.account]
    )
    ran = cli("accounts", "add", OTHER, "--all-regions", "--profile", profile, "--yes", "--format", "json")
    assert ran.json["account"]["regions"] == [FAR, REGION]


def test_the_account_api_is_asked_page_by_page() -> None:
    client = boto3.client("account", REGION, aws_access_key_id="own", aws_secret_access_key="own")
    asked = {"RegionOptStatusContains": ["ENABLED", "ENABLED_BY_DEFAULT"]}
    with Stubber(client) as stub:
        stub.add_response("list_regions", {"NextToken": "2", "Regions": [{"RegionName": REGION}]}, asked)
        stub.add_response("list_regions", {"Regions": [{"RegionName": FAR}]}, {**asked, "NextToken": "2"})
        caller: Any = SimpleNamespace(client=lambda service: client)
        assert member_stacks.enabled_regions(caller) == (FAR, REGION)


def test_it_says_where_alone_the_events_of_a_global_service_arrive(cli: Cli, hub: Hub) -> None:
    said = f"Events of iam-password-policy arrive only in {REGION}"
    assert said in cli("accounts", "add", OWN, "--region", FAR).err
    assert said not in cli("accounts", "add", OWN, "--region", FAR, "--region", REGION).err
    assert said not in cli("accounts", "add", OWN, "--region", FAR, "--type", "s3-bucket").err


def test_where_one_region_fails_the_others_are_installed_and_the_exit_code_is_1(
    cli: Cli, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_in(FAR, monkeypatch)
    ran = cli(
        *("accounts", "add", OWN, "--install", "--yes", "--format", "json"),
        *("--region", REGION, "--region", FAR, "--region", "eu-north-1"),
    )
    assert ran.code == 1
    assert {each["region"]: each["result"] for each in ran.json["stacks"]} == {
        REGION: "created",
        FAR: "failed",
        "eu-north-1": "created",
    }
    assert hub.account(OWN) is not None


def test_without_its_role_an_account_is_not_registered(
    cli: Cli, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_in(REGION, monkeypatch)
    ran = cli("accounts", "add", OWN, "--install", "--yes", "--region", REGION, "--region", FAR)
    assert ran.code == 1
    assert "Fewer queues are allowed" in ran.out and "skipped" in ran.out
    assert f"Account {OWN} was not registered" in ran.err
    assert hub.account(OWN) is None


def fail_in(region: str, monkeypatch: pytest.MonkeyPatch) -> None:
    create = stacks.create

    def fail(cloudformation: Any, *args: Any, **kwargs: Any) -> None:
        if cloudformation.meta.region_name == region:
            raise CallFailed("UndeliveredEvents: Fewer queues are allowed")
        create(cloudformation, *args, **kwargs)

    monkeypatch.setattr(stacks, "create", fail)


def test_a_stack_that_fails_is_told_with_the_reason_of_what_failed_first() -> None:
    client = boto3.client("cloudformation", REGION, aws_access_key_id="own", aws_secret_access_key="own")
    events = [
        ("rightstate-member", "ROLLBACK_COMPLETE", None),
        ("ForwardingRole", "CREATE_FAILED", "Resource creation cancelled"),
        ("RemediationRole", "CREATE_FAILED", "rightstate-remediation already exists"),
        ("rightstate-member", "CREATE_IN_PROGRESS", "User Initiated"),
        ("RemediationRole", "CREATE_FAILED", "of an earlier try"),
    ]
    times = {"StackId": "s", "StackName": "s", "CreationTime": "2026-01-01", "Timestamp": "2026-01-01"}
    with Stubber(client) as stub:
        stub.add_response("create_stack", {"StackId": "s"})
        stub.add_response(
            "describe_stacks",
            {
                "Stacks": [
                    {
                        "StackName": "s",
                        "CreationTime": times["CreationTime"],
                        "StackStatus": "ROLLBACK_COMPLETE",
                    }
                ]
            },
        )
        stub.add_response(
            "describe_stack_events",
            {
                "StackEvents": [
                    {
                        "EventId": str(number),
                        "StackId": "s",
                        "StackName": "s",
                        "Timestamp": times["Timestamp"],
                        "LogicalResourceId": name,
                        "ResourceStatus": status,
                        **({"ResourceStatusReason": reason} if reason else {}),
                    }
                    for number, (name, status, reason) in enumerate(events)
                ]
            },
        )
        with pytest.raises(CallFailed, match=r"RemediationRole: rightstate-remediation already exists$"):
            stacks.create(client, "s", {"HubAccount": OWN})


def test_a_template_that_is_too_long_for_a_request_goes_by_way_of_the_hubs_bucket(cli: Cli, hub: Hub) -> None:
    """With every type it is."""
    ran = cli("accounts", "add", OWN, "--install", "--yes", "--format", "json")
    assert ran.code == 0, ran.out
    uploaded = hub.server.session().client("s3").list_objects_v2(Bucket=hub.outputs["WorkBucket"])
    [template] = uploaded["Contents"]
    assert (template["Key"].partition("/")[0], template["Size"]) == (
        "templates",
        len(member_stacks.body([])),
    )
    assert template["Size"] > member_stacks.LONGEST_IN_REQUEST
    printed = cli("accounts", "add", OTHER, "--region", FAR, "--yes", "--format", "json")
    assert " --s3-bucket BUCKET " in printed.json["commands"][1]


# --- Adding without --install ---


def test_the_commands_that_are_printed_install_a_member_that_works(cli: Cli, hub: Hub) -> None:
    ran = cli("accounts", "add", OTHER, "--region", FAR, "--type", "s3-bucket", "--yes", "--format", "json")
    assert ran.code == 1
    template, deploy, protect = map(shlex.split, ran.json["commands"])
    printed = cli(*template[1 : template.index(">")])
    assert yaml.safe_load(printed.out) == json.loads(member_stacks.body(["s3-bucket"]))
    options = dict(zip(deploy[3::2], deploy[4::2], strict=False))
    assert (options["--template-file"], options["--region"]) == (template[-1], FAR)
    given = dict(each.split("=", 1) for each in deploy[deploy.index("--parameter-overrides") + 1 :])
    hub.server.session(OTHER).client("cloudformation", region_name=FAR).create_stack(
        StackName=options["--stack-name"],
        TemplateBody=printed.out,
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()],
        Capabilities=[options["--capabilities"]],
    )
    assert protect[-4:] == ["--stack-name", options["--stack-name"], "--region", FAR]
    assert cli("accounts", "show", OTHER).code == 0


def test_the_template_of_all_types_is_that_of_the_repository(cli: Cli) -> None:
    ran = cli("accounts", "template")
    assert (ran.code, ran.out) == (0, member_template.as_yaml(member_template.template()))
    assert cli("accounts", "template", "--format", "json").json == yaml.safe_load(ran.out)
    assert "No resource type is named 'sqs'" in cli("accounts", "template", "--type", "sqs").err


# --- The check ---


@pytest.mark.parametrize(
    ("external_ids", "said"),
    [
        (None, "does not exist"),
        (["another-id"], "exists, but requires another external id"),
        ([], "without an external id too"),
    ],
)
def test_what_is_wrong_with_a_role_is_said_with_how_to_mend_it(
    cli: Cli, hub: Hub, profile: str, external_ids: list[str] | None, said: str
) -> None:
    if external_ids is not None:
        make_role(hub, OTHER, *external_ids)
    ran = cli("accounts", "add", OTHER, "--profile", profile, "--yes", "--format", "json")
    assert ran.code == 1
    assert ran.json["check"]["ok"] is False
    assert said in ran.json["check"]["said"]
    assert f"`rightstate accounts add {OTHER} --install`" in ran.json["check"]["fix"]
    assert hub.account(OTHER) is not None


def test_without_the_accounts_credentials_it_says_what_may_be_wrong(cli: Cli, hub: Hub) -> None:
    check = cli("accounts", "add", OTHER, "--yes", "--format", "json").json["check"]
    assert "STS does not say why: the role does not exist, or does not trust" in check["said"]
    assert f"aws iam get-role --role-name {hub.stack}-remediation" in check["fix"]
    assert f"sts:ExternalId = {hub.outputs['ExternalId']}" in check["fix"]


def test_a_role_that_trusts_as_it_should_passes_with_an_external_id_of_its_own(cli: Cli, hub: Hub) -> None:
    make_role(hub, OTHER, "the-id-of-our-own")
    ran = cli("accounts", "add", OTHER, "--external-id", "the-id-of-our-own", "--yes")
    assert ran.code == 0, ran.out


def test_a_role_that_is_new_is_tried_again_for_a_while(
    cli: Cli, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    trusts = hub_stack._trusts
    monkeypatch.setattr(role.time, "sleep", waited.append)
    monkeypatch.setattr(hub_stack, "_trusts", lambda *given: len(waited) > 1 and trusts(*given))
    ran = cli("accounts", "add", OWN, "--install", "--yes")
    assert ran.code == 0, ran.out
    assert waited == list(role.NEW_ROLE[:2])
    assert "it may be too new. Trying again in 3 s" in ran.err


def test_a_failed_check_is_told_to_those_who_hear_of_the_account(cli: Cli, hub: Hub) -> None:
    cli("accounts", "add", OTHER, "--name", "Payments", "--contact", "a@example.com", "--yes")
    [(subject, text, attributes)] = published(hub)
    assert subject == f"Rightstate cannot work in account {OTHER}"
    assert attributes == {"account": OTHER, "outcome": "failed"}
    assert f"{OTHER} (Payments)" in text and "What to do: " in text and "nothing is remediated there" in text


def test_of_a_check_that_passes_nobody_is_told(cli: Cli, hub: Hub) -> None:
    cli("accounts", "add", OWN, "--install", "--yes", "--contact", "a@example.com")
    assert published(hub) == []


# --- Contacts ---


def test_a_contact_is_sent_what_concerns_its_accounts_and_nothing_else(cli: Cli, hub: Hub) -> None:
    sns = hub.server.session().client("sns")
    sns.subscribe(TopicArn=hub.outputs["Notifications"], Protocol="email", Endpoint="all@example.com")
    every = ("--contact", "a@example.com", "--contact", "all@example.com", "--yes")
    cli("accounts", "add", OWN, *every)
    cli("accounts", "add", OTHER, *every, "--contact", "b@example.com")
    cli("accounts", "add", OTHER, *every, "--contact", "b@example.com")
    assert subscriptions(hub) == {
        "all@example.com": None,
        "a@example.com": [OWN, OTHER],
        "b@example.com": [OTHER],
    }
    cli("accounts", "add", OTHER, "--contact", "a@example.com")
    assert subscriptions(hub) == {"all@example.com": None, "a@example.com": [OWN, OTHER]}
    cli("accounts", "remove", OWN, "--yes")
    assert subscriptions(hub) == {"all@example.com": None, "a@example.com": [OTHER]}


# --- Whose events are accepted ---


def test_events_of_another_account_are_let_in_after_a_yes(cli: Cli, hub: Hub) -> None:
    ran = cli("accounts", "add", OTHER, stdin="y\n")
    question = f"Let the event bus of {hub.stack} accept the events of account {OTHER} (the stack"
    assert question in " ".join(ran.err.split())
    assert hub.admitted == [OTHER]
    assert cli("accounts", "add", "111122223333", "--yes").code == 1
    assert hub.admitted == [OTHER, "111122223333"]
    assert cli("accounts", "remove", OTHER, "--yes").code == 0
    assert hub.admitted == ["111122223333"]
    assert cli("accounts", "remove", "111122223333", "--yes").code == 0
    assert hub.admitted == []
    assert not [each for each in all_stacks(hub) if each.endswith("-admission")], (
        "an empty list needs no stack"
    )


def test_what_sam_deploys_as_its_saved_parameters_say_undoes_no_account(cli: Cli, hub: Hub) -> None:
    """`sam deploy --guided` saves every parameter, and each later deployment sets them."""
    cloudformation = hub.server.session().client("cloudformation")
    [found] = cloudformation.describe_stacks(StackName=hub.stack)["Stacks"]
    saved = [{k: each[k] for k in ("ParameterKey", "ParameterValue")} for each in found["Parameters"]]
    cli("accounts", "add", OTHER, "--yes")
    cloudformation.update_stack(StackName=hub.stack, UsePreviousTemplate=True, Parameters=saved)
    assert hub.admitted == [OTHER]
    [found] = cloudformation.describe_stacks(StackName=hub.stack)["Stacks"]
    assert OTHER not in str(found["Parameters"]), "no parameter of the hub's stack is about members"


def test_after_a_no_the_account_is_registered_and_the_command_is_told(cli: Cli, hub: Hub) -> None:
    ran = cli("accounts", "add", OTHER, "--format", "json", stdin="n\n")
    assert f"not accepted. To accept them: `rightstate accounts admit {OTHER}`" in ran.json["events"]
    assert hub.admitted == []
    assert hub.account(OTHER) is not None
    assert cli("accounts", "admit", OTHER, "--yes").code == 0
    assert hub.admitted == [OTHER]


def test_where_the_stack_cannot_be_changed_the_command_is_told(
    cli: Cli, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*given: Any) -> None:
        raise CallFailed("CloudFormation refused to update the stack.")

    make_role(hub, OTHER, hub.outputs["ExternalId"])
    monkeypatch.setattr(admission, "set_accounts", fail)
    ran = cli("accounts", "add", OTHER, "--yes", "--format", "json")
    assert ran.code == 1
    assert ran.json["check"]["ok"] is True
    by_hand = f"`rightstate accounts admit {OTHER}`"
    assert f"CloudFormation refused to update the stack. Try again with {by_hand}" in ran.json["events"]


def test_what_is_admitted_is_made_to_fit_what_is_registered(cli: Cli, hub: Hub) -> None:
    for account in (OWN, OTHER, "111122223333"):
        hub.register(account=account)
    ran = cli("accounts", "admit", "--format", "json", stdin="n\n")
    assert (ran.code, hub.admitted) == (2, [])
    ran = cli("accounts", "admit", "--yes", "--format", "json")
    assert ran.json["added"] == hub.admitted == ["111122223333", OTHER]
    hub.server.calls.clear()
    assert cli("accounts", "admit").code == 0
    assert hub.server.writes == ["dynamodb:Scan"]
    hub.forget(OTHER)
    ran = cli("accounts", "admit", "--yes", "--format", "json")
    assert (ran.json["removed"], hub.admitted) == ([OTHER], ["111122223333"])


def test_a_stranger_is_not_admitted(cli: Cli, refused: Callable[..., str], hub: Hub) -> None:
    hub.register(account=OTHER)
    assert "Account 999999999999 is not registered." in refused("accounts", "admit", "999999999999", "--yes")
    assert hub.admitted == []


def test_a_stack_of_somebody_else_is_left_as_it_is(cli: Cli, hub: Hub) -> None:
    hub.register(account=OTHER)
    body = json.dumps({"Description": "Shop", "Resources": {"Orders": {"Type": "AWS::SNS::Topic"}}})
    cloudformation = hub.server.session().client("cloudformation")
    cloudformation.create_stack(StackName=f"{hub.stack}-admission", TemplateBody=body)
    ran = cli("accounts", "admit", "--yes")
    assert ran.code != 0
    assert "that is not Rightstate's" in " ".join(ran.err.split())
    [found] = cloudformation.describe_stacks(StackName=f"{hub.stack}-admission")["Stacks"]
    assert found["StackStatus"] == "CREATE_COMPLETE"


def test_an_organization_lets_in_its_own_accounts_and_no_others(hub: Hub, server: Server) -> None:
    organizations = server.session().client("organizations")
    organization = organizations.create_organization(FeatureSet="ALL")["Organization"]["Id"]
    status = organizations.create_account(AccountName="a", Email="a@example.com")["CreateAccountStatus"]

    def of(organization: str, account: str, session: Any) -> Admission:
        caller = Caller(session, OWN, "", REGION, "aws")
        return admission.of(hubs.Hub(caller, hub.stack, {"OrganizationId": organization}), account)

    own = server.session()
    assert of(organization, status["AccountId"], own) is Admission.ORGANIZATION
    assert of("o-another123", status["AccountId"], own) is Admission.NOT
    assert of(organization, "999999999999", own) is Admission.NOT
    assert of(organization, OWN, own) is Admission.OWN


@pytest.mark.parametrize("code", ["AccessDeniedException", "AWSOrganizationsNotInUseException"])
def test_whom_an_organization_lets_in_is_unknown_to_who_may_not_ask(code: str) -> None:
    own = boto3.Session("own", "own", region_name=REGION)
    clients = {name: own.client(name) for name in ("organizations", "cloudformation")}  # type: ignore[call-overload]
    session = SimpleNamespace(client=lambda name, *args, **kwargs: clients[name])
    hub = hubs.Hub(Caller(session, OWN, "", REGION, "aws"), "rightstate", {"OrganizationId": "o-another123"})
    with Stubber(clients["organizations"]) as stub, Stubber(clients["cloudformation"]) as none:
        none.add_client_error("describe_stacks", "ValidationError")
        stub.add_client_error("describe_account", code)
        assert admission.of(hub, OTHER) is Admission.UNKNOWN


# --- What is refused ---


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["12345"], "'12345' is not an account id, which has 12 digits."),
        ([OWN, "--region", "Frankfurt"], "'Frankfurt' is not a region"),
        ([OWN, "--region", "cn-north-1"], "cn-north-1 is in the partition aws-cn, the hub in aws"),
        ([OWN, "--region", FAR, "--all-regions"], "Give either --region or --all-regions."),
        ([OWN, "--name", "two\nlines"], "cannot be an account's name"),
        ([OWN, "--contact", "nobody"], "'nobody' is not an e-mail address."),
        ([OWN, "--external-id", "short"], "'short' cannot be the ExternalId of a member"),
        ([OWN, "--boundary", "mine"], "'mine' cannot be the PermissionsBoundary of a member"),
        ([OWN, "--type", "sqs"], "No resource type is named 'sqs'"),
        ([OWN, "--role", "no such role"], "'no such role' is neither the name nor the ARN of a role."),
        ([OWN, "--role", f"arn:aws:iam::{OTHER}:role/x"], f"is a role of account {OTHER}, not of {OWN}."),
        ([OWN, "--role", "theirs"], "The hub's functions may not assume"),
        ([OWN, "--role", "ops/remediation"], "The hub's functions may not assume"),
        ([OTHER, "--install"], f"--install and --all-regions need credentials of account {OTHER}"),
        ([OTHER, "--all-regions"], f"--install and --all-regions need credentials of account {OTHER}"),
        ([OWN, "--install", "--profile", "other"], f"The profile 'other' belongs to account {OTHER}, not to"),
        ([OWN, "--profile", "absent"], "There is no AWS profile 'absent'."),
        ([OWN, "--stack", "absent"], "There is no stack 'absent' in account"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_written(
    refused: Callable[..., str], hub: Hub, server: Server, profile: str, args: list[str], said: str
) -> None:
    told = refused("accounts", "add", *args, "--yes")
    assert said in told
    assert told.count("Nothing was changed.") <= 1
    assert [call for call in server.writes if not call.startswith("dynamodb:Get")] == []


@pytest.mark.parametrize("args", [[OWN, "--install"], [OTHER]])
def test_where_nobody_confirms_nothing_is_written(
    refused: Callable[..., str], hub: Hub, server: Server, args: list[str]
) -> None:
    assert "nobody confirmed it. In a script, give --yes." in refused("accounts", "add", *args)
    assert server.writes == []


def test_after_a_no_nothing_is_installed(cli: Cli, hub: Hub, server: Server) -> None:
    ran = cli("accounts", "add", OWN, "--install", stdin="n\n")
    assert (ran.code, ran.out) == (2, "")
    assert f"In account {OWN}, create in {REGION} the stack {hub.stack}-member" in ran.err
    assert f"may remediate all {len(load_all())} resource types?" in ran.err
    assert server.writes == []


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (
            "ROLLBACK_COMPLETE",
            "update-termination-protection --no-enable-termination-protection --stack-name",
        ),
        ("UPDATE_ROLLBACK_FAILED", "aws cloudformation continue-update-rollback --stack-name"),
        ("UPDATE_IN_PROGRESS", "Wait until it is complete"),
    ],
)
def test_a_member_that_cannot_be_updated_is_told_with_the_next_step(
    cli: Cli, hub: Hub, server: Server, status: str, said: str
) -> None:
    cli("accounts", "add", OWN, "--install", "--yes")
    cloudformation_backends[DEFAULT_ACCOUNT_ID][REGION].get_stack(f"{hub.stack}-member").status = status
    server.calls.clear()
    ran = cli("accounts", "add", OWN, "--install", "--yes")
    assert ran.code == 2
    assert f"is {status}" in ran.err and said in ran.err
    assert server.writes == []


@pytest.mark.parametrize("ours", [False, True])
def test_a_stack_in_the_way_is_left_alone(cli: Cli, hub: Hub, server: Server, ours: bool) -> None:
    template: dict[str, Any] = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
    if ours:
        # A member, but of a hub elsewhere that has the same name.
        template |= {"Description": "Rightstate, a member", "Parameters": {"HubAccount": {"Type": "String"}}}
    server.session().client("cloudformation").create_stack(
        StackName=f"{hub.stack}-member",
        TemplateBody=json.dumps(template),
        Parameters=[{"ParameterKey": "HubAccount", "ParameterValue": OTHER}] if ours else [],
    )
    server.calls.clear()
    ran = cli("accounts", "add", OWN, "--install", "--yes")
    assert ran.code == 2
    assert f"is not a member of the hub {hub.stack} in account {OWN}" in ran.err
    assert server.writes == []


# --- Removing, listing, showing ---


def test_an_account_is_removed_after_a_yes_and_its_stacks_stay(cli: Cli, hub: Hub, server: Server) -> None:
    cli("accounts", "add", OWN, "--install", "--yes", "--contact", "a@example.com")
    server.calls.clear()
    ran = cli("accounts", "remove", OWN)
    assert (ran.code, hub.account(OWN) is None) == (2, False)
    assert "nobody confirmed it" in ran.err
    ran = cli("accounts", "remove", OWN, stdin="n\n")
    assert (ran.code, hub.account(OWN) is None) == (2, False)
    assert server.writes == []
    ran = cli("accounts", "remove", OWN, stdin="y\n")
    assert ran.code == 0
    assert f"stay until `rightstate decommission member {OWN}`" in ran.err
    assert hub.account(OWN) is None
    assert subscriptions(hub) == {}
    assert member_stack(hub)["StackStatus"] == "CREATE_COMPLETE"


def test_what_is_left_of_a_removed_account_is_told_and_keeps_nothing_else_from_going(
    cli: Cli, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*given: Any) -> None:
        raise Denied("The contacts are not all unsubscribed.")

    cli("accounts", "add", OTHER, "--contact", "a@example.com", "--yes")
    monkeypatch.setattr(contacts, "unsubscribe", fail)
    ran = cli("accounts", "remove", OTHER, "--yes")
    assert ran.code == 1
    said = " ".join(ran.err.split())
    assert f"End the subscriptions of a@example.com to {hub.outputs['Notifications']} by hand." in said
    assert hub.account(OTHER) is None
    assert hub.admitted == []
    assert f"Account {OTHER} was removed." in ran.out


def test_what_is_removed_and_what_is_left_of_it_is_told_to_scripts(
    cli: Cli, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli("accounts", "add", OWN, "--contact", "a@example.com", "--yes")
    ran = cli("accounts", "remove", OWN, "--yes", "--format", "json")
    assert (ran.code, ran.json) == (0, {"account": OWN, "removed": True, "left": []})

    def fail(*given: Any) -> None:
        raise Denied("The contacts are not all unsubscribed.")

    cli("accounts", "add", OWN, "--contact", "a@example.com", "--yes")
    monkeypatch.setattr(contacts, "unsubscribe", fail)
    ran = cli("accounts", "remove", OWN, "--yes", "--format", "json")
    assert (ran.code, ran.json["removed"]) == (1, True)
    [left] = ran.json["left"]
    assert left.startswith("The contacts are not all unsubscribed. End the subscriptions of a@example.com")


def test_a_stack_that_is_waited_for_when_the_network_goes_is_no_defect() -> None:
    client = boto3.client("cloudformation", REGION, aws_access_key_id="own", aws_secret_access_key="own")
    with Stubber(client) as stub:
        stub.add_response("create_stack", {"StackId": "s"})
        gone = EndpointConnectionError(endpoint_url="https://cloudformation.example")
        with (
            patch.object(Waiter, "wait", side_effect=gone),
            pytest.raises(Unavailable, match="How the create of the stack s ended is not known"),
        ):
            stacks.create(client, "s", {"HubAccount": OWN})


def test_an_account_that_is_not_registered(refused: Callable[..., str], hub: Hub) -> None:
    for command in (["remove", OTHER, "--yes"], ["show", OTHER]):
        assert f"Account {OTHER} is not registered. Nothing was changed." in refused("accounts", *command)


def test_accounts_are_listed_with_their_policies_by_mode(cli: Cli, hub: Hub) -> None:
    assert "No account is registered." in cli("accounts", "list").err
    hub.register(
        account=OWN,
        name="Payments",
        regions=[FAR],
        contacts=["a@example.com"],
        policies={
            "s3-versioning": {"mode": "auto"},
            "kms-key-rotation": {"mode": "auto"},
            "asg-cooldown": {"mode": "report"},
            "s3-block-public-access": {"mode": "off"},
        },
    )
    hub.register(account=OTHER)
    rows = [line.split() for line in cli("accounts", "list").out.splitlines() if line.strip()[:1].isdecimal()]
    assert rows[1:] == [
        [OWN, "Payments", FAR, "2", "auto,", "1", "report", "1"],
        [OTHER, "all", "none", "0"],
    ]
    listed = cli("accounts", "list", "--format", "json").json
    assert [each["account"] for each in listed] == [OWN, OTHER]


def test_an_account_is_shown_with_its_policies_and_the_roles_answer_now(cli: Cli, hub: Hub) -> None:
    parameters = {"default_cooldown_seconds": 90}
    hub.register(
        account=OTHER,
        role_arn=role_arn(hub, OTHER),
        external_id="the-id-of-our-own",
        policies={"asg-cooldown": {"mode": "auto", "parameters": parameters}},
    )
    shown = cli("accounts", "show", OTHER)
    assert shown.code == 1
    assert "does not work" in shown.out and "default_cooldown_seconds = 90" in shown.out
    make_role(hub, OTHER, "the-id-of-our-own")
    shown = cli("accounts", "show", OTHER, "--format", "json")
    assert (shown.code, shown.json["check"]["ok"]) == (0, True)
    assert shown.json["policies"]["asg-cooldown"] == {"mode": "auto", "parameters": parameters}
    hub.server.calls.clear()
    assert cli("accounts", "show", OTHER, "--no-check").code == 0
    assert "lambda:Invoke" not in hub.server.calls


def test_a_check_that_cannot_be_made_is_neither_passed_nor_failed(
    cli: Cli, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*given: Any) -> bool:
        raise RuntimeError

    hub.register(account=OTHER, role_arn=role_arn(hub, OTHER), external_id="the-id-of-our-own")
    monkeypatch.setattr(hub_stack, "_trusts", fail)
    shown: Ran = cli("accounts", "show", OTHER)
    assert shown.code == 2
    assert "could not be tested" in shown.out


# --- Members with one role, from before there were two ---


def one_role(hub: Hub, account: str = OTHER) -> None:
    """The account as it was installed and registered then."""
    functions = (*member_template.READERS, *member_template.WRITERS)
    make_one_role(hub, account, "remediation", functions, "the-id-of-our-own")
    hub.register(account=account, role_arn=role_arn(hub, account), external_id="the-id-of-our-own")


def test_a_member_with_one_role_works_and_the_command_that_upgrades_it_is_told(cli: Cli, hub: Hub) -> None:
    one_role(hub)
    shown = cli("accounts", "show", OTHER, "--format", "json")
    assert (shown.code, shown.json["check"]["ok"]) == (0, True)
    assert "one role for reading and writing" in shown.json["check"]["said"]
    assert f"rightstate accounts add {OTHER} --install" in shown.json["check"]["fix"]
    listed = cli("accounts", "list")
    assert OTHER in listed.err
    assert "--install` upgrades each" in " ".join(listed.err.split())


def test_adding_it_again_keeps_its_one_role_until_the_other_is_there(cli: Cli, hub: Hub) -> None:
    one_role(hub)
    for installed in (None, f"{role_arn(hub, OTHER)}-read"):
        if installed:
            hub.server.session(OTHER).client("iam").delete_role(RoleName=f"{hub.stack}-remediation")
            make_role(hub, OTHER, "the-id-of-our-own")
        ran = cli("accounts", "add", OTHER, "--yes", "--format", "json")
        assert ran.json["account"].get("read_role_arn") == installed
        account = hub.account(OTHER)
        assert account is not None
        assert (account.role_arn, account.read_role_arn) == (role_arn(hub, OTHER), installed)
        assert ran.code == 0, ran.out


def test_a_member_that_was_upgraded_elsewhere_works_and_the_settings_can_be_told(cli: Cli, hub: Hub) -> None:
    make_role(hub, OTHER, "the-id-of-our-own")
    hub.register(account=OTHER, role_arn=role_arn(hub, OTHER), external_id="the-id-of-our-own")
    shown = cli("accounts", "show", OTHER, "--format", "json")
    assert (shown.code, shown.json["check"]["ok"]) == (0, True)
    assert "has two roles now" in shown.json["check"]["said"]


def test_a_role_that_writes_must_not_trust_what_reads(cli: Cli, hub: Hub) -> None:
    make_one_role(hub, OTHER, "remediation-read", member_template.READERS, "the-id-of-our-own")
    make_one_role(
        hub, OTHER, "remediation", (*member_template.READERS, *member_template.WRITERS), "the-id-of-our-own"
    )
    writing = role_arn(hub, OTHER)
    hub.register(
        account=OTHER,
        role_arn=writing,
        read_role_arn=f"{writing}-read",
        external_id="the-id-of-our-own",
    )
    shown = cli("accounts", "show", OTHER, "--format", "json")
    assert (shown.code, shown.json["check"]["ok"]) == (1, False)
    assert f"only reads can assume {writing}" in shown.json["check"]["said"]
