"""docs/testing.md lists every event that a rule listens to, and how well its shape is known."""

import re
from collections import Counter

from rightstate import catalogue
from rightstate_cli import application
from tests.support.template import rules, rules_of_machines

ROW = re.compile(r"^\| ([a-z0-9-]+) \| ([^|]+) \| ([^|]+) \| (recorded|documented|assumed) \|$", re.MULTILINE)


def rows() -> list[tuple[str, ...]]:
    page = (application.root() / "docs" / "testing.md").read_text()
    table = page.partition("## The shapes of events")[2]
    found = ROW.findall(table)
    assert len(found) == len(re.findall(r"^\|", table, re.MULTILINE)) - 2
    return found


def test_each_event_of_a_rule_is_in_the_table_once_with_the_place_of_its_resource() -> None:
    listed = {(kind, name): set(re.findall(r"`([^`]+)`", place)) for kind, name, place, _ in rows()}
    assert {key: paths for key, paths in listed.items() if key[0] != "all"} == {
        (rule.resource_type, name): set(catalogue.load(str(rule.resource_type)).events[name].paths)
        for rule in rules_of_machines()
        for name in rule.event_names
    }
    assert len(listed) == len(rows())


def test_each_kind_of_finding_is_in_the_table_with_an_object_that_its_rule_passes_on() -> None:
    findings = {name: place.strip("`") for kind, name, place, _ in rows() if kind == "all"}
    passed_on = {
        rule.pattern["detail-type"][0]: rule.paths["finding"].removeprefix("$.detail.")
        for rule in rules()
        if "finding" in rule.target.get("InputTransformer", {}).get("InputPathsMap", {})
    }
    assert set(findings) == set(passed_on)
    assert [name for name, place in findings.items() if not place.startswith(passed_on[name])] == []


def test_all_shapes_but_those_that_nobody_has_seen_are_recorded_or_documented() -> None:
    """A new event is assumed until a record of it was seen; then its row says so."""
    counts = Counter(shape for *_, shape in rows())
    assert counts["recorded"] > counts["assumed"] > 0
