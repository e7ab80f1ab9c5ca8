"""Which resources a backfill looks at, what it starts for each, and how it tells of the end."""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from rightstate import catalogue
from rightstate.accounts import settings
from rightstate.aws import sessions
from rightstate.errors import InvalidInput, SettingsUnreadable, UnknownAccount
from rightstate.models.backfill import BackfillTask, Scope, StoredObject, SummarizeTask, Summary, Work
from rightstate.models.settings import Account, Enabled
from rightstate.models.start import Execution, StartInput
from rightstate.policy import Mode
from rightstate.states import backfill
from rightstate.storage.dynamodb import serialized
from tests.support import endings
from tests.support.emitted import emitted
from tests.support.endings import Failed
from tests.types import expected

HUB, ONE, TWO = "123456789012", "111122223333", "444455556666"
HERE, THERE = "eu-west-1", "us-east-1"
WORK = "work"
VERSIONING, QUEUES, PASSWORDS = (
    "s3-versioning",
    "sqs-server-side-encryption",
    "iam-password-policy-min-length",
)
DATABASES, NEPTUNE = "rds-mysql-deletion-protection", "neptune-auto-minor-version-upgrade"
ARN = f"arn:aws:states:{HERE}:{HUB}:execution:rightstate-backfill"


@dataclass
class Hub:
    """The hub's tables and work bucket."""

    settings: Any
    ledger: Any

    def register(self, account: str, *policies: str, regions: tuple[str, ...] = ()) -> None:
        enabled = {
            policy: Enabled(mode=Mode.AUTO, parameters=catalogue.find_policy(policy)[1].examples)
            for policy in policies
        }
        written = Account(account=account, policies=enabled, regions=regions)
        boto3.client("dynamodb").put_item(TableName="settings", Item=serialized(settings.as_item(written)))

    def register_unreadable(self, account: str, policies: Any) -> None:
        """Settings as somebody may have written them by hand."""
        self.settings.put_item(Item={"account": account, "policies": policies})

    def record(self, entry: dict[str, Any]) -> None:
        boto3.client("dynamodb").put_item(TableName="ledger", Item=endings.item(entry))

    def read(self, stored: StoredObject) -> Any:
        return json.load(boto3.client("s3").get_object(Bucket=stored.bucket, Key=stored.key)["Body"])

    def find(self, name: str = "a-name", **given: Any) -> Work:
        return backfill.find_scopes(BackfillTask(execution=execution(name), input=given))

    def scopes(self, **given: Any) -> list[Scope]:
        work = self.find(**given)
        return [Scope.model_validate(each) for each in self.read(work.scopes)] if work.scopes else []

    def places(self, **given: Any) -> set[tuple[str, str, str]]:
        """Account, region and type of what is looked at."""
        return {
            (scope.account, place.region, name)
            for scope in self.scopes(**given)
            for place in scope.places
            for name in place.types
        }


def execution(name: str = "a-name", started: str = "2026-11-23T09:00:00Z") -> Execution:
    return Execution(id=f"{ARN}:{name}", name=name, started=started, state_machine=ARN)


@pytest.fixture
def hub() -> Iterator[Hub]:
    environment = {
        "AWS_DEFAULT_REGION": HERE,
        "AWS_REGION": HERE,
        "SETTINGS_TABLE": "settings",
        "LEDGER_TABLE": "ledger",
        "WORK_BUCKET": WORK,
    }
    with mock_aws(), patch.dict(os.environ, environment), sessions.hub_kept_apart(boto3.Session):
        boto3.client("s3").create_bucket(Bucket=WORK, CreateBucketConfiguration={"LocationConstraint": HERE})
        tables = boto3.resource("dynamodb")
        keys = {"settings": ("account",), "ledger": ("resource", "at")}
        made = {
            name: tables.create_table(
                TableName=name,
                KeySchema=[
                    {"AttributeName": key, "KeyType": kind}
                    for key, kind in zip(keys[name], ("HASH", "RANGE"), strict=False)
                ],
                AttributeDefinitions=[
                    {"AttributeName": key, "AttributeType": "S"}
                    for key in {*keys[name], *(("batch",) if name == "ledger" else ())}
                ],
                BillingMode="PAY_PER_REQUEST",
                **(
                    {
                        "GlobalSecondaryIndexes": [
                            {
                                "IndexName": "batch",
                                "KeySchema": [
                                    {"AttributeName": "batch", "KeyType": "HASH"},
                                    {"AttributeName": "at", "KeyType": "RANGE"},
                                ],
                                "Projection": {"ProjectionType": "ALL"},
                            }
                        ]
                    }
                    if name == "ledger"
                    else {}
                ),
            )
            for name in keys
        }
        yield Hub(**made)


# --- Find scopes ---


def test_each_account_is_looked_at_in_its_own_regions_for_what_is_enabled_there(hub: Hub) -> None:
    hub.register(ONE, VERSIONING, QUEUES, regions=(HERE, THERE))
    hub.register(TWO, QUEUES)
    assert hub.places() == {
        (ONE, HERE, "s3-bucket"),
        (ONE, HERE, "sqs-queue"),
        (ONE, THERE, "s3-bucket"),
        (ONE, THERE, "sqs-queue"),
        (TWO, HERE, "sqs-queue"),
    }


@pytest.mark.parametrize(
    ("narrowed", "expected"),
    [
        ({"accounts": [TWO]}, {(TWO, HERE, "sqs-queue")}),
        (
            {"regions": [THERE]},
            {(ONE, THERE, "s3-bucket"), (ONE, THERE, "sqs-queue"), (TWO, THERE, "sqs-queue")},
        ),
        ({"types": ["s3-bucket"]}, {(ONE, HERE, "s3-bucket"), (ONE, THERE, "s3-bucket")}),
        ({"policies": [VERSIONING]}, {(ONE, HERE, "s3-bucket"), (ONE, THERE, "s3-bucket")}),
        ({"policies": ["S3VersioningEnabled"], "regions": [HERE]}, {(ONE, HERE, "s3-bucket")}),
        ({"accounts": [TWO], "types": ["s3-bucket"]}, set()),
        ({"accounts": [ONE], "regions": ["ap-south-1"]}, set()),
    ],
    # A set has another order in each process.
    ids=lambda value: "" if isinstance(value, set) else None,
)
def test_the_input_narrows_it(
    hub: Hub, narrowed: dict[str, Any], expected: set[tuple[str, str, str]]
) -> None:
    hub.register(ONE, VERSIONING, QUEUES, regions=(HERE, THERE))
    hub.register(TWO, QUEUES)
    assert hub.places(**narrowed) == expected


def test_a_global_service_is_looked_at_once_in_its_home_region(hub: Hub) -> None:
    hub.register(ONE, PASSWORDS, regions=(HERE, "eu-north-1"))
    assert hub.places() == {(ONE, "us-east-1", "iam-password-policy")}


def test_some_places_of_an_account_share_a_scope_since_each_scope_costs_state_transitions(hub: Hub) -> None:
    five = (HERE, THERE, "eu-north-1", "ap-south-1", "sa-east-1")
    hub.register(ONE, QUEUES, regions=five)
    hub.register(TWO, QUEUES, regions=(HERE,))
    found = [(scope.account, tuple(place.region for place in scope.places)) for scope in hub.scopes()]
    assert sorted(found) == sorted([(ONE, five[:4]), (ONE, five[4:]), (TWO, (HERE,))])


def test_all_types_of_a_place_are_looked_at_together(hub: Hub) -> None:
    hub.register(ONE, DATABASES, QUEUES, PASSWORDS, regions=(HERE, THERE))
    assert {(place.region, place.types) for scope in hub.scopes() for place in scope.places} == {
        (HERE, ("rds-instance", "sqs-queue")),
        (THERE, ("rds-instance", "sqs-queue", "iam-password-policy")),
    }


UNREADABLE = "all", {"s3-versionning": {"mode": "auto"}}


@pytest.mark.parametrize("policies", UNREADABLE, ids=str)
def test_an_account_whose_settings_are_not_understood_keeps_none_of_the_others_waiting(
    hub: Hub, policies: Any
) -> None:
    hub.register_unreadable(ONE, policies)
    hub.register(TWO, QUEUES)
    assert hub.places() == {(TWO, HERE, "sqs-queue")}


def test_an_account_that_is_named_has_to_be_readable(hub: Hub) -> None:
    hub.register_unreadable(ONE, "all")
    with pytest.raises(SettingsUnreadable):
        hub.find(accounts=[ONE])
    with pytest.raises(UnknownAccount):
        hub.find(accounts=[TWO])


def test_where_nothing_is_enabled_there_are_no_scopes(hub: Hub) -> None:
    hub.register(ONE)
    assert hub.find().scopes is None
    assert "Contents" not in boto3.client("s3").list_objects_v2(Bucket=WORK)


def test_the_scopes_of_a_plan_are_taken_as_they_are(hub: Hub) -> None:
    scopes = {"bucket": WORK, "key": "batches/approved/scopes.json"}
    work = hub.find(scopes=scopes, batch="approved", concurrency=7, until="2026-11-23T12:00:00Z")
    assert work.scopes == StoredObject(**scopes)
    assert (work.batch, work.concurrency, work.until) == ("approved", 7, "2026-11-23T12:00:00Z")


@pytest.mark.parametrize(
    "given",
    [
        {"account": ONE},
        {"accounts": []},
        {"accounts": ["1"]},
        {"regions": ["*"]},
        {"types": ["s3"]},
        {"mode": "loud"},
        {"batch": "a/b"},
        {"batch": "x" * 61},
        {"concurrency": 0},
        {"concurrency": 1000},
        {"not_before": "tomorrow"},
        {"not_before": "2026-02-31T12:00:00Z"},
        {"not_before": "2099-01-01T00:00:00Z"},
        {"until": "tomorrow"},
        {"until": "2026-11-23T12:00:00+01:00"},
        {"accounts": [ONE], "scopes": {"bucket": WORK, "key": "k"}},
        {"regions": [HERE], "resources": [{"account": ONE, "region": HERE, "resource": "a"}]},
    ],
)
def test_an_input_that_is_not_understood_is_refused(hub: Hub, given: dict[str, Any]) -> None:
    hub.register(ONE, VERSIONING)
    with pytest.raises(InvalidInput):
        hub.find(**given)


@pytest.mark.parametrize(
    "name",
    [
        "by-hand",
        "nightly.2026+11",
        "8e5622f9-d81c-4d81-612a-9319e7ee2506_2b7a1f60-1f7e-8d9c-0b8a-5b1f4b1d7c11",
        "ü" * 80,
    ],
)
def test_whatever_an_execution_is_called_its_batch_has_a_name_that_fits(hub: Hub, name: str) -> None:
    work = hub.find(name)
    assert StartInput(account=ONE, region=HERE, resource="a", batch=work.batch).batch == work.batch
    assert hub.find(name).batch == work.batch != hub.find(name[:-1] + "x").batch


def test_it_can_name_every_policy_however_many_there_are(hub: Hub) -> None:
    """By their aliases too, so that it names more than the catalogue has."""
    hub.register(ONE, VERSIONING)
    policies = [policy for kind in catalogue.load_all() for policy in kind.policies]
    every = [name for policy in policies for name in (policy.id, *policy.aliases)]
    assert hub.find(policies=every).policies == tuple(every)
    start = StartInput(account=ONE, region=HERE, resource="a", policies=tuple(every))
    assert start.policies == tuple(every)


# --- Find scopes: resources that are named ---


def items(hub: Hub, **given: Any) -> set[tuple[str, str, str, str]]:
    """Account, region, type and identifier of what is started for resources that are named."""
    found = set()
    for scope in hub.scopes(**given):
        assert scope.items and scope.count == len(hub.read(scope.items))
        for item in hub.read(scope.items):
            start = StartInput.model_validate(item["input"])
            assert (start.account, [start.region]) == (scope.account, [each.region for each in scope.places])
            found.add((start.account, start.region, item["resource_type"], str(start.resource)))
    return found


def named(resource: str, account: str = ONE, region: str = HERE, **more: str) -> dict[str, str]:
    return {"account": account, "region": region, "resource": resource, **more}


BY_ID = {name: names for name in catalogue.names() if (names := expected(name).config_id)}


@pytest.mark.parametrize("name", BY_ID)
def test_what_config_names_by_its_type_is_started(hub: Hub, name: str) -> None:
    resource_type, (given, identifier) = catalogue.load(name), BY_ID[name]
    hub.register(ONE, resource_type.policies[0].id)
    given = given.format(region=HERE, account=ONE)
    resources = [named(given, config_type=resource_type.config_type)]
    assert items(hub, resources=resources) == {(ONE, HERE, name, identifier)}


def test_each_type_has_a_name_of_its_own_in_config_or_a_reason_why_not() -> None:
    known = [each.config_type for each in catalogue.load_all() if each.config_type]
    assert len(known) == len(set(known))
    assert all(re.fullmatch(r"AWS::\w+::\w+", name) for name in known)
    without = {each.name for each in catalogue.load_all() if not each.config_type}
    assert without == {name for name in catalogue.names() if expected(name).not_in_config}


def test_an_arn_starts_each_type_that_shares_it_and_is_enabled(hub: Hub) -> None:
    arn = f"arn:aws:rds:{HERE}:{ONE}:db:orders"
    hub.register(ONE, DATABASES)
    assert items(hub, resources=[named(arn)]) == {(ONE, HERE, "rds-instance", "orders")}
    hub.register(ONE, DATABASES, NEPTUNE)
    assert items(hub, resources=[named(arn)]) == {
        (ONE, HERE, "rds-instance", "orders"),
        (ONE, HERE, "neptune-instance", "orders"),
    }


def test_resources_of_several_accounts_and_services_are_started_each_in_its_scope_and_once(
    hub: Hub,
) -> None:
    hub.register(ONE, VERSIONING, QUEUES)
    hub.register(TWO, QUEUES)
    queues = [named(f"arn:aws:sqs:{HERE}:{account}:invoices", account) for account in (ONE, TWO)]
    resources = [named("arn:aws:s3:::logs"), *queues, *queues]
    assert items(hub, resources=resources) == {
        (ONE, HERE, "s3-bucket", "logs"),
        (ONE, HERE, "sqs-queue", "invoices"),
        (TWO, HERE, "sqs-queue", "invoices"),
    }
    assert [scope.count for scope in hub.scopes(resources=resources)] == [1, 1, 1]


PASSED_OVER = {
    "an account that is not registered": named("arn:aws:s3:::logs", TWO),
    "a type that no policy covers": named(f"arn:aws:lambda:{HERE}:{ONE}:function:mail"),
    "a type that Config alone knows": named("mail", config_type="AWS::Lambda::Function"),
    "an id of Config's own": named("db-ABCDEFGHIJKLMNOPQRSTUVWXYZ", config_type="AWS::RDS::DBInstance"),
    "an account as a whole": named(f"AWS::::Account:{ONE}"),
    "a type whose policies are off": named(f"arn:aws:sqs:{HERE}:{ONE}:invoices"),
    "a region that is not looked after": named("arn:aws:s3:::logs", region="ap-south-1"),
    "an ARN of another account": named(f"arn:aws:kms:{HERE}:{TWO}:key/1234abcd-12ab-34cd-56ef-1234567890ab"),
    "an ARN of another region": named(f"arn:aws:kms:{THERE}:{ONE}:key/1234abcd-12ab-34cd-56ef-1234567890ab"),
    "an ARN of another partition": named("arn:aws-cn:s3:::logs"),
    "a name that is none": named("../x", config_type="AWS::S3::Bucket"),
    "hostile text": named("\x1b[31m" + "x" * 2000, config_type="AWS::S3::Bucket"),
    "a name without a type": named("logs"),
}


@pytest.mark.parametrize("why", PASSED_OVER)
def test_what_is_not_to_be_started_is_told_in_one_line_and_keeps_nothing_else_from_it(
    hub: Hub, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    hub.register(ONE, VERSIONING, "kms-key-rotation", regions=(HERE, THERE))
    assert hub.find(resources=[PASSED_OVER[why]]).scopes is None
    [line] = map(vars, caplog.records)
    assert line["account"] == PASSED_OVER[why]["account"]
    assert len(line["resource"]) < 100 and line["resource"].isprintable() and line["reason"]
    both = [PASSED_OVER[why], named("arn:aws:s3:::logs")]
    assert items(hub, resources=both) == {(ONE, HERE, "s3-bucket", "logs")}


def test_settings_that_are_not_understood_fail_it_since_nobody_else_would_tell(hub: Hub) -> None:
    hub.register_unreadable(ONE, "all")
    with pytest.raises(SettingsUnreadable):
        hub.find(resources=[named("arn:aws:s3:::logs")])


# --- What is started ---

ACCOUNTS = st.from_regex(r"[0-9]{12}", fullmatch=True)
STARTS = st.builds(
    StartInput,
    account=ACCOUNTS,
    region=st.sampled_from([HERE, THERE]),
    resource=st.text(min_size=1, max_size=300),
    batch=st.from_regex(r"[A-Za-z0-9_-]{1,60}", fullmatch=True),
    reason=st.text(max_size=20),
    sweep=st.booleans(),
)
TYPES = st.sampled_from(catalogue.names())


@given(TYPES, STARTS)
def test_an_execution_has_a_name_that_step_functions_takes_and_an_input_that_resolve_takes(
    resource_type: str, start: StartInput
) -> None:
    item = backfill.to_start(resource_type, start)
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,80}", item["name"])
    assert item["name"].startswith(str(start.batch))
    assert StartInput.model_validate(item["input"]) == start
    assert item["resource_type"] == resource_type


def same(one: StartInput, other: StartInput) -> bool:
    return all(getattr(one, key) == getattr(other, key) for key in ("account", "region", "resource", "batch"))


@given(TYPES, STARTS, TYPES, STARTS)
def test_a_name_belongs_to_one_resource_and_batch(
    one: str, start: StartInput, other: str, another: StartInput
) -> None:
    names = [backfill.to_start(*each)["name"] for each in ((one, start), (other, another))]
    assert (names[0] == names[1]) is (one == other and same(start, another))


@given(TYPES, STARTS, st.text(max_size=20))
def test_the_same_resource_in_the_same_batch_has_the_same_name_whatever_else_is_given(
    resource_type: str, start: StartInput, reason: str
) -> None:
    again = start.model_copy(update={"reason": reason, "sweep": not start.sweep})
    assert backfill.to_start(resource_type, again)["name"] == backfill.to_start(resource_type, start)["name"]


# --- Summarize ---


def summarized(hub: Hub, batch: str, started: str = "2026-11-23T09:00:00Z") -> Summary:
    work = hub.find(batch=batch)
    return backfill.summarize(SummarizeTask(execution=execution(started=started), work=work))


def of_batch(batch: str, resource: str, failed: Failed | None = None) -> dict[str, Any]:
    """The entry of an execution of the batch that has changed a bucket, or has failed to."""
    name = f"{batch}-{resource}"
    return endings.ended(
        observed=endings.BUCKET, resource=resource, name=name[:80], batch=batch, failed=failed
    )


def test_the_entries_of_the_batch_are_counted_by_outcome_and_listed_in_the_report(hub: Hub) -> None:
    hub.record(of_batch("b", "one"))
    hub.record(of_batch("b", "two"))
    hub.record(of_batch("b", "three", Failed("Apply")))
    hub.record(of_batch("another", "four", Failed("Apply")))
    summary = summarized(hub, "b")
    assert (summary.outcomes, summary.failed) == ({"failed": 1, "remediated": 2}, 1)
    report = hub.read(summary.report)
    assert report["outcomes"] == summary.outcomes
    assert {(each["resource"], each["outcome"], each["error"]) for each in report["entries"]} == {
        (f"{ONE}/{HERE}/s3-bucket/one", "remediated", ""),
        (f"{ONE}/{HERE}/s3-bucket/two", "remediated", ""),
        (f"{ONE}/{HERE}/s3-bucket/three", "failed", "Denied"),
    }


def test_more_entries_than_one_page_holds_are_all_counted(hub: Hub) -> None:
    for number in range(30):
        hub.record(of_batch("b", f"bucket-{number}", Failed("Apply", message="y" * 60_000)))
    assert summarized(hub, "b").outcomes == {"failed": 30}


def test_a_batch_without_entries_has_no_outcomes(hub: Hub) -> None:
    summary = summarized(hub, "b")
    assert (summary.outcomes, summary.failed) == ({}, 0)


def test_what_an_earlier_run_could_not_list_is_not_held_against_this_one(hub: Hub) -> None:
    earlier = Execution(id=f"{ARN}/Scopes:1", name="1", started="2026-11-23T08:00:00Z", state_machine=ARN)
    hub.record(endings.unlisted(earlier, "s3-bucket", "s3", "b"))
    queue = endings.ended("sqs-queue", "q", failed=Failed("Describe"), batch="b")
    hub.record(queue)
    assert summarized(hub, "b").failed == 1
    later = Execution(id=f"{ARN}/Scopes:3", name="3", started="2026-11-23T09:00:01Z", state_machine=ARN)
    hub.record(endings.unlisted(later, "s3-bucket", "s3", "b"))
    assert summarized(hub, "b").failed == 2


# --- What nobody may ask for ---


@pytest.mark.parametrize(
    "scopes",
    [{"bucket": "another", "key": "batches/b/scopes.json"}, {"bucket": WORK, "key": "elsewhere/scopes.json"}],
    ids=str,
)
def test_scopes_are_read_from_the_work_bucket_alone(hub: Hub, scopes: dict[str, str]) -> None:
    with pytest.raises(InvalidInput, match="no object of the hub's work bucket"):
        hub.find(scopes=scopes)
    ours = {"bucket": WORK, "key": "batches/b/scopes.json"}
    assert hub.find(scopes=ours).scopes == StoredObject(**ours)


@pytest.mark.parametrize(
    "finding", [{"security_hub": []}, {"config": [], "account": ONE, "region": HERE}], ids=str
)
def test_a_finding_that_names_nothing_starts_nothing_and_is_counted(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], finding: dict[str, Any]
) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Rightstate")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "rightstate")
    monkeypatch.setenv("POWERTOOLS_METRICS_DISABLED", "false")
    hub.register(ONE, VERSIONING)
    work = hub.find(**finding)
    assert work.scopes is None
    assert "not as its rule expects" in work.reason
    printed = [line for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert emitted("\n".join(printed)) == {"UnexpectedEvents": (["service"], 1)}
