"""A plan file that somebody edits on purpose, with a hash that fits: what it shows is made, or nothing is.

Each edit goes the whole way of `rightstate apply`: the file is read, and the hub decides on what it finds
with what the file has it asked.
"""

import json
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rightstate.catalogue import load, names
from rightstate.deciding.planner import decide_as_approved, digest
from rightstate.errors import InvalidInput
from rightstate.models.decision import Decision
from rightstate.models.start import StartInput
from rightstate.resource_type import Observed, Resource
from rightstate.states.assessment import Assessed
from rightstate_cli.planning import plan_file, survey
from tests.support import cycle, recorded

Path = tuple[str | int, ...]
Edit = Callable[[Any], Any]

OTHERS: dict[type, tuple[Any, ...]] = {
    str: ("", "another", "a" * 64),
    bool: (None,),
    int: (0, 7, True, 7.5),
    float: (0, 7),
    type(None): (1, True, "x", ["x"]),
    list: ([], ["x"]),
    dict: ({}, {"x": 1}),
}
"""Of each of JSON's types, what stands there instead."""


@cache
def read(name: str) -> dict[str, tuple[Resource, Observed]]:
    """The examples of the type that its policies change, as they were read, by their identifier."""
    made = recorded.made(name)
    pairs = zip(made.observed, made.decisions, strict=True)
    return {resource.id: (resource, observed) for (resource, observed), decision in pairs if decision.changes}


@cache
def plan(name: str) -> dict[str, Any]:
    """A real plan of them."""
    made = recorded.made(name)
    pairs = zip(made.observed, made.decisions, strict=True)
    items = [_item(name, *each, decision) for each, decision in pairs]
    written = plan_file.render(plan_file.document([], items, (), {}))
    assert plan_file.parse(written, "plan.json").to_change
    found: dict[str, Any] = json.loads(written)
    return found


def _item(name: str, resource: Resource, observed: Observed, decision: Decision) -> survey.Item:
    arn = load(name).arn_of(resource)
    status, reason = Assessed(resource, decision).status
    return survey.Item(
        account=resource.account,
        region=resource.region,
        resource_type=name,
        resource=resource.id,
        arn=None if "*" in arn else arn,
        status=status,
        reason=reason,
        policies=tuple(cycle.enabled(load(name))),
        state=digest(load(name), observed),
        decision=decision,
    )


def paths(content: Any, at: Path = ()) -> Iterator[Path]:
    """Every place in it. Of a list the first, the last and the longest stand for the rest."""
    inside = dict(content) if isinstance(content, dict) else dict(enumerate(content))
    if isinstance(content, list) and content:
        longest = max(inside, key=lambda each: len(json.dumps(inside[each])))
        inside = {each: inside[each] for each in sorted({0, len(content) - 1, longest})}
    for key, value in inside.items():
        yield (*at, key)
        if isinstance(value, (dict, list)):
            yield from paths(value, (*at, key))


def edits(content: Any, at: Path) -> Iterator[Edit]:
    """What can be made of one place: something else, nothing, the same twice."""
    here = _at(content, at)
    others = (not here,) if isinstance(here, bool) else ()
    for other in (*others, *OTHERS[type(here)]):
        if other != here or type(other) is not type(here):
            yield lambda edited, other=other: _holder(edited, at).__setitem__(at[-1], other)
    yield lambda edited: _holder(edited, at).__delitem__(at[-1])
    if isinstance(at[-1], int):
        yield lambda edited: _holder(edited, at).insert(at[-1], here)


def _at(content: Any, at: Path) -> Any:
    for key in at:
        content = content[key]
    return content


def _holder(content: Any, at: Path) -> Any:
    return _at(content, at[:-1])


def hashed(content: dict[str, Any]) -> str:
    """The file as whoever edits it can write it."""
    content = {**content, "sha256": plan_file._digest(content)}
    return json.dumps(content, sort_keys=True, indent=1) + "\n"


def carried_out(text: str, name: str) -> int:
    """How many resources the hub would change for the file. Fails where a change or a call is not shown."""
    try:
        items = plan_file.parse(text, "plan.json").to_change
    except InvalidInput:
        return 0
    changed = 0
    for item in items:
        if item.resource_type != name or item.resource not in read(name):
            continue
        resource, observed = read(name)[item.resource]
        try:
            given = StartInput(
                account=item.account,
                region=item.region,
                resource=item.resource,
                policies=item.policies,
                approved=item.fingerprint,
            )
        except ValueError:
            continue
        enabled = cycle.enabled(load(name))
        asked = {each: how for each, how in enabled.items() if each in (given.policies or ())}
        decision = decide_as_approved(load(name), resource, asked, observed, str(given.approved))
        if not decision.apply:
            assert (decision.changes, decision.calls) == ((), ())
            continue
        changed += 1
        made = decision.model_dump(mode="json")
        shown = item.model_dump(mode="json")
        assert made["calls"] == shown["calls"]
        facts = ("setting", "before", "after", "policies")
        assert [{fact: each[fact] for fact in facts} for each in made["changes"]] == shown["changes"]
        # The table shows what each policy finds, and not the changes themselves.
        found = {each["policy"]: each["findings"] for each in made["verdicts"]}
        assert {each["policy"]: each["findings"] for each in shown["verdicts"]} == found
    return changed


@pytest.mark.parametrize("name", names())
def test_the_plan_itself_is_carried_out(name: str) -> None:
    assert carried_out(hashed(plan(name)), name) == len(read(name)) > 0


@pytest.mark.parametrize("name", names())
def test_with_any_field_of_a_plan_edited_nothing_is_made_that_is_not_shown(name: str) -> None:
    """Of the first resource that is changed, field by field."""
    first = next(item for item in plan(name)["items"] if item["changes"])
    content = _consistent({**plan(name), "items": [first]})
    text = json.dumps(content)
    done = []
    for at in paths(first, ("items", 0)):
        for edit in edits(content, at):
            edited = json.loads(text)
            edit(edited)
            done.append(carried_out(hashed(edited), name))
    # Another reason or mode is shown, and decides about nothing.
    assert len(done) > 50 and 0 < sum(done) < len(done) / 2


@given(data=st.data())
def test_with_many_fields_edited_nothing_is_made_that_is_not_shown(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["rds-instance", "s3-bucket", "iam-password-policy"]))
    edited = json.loads(json.dumps(plan(name)))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.sampled_from(list(paths(edited))))
        data.draw(st.sampled_from(list(edits(edited, at))))(edited)
        if not edited:
            return
    carried_out(hashed(edited), name)


@pytest.mark.parametrize("name", names())
def test_a_change_that_is_taken_out_of_the_display_is_not_made(name: str) -> None:
    """Changes, calls, findings and all, with whatever hides them best."""
    for number, item in enumerate(plan(name)["items"]):
        for change in item["changes"]:
            edited = json.loads(json.dumps(plan(name)))
            mine = edited["items"][number]
            mine["changes"] = [each for each in mine["changes"] if each["setting"] != change["setting"]]
            for verdict in mine["verdicts"]:
                verdict["findings"] = [
                    each for each in verdict["findings"] if each["setting"] != change["setting"]
                ]
            edited["items"] = [mine]
            assert carried_out(hashed(_consistent(edited)), name) == 0


def _consistent(content: dict[str, Any]) -> dict[str, Any]:
    """With the counts, and what is said of the policies, as they fit the items."""
    items = tuple(plan_file.Item.model_validate(each) for each in content["items"])
    abouts = {name: each.model_dump(mode="json") for name, each in plan_file._abouts(items).items()}
    return {**content, "policies": abouts, "counts": plan_file._counts(items)}
