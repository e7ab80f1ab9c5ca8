"""The checks of `rightstate verify`: pass where all is well, else say what is broken and how to fix it."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from rightstate.errors import InvalidInput, SettingsUnreadable
from rightstate.guards import Halt
from rightstate.models.settings import Account, Enabled, Exemption
from rightstate.policy import Mode
from rightstate_cli import checks
from rightstate_cli.application import sam_template
from rightstate_cli.checks import CheckResult, Status, canary
from tests.support.template import HUB, REGION, STACK
from tests.support.world import EXTERNAL_ID, FAR, MEMBER, ROLE, Refused, World

QUEUE_RULE = f"{STACK}-sqs-queue"
ROLE_ARN = f"arn:aws:iam::{MEMBER}:role/{ROLE}"
IDS = list(dict.fromkeys(each.id for each in checks.ALL))

Break = Callable[[World], None]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canary, "_ENOUGH", 0)
    monkeypatch.setattr(canary, "_BETWEEN", 0)


def changed(attribute: str, value: Any) -> Break:
    return lambda world: setattr(world, attribute, value)


def at(attribute: str, *path: Any, to: Any) -> Break:
    """Sets one item inside an attribute."""

    def change(world: World) -> None:
        found = getattr(world, attribute)
        for key in path[:-1]:
            found = found[key]
        found[path[-1]] = to

    return change


def without(attribute: str, *path: Any) -> Break:
    def change(world: World) -> None:
        found = getattr(world, attribute)
        for key in path[:-1]:
            found = found[key]
        del found[path[-1]]

    return change


def with_settings(**update: Any) -> Break:
    """Changes the member's settings."""

    def change(world: World) -> None:
        account = world.accounts[MEMBER]
        assert isinstance(account, Account)
        world.accounts[MEMBER] = account.model_copy(update=update)

    return change


QUEUE = f"{MEMBER}/{REGION}/sqs-queue/orders"
HALTED = Halt(policy="sqs-server-side-encryption", since="noon", execution="e", applies=5)


def exemption(**given: Any) -> Exemption:
    return Exemption.model_validate(
        {
            "id": "ex-1a2b3c4d",
            "reason": "Legacy import",
            "approver": "ana@example.com",
            "created": "2026-01-01T00:00:00Z",
            "until": "2099-01-01T00:00:00Z",
            **given,
        }
    )


def with_trust(change: Callable[[dict[str, Any]], Any]) -> Break:
    """Changes the statement of the role's trust policy."""
    return lambda world: change(world.trusts[ROLE]["Statement"][0]) and None


def with_statement(**update: Any) -> Break:
    """Changes the statement of the bus's policy."""

    def change(world: World) -> None:
        assert world.bus
        world.bus["Statement"][0].update(update)

    return change


def with_member(**update: Any) -> Break:
    return lambda world: world.member_stacks[MEMBER, FAR].update(update)


def a_rule(world: World) -> dict[str, Any]:
    return world.member_rules[MEMBER, FAR]["SqsCalls"]


def on_all_but_the_home_region(world: World) -> None:
    world.regions = [FAR]
    passwords = {"iam-password-policy-uppercase": Enabled(mode=Mode.REPORT)}
    with_settings(regions=(FAR,), policies=passwords)(world)


ENTRY_OF_SOME_ACCOUNTS = {"StringEquals": {"aws:PrincipalAccount": ["111111111111"]}}
EXPIRES = SimpleNamespace(_expiry_time=datetime.now(UTC) + timedelta(minutes=2))
WARN, FAIL, SKIP = Status.WARN, Status.FAIL, Status.SKIP

# Check, what is broken, how, what it makes of it, what it says, what mends it.
BROKEN: list[tuple[str, str, Break, Status, str, str]] = [
    ("V1", "root asks", changed("caller_arn", f"arn:aws:iam::{HUB}:root"), WARN, "root user", "Use a role"),
    ("V1", "the credentials end soon", changed("credentials", EXPIRES), WARN, "expire at", "aws sso login"),
    (
        "V1",
        "the machines are another account's",
        at("outputs", "SqsQueueMachine", to=f"arn:aws:states:{REGION}:999999999999:stateMachine:x"),
        FAIL,
        "999999999999",
        "credentials of the hub's account",
    ),
    (
        "V2",
        "the hub's stack is not protected",
        at("hub_stack", "EnableTerminationProtection", to=False),
        WARN,
        "no termination protection",
        f"update-termination-protection --enable-termination-protection --stack-name {STACK} ",
    ),
    (
        "V2",
        "the hub's stack has failed",
        at("hub_stack", "StackStatus", to="UPDATE_ROLLBACK_FAILED"),
        FAIL,
        "UPDATE_ROLLBACK_FAILED",
        "sam deploy",
    ),
    (
        "V2",
        "the last deployment was undone",
        at("hub_stack", "StackStatus", to="UPDATE_ROLLBACK_COMPLETE"),
        WARN,
        "rolled back",
        "describe-stack-events",
    ),
    (
        "V2",
        "the hub's stack has drifted",
        at("hub_stack", "DriftInformation", "StackDriftStatus", to="DRIFTED"),
        WARN,
        "changed outside",
        "describe-stack-resource-drifts",
    ),
    (
        "V2",
        "a member's stack is gone",
        without("member_stacks", (MEMBER, FAR)),
        FAIL,
        "no events are forwarded",
        f"rightstate accounts add {MEMBER} --install",
    ),
    (
        "V2",
        "a member's stack is another hub's",
        with_member(Parameters=[{"ParameterKey": "HubAccount", "ParameterValue": "999999999999"}]),
        FAIL,
        "no events are forwarded",
        f"rightstate accounts add {MEMBER} --install",
    ),
    (
        "V2",
        "a member's stack is not protected",
        with_member(EnableTerminationProtection=False),
        WARN,
        "no termination protection",
        "update-termination-protection",
    ),
    ("V3", "the hub is older", at("outputs", "Version", to="0.0.1"), FAIL, "has version 0.0.1", "sam deploy"),
    (
        "V3",
        "a member is older",
        with_member(Outputs=[{"OutputKey": "Version", "OutputValue": "0.0.1"}]),
        FAIL,
        "has version 0.0.1",
        "rightstate accounts add",
    ),
    (
        "V4",
        "the role trusts another account",
        with_trust(
            lambda statement: statement["Principal"].update(AWS="arn:aws:iam::999999999999:root") or 1
        ),
        FAIL,
        "another principal",
        "rightstate accounts add",
    ),
    (
        "V4",
        "the role wants no external id",
        with_trust(lambda statement: statement["Condition"].pop("StringEquals")),
        FAIL,
        "no condition on the external id",
        "rightstate accounts add",
    ),
    (
        "V4",
        "the role wants another external id",
        with_trust(lambda each: each["Condition"].update(StringEquals={"sts:ExternalId": "guessable"}) or 1),
        FAIL,
        "does not match the external id",
        f"rightstate accounts add {MEMBER} --install",
    ),
    (
        "V4",
        "the role trusts every role of the hub's account",
        with_trust(lambda each: each["Condition"].pop("ArnEquals")),
        FAIL,
        "no condition on the hub's roles",
        "rightstate accounts add",
    ),
    (
        "V4",
        "the role trusts one role too many",
        with_trust(lambda each: each["Condition"]["ArnEquals"]["aws:PrincipalArn"].append("*") or 1),
        FAIL,
        "does not match the hub's roles",
        "rightstate accounts add",
    ),
    (
        "V4",
        "the trust has a statement too many",
        lambda world: world.trusts[ROLE]["Statement"].append({"Effect": "Allow", "Principal": {"AWS": "*"}}),
        FAIL,
        "2 statements instead of 1",
        "rightstate accounts add",
    ),
    (
        "V4",
        "the role is gone",
        without("trusts", ROLE),
        FAIL,
        f"{ROLE_ARN} does not exist",
        "rightstate accounts add",
    ),
    (
        "V6",
        "the role is gone",
        at("refuse", "iam:SimulatePrincipalPolicy", to=Refused("NoSuchEntity")),
        FAIL,
        f"{ROLE_ARN}-read does not exist",
        "rightstate accounts add",
    ),
    (
        "V4",
        "the role that reads is gone",
        without("trusts", f"{ROLE}-read"),
        FAIL,
        f"{ROLE_ARN}-read does not exist",
        "rightstate accounts add",
    ),
    (
        "V4",
        "the role that reads trusts Apply too",
        lambda world: world.trusts.update({f"{ROLE}-read": world.trusts[ROLE]}),
        FAIL,
        "does not match the hub's roles",
        "rightstate accounts add",
    ),
    (
        "V4",
        "the role that writes trusts what reads",
        lambda world: world.trusts.update({ROLE: world.trusts[f"{ROLE}-read"]}),
        FAIL,
        "does not match the hub's roles",
        "rightstate accounts add",
    ),
    (
        "V4",
        "the member has one role for reading and writing",
        with_settings(read_role_arn=None),
        WARN,
        f"one role for reading and writing, {ROLE_ARN}",
        f"rightstate accounts add {MEMBER} --install",
    ),
    (
        "V5",
        "a function that reads can assume the role that writes",
        changed("assuming_to_write", ""),
        FAIL,
        f"{ROLE_ARN} can be assumed by a function that only reads",
        "rightstate accounts add",
    ),
    (
        "V25",
        "a member has one role and the hub is not told",
        with_settings(read_role_arn=None),
        FAIL,
        f"{MEMBER} name one role for reading and writing",
        "OneRoleMembers=true",
    ),
    (
        "V25",
        "a member has one role and the hub is told",
        lambda world: (
            with_settings(read_role_arn=None)(world),
            world.outputs.update(OneRoleMembers="true"),
        ),
        WARN,
        f"{MEMBER} need this",
        "OneRoleMembers=false",
    ),
    (
        "V25",
        "the hub is told of members with one role that there are none of",
        at("outputs", "OneRoleMembers", to="true"),
        WARN,
        "no member needs this any more",
        "OneRoleMembers=false",
    ),
    (
        "V6",
        "the role that reads may write",
        changed("may_write", ["sqs:SetQueueAttributes"]),
        FAIL,
        f"{ROLE}-read allows more than reading needs: sqs:SetQueueAttributes",
        "rightstate accounts add",
    ),
    (
        "V4",
        "sessions of the role last long",
        changed("longest_session", 43200),
        WARN,
        "43200",
        "--max-session-duration 3600",
    ),
    (
        "V4",
        "a policy is attached to the role",
        changed("attached", [{"PolicyName": "Admin", "PolicyArn": "arn:aws:iam::aws:policy/Admin"}]),
        WARN,
        "arn:aws:iam::aws:policy/Admin is attached",
        f"detach-role-policy --role-name {ROLE}",
    ),
    (
        "V4",
        "a policy is put into the role",
        changed("inline", ["more"]),
        WARN,
        "an inline policy more",
        f"delete-role-policy --role-name {ROLE} --policy-name more",
    ),
    (
        "V5",
        "the role cannot be assumed",
        at("assuming", EXTERNAL_ID, to="RoleNotAssumed"),
        FAIL,
        f"cannot assume {ROLE_ARN}-read",
        "rightstate accounts add",
    ),
    (
        "V5",
        "the role can be assumed without the external id",
        at("assuming", None, to=""),
        FAIL,
        "can be assumed without an external id",
        "rightstate accounts add",
    ),
    (
        "V5",
        "the role can be assumed with any external id",
        changed("wrong_external_id", ""),
        FAIL,
        "can be assumed with a wrong external id",
        "rightstate accounts add",
    ),
    (
        "V5",
        "a probe dies before it is refused",
        at("assuming", None, to="Sandbox.Timedout"),
        FAIL,
        "assumed without an external id: Sandbox.Timedout",
        "Try again",
    ),
    (
        "V5",
        "the settings name no role",
        with_settings(role_arn=None),
        FAIL,
        "have no role",
        f"rightstate accounts add {MEMBER}",
    ),
    (
        "V5",
        "the settings name no external id",
        with_settings(external_id=None),
        FAIL,
        "no external id",
        f"rightstate accounts add {MEMBER}",
    ),
    (
        "V6",
        "the role lacks an action",
        at("denied", "sqs:SetQueueAttributes", to={}),
        FAIL,
        "sqs:SetQueueAttributes (the role does not allow it)",
        "rightstate accounts add",
    ),
    (
        "V6",
        "the organization denies an action",
        at(
            "denied",
            "sqs:SetQueueAttributes",
            to={"OrganizationsDecisionDetail": {"AllowedByOrganizations": False}},
        ),
        FAIL,
        "denied by a policy of the organization",
        f"Exclude {ROLE_ARN}",
    ),
    (
        "V6",
        "the boundary denies an action",
        at(
            "denied",
            "sqs:SetQueueAttributes",
            to={"PermissionsBoundaryDecisionDetail": {"AllowedByPermissionsBoundary": False}},
        ),
        FAIL,
        "denied by the permissions boundary",
        "PermissionsBoundary",
    ),
    (
        "V6",
        "the role may pass roles",
        without("denied", "iam:PassRole"),
        FAIL,
        "a remediation needs: iam:PassRole",
        "rightstate accounts add",
    ),
    (
        "V7",
        "there is no trail",
        changed("trails", []),
        FAIL,
        "EventBridge gets no events",
        "cloudtrail create-trail",
    ),
    (
        "V7",
        "the only trail is another region's",
        lambda world: world.trails[0].update(IsMultiRegionTrail=False, HomeRegion="sa-east-1"),
        FAIL,
        "EventBridge gets no events",
        "cloudtrail create-trail",
    ),
    (
        "V7",
        "the trail is stopped",
        changed("trail_status", {"IsLogging": False}),
        FAIL,
        "is not logging",
        f"start-logging --name arn:aws:cloudtrail:{REGION}:{HUB}:trail/all",
    ),
    (
        "V7",
        "the trail logs reads only",
        changed(
            "selectors", {"EventSelectors": [{"IncludeManagementEvents": True, "ReadWriteType": "ReadOnly"}]}
        ),
        FAIL,
        "No trail logs",
        "cloudtrail create-trail",
    ),
    (
        "V7",
        "the trail logs data events only",
        changed(
            "selectors",
            {
                "AdvancedEventSelectors": [
                    {"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]}]}
                ]
            },
        ),
        FAIL,
        "No trail logs",
        "cloudtrail create-trail",
    ),
    (
        "V7",
        "the trail leaves out KMS",
        at("selectors", "EventSelectors", 0, "ExcludeManagementEventSources", to=["kms.amazonaws.com"]),
        WARN,
        "excludes the events of kms.amazonaws.com",
        "put-event-selectors",
    ),
    (
        "V7",
        "the trail's bucket is gone",
        changed("trail_status", {"IsLogging": True, "LatestDeliveryError": "NoSuchBucket"}),
        WARN,
        "NoSuchBucket",
        "bucket exists",
    ),
    (
        "V8",
        "a rule is disabled",
        at("rules", QUEUE_RULE, "State", to="DISABLED"),
        FAIL,
        f"{QUEUE_RULE} is disabled: its events start no sqs-queue",
        f"aws events enable-rule --name {QUEUE_RULE}",
    ),
    (
        "V8",
        "a rule is gone",
        without("rules", QUEUE_RULE),
        FAIL,
        f"{QUEUE_RULE} does not exist",
        "sam deploy",
    ),
    (
        "V8",
        "a rule has another pattern",
        at("rules", QUEUE_RULE, "EventPattern", to='{"source": ["aws.sqs"]}'),
        FAIL,
        "matches other events",
        "sam deploy",
    ),
    (
        "V8",
        "a rule starts something else",
        at("targets", QUEUE_RULE, 0, "Arn", to="arn:aws:sqs:us-east-1:999999999999:x"),
        FAIL,
        "does not start",
        "sam deploy",
    ),
    (
        "V8",
        "a rule starts no alias",
        at(
            "targets",
            QUEUE_RULE,
            0,
            "Arn",
            to=f"arn:aws:states:{REGION}:{HUB}:stateMachine:{STACK}-sqs-queue",
        ),
        FAIL,
        "does not start",
        "sam deploy",
    ),
    (
        "V8",
        "a target has no role",
        without("targets", QUEUE_RULE, 0, "RoleArn"),
        FAIL,
        "no role",
        "sam deploy",
    ),
    (
        "V8",
        "a target has no queue",
        without("targets", QUEUE_RULE, 0, "DeadLetterConfig"),
        FAIL,
        "does not send undelivered events",
        "sam deploy",
    ),
    (
        "V8",
        "a target tries once",
        at("targets", QUEUE_RULE, 0, "RetryPolicy", to={"MaximumRetryAttempts": 0}),
        FAIL,
        "retries less often",
        "sam deploy",
    ),
    (
        "V8",
        "a target gives another input",
        at("targets", QUEUE_RULE, 0, "InputTransformer", "InputTemplate", to='{"account": "<account>"}'),
        FAIL,
        "another input",
        "sam deploy",
    ),
    (
        "V8",
        "nobody is told of executions that died",
        without("rules", f"{STACK}-died-executions"),
        FAIL,
        "nobody gets a message",
        "sam deploy",
    ),
    (
        "V9",
        "the bus lets everybody in",
        with_statement(Condition={}),
        FAIL,
        "allows everybody",
        "remove-permission",
    ),
    (
        "V9",
        "the bus lets everybody in who says the right source",
        with_statement(Condition={"StringLike": {"events:source": "aws.*"}}),
        FAIL,
        "allows everybody",
        "aws:PrincipalOrgID",
    ),
    (
        "V9",
        "the bus lets in all but one organization",
        with_statement(Condition={"StringNotEquals": {"aws:PrincipalOrgID": "o-other"}}),
        FAIL,
        "allows everybody",
        "aws:PrincipalOrgID",
    ),
    ("V9", "the bus has no policy", changed("bus", None), FAIL, f"no events of {MEMBER}", "OrganizationId"),
    (
        "V9",
        "the bus admits others",
        with_statement(Condition=ENTRY_OF_SOME_ACCOUNTS),
        FAIL,
        f"no events of {MEMBER}",
        f"rightstate accounts admit {MEMBER}",
    ),
    (
        "V9",
        "a member's rule is disabled",
        lambda world: a_rule(world).update(State="DISABLED"),
        FAIL,
        "not forwarded",
        f"enable-rule --name SqsCalls-{FAR} --region {FAR}",
    ),
    (
        "V9",
        "a member's rule is deleted",
        lambda world: a_rule(world).update(Description="gone"),
        FAIL,
        "SqsCalls does not exist",
        "rightstate accounts add",
    ),
    (
        "V9",
        "a member's rule has another pattern",
        lambda world: a_rule(world).update(EventPattern='{"source": ["aws.sqs"]}'),
        FAIL,
        "forwards other events",
        "rightstate accounts add",
    ),
    (
        "V9",
        "a member's rule forwards elsewhere",
        at("member_targets", f"SqsCalls-{FAR}", to=[{"Id": "hub", "Arn": "arn:aws:sqs:x"}]),
        FAIL,
        "does not forward to the hub",
        "rightstate accounts add",
    ),
    (
        "V10",
        "a machine has no alias",
        lambda world: [world.aliases.pop(each) for each in list(world.aliases) if "sqs" in each] and None,
        FAIL,
        "for sqs-queue or its alias live does not exist",
        "sam deploy",
    ),
    (
        "V10",
        "a machine is missing from the hub",
        without("outputs", "SqsQueueMachine"),
        FAIL,
        "no state machine for sqs-queue",
        "sam deploy",
    ),
    (
        "V10",
        "an alias is between two versions",
        lambda world: world.aliases[next(iter(world.aliases))].append(
            {"stateMachineVersionArn": "arn:aws:states:x:y:stateMachine:z:4", "weight": 0}
        ),
        FAIL,
        "2 versions",
        "sam deploy",
    ),
    (
        "V10",
        "a machine is being deleted",
        at("machines", "sqs-queue", "status", to="DELETING"),
        FAIL,
        "DELETING",
        "sam deploy",
    ),
    (
        "V10",
        "a machine has no limit",
        at("machines", "sqs-queue", "definition", to="{}"),
        FAIL,
        "no time limit",
        "sam",
    ),
    (
        "V10",
        "a machine logs nothing",
        at("machines", "sqs-queue", "loggingConfiguration", to={"level": "OFF"}),
        FAIL,
        "does not log",
        "sam deploy",
    ),
    (
        "V10",
        "a machine logs what executions are given",
        at("machines", "sqs-queue", "loggingConfiguration", "includeExecutionData", to=True),
        FAIL,
        "logs execution data",
        "sam deploy",
    ),
    (
        "V10",
        "a machine is not traced",
        at("machines", "sqs-queue", "tracingConfiguration", to={"enabled": False}),
        FAIL,
        "not traced",
        "sam deploy",
    ),
    (
        "V11",
        "a function is gone",
        without("functions", "apply"),
        FAIL,
        "apply or its alias live does not exist",
        "sam deploy",
    ),
    (
        "V11",
        "a function failed",
        at("functions", "apply", "State", to="Failed"),
        FAIL,
        "apply is Failed",
        "sam deploy",
    ),
    (
        "V11",
        "an update of a function failed",
        at("functions", "apply", "LastUpdateStatus", to="Failed"),
        FAIL,
        "update of the function apply is Failed",
        "sam deploy",
    ),
    (
        "V11",
        "a function has an older runtime",
        at("functions", "apply", "Runtime", to="python3.9"),
        FAIL,
        "python3.9",
        "sam deploy",
    ),
    ("V11", "few functions may run", changed("concurrency", 10), WARN, "Only 10", "--quota-code L-B99A9384"),
    ("V12", "the event starts nothing", changed("swallow", True), FAIL, "started no execution", "--check V8"),
    (
        "V12",
        "the execution fails",
        changed("ending", {"status": "FAILED", "cause": "RoleNotAssumed: STS refused"}),
        FAIL,
        "is FAILED: RoleNotAssumed",
        "rightstate history --deployed",
    ),
    (
        "V12",
        "the execution hangs",
        changed("ending", {"status": "RUNNING"}),
        FAIL,
        "has not ended",
        "history",
    ),
    (
        "V12",
        "the execution changed something",
        changed("ending", {"status": "SUCCEEDED", "output": '{"outcome": "remediated"}'}),
        FAIL,
        "remediated",
        "history",
    ),
    (
        "V13",
        "a stranger is served",
        changed("stranger", {"status": "SUCCEEDED", "output": "{}"}),
        FAIL,
        "unregistered account is SUCCEEDED",
        "sam deploy",
    ),
    (
        "V13",
        "a stranger's execution fails of something else",
        changed("stranger", {"status": "FAILED", "cause": "Denied: x"}),
        FAIL,
        "unregistered account is FAILED",
        "sam deploy",
    ),
    ("V13", "a duplicate is served", changed("starts_twice", True), FAIL, "two executions", "sam deploy"),
    ("V14", "nobody has subscribed", changed("subscriptions", []), WARN, "Nobody", "aws sns subscribe"),
    (
        "V14",
        "a subscription is not confirmed",
        changed("subscriptions", ["PendingConfirmation"]),
        WARN,
        "ana@example.com waits",
        "Confirm it",
    ),
    (
        "V15",
        "the settings are not understood",
        at("accounts", MEMBER, to=SettingsUnreadable("not understood, at: regions.")),
        FAIL,
        "at: regions",
        "settings table",
    ),
    (
        "V15",
        "the settings name an unknown policy",
        with_settings(policies={"no-such-policy": Enabled(mode=Mode.AUTO)}),
        FAIL,
        "no-such-policy",
        "settings table",
    ),
    (
        "V15",
        "an exemption is of an unknown policy",
        with_settings(exemptions=(exemption(policies=["no-such-policy"]),)),
        FAIL,
        "no-such-policy",
        "settings table",
    ),
    (
        "V15",
        "an exemption has ended",
        with_settings(exemptions=(exemption(until="2026-01-02T00:00:00Z"),)),
        WARN,
        "Exemption ex-1a2b3c4d ended on",
        f"rightstate exempt remove ex-1a2b3c4d --account {MEMBER}",
    ),
    (
        "V15",
        "an exemption is for too long",
        with_settings(exemptions=(exemption(until="2099-01-01T00:00:00Z"),)),
        FAIL,
        "until 2099-01-01T00:00:00Z, longer than the allowed 90 days. It counted only until 2026-04-01",
        "exempt remove ex-1a2b3c4d",
    ),
    (
        "V15",
        "an exemption is still to be created",
        with_settings(exemptions=(exemption(created="2999-01-01T00:00:00Z", until="2999-01-02T00:00:00Z"),)),
        FAIL,
        "created at 2999-01-01T00:00:00Z. Until then it does not count",
        "exempt remove ex-1a2b3c4d",
    ),
    (
        "V15",
        "nothing is enabled",
        with_settings(policies={}),
        WARN,
        "nothing is checked",
        "policies enable",
    ),
    (
        "V16",
        "the bus is nearly full of rules",
        changed("more_rules", 250),
        WARN,
        "of at most 300 rules",
        "L-244521F2",
    ),
    (
        "V16",
        "the bus's policy is nearly full",
        with_statement(
            Condition={"StringEquals": {"aws:PrincipalAccount": [f"{n:012}" for n in range(700)]}}
        ),
        WARN,
        "of at most 10240 characters",
        "OrganizationId",
    ),
    (
        "V17",
        "an event was not delivered",
        changed("waiting", 3),
        FAIL,
        "3 events in the dead-letter queue",
        "replay --deployed --undelivered",
    ),
    (
        "V17",
        "executions failed",
        at(
            "metrics",
            f"ExecutionsFailed arn:aws:states:{REGION}:{HUB}:stateMachine:{STACK}-sqs-queue",
            to=2.0,
        ),
        WARN,
        "for sqs-queue in the last 24 hours: 2 failed",
        "rightstate history --deployed --type sqs-queue --outcome failed",
    ),
    (
        "V17",
        "a rule could not start its machine",
        at("metrics", f"FailedInvocations {QUEUE_RULE}", to=4.0),
        FAIL,
        f"{QUEUE_RULE} failed 4 times",
        "V8",
    ),
    (
        "V18",
        "a region is not covered",
        changed("regions", [REGION, FAR, "ap-east-1"]),
        WARN,
        "not covered: ap-east-1",
        f"rightstate accounts add {MEMBER}",
    ),
    ("V18", "no region is named", with_settings(regions=()), WARN, "which means all", "with each region"),
    (
        "V18",
        "the region of a global service's events is not covered",
        on_all_but_the_home_region,
        FAIL,
        f"arrive in {REGION}",
        f"--region {REGION}",
    ),
    (
        "V19",
        "the ledger can be deleted",
        at("tables", "ledger", "DeletionProtectionEnabled", to=False),
        FAIL,
        "ledger can be deleted",
        "--deletion-protection-enabled --table-name ledger",
    ),
    (
        "V19",
        "the settings cannot be restored",
        at("recovery", "settings", to="DISABLED"),
        FAIL,
        "settings cannot be restored",
        "update-continuous-backups",
    ),
    (
        "V19",
        "the ledger grows forever",
        changed("living", "DISABLED"),
        FAIL,
        "never deletes its entries",
        "update-time-to-live",
    ),
    (
        "V19",
        "a table is being restored",
        at("tables", "settings", "TableStatus", to="CREATING"),
        FAIL,
        "CREATING",
        "Wait",
    ),
    (
        "V20",
        "a function is inside a VPC",
        at("functions", "apply", "VpcConfig", to={"VpcId": "vpc-1"}),
        WARN,
        "inside a VPC, whose endpoints are not checked: apply",
        "STS",
    ),
    (
        "V21",
        "an older installation is left",
        lambda world: world.other_stacks.append(
            {
                **world.hub_stack,
                "StackName": "older",
                "Outputs": [{"OutputKey": "Version", "OutputValue": "0.0.1"}],
            }
        ),
        WARN,
        "older has version 0.0.1",
        "delete-stack --stack-name older",
    ),
    (
        "V21",
        "an account has left the organization",
        without("organization_accounts", MEMBER),
        FAIL,
        f"{MEMBER} is registered, but is not an active account",
        f"rightstate accounts remove {MEMBER}",
    ),
    (
        "V21",
        "an account is suspended",
        at("organization_accounts", MEMBER, to="SUSPENDED"),
        FAIL,
        f"{MEMBER} is registered, but is not an active account",
        f"rightstate accounts remove {MEMBER}",
    ),
    (
        "V21",
        "the hub has moved to another organization",
        changed("organization", "o-otherorgid"),
        FAIL,
        "o-otherorgid",
        "OrganizationId=o-otherorgid",
    ),
    ("V22", "the clock is wrong", changed("skew", timedelta(minutes=5)), WARN, "clocks differ by", "clock"),
    (
        "V24",
        "a resource is halted",
        changed(
            "halts",
            {QUEUE: Halt(policy="sqs-server-side-encryption", since="noon", execution="e", applies=5)},
        ),
        FAIL,
        f"{QUEUE} has been halted for sqs-server-side-encryption since noon",
        f"rightstate breaker release {QUEUE}",
    ),
    (
        "V23",
        "a log group is kept forever",
        at("log_groups", f"/aws/lambda/{STACK}", to=None),
        WARN,
        f"/aws/lambda/{STACK} keeps its logs forever",
        "put-retention-policy",
    ),
    (
        "V23",
        "management events are logged twice",
        lambda world: world.trails.append(
            {**world.trails[0], "TrailARN": f"arn:aws:cloudtrail:{REGION}:{HUB}:trail/b"}
        ),
        WARN,
        "2 trails",
        "delete-trail",
    ),
]


@pytest.mark.parametrize("check", IDS)
def test_where_all_is_well_nothing_is_warned_of(world: World, check: str) -> None:
    found = world.examine(check, account="")
    assert {each.status for each in found} <= {Status.PASS, SKIP}
    assert found


def test_where_all_is_well_only_what_does_not_apply_is_skipped(world: World) -> None:
    skipped = [
        each.found for check in IDS for each in world.examine(check, account="") if each.status is SKIP
    ]
    assert skipped == [
        "The hub gets the events of its own region without forwarding.",
        "The functions run outside a VPC and need no endpoints.",
    ]


@pytest.mark.parametrize(
    ("check", "break_it", "status", "said", "fix"),
    [pytest.param(check, *rest, id=f"{check}: {what}") for check, what, *rest in BROKEN],
)
def test_each_problem_is_found_with_its_fix(
    world: World, check: str, break_it: Break, status: Status, said: str, fix: str
) -> None:
    break_it(world)
    found = [each for each in world.examine(check, MEMBER) if each.status not in (Status.PASS, SKIP)]
    assert {each.status for each in found} == {status}
    assert [each for each in found if said in each.found and fix in each.fix], found


def test_every_check_has_been_seen_to_find_something() -> None:
    assert {check for check, *_ in BROKEN} == set(IDS)


# --- What cannot be looked at ---


@pytest.mark.parametrize("check", ["V2", "V3", "V4", "V6", "V7", "V9", "V18", "V23"])
def test_without_a_role_to_inspect_with_another_account_is_skipped(world: World, check: str) -> None:
    found = world.examine(
        check, MEMBER, region=FAR if check in ("V2", "V3", "V7", "V9", "V23") else "", inspect=False
    )
    theirs = [each for each in found if "your credentials are not for" in each.found.lower()]
    assert theirs and {each.status for each in theirs} == {SKIP}
    assert all("--inspect-role" in each.fix for each in theirs)


def test_the_own_account_needs_no_role_to_inspect_with(world: World) -> None:
    for check in ("V4", "V6", "V7", "V18"):
        assert [each.status for each in world.examine(check, HUB, inspect=False)] == [Status.PASS]


def test_a_role_to_inspect_with_that_does_not_trust_the_user_is_named(world: World) -> None:
    world.refuse["sts:AssumeRole"] = Refused("AccessDenied")
    [found] = world.examine("V4", MEMBER)
    assert (found.status, f"arn:aws:iam::{MEMBER}:role/reader" in found.found) == (SKIP, True)


@pytest.mark.parametrize("check", ["V12", "V13"])
def test_nothing_is_started_unless_asked_for(world: World, check: str) -> None:
    [found] = world.examine(check, canary=False)
    assert (found.status, found.fix) == (SKIP, "rightstate verify --canary")
    assert world.asked == []


def test_the_canary_waits_for_the_hubs_own_account_to_be_registered(world: World) -> None:
    del world.accounts[HUB]
    [found] = world.examine("V12", MEMBER)
    assert (found.status, found.fix) == (SKIP, f"rightstate accounts add {HUB}")
    assert "events:PutEvents" not in world.asked


def test_the_canary_is_not_taken_for_an_execution_of_another_event(world: World) -> None:
    for given in ('{"event": {"id": "another"}}', '{"resource": "started-by-hand"}'):
        world.execute(f"arn:aws:states:{REGION}:{HUB}:execution:x:{len(given)}", given, world.stranger)
    [found] = world.examine("V12")
    assert found.status is Status.PASS


def test_the_hub_needs_no_organization(world: World) -> None:
    del world.outputs["OrganizationId"]
    assert "The hub accepts no organization." in [each.found for each in world.examine("V21")]
    assert "organizations:ListAccounts" not in world.asked


def test_an_account_that_the_hub_admits_by_its_number_need_not_be_of_the_organization(world: World) -> None:
    del world.organization_accounts[MEMBER]
    world.admit(MEMBER)
    assert {each.status for each in world.examine("V21")} == {Status.PASS}


def test_the_stack_that_lists_accounts_is_looked_at_like_the_hubs(world: World) -> None:
    stack = world.admit(MEMBER)
    assert {each.status for each in world.examine("V2", HUB)} == {Status.PASS}
    stack["StackStatus"] = "UPDATE_ROLLBACK_FAILED"
    [found] = [each for each in world.examine("V2", HUB) if each.status is FAIL]
    assert found.found == f"The stack {STACK}-admission is UPDATE_ROLLBACK_FAILED."
    assert found.fix == "rightstate accounts admit"


def test_a_member_for_some_types_is_compared_with_the_template_of_those(world: World) -> None:
    for outputs in (world.member_stacks[MEMBER, each]["Outputs"] for each in (REGION, FAR)):
        [types] = [each for each in outputs if each["OutputKey"] == "ResourceTypes"]
        types["OutputValue"] = "sqs-queue"
    [found] = world.examine("V9", MEMBER, FAR)
    assert (found.status, found.found) == (
        Status.PASS,
        "1 rule to the hub's bus, as in the template.",
    )


def test_the_command_that_installs_a_member_names_all_regions_of_the_account(world: World) -> None:
    with_settings(regions=(FAR, REGION))(world)
    del world.member_stacks[MEMBER, FAR]
    [fix] = [each.fix for each in world.examine("V2", MEMBER, FAR) if each.status is FAIL]
    assert f"rightstate accounts add {MEMBER} --install --region {FAR} --region {REGION} --profile" in fix


def test_a_member_of_an_account_in_the_list_is_admitted(world: World) -> None:
    with_statement(Condition={"StringEquals": {"aws:PrincipalAccount": [MEMBER]}})(world)
    assert {each.status for each in world.examine("V9")} == {Status.PASS, SKIP}


def test_the_quotas_are_awss_defaults_where_they_cannot_be_read(world: World) -> None:
    world.refuse["service-quotas:GetServiceQuota"] = Refused("AccessDeniedException")
    [found] = world.examine("V16")
    assert (found.status, " of 300 rules" in found.found) == (Status.PASS, True)


def test_the_organizations_trail_counts_where_only_its_owner_may_look_into_it(world: World) -> None:
    world.refuse["cloudtrail:GetEventSelectors"] = Refused("TrailNotFoundException")
    assert {each.status for each in world.examine("V7", MEMBER)} == {Status.PASS}


def test_a_stack_of_a_stack_set_is_found_by_whose_member_it_is(world: World) -> None:
    with_member(StackName="StackSet-rightstate-member-0a1b")(world)
    assert {each.status for each in world.examine("V2", MEMBER)} == {Status.PASS}


# --- What goes wrong while looking ---


def test_what_was_found_before_a_refusal_is_told_as_well(world: World) -> None:
    world.waiting = 1
    world.refuse["cloudwatch:GetMetricData"] = Refused("AccessDenied")
    lost, skipped = world.examine("V17")
    assert (lost.status, "1 event in the dead-letter queue." in lost.found) == (FAIL, True)
    assert (skipped.status, "GetMetricData" in skipped.found) == (SKIP, True)


def test_the_oldest_event_that_waits_is_told_of(world: World) -> None:
    world.waiting = 2
    world.metrics[f"ApproximateAgeOfOldestMessage {STACK}-undelivered-events"] = 3725.0
    [found] = world.examine("V17")
    assert "the oldest has been there for 1:02:05." in found.found


def _asked(check: str) -> Iterator[str]:
    world = World()
    world.examine(check, MEMBER)
    yield from dict.fromkeys(world.asked)


@pytest.mark.parametrize("check", [each for each in IDS if each not in ("V1", "V5", "V15")])
def test_a_missing_permission_is_named_and_skips_the_check(check: str) -> None:
    for operation in _asked(check):
        world = World()
        action = operation.replace("stepfunctions:", "states:")
        world.refuse[operation] = Refused(
            "AccessDeniedException", f"User: x is not authorized to perform: {action} on resource: y"
        )
        found = world.examine(check, MEMBER)
        assert {each.status for each in found} <= {Status.PASS, SKIP}
        named = [each for each in found if action in each.found]
        assert named or operation in (
            "service-quotas:GetServiceQuota",
            "cloudtrail:GetEventSelectors",
            "sts:AssumeRole",
        )


def test_who_may_not_have_the_hub_try_a_role_is_told(world: World) -> None:
    world.refuse["lambda:Invoke"] = Refused("AccessDeniedException")
    [found] = world.examine("V5", MEMBER)
    assert (found.status, "Invoke was answered with AccessDeniedException" in found.found) == (SKIP, True)


@pytest.mark.parametrize(
    ("refused", "said"),
    [
        (Refused("InternalError"), "ListSubscriptionsByTopic failed with InternalError."),
        (EndpointConnectionError(endpoint_url="x"), "AWS does not answer (EndpointConnectionError)."),
        (ValueError("never shown"), "Rightstate met an error that it did not foresee: ValueError"),
    ],
    ids=["AWS's", "the network's", "its own"],
)
def test_an_error_that_nobody_foresaw_fails_that_check_and_no_other(
    world: World, refused: Any, said: str
) -> None:
    world.refuse["sns:ListSubscriptionsByTopic"] = refused
    [found] = world.examine("V14")
    assert (found.status, found.found.startswith(f"The check failed. {said}")) == (FAIL, True)
    assert "never shown" not in found.found
    assert {each.status for each in world.examine("V19")} == {Status.PASS}


def test_settings_that_are_not_understood_skip_the_accounts_other_checks(world: World) -> None:
    world.accounts[MEMBER] = SettingsUnreadable("not understood")
    for check in ("V4", "V5", "V6", "V18"):
        [found] = world.examine(check, MEMBER)
        assert (found.status, "V15 says why" in found.found) == (SKIP, True)


# --- The list of checks ---


def test_every_check_says_what_it_proves_and_what_mends_it() -> None:
    assert [each.id for each in checks.ALL if not (each.title and each.proves and each.fixed_by)] == []


def test_the_checks_are_numbered_without_a_gap() -> None:
    assert [f"V{number}" for number in range(1, 26)] == IDS


def test_a_check_that_there_is_not_is_answered_with_those_that_there_are() -> None:
    with pytest.raises(InvalidInput, match=r"no check .V99.*V1, V2,.*V24"):
        checks.chosen(["V5", "V99"])


def test_checks_are_chosen_by_id_in_any_case() -> None:
    assert {each.id for each in checks.chosen(["v5", "V14"])} == {"V5", "V14"}


def test_the_rules_that_are_expected_are_those_of_the_template(world: World) -> None:
    """Of the deployed rules, as moto's CloudFormation renders them, none is left unlooked at."""
    # Those about findings are off unless the hub's parameter says otherwise.
    names = {f"{STACK}-{each}" for each in ("died-executions", "security-hub-findings", "config-findings")}
    for _, properties in sam_template.rules():
        names.add(properties["Name"]["Fn::Sub"].replace("${AWS::StackName}", STACK))
    assert names == set(world.rules)
    assert json.loads(world.rules[QUEUE_RULE]["EventPattern"])


def test_a_finding_that_is_well_needs_no_fix(world: World) -> None:
    passes: list[CheckResult] = [
        each for check in IDS for each in world.examine(check, MEMBER) if each.status is Status.PASS
    ]
    assert [each for each in passes if each.fix] == []
