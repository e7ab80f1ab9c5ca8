"""The definition of the backfill: what it waits for, tries again and lets pass."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from ministack.services import stepfunctions

from rightstate import catalogue, errors
from rightstate.models import backfill, start, tasks
from rightstate.models.settings import Managed
from rightstate.states.backfill import LONGEST_WAIT
from rightstate_cli.application import sam_template
from tests.support.template import of_type

DEFINITION: dict[str, Any] = json.loads((sam_template.root() / "statemachines/backfill.asl.json").read_text())
State = dict[str, Any]


def states(within: Mapping[str, Any]) -> Iterator[tuple[str, State]]:
    """Name and state, those inside the maps too."""
    for name, state in within["States"].items():
        yield name, state
        if state["Type"] == "Map":
            yield from states(state["ItemProcessor"])


STATES = dict(states(DEFINITION))
TASKS = {name: state for name, state in STATES.items() if state["Type"] == "Task"}
FUNCTIONS = {name: task for name, task in TASKS.items() if task["Resource"].endswith(":lambda:invoke")}
INLINE = {"Each service", "Each type that was not listed", "Each place that was not looked at"}
"""Of a few items in state data: a resource type has one service."""
MAPS = {name: state for name, state in STATES.items() if state["Type"] == "Map" and name not in INLINE}
every_task = pytest.mark.parametrize("name", TASKS)
every_map = pytest.mark.parametrize("name", MAPS)

UNCAUGHT = {
    "Find scopes": "Nothing has begun; the rule for died executions tells.",
    "Summarize": "Everything has ended and is in the ledger; the rule for died executions tells.",
}


def test_each_state_has_a_name_of_its_own_and_leads_to_one_beside_it() -> None:
    assert len(STATES) == len(list(states(DEFINITION)))
    for machine in (DEFINITION, *(STATES[each]["ItemProcessor"] for each in (*MAPS, *INLINE))):
        led_to = {machine["StartAt"]}
        for state in machine["States"].values():
            after = [*state.get("Catch", []), *state.get("Choices", []), state]
            led_to |= {each[key] for each in after for key in ("Next", "Default") if key in each}
        assert led_to == set(machine["States"])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_task_waits_longer_than_its_function_may_run(name: str) -> None:
    logical_id = FUNCTIONS[name]["Parameters"]["FunctionName"].strip("${}")
    assert of_type("AWS::Lambda::Function")[logical_id]["Timeout"] < FUNCTIONS[name]["TimeoutSeconds"]


def test_it_waits_for_a_remediation_as_long_as_one_of_a_batch_may_take() -> None:
    """A day for a resource that is busy, and one for what infrastructure as code manages. For people another
    execution waits."""
    delay = Managed.model_fields["delay_minutes"].metadata
    longest = next(each.le for each in delay if hasattr(each, "le"))
    assert 24 * 3600 + longest * 60 < TASKS["Remediate"]["TimeoutSeconds"]
    wait = LONGEST_WAIT.total_seconds()
    assert wait + TASKS["Remediate"]["TimeoutSeconds"] < DEFINITION["TimeoutSeconds"] <= 8 * 86400


@every_task
def test_a_task_tries_again_with_jitter_and_a_cap_and_only_for_named_errors(name: str) -> None:
    assert TASKS[name]["Retry"]
    for retry in TASKS[name]["Retry"]:
        assert retry["JitterStrategy"] == "FULL"
        assert 0 < retry["MaxDelaySeconds"] <= 300
        assert 0 < retry["MaxAttempts"] <= 125
        assert not {"States.ALL", "States.TaskFailed"} & set(retry["ErrorEquals"])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_that_was_killed_is_tried_again(name: str) -> None:
    again = {error for retry in TASKS[name]["Retry"] for error in retry["ErrorEquals"]}
    assert {"Sandbox.Timedout", "Runtime.ExitError", "Lambda.Unknown", "States.Timeout"} <= again


@every_task
def test_the_errors_of_ours_that_a_task_names_exist(name: str) -> None:
    ours = {name for name, value in vars(errors).items() if isinstance(value, type)}
    named = {
        error
        for handler in (*TASKS[name]["Retry"], *TASKS[name].get("Catch", []))
        for error in handler["ErrorEquals"]
        if not error.startswith(("Lambda.", "Runtime.", "Sandbox.", "States.", "StepFunctions."))
    }
    assert bool(named) is (name in FUNCTIONS)
    assert named <= ours


def test_what_goes_wrong_in_a_task_is_recorded_unless_something_else_tells() -> None:
    caught = {
        name: {error for handler in task["Catch"] for error in handler["ErrorEquals"]}
        for name, task in TASKS.items()
        if "Catch" in task
    }
    assert caught == {
        "Survey": {"States.ALL"},
        "Record a type that was not listed": {"States.ALL"},
        "Record what was not listed": {"States.ALL"},
        # A remediation that fails has recorded it. The map counts the child execution that fails with it.
        "Remediate": {"StepFunctions.ExecutionAlreadyExistsException"},
    }
    assert set(TASKS) - set(caught) == set(UNCAUGHT)


def test_a_place_that_cannot_be_looked_at_is_recorded_and_then_fails() -> None:
    places = STATES["Each place that was not looked at"]
    assert STATES["Survey"]["Catch"][0]["Next"] == "Each place that was not looked at"
    assert (places["ItemsPath"], places["Next"]) == ("$.scope.places", "Not listed")
    assert places["ItemProcessor"]["StartAt"] == "Record what was not listed"
    assert STATES["Not listed"]["Type"] == "Fail"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_given_what_its_model_reads(name: str) -> None:
    model = {
        "Find scopes": backfill.BackfillTask,
        "Survey": backfill.SurveyTask,
        "Record a type that was not listed": tasks.RecordTask,
        "Record what was not listed": tasks.RecordTask,
        "Summarize": backfill.SummarizeTask,
    }[name]
    payload = FUNCTIONS[name]["Parameters"]["Payload"]
    assert {key.removesuffix(".$") for key in payload} == set(model.model_fields)
    execution = {key.removesuffix(".$") for key in payload["execution"]}
    assert execution == set(start.Execution.model_fields)


# --- The maps ---


@every_map
def test_a_map_is_distributed_and_one_failed_item_stops_no_other(name: str) -> None:
    processor = MAPS[name]["ItemProcessor"]["ProcessorConfig"]
    # Express workflows end after five minutes; a remediation may wait for hours.
    assert processor == {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    assert MAPS[name]["ToleratedFailurePercentage"] == 100


@every_map
def test_a_map_reads_its_items_from_the_work_bucket_and_leaves_its_results_there(name: str) -> None:
    assert MAPS[name]["ItemReader"]["Resource"].endswith(":s3:getObject")
    assert MAPS[name]["ResultWriter"]["Resource"].endswith(":s3:putObject")
    assert MAPS[name]["ResultPath"] is None


def test_what_runs_at_a_time_is_limited_for_each_account_region_and_service() -> None:
    # Open Map Runs of an account and region: 1,000 (Step Functions guide, Service quotas).
    assert 0 < MAPS["Each scope"]["MaxConcurrency"] * STATES["Each service"]["MaxConcurrency"] < 1000
    assert MAPS["Each resource"]["MaxConcurrencyPath"] == "$.work.concurrency"
    assert "concurrency" in backfill.Work.model_fields


# --- The items: who can write to the work bucket can start remediations, and nothing else ---

SELECTOR = MAPS["Each resource"]["ItemSelector"]


def evaluated(expression: str, given: Any, context: Any = None) -> Any:
    """What ministack makes of a path or an intrinsic function."""
    if expression.startswith("$"):
        return stepfunctions._resolve_path(expression, given)
    return stepfunctions._evaluate_intrinsic(expression, given, context or {})


def selected(resource_type: str) -> Any:
    item = {"Map": {"Item": {"Value": {"resource_type": resource_type}}}}
    known = ",".join(catalogue.names())
    return evaluated(SELECTOR["is_remediation.$"].replace("${ResourceTypes}", known), {}, item)


@pytest.mark.parametrize("name", catalogue.names())
def test_an_item_may_name_a_resource_type(name: str) -> None:
    assert selected(name) is True


@pytest.mark.parametrize("name", ["backfill", "backfill:live", "s3", "s3-bucket,sqs-queue", "", "x"])
def test_an_item_may_name_no_other_machine(name: str) -> None:
    assert selected(name) is False
    states = MAPS["Each resource"]["ItemProcessor"]["States"]
    first = states[MAPS["Each resource"]["ItemProcessor"]["StartAt"]]["Choices"][0]
    assert first == {"Variable": "$.is_remediation", "BooleanEquals": False, "Next": "No remediation"}
    assert states["No remediation"]["Type"] == "Fail"


def test_a_survey_goes_on_until_nothing_is_left_and_waits_only_if_it_is_throttled() -> None:
    looked = STATES["Is all of it looked at?"]
    assert [(each["Variable"], each["Next"]) for each in looked["Choices"]] == [
        ("$.found.throttled", "Leave the service alone for a while"),
        ("$.found.more", "Survey"),
        ("$.found.failed", "Each type that was not listed"),
    ]
    assert STATES["Leave the service alone for a while"]["Next"] == "Survey"
    assert {STATES["Each type that was not listed"]["Next"], looked["Default"]} == {"Each service"}
    named = {key.removesuffix(".$") for key in STATES["Survey"]["ResultSelector"]}
    assert named == set(backfill.Found.model_fields)
    assert MAPS["Each scope"]["ItemSelector"]["found"] is None


def test_what_is_to_be_done_is_done_service_by_service_each_at_its_own_pace() -> None:
    services = STATES["Each service"]
    assert services["ItemsPath"] == "$.found.services"
    assert services["ItemProcessor"]["StartAt"] == "Each resource"


WORK = {
    "scope": {"account": "111122223333"},
    "work": {"batch": "b", "requester": "AROA:ana", "event": None},
}


def test_an_item_cannot_say_what_the_backfill_itself_knows_nor_ask_for_an_undo() -> None:
    fixed = {
        key.removesuffix(".$"): evaluated(value, WORK) if key.endswith(".$") else value
        for key, value in SELECTOR["fixed"].items()
    }
    evil = {
        "account": "999999999999",
        "region": "us-east-1",
        "resource": "a-bucket",
        "policies": ["s3-versioning"],
        "approved": "0" * 64,
        "batch": "another",
        "requester": "AROA:somebody-else",
        "undo": "arn:aws:states:us-east-1:123456789012:execution:rightstate-s3-bucket:x",
        "consent": True,
        "event": {"id": "e", "name": "CreateBucket", "time": "x", "principal": "somebody"},
        "group": None,
        "resources": None,
    }
    given = evaluated(TASKS["Remediate"]["Parameters"]["Input.$"], {"item": {"input": evil}, "fixed": fixed})
    started = start.StartInput.model_validate(given)
    assert started.model_dump(exclude_none=True) == {
        "account": "111122223333",
        "region": "us-east-1",
        "resource": "a-bucket",
        "policies": ("s3-versioning",),
        "approved": "0" * 64,
        "batch": "b",
        "requester": "AROA:ana",
        "reason": "",
    }


def test_every_field_of_an_input_is_the_items_own_or_fixed() -> None:
    own = {"region", "resource", "policies", "mode", "reason", "approved", "sweep"}
    fixed = {key.removesuffix(".$") for key in SELECTOR["fixed"]}
    assert (own | fixed, own & fixed) == (set(start.StartInput.model_fields), set())


def test_a_map_is_distributed_only_where_there_is_something_to_do() -> None:
    """A Distributed Map of nothing is of no use, and costs a map run. A survey names the services alone of
    which there is something to do."""
    [choice] = STATES["Is there anything to look at?"]["Choices"]
    assert (choice["Variable"], choice["IsNull"]) == ("$.work.scopes", True)


# --- State data ---


@every_task
def test_no_task_passes_on_what_it_is_answered_unnamed(name: str) -> None:
    assert "ResultSelector" in TASKS[name] or TASKS[name]["ResultPath"] is None


@pytest.mark.parametrize(
    "model", [backfill.Work, backfill.Found, backfill.ServiceItems, backfill.Summary, backfill.Scope]
)
def test_state_data_holds_where_a_list_of_resources_is_and_not_the_list(model: Any) -> None:
    """256 KiB is all that a state may pass on; types, policies and outcomes are few."""
    lists = {
        name
        for name, field in model.model_fields.items()
        if re.search(r"tuple|Mapping|list", str(field.annotation))
    }
    assert lists <= {"places", "policies", "outcomes", "left", "services", "unlisted"}
