"""What is read of a snapshot, what is written, and what is left as it is: of databases and of clusters."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.stub import Stubber
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws
from moto.rds.models import rds_backends

from rightstate.aws.errors import named_errors
from rightstate.catalogue import load
from rightstate.errors import NotReady, ResourceGone
from rightstate.identify import identify, is_arn_of
from rightstate.models.decision import Outcome, Status
from rightstate.resource_type import Place, Resource
from rightstate_cli.application import events
from tests.support.cycle import Account, enabled, observe, plan, remediate
from tests.support.template import matching

SNAPSHOT = load("rds-snapshot")
OWNER = "123456789012"
PLACE = Place(account=OWNER, region="us-east-1")
POLICIES = enabled(SNAPSHOT)
SHARED = ["777788889999", "888899990000"]


@dataclass
class Kind:
    """One kind of snapshot, as its API names it."""

    kind: str
    noun: str
    method: str
    encrypted: str

    @property
    def resource(self) -> Resource:
        return Resource(**PLACE.model_dump(), id=f"{self.kind}:orders")

    @property
    def reads(self) -> list[str]:
        return [f"rds:Describe{self.noun}s", f"rds:Describe{self.noun}Attributes"]

    @property
    def write(self) -> str:
        return f"rds:Modify{self.noun}Attribute"

    def share(self, account: Account, *values: str) -> None:
        getattr(account.client("rds"), f"modify_{self.method}_attribute")(
            **{f"{self.noun}Identifier": "orders"}, AttributeName="restore", ValuesToAdd=list(values)
        )

    def shared(self, account: Account) -> list[str]:
        answer = getattr(account.client("rds"), f"describe_{self.method}_attributes")(
            **{f"{self.noun}Identifier": "orders"}
        )
        [restore] = answer[f"{self.noun}AttributesResult"][f"{self.noun}Attributes"]
        found: list[str] = restore["AttributeValues"]
        return found

    def stored(self) -> Any:
        backend = rds_backends[OWNER]["us-east-1"]
        return (backend.database_snapshots if self is DATABASE else backend.cluster_snapshots)["orders"]


DATABASE = Kind("snapshot", "DBSnapshot", "db_snapshot", "encrypted")
CLUSTER = Kind("cluster-snapshot", "DBClusterSnapshot", "db_cluster_snapshot", "storage_encrypted")
kinds = pytest.mark.parametrize("kind", [DATABASE, CLUSTER], ids=["database", "cluster"])


@pytest.fixture
def account() -> Iterator[Account]:
    """With a private snapshot of each kind, both called orders."""
    with mock_aws():
        made = Account()
        rds = made.client("rds")
        login = {"MasterUsername": "master", "MasterUserPassword": "planted-secret-of-a-database"}
        rds.create_db_instance(
            DBInstanceIdentifier="source",
            Engine="postgres",
            EngineVersion="16.8",
            DBInstanceClass="db.m6g.large",
            AllocatedStorage=20,
            **login,
        )
        rds.create_db_snapshot(DBSnapshotIdentifier="orders", DBInstanceIdentifier="source")
        rds.create_db_cluster(DBClusterIdentifier="source", Engine="aurora-postgresql", **login)
        rds.create_db_cluster_snapshot(DBClusterSnapshotIdentifier="orders", DBClusterIdentifier="source")
        made.calls.clear()
        yield made


@kinds
def test_a_public_snapshot_is_made_private_with_the_call_of_its_kind(account: Account, kind: Kind) -> None:
    kind.share(account, "all")
    account.calls.clear()
    assert remediate(SNAPSHOT, account, kind.resource, POLICIES).outcome is Outcome.REMEDIATED
    assert account.calls == [*kind.reads, kind.write]
    assert account.parameters[-1][1] == {
        f"{kind.noun}Identifier": "orders",
        "AttributeName": "restore",
        "ValuesToRemove": ["all"],
    }
    assert kind.shared(account) == []
    account.calls.clear()
    assert remediate(SNAPSHOT, account, kind.resource, POLICIES).outcome is Outcome.COMPLIANT
    assert account.calls == kind.reads


@pytest.mark.parametrize(
    ("kind", "other"), [(DATABASE, CLUSTER), (CLUSTER, DATABASE)], ids=["database", "cluster"]
)
def test_a_snapshot_is_not_taken_for_one_of_the_other_kind_with_its_name(
    account: Account, kind: Kind, other: Kind
) -> None:
    kind.share(account, "all")
    assert plan(SNAPSHOT, account, kind.resource, POLICIES).apply
    assert plan(SNAPSHOT, account, other.resource, POLICIES).outcome is Outcome.COMPLIANT
    remediate(SNAPSHOT, account, other.resource, POLICIES)
    assert kind.shared(account) == ["all"]


@kinds
@given(
    shared=st.lists(st.from_regex(r"[0-9]{12}", fullmatch=True), unique=True, max_size=5),
    at=st.integers(0, 5),
)
@settings(max_examples=20)
def test_whoever_the_snapshot_is_shared_with_by_id_keeps_it(
    account: Account, kind: Kind, shared: list[str], at: int
) -> None:
    kind.stored().attributes["restore"] = [*shared[:at], "all", *shared[at:]]
    remediate(SNAPSHOT, account, kind.resource, POLICIES)
    assert kind.shared(account) == shared


@kinds
def test_a_snapshot_that_is_shared_with_accounts_only_is_left_alone(account: Account, kind: Kind) -> None:
    kind.share(account, *SHARED)
    decision = plan(SNAPSHOT, account, kind.resource, POLICIES)
    assert (decision.outcome, decision.calls) == (Outcome.COMPLIANT, ())


@kinds
def test_the_attribute_is_found_by_its_name(account: Account, kind: Kind) -> None:
    stored = kind.stored().attributes
    stored.clear()
    stored.update({"another": ["all"], "restore": SHARED})
    assert plan(SNAPSHOT, account, kind.resource, POLICIES).outcome is Outcome.COMPLIANT
    stored.update({"another": [], "restore": ["all"]})
    assert plan(SNAPSHOT, account, kind.resource, POLICIES).apply


@kinds
@pytest.mark.parametrize("made_by", ["automated", "awsbackup"])
def test_a_snapshot_that_rds_or_aws_backup_made_is_not_applicable(
    account: Account, kind: Kind, made_by: str
) -> None:
    rds = account.client("rds")
    found = {f"{kind.noun}Identifier": "orders", "SnapshotType": made_by, "Status": "available"}
    with Stubber(rds) as stubber:
        stubber.add_response(f"describe_{kind.method}s", {f"{kind.noun}s": [found | encryption(kind)]})
        decision = plan(SNAPSHOT, account, kind.resource, POLICIES)
    assert decision.outcome is Outcome.NOT_APPLICABLE
    assert "only a manual one can be shared" in decision.reason


def encryption(kind: Kind) -> dict[str, bool]:
    return {"Encrypted" if kind is DATABASE else "StorageEncrypted": False}


@kinds
@pytest.mark.parametrize("name", ["rds:orders-2026-11-23-04-12", "awsbackup:job-0f1e2d3c"])
def test_the_name_of_such_a_snapshot_says_so_without_a_call(account: Account, kind: Kind, name: str) -> None:
    resource = identify(SNAPSHOT, PLACE, f"{kind.kind}:{name}")
    decision = remediate(SNAPSHOT, account, resource, POLICIES)
    assert decision.outcome is Outcome.NOT_APPLICABLE
    assert account.calls == []


@kinds
def test_an_encrypted_snapshot_is_not_applicable(account: Account, kind: Kind) -> None:
    setattr(kind.stored(), kind.encrypted, True)
    decision = plan(SNAPSHOT, account, kind.resource, POLICIES)
    assert decision.outcome is Outcome.NOT_APPLICABLE
    assert "encrypted" in decision.reason


@kinds
@pytest.mark.parametrize("status", ["creating", "copying", "modifying", "deleting"])
def test_a_status_that_passes_is_waited_for(account: Account, kind: Kind, status: str) -> None:
    kind.share(account, "all")
    kind.stored().status = status
    busy = SNAPSHOT.busy(observe(SNAPSHOT, account, kind.resource, POLICIES))
    assert busy == f"The snapshot's status is {status}."
    kind.stored().status = "available"
    assert SNAPSHOT.busy(observe(SNAPSHOT, account, kind.resource, POLICIES)) is None
    assert plan(SNAPSHOT, account, kind.resource, POLICIES).apply


@kinds
@pytest.mark.parametrize("status", ["failed", "incompatible-restore"])
def test_a_public_snapshot_in_a_status_that_stays_is_reported(
    account: Account, kind: Kind, status: str
) -> None:
    kind.share(account, "all")
    kind.stored().status = status
    decision = plan(SNAPSHOT, account, kind.resource, POLICIES)
    assert SNAPSHOT.busy(observe(SNAPSHOT, account, kind.resource, POLICIES)) is None
    assert [verdict.status for verdict in decision.verdicts] == [Status.HELD]
    assert status in decision.reason
    assert not decision.apply


@pytest.mark.parametrize(
    ("kind", "code", "error"),
    [
        (DATABASE, "InvalidDBSnapshotState", NotReady),
        (DATABASE, "DBSnapshotNotFound", ResourceGone),
        (CLUSTER, "InvalidDBClusterSnapshotStateFault", NotReady),
        (CLUSTER, "DBClusterSnapshotNotFoundFault", ResourceGone),
    ],
)
def test_a_refusal_says_whether_to_try_again(
    account: Account, kind: Kind, code: str, error: type[Exception]
) -> None:
    kind.share(account, "all")
    decision = plan(SNAPSHOT, account, kind.resource, POLICIES)
    with Stubber(account.client("rds")) as stubber:
        stubber.add_client_error(f"modify_{kind.method}_attribute", code)
        with pytest.raises(error), named_errors(gone=SNAPSHOT.gone, busy=SNAPSHOT.busy_errors):
            SNAPSHOT.apply(account.client, kind.resource, decision.calls[0], decision.changes)


@kinds
def test_a_snapshot_that_does_not_exist_is_gone(account: Account, kind: Kind) -> None:
    missing = Resource(**PLACE.model_dump(), id=f"{kind.kind}:missing")
    with pytest.raises(ResourceGone), named_errors(gone=SNAPSHOT.gone):
        plan(SNAPSHOT, account, missing, POLICIES)


@kinds
def test_only_what_the_policy_reads_is_observed(account: Account, kind: Kind) -> None:
    assert observe(SNAPSHOT, account, kind.resource, POLICIES) == {
        "SnapshotType": "manual",
        "Status": "available",
        "Encrypted": False,
        "restore": [],
    }


def test_manual_snapshots_of_both_kinds_are_listed(account: Account) -> None:
    account.client("rds").create_db_snapshot(DBSnapshotIdentifier="more", DBInstanceIdentifier="source")
    rds_backends[OWNER]["us-east-1"].database_snapshots["more"].snapshot_type = "automated"
    assert list(SNAPSHOT.find(account.client, PLACE)) == ["snapshot:orders", "cluster-snapshot:orders"]


def test_a_page_of_the_list_is_read_when_it_is_needed(account: Account) -> None:
    rds = account.client("rds")
    with Stubber(rds) as stubber:
        manual = {"SnapshotType": "manual", "MaxRecords": 100}
        one, two = ({"DBSnapshots": [{"DBSnapshotIdentifier": name}]} for name in ("one", "two"))
        stubber.add_response("describe_db_snapshots", {**one, "Marker": "more"}, manual)
        listing = iter(SNAPSHOT.find(account.client, PLACE))
        assert next(listing) == "snapshot:one"
        stubber.add_response("describe_db_snapshots", two, {**manual, "Marker": "more"})
        stubber.add_response(
            "describe_db_cluster_snapshots",
            {"DBClusterSnapshots": [{"DBClusterSnapshotIdentifier": "one"}]},
            manual,
        )
        assert list(listing) == ["snapshot:two", "cluster-snapshot:one"]


# --- What snapshots are called ---


def test_an_event_about_a_snapshot_of_a_cluster_says_so() -> None:
    named = {}
    for event in events.shipped()["rds-snapshot"]:
        [rule] = matching(event)
        place = Place(account=event["account"], region=event["region"])
        started = rule.start(event).resource
        named[event["detail"]["eventName"]] = identify(SNAPSHOT, place, str(started)).id
    assert named == {
        "ModifyDBSnapshotAttribute": "snapshot:before-upgrade",
        "ModifyDBClusterSnapshotAttribute": "cluster-snapshot:before-upgrade",
    }


@kinds
def test_an_arn_that_an_event_has_for_the_name_is_understood(kind: Kind) -> None:
    arn = SNAPSHOT.arn_of(kind.resource)
    assert identify(SNAPSHOT, PLACE, arn) == kind.resource
    assert identify(SNAPSHOT, PLACE, f"{kind.kind}:{arn}") == kind.resource


@pytest.mark.parametrize(
    ("arn", "is_one"),
    [
        ("snapshot:orders", True),
        ("cluster-snapshot:orders", True),
        ("snapshot:rds:orders-2026-11-23-04-12", True),
        ("db:orders", False),
        ("cluster:orders", False),
        ("pg:orders", False),
    ],
)
def test_an_arn_of_something_else_of_rds_is_not_one_of_a_snapshot(arn: str, is_one: bool) -> None:
    assert is_arn_of(SNAPSHOT, f"arn:aws:rds:us-east-1:{OWNER}:{arn}") is is_one
