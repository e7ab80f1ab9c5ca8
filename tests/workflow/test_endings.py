"""How executions end that find nothing to do, or must not do anything."""

import json
from typing import Any

import boto3
import pytest

from rightstate.executions import canary, metrics
from rightstate.models.settings import Account, Enabled
from rightstate.policy import Mode
from rightstate.storage.tables import LEDGER, SETTINGS
from rightstate_cli.embedded.engine import Engine
from rightstate_cli.executions.executions import Execution, Start
from rightstate_cli.simulation import accounts
from tests.support.calls import Calls
from tests.support.entries import entry_of
from tests.support.member import (
    ACCOUNT,
    REGION,
    broken,
    enable,
    session,
    start_input,
)
from tests.support.refusing import refused

ALL_OF_S3 = "s3-versioning"


def run(hub: Engine, resource_type: str, given: dict[str, Any]) -> Execution:
    [execution] = hub.run([Start(resource_type=resource_type, input=given)])
    return execution


def test_a_policy_in_report_describes_decides_and_changes_nothing(hub: Engine, calls: Calls) -> None:
    enable(hub, "sqs-server-side-encryption", mode=Mode.REPORT)
    execution = run(hub, "sqs-queue", start_input(broken("sqs-server-side-encryption", "reported")))
    assert (execution.status, execution.outcome) == ("SUCCEEDED", "reported")
    assert calls.writes == []
    [verdict] = entry_of(hub, execution)["verdicts"]
    assert verdict["findings"] == [{"setting": "Encryption", "before": "none", "after": "SSE-SQS"}]


def test_an_input_may_lower_the_mode_but_never_raise_it(hub: Engine, calls: Calls) -> None:
    enable(hub, "sqs-server-side-encryption", mode=Mode.AUTO)
    lowered = run(
        hub, "sqs-queue", start_input(broken("sqs-server-side-encryption", "lowered"), mode="report")
    )
    assert lowered.outcome == "reported"
    enable(hub, "sqs-server-side-encryption", mode=Mode.REPORT)
    raised = run(hub, "sqs-queue", start_input("lowered", mode="auto"))
    assert raised.outcome == "reported"
    assert raised.decision is not None
    # Decided so, and not only set right by the second look before a change.
    assert [(each.mode, raised.decision.apply) for each in raised.decision.verdicts] == [("report", False)]
    assert calls.writes == []


def test_an_input_may_narrow_the_policies_but_never_enable_one(hub: Engine, calls: Calls) -> None:
    enable(hub, "s3-versioning", "s3-default-encryption")
    bucket = broken("s3-versioning", "narrowed")
    only = run(hub, "s3-bucket", start_input(bucket, policies=["S3VersioningEnabled"]))
    assert calls.writes == ["s3:PutBucketVersioning"]
    assert only.decision is not None
    assert [verdict.policy for verdict in only.decision.verdicts] == ["s3-versioning"]
    calls.made.clear()
    other = run(hub, "s3-bucket", start_input(bucket, policies=["s3-block-public-access"]))
    assert (other.outcome, calls.made) == ("off", [])


def test_nothing_enabled_ends_off_without_a_call_to_the_account(hub: Engine, calls: Calls) -> None:
    enable(hub)
    execution = run(hub, "s3-bucket", start_input("whatever-bucket"))
    assert (execution.status, execution.outcome, calls.made) == ("SUCCEEDED", "off", [])


@pytest.mark.parametrize(
    ("resource_type", "policy", "resource"),
    [
        ("s3-bucket", "s3-versioning", "never-was-a-bucket"),
        ("sqs-queue", "sqs-server-side-encryption", "never-was"),
        ("rds-instance", "rds-mysql-deletion-protection", "never-was"),
        ("rds-cluster", "rds-aurora-deletion-protection", "never-was"),
        ("neptune-cluster", "neptune-backup-retention", "never-was"),
        ("neptune-instance", "neptune-auto-minor-version-upgrade", "never-was"),
        ("auto-scaling-group", "asg-cooldown", "never-was"),
        ("ec2-instance", "ec2-termination-protection", "i-0123456789abcdef0"),
    ],
)
def test_a_resource_that_has_gone_ends_gone(
    hub: Engine, calls: Calls, resource_type: str, policy: str, resource: str
) -> None:
    enable(hub, policy)
    execution = run(hub, resource_type, start_input(resource))
    assert (execution.status, execution.outcome) == ("SUCCEEDED", "gone")
    assert calls.writes == []


@pytest.mark.parametrize(
    ("queue", "counted"), [("never-was-counted", True), (canary.name("never-was"), False)], ids=str
)
def test_a_canary_that_ends_is_in_no_metric(
    hub: Engine, monkeypatch: pytest.MonkeyPatch, queue: str, counted: bool
) -> None:
    added: list[str] = []
    monkeypatch.setattr(metrics, "add", lambda name, *of, **more: added.append(name))
    enable(hub, "sqs-server-side-encryption")
    assert run(hub, canary.TYPE, start_input(queue)).outcome == "gone"
    assert ("Executions" in added) is counted


def test_the_event_of_an_account_that_is_not_registered_is_rejected_and_recorded(
    hub: Engine, calls: Calls
) -> None:
    event = {"id": "e-1", "name": "CreateBucket", "time": "2026-11-23T09:07:49Z"}
    execution = run(hub, "s3-bucket", {**start_input("a-bucket", event=event), "account": "999999999999"})
    assert (execution.status, execution.outcome) == ("SUCCEEDED", "rejected")
    entry = entry_of(hub, execution)
    assert (entry["outcome"], entry["resource"][:12]) == ("rejected", "999999999999")
    assert calls.made == []


def test_an_account_is_left_alone_outside_its_regions(hub: Engine, calls: Calls) -> None:
    hub.configure(
        Account(
            account=ACCOUNT,
            role_arn=accounts.role_arn(ACCOUNT),
            regions=("eu-west-1",),
            policies={
                name: Enabled(mode=Mode.AUTO) for name in ("s3-versioning", "iam-password-policy-number")
            },
        )
    )
    elsewhere = run(hub, "s3-bucket", start_input("a-bucket"))
    assert (elsewhere.status, elsewhere.outcome, calls.made) == ("SUCCEEDED", "off", [])
    assert REGION in elsewhere.reason
    # A global service's resources are looked after in its one region, whichever that is.
    assert run(hub, "iam-password-policy", start_input(ACCOUNT)).outcome != "off"


def test_an_input_raises_no_mode_so_that_apply_is_never_entered(hub: Engine, calls: Calls) -> None:
    """Apply's own look at the settings would stop it too; this is the first of the two."""
    enable(hub, "sqs-server-side-encryption", mode=Mode.REPORT)
    queue = broken("sqs-server-side-encryption")
    execution = run(hub, "sqs-queue", start_input(queue, mode="auto"))
    assert execution.outcome == "reported"
    assert "Apply" not in [step.state for step in execution.steps]
    assert calls.writes == []


def test_an_account_that_is_not_registered_fails_by_hand_and_is_recorded(hub: Engine, calls: Calls) -> None:
    execution = run(hub, "s3-bucket", {**start_input("some-bucket"), "account": "999999999999"})
    assert (execution.status, execution.outcome) == ("FAILED", "failed")
    assert entry_of(hub, execution)["error"] == "UnknownAccount"
    assert calls.made == []


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"account": ACCOUNT, "region": REGION},
        {"account": ACCOUNT, "region": REGION, "resource": ""},
        {"account": ACCOUNT, "region": REGION, "resource": "../other"},
        {"account": ACCOUNT, "region": REGION, "resource": "name\nwith newline"},
        {"account": ACCOUNT, "region": REGION, "resource": "*"},
        {"account": ACCOUNT, "region": REGION, "resource": "x" * 10_240},
        {"account": ACCOUNT, "region": REGION, "resource": ["a", "b"]},
        {"account": ACCOUNT, "region": REGION, "resource": {"$ref": "x"}},
        {"account": ACCOUNT, "region": REGION, "resource": "a-bucket", "group": "account"},
        {"account": "12", "region": REGION, "resource": "a-bucket"},
        {"account": ACCOUNT, "region": "evil.example/", "resource": "a-bucket"},
        {"account": ACCOUNT, "region": REGION, "resource": "a-bucket", "role_arn": "arn:aws:iam::1:role/x"},
        {"account": ACCOUNT, "region": REGION, "resource": "a-bucket", "resource_type": "sqs-queue"},
        {"account": ACCOUNT, "region": REGION, "resource": "a-bucket", "policies": []},
        {"account": ACCOUNT, "region": REGION, "resource": "a-bucket", "policies": ["no-such-policy"]},
        {"account": ACCOUNT, "region": REGION, "resource": "a-bucket", "mode": "yes"},
        {"account": ACCOUNT, "region": REGION, "resource": "a-bucket", "resolved": {"proceed": True}},
        {"account": ACCOUNT, "region": REGION, "resource": "a-bucket", "decision": "x"},
        {"account": ACCOUNT, "region": REGION, "resource": "a-bucket", "applied": []},
        {"account": ACCOUNT, "region": REGION, "resource": "a-bucket", "failure": {"Error": "ResourceGone"}},
        {"account": ACCOUNT, "region": REGION, "resource": "a-bucket", "Error": "ResourceGone", "Cause": "x"},
        {"account": ACCOUNT, "region": REGION, "resource": "a-bucket", "event": {"id": "a b", "name": "x"}},
    ],
    ids=lambda given: json.dumps(given)[-40:],
)
def test_an_input_that_is_not_understood_fails_is_recorded_and_touches_no_account(
    hub: Engine, calls: Calls, given: dict[str, Any]
) -> None:
    enable(hub, "s3-versioning")
    execution = run(hub, "s3-bucket", given)
    assert (execution.status, execution.outcome) == ("FAILED", "failed")
    entry = entry_of(hub, execution)
    assert entry["error"] == "InvalidInput"
    assert "Nothing was changed" in entry["reason"]
    assert len(json.dumps(entry, default=str)) < 4_000
    assert calls.made == []


def test_a_resource_of_another_account_is_refused(hub: Engine, calls: Calls) -> None:
    enable(hub, "sqs-server-side-encryption")
    execution = run(hub, "sqs-queue", start_input(f"arn:aws:sqs:{REGION}:999999999999:invoices"))
    assert entry_of(hub, execution)["error"] == "InvalidInput"
    assert calls.made == []


def test_a_role_of_another_account_is_refused(hub: Engine, calls: Calls) -> None:
    hub.configure(
        Account(
            account=ACCOUNT,
            role_arn="arn:aws:iam::444455556666:role/rightstate-remediation",
            policies={"s3-versioning": Enabled(mode=Mode.AUTO)},
        )
    )
    execution = run(hub, "s3-bucket", start_input("some-bucket"))
    assert entry_of(hub, execution)["error"] == "WrongAccount"
    assert calls.writes == []


def test_an_unreadable_settings_table_fails_closed(hub: Engine, calls: Calls) -> None:
    with refused(SETTINGS):
        execution = run(hub, "s3-bucket", start_input("some-bucket"))
    assert (execution.status, entry_of(hub, execution)["error"]) == ("FAILED", "SettingsUnreadable")
    assert calls.made == []


def test_a_ledger_that_cannot_be_written_ends_the_execution_failed(hub: Engine) -> None:
    enable(hub, "sqs-server-side-encryption")
    queue = broken("sqs-server-side-encryption", "unrecorded")
    with refused(LEDGER):
        execution = run(hub, "sqs-queue", start_input(queue))
    assert execution.status == "FAILED"
    assert execution.steps[-1].state == "Not recorded"


def test_a_change_of_the_accounts_public_access_block_looks_at_each_of_its_buckets(hub: Engine) -> None:
    enable(hub, "s3-versioning")
    other = "777788889999"
    enable(hub, "s3-versioning", account=other)
    s3 = session(other).client("s3")
    for name in ("fan-one", "fan-two"):
        s3.create_bucket(Bucket=name)
    event = {"id": "e-1", "name": "DeleteAccountPublicAccessBlock", "time": "2026-01-01T00:00:00Z"}
    given = {"account": other, "region": REGION, "group": "account", "event": event}
    executions = list(hub.run([Start(resource_type="s3-bucket", input=given)]))
    assert sorted((each.outcome, each.resource) for each in executions) == [
        ("fanned-out", "account"),
        ("remediated", "fan-one"),
        ("remediated", "fan-two"),
    ]
    # The same event again starts the same executions, which Step Functions takes for the same.
    again = list(hub.run([Start(resource_type="s3-bucket", input=given)]))
    assert {each.name for each in again[1:]} == {each.name for each in executions[1:]}
    # Once they have ended it refuses them; moto does so where they were started with another input.
    late = list(hub.run([Start(resource_type="s3-bucket", input={**given, "reason": "again"})]))
    assert [each.outcome for each in late] == [each.outcome for each in again]
    assert {each.name for each in late[1:]} == {each.name for each in executions[1:]}
    written = [entry["execution"].rpartition(":")[2] for entry in hub.ledger()]
    assert [written.count(each.name) for each in executions[1:]] == [1, 1]


def test_an_event_about_a_parameter_group_looks_at_the_databases_that_use_it(hub: Engine) -> None:
    enable(hub, "rds-mysql-deletion-protection")
    broken("rds-mysql-deletion-protection", "grouped")
    given = {"account": ACCOUNT, "region": REGION, "group": "grouped-mysql8"}
    executions = list(hub.run([Start(resource_type="rds-instance", input=given)]))
    assert [(each.outcome, each.resource) for each in executions] == [
        ("fanned-out", "grouped-mysql8"),
        ("remediated", "grouped"),
    ]


def test_an_input_cannot_write_the_ledger_of_another_resource(hub: Engine, calls: Calls) -> None:
    """What a later state would have written, given as input, is dropped with the input."""
    enable(hub, "sqs-server-side-encryption")
    real = run(hub, "sqs-queue", start_input(broken("sqs-server-side-encryption", "copied")))
    assert real.decision is not None
    calls.made.clear()
    other = {"account": "999988887777", "region": REGION, "id": "forged"}
    forged = {
        "resolved": {
            "proceed": True,
            "run": {"resource": other, "role_arn": None, "external_id": None, "policies": {}},
        },
        "decision": real.decision.model_dump(mode="json"),
        "applied": {"operations": ["SetQueueAttributes"]},
        "verified": {"observed": {"Encryption": "SSE-SQS"}},
    }
    entry = entry_of(hub, run(hub, "sqs-queue", {**start_input("copied"), **forged}))
    assert (entry["error"], entry["calls"], entry["changes"]) == ("InvalidInput", [], [])
    assert entry["resource"] == f"{ACCOUNT}/{REGION}/sqs-queue/'copied'"
    assert calls.made == []


def test_of_a_list_the_resources_of_other_accounts_are_left_out(hub: Engine) -> None:
    enable(hub, "sqs-server-side-encryption")
    arns = [
        f"arn:aws:sqs:{REGION}:{account}:{broken('sqs-server-side-encryption', 'listed')}"
        for account in (ACCOUNT, "999999999999")
    ]
    given = {"account": ACCOUNT, "region": REGION, "resources": arns}
    executions = list(hub.run([Start(resource_type="sqs-queue", input=given)]))
    assert [each.outcome for each in executions] == ["fanned-out", "remediated"]
    [alone] = hub.run([Start(resource_type="sqs-queue", input={**given, "resources": arns[1:]})])
    assert entry_of(hub, alone)["error"] == "InvalidInput"


def test_more_resources_than_the_output_names_are_all_followed(hub: Engine) -> None:
    enable(hub, "s3-versioning", mode=Mode.REPORT)
    names = [f"many-{number:03}" for number in range(110)]
    given = {"account": ACCOUNT, "region": REGION, "resources": names}
    executions = list(hub.run([Start(resource_type="s3-bucket", input=given)]))
    assert len(executions) == 111
    assert {each.outcome for each in executions[1:]} == {"gone"}


def test_buckets_have_no_other_group_than_the_account(hub: Engine, calls: Calls) -> None:
    enable(hub, "s3-versioning")
    execution = run(hub, "s3-bucket", {"account": ACCOUNT, "region": REGION, "group": "a-typo"})
    assert entry_of(hub, execution)["error"] == "InvalidInput"
    assert calls.writes == []


def test_a_type_without_groups_refuses_one(hub: Engine) -> None:
    enable(hub, "sqs-server-side-encryption")
    execution = run(hub, "sqs-queue", {"account": ACCOUNT, "region": REGION, "group": "all"})
    assert entry_of(hub, execution)["error"] == "InvalidInput"


def test_the_own_credentials_serve_the_hubs_own_account_where_no_role_is_set(hub: Engine) -> None:
    own = boto3.client("sts", region_name=REGION).get_caller_identity()["Account"]
    boto3.client("sqs", region_name=REGION).create_queue(
        QueueName="own", Attributes={"SqsManagedSseEnabled": "false"}
    )
    hub.configure(Account(account=own, policies={"sqs-server-side-encryption": Enabled(mode=Mode.AUTO)}))
    execution = run(hub, "sqs-queue", {**start_input("own"), "account": own})
    assert execution.outcome == "remediated"
