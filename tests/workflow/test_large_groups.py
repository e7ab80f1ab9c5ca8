"""What an event about a group concerns is started one by one, or through the backfill where that is much."""

import json
from typing import Any

import pytest

from rightstate.accounts import settings
from rightstate.models.backfill import BackfillInput, BackfillTask, PlaceTypes, Scope, SurveyTask
from rightstate.models.start import Execution, StartInput
from rightstate.policy import Mode
from rightstate.states import backfill, resolve
from rightstate.states.scope_survey import survey_scope
from rightstate_cli.embedded.engine import Engine
from rightstate_cli.executions.executions import Start
from tests.support.member import REGION, enable, session

OTHER = "777788889999"
EVENT = {"id": "e-1", "name": "PutAccountPublicAccessBlock", "time": "2026-01-01T00:00:00Z"}
GIVEN = {
    "account": OTHER,
    "region": REGION,
    "group": "account",
    "mode": "report",
    "event": {**EVENT, "principal": "arn:aws:iam::777788889999:user/ana", "principal_id": "AIDAEXAMPLE"},
}
BACKFILL = Execution(
    id=f"arn:aws:states:{REGION}:123456789012:execution:rightstate-backfill:e-1-x",
    name="e-1-x",
    started="2026-01-01T00:00:00Z",
    state_machine=f"arn:aws:states:{REGION}:123456789012:stateMachine:rightstate-backfill",
)
BUCKETS = {("us-east-1", "grouped-0"), ("us-east-1", "grouped-1"), ("eu-west-1", "grouped-2")}


@pytest.fixture(scope="module", autouse=True)
def buckets(hub: Engine) -> None:
    """In two regions. The first example of a remediation that is for more than one region at once."""
    hub.client("s3").create_bucket(Bucket=hub.resources["WorkBucket"])
    for region, name in BUCKETS:
        elsewhere: dict[str, Any] = {"CreateBucketConfiguration": {"LocationConstraint": region}}
        s3 = session(OTHER).client("s3", region_name=region)
        s3.create_bucket(Bucket=name, **({} if region == "us-east-1" else elsewhere))


@pytest.fixture(autouse=True)
def enabled(hub: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The backfill there is; moto knows no alias and runs no Distributed Map."""
    enable(hub, "s3-versioning", account=OTHER)
    monkeypatch.setenv("BACKFILL_MACHINE", hub.resources["BackfillMachine"])
    monkeypatch.setenv("WORK_BUCKET", hub.resources["WorkBucket"])
    monkeypatch.setenv("GUARDS_TABLE", hub.resources["GuardsTable"])
    monkeypatch.setenv("EXEMPTION_DAYS", "90")
    monkeypatch.setenv("AWS_REGION", REGION)  # as Lambda does


def fanned_out(hub: Engine) -> Any:
    first, *others = hub.run([Start(resource_type="s3-bucket", input=GIVEN)])
    assert first.outcome == "fanned-out"
    return first, others


def backfills(hub: Engine) -> list[Any]:
    states, machine = hub.client("stepfunctions"), hub.resources["BackfillMachine"]
    return [
        states.describe_execution(executionArn=each["executionArn"])
        for each in states.list_executions(stateMachineArn=machine)["executions"]
    ]


def test_a_small_group_is_started_one_by_one(hub: Engine) -> None:
    _, others = fanned_out(hub)
    assert {(each.region, each.resource) for each in others} == BUCKETS
    assert backfills(hub) == []


def test_a_large_group_is_started_by_one_backfill_however_often_the_event_comes(
    hub: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolve, "_FEW", 2)
    for _ in range(3):
        first, others = fanned_out(hub)
        assert others == []
    [started] = backfills(hub)
    entries = [each for each in hub.ledger() if each["execution"].endswith(f":{first.name}")]
    assert started["name"] in entries[0]["reason"]
    given = BackfillInput.model_validate_json(started["input"])
    assert given.event is not None and given.event.principal_id == "AIDAEXAMPLE"
    assert given == BackfillInput(
        accounts=(OTHER,),
        regions=(REGION,),
        types=("s3-bucket",),
        group="account",
        mode=Mode.REPORT,
        event=given.event,
    )


def stored(hub: Engine, where: Any) -> Any:
    return json.load(hub.client("s3").get_object(Bucket=where.bucket, Key=where.key)["Body"])


def test_that_backfill_lists_the_group_and_knows_the_event_of_each(hub: Engine) -> None:
    given = {"accounts": [OTHER], "regions": [REGION], "types": ["s3-bucket"], "group": "account"}
    work = backfill.find_scopes(BackfillTask(execution=BACKFILL, input={**given, "event": GIVEN["event"]}))
    [scope] = [Scope.model_validate(each) for each in stored(hub, work.scopes)]
    assert (scope.group, [each.types for each in scope.places]) == ("account", [("s3-bucket",)])
    [found] = survey_scope(SurveyTask(execution=BACKFILL, scope=scope, work=work)).services
    items = [StartInput.model_validate(item["input"]) for item in stored(hub, found.items)]
    assert {(item.region, item.resource) for item in items} == BUCKETS
    # Not the requester's item: whoever made the call cannot approve what it asks for.
    assert work.event is not None and work.event.principal_id == "AIDAEXAMPLE"


def test_what_a_group_has_in_regions_that_the_account_leaves_out_is_not_started(hub: Engine) -> None:
    hub.configure(settings.read(OTHER).model_copy(update={"regions": ("eu-west-1",)}))
    place = PlaceTypes(region="eu-west-1", types=("s3-bucket",))
    scope = Scope(account=OTHER, places=(place,), group="account")
    work = backfill.find_scopes(BackfillTask(execution=BACKFILL, input={"accounts": [OTHER]}))
    [found] = survey_scope(SurveyTask(execution=BACKFILL, scope=scope, work=work)).services
    assert [item["input"]["resource"] for item in stored(hub, found.items)] == ["grouped-2"]


@pytest.mark.parametrize(
    "given",
    [
        {"group": "account"},
        {"group": "account", "accounts": [OTHER], "regions": [REGION]},
        {"group": "account", "accounts": [OTHER, OTHER], "regions": [REGION], "types": ["s3-bucket"]},
    ],
    ids=len,
)
def test_a_group_belongs_to_one_place(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="one account, region and type"):
        BackfillInput.model_validate(given)
