"""A second installation beside the first: deployed, upgraded while it works, and removed."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from moto.rds.models import rds_backends

from rightstate_cli.application import sam_template
from rightstate_cli.hub import admission
from tests.acceptance.emulator import ACCOUNT
from tests.acceptance.hub import Hub, awaited, event_about
from tests.support.server import REGION, Server

pytestmark = pytest.mark.acceptance

POLICY = "rds-mysql-deletion-protection"
BEFORE, AFTER = 100, 200
"""Days for which the two releases keep an entry of the ledger, so that it shows which has written it."""


MEMBER, LATER = "444455556666", "555566667777"
# Between quotes, as SAM takes an empty value and one with a space.
SAVED = {name: f'"{each["Default"]}"' for name, each in sam_template.template()["Parameters"].items()}
"""What `sam deploy --guided` saves in samconfig.toml if all is left as it proposes: every parameter."""
OLDER = {
    "Parameters:": """
  MemberAccounts:
    Type: CommaDelimitedList
    Default: ""
    AllowedPattern: ^$|^[0-9]{12}$
""",
    "Conditions:": """
  HasMemberAccounts: !Not [!Equals [!Join ["", !Ref MemberAccounts], ""]]
""",
    "Resources:": """
  MemberEvents:
    Type: AWS::Events::EventBusPolicy
    Condition: HasMemberAccounts
    Properties:
      StatementId: !Sub ${AWS::StackName}-members
      Statement:
        Effect: Allow
        Principal: "*"
        Action: events:PutEvents
        Resource: !Sub arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/default
        Condition:
          StringEquals:
            events:detail-type: AWS API Call via CloudTrail
            aws:PrincipalAccount: !Ref MemberAccounts
          StringLike: {events:source: aws.*}
""",
}
"""What the template had of the accounts that are admitted, before they got a stack of their own."""
EMPTIED = {"MemberAccounts": '""'}
"""The parameter as `sam deploy --guided` has saved it: `accounts add` set it on the stack alone."""


@pytest.fixture(scope="module")
def second(hub: Hub) -> Hub:
    """A hub of an older release, which has the accounts that it admits in a parameter."""

    def older(text: str) -> str:
        for section, added in OLDER.items():
            text, times = re.subn(
                rf"^{section}$", lambda found, added=added: found[0] + added.rstrip(), text, flags=re.M
            )
            assert times == 1
        return text

    second = hub.copied("second", older, LedgerDays=str(BEFORE), MemberAccounts=MEMBER)
    assert admitted(second) == {f"statement second-members {MEMBER}"}
    # What `rightstate accounts admit` of the next release does before the upgrade.
    admission.admit(second.seen, MEMBER)
    return second


@pytest.fixture(scope="module")
def next_release(built: Path) -> Path:
    """The built template with another library and another definition."""
    layer = shutil.copytree(built.with_name("RightstateLayer"), built.with_name("NextLayer"))
    with (layer / "python" / "rightstate" / "__init__.py").open("a") as module:
        module.write("# The next release.\n")
    shipped = sam_template.root() / "statemachines" / "remediation.asl.json"
    definition = built.with_name("next.asl.json")
    definition.write_text(json.dumps({**json.loads(shipped.read_text()), "Comment": "The next release"}))
    changed = re.sub(r"DefinitionUri: .*", f"DefinitionUri: {definition}", built.read_text())
    template = built.with_name("next.yaml")
    template.write_text(changed.replace("ContentUri: RightstateLayer", f"ContentUri: {layer}"))
    return template


def test_an_execution_that_an_upgrade_meets_ends_with_the_release_that_it_began_with(
    second: Hub, member: Server, next_release: Path
) -> None:
    waiting, later = (member.make("rds-instance", f"upgraded-{each}", ACCOUNT, POLICY) for each in "ab")
    database = rds_backends[ACCOUNT][REGION].databases[waiting]
    database.status = "modifying"
    second.enable(POLICY)
    [event] = second.send(event_about("rds-instance", POLICY, waiting))
    [met] = awaited(lambda: second.started_by(event, "rds-instance"))
    awaited(lambda: "NotReady" in history(second, met))

    second.deploy(next_release, **{**SAVED, **EMPTIED, "LedgerDays": str(AFTER)})

    assert second.client("stepfunctions").describe_execution(executionArn=met)["status"] == "RUNNING"
    assert live(second)["Comment"] == "The next release"
    database.status = "available"
    execution = second.ended(met)
    assert (execution.status, execution.outcome) == ("SUCCEEDED", "remediated")
    assert days_kept(second, execution) == BEFORE

    [event] = second.send(event_about("rds-instance", POLICY, later))
    execution = second.follow(event, "rds-instance")
    assert (execution.status, execution.outcome) == ("SUCCEEDED", "remediated")
    assert days_kept(second, execution) == AFTER


def test_the_same_deployed_again_changes_nothing(second: Hub, next_release: Path) -> None:
    was = live(second), inventory(second)
    second.deploy(next_release, **{**SAVED, "LedgerDays": str(AFTER)})
    assert (live(second), inventory(second)) == was


def test_the_upgrade_keeps_the_accounts_that_the_hub_admits(second: Hub) -> None:
    """Also of a hub that had them in a parameter, which each deployment set to what was saved at first."""
    assert admitted(second) == {f"statement second-accounts {MEMBER}"}
    admission.admit(second.seen, LATER)
    assert admitted(second) == {f"statement second-accounts {each}" for each in (MEMBER, LATER)}
    admission.dismiss(second.seen, LATER)


def test_removing_it_leaves_its_protected_tables_and_nothing_else(second: Hub) -> None:
    kept = {f"table {second.outputs[table]}" for table in ("SettingsTable", "LedgerTable")}
    was = inventory(second)
    assert {line.split()[0] for line in was} == {*LISTED, "statement"}
    admission.dismiss(second.seen, MEMBER)
    second.remove()
    assert inventory(second) == kept
    for table in kept:
        name = table.removeprefix("table ")
        described = second.client("dynamodb").describe_table(TableName=name)["Table"]
        assert described["DeletionProtectionEnabled"]


def history(hub: Hub, execution: str) -> str:
    """The execution's history until now, as text."""
    pages = (
        hub.client("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=execution)
    )
    return str([page["events"] for page in pages])


def live(hub: Hub) -> dict[str, Any]:
    """The definition of the version that events and people start."""
    states = hub.client("stepfunctions")
    alias = states.describe_state_machine_alias(stateMachineAliasArn=f"{hub.machine('rds-instance')}:live")
    [version] = alias["routingConfiguration"]
    described = states.describe_state_machine(stateMachineArn=version["stateMachineVersionArn"])
    definition: dict[str, Any] = json.loads(described["definition"])
    return definition


def days_kept(hub: Hub, execution: Any) -> int:
    return round((int(hub.entry(execution)["expires"]) - execution.started_at.timestamp()) / 86400)


LISTED = {
    "alarm": ("cloudwatch", "describe_alarms", "MetricAlarms[].AlarmName"),
    "function": ("lambda", "list_functions", "Functions[].FunctionName"),
    "layer": ("lambda", "list_layers", "Layers[].LayerName"),
    "logs": ("logs", "describe_log_groups", "logGroups[].logGroupName"),
    "machine": ("stepfunctions", "list_state_machines", "stateMachines[].name"),
    "policy": ("iam", "list_policies", "Policies[].PolicyName"),
    "queue": ("sqs", "list_queues", "QueueUrls[]"),
    "role": ("iam", "list_roles", "Roles[].RoleName"),
    "rule": ("events", "list_rules", "Rules[].Name"),
    "stack": ("cloudformation", "describe_stacks", "Stacks[].StackName"),
    "table": ("dynamodb", "list_tables", "TableNames[]"),
    "topic": ("sns", "list_topics", "Topics[].TopicArn"),
}
"""How to list what an installation consists of: service, call, and where its answer has the names."""


def admitted(hub: Hub) -> set[str]:
    """The accounts that the bus's policy names: statement and account."""
    policy = json.loads(hub.client("events").describe_event_bus().get("Policy") or "{}")
    return {
        f"statement {each['Sid']} {account}"
        for each in policy.get("Statement", [])
        for account in each["Condition"]["StringEquals"].get("aws:PrincipalAccount", [])
        if each["Sid"].startswith(f"{hub.stack}-")
    }


def inventory(hub: Hub) -> set[str]:
    """What the account has of the installation: kind and name."""
    found = {
        f"{kind} {name}"
        for kind, (service, call, names) in LISTED.items()
        for name in hub.client(service).get_paginator(call).paginate().search(names)
        if name and hub.stack in name
    }
    policy = json.loads(hub.client("events").describe_event_bus().get("Policy") or "{}")
    statements = {f"statement {each['Sid']}" for each in policy.get("Statement", [])}
    return found | {line for line in statements if hub.stack in line}
