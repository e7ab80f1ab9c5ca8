"""What the roles may do to tables, and that none leads to more rights (threats T28 and T33)."""

import ast
import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from rightstate.catalogue import load_all
from rightstate.resource_type import ResourceType
from rightstate_cli.application import sam_template
from tests.support.authorization import Request, allowed
from tests.support.installation import (
    ADMINISTRATOR,
    AT,
    ESCALATIONS,
    INSTALLATIONS,
    ROLES,
    Installation,
    document,
    everywhere,
    policies,
    roles,
)
from tests.support.template import Stack, listed

# --- The tables ---

TABLE_ACTIONS = (
    "GetItem",
    "BatchGetItem",
    "Query",
    "Scan",
    "PutItem",
    "UpdateItem",
    "DeleteItem",
    "BatchWriteItem",
    "DeleteTable",
    "UpdateTable",
    "UpdateTimeToLive",
    "PutResourcePolicy",
)


@everywhere
def test_settings_are_only_read_and_the_ledger_is_written_where_executions_end(at: Installation) -> None:
    resources = at.hub_resources()
    granted = {
        (role, table, action)
        for role in roles(resources)
        for table in ("SettingsTable", "LedgerTable")
        for action in TABLE_ACTIONS
        if allowed(
            Request(at.hub.role(role), f"dynamodb:{action}", table_arn(at, table)), policies(resources, role)
        )
    }
    assert granted == {
        ("ResolveRole", "SettingsTable", "GetItem"),
        ("ResolveRole", "LedgerTable", "Query"),
        ("ApplyRole", "SettingsTable", "GetItem"),
        ("FindScopesRole", "SettingsTable", "GetItem"),
        ("FindScopesRole", "SettingsTable", "Scan"),
        ("SurveyRole", "SettingsTable", "GetItem"),
        ("RemindRole", "SettingsTable", "Scan"),
        ("CheckSelfRole", "LedgerTable", "Query"),
        ("RecordRole", "LedgerTable", "PutItem"),
        ("RecordDeathRole", "LedgerTable", "PutItem"),
        # The counts of its looks, see below.
        ("SurveyRole", "LedgerTable", "PutItem"),
    }
    counts = Request(at.hub.role("SurveyRole"), "dynamodb:PutItem", table_arn(at, "LedgerTable"))
    for key, may in (("looks/111122223333", True), (RESOURCE_KEY, False)):
        given = replace(counts, context={"dynamodb:LeadingKeys": [key]})
        assert allowed(given, policies(at.hub_resources(), "SurveyRole")) is may


def table_arn(at: Installation, table: str) -> str:
    arn: str
    [arn] = {
        resource
        for role in roles(at.hub_resources())
        for policy in policies(at.hub_resources(), role)
        for statement in policy["Statement"]
        for resource in listed(statement["Resource"])
        if f"table/{at.hub.name}-{table}" in resource and "/index/" not in resource
    }
    return arn


def test_a_table_opens_itself_to_nobody_and_is_not_deleted_by_mistake() -> None:
    resources = AT.hub_resources()
    tables = {name for name, each in resources.items() if each["Type"] == "AWS::DynamoDB::Table"}
    # Guards are of use to running executions alone; they go with the stack.
    assert tables == {"SettingsTable", "LedgerTable", "GuardsTable"}
    for name in tables:
        properties = resources[name]["Properties"]
        assert "ResourcePolicy" not in properties
        assert properties.get("DeletionProtectionEnabled", False) is (name != "GuardsTable")


# --- Approvals (T25): who may write what into the guards table ---

RESOURCE_KEY = "111122223333/us-east-1/s3-bucket/payments"
ANA, BRUNO = "AROAEXAMPLEAPPROVER:ana", "AROAEXAMPLEAPPROVER:bruno"


def on_guards(at: Installation, principal: str, action: str, key: str, **context: str) -> Request:
    given: dict[str, str | list[str]] = {"dynamodb:LeadingKeys": [key], **context}
    return Request(principal, f"dynamodb:{action}", table_arn(at, "GuardsTable"), given)


@everywhere
def test_an_approver_decides_under_the_own_identity_alone(at: Installation) -> None:
    approvers = [document(at.hub_resources(), "Approvers")]
    role = at.hub.role("approver")
    may = {
        (action, key)
        for action in TABLE_ACTIONS
        for key in (ANA, BRUNO, "approval", RESOURCE_KEY)
        if allowed(on_guards(at, role, action, key, **{"aws:userid": ANA}), approvers)
    }
    assert may == {("GetItem", ANA), ("PutItem", ANA), ("GetItem", "approval"), ("Query", "approval")}


@everywhere
def test_an_approver_can_start_no_machine_of_the_hub_whatever_else_allows_it(at: Installation) -> None:
    """Who starts writes the input, which can hold an event of anybody, and so could approve the own start."""
    resources, role = at.hub_resources(), at.hub.role("approver")
    given = [document(resources, "Approvers"), ADMINISTRATOR]
    machines = [
        each["Properties"]["StateMachineName"]
        for each in resources.values()
        if each["Type"] == "AWS::StepFunctions::StateMachine"
    ]
    assert f"{at.hub.name}-backfill" in machines and len(machines) > 15

    def starting(machine: str) -> Request:
        where = f"arn:{at.hub.partition}:states:{at.hub.region}:{at.hub.account}:stateMachine"
        return Request(role, "states:StartExecution", f"{where}:{machine}", {})

    named = [f"{machine}{qualifier}" for machine in machines for qualifier in ("", ":live", ":1", ":17")]
    assert [each for each in named if allowed(starting(each), given)] == []
    # It is that statement which denies it, and no machine of somebody else's.
    assert all(allowed(starting(each), [ADMINISTRATOR]) for each in named)
    assert allowed(starting("another"), given)
    key = {"aws:userid": ANA}
    assert allowed(on_guards(at, role, "PutItem", ANA, **key), given)
    assert allowed(Request(role, "states:SendTaskSuccess", "*", {}), given)


@everywhere
def test_no_function_can_write_an_approvers_decision(at: Installation) -> None:
    """Neither that nor a request: but for the functions that ask and close it."""
    resources = at.hub_resources()
    writes = ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem")
    able = {
        (role, key)
        for role in roles(resources)
        for action in writes
        for key in (ANA, "approval")
        if allowed(on_guards(at, at.hub.role(role), action, key), policies(resources, role))
    }
    closing = ("RequestApprovalRole", "CheckApprovalRole", "RecordDeathRole")
    assert able == {(role, "approval") for role in closing}


# --- No way to more rights (T28) ---

every_escalation = pytest.mark.parametrize("action", ESCALATIONS)


def escalating(stack: Stack, principal: str, action: str, **context: str) -> Request:
    where = {"partition": stack.partition, "region": stack.region, "account": stack.account}
    return Request(principal, action, ESCALATIONS[action].format(**where), context)


@everywhere
@every_escalation
def test_no_role_of_the_hub_may_gain_rights_or_read_data(at: Installation, action: str) -> None:
    resources = at.hub_resources()
    able = [
        role
        for role in roles(resources)
        if allowed(escalating(at.hub, at.hub.role(role), action), policies(resources, role))
    ]
    assert able == []


@everywhere
@every_escalation
@pytest.mark.parametrize("role", ROLES)
def test_no_role_of_a_member_may_not_even_with_administrator_access(
    at: Installation, action: str, role: str
) -> None:
    request = escalating(at.member, at.member.role(ROLES[role]), action)
    assert allowed(request, [ADMINISTRATOR])
    assert not allowed(request, [ADMINISTRATOR, *policies(at.member_resources(), role)])


# Types need these, of some functions and for some services. The test before this one holds the limits.
LIMITED = {"iam:PassRole", "lambda:AddPermission"}


def test_no_escalation_is_an_action_that_a_type_declares() -> None:
    declared = {action for each in load_all() for action in (*each.read_actions, *each.write_actions)}
    declared |= {a for each in load_all() for a in (*each.dependent_actions, *each.undo_actions)}
    assert declared & set(ESCALATIONS) == LIMITED


@everywhere
@pytest.mark.parametrize("resource_type", load_all(), ids=lambda each: each.name)
def test_the_role_that_reads_may_write_nothing_even_with_administrator_access(
    at: Installation, resource_type: ResourceType
) -> None:
    reading = {action for each in load_all() for action in each.read_actions}
    writes = {*resource_type.write_actions, *resource_type.undo_actions, *resource_type.dependent_actions}
    layer = [ADMINISTRATOR, *policies(at.member_resources(), "ReadingRole")]
    principal = at.member.role(ROLES["ReadingRole"])
    # A key is described when reading keys, which RDS and Kinesis ask for when writing.
    assert writes - reading
    able = {action for action in writes if allowed(Request(principal, action), layer)}
    assert able == writes & reading
    assert able <= {"kms:DescribeKey"}


# --- Partitions (T33) ---


@everywhere
def test_every_arn_is_of_the_partition_where_the_stack_is(at: Installation) -> None:
    for resources in (at.hub_resources(), at.member_resources()):
        text = json.dumps(resources)
        assert f"arn:{at.hub.partition}:" in text
        assert [each for each in INSTALLATIONS if each != at.hub.partition and f"arn:{each}:" in text] == []


# Not of any account: the first stands for an execution that there is none of, the others are simulated.
NAMED_PARTITION = {"planning/survey.py", "simulation/accounts.py", "simulation/moto_access_analyzer.py"}
# Values that people replace by their own.
NAMED_PARTITION |= {
    f"policies/{name}.py" for name in ("cloudtrail_trail", "log_group", "rds_instance", "vpc")
}


def test_nothing_names_a_partition() -> None:
    root = sam_template.root()
    texts = [
        *(root / "template.yaml", root / "member" / "template.yaml"),
        *(root / "statemachines").glob("*.json"),
    ]
    named = [path.name for path in texts if "arn:aws" in path.read_text()]
    code = [path for folder in ("layers", "functions", "cli") for path in (root / folder).rglob("*.py")]
    # Simulated accounts are in one partition.
    code = [path for path in code if path.parent.name != "examples"]
    assert len(code) > 80
    named += [
        f"{path.parent.name}/{path.name}"
        for path in code
        if any("arn:aws" in text for text in literals(path.read_text()))
    ]
    assert set(named) <= NAMED_PARTITION


def literals(source: str) -> Iterator[str]:
    """The strings of a module that are not its documentation."""
    nodes = list(ast.walk(ast.parse(source)))
    documentation = {node.value for node in nodes if isinstance(node, ast.Expr)}
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in documentation:
            yield node.value
