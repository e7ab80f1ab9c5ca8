"""A function that Lambda kills at any point: what becomes of the resource, ledger, breaker and undo.

The execution makes two changes of a bucket with two calls. docs/history.md has the same table in words.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from rightstate.guarding import guards
from rightstate.states import death
from rightstate_cli.embedded.engine import Engine
from rightstate_cli.executions.executions import Start
from tests.support import dynamodb_engine
from tests.support.entries import entries_about
from tests.support.killing import killed
from tests.support.member import ACCOUNT, REGION, broken, enable, session, start_input
from tests.support.undoing import exempt, undo

FIRST, SECOND = "s3-block-public-access", "s3-versioning"
TYPE = "s3-bucket"
PUBLIC, VERSIONING = "PutPublicAccessBlock", "PutBucketVersioning"
ALL = [PUBLIC, VERSIONING]
EVERY_TRY = 9
BLOCKED = {"BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"}
WRITES = {PUBLIC: BLOCKED, VERSIONING: {"Versioning"}}

DONE = ("remediated", ALL, ALL)
NOTHING = ("failed", [], [])

KILLS: list[tuple[str, str, str, int, tuple[str, list[str], list[str]]]] = [
    # Killed once, each function is tried again, and everything is as if nothing had been.
    *(
        (function, when, operation, 1, DONE)
        for function, operations in {
            "describe": ["GetBucketVersioning"],
            "apply": ["UpdateItem", "GetItem", PUBLIC, VERSIONING],
            "verify": ["GetPublicAccessBlock", "GetBucketVersioning"],
            "record": ["UpdateItem", "PutItem", "Publish", "PutEvents"],
        }.items()
        for operation in operations
        for when in ("before", "after")
    ),
    # Killed in every try.
    ("describe", "before", "GetBucketVersioning", EVERY_TRY, NOTHING),
    ("apply", "before", "UpdateItem", EVERY_TRY, NOTHING),
    ("apply", "after", "UpdateItem", EVERY_TRY, NOTHING),
    ("apply", "before", "GetItem", EVERY_TRY, NOTHING),
    ("apply", "after", "GetItem", EVERY_TRY, NOTHING),
    ("apply", "before", PUBLIC, EVERY_TRY, NOTHING),
    # The next try finds the change made, and goes on.
    ("apply", "after", PUBLIC, EVERY_TRY, DONE),
    ("apply", "before", VERSIONING, EVERY_TRY, ("failed", [PUBLIC], [PUBLIC])),
    ("apply", "after", VERSIONING, EVERY_TRY, DONE),
    # Read back is the same function, so that nothing is verified.
    ("verify", "before", "GetPublicAccessBlock", EVERY_TRY, ("failed", ALL, [])),
    ("verify", "after", "GetBucketVersioning", EVERY_TRY, ("failed", ALL, [])),
    # Only Verify's three tries: Read back finds everything.
    ("verify", "before", "GetPublicAccessBlock", 3, DONE),
    # Not recorded, so that the record of its death goes by what was noted.
    ("record", "before", "UpdateItem", EVERY_TRY, ("died", ALL, [])),
    ("record", "after", "UpdateItem", EVERY_TRY, DONE),
    ("record", "before", "PutItem", EVERY_TRY, ("died", ALL, [])),
    ("record", "after", "PutItem", EVERY_TRY, DONE),
]


@pytest.fixture(scope="module")
def hub() -> Iterator[Engine]:
    with dynamodb_engine.running() as engine:
        yield engine


def bucket_to_mend() -> str:
    bucket = broken(FIRST)
    s3 = session().client("s3")
    s3.delete_public_access_block(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    return bucket


def state_of(bucket: str) -> list[str]:
    """The calls whose changes the bucket shows."""
    s3 = session().client("s3")
    try:
        blocked = set(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values())
    except s3.exceptions.ClientError:
        blocked = {False}
    versioned = s3.get_bucket_versioning(Bucket=bucket).get("Status") == "Enabled"
    return [*([PUBLIC] if blocked == {True} else []), *([VERSIONING] if versioned else [])]


def entry_about(hub: Engine, bucket: str) -> dict[str, Any] | None:
    name = f"{ACCOUNT}/{REGION}/{TYPE}/{bucket}"
    [entry] = entries_about(hub, name) or [None]
    return entry


def ended(arn: str, given: dict[str, Any]) -> dict[str, Any]:
    """The event of an execution that has failed with NotRecorded, as far as it is read."""
    detail = {
        "executionArn": arn,
        "stateMachineArn": arn.rpartition(":")[0].replace(":execution:", ":stateMachine:"),
        "status": "FAILED",
        "startDate": 1795424525123,
        "stopDate": 1795424526123,
        "input": json.dumps(given),
        "error": "NotRecorded",
    }
    return {"detail": detail}


@pytest.mark.parametrize(
    ("function", "when", "operation", "times", "expected"),
    KILLS,
    ids=lambda given: "" if isinstance(given, tuple) else str(given),
)
def test_wherever_a_function_is_killed_what_it_wrote_is_recorded_counted_and_undone(
    hub: Engine,
    function: str,
    when: str,
    operation: str,
    times: int,
    expected: tuple[str, list[str], list[str]],
) -> None:
    outcome, calls, verified = expected
    enable(hub, FIRST, SECOND)
    bucket = bucket_to_mend()
    given = start_input(bucket)
    with killed(function, when, operation, times) as kills:
        [execution] = hub.run([Start(resource_type=TYPE, input=given)])
    assert kills
    entry = entry_about(hub, bucket)
    assert (entry is None) == (outcome == "died")
    if entry is None:
        assert (execution.status, execution.steps[-1].state) == ("FAILED", "Not recorded")
        # EventBridge may deliver the event twice.
        for _ in range(2):
            death.record_death(ended(execution.arn, given))
        entry = entry_about(hub, bucket)
        assert entry is not None
    # What is there, and what the ledger says of it.
    assert state_of(bucket) == calls
    assert (entry["outcome"], entry["calls"]) == (outcome, calls)
    settings = {setting for call in calls for setting in WRITES[call]}
    assert {change["setting"] for change in entry["changes"]} == settings
    assert set(entry["verified"]) == {setting for call in verified for setting in WRITES[call]}
    before = {change["setting"]: change["before"] for change in entry["changes"]}
    assert before == {setting: "Suspended" if setting == "Versioning" else None for setting in settings}
    # What the breaker counts.
    guard = guards.read(f"{ACCOUNT}/{REGION}/{TYPE}/{bucket}")
    counted = {policy: len(times) for policy, times in guard.applies.items()}
    changed_by = {PUBLIC: FIRST, VERSIONING: SECOND}
    assert counted == {changed_by[call]: 1 for call in calls}
    # What an undo does.
    exempt(hub, TYPE, bucket, FIRST, SECOND)
    undone = undo(hub, TYPE, bucket, entry["execution"])
    assert undone.outcome == ("undone" if calls else "failed"), undone.reason
    assert state_of(bucket) == []
