"""What is read of a cluster, what is written, and when it is waited for or left alone."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws
from moto.redshift.models import redshift_backends

from rightstate.aws.errors import named_errors
from rightstate.catalogue import load
from rightstate.deciding.planner import decide
from rightstate.errors import InvalidInput, NotReady, ResourceGone, RightstateError, Throttled
from rightstate.identify import identify
from rightstate.models.decision import Outcome, Status
from rightstate.resource_type import Place, Resource
from rightstate.wants import Value
from rightstate_cli.simulation import examples
from tests.support.cycle import Account, enabled, observe, plan, reasons, remediate, undo

CLUSTER = load("redshift-cluster")
OWNER = "123456789012"
RESOURCE = Resource(account=OWNER, region="us-east-1", id="analytics")
RETENTION = "redshift-automated-snapshot-retention"
LOGS = "redshift-audit-logging"
BROKEN = {
    "redshift-no-public-access": {"PubliclyAccessible": False},
    "redshift-version-upgrade": {"AllowVersionUpgrade": True},
    RETENTION: {"AutomatedSnapshotRetentionPeriod": 7},
}


@pytest.fixture
def account() -> Iterator[Account]:
    with mock_aws():
        examples.load("redshift-cluster").create(boto3.Session(region_name="us-east-1"), "analytics", "")
        yield Account()


def described(account: Account) -> dict[str, Any]:
    [cluster] = account.client("redshift").describe_clusters(ClusterIdentifier="analytics")["Clusters"]
    return dict(cluster)


def set_state(status: str, availability: str | None = None) -> None:
    cluster = redshift_backends[OWNER]["us-east-1"].clusters["analytics"]
    cluster.status, cluster.cluster_availability_status = status, availability


def written(account: Account) -> list[dict[str, Any]]:
    return [given for name, given in account.parameters if name == "ModifyCluster"]


@pytest.mark.parametrize(("policy", "parameters"), BROKEN.items())
def test_each_policy_writes_its_own_setting_and_leaves_the_rest(
    account: Account, policy: str, parameters: dict[str, Value]
) -> None:
    before = described(account)
    assert remediate(CLUSTER, account, RESOURCE, enabled(CLUSTER, policy)).outcome is Outcome.REMEDIATED
    assert written(account) == [{"ClusterIdentifier": "analytics", **parameters}]
    assert described(account) == {**before, **parameters}


def test_the_settings_together_take_one_call_the_logs_another_and_then_none(account: Account) -> None:
    decision = remediate(CLUSTER, account, RESOURCE, enabled(CLUSTER))
    assert [call.operation for call in decision.calls] == ["ModifyCluster", "EnableLogging"]
    [call] = written(account)
    # And nothing else, above all no MaintenanceTrackName.
    assert call == {
        "ClusterIdentifier": "analytics",
        **{k: v for each in BROKEN.values() for k, v in each.items()},
    }
    account.calls.clear()
    assert remediate(CLUSTER, account, RESOURCE, enabled(CLUSTER)).outcome is Outcome.COMPLIANT
    assert account.calls == ["redshift:DescribeClusters", "redshift:DescribeLoggingStatus"]


TO_CLOUDWATCH = {"LogDestinationType": "cloudwatch", "LogExports": ["connectionlog", "userlog"]}


@pytest.mark.parametrize(
    ("destination", "parameters"),
    [
        ("cloudwatch", TO_CLOUDWATCH),
        ("s3://audit-logs", {"LogDestinationType": "s3", "BucketName": "audit-logs"}),
        (
            "s3://audit-{account}/red/shift",
            {"LogDestinationType": "s3", "BucketName": f"audit-{OWNER}", "S3KeyPrefix": "red/shift"},
        ),
    ],
)
def test_logs_go_where_the_account_says_and_stop_again_when_that_is_undone(
    account: Account, destination: str, parameters: dict[str, Any]
) -> None:
    decision = remediate(CLUSTER, account, RESOURCE, enabled(CLUSTER, LOGS, log_destination=destination))
    assert account.parameters[-1] == ("EnableLogging", {"ClusterIdentifier": "analytics", **parameters})
    assert plan(CLUSTER, account, RESOURCE, enabled(CLUSTER, LOGS)).outcome is Outcome.COMPLIANT
    undone = undo(CLUSTER, account, RESOURCE, decision)
    assert [(call.operation, call.parameters) for call in undone.calls] == [
        ("DisableLogging", {"ClusterIdentifier": "analytics"})
    ]


@pytest.mark.parametrize(
    "given", ["CloudWatch", "s3://", "s3://A", "audit-logs", "s3://audit-logs/a b", "s3"]
)
def test_what_is_no_destination_of_logs_is_not_taken(given: str) -> None:
    policy = CLUSTER.policy(LOGS)
    assert policy is not None
    assert not policy.parameters["log_destination"].accepts(given)


def test_nothing_is_observed_but_what_an_enabled_policy_needs(account: Account) -> None:
    assert dict(observe(CLUSTER, account, RESOURCE, enabled(CLUSTER, "redshift-version-upgrade"))) == {
        "ClusterStatus": "available",
        "ClusterAvailabilityStatus": None,
        "PendingModifiedValues": [],
        "AllowVersionUpgrade": False,
    }


@pytest.mark.parametrize(
    ("days", "parameters", "after"),
    [
        (0, {}, 7),
        (1, {}, 7),
        (6, {}, 7),
        (7, {}, None),
        (35, {}, None),
        (0, {"min_retention_days": 1}, 7),
        (1, {"min_retention_days": 1}, None),
        (3, {"min_retention_days": 1, "target_retention_days": 2}, None),
        (0, {"min_retention_days": 14}, 14),
        (1, {"target_retention_days": 30}, 30),
        (8, {"target_retention_days": 30}, None),
    ],
)
def test_retention_below_the_minimum_is_raised_to_the_target_and_never_lowered(
    account: Account, days: int, parameters: dict[str, Value], after: int | None
) -> None:
    account.client("redshift").modify_cluster(
        ClusterIdentifier="analytics", AutomatedSnapshotRetentionPeriod=days
    )
    account.parameters.clear()
    remediate(CLUSTER, account, RESOURCE, enabled(CLUSTER, RETENTION, **parameters))
    assert [given["AutomatedSnapshotRetentionPeriod"] for given in written(account)] == (
        [after] if after else []
    )


@given(st.integers(0, 35), st.integers(1, 35), st.integers(1, 35))
def test_whatever_the_parameters_a_retention_is_never_shortened(days: int, minimum: int, target: int) -> None:
    policies = enabled(CLUSTER, RETENTION, min_retention_days=minimum, target_retention_days=target)
    decision = decide(
        CLUSTER, RESOURCE, policies, {"ClusterStatus": "available", "AutomatedSnapshotRetentionPeriod": days}
    )
    assert decision.apply is (days < minimum)
    assert all(call.parameters["AutomatedSnapshotRetentionPeriod"] >= minimum for call in decision.calls)


# --- Waiting ---

PASSING = [
    ("creating", None),
    ("modifying", "Modifying"),
    ("rebooting", "Unavailable"),
    ("renaming", None),
    ("resizing", "Available"),
    ("cancelling-resize", None),
    ("rotating-keys", None),
    ("updating-hsm", None),
    ("pausing", None),
    ("resuming", None),
    ("available, prep-for-resize", "Available"),
    ("available, resize-cleanup", "Available"),
    ("available", "Modifying"),
    ("available", "Maintenance"),
    ("available", "Unavailable"),
    ("something-new", "Available"),
]


@pytest.mark.parametrize(("status", "availability"), PASSING)
def test_a_cluster_that_is_not_available_in_both_senses_is_waited_for(
    account: Account, status: str, availability: str | None
) -> None:
    set_state(status, availability)
    busy = CLUSTER.busy(observe(CLUSTER, account, RESOURCE, enabled(CLUSTER)))
    assert busy is not None
    assert (availability if status == "available" else status) in busy
    set_state("available", "Available")
    assert CLUSTER.busy(observe(CLUSTER, account, RESOURCE, enabled(CLUSTER))) is None


@pytest.mark.parametrize(
    ("pending", "waited_for"),
    [
        ({"PubliclyAccessible": False}, True),
        ({"AutomatedSnapshotRetentionPeriod": 7}, True),
        # In the next maintenance window, which may be days away.
        ({"MaintenanceTrackName": "trailing", "ClusterVersion": "1.0"}, False),
        ({}, False),
    ],
    ids=str,
)
def test_a_pending_change_of_our_settings_is_waited_for_and_no_other(
    account: Account, pending: dict[str, Value], waited_for: bool
) -> None:
    cluster = {"ClusterStatus": "available", "ClusterAvailabilityStatus": "Available"}
    with Stubber(account.client("redshift")) as stubber:
        stubber.add_response(
            "describe_clusters", {"Clusters": [{**cluster, "PendingModifiedValues": pending}]}
        )
        observed = observe(CLUSTER, account, RESOURCE, enabled(CLUSTER, *BROKEN))
    busy = CLUSTER.busy(observed)
    assert (busy is not None) is waited_for
    assert observed["PendingModifiedValues"] == (list(pending) if waited_for else [])


@pytest.mark.parametrize(
    ("status", "availability", "why"),
    [
        ("paused", "Unavailable", "paused"),
        ("deleting", None, "deleted"),
        ("final-snapshot", None, "deleted"),
        ("hardware-failure", None, "hardware-failure"),
        ("incompatible-hsm", None, "incompatible-hsm"),
        ("incompatible-network", None, "incompatible-network"),
        ("incompatible-parameters", None, "incompatible-parameters"),
        ("incompatible-restore", None, "incompatible-restore"),
        ("storage-full", None, "storage-full"),
        ("available", "Failed", "failed"),
    ],
)
def test_a_cluster_that_stays_as_it_is_is_reported_with_the_reason_and_not_waited_for(
    account: Account, status: str, availability: str | None, why: str
) -> None:
    set_state(status, availability)
    assert CLUSTER.busy(observe(CLUSTER, account, RESOURCE, enabled(CLUSTER))) is None
    decision = remediate(CLUSTER, account, RESOURCE, enabled(CLUSTER))
    assert decision.outcome is Outcome.REPORTED
    assert {verdict.status for verdict in decision.verdicts} == {Status.HELD}
    assert all(why in reason for reason in reasons(decision))
    assert written(account) == []


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("InvalidClusterState", NotReady),
        ("ClusterNotFound", ResourceGone),
        ("DependentServiceRequestThrottlingFault", Throttled),
    ],
)
def test_a_refusal_to_modify_says_whether_to_try_again(
    account: Account, code: str, error: type[RightstateError]
) -> None:
    decision = plan(CLUSTER, account, RESOURCE, enabled(CLUSTER))
    with Stubber(account.client("redshift")) as stubber:
        stubber.add_client_error("modify_cluster", code)
        with pytest.raises(error), named_errors(gone=CLUSTER.gone, busy=CLUSTER.busy_errors):
            CLUSTER.apply(account.client, RESOURCE, decision.calls[0], decision.changes)


def test_a_cluster_that_does_not_exist_is_gone(account: Account) -> None:
    missing = RESOURCE.model_copy(update={"id": "missing"})
    with pytest.raises(ResourceGone), named_errors(gone=CLUSTER.gone):
        observe(CLUSTER, account, missing, enabled(CLUSTER))


# --- Listing ---


def test_clusters_are_listed_page_by_page(account: Account) -> None:
    place = Place(account=OWNER, region="us-east-1")
    assert list(CLUSTER.find(account.client, place)) == ["analytics"]
    with Stubber(account.client("redshift")) as stubber:
        for marker, name in ({"Marker": "next"}, "first"), ({}, "second"):
            stubber.add_response("describe_clusters", {"Clusters": [{"ClusterIdentifier": name}], **marker})
        assert list(CLUSTER.find(account.client, place)) == ["first", "second"]


# --- Names ---


@pytest.mark.parametrize(
    "given", ["analytics", "a", "a-1", "a" * 63, "arn:aws:redshift:us-east-1:123456789012:cluster:analytics"]
)
def test_an_identifier_or_an_arn_names_a_cluster(given: str) -> None:
    place = Place(account=OWNER, region="us-east-1")
    assert identify(CLUSTER, place, given).id == given.rpartition(":")[2]


@pytest.mark.parametrize("given", ["1st", "-a", "a-", "a--b", "Analytics", "a_b", "a" * 64, "a\n"])
def test_what_redshift_would_not_take_as_an_identifier_is_refused(given: str) -> None:
    with pytest.raises(InvalidInput):
        identify(CLUSTER, Place(account=OWNER, region="us-east-1"), given)
