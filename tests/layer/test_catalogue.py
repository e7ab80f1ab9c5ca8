"""What holds of every resource type and policy, whoever adds one.

Nothing here names a type or a policy, but for what is said of it in a table.
"""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from authoring import new_type
from botocore.model import OperationModel
from botocore.validate import ParamValidator

from rightstate.aws.sessions import Phase, session_policy
from rightstate.catalogue import find_policy, load_all, names
from rightstate.policy import Mode, Policy, Reversibility, Risk
from rightstate.resource_type import Place, ResourceType, send
from rightstate.wants import PolicyText, Value
from rightstate_cli.application import events, sam_template
from rightstate_cli.simulation import examples
from tests.support.recorded import action, made, service_model
from tests.types import expected, known

PUBLISHED = {
    row["id"]: row
    for row in csv.DictReader((Path(__file__).parents[1] / "published_policies.csv").read_text().splitlines())
}
TYPES = load_all()
POLICIES = [(resource_type, policy) for resource_type in TYPES for policy in resource_type.policies]

every_published = pytest.mark.parametrize("row", PUBLISHED.values(), ids=list(PUBLISHED))
every_type = pytest.mark.parametrize("resource_type", TYPES, ids=lambda each: each.name)
every_policy = pytest.mark.parametrize(
    ("resource_type", "policy"), POLICIES, ids=[policy.id for _, policy in POLICIES]
)


# --- What is published stays as it is ---


@every_published
def test_a_published_policy_is_found_by_its_id_and_by_each_alias(row: Mapping[str, str]) -> None:
    for name in (row["id"], *filter(None, row["aliases"].split(";"))):
        resource_type, policy = find_policy(name)
        assert (resource_type.name, policy.id) == (row["resource_type"], row["id"])


@every_published
def test_a_published_policy_is_as_it_was_published(row: Mapping[str, str]) -> None:
    _, policy = find_policy(row["id"])
    assert {
        "aliases": ";".join(policy.aliases),
        "title": policy.title,
        "category": policy.category,
        "security_hub_control": ";".join(policy.security_hub),
    } == {key: row[key] for key in ("aliases", "title", "category", "security_hub_control")}


def test_there_are_no_policies_but_the_published_ones() -> None:
    """A new policy is published by its row in published_policies.csv."""
    assert sorted(policy.id for _, policy in POLICIES) == sorted(PUBLISHED)


def test_the_108_policies_of_the_first_release_are_published() -> None:
    assert len(PUBLISHED) >= 108


def test_no_two_policies_share_a_name() -> None:
    known = [name for _, policy in POLICIES for name in (policy.id, *policy.aliases)]
    assert sorted(known) == sorted(set(known))


# --- A type has everything that belongs to it ---


def test_every_type_has_a_machine_and_every_machine_a_type() -> None:
    assert sorted(sam_template.machines().values()) == list(names())


def test_every_type_has_what_the_tests_know_of_it() -> None:
    assert known() == names()


@every_type
def test_nothing_is_left_to_fill_in_of_what_make_new_type_has_written(resource_type: ResourceType) -> None:
    assert list(new_type.left(sam_template.root(), resource_type.name)) == []


@every_type
def test_a_type_has_rules_events_and_an_example(resource_type: ResourceType) -> None:
    listened = sam_template.event_names(resource_type.name)
    assert listened
    assert listened == sorted({each["detail"]["eventName"] for each in events.shipped()[resource_type.name]})
    example = examples.load(resource_type.name)
    assert example.event in listened
    for policy in (example.policy, *example.others.values()):
        assert find_policy(policy)[0] is resource_type


WRITTEN = [
    pytest.param(resource_type, name, id=f"{resource_type.name}-{name}")
    for resource_type in TYPES
    for name in sorted({setting for policy in resource_type.policies for setting in policy.wants})
    if resource_type.settings[name].write
]


@pytest.mark.parametrize(("resource_type", "name"), WRITTEN)
def test_a_setting_that_is_set_back_starts_the_remediation(resource_type: ResourceType, name: str) -> None:
    setting = resource_type.settings[name]
    written_by = setting.write.partition(":")[0].rpartition(".")[2]
    set_back_by = setting.set_back_by or (written_by,)
    assert [event for event in set_back_by if event not in resource_type.events] == []


LONGEST = Place(account="111122223333", region="ap-southeast-1", partition="aws-us-gov")


@every_type
@pytest.mark.parametrize("phase", Phase)
def test_a_session_policy_fits_into_what_sts_allows(resource_type: ResourceType, phase: Phase) -> None:
    assert len(session_policy(resource_type, phase, LONGEST)) <= 2048


# --- Settings are what AWS calls them ---

SETTINGS = [
    pytest.param(resource_type, getattr(setting, use), use, id=f"{resource_type.name}-{name}-{use}")
    for resource_type in TYPES
    for name, setting in resource_type.settings.items()
    for use in ("read", "write")
    if getattr(setting, use)
]
every_path = pytest.mark.parametrize(("resource_type", "declared", "use"), SETTINGS)


def operation(resource_type: ResourceType, declared: str) -> OperationModel:
    """Of `Operation:path` or `service.Operation:path`."""
    service, _, name = declared.partition(":")[0].rpartition(".")
    return service_model(service or resource_type.service).operation_model(name)


def shapes(resource_type: ResourceType, declared: str, use: str) -> list[Any]:
    """The shapes along the path, from the operation's output or input to the setting.

    Raises KeyError where a member does not exist, AssertionError where a list is not said to be one.
    """
    model = operation(resource_type, declared)
    passed: list[Any] = [model.output_shape if use == "read" else model.input_shape]
    for step in declared.partition(":")[2].split("."):
        passed.append(passed[-1].members[step.removesuffix("[]")])
        if step.endswith("[]"):
            assert passed[-1].type_name == "list", f"{step} of {declared} is no list"
            passed.append(passed[-1].member)
    return passed


@every_path
def test_a_setting_is_read_and_written_where_aws_has_it(
    resource_type: ResourceType, declared: str, use: str
) -> None:
    assert shapes(resource_type, declared, use)


# Of these structures only the names of their members are read, never what they hold.
NAMES_ONLY = ("PendingModifiedValues",)


@every_path
def test_no_setting_is_or_holds_a_secret(resource_type: ResourceType, declared: str, use: str) -> None:
    concerned = shapes(resource_type, declared, use)
    if concerned[-1].type_name == "structure" and not declared.endswith(NAMES_ONLY):
        concerned += concerned[-1].members.values()
    assert [shape.name for shape in concerned if shape.metadata.get("sensitive")] == []


# --- What a declaration names is declared ---


def cases(policy: Policy) -> set[str]:
    named = (*policy.not_applicable, *policy.compliant_when, *policy.exempt_when, *policy.held_when)
    return {*((policy.scope,) if policy.scope else ()), *named}


@every_type
def test_the_cases_of_a_type_are_those_that_its_policies_name(resource_type: ResourceType) -> None:
    named = {case for policy in resource_type.policies for case in cases(policy)}
    assert named == set(resource_type.cases)


@every_type
def test_what_a_type_reads_are_settings_that_it_declares(resource_type: ResourceType) -> None:
    known = set(resource_type.settings)
    assert set(resource_type.facts) <= known
    for case in resource_type.cases.values():
        assert {*case.reads, *([case.unless_written] if case.unless_written else [])} <= known


@every_policy
def test_what_a_policy_wants_can_be_read_and_written(resource_type: ResourceType, policy: Policy) -> None:
    assert policy.wants
    for name, want in policy.wants.items():
        assert resource_type.settings[name].read
        assert resource_type.settings[name].write
        offered = getattr(want, "offered", None)
        assert offered is None or resource_type.settings[offered].read


@every_policy
def test_each_parameter_of_a_policy_is_of_use_and_no_other_is_named(
    resource_type: ResourceType, policy: Policy
) -> None:
    bounds = {
        source
        for want in policy.wants.values()
        for name, source in want
        if name.endswith("_from") and source is not None
    }
    named = [resource_type.cases[case] for case in cases(policy)]
    switches = {case.switch for case in named} - {None}
    read = {name for case in named for name in case.parameters}
    assert bounds | switches | read == set(policy.parameters)


@every_policy
def test_the_default_or_the_example_of_a_parameter_is_one_of_the_values_that_it_takes(
    resource_type: ResourceType, policy: Policy
) -> None:
    refused = [
        name
        for name, parameter in policy.parameters.items()
        # A text without a default is simply not set.
        if parameter.like is not None and not parameter.accepts(parameter.like)
    ]
    assert refused == []


@every_policy
def test_only_a_policy_without_risk_is_offered_in_auto(resource_type: ResourceType, policy: Policy) -> None:
    assert (policy.risk.suggested_mode is Mode.AUTO) == (policy.risk is Risk.SAFE)


@every_policy
def test_a_change_that_cannot_be_taken_back_is_no_safe_one(
    resource_type: ResourceType, policy: Policy
) -> None:
    assert policy.reversibility is not Reversibility.NOT or policy.risk is not Risk.SAFE


BEFORE: tuple[Value, ...] = (None, False, True, 0, 1, 10_000, "none", [])
PUBLIC = '{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}}'


@every_policy
def test_only_a_policy_about_buckets_asks_for_tls(resource_type: ResourceType, policy: Policy) -> None:
    """The statement that it adds names the actions and the ARNs of S3."""
    asks = any(isinstance(want, PolicyText) and want.tls_only for want in policy.wants.values())
    assert not asks or resource_type.name == "s3-bucket"


@every_policy
def test_what_a_policy_would_write_is_what_it_wants(resource_type: ResourceType, policy: Policy) -> None:
    for want in policy.bound_wants(policy.examples).values():
        # Only None and policies are settings that a policy's text is wanted of.
        for before in (None, PUBLIC) if isinstance(want, PolicyText) else BEFORE:
            assert want.holds(want.target(before))


# --- The calls that are made are the actions that are declared ---


@every_type
def test_listing_describing_and_verifying_need_the_read_actions_and_no_others(
    resource_type: ResourceType,
) -> None:
    needed = made(resource_type.name).read
    assert needed <= set(resource_type.read_actions)
    assert set(resource_type.read_actions) - needed == set(expected(resource_type.name).rarely_read)


@every_type
def test_applying_needs_the_write_actions_and_at_most_the_read_actions(resource_type: ResourceType) -> None:
    needed = made(resource_type.name).apply - set(resource_type.read_actions)
    assert needed <= set(resource_type.write_actions)
    assert set(resource_type.write_actions) - needed == set(expected(resource_type.name).rarely_written)


@every_type
def test_undoing_needs_the_undo_actions_beside_and_no_others(resource_type: ResourceType) -> None:
    needed = made(resource_type.name).undo - set(resource_type.read_actions)
    rarely = expected(resource_type.name).rarely_undone
    assert set(rarely) <= set(resource_type.undo_actions)
    assert needed - set(resource_type.write_actions) == set(resource_type.undo_actions) - set(rarely)


@every_type
def test_an_example_breaks_what_it_says_and_every_change_is_made_by_a_call(
    resource_type: ResourceType,
) -> None:
    for decision in (*made(resource_type.name).decisions, *made(resource_type.name).undos):
        assert decision.changes
        assert {change.setting for change in decision.changes} == {
            setting for call in decision.calls for setting in call.settings
        }


@every_type
def test_a_planned_call_is_one_that_aws_understands(resource_type: ResourceType) -> None:
    for decision in (*made(resource_type.name).decisions, *made(resource_type.name).undos):
        for call in decision.calls:
            shape: Any = service_model(call.service).operation_model(call.operation).input_shape
            faults = ParamValidator().validate(call.parameters, shape).generate_report().splitlines()
            if resource_type.apply is not send:
                # The rest is known when apply has read the whole object that it replaces.
                faults = [fault for fault in faults if not fault.startswith("Missing required parameter")]
            assert faults == []


def services(resource_type: ResourceType) -> Iterator[str]:
    """Those that the type calls."""
    yield resource_type.service
    yield from expected(resource_type.name).also_calls
    for setting in resource_type.settings.values():
        service, dot, _ = setting.read.partition(":")[0].rpartition(".")
        if dot:
            yield service


@every_type
def test_each_declared_action_exists(resource_type: ResourceType) -> None:
    asked_for_us = {each.partition(":")[0] for each in resource_type.dependent_actions}
    existing = {
        action(f"{service}:{name}")
        for service in {*services(resource_type), *asked_for_us}
        for name in service_model(service).operation_names
    }
    # Rights that no operation has (service authorization reference).
    existing |= {"iam:PassRole", "logs:CreateLogDelivery", "logs:DeleteLogDelivery"}
    writes = {*resource_type.write_actions, *resource_type.undo_actions}
    declared = {*resource_type.read_actions, *writes, *resource_type.dependent_actions}
    assert declared <= existing
    assert not set(resource_type.read_actions) & writes
    assert not set(resource_type.write_actions) & set(resource_type.undo_actions)


def test_a_type_without_a_listing_declares_how_to_find_and_describe() -> None:
    with pytest.raises(TypeError, match="thing needs a listing"):
        ResourceType(
            name="thing",
            title="thing",
            service="sqs",
            policies=(),
            settings={},
            arn="{id}",
            id_pattern=".*",
            calls=lambda resource, changes, observed: (),
            read_actions=(),
            write_actions=(),
            write_resources=(),
        )
