"""What is read of a replication group, what is written, and when it is waited for or left alone."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from rightstate.aws.errors import named_errors
from rightstate.catalogue import load
from rightstate.errors import NotReady, ResourceGone, RightstateError
from rightstate.listing import Once, Shared
from rightstate.models.decision import Outcome, Status
from rightstate.resource_type import Resource
from rightstate_cli.simulation import examples, moto_gaps
from tests.support.cycle import Account, enabled, make, observe, plan, reasons, remediate, undo

GROUP = load("elasticache-replication-group")
RESOURCE = Resource(account="123456789012", region="us-east-1", id="sessions")
UPGRADES, BACKUPS, FAILOVER = (
    f"elasticache-{policy}"
    for policy in (
        "auto-minor-version-upgrade",
        "automatic-backups",
        "automatic-failover",
    )
)
READS = ["elasticache:DescribeReplicationGroups", "elasticache:DescribeCacheClusters"]
# As AWS tells of a group without cluster mode, with a replica.
DESCRIBED = {
    "ReplicationGroupId": "sessions",
    "Status": "available",
    "PendingModifiedValues": {},
    "MemberClusters": ["sessions-001", "sessions-002"],
    "NodeGroups": [
        {
            "NodeGroupMembers": [
                {"CacheClusterId": "sessions-001", "CurrentRole": "replica"},
                {"CacheClusterId": "sessions-002", "CurrentRole": "primary"},
            ]
        }
    ],
    "AutomaticFailover": "disabled",
    "MultiAZ": "disabled",
    "SnapshotRetentionLimit": 0,
    "ClusterEnabled": False,
    "AutoMinorVersionUpgrade": False,
    "Engine": "redis",
}
NODE = {
    "CacheClusterId": "sessions-001",
    "ReplicationGroupId": "sessions",
    "Engine": "redis",
    "EngineVersion": "7.1",
    "PendingModifiedValues": {},
}


def create() -> None:
    session = boto3.Session(region_name="us-east-1")
    examples.load("elasticache-replication-group").create(session, "sessions", "")


@pytest.fixture
def account() -> Iterator[Account]:
    with mock_aws(), moto_gaps.fill():
        yield Account()


@pytest.fixture
def example(account: Account) -> Account:
    create()
    return account


def decided(account: Account, *policies: str, node: dict[str, Any] | None = None, **group: Any) -> Any:
    """What is planned of a group that AWS describes so."""
    with Stubber(account.client("elasticache")) as stubber:
        stubber.add_response("describe_replication_groups", {"ReplicationGroups": [{**DESCRIBED, **group}]})
        stubber.add_response("describe_cache_clusters", {"CacheClusters": [{**NODE, **(node or {})}]})
        return plan(GROUP, account, RESOURCE, enabled(GROUP, *policies))


def test_one_call_makes_all_changes_at_once_and_an_undo_takes_them_back_in_one(example: Account) -> None:
    before = example.client("elasticache").describe_replication_groups()["ReplicationGroups"]
    example.calls.clear()
    decision = remediate(GROUP, example, RESOURCE, enabled(GROUP))
    assert example.calls == [*READS, "elasticache:ModifyReplicationGroup"]
    assert decision.calls[0].parameters == {
        "ReplicationGroupId": "sessions",
        "AutoMinorVersionUpgrade": True,
        "SnapshotRetentionLimit": 1,
        "SnapshottingClusterId": "sessions-002",
        "AutomaticFailoverEnabled": True,
        "ApplyImmediately": True,
    }
    assert plan(GROUP, example, RESOURCE, enabled(GROUP)).outcome is Outcome.COMPLIANT
    back = undo(GROUP, example, RESOURCE, decision)
    make(GROUP, example, RESOURCE, back)
    assert back.calls[0].parameters == {
        "ReplicationGroupId": "sessions",
        "AutoMinorVersionUpgrade": False,
        "SnapshotRetentionLimit": 0,
        "AutomaticFailoverEnabled": False,
        "ApplyImmediately": True,
    }
    assert example.client("elasticache").describe_replication_groups()["ReplicationGroups"] == before


@pytest.mark.parametrize(
    ("group", "node"),
    [
        ({}, "sessions-001"),
        ({"SnapshottingClusterId": "sessions-002"}, "sessions-002"),
        ({"NodeGroups": [], "MemberClusters": ["sessions-001"]}, "sessions-001"),
        ({"ClusterEnabled": True}, None),
        ({"SnapshotRetentionLimit": 3, "SnapshottingClusterId": "sessions-002"}, None),
    ],
    ids=[
        "a replica",
        "the one set",
        "the only one",
        "none with cluster mode",
        "none where there are backups",
    ],
)
def test_backups_are_turned_on_with_the_node_that_they_burden_least(
    account: Account, group: dict[str, Any], node: str | None
) -> None:
    policies = enabled(GROUP, BACKUPS, min_retention_days=7, target_retention_days=7)
    with Stubber(account.client("elasticache")) as stubber:
        stubber.add_response("describe_replication_groups", {"ReplicationGroups": [{**DESCRIBED, **group}]})
        stubber.add_response("describe_cache_clusters", {"CacheClusters": [NODE]})
        [call] = plan(GROUP, account, RESOURCE, policies).calls
    assert call.parameters["SnapshotRetentionLimit"] == 7
    assert call.parameters.get("SnapshottingClusterId") == node


@pytest.mark.parametrize(
    ("group", "node"),
    [
        ({"PendingModifiedValues": {"AutomaticFailoverStatus": "enabled"}}, {}),
        ({}, {"PendingModifiedValues": {"EngineVersion": "7.2"}}),
        ({}, {"PendingModifiedValues": {"CacheNodeType": "cache.r7g.large"}}),
    ],
    ids=str,
)
def test_changes_that_wait_for_the_maintenance_window_are_never_applied_early(
    account: Account, group: dict[str, Any], node: dict[str, Any]
) -> None:
    decision = decided(account, node=node, **group)
    assert {verdict.status for verdict in decision.verdicts} == {Status.HELD}
    assert all("Other changes are pending" in why for why in reasons(decision))
    assert decision.calls == ()


def test_what_is_pending_in_the_nodes_of_another_group_is_no_obstacle(account: Account) -> None:
    other = {"ReplicationGroupId": "carts", "PendingModifiedValues": {"EngineVersion": "7.2"}}
    assert decided(account, node=other).apply


@pytest.mark.parametrize(
    ("policy", "group", "node", "status"),
    [
        (UPGRADES, {}, {"EngineVersion": "5.0.6"}, Status.NOT_APPLICABLE),
        (UPGRADES, {}, {"EngineVersion": "6.0.5"}, Status.BROKEN),
        (UPGRADES, {}, {"Engine": "valkey", "EngineVersion": "7.2"}, Status.BROKEN),
        (UPGRADES, {"Status": "deleting"}, {}, Status.NOT_APPLICABLE),
        (BACKUPS, {"Status": "deleting"}, {}, Status.NOT_APPLICABLE),
        (FAILOVER, {"Status": "deleting"}, {}, Status.NOT_APPLICABLE),
        (UPGRADES, {"Status": "create-failed"}, {}, Status.HELD),
        (
            BACKUPS,
            {"GlobalReplicationGroupInfo": {"GlobalReplicationGroupMemberRole": "SECONDARY"}},
            {},
            Status.NOT_APPLICABLE,
        ),
        (
            BACKUPS,
            {"GlobalReplicationGroupInfo": {"GlobalReplicationGroupMemberRole": "PRIMARY"}},
            {},
            Status.BROKEN,
        ),
        (
            FAILOVER,
            {"GlobalReplicationGroupInfo": {"GlobalReplicationGroupMemberRole": "PRIMARY"}},
            {},
            Status.HELD,
        ),
        (FAILOVER, {"MemberClusters": ["sessions-001"]}, {}, Status.HELD),
        (
            FAILOVER,
            {"MemberClusters": ["sessions-001"], "AutomaticFailover": "enabled"},
            {},
            Status.COMPLIANT,
        ),
    ],
    ids=str,
)
def test_a_group_that_cannot_be_changed_says_why(
    account: Account, policy: str, group: dict[str, Any], node: dict[str, Any], status: Status
) -> None:
    decision = decided(account, policy, node=node, **group)
    [verdict] = decision.verdicts
    assert verdict.status is status
    assert bool(verdict.reason) is (status in (Status.NOT_APPLICABLE, Status.HELD))


@pytest.mark.parametrize(
    ("group", "waits"),
    [
        ({"Status": "creating"}, True),
        ({"Status": "modifying"}, True),
        ({"Status": "snapshotting"}, True),
        ({"AutomaticFailover": "enabling"}, True),
        ({"AutomaticFailover": "disabling"}, True),
        ({"Status": "deleting"}, False),
        ({"Status": "create-failed"}, False),
        ({}, False),
    ],
    ids=str,
)
def test_a_group_that_is_being_changed_is_waited_for(
    account: Account, group: dict[str, Any], waits: bool
) -> None:
    with Stubber(account.client("elasticache")) as stubber:
        stubber.add_response("describe_replication_groups", {"ReplicationGroups": [{**DESCRIBED, **group}]})
        stubber.add_response("describe_cache_clusters", {"CacheClusters": [NODE]})
        busy = GROUP.busy(observe(GROUP, account, RESOURCE, enabled(GROUP)))
    assert (busy is not None) is waits
    assert not waits or next(iter(group.values())) in str(busy)


def test_failover_stays_on_where_multi_az_has_been_enabled_since(example: Account) -> None:
    decision = remediate(GROUP, example, RESOURCE, enabled(GROUP, FAILOVER))
    example.client("elasticache").modify_replication_group(ReplicationGroupId="sessions", MultiAZEnabled=True)
    refused = undo(GROUP, example, RESOURCE, decision)
    assert refused.outcome is Outcome.UNDO_REFUSED
    assert "Disable Multi-AZ first" in refused.reason


@pytest.mark.parametrize(("target", "lost"), [(1, "may delete"), (5, "older than 3 days")])
def test_an_undo_that_loses_backups_asks_for_consent(example: Account, target: int, lost: str) -> None:
    if target > 1:
        example.client("elasticache").modify_replication_group(
            ReplicationGroupId="sessions", SnapshotRetentionLimit=3
        )
    policies = enabled(GROUP, BACKUPS, min_retention_days=target, target_retention_days=target)
    decision = remediate(GROUP, example, RESOURCE, policies)
    refused = undo(GROUP, example, RESOURCE, decision, consent=False)
    assert refused.outcome is Outcome.UNDO_REFUSED
    assert lost in refused.reason


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("InvalidReplicationGroupState", NotReady),
        ("InvalidCacheClusterState", NotReady),
        ("ReplicationGroupNotFoundFault", ResourceGone),
    ],
)
def test_a_refusal_to_modify_says_whether_to_try_again(
    example: Account, code: str, error: type[RightstateError]
) -> None:
    decision = plan(GROUP, example, RESOURCE, enabled(GROUP))
    with Stubber(example.client("elasticache")) as stubber:
        stubber.add_client_error("modify_replication_group", code)
        with pytest.raises(error), named_errors(gone=GROUP.gone, busy=GROUP.busy_errors):
            make(GROUP, example, RESOURCE, decision)


def test_the_nodes_of_all_groups_are_listed_once_page_by_page(account: Account) -> None:
    shared = Shared((), Once())
    settings = frozenset({"EngineVersion", "PendingInNodes"})
    listing = GROUP.listing
    assert listing is not None
    later = {**NODE, "EngineVersion": "7.1", "PendingModifiedValues": {"EngineVersion": "7.2"}}
    with Stubber(account.client("elasticache")) as stubber:
        stubber.add_response("describe_cache_clusters", {"CacheClusters": [NODE], "Marker": "next"})
        stubber.add_response("describe_cache_clusters", {"CacheClusters": [later]})
        for _ in range(2):
            found = listing.observe(account.client, RESOURCE, DESCRIBED, settings, shared)
            assert found == {"EngineVersion": "7.1", "PendingInNodes": ["EngineVersion"]}
