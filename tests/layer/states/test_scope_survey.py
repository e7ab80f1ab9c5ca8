"""The survey of an account and region: what it starts, what it keeps, and how it goes on."""

import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from moto import mock_aws

from rightstate import storage
from rightstate.accounts import settings
from rightstate.aws import sessions
from rightstate.executions import step
from rightstate.models.backfill import (
    Found,
    PlaceTypes,
    Scope,
    StoredObject,
    SurveyTask,
    TypeLeft,
    Work,
)
from rightstate.models.settings import Account, Enabled
from rightstate.models.start import Execution
from rightstate.policy import Mode
from rightstate.states import scope_survey
from rightstate.states.scope_survey import survey_scope
from rightstate.storage.tables import GUARDS, LEDGER, SETTINGS
from rightstate.surveying import looks
from tests.layer.storage.conftest import created

ACCOUNT, HERE, ELSEWHERE = "123456789012", "eu-west-1", "eu-central-1"
ARN = f"arn:aws:states:{HERE}:{ACCOUNT}:execution:rightstate-backfill"
QUEUES, TABLES = "sqs-server-side-encryption", "dynamodb-point-in-time-recovery"
TIMES = (datetime(2020, 1, 1, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC))
WORK = Work(
    batch="b",
    scopes=StoredObject(bucket="work", key="batches/b/scopes.json"),
    policies=None,
    mode=None,
    reason="CHG-1",
    sweep=True,
    concurrency=5,
    not_before="1970-01-01T00:00:00Z",
    until="9999-12-31T23:59:59Z",
)


@pytest.fixture(autouse=True)
def hub() -> Iterator[None]:
    environment = {
        "AWS_DEFAULT_REGION": HERE,
        "AWS_REGION": HERE,
        "SETTINGS_TABLE": "settings",
        "LEDGER_TABLE": "ledger",
        "GUARDS_TABLE": "guards",
        "LEDGER_DAYS": "400",
        "EXEMPTION_DAYS": "90",
        "WORK_BUCKET": "work",
        "POWERTOOLS_METRICS_NAMESPACE": "Rightstate",
        "POWERTOOLS_SERVICE_NAME": "rightstate",
    }
    with mock_aws(), patch.dict(os.environ, environment), sessions.hub_kept_apart(boto3.Session):
        boto3.client("s3").create_bucket(
            Bucket="work", CreateBucketConfiguration={"LocationConstraint": HERE}
        )
        for spec in (SETTINGS, LEDGER, GUARDS):
            created(spec)
        enable()
        yield


def enable(mode: Mode = Mode.AUTO, *policies: str) -> None:
    enabled = {policy: Enabled(mode=mode) for policy in policies or (QUEUES,)}
    storage.settings().put(settings.as_item(Account(account=ACCOUNT, policies=enabled)))


def make_queues(count: int, encrypted: bool = False) -> list[str]:
    names = [f"queue-{number:05}" for number in range(count)]
    for name in names:
        given = {"SqsManagedSseEnabled": "true" if encrypted else "false"}
        boto3.client("sqs").create_queue(QueueName=name, Attributes=given)
    return names


def encrypt(name: str) -> None:
    url = boto3.client("sqs").get_queue_url(QueueName=name)["QueueUrl"]
    boto3.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"SqsManagedSseEnabled": "true"})


def task(
    found: Found | None = None,
    types: tuple[str, ...] = ("sqs-queue",),
    regions: tuple[str, ...] = (HERE,),
    **work: Any,
) -> SurveyTask:
    execution = Execution(
        id=f"{ARN}/Scopes:n",
        name="n",
        started=work.pop("started", "2030-01-01T00:00:00.000Z"),
        state_machine=ARN,
    )
    scope = Scope(account=ACCOUNT, places=[{"region": region, "types": types} for region in regions])
    return SurveyTask(execution=execution, scope=scope, work=WORK.model_copy(update=work), found=found)


def items(found: Found) -> list[dict[str, Any]]:
    return [
        item for each in found.services for item in json.loads(storage.objects().get(each.items.key) or b"")
    ]


def started(found: Found) -> list[str]:
    return [each["input"]["resource"] for each in items(found)]


def seen() -> dict[str, str]:
    return {line.resource: line.status for _, _, line in looks.deployed().latest(ACCOUNT)}


class Clock:
    """Lambda's context of an invocation with room for so many pages."""

    def __init__(self, pages: int) -> None:
        self.left = pages

    def get_remaining_time_in_millis(self) -> int:
        self.left -= 1
        return 900_000 if self.left >= 0 else 1000


# --- What is started ---


def test_an_execution_is_to_be_started_for_what_is_broken_and_all_are_in_the_look() -> None:
    names = make_queues(5)
    for name in names[1:]:
        encrypt(name)
    found = survey_scope(task())
    assert (started(found), found.more, found.failed) == (names[:1], False, False)
    [item] = items(found)
    assert item["input"] == {
        "account": ACCOUNT,
        "region": HERE,
        "resource": names[0],
        "reason": "CHG-1",
        "sweep": True,
        "batch": "b",
    }
    assert seen() == {names[0]: "broken", **dict.fromkeys(names[1:], "compliant")}
    [counts] = looks.deployed().counts(ACCOUNT, *TIMES)
    assert (counts.resources, counts.statuses) == (5, {"broken": 1, "compliant": 4})
    assert counts.policies == {QUEUES: {"broken": 1, "compliant": 4}}
    assert (counts.by, counts.in_batch) == (f"{ARN}/Scopes:n", "b")


def test_where_all_is_well_nothing_is_to_be_started() -> None:
    make_queues(3, encrypted=True)
    assert survey_scope(task()).services == ()


def test_what_cannot_be_read_is_to_be_started_since_an_execution_says_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = make_queues(3, encrypted=True)
    refuse(monkeypatch, "GetQueueAttributes", "AccessDenied", names[1])
    found = survey_scope(task())
    assert started(found) == [names[1]]
    assert seen()[names[1]] == "unreadable"


def test_what_is_to_be_approved_is_to_be_started() -> None:
    enable(Mode.APPROVE)
    assert started(survey_scope(task())) == []
    names = make_queues(1)
    for _ in range(2):
        assert started(survey_scope(task())) == names


def test_a_scope_that_comes_with_its_items_is_not_looked_at() -> None:
    where = StoredObject(bucket="work", key="batches/b/x.json")
    place = PlaceTypes(region=HERE, types=("sqs-queue",))
    scope = Scope(account=ACCOUNT, places=(place,), service="sqs", items=where, count=2)
    found = survey_scope(task().model_copy(update={"scope": scope}))
    assert [(each.service, each.items, each.count) for each in found.services] == [("sqs", where, 2)]
    assert not found.more and seen() == {}


def test_the_regions_of_a_scope_are_surveyed_each_for_itself() -> None:
    make_queues(2)
    sqs = boto3.client("sqs", region_name=ELSEWHERE)
    sqs.create_queue(QueueName="queue-00000", Attributes={"SqsManagedSseEnabled": "false"})
    found = survey_scope(task(regions=(HERE, ELSEWHERE)))
    assert [(each.region, each.service, each.count) for each in found.services] == [
        (ELSEWHERE, "sqs", 1),
        (HERE, "sqs", 2),
    ]
    assert len({each["name"] for each in items(found)}) == 3
    counted = looks.deployed().counts(ACCOUNT, *TIMES)
    assert {(each.region, each.resources) for each in counted} == {(HERE, 2), (ELSEWHERE, 1)}
    for region, services in ((HERE, ["sqs"]), (ELSEWHERE, ["sqs"])):
        index = storage.objects().get(f"batches/b/{ACCOUNT}-{region}.json")
        assert json.loads(index or b"") == {"services": services, "unlisted": []}


def test_a_scope_that_an_earlier_version_wrote_is_read() -> None:
    written = {"account": ACCOUNT, "region": HERE, "types": ["sqs-queue"], "service": "sqs", "count": 2}
    assert Scope.model_validate(written) == Scope(
        account=ACCOUNT, places=({"region": HERE, "types": ("sqs-queue",)},), service="sqs", count=2
    )


# --- What is only reported ---


def test_a_sweep_starts_what_is_reported_once_and_again_when_it_has_changed() -> None:
    enable(Mode.REPORT)
    names = make_queues(2)
    assert started(survey_scope(task())) == names
    assert started(survey_scope(task(batch="c"))) == []
    encrypt(names[0])
    assert started(survey_scope(task(batch="d"))) == []
    url = boto3.client("sqs").get_queue_url(QueueName=names[0])["QueueUrl"]
    boto3.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"SqsManagedSseEnabled": "false"})
    assert started(survey_scope(task(batch="e"))) == names[:1]


def test_a_survey_that_is_tried_again_starts_what_it_has_not_told_yet() -> None:
    """The function may be killed after it has written the look."""
    enable(Mode.REPORT)
    names = make_queues(2)
    for _ in range(2):
        assert started(survey_scope(task(started="2020-01-01T00:00:00.000Z"))) == names


def test_a_sweep_that_sees_the_same_as_the_one_before_writes_only_counts() -> None:
    make_queues(2, encrypted=True)
    written = []
    for batch in ("b", "c"):
        survey_scope(task(batch=batch))
        written.append(list(looks.deployed().latest(ACCOUNT)))
    assert written[0] == written[1]
    assert [bool(each.read_again_at) for each in looks.deployed().counts(ACCOUNT, *TIMES)] == [False, True]


def test_a_backfill_by_hand_reports_everything_each_time() -> None:
    enable(Mode.REPORT)
    names = make_queues(2)
    for _ in range(2):
        assert started(survey_scope(task(sweep=False))) == names


def test_a_backfill_of_some_policies_is_no_look_to_keep() -> None:
    make_queues(1)
    assert survey_scope(task(policies=(QUEUES,))).services
    assert seen() == {}
    assert list(looks.deployed().counts(ACCOUNT, *TIMES)) == []


# --- Rounds ---


def test_a_scope_of_any_size_ends_and_is_as_if_it_had_been_surveyed_at_once() -> None:
    names = make_queues(450)
    enable(Mode.AUTO, QUEUES, TABLES)
    whole = survey_scope(task(types=("sqs-queue", "dynamodb-table")))
    at_once, before = items(whole), seen()
    for pages in (2, 3, 5):
        found, rounds = None, 0
        while found is None or found.more:
            token = step._invocation.set(Clock(pages))
            found = survey_scope(task(found, ("sqs-queue", "dynamodb-table"), batch=f"rounds-{pages}"))
            step._invocation.reset(token)
            found = Found.model_validate_json(found.model_dump_json())
            rounds += 1
            assert len(found.model_dump_json()) < 4000
        assert rounds > 1
        assert started(found) == [each["input"]["resource"] for each in at_once]
        assert sorted(started(found)) == sorted([*names, "guards", "ledger", "settings"])
        assert seen() == before
        assert len({each["name"] for each in items(found)}) == len(names) + 3


def test_a_round_that_is_tried_again_starts_and_counts_nothing_twice() -> None:
    make_queues(250)
    found: Found | None = None
    while found is None or found.more:
        answers = []
        for _ in range(2):
            token = step._invocation.set(Clock(2))
            answers.append(survey_scope(task(found, batch="twice")))
            step._invocation.reset(token)
        assert answers[0] == answers[1]
        found = answers[1]
    assert len({each["name"] for each in items(found)}) == len(items(found)) == 250
    assert {counts.resources for counts in looks.deployed().counts(ACCOUNT, *TIMES)} == {250}


def test_a_second_run_of_a_batch_keeps_what_the_first_has_found() -> None:
    names = make_queues(3)
    assert started(survey_scope(task())) == names
    encrypt(names[0])
    assert sorted(started(survey_scope(task()))) == names
    for name in names:
        encrypt(name)
    assert sorted(started(survey_scope(task()))) == names


# --- Trouble ---


def test_a_type_that_cannot_be_listed_is_named_and_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    names = make_queues(1)
    enable(Mode.AUTO, QUEUES, TABLES)
    refuse(monkeypatch, "ListTables", "AccessDeniedException")
    found = survey_scope(task(types=("dynamodb-table", "sqs-queue")))
    assert (started(found), found.failed, found.more) == (names, True, False)
    [unlisted] = found.unlisted
    assert (unlisted.resource_type, unlisted.service) == ("dynamodb-table", "dynamodb")
    assert unlisted.failure["Error"] == "Denied"
    assert [counts.resource_type for counts in looks.deployed().counts(ACCOUNT, *TIMES)] == ["sqs-queue"]


def test_a_throttled_list_is_tried_again_later_and_given_up_at_last(monkeypatch: pytest.MonkeyPatch) -> None:
    names = make_queues(1)
    enable(Mode.AUTO, QUEUES, TABLES)
    refuse(monkeypatch, "ListTables", "ThrottlingException")
    found: Found | None = None
    for tries in range(1, scope_survey.TRIES):
        found = survey_scope(task(found, ("dynamodb-table", "sqs-queue")))
        assert (found.more, found.throttled) == (True, True)
        assert found.left == (TypeLeft(region=HERE, resource_type="dynamodb-table", tries=tries),)
    found = survey_scope(task(found))
    assert (found.more, found.throttled, found.failed) == (False, False, True)
    assert started(found) == names


def refuse(monkeypatch: pytest.MonkeyPatch, operation: str, code: str, about: str = "") -> None:
    """Have AWS refuse the call, where it is about that."""
    call: Callable[..., Any] = BaseClient._make_api_call

    def refused(self: Any, name: str, given: Any) -> Any:
        if name == operation and about in str(given):
            raise ClientError({"Error": {"Code": code, "Message": "planted"}}, name)
        return call(self, name, given)

    monkeypatch.setattr(BaseClient, "_make_api_call", refused)
