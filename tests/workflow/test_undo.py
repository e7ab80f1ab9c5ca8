"""When the changes of an execution are taken back, and when not (threat T27)."""

from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from botocore.client import BaseClient

from rightstate.catalogue import find_policy
from rightstate.clock import written
from rightstate.guarding import guards
from rightstate.models.settings import Account
from rightstate.storage.tables import SETTINGS
from rightstate_cli.embedded.engine import Engine
from rightstate_cli.executions.executions import Start
from rightstate_cli.simulation import accounts
from tests.support import raw
from tests.support.calls import Calls
from tests.support.entries import entry_of
from tests.support.member import ACCOUNT, REGION, broken, enable, session, start_input
from tests.support.undoing import arn_of, exempt, undo

QUEUE = "sqs-server-side-encryption"
BACKUPS = "rds-postgres-automated-backups"
PUBLIC = "s3-acl-no-public-read"


def mended(hub: Engine, *policies: str, resource: str | None = None) -> tuple[str, str, str]:
    """Type, id and execution of a resource that has been put right for those policies."""
    resource_type = find_policy(policies[0])[0].name
    enable(hub, *policies)
    named = resource or broken(policies[0])
    [changed] = hub.run([Start(resource_type=resource_type, input=start_input(named))])
    assert changed.outcome == "remediated", changed.reason
    return resource_type, named, arn_of(hub, changed)


def refused(hub: Engine, calls: Calls, /, *given: str, **more: Any) -> str:
    """The reason why an undo is refused that then has written nothing."""
    calls.made.clear()
    ended = undo(hub, *given, **more)
    assert ended.outcome in ("undo-refused", "failed")
    assert calls.writes == []
    assert "Nothing was changed" in ended.reason
    return ended.reason


def test_an_undo_is_in_the_ledger_with_what_it_undid_who_wanted_it_and_until_when(hub: Engine) -> None:
    resource_type, resource, changed = mended(hub, QUEUE)
    until = written(datetime.now(UTC) + timedelta(days=3))
    exempt(hub, resource_type, resource, QUEUE, until=until)
    undone = undo(hub, resource_type, resource, changed, requester="AROA:ana", reason="CHG-5530")
    entry = entry_of(hub, undone)
    assert (entry["outcome"], entry["undo"], entry["why"]) == ("undone", changed, "CHG-5530")
    assert (entry["requester"], entry["approver"], entry["exempt_until"]) == (
        "AROA:ana",
        "ana@example.com",
        until,
    )
    [change] = entry["changes"]
    assert (change["before"], change["after"], change["policies"]) == ("SSE-SQS", "none", [QUEUE])
    assert entry["verified"] == {"Encryption": "none"}
    assert entry["calls"] == ["SetQueueAttributes"]


def test_what_only_an_undo_needs_no_other_session_is_given(hub: Engine) -> None:
    allowed: list[str] = []
    call = BaseClient._make_api_call  # type: ignore[attr-defined]

    def noted(self: Any, operation: str, params: dict[str, Any]) -> Any:
        if operation == "AssumeRole" and "Policy" in params:
            allowed.append(params["Policy"])
        return call(self, operation, params)

    with patch.object(BaseClient, "_make_api_call", noted):
        resource_type, resource, changed = mended(hub, PASSWORDS, resource=without_password_policy())
        assert len(allowed) > 1
        assert not any("iam:DeleteAccountPasswordPolicy" in each for each in allowed)
        exempt(hub, resource_type, resource, PASSWORDS)
        allowed.clear()
        assert undo(hub, resource_type, resource, changed).outcome == "undone"
    assert ["iam:DeleteAccountPasswordPolicy" in each for each in allowed].count(True) == 1


def test_an_undo_is_done_though_everything_is_off(hub: Engine) -> None:
    resource_type, resource, changed = mended(hub, QUEUE)
    exempt(hub, resource_type, resource, QUEUE)
    hub.table(SETTINGS).update({"account": ACCOUNT}, {"policies": {}})
    assert undo(hub, resource_type, resource, changed).outcome == "undone"


def test_an_undo_is_no_change_in_a_fight(hub: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person has wanted it: it halts nothing (T12)."""
    monkeypatch.setenv("BREAKER_APPLIES", "2")
    resource_type, resource, changed = mended(hub, QUEUE)
    exempt(hub, resource_type, resource, QUEUE)
    assert undo(hub, resource_type, resource, changed).outcome == "undone"
    guard = guards.read(f"{ACCOUNT}/{REGION}/{resource_type}/{resource}")
    assert (len(guard.applies[QUEUE]), guard.halts) == (1, ())


def test_what_something_else_has_changed_since_is_left_alone_and_told_three_ways(
    hub: Engine, calls: Calls
) -> None:
    resource_type, resource, changed = mended(hub, "rds-postgres-backup-retention")
    exempt(hub, resource_type, resource, "rds-postgres-backup-retention")
    session().client("rds").modify_db_instance(DBInstanceIdentifier=resource, BackupRetentionPeriod=30)
    before = raw.described(session(), resource_type, resource)
    reason = refused(hub, calls, resource_type, resource, changed, consent=True)
    assert "BackupRetentionPeriod was 0, was set to 7 and is now 30" in reason
    assert raw.described(session(), resource_type, resource) == before


def test_of_several_settings_none_is_restored_if_one_was_changed_since(hub: Engine, calls: Calls) -> None:
    policies = ("rds-postgres-deletion-protection", "rds-postgres-copy-tags-to-snapshots")
    resource_type, resource, changed = mended(hub, *policies)
    exempt(hub, resource_type, resource, *policies)
    session().client("rds").modify_db_instance(DBInstanceIdentifier=resource, DeletionProtection=False)
    reason = refused(hub, calls, resource_type, resource, changed)
    assert "DeletionProtection was false, was set to true and is now false" in reason
    assert "CopyTagsToSnapshot" not in reason


def test_what_somebody_has_set_beside_is_kept(hub: Engine) -> None:
    resource_type, resource, changed = mended(hub, "iam-password-policy-symbol")
    exempt(hub, resource_type, resource, "iam-password-policy-symbol")
    iam = session().client("iam")
    iam.update_account_password_policy(
        MinimumPasswordLength=20, RequireSymbols=True, AllowUsersToChangePassword=True
    )
    assert undo(hub, resource_type, resource, changed).outcome == "undone"
    policy = iam.get_account_password_policy()["PasswordPolicy"]
    assert (policy["RequireSymbols"], policy["MinimumPasswordLength"]) == (False, 20)
    assert policy["AllowUsersToChangePassword"] is True


def test_a_second_undo_of_the_same_execution_is_refused(hub: Engine, calls: Calls) -> None:
    resource_type, resource, changed = mended(hub, QUEUE)
    exempt(hub, resource_type, resource, QUEUE)
    undone = undo(hub, resource_type, resource, changed)
    assert undone.outcome == "undone"
    reason = refused(hub, calls, resource_type, resource, changed)
    assert "Every setting is already as it was before that execution" in reason
    assert "is an undo itself" in refused(hub, calls, resource_type, resource, arn_of(hub, undone))


@pytest.mark.parametrize(
    "exemption",
    [
        {"until": "2020-01-02T00:00:00Z"},
        {"resource": f"{REGION}/sqs-queue/another"},
        {"resource": None, "tag": "team=payments"},
        {"policies": ("s3-versioning",)},
    ],
    ids=["expired", "another resource", "a tag", "another policy"],
)
def test_without_an_exemption_that_covers_it_nothing_is_undone(
    hub: Engine, calls: Calls, exemption: dict[str, Any]
) -> None:
    resource_type, resource, changed = mended(hub, QUEUE)
    given = {"policies": (QUEUE,), "resource": f"{REGION}/{resource_type}/{resource}", **exemption}
    exempted(hub, **given)
    reason = refused(hub, calls, resource_type, resource, changed)
    assert f"No exemption keeps {QUEUE} from making its change again" in reason
    assert "rightstate exempt add" in reason


@pytest.mark.parametrize(
    "exemption", [{}, {"policies": ()}, {"resource": None}], ids=["itself", "all policies", "the account"]
)
def test_an_exemption_of_the_resource_all_policies_or_the_account_covers_it(
    hub: Engine, exemption: dict[str, Any]
) -> None:
    resource_type, resource, changed = mended(hub, QUEUE)
    given = {"policies": (QUEUE,), "resource": f"{REGION}/{resource_type}/{resource}", **exemption}
    exempted(hub, **given)
    assert undo(hub, resource_type, resource, changed).outcome == "undone"


def exempted(hub: Engine, **fields: Any) -> None:
    exemption = {
        "id": "ex-0a1b2c3d",
        "reason": "x",
        "approver": "ana",
        "created": written(datetime.now(UTC)),
        "until": written(datetime.now(UTC) + timedelta(days=30)),
        **fields,
    }
    hub.configure(
        Account.model_validate(
            {
                "account": ACCOUNT,
                "role_arn": accounts.role_arn(ACCOUNT),
                "external_id": "shared",
                "policies": {QUEUE: {"mode": "auto"}},
                "exemptions": [exemption],
            }
        )
    )


def test_an_execution_of_another_resource_or_none_is_refused(hub: Engine, calls: Calls) -> None:
    resource_type, resource, changed = mended(hub, QUEUE)
    exempt(hub, resource_type, resource, QUEUE)
    other = broken(QUEUE)
    for given, execution in ((other, changed), (resource, f"{changed}-not")):
        assert "The ledger has no entry of execution" in refused(hub, calls, resource_type, given, execution)


def test_of_another_account_or_region_nothing_is_undone(hub: Engine, calls: Calls) -> None:
    resource_type, resource, changed = mended(hub, QUEUE)
    exempt(hub, resource_type, resource, QUEUE)
    no_settings = "999988887777"
    assert "has no settings" in refused(hub, calls, resource_type, resource, changed, account=no_settings)
    hub.configure(Account(account=no_settings))
    assert "no entry" in refused(hub, calls, resource_type, resource, changed, account=no_settings)
    assert "no entry" in refused(hub, calls, resource_type, resource, changed, region="eu-west-1")


def test_an_execution_that_changed_nothing_cannot_be_undone(hub: Engine, calls: Calls) -> None:
    resource_type, resource, _ = mended(hub, QUEUE)
    [again] = hub.run([Start(resource_type=resource_type, input=start_input(resource))])
    exempt(hub, resource_type, resource, QUEUE)
    reason = refused(hub, calls, resource_type, resource, arn_of(hub, again))
    assert "it ended compliant and has changed nothing" in reason


@pytest.mark.parametrize(
    "more",
    [{"policies": [QUEUE]}, {"mode": "auto"}, {"resource": None, "resources": ["a", "b"]}],
    ids=["some policies", "a mode", "several resources"],
)
def test_an_undo_is_about_all_that_was_changed_of_one_resource(
    hub: Engine, calls: Calls, more: dict[str, Any]
) -> None:
    resource_type, resource, changed = mended(hub, QUEUE)
    exempt(hub, resource_type, resource, QUEUE)
    assert "An undo is about one resource" in refused(hub, calls, resource_type, resource, changed, **more)


@pytest.mark.parametrize(
    ("policy", "lost"),
    [
        (BACKUPS, "RDS deletes every automated backup of the database."),
        ("neptune-backup-retention", "automated backups of the database that are older than a day"),
        ("rds-aurora-backup-retention", "automated backups of the database that are older than a day"),
        ("dynamodb-point-in-time-recovery", "DynamoDB drops the recovery window"),
        ("redshift-automated-snapshot-retention", "Redshift deletes all automated snapshots"),
    ],
)
def test_what_destroys_something_needs_consent(hub: Engine, calls: Calls, policy: str, lost: str) -> None:
    resource_type, resource, changed = mended(hub, policy)
    exempt(hub, resource_type, resource, policy)
    reason = refused(hub, calls, resource_type, resource, changed)
    assert lost in reason
    assert "consent" in reason
    assert undo(hub, resource_type, resource, changed, consent=True).outcome == "undone"


def test_dropping_a_standby_destroys_no_data_and_needs_no_consent(hub: Engine) -> None:
    resource_type, resource, changed = mended(hub, "rds-postgres-multi-az")
    exempt(hub, resource_type, resource, "rds-postgres-multi-az")
    assert undo(hub, resource_type, resource, changed).outcome == "undone"


# --- What was absent ---

PASSWORDS = "iam-password-policy-max-age"


def without_password_policy() -> str:
    iam = session().client("iam")
    iam.update_account_password_policy()
    iam.delete_account_password_policy()
    return ACCOUNT


def test_a_password_policy_that_there_was_not_is_deleted_again(hub: Engine) -> None:
    resource_type, resource, changed = mended(hub, PASSWORDS, resource=without_password_policy())
    exempt(hub, resource_type, resource, PASSWORDS)
    assert undo(hub, resource_type, resource, changed).outcome == "undone"
    assert raw.described(session(), resource_type, resource) == {"policy": "NoSuchEntity"}


def test_a_password_policy_that_others_have_set_more_in_is_not_deleted(hub: Engine, calls: Calls) -> None:
    resource_type, resource, changed = mended(hub, PASSWORDS, resource=without_password_policy())
    _, _, later = mended(hub, "iam-password-policy-symbol", resource=resource)
    exempt(hub, resource_type, resource, PASSWORDS, "iam-password-policy-symbol")
    reason = refused(hub, calls, resource_type, resource, changed)
    assert "with the settings that were made since: RequireSymbols" in reason
    assert undo(hub, resource_type, resource, later).outcome == "undone"
    assert undo(hub, resource_type, resource, changed).outcome == "undone"
    assert raw.described(session(), resource_type, resource) == {"policy": "NoSuchEntity"}


def test_a_block_that_was_half_there_is_half_there_again(hub: Engine) -> None:
    bucket = broken("s3-block-public-access")
    half = {"BlockPublicAcls": True, "IgnorePublicAcls": False, "BlockPublicPolicy": True}
    half["RestrictPublicBuckets"] = False
    session().client("s3").put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=half)
    before = raw.described(session(), "s3-bucket", bucket)
    resource_type, _, changed = mended(hub, "s3-block-public-access", resource=bucket)
    exempt(hub, resource_type, bucket, "s3-block-public-access")
    assert undo(hub, resource_type, bucket, changed).outcome == "undone"
    assert raw.described(session(), "s3-bucket", bucket) == before


def test_the_block_is_lifted_before_public_grants_are_added_again(hub: Engine, calls: Calls) -> None:
    policies = ("s3-block-public-access", PUBLIC)
    resource_type, bucket, changed = mended(hub, *policies)
    exempt(hub, resource_type, bucket, *policies)
    calls.made.clear()
    assert undo(hub, resource_type, bucket, changed).outcome == "undone"
    assert calls.writes == ["s3:DeletePublicAccessBlock", "s3:PutBucketAcl"]


def test_public_grants_are_not_added_while_a_block_that_came_later_is_on(hub: Engine, calls: Calls) -> None:
    resource_type, bucket, grants = mended(hub, PUBLIC)
    _, _, block = mended(hub, "s3-block-public-access", resource=bucket)
    exempt(hub, resource_type, bucket, PUBLIC, "s3-block-public-access")
    assert "while BlockPublicAcls is on" in refused(hub, calls, resource_type, bucket, grants)
    for each in (block, grants):
        assert undo(hub, resource_type, bucket, each).outcome == "undone"


def test_a_parameter_that_a_user_had_set_gets_its_value_again(hub: Engine) -> None:
    policy = "rds-mysql-fips-mode"
    resource = broken(policy)
    rds = session().client("rds")
    [group] = rds.describe_db_instances(DBInstanceIdentifier=resource)["DBInstances"][0]["DBParameterGroups"]
    set_by_user = {"ParameterName": "ssl_fips_mode", "ParameterValue": "0", "ApplyMethod": "immediate"}
    rds.modify_db_parameter_group(
        DBParameterGroupName=group["DBParameterGroupName"],
        Parameters=[set_by_user],  # type: ignore[list-item]
    )
    before = raw.described(session(), "rds-instance", resource)
    resource_type, _, changed = mended(hub, policy, resource=resource)
    exempt(hub, resource_type, resource, policy)
    assert undo(hub, resource_type, resource, changed).operations == ("ModifyDBParameterGroup",)
    assert raw.described(session(), "rds-instance", resource) == before
