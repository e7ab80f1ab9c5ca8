"""The rules, roles and machines of template.yaml, and the definition that they share."""

import copy
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from rightstate import __version__, catalogue, errors
from rightstate.executions import metrics, triggers
from rightstate.identify import identify
from rightstate.models.backfill import BackfillInput
from rightstate.models.start import Event as Started
from rightstate.models.tasks import StateTask
from rightstate.notifying import notification
from rightstate.resource_type import Place
from rightstate_cli.application import events as event_files
from rightstate_cli.application import parts, sam_template
from rightstate_cli.member import template as member_template
from rightstate_cli.simulation import examples
from tests.support.callers import ACCOUNT, OTHERS, role_session
from tests.support.template import (
    HUB,
    REGION,
    STACK,
    Event,
    Stack,
    admission_at,
    listed,
    matching,
    of_type,
    published,
    rendered,
    rules,
    rules_of_machines,
    statements,
    value_at,
)
from tests.types import expected, known

SHIPPED = [(kind, event) for kind, of_kind in event_files.shipped().items() for event in of_kind]
NAMED = {f"{kind}/{event['detail']['eventName']}": event for kind, event in SHIPPED}
every_event = pytest.mark.parametrize(("kind", "event"), SHIPPED, ids=list(NAMED))


def test_the_stack_tells_the_version_that_the_command_compares_it_with() -> None:
    assert sam_template.template()["Outputs"]["Version"]["Value"] == __version__


# --- The rules ---


def changed(event: Event, **detail: Any) -> Event:
    return {**event, "detail": {**event["detail"], **detail}}


def test_each_file_in_events_holds_the_event_that_it_is_named_after() -> None:
    folder = sam_template.root() / "events"
    files = {f"{path.parent.name}/{path.stem}" for path in folder.glob("*/*.json")}
    assert files == set(NAMED)
    assert len(SHIPPED) == len(NAMED) == len({event["id"] for _, event in SHIPPED})


def test_the_parts_that_follow_from_the_resource_types_are_up_to_date() -> None:
    written = (sam_template.root() / "template.yaml").read_text()
    assert parts.filled(written, catalogue.load_all()) == written, "run `make docs`"


def test_each_event_that_a_rule_names_has_an_example() -> None:
    listened = {(rule.resource_type, name) for rule in rules_of_machines() for name in rule.event_names}
    assert listened == {(kind, event["detail"]["eventName"]) for kind, event in SHIPPED}


@every_event
def test_an_event_starts_its_own_remediation_once_and_no_other_but_those_named(
    kind: str, event: Event
) -> None:
    call = event["detail"]["eventName"]
    started = [str(rule.resource_type) for rule in matching(event)]
    also = [
        *expected(kind).also_starts.get(call, ()),
        *(other for other in known() if kind in expected(other).also_started_by.get(call, ())),
    ]
    assert sorted(started) == sorted([kind, *also])


@every_event
def test_an_event_that_is_replayed_starts_the_same_remediation(kind: str, event: Event) -> None:
    assert matching({**event, "source": "rightstate.replay"}) == matching(event)


@every_event
def test_a_call_that_failed_starts_nothing(kind: str, event: Event) -> None:
    assert not matching(changed(event, errorCode="AccessDenied", errorMessage="Access Denied"))


@pytest.mark.parametrize(
    "field",
    [
        {"source": "aws.example"},
        {"source": "com.example.shop"},
        {"detail-type": "AWS Service Event via CloudTrail"},
        {"detail-type": "AWS API Call Via CloudTrail"},
    ],
)
def test_an_event_of_another_source_or_kind_starts_nothing(field: Event) -> None:
    assert not [event["id"] for _, event in SHIPPED if matching({**event, **field})]


def test_a_call_of_another_service_starts_nothing() -> None:
    assert not [
        name for name, event in NAMED.items() if matching(changed(event, eventSource="example.amazonaws.com"))
    ]


# --- The rules: who called ---


@pytest.mark.parametrize("caller", OTHERS.values(), ids=list(OTHERS))
def test_a_call_of_anyone_but_the_remediation_starts_one(caller: Event) -> None:
    missed = [
        name
        for name, event in NAMED.items()
        if matching(changed(event, userIdentity=caller)) != matching(event)
    ]
    assert missed == []


@pytest.mark.parametrize("role", ["rightstate-remediation", "security/rightstate-remediation", "a/b/Mender"])
def test_a_call_of_the_remediation_role_starts_nothing(role: str) -> None:
    own = role_session(role, account=HUB)
    noticed = [
        name
        for name, event in NAMED.items()
        if matching(changed(event, userIdentity=own), MemberRoleName=role)
    ]
    assert noticed == []


def test_a_call_of_a_role_of_that_name_in_another_account_starts_a_remediation() -> None:
    """Its own account filters what its own role does; this one is somebody else's."""
    other = role_session("rightstate-remediation", account="444455556666")
    missed = [name for name, event in NAMED.items() if not matching(changed(event, userIdentity=other))]
    assert missed == []


# --- The rules: what about ---


def of_engine(engine: str, name: str = "rds-instance/CreateDBInstance", **more: str) -> Event:
    event = NAMED[name]
    answer = {**event["detail"]["responseElements"], "engine": engine, **more}
    return changed(event, responseElements=answer)


@pytest.mark.parametrize(
    "engine",
    ["mysql", "mariadb", "postgres", "oracle-se2-cdb", "sqlserver-web", "aurora-mysql", "aurora-postgresql"],
)
def test_an_instance_of_a_remediated_engine_starts_a_remediation(engine: str) -> None:
    assert [rule.resource_type for rule in matching(of_engine(engine))] == ["rds-instance"]


@pytest.mark.parametrize(
    "engine",
    [
        "docdb",
        "custom-oracle-ee",
        "custom-sqlserver-ee",
        "db2-se",
        "mysql-something-new",
    ],
)
def test_an_instance_of_another_engine_starts_nothing(engine: str) -> None:
    assert matching(of_engine(engine)) == []


@pytest.mark.parametrize(
    ("engine", "expected"),
    [
        ("aurora-mysql", ["rds-cluster"]),
        ("aurora-postgresql", ["rds-cluster"]),
        ("neptune", ["neptune-cluster"]),
        ("docdb", []),
        ("mysql", []),
        ("postgres", []),
    ],
)
def test_a_cluster_starts_the_remediation_of_its_engine(engine: str, expected: list[str]) -> None:
    event = of_engine(engine, "rds-cluster/ModifyDBCluster")
    assert [rule.resource_type for rule in matching(event)] == expected


@pytest.mark.parametrize(
    ("engine", "instance_class", "expected"),
    [
        ("aurora-mysql", "db.serverless", ["rds-cluster", "rds-instance"]),
        ("aurora-postgresql", "db.serverless", ["rds-cluster", "rds-instance"]),
        ("aurora-mysql", "db.r6g.large", ["rds-instance"]),
        ("neptune", "db.serverless", ["neptune-instance"]),
        ("docdb", "db.serverless", []),
    ],
)
def test_a_new_instance_concerns_its_cluster_where_it_lets_that_pause(
    engine: str, instance_class: str, expected: list[str]
) -> None:
    event = of_engine(engine, "rds-cluster/CreateDBInstance", dBInstanceClass=instance_class)
    assert [rule.resource_type for rule in matching(event)] == expected


def test_an_update_of_a_tables_throughput_starts_nothing() -> None:
    event = NAMED["dynamodb-table/UpdateTable"]
    throughput = {"provisionedThroughput": {"readCapacityUnits": 5, "writeCapacityUnits": 5}}
    assert matching(changed(event, requestParameters={"tableName": "customers", **throughput})) == []


def test_a_trail_of_the_organization_is_named_so_that_it_can_be_looked_up() -> None:
    event = NAMED["cloudtrail-trail/UpdateTrail"]
    theirs = {"trailARN": "arn:aws:cloudtrail:us-east-1:999999999999:trail/management-events"}
    event = changed(event, responseElements={**event["detail"]["responseElements"], **theirs})
    [rule] = [each for each in matching(event) if each.resource_type == "cloudtrail-trail"]
    assert rule.start(event).resource == "management-events"


BY_ARN = {"streamARN": "arn:aws:kinesis:us-east-1:111122223333:stream/clickstream"}
BY_NAME = {"streamName": "clickstream"}


@pytest.mark.parametrize("call", ["DisableEnhancedMonitoring", "StopStreamEncryption"])
@pytest.mark.parametrize("named", [BY_ARN, BY_NAME, {**BY_ARN, **BY_NAME}], ids=" ".join)
def test_a_stream_is_known_by_its_arn_its_name_or_both_and_starts_one_remediation(
    call: str, named: dict[str, str]
) -> None:
    event = changed(NAMED[f"kinesis-stream/{call}"], requestParameters=named)
    [rule] = matching(event)
    assert rule.resource_type == "kinesis-stream"
    assert rule.start(event).resource in named.values()


# --- The rules: what the machine is given ---


@every_event
def test_a_machine_is_given_the_resource_its_place_and_the_event(kind: str, event: Event) -> None:
    detail = event["detail"]
    for rule in matching(event):
        start = rule.start(event)
        assert (start.account, start.region) == (ACCOUNT, "us-east-1")
        assert start.event == Started(
            id=event["id"],
            name=detail["eventName"],
            time=event["time"],
            principal=detail["userIdentity"]["arn"],
            principal_id=detail["userIdentity"]["principalId"],
            source=detail["sourceIPAddress"],
        )
        assert not start.model_fields_set - {"account", "region", "event", "resource", "resources", "group"}


@pytest.mark.parametrize("caller", OTHERS.values(), ids=list(OTHERS))
def test_whoever_calls_starts_an_execution_which_knows_a_caller_that_has_an_arn(caller: Event) -> None:
    for event in NAMED.values():
        called = changed(event, userIdentity=caller)
        for rule in matching(event):
            known = rule.start(called).event
            assert known is not None
            assert (known.principal, known.principal_id) == (
                caller.get("arn", ""),
                caller.get("principalId", ""),
            )


def test_no_more_of_the_caller_than_its_arn_and_id_gets_beyond_the_input() -> None:
    caller = {
        **role_session("Developer"),
        "accessKeyId": "planted",
        "userName": "planted",
        "onBehalfOf": {"userId": "planted", "identityStoreArn": "planted"},
    }
    for event in NAMED.values():
        for rule in matching(event):
            assert "planted" not in rule.start(changed(event, userIdentity=caller)).model_dump_json()


@every_event
def test_a_machine_understands_what_its_events_call_a_resource(kind: str, event: Event) -> None:
    for rule in matching(event):
        resource_type = catalogue.load(str(rule.resource_type))
        start = rule.start(event)
        place = Place(account=start.account, region=start.region)
        named = [start.resource] if start.resource else list(start.resources or ())
        found = {identify(resource_type, place, each).id for each in named}
        assert found or resource_type.members is not None
        if resource_type.name == kind:
            assert found <= {examples.load(kind).name, *examples.load(kind).also}


def test_a_call_about_several_instances_names_each_of_them() -> None:
    event = NAMED["ec2-instance/UnmonitorInstances"]
    items = [{"instanceId": "i-1a2b3c4d"}, {"instanceId": "i-5e6f7a8b"}]
    several = changed(event, requestParameters={"instancesSet": {"items": items}})
    [rule] = matching(several)
    assert rule.start(several).resources == ("i-1a2b3c4d", "i-5e6f7a8b")


@every_event
def test_the_account_and_region_are_those_of_the_envelope(kind: str, event: Event) -> None:
    elsewhere = {**event, "account": "444455556666", "region": "eu-west-1"}
    assert matching(elsewhere) == matching(event)
    for rule in matching(elsewhere):
        given = rule.input(elsewhere)
        assert (given["account"], given["region"]) == ("444455556666", "eu-west-1")


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.name)
def test_what_a_rule_cannot_deliver_is_tried_again_and_then_kept(rule: Any) -> None:
    assert rule.target["RetryPolicy"]["MaximumRetryAttempts"] > 0
    assert rule.target["RetryPolicy"]["MaximumEventAgeInSeconds"] >= 3600
    assert rule.target["DeadLetterConfig"]["Arn"] == f"arn:aws:sqs:{REGION}:{HUB}:{STACK}-undelivered-events"


# --- The rules for findings ---

EVENTS_OF_FINDINGS = Path(__file__).parents[1] / "findings" / "events"
FINDINGS = {path.stem: json.loads(path.read_text()) for path in EVENTS_OF_FINDINGS.glob("*.json")}
every_finding = pytest.mark.parametrize("finding", FINDINGS.values(), ids=list(FINDINGS))


def test_findings_start_nothing_unless_they_are_let() -> None:
    names = {f"{STACK}-security-hub-findings", f"{STACK}-config-findings"}
    for parameters, state in ({}, "DISABLED"), ({"Findings": "ENABLED"}, "ENABLED"):
        rules = of_type("AWS::Events::Rule", **parameters).values()
        assert {rule["Name"]: rule["State"] for rule in rules if "State" in rule} == dict.fromkeys(
            names, state
        )


@every_finding
def test_a_finding_starts_a_backfill_of_the_resource_that_it_names(finding: Event) -> None:
    [rule] = matching(finding)
    assert rule.target["Arn"] == in_hub("states", f"stateMachine:{STACK}-backfill")
    given = triggers.backfill_input(rule.input(finding))
    [named] = given.resources or ()
    # Not the envelope's account and region, where those are of Security Hub's administrator.
    assert (named.account, named.region) == (ACCOUNT, "eu-west-1")
    place = Place(account=named.account, region=named.region)
    assert identify(catalogue.load("s3-bucket"), place, named.resource).id == "payments-archive"
    assert named.config_type in {None, catalogue.load("s3-bucket").config_type}
    assert given.model_dump(exclude={"resources", "reason"}) == BackfillInput().model_dump(
        exclude={"resources", "reason"}
    )


def test_a_backfill_is_told_what_found_it() -> None:
    reasons = {
        name: triggers.backfill_input(matching(finding)[0].input(finding)).reason
        for name, finding in FINDINGS.items()
    }
    finding_id = FINDINGS["security-hub"]["detail"]["findings"][0]["Id"]
    assert reasons == {
        "security-hub": f"Security Hub finding {finding_id}",
        "config": "AWS Config rule s3-bucket-versioning-enabled",
    }


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        ("security-hub", "$.source", "aws.config"),
        ("security-hub", "$.source", "rightstate.replay"),
        ("security-hub", "$.detail-type", "Security Hub Findings - Custom Action"),
        ("security-hub", "$.detail.findings[0].Compliance.Status", "PASSED"),
        ("security-hub", "$.detail.findings[0].Compliance.Status", "WARNING"),
        ("security-hub", "$.detail.findings[0].RecordState", "ARCHIVED"),
        ("security-hub", "$.detail.findings[0].Workflow.Status", "SUPPRESSED"),
        ("security-hub", "$.detail.findings[0].Workflow.Status", "RESOLVED"),
        ("config", "$.detail.newEvaluationResult.complianceType", "COMPLIANT"),
        ("config", "$.detail.newEvaluationResult.complianceType", "NOT_APPLICABLE"),
        ("config", "$.detail.newEvaluationResult", None),
        ("config", "$.source", "com.example"),
        ("config", "$.detail-type", "Config Configuration Item Change"),
    ],
)
def test_a_finding_that_is_settled_starts_nothing(name: str, path: str, value: Any) -> None:
    other = copy.deepcopy(FINDINGS[name])
    around, _, last = path.removeprefix("$.").rpartition(".")
    (value_at(other, around) if around else other)[last] = value
    assert matching(FINDINGS[name]) and not matching(other)


@every_finding
def test_what_a_finding_tells_of_its_resource_stays_out_of_what_is_done_with_it(finding: Event) -> None:
    planted = json.loads(json.dumps(finding).replace('"AWS"', '"planted"').replace("8f4e", "planted"))
    for rule in matching(planted):
        assert "planted" not in triggers.backfill_input(rule.input(planted)).model_dump_json()


# --- The rule for executions that died ---


def ended(status: str, machine: str = f"{STACK}-s3-bucket", **error: Any) -> Event:
    states = f"arn:aws:states:{REGION}:{HUB}"
    return {
        "version": "0",
        "id": "315c1398-40ff-a850-213b-158f73e60175",
        "detail-type": "Step Functions Execution Status Change",
        "source": "aws.states",
        "account": HUB,
        "time": "2026-11-23T09:12:45Z",
        "region": REGION,
        "resources": [f"{states}:execution:{machine}:x"],
        "detail": {
            "executionArn": f"{states}:execution:{machine}:x",
            "stateMachineArn": f"{states}:stateMachine:{machine}",
            "name": "x",
            "status": status,
            "startDate": 1795424525000,
            "stopDate": 1795425165000,
            "input": "{}",
            "output": None,
            **error,
        },
    }


@pytest.mark.parametrize(
    "event",
    [
        ended("TIMED_OUT"),
        ended("ABORTED"),
        ended("FAILED"),
        ended("FAILED", error="NotRecorded"),
        ended("FAILED", error="States.Runtime"),
        ended("TIMED_OUT", error=None),
        *(ended("ABORTED", f"{STACK}-{kind}") for kind in (*catalogue.names(), "backfill")),
    ],
)
def test_an_execution_that_could_not_report_its_end_is_told_of_and_recorded(event: Event) -> None:
    to_tell, to_record = matching(event)
    assert to_record.target["Arn"] == in_hub("lambda", f"function:{STACK}-record-death")
    assert "InputTransformer" not in to_record.target
    assert to_tell.target["Arn"] == in_hub("sns", f"{STACK}-notifications")
    told = to_tell.input(event)
    for fact in (event["detail"]["executionArn"], event["detail"]["status"], event["time"]):
        assert fact in told


@pytest.mark.parametrize(
    "event",
    [
        ended("RUNNING"),
        ended("SUCCEEDED"),
        ended("FAILED", error="RemediationFailed"),
        ended("FAILED", "of-somebody-else"),
        ended("FAILED", f"{STACK}2-s3-bucket"),
        ended("FAILED", f"my-{STACK}-s3-bucket"),
    ],
)
def test_an_execution_that_reported_its_end_or_is_not_ours_is_not_told_of(event: Event) -> None:
    assert matching(event) == []


# --- The event that tells of an execution ---

TOLD = {"source": notification.SOURCE, "detail-type": notification.DETAIL_TYPE}


@pytest.mark.parametrize("fields", [TOLD, *({key: value} for key, value in TOLD.items())], ids=" ".join)
def test_what_is_told_on_the_bus_starts_nothing_and_is_not_told_again(fields: Event) -> None:
    """Not even if its detail were one that a rule listens to."""
    heard = [*NAMED.values(), ended("ABORTED")]
    assert all(matching(event) for event in heard)
    assert [event["id"] for event in heard if matching({**event, **fields})] == []


# --- Roles and policies ---


def in_hub(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{HUB}:{resource}"


FUNCTIONS_OF_BACKFILL = ("find-scopes", "survey", "summarize")
FUNCTIONS_OF_REMEDIATIONS = (
    "resolve",
    "assume-role",
    "describe",
    "decide",
    "request-approval",
    "check-approval",
    "apply",
    "verify",
    "record",
)
FUNCTIONS = (
    *FUNCTIONS_OF_BACKFILL,
    *FUNCTIONS_OF_REMEDIATIONS,
    "remind",
    "look-again",
    "check-self",
    "record-death",
)
RUNS = {
    # On AWS the ARN that CloudFormation gives for a log group ends with :*, which its streams match.
    ("logs:CreateLogStream", in_hub("logs", f"log-group:/aws/lambda/{STACK}")),
    ("logs:PutLogEvents", in_hub("logs", f"log-group:/aws/lambda/{STACK}")),
    ("xray:PutTelemetryRecords", "*"),
    ("xray:PutTraceSegments", "*"),
}
READS = {("sts:AssumeRole", "arn:aws:iam::*:role/rightstate-remediation-read")}
WRITES = {("sts:AssumeRole", "arn:aws:iam::*:role/rightstate-remediation")}
NO_RESOURCE_LEVEL = {
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}


[WORK] = {
    resource
    for role in of_type("AWS::IAM::Role").values()
    for policy in role.get("Policies", [])
    for _, _, resource in statements(policy["PolicyDocument"])
    if re.fullmatch(rf"arn:aws:s3:::{STACK}-workbucket-\w+/batches/\*", resource)
}
LOOKS = WORK.replace("/batches/", "/looks/")
ENDED = "StepFunctionsGetEventsForStepFunctionsExecutionRule"


def table_arn(logical_id: str) -> str:
    [arn] = {
        resource
        for role in of_type("AWS::IAM::Role").values()
        for policy in role.get("Policies", [])
        for _, _, resource in statements(policy["PolicyDocument"])
        if f"table/{STACK}-{logical_id}" in resource and "/index/" not in resource
    }
    return arn


def allowed_to(role: str) -> set[tuple[str, str]]:
    properties = of_type("AWS::IAM::Role")[role]
    managed = of_type("AWS::IAM::ManagedPolicy")
    documents = [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
    for arn in properties.get("ManagedPolicyArns", []):
        [name] = [name for name in managed if f"policy/{STACK}-{name}-" in arn]
        documents.append(managed[name]["PolicyDocument"])
    found = [statement for document in documents for statement in statements(document)]
    assert {effect for effect, _, _ in found} <= {"Allow"}
    return {(action, resource) for _, action, resource in found}


GUARDS = table_arn("GuardsTable")
NOTIFIES = {
    ("sns:Publish", in_hub("sns", f"{STACK}-notifications")),
    ("events:PutEvents", in_hub("events", "event-bus/default")),
}
DECLARED = {
    "ResolveRole": {
        *RUNS,
        *READS,
        ("dynamodb:Query", GUARDS),
        ("dynamodb:GetItem", table_arn("SettingsTable")),
        ("dynamodb:Query", table_arn("LedgerTable")),
        ("states:StartExecution", in_hub("states", f"stateMachine:{STACK}-s3-bucket")),
        ("states:StartExecution", in_hub("states", f"stateMachine:{STACK}-cloudformation-stack")),
        ("states:StartExecution", in_hub("states", f"stateMachine:{STACK}-rds-instance")),
        ("states:StartExecution", in_hub("states", f"stateMachine:{STACK}-cloudtrail-trail")),
        ("states:StartExecution", in_hub("states", f"stateMachine:{STACK}-dynamodb-table")),
        ("states:StartExecution", in_hub("states", f"stateMachine:{STACK}-ec2-instance")),
        ("states:StartExecution", in_hub("states", f"stateMachine:{STACK}-security-group")),
        ("states:StartExecution", in_hub("states", f"stateMachine:{STACK}-log-group")),
        ("states:StartExecution", in_hub("states", f"stateMachine:{STACK}-subnet")),
        ("states:StartExecution", in_hub("states", f"stateMachine:{STACK}-vpc")),
        ("states:StartExecution", in_hub("states", f"stateMachine:{STACK}-api-gateway-rest-stage")),
        ("states:StartExecution", in_hub("states", f"stateMachine:{STACK}-backfill")),
        ("states:StartExecution", in_hub("states", f"stateMachine:{STACK}-backfill:live")),
    },
    "AssumeRoleRole": RUNS | READS,
    "DescribeRole": RUNS | READS,
    "DecideRole": RUNS,
    "ApplyRole": {
        *RUNS,
        *WRITES,
        ("dynamodb:GetItem", table_arn("SettingsTable")),
        *((f"dynamodb:{action}", GUARDS) for action in ("Query", "UpdateItem")),
    },
    "VerifyRole": {*RUNS, *READS, ("dynamodb:UpdateItem", GUARDS)},
    "RecordRole": {
        *RUNS,
        *NOTIFIES,
        ("dynamodb:PutItem", table_arn("LedgerTable")),
        *((f"dynamodb:{action}", GUARDS) for action in ("DeleteItem", "Query", "UpdateItem")),
        *(
            ("states:StartExecution", in_hub("states", f"stateMachine:{STACK}-{name}"))
            for name in catalogue.names()
        ),
        *(
            ("states:GetExecutionHistory", in_hub("states", f"execution:{STACK}-{name}:*"))
            for name in catalogue.names()
        ),
    },
    "RequestApprovalRole": {
        *RUNS,
        *NOTIFIES,
        *((f"dynamodb:{action}", GUARDS) for action in ("PutItem", "Query", "UpdateItem")),
    },
    "CheckApprovalRole": {
        *RUNS,
        *((f"dynamodb:{action}", GUARDS) for action in ("GetItem", "PutItem", "Query", "UpdateItem")),
    },
    "RecordDeathRole": {
        *RUNS,
        ("dynamodb:PutItem", table_arn("LedgerTable")),
        *((f"dynamodb:{action}", GUARDS) for action in ("GetItem", "PutItem", "Query", "UpdateItem")),
        ("sqs:SendMessage", in_hub("sqs", f"{STACK}-undelivered-events")),
    },
    "FindScopesRole": {
        *RUNS,
        ("dynamodb:GetItem", table_arn("SettingsTable")),
        ("dynamodb:Scan", table_arn("SettingsTable")),
        ("s3:PutObject", WORK),
    },
    "SurveyRole": {
        *RUNS,
        *READS,
        ("dynamodb:GetItem", table_arn("SettingsTable")),
        ("dynamodb:Query", f"{GUARDS}/index/halts"),
        ("dynamodb:PutItem", table_arn("LedgerTable")),
        *(
            (f"s3:{action}", where)
            for action in ("DeleteObject", "GetObject", "PutObject")
            for where in (WORK, LOOKS)
        ),
        ("s3:ListBucket", LOOKS.removesuffix("/looks/*")),
    },
    "SummarizeRole": {
        *RUNS,
        ("dynamodb:Query", f"{table_arn('LedgerTable')}/index/batch"),
        ("s3:PutObject", WORK),
    },
    "RemindRole": {
        *RUNS,
        ("dynamodb:Scan", table_arn("SettingsTable")),
        ("dynamodb:Query", f"{GUARDS}/index/halts"),
        ("sns:Publish", in_hub("sns", f"{STACK}-notifications")),
    },
    "CheckSelfRole": {
        *RUNS,
        ("dynamodb:Query", table_arn("LedgerTable")),
        ("events:PutEvents", in_hub("events", "event-bus/default")),
    },
    "CheckSelfFunctionHourlyRole": {
        ("lambda:InvokeFunction", in_hub("lambda", f"function:{STACK}-check-self"))
    },
    "LookAgainRole": {
        *RUNS,
        ("dynamodb:Query", f"{GUARDS}/index/halts"),
        *(
            ("states:StartExecution", in_hub("states", f"stateMachine:{STACK}-{name}{alias}"))
            for name in catalogue.names()
            for alias in ("", ":live")
        ),
    },
    "LookAgainFunctionOftenRole": {
        ("lambda:InvokeFunction", in_hub("lambda", f"function:{STACK}-look-again"))
    },
    "RemindFunctionDailyRole": {("lambda:InvokeFunction", in_hub("lambda", f"function:{STACK}-remind"))},
    "MachineRole": {
        *(
            ("lambda:InvokeFunction", in_hub("lambda", f"function:{STACK}-{name}:*"))
            for name in FUNCTIONS_OF_REMEDIATIONS
        ),
        *((action, "*") for action in NO_RESOURCE_LEVEL),
    },
    "BackfillRole": {
        *(
            ("lambda:InvokeFunction", in_hub("lambda", f"function:{STACK}-{name}:*"))
            for name in (*FUNCTIONS_OF_BACKFILL, "record")
        ),
        ("states:StartExecution", in_hub("states", f"stateMachine:{STACK}-backfill")),
        *(
            ("states:StartExecution", in_hub("states", f"stateMachine:{STACK}-{name}{alias}"))
            for name in catalogue.names()
            for alias in ("", ":live")
        ),
        *(
            ("states:DescribeExecution", in_hub("states", f"execution:{STACK}-{name}:*"))
            for name in catalogue.names()
        ),
        ("states:StopExecution", in_hub("states", f"execution:{STACK}-backfill/*")),
        *(
            (f"events:{action}", in_hub("events", f"rule/{ENDED}"))
            for action in ("DescribeRule", "PutRule", "PutTargets")
        ),
        *((f"s3:{action}", WORK) for action in ("AbortMultipartUpload", "GetObject", "PutObject")),
        ("s3:ListMultipartUploadParts", WORK),
        *((action, "*") for action in NO_RESOURCE_LEVEL),
    },
    **{
        f"BackfillMachine{event}Role": {
            ("states:StartExecution", in_hub("states", f"stateMachine:{STACK}-backfill"))
        }
        for event in ("Sweep", "SecurityHubFindings", "ConfigFindings")
    },
    "EventsRole": {
        ("states:StartExecution", in_hub("states", f"stateMachine:{STACK}-{name}{alias}"))
        for name in catalogue.names()
        for alias in ("", ":live")
    },
}


def test_every_role_is_declared_here() -> None:
    assert set(of_type("AWS::IAM::Role")) == set(DECLARED)


@pytest.mark.parametrize("role", DECLARED)
def test_a_role_may_do_what_is_declared_and_no_more(role: str) -> None:
    assert allowed_to(role) == DECLARED[role]


def test_the_only_events_that_may_be_put_are_those_that_tell_of_an_execution_and_canaries() -> None:
    put = [s for s in allows() if "events:PutEvents" in listed(s["Action"]) and "Principal" not in s]
    kinds = {
        (notification.SOURCE, notification.DETAIL_TYPE),
        ("rightstate.replay", "AWS API Call via CloudTrail"),
    }
    assert {json.dumps(statement["Condition"]) for statement in put} == {
        json.dumps(
            {
                "ForAllValues:StringEquals": {"events:source": source},
                "StringEquals": {"events:detail-type": kind},
            }
        )
        for source, kind in kinds
    }


def test_each_function_has_a_role_of_its_own() -> None:
    roles = [function["Role"] for function in of_type("AWS::Lambda::Function").values()]
    assert len(set(roles)) == len(FUNCTIONS)


def test_what_is_allowed_on_everything_has_no_resource_level() -> None:
    anywhere = {action for role in DECLARED for action, resource in allowed_to(role) if resource == "*"}
    assert anywhere == NO_RESOURCE_LEVEL


def documents(node: Any) -> Iterator[Mapping[str, Any]]:
    """Every policy document in the template, of roles, topics and queues alike."""
    if isinstance(node, dict):
        if "Statement" in node:
            yield node
        for child in node.values():
            yield from documents(child)
    elif isinstance(node, list):
        for child in node:
            yield from documents(child)


def allows() -> list[Mapping[str, Any]]:
    return [
        statement
        for document in documents(rendered())
        # A bus policy resource has one statement, not a document.
        for statement in listed(document["Statement"])
        if statement["Effect"] == "Allow"
    ]


def test_nothing_is_allowed_by_a_wildcard_action_or_by_exception() -> None:
    assert [s for s in allows() if "NotAction" in s or "NotResource" in s or "NotPrincipal" in s] == []
    assert [action for s in allows() for action in listed(s["Action"]) if "*" in action] == []


def test_only_aws_services_are_trusted_but_for_events_of_the_accounts_that_are_named() -> None:
    trusted = {
        json.dumps(s["Principal"], sort_keys=True)
        for s in allows()
        if "Principal" in s and s["Action"] != "events:PutEvents"
    }
    services = ("states", "lambda", "cloudwatch", "events")
    by_sam = ("events", "scheduler")
    assert trusted == {
        *(json.dumps({"Service": f"{service}.amazonaws.com"}) for service in services),
        *(json.dumps({"Service": [f"{service}.amazonaws.com"]}) for service in by_sam),
    }


@pytest.mark.parametrize(
    ("assumes", "functions"), [(READS, member_template.READERS), (WRITES, member_template.WRITERS)]
)
def test_the_roles_that_a_members_role_trusts_are_those_that_assume_it(
    assumes: set[tuple[str, str]], functions: tuple[str, ...]
) -> None:
    roles = of_type("AWS::IAM::Role")
    named = {roles[role].get("RoleName") for role in DECLARED if allowed_to(role) >= assumes}
    assert named == {f"{STACK}-{REGION}-{function}" for function in functions}


def test_no_function_but_those_that_assume_a_members_role_has_a_role_of_a_name() -> None:
    named = {each["RoleName"] for each in of_type("AWS::IAM::Role").values() if "RoleName" in each}
    assert named == {
        f"{STACK}-{REGION}-{function}" for function in (*member_template.READERS, *member_template.WRITERS)
    }


@pytest.mark.parametrize(
    "condition",
    [
        {"aws:PrincipalOrgID": "o-1234567890"},
        {"aws:PrincipalAccount": ["111122223333", "444455556666"]},
    ],
)
def test_the_bus_takes_cloudtrail_events_of_aws_from_the_accounts_that_are_named_alone(
    condition: dict[str, Any],
) -> None:
    of_accounts = admission_at(Stack(HUB), "111122223333,444455556666")["AccountEvents"]["Properties"]
    of_organization = of_type("AWS::Events::EventBusPolicy", OrganizationId="o-1234567890")[
        "OrganizationEvents"
    ]
    assert (of_organization["StatementId"], of_accounts["StatementId"]) == (
        f"{STACK}-organization",
        f"{STACK}-accounts",
    )
    statement = (of_organization if "aws:PrincipalOrgID" in condition else of_accounts)["Statement"]
    assert statement == {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "events:PutEvents",
        "Resource": in_hub("events", "event-bus/default"),
        "Condition": {
            "StringEquals": {"events:detail-type": "AWS API Call via CloudTrail", **condition},
            "ForAllValues:StringLike": {"events:source": "aws.*"},
            "Null": {"events:source": "false"},
        },
    }


def test_the_bus_takes_no_events_of_others_unless_they_are_named() -> None:
    conditions = {
        name: resource["Condition"]
        for name, resource in sam_template.template()["Resources"].items()
        if resource["Type"] == "AWS::Events::EventBusPolicy"
    }
    assert conditions == {"OrganizationEvents": "HasOrganization"}


def test_events_start_the_version_that_was_published_last() -> None:
    deployed = published()
    for name in sam_template.machines():
        alias = deployed[f"{name}Aliaslive"]["Properties"]
        assert alias["DeploymentPreference"]["StateMachineVersionArn"] == {"Ref": f"{name}Version"}
        assert alias["Name"] == "live"
    targets = [
        target["Arn"]
        for resource in deployed.values()
        if resource["Type"] == "AWS::Events::Rule"
        for target in resource["Properties"]["Targets"]
    ]
    remediations = [each["Fn::Sub"] for each in targets if "Fn::Sub" in each]
    assert set(remediations) == {f"${{{name}}}:live" for name in sam_template.machines()}
    others = {each.get("Ref") or each["Fn::GetAtt"][0] for each in targets if "Fn::Sub" not in each}
    assert others == {"BackfillMachineAliaslive", "Notifications", "RecordDeathFunction"}


def test_an_execution_ends_with_the_code_that_it_began_with() -> None:
    deployed = published()
    for name in sam_template.machines():
        substitutions = deployed[name]["Properties"]["DefinitionSubstitutions"]
        invoked = {value["Ref"] for key, value in substitutions.items() if key.endswith("Function")}
        assert {deployed[each]["Type"] for each in invoked} == {"AWS::Lambda::Version"}
        assert len(invoked) == len(FUNCTIONS_OF_REMEDIATIONS)
        assert {deployed[each]["DeletionPolicy"] for each in invoked} == {"Retain"}


@pytest.mark.parametrize(
    ("policy", "sender", "condition"),
    [
        (
            "NotificationsPolicy",
            "events",
            {"ArnEquals": {"aws:SourceArn": in_hub("events", f"rule/{STACK}-died-executions")}},
        ),
        (
            "NotificationsPolicy",
            "cloudwatch",
            {"ArnLike": {"aws:SourceArn": in_hub("cloudwatch", f"alarm:{STACK}-*")}},
        ),
        (
            "UndeliveredEventsPolicy",
            "events",
            {
                "ArnLike": {"aws:SourceArn": in_hub("events", f"rule/{STACK}-*")},
                "StringEquals": {"aws:SourceAccount": HUB},
            },
        ),
    ],
)
def test_a_service_may_send_only_for_this_stack(policy: str, sender: str, condition: Any) -> None:
    document = rendered()[policy]["Properties"]["PolicyDocument"]
    [statement] = [
        s for s in document["Statement"] if s["Principal"] == {"Service": f"{sender}.amazonaws.com"}
    ]
    assert statement["Condition"] == condition


@pytest.mark.parametrize(
    ("policy", "action", "whole"),
    [
        ("NotificationsPolicy", "sns:Publish", rf"arn:aws:sns:{REGION}:{HUB}:{STACK}-notifications"),
        ("UndeliveredEventsPolicy", "sqs:*", rf"arn:aws:sqs:{REGION}:{HUB}:{STACK}-undelivered-events"),
        # The bucket and all of its objects.
        ("WorkBucketPolicy", "s3:*", rf"(arn:aws:s3:::{STACK}-workbucket-\w+) \1/\*"),
    ],
)
def test_what_is_sent_unencrypted_is_denied_to_everybody(policy: str, action: str, whole: str) -> None:
    [denied] = [
        statement
        for statement in rendered()[policy]["Properties"]["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny"
    ]
    assert (denied["Principal"], denied["Action"]) == ("*", action)
    assert re.fullmatch(whole, " ".join(listed(denied["Resource"])))
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_nobody_can_make_the_work_bucket_public() -> None:
    blocks = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    buckets = [each["Properties"] for each in rendered().values() if each["Type"] == "AWS::S3::Bucket"]
    assert [each["PublicAccessBlockConfiguration"] for each in buckets] == [dict.fromkeys(blocks, True)]


# --- Names, places and what is kept ---


def test_no_arn_names_a_partition() -> None:
    definitions = (sam_template.root() / "statemachines").glob("*.json")
    sources = [path.read_text() for path in (sam_template.root() / "template.yaml", *definitions)]
    assert all("arn:" in source for source in sources)
    assert [source for source in sources if "arn:aws" in source] == []


def test_every_name_begins_with_the_stacks() -> None:
    names = {
        kind: [resource["Properties"][key] for resource in rendered().values() if resource["Type"] == kind]
        for kind, key in {
            "AWS::CloudWatch::Alarm": "AlarmName",
            "AWS::CloudWatch::Dashboard": "DashboardName",
            "AWS::Events::Rule": "Name",
            "AWS::Lambda::Function": "FunctionName",
            "AWS::Logs::LogGroup": "LogGroupName",
            "AWS::SNS::Topic": "TopicName",
            "AWS::SQS::Queue": "QueueName",
            "AWS::StepFunctions::StateMachine": "StateMachineName",
        }.items()
    }
    assert all(names.values())
    begins = re.compile(rf"(/aws/lambda/|/aws/vendedlogs/states/)?{STACK}\b")
    assert [name for named in names.values() for name in named if not begins.match(name)] == []
    assert [kind for kind, named in names.items() if len(named) != len(set(named))] == []


def test_every_log_group_forgets() -> None:
    groups = of_type("AWS::Logs::LogGroup", LogRetentionDays="7")
    assert {name: int(group["RetentionInDays"]) for name, group in groups.items()} == {
        "FunctionLogs": 7,
        "MachineLogs": 7,
    }


def test_no_execution_data_is_logged() -> None:
    logging = [m["LoggingConfiguration"] for m in of_type("AWS::StepFunctions::StateMachine").values()]
    assert {(each["Level"], each["IncludeExecutionData"]) for each in logging} == {("ERROR", False)}


@pytest.mark.parametrize("table", ["SettingsTable", "LedgerTable"])
def test_a_table_outlives_the_stack_and_mistakes(table: str) -> None:
    resource = rendered()[table]
    assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Retain"
    assert resource["Properties"]["DeletionProtectionEnabled"] is True
    assert resource["Properties"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def test_the_ledger_remembers_longer_than_step_functions_and_then_forgets() -> None:
    """T21: an execution's history is kept for 90 days, and its name can be used again after them."""
    assert int(sam_template.template()["Parameters"]["LedgerDays"]["Default"]) > 90
    functions = sam_template.template()["Resources"]
    for name in ("RecordFunction", "RecordDeathFunction"):
        variables = functions[name]["Properties"]["Environment"]["Variables"]
        assert variables["LEDGER_DAYS"] == {"Ref": "LedgerDays"}
    for table in ("LedgerTable", "GuardsTable"):
        forgets = rendered()[table]["Properties"]["TimeToLiveSpecification"]
        assert forgets == {"AttributeName": "expires", "Enabled": True}


def test_a_function_is_told_only_where_it_reads_or_writes() -> None:
    told = {
        name: {key for key in function["Environment"]["Variables"] if not key.startswith("POWERTOOLS_")}
        for name, function in of_type("AWS::Lambda::Function").items()
    }
    assert {name: keys for name, keys in told.items() if keys} == {
        "ResolveFunction": {
            "BACKFILL_MACHINE",
            "EXEMPTION_DAYS",
            "GUARDS_TABLE",
            "LEDGER_TABLE",
            "SETTINGS_TABLE",
        },
        "DecideFunction": {"APPROVAL_HOURS"},
        "RequestApprovalFunction": {"GUARDS_TABLE", "TOPIC_ARN", "REQUESTS_PER_HOUR", "MESSAGES_PER_HOUR"},
        "CheckApprovalFunction": {"GUARDS_TABLE"},
        "ApplyFunction": {"GUARDS_TABLE", "SETTINGS_TABLE", "EXEMPTION_DAYS", "CHANGES_PER_HOUR"},
        "VerifyFunction": {"GUARDS_TABLE"},
        "RecordFunction": {
            "BREAKER_APPLIES",
            "BREAKER_MINUTES",
            "MESSAGES_PER_HOUR",
            "GUARDS_TABLE",
            "LEDGER_TABLE",
            "LEDGER_DAYS",
            "TOPIC_ARN",
        },
        "RecordDeathFunction": {
            "BREAKER_APPLIES",
            "BREAKER_MINUTES",
            "GUARDS_TABLE",
            "LEDGER_TABLE",
            "LEDGER_DAYS",
            "STACK",
        },
        "FindScopesFunction": {"SETTINGS_TABLE", "WORK_BUCKET"},
        "SurveyFunction": {
            "EXEMPTION_DAYS",
            "GUARDS_TABLE",
            "LEDGER_DAYS",
            "LEDGER_TABLE",
            "SETTINGS_TABLE",
            "WORK_BUCKET",
        },
        "SummarizeFunction": {"LEDGER_TABLE", "WORK_BUCKET"},
        "RemindFunction": {"SETTINGS_TABLE", "GUARDS_TABLE", "TOPIC_ARN", "EXEMPTION_DAYS"},
        "LookAgainFunction": {"GUARDS_TABLE", "MACHINES"},
        "CheckSelfFunction": {"LEDGER_TABLE"},
    }


def test_a_notification_goes_by_mail_only_where_an_address_is_given() -> None:
    assert rendered()["NotificationSubscription"]["Condition"] == "HasNotificationEmail"
    condition = sam_template.template()["Conditions"]["HasNotificationEmail"]
    assert condition == {"Fn::Not": [{"Fn::Equals": [{"Ref": "NotificationEmail"}, ""]}]}


def test_every_machine_has_an_alarm_on_its_failed_executions() -> None:
    alarmed = [
        alarm["Dimensions"][0]["Value"]
        for alarm in of_type("AWS::CloudWatch::Alarm").values()
        if alarm["MetricName"] == "ExecutionsFailed"
    ]
    assert sorted(alarmed) == sorted({rule.target["Arn"] for rule in rules_of_machines()})


def test_alarms_look_at_the_metrics_of_failed_notifications_halts_and_unexpected_events() -> None:
    variables = of_type("AWS::Lambda::Function")["RecordFunction"]["Environment"]["Variables"]
    alarms = [a for a in of_type("AWS::CloudWatch::Alarm").values() if a["Namespace"] == "Rightstate"]
    counted = {"NotificationsFailed", "Halts", "UnexpectedEvents", "SelfCheckPassed"}
    assert {alarm["MetricName"] for alarm in alarms} == counted
    for alarm in alarms:
        assert metrics.DIMENSIONS[alarm["MetricName"]] == {"service"}
        assert alarm["Namespace"] == variables["POWERTOOLS_METRICS_NAMESPACE"]
        assert alarm["Dimensions"] == [{"Name": "service", "Value": variables["POWERTOOLS_SERVICE_NAME"]}]


def test_the_alarm_on_halts_lasts_from_one_count_of_them_to_the_next() -> None:
    alarm = rendered()["HaltsAlarm"]["Properties"]
    [schedule] = [s for s in of_type("AWS::Scheduler::Schedule").values() if "look-again" in s["Name"]]
    assert schedule["ScheduleExpression"] == "rate(15 minutes)"
    assert int(alarm["Period"]) * int(alarm["EvaluationPeriods"]) > 15 * 60
    assert (alarm["DatapointsToAlarm"], alarm["TreatMissingData"]) == (1, "notBreaching")
    given = json.loads(schedule["Target"]["Input"].replace("<aws.scheduler.scheduled-time>", STARTED))
    assert StateTask.model_validate(given).execution.started == STARTED


def test_an_alarm_looks_at_the_events_that_wait_in_the_queue() -> None:
    alarm = rendered()["UndeliveredEventsAlarm"]["Properties"]
    queue = rendered()["UndeliveredEvents"]["Properties"]["QueueName"]
    # What has been read and not deleted is not visible, and what is deleted is no matter any more.
    assert (alarm["Namespace"], alarm["MetricName"], alarm["Statistic"]) == (
        "AWS/SQS",
        "ApproximateNumberOfMessagesVisible",
        "Maximum",
    )
    assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": queue}]


def test_every_alarm_tells_the_topic_at_the_first_and_is_quiet_without_data() -> None:
    topic = in_hub("sns", f"{STACK}-notifications")
    for name, alarm in of_type("AWS::CloudWatch::Alarm").items():
        assert alarm["AlarmActions"] == [topic]
        if name == "SelfCheckAlarm":  # the one that rings where nothing is counted
            continue
        assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)
        assert alarm["TreatMissingData"] == "notBreaching"


# --- The definition ---

DEFINITION_FILE = sam_template.root() / "statemachines" / "remediation.asl.json"
BACKFILL: dict[str, Any] = json.loads((DEFINITION_FILE.parent / "backfill.asl.json").read_text())
DEFINITION: dict[str, Any] = json.loads(DEFINITION_FILE.read_text())
STATES: dict[str, dict[str, Any]] = DEFINITION["States"]
TASKS = {name: state for name, state in STATES.items() if state["Type"] == "Task"}
every_task = pytest.mark.parametrize("name", TASKS)
WAITS_FOR_A_PERSON = "Request approval"
ENDING = "Notify and record"
READ_BACK = "Read back"


def function_of(task: str) -> str:
    """The logical id of the function that the task invokes."""
    name: str = TASKS[task]["Parameters"]["FunctionName"]
    return name.removeprefix("${").removesuffix("}")


def test_the_placeholders_of_the_definition_are_what_each_machine_fills_in() -> None:
    for name, machine in of_type("AWS::StepFunctions::StateMachine").items():
        definition = BACKFILL if name == "BackfillMachine" else DEFINITION
        placeholders = set(re.findall(r"\$\{(\w+)\}", json.dumps(definition)))
        assert set(machine["DefinitionSubstitutions"]) == placeholders


def test_each_machine_calls_the_functions_of_its_states_for_its_own_resource_type() -> None:
    arns = {
        name: in_hub("lambda", f"function:{function['FunctionName']}")
        for name, function in of_type("AWS::Lambda::Function").items()
    }
    machines = of_type("AWS::StepFunctions::StateMachine")
    assert set(machines) == {*sam_template.machines(), "BackfillMachine"}
    for name in sam_template.machines():
        kind = machines[name]["StateMachineName"].removeprefix(f"{STACK}-")
        invoked = {function_of(task) for task in TASKS}
        own = {function: arn for function, arn in arns.items() if function in invoked}
        assert machines[name]["DefinitionSubstitutions"] == {**own, "Partition": "aws", "ResourceType": kind}


def test_a_backfill_starts_the_remediations_of_all_types_and_nothing_else() -> None:
    machine = of_type("AWS::StepFunctions::StateMachine")["BackfillMachine"]
    types = machine["DefinitionSubstitutions"]["ResourceTypes"].split(",")
    assert sorted(types) == sorted(catalogue.names())


def test_every_function_is_a_state_but_those_that_look_after_the_hub_itself() -> None:
    placeholders = set(re.findall(r"\$\{(\w+Function)\}", json.dumps([DEFINITION, BACKFILL])))
    others = {"RemindFunction", "LookAgainFunction", "CheckSelfFunction", "RecordDeathFunction"}
    assert placeholders == set(of_type("AWS::Lambda::Function")) - others


def test_people_are_reminded_of_exemptions_every_day_with_an_input_that_the_function_understands() -> None:
    [schedule] = [
        each for each in of_type("AWS::Scheduler::Schedule").values() if "remind" in str(each["Name"])
    ]
    assert schedule["ScheduleExpression"] == "cron(0 6 * * ? *)"
    given = json.loads(schedule["Target"]["Input"].replace("<aws.scheduler.scheduled-time>", STARTED))
    assert StateTask.model_validate(given).execution.started == STARTED


@pytest.mark.parametrize("given", ["DISABLED", "ENABLED"])
def test_the_self_check_and_its_alarm_are_there_only_where_it_is_asked_for(given: str) -> None:
    parameters = {} if given == "DISABLED" else {"SelfCheck": given}
    schedules = of_type("AWS::Scheduler::Schedule", **parameters)
    [schedule] = [each for each in schedules.values() if "check-self" in str(each["Name"])]
    assert (schedule["ScheduleExpression"], schedule["State"]) == ("rate(1 hour)", given)
    alarm = published()["SelfCheckAlarm"]
    assert alarm["Condition"] == "HasSelfCheck"
    assert sam_template.template()["Conditions"]["HasSelfCheck"] == {
        "Fn::Equals": [{"Ref": "SelfCheck"}, "ENABLED"]
    }


def test_the_alarm_of_the_self_check_rings_when_none_has_passed_for_a_day_and_where_nothing_runs() -> None:
    alarm = rendered(SelfCheck="ENABLED")["SelfCheckAlarm"]["Properties"]
    assert (alarm["MetricName"], alarm["Statistic"]) == ("SelfCheckPassed", "Sum")
    assert int(alarm["Period"]) * int(alarm["EvaluationPeriods"]) == 86400
    assert (alarm["ComparisonOperator"], int(alarm["Threshold"])) == ("LessThanThreshold", 1)
    assert alarm["TreatMissingData"] == "breaching"


def test_only_the_rule_of_died_executions_may_invoke_what_records_them() -> None:
    [permission] = of_type("AWS::Lambda::Permission").values()
    assert permission["Principal"] == "events.amazonaws.com"
    assert permission["SourceArn"] == in_hub("events", f"rule/{STACK}-died-executions")


def test_a_death_that_cannot_be_recorded_is_kept_with_the_undelivered_events() -> None:
    function = of_type("AWS::Lambda::Function")["RecordDeathFunction"]
    assert function["DeadLetterConfig"] == {"TargetArn": in_hub("sqs", f"{STACK}-undelivered-events")}


STARTED = "2026-11-25T06:00:00Z"
"""As Scheduler writes a time (Scheduler User Guide, Context attributes)."""


@every_task
def test_a_task_waits_longer_than_its_function_may_run(name: str) -> None:
    function = of_type("AWS::Lambda::Function")[function_of(name)]
    if name == WAITS_FOR_A_PERSON:
        assert TASKS[name]["TimeoutSecondsPath"] == "$.decision.ask_seconds"
    else:
        assert function["Timeout"] < TASKS[name]["TimeoutSeconds"]


@every_task
def test_a_task_tries_again_with_jitter_and_a_cap_and_only_for_named_errors(name: str) -> None:
    for retry in TASKS[name]["Retry"]:
        assert retry["JitterStrategy"] == "FULL"
        assert 0 < retry["MaxDelaySeconds"] <= 300
        assert 0 < retry["MaxAttempts"] <= 125
        assert not {"States.ALL", "States.TaskFailed"} & set(retry["ErrorEquals"])


PASSING = {"Throttled", "Unavailable", "NotReady", "Locked", "ResourceGone", "NotVerified"}
# A function that was killed: it ran out of time or memory (Step Functions guide, "Handle Lambda service
# exceptions"; errorType of Lambda's answer), or its task did.
KILLED = {"Sandbox.Timedout", "Runtime.ExitError", "Runtime.OutOfMemory", "Lambda.Unknown", "States.Timeout"}


@every_task
def test_what_time_alone_does_not_mend_is_not_tried_again(name: str) -> None:
    """So that an input nobody understands, for one, ends at once (T16)."""
    again = {error for retry in TASKS[name]["Retry"] for error in retry["ErrorEquals"]}
    assert {error for error in again if not error.startswith("Lambda.")} <= PASSING | KILLED


@every_task
def test_a_function_that_was_killed_is_tried_again(name: str) -> None:
    [retry] = [each for each in TASKS[name]["Retry"] if "Sandbox.Timedout" in each["ErrorEquals"]]
    # Nobody's answer in time is no kill.
    unanswered = {"States.Timeout"} if name == WAITS_FOR_A_PERSON else set()
    assert set(retry["ErrorEquals"]) == KILLED - unanswered
    assert retry["MaxAttempts"] == 2


@every_task
def test_the_errors_that_a_task_names_exist(name: str) -> None:
    ours = {name for name, value in vars(errors).items() if isinstance(value, type)}
    named = {
        error
        for handler in (*TASKS[name]["Retry"], *TASKS[name]["Catch"])
        for error in handler["ErrorEquals"]
        if not error.startswith(("Lambda.", "States.", "Sandbox.", "Runtime."))
    }
    assert named
    assert named <= ours


@pytest.mark.parametrize("name", [name for name in TASKS if name != ENDING])
def test_whatever_goes_wrong_in_a_task_is_recorded(name: str) -> None:
    # An input that is refused is dropped, so that nothing in it passes for what a state has written.
    path = {DEFINITION["StartAt"]: "$", READ_BACK: "$.unread"}.get(name, "$.failure")
    *others, last = TASKS[name]["Catch"]
    # What may have been written is read back first.
    then = READ_BACK if name in ("Apply", "Verify") else ENDING
    assert last == {"ErrorEquals": ["States.ALL"], "ResultPath": path, "Next": then}
    # Nobody's answer is no failure; what it comes to is looked up as an answer is.
    unanswered = {
        "ErrorEquals": ["States.Timeout", "AlreadyAsked"],
        "ResultPath": "$.answer",
        "Next": "Check approval",
    }
    assert others == ([unanswered] if name == WAITS_FOR_A_PERSON else [])


def leads_to(state: Mapping[str, Any]) -> set[str]:
    after = [*state.get("Catch", []), *state.get("Choices", [])]
    return {
        *(each["Next"] for each in after),
        *(state[key] for key in ("Next", "Default") if key in state),
    }


def test_every_ending_comes_through_the_one_that_records() -> None:
    ends = {name for name, state in STATES.items() if state.get("End") or not leads_to(state)}
    fails = {name for name, state in STATES.items() if state["Type"] == "Fail"}
    assert ends == fails | {ENDING}
    assert {name for name, state in STATES.items() if leads_to(state) & fails} == {ENDING}
    assert STATES[ENDING]["Catch"][-1]["ErrorEquals"] == ["States.ALL"]


# Step Functions Developer Guide, "Quotas related to state machine executions".
LARGEST_HISTORY = 25_000
# TaskScheduled, TaskStarted, TaskSubmitted, and how it ended (API reference, HistoryEvent), and one to spare.
EVENTS_OF_A_TRY = 5


@pytest.mark.parametrize("definition", [DEFINITION, BACKFILL], ids=["remediation", "backfill"])
def test_however_often_each_state_is_tried_again_the_history_has_room(definition: dict[str, Any]) -> None:
    """T20. An execution that comes to the states twice has waited for whoever manages the resource."""
    tries = {
        name: 1 + sum(each.get("MaxAttempts", 3) for each in state.get("Retry", ()))
        for name, state in definition["States"].items()
        if state["Type"] == "Task"
    }
    events = 2 * len(definition["States"]) + EVENTS_OF_A_TRY * sum(tries.values())
    assert 2 * events < LARGEST_HISTORY / 2


def test_the_machine_ends_by_itself() -> None:
    """The longest approval, a week until its window, and a day for all the rest."""
    longest = sam_template.template()["Parameters"]["ApprovalHours"]["MaxValue"] * 3600
    assert longest + 8 * 24 * 3600 <= DEFINITION["TimeoutSeconds"] <= 16 * 24 * 3600


def test_no_task_passes_on_what_a_function_returns_unnamed() -> None:
    whole = {name for name, task in TASKS.items() if "ResultSelector" not in task}
    # What comes back to a waiting state is not the function's answer.
    assert whole == {ENDING, WAITS_FOR_A_PERSON}


def test_concurrency_is_reserved_only_where_it_is_asked_for() -> None:
    """It is taken from what all functions of the hub's account share."""
    limit = sam_template.template()["Globals"]["Function"]["ReservedConcurrentExecutions"]
    wanted = {"Fn::If": ["HasConcurrency", {"Ref": "FunctionConcurrency"}, {"Ref": "AWS::NoValue"}]}
    assert limit == wanted
    assert sam_template.template()["Parameters"]["FunctionConcurrency"]["Default"] == "0"
    condition = sam_template.template()["Conditions"]["HasConcurrency"]
    assert condition == {"Fn::Not": [{"Fn::Equals": [{"Ref": "FunctionConcurrency"}, 0]}]}
    functions = of_type("AWS::Lambda::Function").values()
    assert not [each for each in functions if "ReservedConcurrentExecutions" in each]


@pytest.mark.parametrize("name", ["ChangesPerHour", "RequestsPerHour", "MessagesPerHour"])
def test_a_limit_can_be_lifted(name: str) -> None:
    parameter = sam_template.template()["Parameters"][name]
    assert (parameter["MinValue"], int(parameter["Default"]) > 0) == (0, True)
