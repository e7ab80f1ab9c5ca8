"""docs/testing.md lists every event that a rule listens to, and how well its shape is known."""

import re

from authoring import event_table

from rightstate.catalogue import load_all
from rightstate_cli.application import sam_template
from rightstate_cli.simulation import examples
from tests.support.template import rules

FINDING = re.compile(r"^\| all \| ([^|]+) \| `([^`]+)` \| documented \|$", re.MULTILINE)


def page() -> str:
    return (sam_template.root() / "docs" / "testing.md").read_text()


def test_each_event_of_a_rule_is_in_the_table_with_the_place_of_its_resource() -> None:
    assert event_table.table(load_all()) in page(), "docs/testing.md is out of date: run `make docs`"
    assert event_table.filled(page(), load_all()) == page()


def test_each_kind_of_finding_is_in_the_table_with_an_object_that_its_rule_passes_on() -> None:
    findings = dict(FINDING.findall(page()))
    passed_on = {
        rule.pattern["detail-type"][0]: rule.paths["finding"].removeprefix("$.detail.")
        for rule in rules()
        if "finding" in rule.target.get("InputTransformer", {}).get("InputPathsMap", {})
    }
    assert set(findings) == set(passed_on)
    assert [name for name, place in findings.items() if not place.startswith(passed_on[name])] == []


def test_what_is_recorded_are_events_that_the_type_listens_to() -> None:
    recorded = {(each.name, event) for each in load_all() for event in examples.load(each.name).recorded}
    assert recorded <= {(each.name, event) for each in load_all() for event in each.events}
    # All others are assumed until a record of them was seen.
    assert len(recorded) >= 56
