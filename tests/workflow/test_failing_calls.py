"""What becomes of an execution when AWS refuses, throttles or does not answer."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from csv import DictReader
from io import StringIO
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest
from botocore.exceptions import EndpointConnectionError
from moto.kinesis.exceptions import ResourceInUseError
from moto.kinesis.models import KinesisBackend
from moto.rds.models import rds_backends

from rightstate.aws import sessions
from rightstate.guarding import guards
from rightstate.policy import Mode
from rightstate_cli.embedded.engine import Engine
from rightstate_cli.executions.executions import Execution, Start
from rightstate_cli.report.posture import State, effect, made
from rightstate_cli.report.record import as_record
from rightstate_cli.report.spreadsheet import Spreadsheet
from tests.support import dynamodb_engine
from tests.support.calls import Calls
from tests.support.entries import entry_of
from tests.support.member import ACCOUNT, REGION, broken, enable, session, start_input

SECRET = "planted-in-an-error-message"


class Answers:
    """Answers an operation in AWS's place, so many times, after botocore's own retries."""

    def __init__(self, operation: str, status: int, code: str, times: int) -> None:
        self.operation, self.status, self.code, self.left = operation, status, code, times

    def __call__(self, model: Any, request_signer: Any, **given: Any) -> tuple[Any, dict[str, Any]] | None:
        if self.left <= 0 or model.name != self.operation:
            return None
        self.left -= 1
        if self.status == 0:
            raise EndpointConnectionError(endpoint_url="https://aws.example")
        return _answer(self.status, {"Error": {"Code": self.code, "Message": SECRET}})


def _answer(status: int, parsed: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    metadata = {"ResponseMetadata": {"HTTPStatusCode": status, "RequestId": "r-1"}}
    return SimpleNamespace(status_code=status), {**parsed, **metadata}


@contextmanager
def answering(answers: Answers) -> Iterator[None]:
    make = sessions._client

    def with_answers(own: Any, service: str, **options: Any) -> Any:
        client = make(own, service, **options)
        client.meta.events.register("before-call", answers)
        return client

    with patch.object(sessions, "_client", with_answers):
        sessions._forget()
        yield
    sessions._forget()


@pytest.fixture(scope="module")
def hub() -> Iterator[Engine]:
    with dynamodb_engine.running() as engine:
        yield engine


def run(hub: Engine, resource: str, resource_type: str = "s3-bucket") -> Execution:
    [execution] = hub.run([Start(resource_type=resource_type, input=start_input(resource))])
    return execution


def versioning(bucket: str) -> str | None:
    return session().client("s3").get_bucket_versioning(Bucket=bucket).get("Status")  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("operation", "state"), [("GetBucketVersioning", "Describe"), ("PutBucketVersioning", "Apply")]
)
def test_a_denied_call_fails_says_which_and_repeats_nothing_of_awss_message(
    hub: Engine, operation: str, state: str
) -> None:
    enable(hub, "s3-versioning")
    bucket = broken("s3-versioning", f"denied-{state.lower()}")
    with answering(Answers(operation, 403, "AccessDenied", 1)):
        execution = run(hub, bucket)
    assert execution.status == "FAILED"
    assert operation in execution.reason
    assert "AccessDenied" in execution.reason
    assert SECRET not in execution.model_dump_json()
    # What may have been written is read back.
    after = ["Read back"] if state == "Apply" else []
    assert [step.state for step in execution.steps][-3 - len(after) : -1] == [
        state,
        *after,
        "Notify and record",
    ]
    assert versioning(bucket) is None


def test_a_denied_apply_names_what_was_changed_before_it(hub: Engine) -> None:
    enable(hub, "s3-versioning", "s3-block-public-access")
    bucket = broken("s3-versioning", "denied-halfway")
    with answering(Answers("PutBucketVersioning", 403, "AccessDenied", 1)):
        execution = run(hub, bucket)
    assert execution.status == "FAILED"
    assert "Changed before that: PutPublicAccessBlock." in execution.reason


def test_a_call_that_aws_has_refused_is_not_noted_as_made(hub: Engine) -> None:
    """So that Read back does not wait for it to show, and no record of a death claims it."""
    enable(hub, "s3-versioning", "s3-block-public-access")
    bucket = broken("s3-versioning", "refused-halfway")
    with answering(Answers("PutBucketVersioning", 403, "AccessDenied", 1)):
        execution = run(hub, bucket)
    intent = guards.read(f"{ACCOUNT}/{REGION}/s3-bucket/{bucket}").intent
    assert intent
    assert [call.operation for call in intent.calls] == ["PutPublicAccessBlock"]
    assert [step.state for step in execution.steps].count("Read back") == 1


def test_a_call_that_took_effect_and_was_not_answered_is_recorded(hub: Engine) -> None:
    enable(hub, "s3-versioning")
    bucket = broken("s3-versioning", "made-without-answer")

    class Made(Answers):
        """Makes the change, and answers with a fault."""

        def __call__(self, model: Any, **given: Any) -> tuple[Any, dict[str, Any]] | None:
            answer = super().__call__(model, **given)
            if answer:
                enabled = {"Status": "Enabled"}
                session().client("s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration=enabled)
            return answer

    with answering(Made("PutBucketVersioning", 500, "InternalError", 1)):
        execution = run(hub, bucket)
    assert execution.outcome == "remediated"
    entry = entry_of(hub, execution)
    assert [change["setting"] for change in entry["changes"]] == ["Versioning"]
    assert entry["calls"] == ["PutBucketVersioning"]


def test_what_a_try_has_changed_and_somebody_has_set_back_is_not_called_nothing(hub: Engine) -> None:
    enable(hub, "s3-versioning")
    bucket = broken("s3-versioning", "set-back-between-tries")

    class SetBack(Answers):
        """Makes the change and does not answer; then somebody sets it back, and switches the policy off."""

        def __call__(self, model: Any, **given: Any) -> tuple[Any, dict[str, Any]] | None:
            answer = super().__call__(model, **given)
            if answer:
                for status in ("Enabled", "Suspended"):
                    session().client("s3").put_bucket_versioning(
                        Bucket=bucket, VersioningConfiguration={"Status": status}
                    )
                enable(hub, "s3-versioning", mode=Mode.OFF)
            return answer

    with answering(SetBack("PutBucketVersioning", 500, "InternalError", 1)):
        execution = run(hub, bucket)
    assert execution.outcome == "off"
    assert execution.reason == (
        "Its policies were switched off while it waited. An earlier try may have changed Versioning, but a "
        "fresh read does not show it."
    )


def test_a_later_try_does_not_say_that_nothing_was_changed(hub: Engine) -> None:
    enable(hub, "s3-versioning", "s3-block-public-access")
    bucket = broken("s3-versioning", "tried-twice")
    throttled = Answers("PutBucketVersioning", 503, "SlowDown", 1_000)
    with answering(throttled):
        execution = run(hub, bucket)
    assert execution.status == "FAILED"
    assert "This try changed nothing. An earlier try may have." in execution.reason


def test_a_later_try_decides_again_and_leaves_what_has_become_stronger(hub: Engine) -> None:
    policy = "rds-mysql-backup-retention"
    enable(hub, policy)
    database = broken(policy)
    rds = session().client("rds")

    class Owner(Answers):
        """Refuses once because the owner is changing the database, to something stronger."""

        def __call__(self, model: Any, **given: Any) -> tuple[Any, dict[str, Any]] | None:
            answer = super().__call__(model, **given)
            if answer:
                rds.modify_db_instance(DBInstanceIdentifier=database, BackupRetentionPeriod=30)
            return answer

    with answering(Owner("ModifyDBInstance", 400, "InvalidDBInstanceState", 1)):
        execution = run(hub, database, "rds-instance")
    [found] = rds.describe_db_instances(DBInstanceIdentifier=database)["DBInstances"]
    assert found["BackupRetentionPeriod"] == 30
    # The one call of ours was refused: what the owner has made is not claimed.
    assert (execution.outcome, execution.operations) == ("compliant", ())


def test_what_is_pending_by_the_time_of_a_later_try_is_not_applied_along(hub: Engine) -> None:
    policy = "rds-mysql-deletion-protection"
    enable(hub, policy)
    name = broken(policy)
    database = rds_backends[ACCOUNT][REGION].databases[name]
    written: list[Any] = []

    class Owner(Answers):
        """Refuses once because the owner has begun a change, which then waits for two reads."""

        reads: Iterator[bool] = iter(())

        def __call__(self, model: Any, **given: Any) -> tuple[Any, dict[str, Any]] | None:
            answer = super().__call__(model, **given)
            if answer:
                database.pending_modified_values = {"DBInstanceClass": "db.m6g.8xlarge"}
                self.reads = iter([True, True])
            elif model.name == "ModifyDBInstance":
                written.append(getattr(database, "pending_modified_values", {}))
            elif (
                model.name == "DescribeDBInstances" and hasattr(self, "reads") and not next(self.reads, None)
            ):
                database.pending_modified_values = {}
            return answer

    with answering(Owner("ModifyDBInstance", 400, "InvalidDBInstanceState", 1)):
        execution = run(hub, name, "rds-instance")
    assert execution.outcome == "remediated"
    assert written == [{}]
    assert [step.errors for step in execution.steps if step.state == "Apply"] == [("NotReady",) * 3]


def test_a_refused_role_fails_and_nothing_is_read(hub: Engine, calls: Calls) -> None:
    enable(hub, "s3-versioning")
    with answering(Answers("AssumeRole", 403, "AccessDenied", 1)):
        execution = run(hub, "some-bucket")
    assert execution.status == "FAILED"
    assert execution.reason.startswith("RoleNotAssumed")
    assert set(calls.made) == {"sts:AssumeRole"}


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [(503, "SlowDown", "Throttled"), (500, "InternalError", "Unavailable"), (0, "", "Unavailable")],
)
@pytest.mark.parametrize(
    "operation",
    # In the member's account; then of the hub's settings, guard (twice) and ledger.
    ["GetBucketVersioning", "PutBucketVersioning", "AssumeRole", "GetItem", "Query", "UpdateItem", "PutItem"],
)
def test_throttling_faults_and_silence_are_tried_again_by_the_definition(
    hub: Engine, operation: str, status: int, code: str, error: str
) -> None:
    enable(hub, "s3-versioning")
    bucket = broken("s3-versioning", f"retried-{operation.lower()[:12]}-{status}")
    with answering(Answers(operation, status, code, 2)):
        execution = run(hub, bucket)
    assert (execution.status, execution.outcome) == ("SUCCEEDED", "remediated")
    assert [step.errors for step in execution.steps if step.errors] == [(error, error)]
    assert versioning(bucket) == "Enabled"


def test_a_resource_that_is_not_seen_yet_is_looked_for_again(hub: Engine) -> None:
    """The event of its creation may come before a read shows it (T14)."""
    enable(hub, "s3-versioning")
    bucket = broken("s3-versioning")
    with answering(Answers("GetBucketVersioning", 404, "NoSuchBucket", 2)):
        execution = run(hub, bucket)
    assert execution.outcome == "remediated"
    [described] = [step for step in execution.steps if step.state == "Describe"]
    assert described.errors == ("ResourceGone",) * 2


def test_endless_throttling_fails_in_the_end_and_changes_nothing(hub: Engine) -> None:
    enable(hub, "s3-versioning")
    bucket = broken("s3-versioning", "throttled-forever")
    with answering(Answers("PutBucketVersioning", 503, "SlowDown", 1_000)):
        execution = run(hub, bucket)
    assert (execution.status, execution.outcome) == ("FAILED", "failed")
    assert execution.reason.startswith("Throttled")
    assert versioning(bucket) is None


def test_a_bucket_that_another_call_is_changing_is_waited_for(hub: Engine) -> None:
    enable(hub, "s3-versioning")
    bucket = broken("s3-versioning", "conflicting")
    with answering(Answers("PutBucketVersioning", 409, "OperationAborted", 2)):
        execution = run(hub, bucket)
    assert execution.outcome == "remediated"
    assert [step.errors for step in execution.steps if step.state == "Apply"] == [("NotReady", "NotReady")]


def test_a_change_that_a_fresh_read_never_shows_fails_and_says_what_was_done(hub: Engine) -> None:
    enable(hub, "s3-versioning")
    bucket = broken("s3-versioning", "forgetful")
    with _without(hub, "PutBucketVersioning"):
        execution = run(hub, bucket)
    assert (execution.status, execution.outcome) == ("FAILED", "failed")
    assert execution.reason.startswith(
        "NotVerified: The change was made, but a fresh read does not show it: Versioning."
    )


def test_a_setting_that_a_fresh_read_never_shows_makes_no_other_unverified(hub: Engine) -> None:
    enable(hub, "s3-versioning", "s3-block-public-access")
    bucket = broken("s3-versioning", "forgets-one")
    with _without(hub, "PutBucketVersioning"):
        execution = run(hub, bucket)
    assert execution.outcome == "failed"
    [entry] = [each for each in hub.ledger() if each["resource"].endswith("/forgets-one")]
    assert "Made and verified: BlockPublicAcls: not set -> true; " in entry["reason"]
    assert "Made, but not verified: Versioning: not set -> Enabled." in entry["reason"]
    record = as_record(entry)
    assert {change.setting: made(record, change) for change in record.changes} == {
        **dict.fromkeys(
            ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), "yes"
        ),
        "Versioning": "unverified",
    }
    assert made(record) == "partly"
    states = dict(effect(record).states)
    assert states == {"s3-block-public-access": State.COMPLIANT, "s3-versioning": State.BROKEN}
    rows = StringIO()
    Spreadsheet(rows).add(record)
    verified = {row["setting"]: row["verified"] for row in DictReader(StringIO(rows.getvalue()))}
    assert {setting for setting, shown in verified.items() if shown == "no"} == {"Versioning"}
    [version] = [change for change in record.changes if change.setting == "Versioning"]
    assert (version.before, version.after) == (None, "Enabled")


def test_a_change_that_is_shown_late_is_verified_in_the_end(hub: Engine) -> None:
    enable(hub, "sqs-server-side-encryption")
    queue = broken("sqs-server-side-encryption", "late")
    stale = iter(["none", "none", "none"])
    from rightstate.resource_types import sqs_queue

    read = sqs_queue._encryption
    with patch.object(sqs_queue, "_encryption", lambda attributes: next(stale, None) or read(attributes)):
        execution = run(hub, queue, "sqs-queue")
    assert execution.outcome == "remediated"
    assert [step.errors for step in execution.steps if step.state == "Verify"] == [
        ("NotVerified", "NotVerified")
    ]


def test_an_error_of_ours_ends_recorded_and_names_only_its_class_and_place(hub: Engine) -> None:
    enable(hub, "sqs-server-side-encryption")
    queue = broken("sqs-server-side-encryption", "defective")
    from rightstate.resource_types import sqs_queue

    def defective(attributes: object) -> str:
        raise KeyError(SECRET)

    with patch.object(sqs_queue, "_encryption", defective):
        execution = run(hub, queue, "sqs-queue")
    assert execution.status == "FAILED"
    assert "KeyError at" in execution.reason
    assert SECRET not in execution.model_dump_json()


@contextmanager
def _without(hub: Engine, operation: str) -> Iterator[None]:
    """AWS takes the call, and does nothing."""

    def swallow(model: Any, **given: Any) -> tuple[Any, dict[str, Any]] | None:
        return _answer(200, {}) if model.name == operation else None

    make: Callable[..., Any] = sessions._client

    def swallowing(own: Any, service: str, **options: Any) -> Any:
        client = make(own, service, **options)
        client.meta.events.register("before-call", swallow)
        return client

    with patch.object(sessions, "_client", swallowing):
        sessions._forget()
        yield
    sessions._forget()


class Updating:
    """Kinesis as AWS has it: a change makes the stream busy for some reads, and a busy stream takes none."""

    def __init__(self, shown_at_once: bool) -> None:
        self.shown_at_once = shown_at_once
        self.taken: list[str] = []
        self._reads_left = 0
        self._pending: Callable[[], object] = lambda: None

    def changing(self, name: str) -> Callable[..., Any]:
        change = getattr(KinesisBackend, name)

        def changed(backend: KinesisBackend, **given: Any) -> Any:
            stream = backend.describe_stream(given["stream_arn"], given["stream_name"])
            if stream.status != "ACTIVE":
                raise ResourceInUseError("the stream is UPDATING")
            self.taken.append(name)
            stream.status, self._reads_left = "UPDATING", 4
            self._pending = lambda: change(backend, **given)
            if self.shown_at_once:
                self._pending()
            return ("", "", [], [])

        return changed

    def reading(self) -> Callable[..., Any]:
        read = KinesisBackend.describe_stream_summary

        def summary(backend: KinesisBackend, *given: Any) -> Any:
            stream = read(backend, *given)
            if stream.status == "UPDATING":
                self._reads_left -= 1
                if self._reads_left == 0:
                    self._pending()
                    stream.status = "ACTIVE"
            return stream

        return summary


@pytest.mark.parametrize("shown_at_once", [True, False])
def test_a_stream_that_the_first_change_keeps_busy_gets_each_change_once(
    hub: Engine, shown_at_once: bool
) -> None:
    enable(hub, "kinesis-server-side-encryption", "kinesis-shard-level-metrics")
    stream = broken("kinesis-server-side-encryption")
    updating = Updating(shown_at_once)
    changes = ("start_stream_encryption", "enable_enhanced_monitoring")
    with patch.multiple(
        KinesisBackend,
        describe_stream_summary=updating.reading(),
        **{name: updating.changing(name) for name in changes},
    ):
        execution = run(hub, stream, "kinesis-stream")
    assert execution.outcome == "remediated"
    waited = {step.state for step in execution.steps if "NotReady" in step.errors}
    assert waited == {"Apply", "Verify"}
    assert updating.taken == list(changes)
