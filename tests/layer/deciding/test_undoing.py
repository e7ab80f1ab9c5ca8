"""What is decided about taking changes back."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rightstate.accounts import exemptions
from rightstate.catalogue import load, load_all, names
from rightstate.deciding import undoing
from rightstate.errors import Interrupted, InvalidInput, NotVerified
from rightstate.models.decision import Decision, Outcome, Undo
from rightstate.models.settings import Exemption
from rightstate.resource_type import Change, Resource, ResourceType
from rightstate.wants import Lacks, Restored, Value, same
from tests.support.recorded import made

EXECUTION = "arn:aws:states:us-east-1:111122223333:execution:rightstate-sqs-queue:e-1"
RESOURCE = Resource(account="111122223333", region="us-east-1", id="snapshot:orders")


def undo_of(*changes: Change, consent: bool = True, **more: Any) -> Undo:
    return Undo(execution=EXECUTION, changes=changes, consent=consent, **more)


@st.composite
def executions(draw: st.DrawFn) -> tuple[ResourceType, Resource, tuple[Change, ...]]:
    """Some of the changes that a type's example gets, as of an execution with fewer policies enabled."""
    resource_type = load(draw(st.sampled_from(names())))
    recorded = made(resource_type.name)
    resources = list(recorded.applied)
    index = draw(st.integers(0, len(resources) - 1))
    changes = recorded.decisions[index].changes
    chosen = draw(st.lists(st.sampled_from(changes), min_size=1, unique_by=lambda each: each.setting))
    return resource_type, resources[index], tuple(chosen)


def facts_of(resource_type: ResourceType) -> dict[str, Value]:
    """So that nothing is busy, held or in another's way."""
    usual: dict[str, Value] = {
        "DBInstanceStatus": "available",
        "Status": "available",
        "ClusterStatus": "available",
        "StreamStatus": "ACTIVE",
        "TableStatus": "ACTIVE",
        "QueueUrl": "https://sqs.example/orders",
        "MinCapacity": "0",
        "MaxCapacity": "16",
        "DBParameterGroups": ["orders"],
        "PendingModifiedValues": [],
        "PendingInNodes": [],
        "CacheStatus": "AVAILABLE",
        "MultiAZ": "disabled",
        "Recorder": "default",
        "Channel": "default",
        "FlowLogId": "fl-1",
        "Exists": True,
        "Home": "here",
        "BlockPublicAcls": False,
    }
    return {
        name: usual[name]
        for name in (*resource_type.facts, *resource_type.restore_reads)
        if name in usual and not (resource_type.name == "kms-key" and name == "Status")
    }


@given(executions(), st.data())
def test_nothing_is_written_that_the_execution_had_not_changed_and_nothing_that_was_changed_since(
    execution: tuple[ResourceType, Resource, tuple[Change, ...]], data: st.DataObject
) -> None:
    resource_type, resource, changes = execution
    observed = {**facts_of(resource_type), **{each.setting: each.after for each in changes}}
    other = data.draw(st.lists(st.sampled_from(changes), unique_by=lambda each: each.setting))
    before = {
        each.setting: resource_type.nearest.get(each.setting) if each.before is None else each.before
        for each in changes
    }
    # What AWS does not allow to be unset again may be set to what it is restored to.
    restored = {each.setting for each in changes if not same(before[each.setting], each.after)}
    since = {each.setting: before[each.setting] for each in other if each.setting in restored}
    decision = undoing.decide(resource_type, resource, undo_of(*changes), {**observed, **since})
    if since.keys() == restored:
        assert (decision.apply, decision.calls, decision.changes) == (False, (), ())
        assert "is already as it was" in decision.reason
        return
    if since:
        assert (decision.apply, decision.calls, decision.changes) == (False, (), ())
        assert all(f"{setting} was" in decision.reason for setting in since)
        return
    if decision.outcome is Outcome.UNDO_REFUSED:
        # Public grants, while a block is on that is none of the execution's.
        assert (resource_type.name, decision.calls) == ("s3-bucket", ())
        return
    ours = {each.setting for each in changes}
    assert {each.setting for each in decision.changes} == ours
    assert {setting for call in decision.calls for setting in call.settings} == ours
    for each, back in zip(changes, decision.changes, strict=True):
        assert (back.before, back.after) == (each.after, before[each.setting])
        assert (back.policies, back.want) == (each.policies, Restored(value=before[each.setting]))


def shared(before: list[str], after: list[str]) -> Change:
    want = Lacks(items=("all",))
    return Change(
        setting="restore", before=before, after=after, want=want, policies=("rds-snapshot-not-public",)
    )


SNAPSHOT: Mapping[str, Value] = {"SnapshotType": "manual", "Status": "available"}


def decided(undo: Undo, now: Value) -> Decision:
    return undoing.decide(load("rds-snapshot"), RESOURCE, undo, {**SNAPSHOT, "restore": now})


def test_lists_are_sets() -> None:
    undo = undo_of(shared(["all", "1", "2"], ["1", "2"]))
    assert decided(undo, ["2", "1"]).apply
    refused = decided(undo, ["1", "2", "3"])
    assert refused.outcome is Outcome.UNDO_REFUSED
    assert "restore was all, 1, 2, was set to 1, 2 and is now 1, 2, 3" in refused.reason


def test_what_aws_shows_otherwise_than_it_was_written_is_as_it_was_set() -> None:
    kinesis = load("kinesis-stream")
    change = Change(
        setting="Encryption",
        before="none",
        after="alias/aws/kinesis",
        want=Restored(value="alias/aws/kinesis"),
        policies=("kinesis-server-side-encryption",),
    )
    key = "arn:aws:kms:us-east-1:111122223333:key/1"
    observed: dict[str, Value] = {"StreamStatus": "ACTIVE", "Encryption": key}
    assert undoing.decide(kinesis, RESOURCE, undo_of(change, seen={"Encryption": key}), observed).apply
    assert not undoing.decide(kinesis, RESOURCE, undo_of(change), observed).apply


def test_while_a_change_would_be_held_nothing_is_restored() -> None:
    refused = undoing.decide(
        load("rds-snapshot"),
        RESOURCE,
        undo_of(shared(["all"], [])),
        {"SnapshotType": "manual", "Status": "failed", "restore": []},
    )
    assert refused.outcome is Outcome.UNDO_REFUSED
    assert "status is failed" in refused.reason


def test_decided_again_only_what_is_left_is_done_and_nothing_over_a_third_value() -> None:
    snapshot = load("rds-snapshot")
    undo = undo_of(shared(["all", "1"], ["1"]))

    def again(now: list[str]) -> Decision:
        return undoing.decide_again(snapshot, RESOURCE, undo, {**SNAPSHOT, "restore": now})

    assert len(again(["1"]).calls) == 1
    assert again(["1", "all"]).calls == ()
    with pytest.raises(NotVerified, match="restore was all, 1, was set to 1 and is now 7"):
        again(["7"])


def test_decided_again_nothing_is_written_along_with_what_has_come_to_be_pending() -> None:
    """ApplyImmediately would make those changes now, and may restart the database (RDS API reference)."""
    rds = load("rds-instance")
    change = Change(
        setting="DeletionProtection",
        before=False,
        after=True,
        want=Restored(value=True),
        policies=("rds-mysql-deletion-protection",),
    )
    observed: dict[str, Value] = {
        "DBInstanceStatus": "available",
        "Engine": "mysql",
        "DeletionProtection": True,
    }
    undo = undo_of(change)
    assert undoing.decide_again(rds, RESOURCE, undo, {**observed, "PendingModifiedValues": []}).calls
    with pytest.raises(Interrupted, match="Not restored: DeletionProtection"):
        undoing.decide_again(rds, RESOURCE, undo, {**observed, "PendingModifiedValues": ["DBInstanceClass"]})


# --- The ledger's entry ---


def item(**fields: Any) -> dict[str, Any]:
    change = {
        "setting": "restore",
        "before": ["all"],
        "after": [],
        "want": {"kind": "lacks", "items": ["all"]},
        "policies": ["rds-snapshot-not-public"],
    }
    return {"resource": "1/r/rds-snapshot/x", "changes": [change], "outcome": "remediated", **fields}


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"outcome": "failed"}, "it failed, and which of its calls took effect is not known"),
        ({"outcome": "compliant", "changes": []}, "has changed nothing"),
        ({"outcome": "died", "changes": []}, "it died, and what it had changed"),
        ({"outcome": "undone"}, "it is an undo itself"),
        ({"settled_by": EXECUTION}, "has changed nothing"),
        ({"changes": [{"setting": "restore"}]}, "is not understood"),
    ],
)
def test_an_execution_that_has_changed_nothing_for_certain_is_refused(
    fields: dict[str, Any], why: str
) -> None:
    with pytest.raises(InvalidInput, match=why):
        undoing.entry(EXECUTION, item(**fields))


@pytest.mark.parametrize("fields", [{}, {"outcome": "failed", "calls": ["ModifyDBSnapshotAttribute"]}])
def test_what_was_remediated_or_made_and_not_verified_can_be_undone(fields: dict[str, Any]) -> None:
    [change] = undoing.entry(EXECUTION, item(**fields)).changes
    assert (change.before, change.after) == (["all"], [])


# --- Exemptions ---


NOW = "2026-11-25T08:00:00.000Z"


@pytest.mark.parametrize(
    ("fields", "covered"),
    [
        ({}, True),
        ({"policies": ("p", "q")}, True),
        ({"policies": ("q",)}, False),
        ({"resource": "eu-west-1/sqs-queue/x"}, True),
        ({"resource": "eu-west-1/sqs-queue/y"}, False),
        ({"tag": "team=payments"}, False),
        ({"until": "2026-11-25T08:00:00.001Z"}, True),
        ({"until": NOW}, False),
    ],
)
def test_an_exemption_covers_its_policies_of_its_resource_until_it_ends(
    fields: dict[str, Any], covered: bool
) -> None:
    exemption = Exemption.model_validate(
        {
            "id": "ex-0a1b2c3d",
            "reason": "r",
            "approver": "a",
            "created": "2026-11-24T08:00:00Z",
            "until": "2026-11-26T08:00:00Z",
            **fields,
        }
    )
    queue = Resource(account="111122223333", region="eu-west-1", id="x")
    assert exemptions.covers(exemption, "p", load("sqs-queue"), queue, NOW) is covered


def test_what_restoring_depends_on_is_among_a_types_settings() -> None:
    for each in load_all():
        beside = {name for kept in each.beside.values() for name in kept}
        assert {*each.beside, *beside, *each.restore_reads, *each.nearest} <= set(each.settings)
