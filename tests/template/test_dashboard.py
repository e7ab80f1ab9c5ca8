"""The dashboard of template.yaml: what CloudWatch would draw, and that there is something to be drawn.

Its form is in the CloudWatch API reference, "Dashboard body structure and syntax".
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from rightstate.executions import metrics
from rightstate.models.decision import Outcome
from tests.support.template import REGION, STACK, of_type

[DASHBOARD] = of_type("AWS::CloudWatch::Dashboard").values()
BODY: dict[str, Any] = json.loads(DASHBOARD["DashboardBody"])
WIDGETS: list[dict[str, Any]] = BODY["widgets"]
every_widget = pytest.mark.parametrize("widget", WIDGETS, ids=lambda each: each["properties"]["title"])

OF_AWS = {
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"): {"QueueName"},
    ("AWS/SQS", "ApproximateAgeOfOldestMessage"): {"QueueName"},
    ("AWS/States", "ExecutionsFailed"): {"StateMachineArn"},
    ("AWS/States", "ExecutionsTimedOut"): {"StateMachineArn"},
    ("AWS/States", "ExecutionsAborted"): {"StateMachineArn"},
    ("AWS/States", "ExecutionThrottled"): {"StateMachineArn"},
    ("AWS/Lambda", "Errors"): {"FunctionName"},
    ("AWS/Lambda", "Duration"): {"FunctionName"},
    ("AWS/Events", "MatchedEvents"): {"RuleName"},
}
"""(namespace, metric) -> dimensions, from the services' developer guides."""
KNOWN = {**OF_AWS, **{("Rightstate", name): set(of) for name, of in metrics.DIMENSIONS.items()}}

_SEARCH = re.compile(r"SEARCH\('\{([^}]+)\} ([^']+)', '(Sum|Maximum|p\d\d)', (\d+)\)")


def searches() -> Iterator[tuple[list[str], str]]:
    """Namespace with dimensions, and the words of each search."""
    for widget in WIDGETS:
        for metric in widget["properties"]["metrics"]:
            if isinstance(metric[0], dict):
                found = _SEARCH.fullmatch(metric[0]["expression"])
                assert found, metric[0]["expression"]
                yield found[1].split(","), found[2]


def drawn() -> Iterator[tuple[str, str, set[str]]]:
    """Namespace, metric and dimensions of everything that is drawn."""
    for widget in WIDGETS:
        for metric in widget["properties"]["metrics"]:
            if not isinstance(metric[0], dict):
                namespace, name, *dimensions = [each for each in metric if isinstance(each, str)]
                yield namespace, name, set(dimensions[::2])
    for (namespace, *dimensions), words in searches():
        [named] = re.findall(r"MetricName=(\(.*?\)|\"\w+\")", words)
        for name in re.findall(r"\"(\w+)\"", named):
            yield namespace, name, set(dimensions)


def test_it_is_named_after_the_stack_and_the_region() -> None:
    assert DASHBOARD["DashboardName"] == f"{STACK}-{REGION}"


@every_widget
def test_a_widget_has_the_form_that_cloudwatch_takes(widget: dict[str, Any]) -> None:
    assert set(widget) == {"type", "x", "y", "width", "height", "properties"}
    assert 0 <= widget["x"] < widget["x"] + widget["width"] <= 24
    properties = widget["properties"]
    assert set(properties) <= {"title", "region", "view", "stacked", "period", "stat", "metrics"}
    assert (widget["type"], properties["view"], properties["region"]) == ("metric", "timeSeries", REGION)
    for metric in properties["metrics"]:
        words = [each for each in metric if isinstance(each, str)]
        options = [each for each in metric if isinstance(each, dict)]
        # A namespace, a name, and pairs of a dimension and its value; or an expression alone.
        assert (len(words) >= 4 and len(words) % 2 == 0) or not words
        assert len(options) <= 1
        assert set(*options) <= {"expression", "id", "label", "stat", "yAxis"}


def test_no_two_widgets_lie_upon_each_other() -> None:
    cells = [
        (x, y)
        for w in WIDGETS
        for x in range(w["x"], w["x"] + w["width"])
        for y in range(w["y"], w["y"] + w["height"])
    ]
    assert len(cells) == len(set(cells))


def test_the_ids_of_expressions_are_ones_and_each_is_there_once() -> None:
    ids = [
        metric[0]["id"]
        for widget in WIDGETS
        for metric in widget["properties"]["metrics"]
        if isinstance(metric[0], dict)
    ]
    assert len(ids) == len(set(ids)) > 0
    assert all(re.fullmatch(r"[a-z]\w*", each) for each in ids)


def test_every_metric_is_one_that_is_emitted_with_exactly_those_dimensions() -> None:
    found = list(drawn())
    for namespace, name, dimensions in found:
        assert KNOWN[namespace, name] == dimensions, name
    assert {(namespace, name) for namespace, name, _ in found} == set(KNOWN)


def test_a_search_is_about_this_stack_and_not_longer_than_cloudwatch_takes() -> None:
    for (namespace, *_), words in searches():
        assert (f'service="{STACK}"' if namespace == "Rightstate" else f"{STACK} ") in words
        assert len(words) < 1024


def test_an_outcome_that_is_named_is_one() -> None:
    named = [set(re.findall(r"\"([a-z-]+)\"", part)) for part in re.findall(r"Outcome=\((.*?)\)", str(BODY))]
    assert named
    assert set().union(*named) <= set(Outcome)


def test_no_metric_has_a_dimension_of_which_there_is_no_end() -> None:
    assert set().union(*metrics.DIMENSIONS.values()) == {"service", "ResourceType", "Outcome"}
