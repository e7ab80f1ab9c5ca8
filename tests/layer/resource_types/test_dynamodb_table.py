"""What is read of a table, what is written, and when a table is waited for or left alone."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.stub import Stubber
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from rightstate.aws.errors import named_errors
from rightstate.catalogue import load
from rightstate.errors import InvalidInput, NotReady, ResourceGone, RightstateError
from rightstate.identify import identify
from rightstate.models.decision import Outcome, Status
from rightstate.models.start import StartInput
from rightstate.policy import Mode
from rightstate.resource_type import Place, Resource
from tests.support.cycle import Account, enabled, observe, plan, remediate

TABLE = load("dynamodb-table")
PLACE = Place(account="123456789012", region="us-east-1")
RESOURCE = Resource(**PLACE.model_dump(), id="customers")
READS = ["dynamodb:DescribeTable", "dynamodb:DescribeContinuousBackups"]
RECOVERY, PROTECTION = "dynamodb-point-in-time-recovery", "dynamodb-deletion-protection"


@pytest.fixture
def account() -> Iterator[Account]:
    with mock_aws():
        yield Account()


@pytest.fixture
def dynamodb(account: Account) -> Iterator[Stubber]:
    with Stubber(account.client("dynamodb")) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def create(account: Account, name: str = "customers") -> None:
    account.client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    account.calls.clear()
    account.parameters.clear()


def shows(dynamodb: Stubber, status: str = "ACTIVE", **recovery: Any) -> None:
    """What DynamoDB answers about a table; nothing about its recovery unless that is given."""
    dynamodb.add_response("describe_table", {"Table": {"TableStatus": status}}, {"TableName": "customers"})
    if recovery:
        backups = {"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": recovery}
        dynamodb.add_response("describe_continuous_backups", {"ContinuousBackupsDescription": backups})


def recovery_of(account: Account, table: str = "customers") -> dict[str, Any]:
    answer = account.client("dynamodb").describe_continuous_backups(TableName=table)
    found: dict[str, Any] = answer["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    return found


def test_recovery_is_enabled_with_one_call_and_then_left_alone(account: Account) -> None:
    create(account)
    decision = remediate(TABLE, account, RESOURCE, enabled(TABLE))
    assert decision.outcome is Outcome.REMEDIATED
    assert account.calls == [*READS, "dynamodb:UpdateTable", "dynamodb:UpdateContinuousBackups"]
    assert recovery_of(account)["PointInTimeRecoveryStatus"] == "ENABLED"
    assert recovery_of(account)["RecoveryPeriodInDays"] == 35
    account.calls.clear()
    assert remediate(TABLE, account, RESOURCE, enabled(TABLE)).outcome is Outcome.COMPLIANT
    assert account.calls == READS


def test_another_table_stays_as_it_was(account: Account) -> None:
    create(account)
    create(account, "orders")
    remediate(TABLE, account, RESOURCE, enabled(TABLE, RECOVERY))
    assert recovery_of(account, "orders") == {"PointInTimeRecoveryStatus": "DISABLED"}


def test_the_account_may_choose_the_period(account: Account) -> None:
    create(account)
    remediate(TABLE, account, RESOURCE, enabled(TABLE, RECOVERY, recovery_period_days=7))
    assert recovery_of(account)["RecoveryPeriodInDays"] == 7
    assert plan(TABLE, account, RESOURCE, enabled(TABLE, RECOVERY)).outcome is Outcome.COMPLIANT


@given(st.integers(1, 35), st.integers(1, 35))
@settings(max_examples=25)
def test_a_table_with_recovery_keeps_its_period_whatever_the_account_would_choose(
    own: int, chosen: int
) -> None:
    with mock_aws():
        account = Account()
        with Stubber(account.client("dynamodb")) as dynamodb:
            shows(dynamodb, PointInTimeRecoveryStatus="ENABLED", RecoveryPeriodInDays=own)
            decision = remediate(
                TABLE, account, RESOURCE, enabled(TABLE, RECOVERY, recovery_period_days=chosen)
            )
    assert (decision.outcome, decision.calls) == (Outcome.COMPLIANT, ())


def test_a_period_that_a_table_shows_while_recovery_is_off_is_kept(
    account: Account, dynamodb: Stubber
) -> None:
    shows(dynamodb, PointInTimeRecoveryStatus="DISABLED", RecoveryPeriodInDays=7)
    [call] = plan(TABLE, account, RESOURCE, enabled(TABLE, RECOVERY)).calls
    assert call.parameters["PointInTimeRecoverySpecification"] == {
        "PointInTimeRecoveryEnabled": True,
        "RecoveryPeriodInDays": 7,
    }
    assert call.settings == ("PointInTimeRecoveryStatus",)


def test_continuous_backups_that_are_enabled_prove_nothing(account: Account, dynamodb: Stubber) -> None:
    shows(dynamodb, PointInTimeRecoveryStatus="DISABLED")
    assert plan(TABLE, account, RESOURCE, enabled(TABLE, RECOVERY)).apply


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("DELETING", "being deleted"),
        ("ARCHIVING", "archives the table"),
        ("ARCHIVED", "archives the table"),
    ],
)
def test_a_table_at_its_end_is_not_applicable(
    account: Account, dynamodb: Stubber, status: str, reason: str
) -> None:
    shows(dynamodb, status)
    observed = observe(TABLE, account, RESOURCE, enabled(TABLE, RECOVERY))
    assert TABLE.busy(observed) is None
    shows(dynamodb, status)
    decision = plan(TABLE, account, RESOURCE, enabled(TABLE, RECOVERY))
    assert (decision.outcome, decision.calls) == (Outcome.NOT_APPLICABLE, ())
    assert reason in decision.reason


def test_a_table_in_transition_is_waited_for(account: Account, dynamodb: Stubber) -> None:
    off = {"PointInTimeRecoveryStatus": "DISABLED"}
    busy = []
    for status, recovery in (("CREATING", {}), ("UPDATING", off), ("ACTIVE", off)):
        shows(dynamodb, status, **recovery)
        busy.append(TABLE.busy(observe(TABLE, account, RESOURCE, enabled(TABLE, RECOVERY))))
    assert busy == ["The table's status is CREATING.", "The table's status is UPDATING.", None]


def test_a_table_that_is_being_created_is_not_reported_as_broken(account: Account, dynamodb: Stubber) -> None:
    shows(dynamodb, "CREATING")
    decision = plan(TABLE, account, RESOURCE, enabled(TABLE, RECOVERY, mode=Mode.REPORT))
    assert [verdict.status for verdict in decision.verdicts] == [Status.HELD]
    assert "being created" in decision.reason


def test_a_table_whose_key_is_out_of_reach_is_neither_written_nor_waited_for(
    account: Account, dynamodb: Stubber
) -> None:
    shows(dynamodb, "INACCESSIBLE_ENCRYPTION_CREDENTIALS", PointInTimeRecoveryStatus="DISABLED")
    decision = plan(TABLE, account, RESOURCE, enabled(TABLE, RECOVERY))
    assert (decision.outcome, decision.calls) == (Outcome.REPORTED, ())
    assert "KMS key" in decision.reason


@pytest.mark.parametrize(
    ("operation", "code", "error"),
    [
        ("describe_table", "ResourceNotFoundException", ResourceGone),
        ("describe_continuous_backups", "TableNotFoundException", ResourceGone),
        ("update_continuous_backups", "ContinuousBackupsUnavailableException", NotReady),
        ("update_continuous_backups", "TableNotFoundException", ResourceGone),
    ],
)
def test_what_dynamodb_refuses_is_named(
    account: Account, dynamodb: Stubber, operation: str, code: str, error: type[RightstateError]
) -> None:
    if operation == "describe_continuous_backups":
        shows(dynamodb)
    elif operation == "update_continuous_backups":
        shows(dynamodb, PointInTimeRecoveryStatus="DISABLED")
    dynamodb.add_client_error(operation, code)
    with pytest.raises(error), named_errors(gone=TABLE.gone, busy=TABLE.busy_errors):
        remediate(TABLE, account, RESOURCE, enabled(TABLE, RECOVERY))


def test_tables_are_listed_page_by_page(account: Account) -> None:
    names = [f"table-{number:03}" for number in range(101)]
    for name in names:
        create(account, name)
    assert list(TABLE.find(account.client, PLACE)) == names
    assert account.calls == ["dynamodb:ListTables", "dynamodb:ListTables"]


@pytest.mark.parametrize("group", ["customers", "arn:aws:dynamodb:us-east-1:123456789012:table/customers"])
def test_an_update_of_a_table_concerns_its_replicas_in_their_own_regions(
    account: Account, dynamodb: Stubber, group: str
) -> None:
    replicas = [{"RegionName": region, "ReplicaStatus": "CREATING"} for region in ("eu-west-1", "eu-west-2")]
    dynamodb.add_response("describe_table", {"Table": {"Replicas": replicas}}, {"TableName": "customers"})
    assert TABLE.members is not None
    assert list(TABLE.members(account.client, PLACE, group)) == [
        ("us-east-1", "customers"),
        ("eu-west-1", "customers"),
        ("eu-west-2", "customers"),
    ]


def test_an_update_of_a_table_without_replicas_concerns_the_table(account: Account) -> None:
    create(account)
    assert TABLE.members is not None
    assert list(TABLE.members(account.client, PLACE, "customers")) == [("us-east-1", "customers")]


def test_protection_is_a_call_of_its_own_and_leaves_recovery_alone(account: Account) -> None:
    create(account)
    remediate(TABLE, account, RESOURCE, enabled(TABLE, PROTECTION))
    assert account.parameters == [
        ("DescribeTable", {"TableName": "customers"}),
        ("UpdateTable", {"TableName": "customers", "DeletionProtectionEnabled": True}),
    ]
    assert recovery_of(account)["PointInTimeRecoveryStatus"] == "DISABLED"
    assert plan(TABLE, account, RESOURCE, enabled(TABLE, PROTECTION)).outcome is Outcome.COMPLIANT


def test_a_table_that_is_being_changed_by_somebody_is_waited_for(account: Account, dynamodb: Stubber) -> None:
    shows(dynamodb)
    dynamodb.add_client_error("update_table", "ResourceInUseException")
    with pytest.raises(NotReady), named_errors(gone=TABLE.gone, busy=TABLE.busy_errors):
        remediate(TABLE, account, RESOURCE, enabled(TABLE, PROTECTION))


def test_the_longest_arn_of_a_table_fits_into_an_input() -> None:
    arn = f"arn:aws-us-gov:dynamodb:us-gov-west-1:123456789012:table/{'x' * 255}"
    start = StartInput(account="123456789012", region="us-gov-west-1", group=arn)
    assert start.group == arn


@pytest.mark.parametrize(
    "name", ["customers", "a.b_c-D", "x" * 255, "arn:aws:dynamodb:us-east-1:123456789012:table/customers"]
)
def test_a_name_or_an_arn_names_a_table(name: str) -> None:
    assert identify(TABLE, PLACE, name).id == name.rpartition("/")[2]


@pytest.mark.parametrize(
    "name",
    [
        "ab",
        "x" * 256,
        "customers\n",
        "customers*",
        "a b c",
        "customers/index/by-name",
        "arn:aws:dynamodb:us-east-1:123456789012:table/customers/stream/2026-11-23T00:00:00.000",
        "arn:aws:dynamodb:us-east-1:999999999999:table/customers",
        "arn:aws:dynamodb:eu-west-1:123456789012:table/customers",
        "",
    ],
)
def test_nothing_else_names_a_table(name: str) -> None:
    with pytest.raises(InvalidInput):
        identify(TABLE, PLACE, name)


def test_a_group_of_another_account_is_refused_before_any_call(account: Account) -> None:
    assert TABLE.members is not None
    with pytest.raises(InvalidInput):
        list(TABLE.members(account.client, PLACE, "arn:aws:dynamodb:us-east-1:999999999999:table/customers"))
    assert account.calls == []
