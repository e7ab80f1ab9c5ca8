"""The reference of the policies, as the page and as JSON."""

import json
from functools import cache
from typing import Any

import pytest
from typer.testing import CliRunner

from rightstate.catalogue import find_policy, load_all
from rightstate_cli.application import sam_template
from rightstate_cli.docs import reference
from rightstate_cli.main import application

POLICIES = [(each, policy) for each in load_all() for policy in each.policies]
every_policy = pytest.mark.parametrize("name", [policy.id for _, policy in POLICIES])


@cache
def listed() -> dict[str, Any]:
    """What `rightstate policies --format json` prints, by id."""
    printed = json.loads(CliRunner().invoke(application(), ["policies", "--format", "json"]).stdout)
    return {known["id"]: known for known in printed}


@cache
def page() -> str:
    return reference.page(load_all())


def test_the_page_is_what_the_catalogue_says() -> None:
    written = (sam_template.root() / "docs" / "policies.md").read_text()
    assert written == page(), "docs/policies.md is out of date: run `make docs`"


def test_json_lists_every_policy_once() -> None:
    assert list(listed()) == [policy.id for _, policy in POLICIES]


@every_policy
def test_json_says_of_a_policy_all_that_there_is_to_know(name: str) -> None:
    resource_type, policy = find_policy(name)
    known = listed()[name]
    assert known["aliases"] == list(policy.aliases)
    assert (known["title"], known["category"]) == (policy.title, policy.category)
    assert known["resource_type"] == resource_type.name
    assert known["wants"] == {s: str(want) for s, want in policy.bound_wants(policy.examples).items()}
    assert {k: each["default"] for k, each in known["parameters"].items()} == policy.values({})
    assert (known["risk"], known["severity"]) == (policy.risk, policy.severity)
    assert len(known["not_applicable"]) == len(policy.not_applicable)
    assert len(known["exempt_when"]) == len(policy.exempt_when)
    assert len(known["held_when"]) == len(policy.held_when)
    assert known["events"] == sam_template.event_names(resource_type.name)
    assert known["write_actions"]
    assert set(known["write_actions"]) <= set(resource_type.write_actions)
    assert known["security_hub"] == list(policy.security_hub)
    assert all(known[key] for key in ("scope", "side_effects", "reversible", "read_actions"))


@every_policy
def test_the_page_has_a_place_for_each_policy_with_its_aliases(name: str) -> None:
    _, policy = find_policy(name)
    _, _, place = page().partition(f"\n### {policy.id}\n")
    details = place.partition("\n#")[0]
    assert f"](#{policy.id})" in page()
    assert [alias for alias in policy.aliases if f"`{alias}`" not in details] == []
    assert [setting for setting in policy.wants if f"`{setting}`: " not in details] == []
