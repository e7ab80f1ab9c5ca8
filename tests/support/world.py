"""A deployed hub with two accounts, as AWS's answers show it: all well, until a test breaks something.

The clients are botocore's own, so that what is asked is checked against its models; so is what is answered.
What the templates say is rendered by moto's CloudFormation.
"""

import io
import json
import os
import re
import warnings
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch
from urllib.parse import quote

import boto3
import botocore.session
from boto3.dynamodb.types import TypeSerializer
from botocore.validate import validate_parameters
from moto import mock_aws
from moto.cloudformation.models import cloudformation_backends
from moto.cloudformation.parsing import clean_json

from rightstate import __version__
from rightstate.catalogue import load_all
from rightstate.errors import SettingsUnreadable
from rightstate.guarding.guards import HALT, HALTS, Halt
from rightstate.models.settings import Account, Enabled
from rightstate.policy import Mode
from rightstate_cli import checks
from rightstate_cli.application import sam_template
from rightstate_cli.aws import Caller
from rightstate_cli.checks import CheckResult, Clients
from rightstate_cli.hub.deployment import Hub
from rightstate_cli.member import template as member_template
from tests.support import template
from tests.support.template import HUB, REGION, STACK

MEMBER = "444455556666"
FAR = "eu-west-1"
"""A region of the member that is not the hub's."""
EXTERNAL_ID = "2a7d5f60-0000-4000-8000-000000000001"
ORGANIZATION = "o-exampleorgid"
ROLE = "rightstate-remediation"
READING_ROLE = f"{ROLE}-read"

Answer = dict[str, Any]
_BOTOCORE = botocore.session.get_session()


class Refused(Exception):
    """AWS answers with this error."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(code)
        self.error = {"Code": code, "Message": message}


@cache
def member_resources(region: str, *types: str) -> Mapping[str, Any]:
    """Logical id -> resource, of a member's stack in that region, for those types or for all."""
    parameters = {
        "HubAccount": HUB,
        "HubRegion": REGION,
        "HubStack": STACK,
        "ExternalId": EXTERNAL_ID,
        "RoleRegion": region,
    }
    # moto knows Fn::GetAtt with a list only.
    text = re.sub(
        r'("Fn::GetAtt": )"(\w+)\.(\w+)"', r'\1["\2", "\3"]', json.dumps(member_template.template(types))
    )
    source = json.loads(text)
    with (
        patch.dict(os.environ, AWS_DEFAULT_REGION=region, MOTO_ACCOUNT_ID=MEMBER),
        mock_aws(),
        warnings.catch_warnings(),
    ):
        warnings.filterwarnings("ignore", "Tried to parse")
        boto3.client("cloudformation").create_stack(
            StackName=f"{STACK}-member",
            TemplateBody=text,
            Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()],
        )
        [stack] = cloudformation_backends[MEMBER][region].stacks.values()
        made: Mapping[str, Any] = clean_json(
            {name: source["Resources"][name] for name in stack.resource_map}, stack.resource_map
        )
    return made


def _stack(name: str, description: str, outputs: Mapping[str, str], **parameters: str) -> Answer:
    return {
        "StackName": name,
        "StackId": f"arn:aws:cloudformation:{REGION}:{HUB}:stack/{name}/{EXTERNAL_ID}",
        "Description": description,
        "StackStatus": "UPDATE_COMPLETE",
        "CreationTime": datetime.now(UTC),
        "EnableTerminationProtection": True,
        "DriftInformation": {"StackDriftStatus": "IN_SYNC"},
        "Outputs": [{"OutputKey": k, "OutputValue": v} for k, v in outputs.items()],
        "Parameters": [{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()],
    }


def _machine(resource_type: str) -> str:
    return f"arn:aws:states:{REGION}:{HUB}:stateMachine:{STACK}-{resource_type}"


class World:
    """Each attribute is what AWS has; a test changes one. `refuse` maps `service:Operation` to a refusal."""

    def __init__(self) -> None:
        self.refuse: dict[str, Exception] = {}
        self.asked: list[str] = []
        self.outputs = {
            "Version": __version__,
            "ExternalId": EXTERNAL_ID,
            "MemberRoleName": ROLE,
            "OneRoleMembers": "false",
            "OrganizationId": ORGANIZATION,
            "ExemptionDays": "90",
            "SettingsTable": "settings",
            "LedgerTable": "ledger",
            "GuardsTable": "guards",
            "Notifications": f"arn:aws:sns:{REGION}:{HUB}:{STACK}-notifications",
            "UndeliveredEvents": f"https://sqs.{REGION}.amazonaws.com/{HUB}/{STACK}-undelivered-events",
            **{name: _machine(resource_type) for name, resource_type in sam_template.machines().items()},
        }
        policies = {"sqs-server-side-encryption": Enabled(mode=Mode.AUTO)}
        self.accounts: dict[str, Account | SettingsUnreadable] = {
            account: Account(
                account=account,
                regions=regions,
                role_arn=f"arn:aws:iam::{account}:role/{ROLE}",
                read_role_arn=f"arn:aws:iam::{account}:role/{READING_ROLE}",
                external_id=EXTERNAL_ID,
                policies=policies,
            )
            for account, regions in {HUB: (REGION,), MEMBER: (REGION, FAR)}.items()
        }
        self.caller_arn = f"arn:aws:sts::{HUB}:assumed-role/operator/ana"
        self.credentials: Any = SimpleNamespace(_expiry_time=None)
        self.skew = timedelta()
        self.hub_stack = _stack(STACK, "Rightstate, the hub - x", self.outputs)
        given = {"HubAccount": HUB, "HubRegion": REGION, "HubStack": STACK}
        made = {"Version": __version__, "ResourceTypes": ",".join(sam_template.machines().values())}
        self.member_stacks = {
            (account, region): _stack(f"{STACK}-member", "Rightstate, a member - x", made, **given)
            for account, region in ((HUB, REGION), (MEMBER, REGION), (MEMBER, FAR))
        }
        self.other_stacks: list[Answer] = []
        self._hub_rules()
        self.install_member_rules()
        self.bus: Answer | None = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": f"{STACK}-organization",
                    "Effect": "Allow",
                    "Principal": "*",
                    "Action": "events:PutEvents",
                    "Resource": "*",
                    "Condition": {"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}},
                }
            ],
        }
        self.machines = {
            each: {
                "status": "ACTIVE",
                "definition": json.dumps({"TimeoutSeconds": 86400}),
                "loggingConfiguration": {"level": "ERROR", "includeExecutionData": False},
                "tracingConfiguration": {"enabled": True},
                "roleArn": f"arn:aws:iam::{HUB}:role/machine",
                "type": "STANDARD",
                "creationDate": datetime.now(UTC),
                "name": each,
                "stateMachineArn": _machine(each),
            }
            for each in sam_template.machines().values()
        }
        self.aliases = {
            f"{_machine(each)}:live": [{"stateMachineVersionArn": f"{_machine(each)}:3", "weight": 100}]
            for each in sam_template.machines().values()
        }
        self.functions: dict[str, Answer] = {
            path.parent.name.replace("_", "-"): {
                "State": "Active",
                "LastUpdateStatus": "Successful",
                "Runtime": "python3.13",
            }
            for path in sam_template.functions().values()
        }
        self.concurrency = 1000
        self.tables: dict[str, Answer] = {
            name: {"TableStatus": "ACTIVE", "DeletionProtectionEnabled": True}
            for name in ("settings", "ledger")
        }
        self.halts: dict[str, Halt] = {}
        self.recovery = {"settings": "ENABLED", "ledger": "ENABLED"}
        self.living = "ENABLED"
        self.trails: list[Answer] = [
            {
                "TrailARN": f"arn:aws:cloudtrail:{REGION}:{HUB}:trail/all",
                "IsMultiRegionTrail": True,
                "IsOrganizationTrail": True,
                "HomeRegion": REGION,
            }
        ]
        self.trail_status: Answer = {"IsLogging": True}
        self.selectors: Answer = {
            "EventSelectors": [{"IncludeManagementEvents": True, "ReadWriteType": "All"}]
        }
        # Name -> of both roles of a member.
        self.trusts = {
            each["Properties"]["RoleName"]: json.loads(
                json.dumps(each["Properties"]["AssumeRolePolicyDocument"])
            )
            for name, each in member_resources(REGION).items()
            if name in ("ReadingRole", "RemediationRole")
        }
        self.policies = {
            each["Properties"]["RoleName"]: each["Properties"]["ManagedPolicyArns"]
            for each in member_resources(REGION).values()
            if "ManagedPolicyArns" in each["Properties"]
        }
        # Beside them, of both roles.
        self.longest_session = 3600
        self.attached: list[Answer] = []
        self.inline: list[str] = []
        self.denied: dict[str, Answer] = {
            action: {}
            for action in ("iam:PassRole", "iam:PutRolePolicy", "sts:AssumeRole", "lambda:UpdateFunctionCode")
        }
        # External id -> the error with which the hub cannot assume the role; "" for it can.
        self.assuming: dict[str | None, str] = {EXTERNAL_ID: "", None: "RoleNotAssumed"}
        self.wrong_external_id = "RoleNotAssumed"
        # As it ends where a function that reads tries the role that writes.
        self.assuming_to_write = "RoleNotAssumed"
        # What the role that reads may do beside reading.
        self.may_write: list[str] = []
        self.regions = [REGION, FAR]
        self.organization = ORGANIZATION
        self.organization_accounts = {HUB: "ACTIVE", MEMBER: "ACTIVE"}
        self.subscriptions = [f"{self.outputs['Notifications']}:1"]
        self.waiting = 0
        self.metrics: dict[str, float] = {f"ExecutionsStarted {_machine('sqs-queue')}": 3.0}
        self.entries: list[dict[str, Any]] = []
        self.log_groups: dict[str, int | None] = {
            f"/aws/lambda/{STACK}": 90,
            f"/aws/vendedlogs/states/{STACK}": 90,
            # Somebody else's, whose name begins alike.
            f"/aws/lambda/{STACK}2": None,
        }
        self.more_rules = 0
        # Canaries: how the executions end that are started by an event, and for a stranger.
        self.swallow = False
        self.ending: Answer = {"status": "SUCCEEDED", "output": json.dumps({"outcome": "gone"})}
        self.stranger: Answer = {"status": "FAILED", "cause": "UnknownAccount: Account has no settings"}
        self.executions: dict[str, Answer] = {}
        self.starts_twice = False

    def admit(self, *accounts: str) -> Answer:
        """List accounts whose events the hub accepts; returns the stack that does."""
        listed = {"Accounts": ",".join(accounts)}
        stack = _stack(f"{STACK}-admission", "Rightstate, the admission - x", listed, HubStack=STACK)
        self.other_stacks.append(stack)
        return stack

    def _hub_rules(self) -> None:
        self.rules: dict[str, Answer] = {}
        self.targets: dict[str, list[Answer]] = {}
        for properties in template.of_type("AWS::Events::Rule").values():
            name = properties["Name"]
            pattern = json.dumps(properties["EventPattern"])
            self.rules[name] = {"Name": name, "State": "ENABLED", "EventPattern": pattern}
            self.targets[name] = json.loads(json.dumps(properties["Targets"]))
            for target in self.targets[name]:
                # Deployed, they start the alias; moto's CloudFormation has none.
                if ":stateMachine:" in target["Arn"]:
                    target["Arn"] += ":live"

    def install_member_rules(self, *types: str) -> None:
        """Let the member have the rules of its template for those types, or for all."""
        self.member_rules: dict[tuple[str, str], dict[str, Answer]] = {}
        self.member_targets: dict[str, list[Answer]] = {}
        for region in (REGION, FAR):
            here: dict[str, Answer] = {}
            for name, resource in member_resources(region, *types).items():
                if resource["Type"] == "AWS::Events::Rule":
                    properties = resource["Properties"]
                    physical = f"{name}-{region}"
                    here[name] = {
                        "Name": physical,
                        "State": "ENABLED",
                        "EventPattern": json.dumps(properties["EventPattern"]),
                    }
                    self.member_targets[physical] = [
                        {"Id": "hub", "Arn": each["Arn"]} for each in properties["Targets"]
                    ]
            self.member_rules[MEMBER, region] = here

    # --- What a check is given ---

    @property
    def hub(self) -> Hub:
        return Hub(Caller(self.session(HUB), HUB, self.caller_arn, REGION, "aws"), STACK, self.outputs)

    def session(self, account: str) -> Any:
        return _Session(self, account)

    def examine(
        self, check: str, account: str = HUB, region: str = "", inspect: bool = True, canary: bool = True
    ) -> list[CheckResult]:
        """What the checks of that id find in the account, all together, in those of the region if one is
        named."""
        clients = Clients(self.hub, "reader" if inspect else None, canary)
        with patch("rightstate_cli.checks.check.boto3.Session", self._assumed):
            return [
                result.finding
                for result in checks.run(
                    checks.chosen([check]), self.hub, self.accounts, clients, [account] if account else []
                )
                if region in ("", result.region)
            ]

    def _assumed(self, aws_access_key_id: str, **keys: str) -> Any:
        return self.session(aws_access_key_id)

    # --- AWS ---

    def answer(self, operation: str, account: str, region: str, given: Mapping[str, Any]) -> Answer:
        self.asked.append(operation)
        if operation in self.refuse:
            raise self.refuse[operation]
        service, _, name = operation.partition(":")
        answering = getattr(self, f"_{service.replace('-', '_')}_{name}")
        found: Answer = answering(given, account, region)
        return found

    def _sts_GetCallerIdentity(self, given: Any, account: str, region: str) -> Answer:  # noqa: N802
        return {"Account": account, "Arn": self.caller_arn}

    def _sts_AssumeRole(self, given: Any, account: str, region: str) -> Answer:  # noqa: N802
        assumed = given["RoleArn"].split(":")[4]
        ends = datetime.now(UTC) + timedelta(hours=1)
        keys = {"AccessKeyId": assumed.rjust(16, "0"), "SecretAccessKey": "s", "SessionToken": "t"}
        return {"Credentials": {**keys, "Expiration": ends}}

    def _cloudformation_DescribeStacks(self, given: Any, account: str, region: str) -> Answer:  # noqa: N802
        stacks = [self.hub_stack, *self.other_stacks] if (account, region) == (HUB, REGION) else []
        stacks = stacks + [self.member_stacks[key] for key in self.member_stacks if key == (account, region)]
        named = [each for each in stacks if given.get("StackName") in (None, each["StackName"])]
        if not named and "StackName" in given:
            raise Refused("ValidationError", "Stack does not exist")
        return {"Stacks": named}

    def _cloudformation_ListStackResources(self, given: Any, account: str, region: str) -> Answer:  # noqa: N802
        return {
            "StackResourceSummaries": [
                {
                    "LogicalResourceId": logical_id,
                    "PhysicalResourceId": rule["Name"],
                    "ResourceType": "AWS::Events::Rule",
                    "ResourceStatus": "CREATE_COMPLETE",
                    "LastUpdatedTimestamp": datetime.now(UTC),
                }
                for logical_id, rule in self.member_rules[account, region].items()
            ]
        }

    def _stepfunctions_DescribeStateMachineAlias(self, given: Any, account: str, region: str) -> Answer:  # noqa: N802
        if given["stateMachineAliasArn"] not in self.aliases:
            raise Refused("ResourceNotFound")
        return {"routingConfiguration": self.aliases[given["stateMachineAliasArn"]]}

    def _stepfunctions_DescribeStateMachine(self, given: Any, account: str, region: str) -> Answer:  # noqa: N802
        arn = given["stateMachineArn"].rpartition(":")[0]
        return self.machines[arn.rpartition(":")[2].removeprefix(f"{STACK}-")]

    def _stepfunctions_StartExecution(self, given: Any, account: str, region: str) -> Answer:  # noqa: N802
        arn = given["stateMachineArn"].removesuffix(":live").replace(":stateMachine:", ":execution:")
        arn += f":{given['name']}"
        if arn in self.executions and not self.starts_twice:
            raise Refused("ExecutionAlreadyExists")
        arn += "-2" if arn in self.executions else ""
        self.execute(arn, given["input"], self.stranger)
        return {"executionArn": arn, "startDate": datetime.now(UTC)}

    def _stepfunctions_ListExecutions(self, given: Any, account: str, region: str) -> Answer:  # noqa: N802
        keys = ("executionArn", "stateMachineArn", "name", "status", "startDate")
        return {"executions": [{key: each[key] for key in keys} for each in self.executions.values()]}

    def _stepfunctions_DescribeExecution(self, given: Any, account: str, region: str) -> Answer:  # noqa: N802
        return self.executions[given["executionArn"]]

    def execute(self, arn: str, given: str, ending: Answer) -> None:
        """Have an execution that was started now, and has come so far."""
        now = datetime.now(UTC)
        self.executions[arn] = {
            "executionArn": arn,
            "stateMachineArn": _machine("sqs-queue"),
            "name": arn.rpartition(":")[2],
            "startDate": now,
            "stopDate": now + timedelta(seconds=7),
            "input": given,
            **ending,
        }

    def _lambda_GetFunctionConfiguration(self, given: Any, account: str, region: str) -> Answer:  # noqa: N802
        name = given["FunctionName"].removeprefix(f"{STACK}-").removesuffix(":live")
        if name not in self.functions:
            raise Refused("ResourceNotFoundException")
        return self.functions[name]

    def _lambda_GetAccountSettings(self, given: Any, account: str, region: str) -> Answer:  # noqa: N802
        return {"AccountLimit": {"UnreservedConcurrentExecutions": self.concurrency}}

    def _lambda_Invoke(self, given: Any, account: str, region: str) -> Answer:  # noqa: N802
        run = json.loads(given["Payload"])["run"]
        role = run["read_role_arn"]
        error = self.assuming.get(run["external_id"], self.wrong_external_id)
        one_role = {each.role_arn for each in self._understood() if not each.read_role_arn}
        if role.endswith(f"/{ROLE}") and role not in one_role:
            error = error or self.assuming_to_write
        if error:
            said = {"errorType": error, "errorMessage": "STS refused it."}
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(json.dumps(said).encode())}
        arn = role.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/")
        return {"Payload": io.BytesIO(json.dumps({"account": MEMBER, "arn": f"{arn}/probe"}).encode())}

    def _understood(self) -> list[Account]:
        return [each for each in self.accounts.values() if isinstance(each, Account)]

    def _dynamodb_DescribeTable(self, given: Any, account: str, region: str) -> Answer:  # noqa: N802
        return {"Table": self.tables[given["TableName"]]}

    def _dynamodb_Query(self, given: Any, account: str, region: str) -> Answer:  # noqa: N802
        items = [
            {"id": resource, "what": HALT + halt.policy, "listed": HALTS, **halt.model_dump()}
            for resource, halt in self.halts.items()
        ]
        if given["IndexName"] == "day":
            # Only of the day that is asked for, whatever else the query says.
            days = [each["S"] for each in given["ExpressionAttributeValues"].values()]
            items = [each for each in self.entries if each["at"][:10] in days]
        else:
            assert (given["TableName"], given["IndexName"]) == ("guards", HALTS)
        return {"Items": [TypeSerializer().serialize(each)["M"] for each in items]}

    def _dynamodb_DescribeContinuousBackups(self, given: Any, account: str, region: str) -> Answer:  # noqa: N802
        recovery = {"PointInTimeRecoveryStatus": self.recovery[given["TableName"]]}
        return {
            "ContinuousBackupsDescription": {
                "ContinuousBackupsStatus": "ENABLED",
                "PointInTimeRecoveryDescription": recovery,
            }
        }

    def _dynamodb_DescribeTimeToLive(self, given: Any, account: str, region: str) -> Answer:  # noqa: N802
        return {"TimeToLiveDescription": {"TimeToLiveStatus": self.living}}

    def _events_ListRules(self, given: Any, account: str, region: str) -> Answer:  # noqa: N802
        more = [{"Name": f"other-{number}", "State": "ENABLED"} for number in range(self.more_rules)]
        rules = [*self.rules.values(), *more]
        return {"Rules": [each for each in rules if each["Name"].startswith(given.get("NamePrefix", ""))]}

    def _events_ListTargetsByRule(self, given: Any, account: str, region: str) -> Answer:  # noqa: N802
        return {"Targets": {**self.member_targets, **self.targets}[given["Rule"]]}

    def _events_DescribeRule(self, given: Any, account: str, region: str) -> Answer:  # noqa: N802
        rules = {each["Name"]: each for each in self.member_rules[account, region].values()}
        if given["Name"] not in rules or rules[given["Name"]].get("Description") == "gone":
            raise Refused("ResourceNotFoundException")
        return rules[given["Name"]]

    def _events_DescribeEventBus(self, given: Any, account: str, region: str) -> Answer:  # noqa: N802
        return {"Name": "default", **({"Policy": json.dumps(self.bus)} if self.bus else {})}

    def _events_PutEvents(self, given: Any, account: str, region: str) -> Answer:  # noqa: N802
        [entry] = given["Entries"]
        event = {
            "id": "e-1",
            "account": account,
            "region": region,
            "time": "2026-11-25T00:00:00Z",
            "source": entry["Source"],
            "detail-type": entry["DetailType"],
            "detail": json.loads(entry["Detail"]),
        }
        for rule in [] if self.swallow else template.matching(event):
            arn = f"arn:aws:states:{REGION}:{HUB}:execution:{STACK}-{rule.resource_type}:of-the-event"
            self.execute(arn, json.dumps(rule.input(event)), self.ending)
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "e-1"}]}

    def _cloudtrail_DescribeTrails(self, given: Any, account: str, region: str) -> Answer:  # noqa: N802
        return {"trailList": self.trails}

    def _cloudtrail_GetTrailStatus(self, given: Any, account: str, region: str) -> Answer:  # noqa: N802
        return self.trail_status

    def _cloudtrail_GetEventSelectors(self, given: Any, account: str, region: str) -> Answer:  # noqa: N802
        return self.selectors

    def _iam_GetRole(self, given: Any, account: str, region: str) -> Answer:  # noqa: N802
        name = given["RoleName"]
        if name not in self.trusts:
            raise Refused("NoSuchEntity")
        return {
            "Role": {
                "Path": "/",
                "RoleName": name,
                "RoleId": "AROAEXAMPLEROLEID",
                "Arn": f"arn:aws:iam::{account}:role/{name}",
                "CreateDate": datetime.now(UTC),
                "AssumeRolePolicyDocument": quote(json.dumps(self.trusts[name])),
                "MaxSessionDuration": self.longest_session,
            }
        }

    def _iam_ListAttachedRolePolicies(self, given: Any, account: str, region: str) -> Answer:  # noqa: N802
        own = [
            {"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn}
            for arn in self.policies[given["RoleName"]]
        ]
        return {"AttachedPolicies": [*own, *self.attached]}

    def _iam_ListRolePolicies(self, given: Any, account: str, region: str) -> Answer:  # noqa: N802
        return {"PolicyNames": self.inline}

    def _iam_SimulatePrincipalPolicy(self, given: Any, account: str, region: str) -> Answer:  # noqa: N802
        reads = {action for each in load_all() for action in each.read_actions} | {*self.may_write}
        reading = given["PolicySourceArn"].endswith(f"/{READING_ROLE}")
        return {
            "EvaluationResults": [
                {"EvalActionName": action, "EvalDecision": "implicitDeny", **self.denied.get(action, {})}
                if action in self.denied or (reading and action not in reads)
                else {"EvalActionName": action, "EvalDecision": "allowed"}
                for action in given["ActionNames"]
            ]
        }

    def _account_ListRegions(self, given: Any, account: str, region: str) -> Answer:  # noqa: N802
        enabled = [REGION] if account == HUB else self.regions
        return {"Regions": [{"RegionName": each} for each in enabled]}

    def _organizations_DescribeOrganization(self, given: Any, account: str, region: str) -> Answer:  # noqa: N802
        return {"Organization": {"Id": self.organization}}

    def _organizations_ListAccounts(self, given: Any, account: str, region: str) -> Answer:  # noqa: N802
        return {"Accounts": [{"Id": k, "State": v} for k, v in self.organization_accounts.items()]}

    def _sns_ListSubscriptionsByTopic(self, given: Any, account: str, region: str) -> Answer:  # noqa: N802
        return {
            "Subscriptions": [
                {"SubscriptionArn": each, "Endpoint": "ana@example.com", "Protocol": "email"}
                for each in self.subscriptions
            ]
        }

    def _sqs_GetQueueAttributes(self, given: Any, account: str, region: str) -> Answer:  # noqa: N802
        counts = dict.fromkeys(given["AttributeNames"], "0")
        return {"Attributes": {**counts, "ApproximateNumberOfMessages": str(self.waiting)}}

    def _cloudwatch_GetMetricData(self, given: Any, account: str, region: str) -> Answer:  # noqa: N802
        results = []
        for query in given["MetricDataQueries"]:
            metric = query["MetricStat"]["Metric"]
            [dimension] = metric["Dimensions"]
            value = self.metrics.get(f"{metric['MetricName']} {dimension['Value']}")
            results.append({"Id": query["Id"], "Values": [] if value is None else [value]})
        return {"MetricDataResults": results}

    def _logs_DescribeLogGroups(self, given: Any, account: str, region: str) -> Answer:  # noqa: N802
        return {
            "logGroups": [
                {"logGroupName": name, **({"retentionInDays": days} if days else {})}
                for name, days in self.log_groups.items()
                if name.startswith(given["logGroupNamePrefix"])
            ]
        }

    def _service_quotas_GetServiceQuota(self, given: Any, account: str, region: str) -> Answer:  # noqa: N802
        return {"Quota": {"Value": {"L-244521F2": 300.0, "L-FC354966": 10240.0}[given["QuotaCode"]]}}


class _Session:
    """One account's credentials in that world."""

    def __init__(self, world: World, account: str) -> None:
        self._world = world
        self._account = account[-12:]

    def get_credentials(self) -> Any:
        return self._world.credentials

    def client(self, service: str, region_name: str, config: Any) -> Any:
        keys = {"aws_access_key_id": "a" * 16, "aws_secret_access_key": "s"}
        client = _BOTOCORE.create_client(service, region_name=region_name, config=config, **keys)

        def remember(params: Any, context: Any, **more: Any) -> None:
            context["given"] = params

        def answer(model: Any, context: Any, **more: Any) -> Any:
            operation = f"{service}:{model.name}"
            try:
                found = self._world.answer(operation, self._account, region_name, context["given"])
            except Refused as refused:
                return SimpleNamespace(status_code=400), {
                    "Error": refused.error,
                    "ResponseMetadata": {"HTTPStatusCode": 400},
                }
            if model.output_shape:
                validate_parameters(found, model.output_shape)
            date = format_datetime(datetime.now(UTC) + self._world.skew, usegmt=True)
            return SimpleNamespace(status_code=200), {
                **found,
                "ResponseMetadata": {"HTTPHeaders": {"date": date}, "HTTPStatusCode": 200},
            }

        client.meta.events.register("before-parameter-build", remember)
        client.meta.events.register("before-call", answer)
        return client
