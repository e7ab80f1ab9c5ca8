"""Events cannot write inputs.

Whatever a caller writes into an event, the execution is about the resource that the event names, or nothing
is done.
"""

import copy
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rightstate import catalogue
from rightstate.errors import InvalidInput, UnexpectedEvent
from rightstate.event_rule import Subject
from rightstate.executions import triggers
from rightstate.identify import identify
from rightstate.models.backfill import BackfillInput
from rightstate.models.start import StartInput
from rightstate.resource_type import Place
from rightstate_cli.application import events, input_transformer
from tests.support import altering
from tests.support.callers import ACCOUNT, iam_user, role_session
from tests.support.template import Event, Rule, matching, rules, rules_of_machines, value_at

STARTS = [
    (kind, event, rule) for kind, of in events.shipped().items() for event in of for rule in matching(event)
]
named_by_type = [f"{rule.resource_type}/{event['detail']['eventName']}" for _, event, rule in STARTS]
every_start = pytest.mark.parametrize(("kind", "event", "rule"), STARTS, ids=named_by_type)
EVENTS_OF_FINDINGS = Path(__file__).parents[2] / "findings" / "events"
FINDINGS = [json.loads(path.read_text()) for path in EVENTS_OF_FINDINGS.glob("*.json")]
STATE_BYTES = 262_144
"""Step Functions developer guide, "Quotas": the most that a state, and so an input, may have."""

INJECTED = (
    '"mode":"report","policies":["none"],"undo":"x","requester":"AROA:me","approved":"x",'
    '"account":"999999999999","resource":"other","resources":null,"concurrency":100,"about":[{}],"z":"'
)
HOSTILE = (
    # What was understood when texts stood between quotes: at the top, and within `event` and `resources`.
    'x","mode":"report","reason":"',
    'x"},"mode":"report","event":{"id":"1","name":"n","time":"t","principal":"',
    'x","account":"999999999999","resource":"other","reason":"',
    'x"}],"concurrency":100,"reason":"',
    f'x",{INJECTED}',
    f'x"],{INJECTED}',
    f'x"}}],{INJECTED}',
    f'x"}}}},{INJECTED}',
    f'x\\",{INJECTED}',
    'x"]}',
    '"',
    "\\",
    "x\n\t\u0000\u2028y",
    "{}}{[]",
    "<account><who><about><x>",
    "x" * 10_240,
)


def subject_of(rule: Rule, event: Event) -> Subject:
    return catalogue.load(str(rule.resource_type)).events[event["detail"]["eventName"]]


# --- What the rules pass on ---

# A text for people, not an input. Of a pattern's three words, and an ARN that Step Functions makes of the
# names of a machine and an execution, which take no quotes (API reference, StartExecution).
FOR_PEOPLE = {("DiedExecutions", "status"), ("DiedExecutions", "execution")}


def test_between_quotes_a_template_has_nothing_but_the_envelope() -> None:
    quoted = {
        (rule.name, variable): rule.paths[variable]
        for rule in rules()
        if "InputTransformer" in rule.target
        for text in re.findall(r'"(?:\\.|[^"\\])*"', rule.target["InputTransformer"]["InputTemplate"])
        for variable in re.findall(r"<([^<>]*)>", text)
    }
    assert {path for each, path in quoted.items() if each not in FOR_PEOPLE} == {
        "$.account",
        "$.region",
        "$.id",
        "$.time",
    }


def test_a_text_of_the_detail_is_passed_on_only_where_no_caller_can_write_it() -> None:
    texts = {
        path
        for _, event, rule in STARTS
        for path in rule.paths.values()
        if path.startswith("$.detail.") and isinstance(value_at(event, path), str)
    }
    # Of the pattern's names, of CloudTrail, and of EC2; the template says where that is documented.
    assert texts == {
        "$.detail.eventName",
        "$.detail.sourceIPAddress",
        "$.detail.responseElements.reservationId",
    }


def test_the_one_of_these_that_no_pattern_and_no_list_of_names_fixes_stands_first() -> None:
    for rule in rules_of_machines():
        assert rule.target["InputTransformer"]["InputTemplate"].startswith('{"source": [<source>], ')


def test_a_rule_listens_to_what_its_type_declares_and_passes_on_the_object_around_the_name() -> None:
    passed_on = {
        (rule.resource_type, name): rule.paths.get("about", "")
        for rule in rules_of_machines()
        for name in rule.event_names
    }
    assert passed_on == {
        (kind, name): f"$.detail.{subject.passed_on}" if subject.passed_on else ""
        for kind in catalogue.names()
        for name, subject in catalogue.load(kind).events.items()
    }


@every_start
def test_an_input_is_as_small_as_its_object(kind: str, event: Event, rule: Rule) -> None:
    """The user agent and the other half of the call stay out."""
    text = json.dumps(rule.input(event))
    assert "userAgent" not in text
    assert len(text) < 20_000


# --- What is not there ---


def without(event: Event, path: str) -> Iterator[Event]:
    """The event with the end of the path gone, or null, or no text, or the object around it null or gone."""
    *above, around, last = path.split(".")
    for leaf in (None, {}, 7, ""):
        changed = copy.deepcopy(event)
        value_at(changed, ".".join(["detail", *above, around]))[last] = leaf
        yield changed
    gone, hollow, lost = (copy.deepcopy(event) for _ in range(3))
    del value_at(gone, ".".join(["detail", *above, around]))[last]
    value_at(hollow, ".".join(["detail", *above]))[around.partition("[")[0]] = None
    del value_at(lost, ".".join(["detail", *above]))[around.partition("[")[0]]
    yield from (gone, hollow, lost)


def lacking(rule: Rule, event: Event) -> Iterator[tuple[str, Event]]:
    """The path of the name, and each event that does not have it."""
    if event["detail"]["eventName"] == "ExecuteChangeSet":
        # With an ARN there instead, the call is known to name no stack; the next test but one has that.
        event = replaced(event, ("detail", "requestParameters", "changeSetName"), "samcli-deploy")
    if event["detail"]["eventName"] == "UpdateAccessKey":
        # Without a name it is the caller's own key, and no part of the event that a rule passes on has it.
        return
    for path in subject_of(rule, event).paths:
        if input_transformer.leads_somewhere(event["detail"], path):
            yield from ((path, each) for each in without(event, path))


@every_start
def test_an_event_that_lacks_its_resource_ends_rejected_and_says_which_path_leads_nowhere(
    kind: str, event: Event, rule: Rule
) -> None:
    for path, mutilated in lacking(rule, event):
        if rule.matches(mutilated):
            with pytest.raises(UnexpectedEvent) as refused:
                rule.start(mutilated)
            assert path in str(refused.value)
        else:
            # Where the engine is lost with the name, the rule for those without an engine takes the event.
            assert "engine" in str(rule.pattern)


@every_start
def test_an_event_that_lacks_its_resource_is_never_dropped(kind: str, event: Event, rule: Rule) -> None:
    assert [mutilated for _, mutilated in lacking(rule, event) if not matching(mutilated)] == []


@pytest.mark.parametrize(
    ("name", "call", "requested"),
    [
        (
            "cloudformation-stack",
            "ExecuteChangeSet",
            {"changeSetName": "arn:aws:cloudformation:x"},
        ),
        ("cloudformation-stack", "ImportStacksToStackSet", {"stackIdsUrl": "s3://x/y"}),
    ],
)
def test_a_call_that_is_known_not_to_name_its_resource_starts_nothing(
    name: str, call: str, requested: Mapping[str, str]
) -> None:
    [event] = [event for event in events.shipped()[name] if event["detail"]["eventName"] == call]
    assert matching(event)
    assert not matching({**event, "detail": {**event["detail"], "requestParameters": requested}})


def test_an_event_without_a_caller_starts_all_the_same() -> None:
    for _, event, rule in STARTS:
        detail = {k: v for k, v in event["detail"].items() if k not in ("userIdentity", "sourceIPAddress")}
        start = rule.start({**event, "detail": detail})
        assert start.event is not None
        assert (start.event.principal, start.event.source) == ("", "")


# --- Hostile values ---


def leaves(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of each text."""
    if isinstance(node, str):
        yield path
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in children:
        yield from leaves(child, (*path, key))


def replaced(event: Event, path: tuple[Any, ...], value: str) -> Event:
    changed, around = altering.opened(event, path)
    around[path[-1]] = value
    return changed


def inputs(rule: Rule, event: Event) -> Iterator[tuple[Any, bool]]:
    """Each input that may be made of the event, and whether it is as documented. What is no JSON starts
    nothing; the event is kept as undelivered.

    The second is made if EventBridge also fills in what it has just put in, which nothing says that it does.
    """
    transformer = rule.target["InputTransformer"]
    once = input_transformer.transformed(transformer, event)
    with suppress(ValueError):
        yield json.loads(once), True
    if "<" in once:
        with suppress(ValueError):
            again = input_transformer.transformed({**transformer, "InputTemplate": once}, event)
            yield json.loads(again), False


def identifier(subject: Subject, name: str, event: Event) -> str:
    """The name in what it stands in, part by part."""
    found = subject.as_.replace("{}", name)
    for key in re.findall(r"\{(\w+)\}", subject.as_):
        found = found.replace(f"{{{key}}}", value_at(event["detail"], f"{subject.passed_on}.{key}"))
    return found


def assert_harmless(rule: Rule, event: Event, given: Any, documented: bool = True) -> None:
    """The input ends rejected, or is about what the event names, and nothing else is set."""
    resource_type = catalogue.load(str(rule.resource_type))
    try:
        start = triggers.understood(resource_type, given).start
    except (UnexpectedEvent, InvalidInput):
        return
    subject = subject_of(rule, event)
    assert start.model_fields_set == {"account", "region", "event", subject.kind}
    assert (start.account, start.region) == (event["account"], event["region"])
    assert start.event is not None
    assert (start.event.id, start.event.time) == (event["id"], event["time"])
    assert start.event.name == event["detail"]["eventName"]
    if not documented:
        return
    said = [
        value_at(event["detail"], path)
        for path in subject.paths
        if input_transformer.leads_somewhere(event["detail"], path)
    ]
    # As StartInput takes what is said.
    expected = StartInput.model_validate(
        {
            "account": ACCOUNT,
            "region": "us-east-1",
            subject.kind: identifier(subject, said[0], event)
            if said and isinstance(said[0], str)
            else said[0]
            if said
            else {"resource": event["account"]}.get(subject.kind, "account"),
        }
    )
    assert getattr(start, subject.kind) == getattr(expected, subject.kind)
    place = Place(account=start.account, region=start.region)
    for name in [start.resource] if start.resource else start.resources or ():
        try:
            found = identify(resource_type, place, name)
        except InvalidInput:
            continue
        assert found.account == start.account
        assert found.id.lower() in name.lower()
    # What becomes of the caller: all of it or nothing.
    who = event["detail"].get("userIdentity", {})
    assert start.event.principal in ("", who.get("arn"))
    assert start.event.principal_id in ("", who.get("principalId"))
    assert start.event.source in ("", event["detail"].get("sourceIPAddress"))


@every_start
def test_no_text_of_an_event_can_become_part_of_the_input(kind: str, event: Event, rule: Rule) -> None:
    started = 0
    unharmed = list(inputs(rule, event))
    for path in leaves(event["detail"], ("detail",)):
        if ".".join(map(str, path[1:])) == "responseElements.reservationId":
            continue  # EC2 alone makes it
        # What is not passed on whatever it is needs no second try.
        passed_on = list(inputs(rule, replaced(event, path, "unheard of"))) != unharmed
        for hostile in HOSTILE if passed_on else HOSTILE[:2]:
            attack = replaced(event, path, hostile)
            if not rule.matches(attack):
                continue
            for made, documented in inputs(rule, attack):
                assert len(json.dumps(made)) < STATE_BYTES
                assert_harmless(rule, attack, made, documented)
                started += 1
    assert started > 50


CALLERS = (
    *(iam_user(f"{hostile[:512]}/bruno") for hostile in HOSTILE),
    *({**role_session("Developer"), "principalId": f"AROAEXAMPLE:{hostile}"} for hostile in HOSTILE),
)


@pytest.mark.parametrize("caller", CALLERS, ids=range(len(CALLERS)))
def test_a_callers_path_and_session_are_told_whole_or_not_at_all(caller: Event) -> None:
    for _, event, rule in STARTS:
        attack = {**event, "detail": {**event["detail"], "userIdentity": caller}}
        assert_harmless(rule, attack, rule.input(attack))
        known = rule.start(attack).event
        assert known is not None
        assert known.principal in ("", caller["arn"])


def between_quotes(rule: Rule) -> Rule:
    """The rule as it was made once, with the caller's texts between quotes."""
    transformer = {
        "InputPathsMap": {
            **rule.paths,
            "resource": "$.detail.requestParameters.bucketName",
            "principal": "$.detail.userIdentity.arn",
        },
        "InputTemplate": '{"account": "<account>", "region": "<region>", "resource": "<resource>", '
        '"event": {"id": "<id>", "name": <name>, "time": "<time>", "principal": "<principal>"}}',
    }
    return replace(rule, target={**rule.target, "InputTransformer": transformer})


@pytest.mark.parametrize("path", ["requestParameters.bucketName", "userIdentity.arn"])
def test_these_values_would_write_the_input_if_they_stood_between_quotes(path: str) -> None:
    """Otherwise that they do no harm would say nothing."""
    [event] = [e for _, e, _ in STARTS if e["detail"]["eventName"] == "PutBucketPolicy"]
    [rule] = matching(event)
    written = set()
    for hostile in HOSTILE:
        attack = replaced(event, ("detail", *path.split(".")), hostile)
        with suppress(ValueError, InvalidInput, UnexpectedEvent):
            start = triggers.understood(catalogue.load("s3-bucket"), between_quotes(rule).input(attack)).start
            written |= {start.account, start.mode}
    assert "report" in written
    assert ("999999999999" in written) is path.startswith("requestParameters")


def test_a_path_with_quotes_is_kept_as_it_is() -> None:
    _, event, rule = STARTS[0]
    caller = iam_user('x","mode":"report","z":"/bruno')
    known = rule.start({**event, "detail": {**event["detail"], "userIdentity": caller}}).event
    assert known is not None and known.principal == caller["arn"]


def test_a_group_whose_name_holds_quotes_is_looked_at_like_any_other() -> None:
    [event] = [e for k, e, _ in STARTS if e["detail"]["eventName"] == "UpdateAutoScalingGroup"]
    [rule] = matching(event)
    name = 'web"},"mode":"report"'
    start = rule.start(replaced(event, ("detail", "requestParameters", "autoScalingGroupName"), name))
    assert (start.resource, start.mode) == (name, None)


WORDS = st.text(st.characters(codec="utf-8") | st.sampled_from('"\\{}[]<>,:\n'), max_size=80)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(STARTS), WORDS, WORDS, WORDS, WORDS)
def test_whatever_is_written_the_input_is_about_what_the_event_names(
    chosen: tuple[str, Event, Rule], arn: str, unique: str, source: str, name: str
) -> None:
    _, event, rule = chosen
    detail = {
        **event["detail"],
        "userIdentity": {**event["detail"]["userIdentity"], "arn": arn, "principalId": unique},
        "sourceIPAddress": source,
    }
    attack = {**event, "detail": detail}
    subject = subject_of(rule, event)
    if subject.paths and not subject.by_aws and subject.kind != "resources":
        [path] = [path for path in subject.paths if input_transformer.leads_somewhere(event["detail"], path)]
        keys = tuple(int(key) if key.isdecimal() else key for key in re.findall(r"[^.\[\]]+", path))
        attack = replaced(attack, ("detail", *keys), name)
    for made, documented in inputs(rule, attack):
        assert_harmless(rule, attack, made, documented)


@pytest.mark.parametrize(
    "more",
    [
        {"mode": "report"},
        {"policies": ["none"]},
        {"undo": "x"},
        {"requester": "me"},
        {"resource": "x"},
        {"reason": "x"},
        {"event": {"id": "1", "name": "CreateBucket", "time": "x", "principal": "me"}},
        {"account": "me"},
        {"who": [{}, {}]},
        {"about": [{}, {}]},
        {"about": "x"},
        {"source": "x"},
    ],
    ids=str,
)
def test_an_input_of_a_rule_has_its_fields_and_no_other(more: dict[str, Any]) -> None:
    _, event, rule = STARTS[0]
    given = {**rule.input(event), **more}
    with pytest.raises(UnexpectedEvent):
        triggers.understood(catalogue.load(str(rule.resource_type)), given)


def test_an_event_that_a_type_does_not_know_is_refused() -> None:
    _, event, rule = STARTS[0]
    given = rule.input({**event, "detail": {**event["detail"], "eventName": "DeleteEverything"}})
    with pytest.raises(UnexpectedEvent, match="No event named DeleteEverything"):
        triggers.understood(catalogue.load(str(rule.resource_type)), given)


# --- Hostile findings ---


def said_of(finding: Event) -> tuple[Any, Any, Any]:
    """Account, region and resource as the finding has them."""
    if finding["source"] == "aws.securityhub":
        first = finding["detail"]["findings"][0]
        return first["AwsAccountId"], first["Region"], first["Resources"][0]["Id"]
    result = finding["detail"]["newEvaluationResult"]["evaluationResultIdentifier"]
    return finding["account"], finding["region"], result["evaluationResultQualifier"]["resourceId"]


@pytest.mark.parametrize("finding", FINDINGS, ids=lambda finding: finding["source"])
def test_a_finding_can_start_nothing_but_the_resource_that_it_names(finding: Event) -> None:
    [rule] = matching(finding)
    started = 0
    for path in leaves(finding["detail"], ("detail",)):
        for hostile in HOSTILE:
            attack = replaced(finding, path, hostile)
            if not rule.matches(attack):
                continue
            for made, documented in inputs(rule, attack):
                with suppress(UnexpectedEvent):
                    start = triggers.backfill_input(made)
                    assert start.model_fields_set == {"resources", "reason"}
                    [named] = start.resources or ()
                    told = (named.account, named.region, named.resource)
                    assert told == said_of(attack) or not documented
                    assert start.reason.isprintable()
                    started += 1
    assert started > 50


@pytest.mark.parametrize(
    ("source", "path"),
    [
        ("aws.securityhub", "findings.0.AwsAccountId"),
        ("aws.securityhub", "findings.0.Region"),
        ("aws.securityhub", "findings.0.Resources"),
        ("aws.securityhub", "findings.0.Resources.0.Id"),
        ("aws.config", "newEvaluationResult.evaluationResultIdentifier"),
        (
            "aws.config",
            "newEvaluationResult.evaluationResultIdentifier.evaluationResultQualifier.resourceId",
        ),
        (
            "aws.config",
            "newEvaluationResult.evaluationResultIdentifier.evaluationResultQualifier.resourceType",
        ),
    ],
)
def test_a_finding_that_names_nothing_is_refused(source: str, path: str) -> None:
    [finding] = [finding for finding in FINDINGS if finding["source"] == source]
    keys = tuple(int(key) if key.isdecimal() else key for key in path.split("."))
    around: Any = (gone := copy.deepcopy(finding))["detail"]
    for key in keys[:-1]:
        around = around[key]
    del around[keys[-1]]
    [rule] = matching(gone)
    with pytest.raises(UnexpectedEvent):
        triggers.backfill_input(rule.input(gone))


@pytest.mark.parametrize("finding", FINDINGS, ids=lambda finding: finding["source"])
@pytest.mark.parametrize("more", [{"concurrency": 100}, {"mode": "auto"}, {"accounts": [ACCOUNT]}], ids=str)
def test_an_input_of_a_findings_rule_has_its_fields_and_no_other(
    finding: Event, more: dict[str, Any]
) -> None:
    [rule] = matching(finding)
    given = rule.input(finding)
    assert triggers.backfill_input(given).resources
    with pytest.raises(UnexpectedEvent):
        triggers.backfill_input({**given, **more})


def test_an_input_by_hand_is_as_ever() -> None:
    assert triggers.backfill_input({"accounts": [ACCOUNT]}) == BackfillInput(accounts=(ACCOUNT,))
    by_hand = {"account": ACCOUNT, "region": "us-east-1", "resource": "x", "mode": "report"}
    bucket = catalogue.load("s3-bucket")
    assert triggers.understood(bucket, by_hand).start == StartInput.model_validate(by_hand)
    # As the rules of earlier versions made it, which may still be on its way.
    earlier = {**by_hand, "event": {"id": "1", "name": "x", "time": "y", "principal": "p", "source": "s"}}
    assert triggers.understood(bucket, earlier).start.event is not None
