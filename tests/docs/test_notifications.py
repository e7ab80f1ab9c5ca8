"""docs/notifications.md, the schema of the event, and what the page tells people to deploy."""

import json
from functools import cache
from typing import Any

import boto3
import jsonschema
import pytest
from cfnlint.api import lint
from moto import mock_aws
from samtranslator.yaml_helper import yaml_parse

from rightstate.notifying.notification import Notification
from rightstate_cli.application import input_transformer, sam_template
from rightstate_cli.docs import notifications
from tests.support import patterns

DOCS = sam_template.root() / "docs"


@cache
def page() -> str:
    return notifications.page()


@cache
def event() -> dict[str, Any]:
    """The event of the page."""
    return notifications.run()[2]


def test_the_page_is_what_a_run_and_the_model_say() -> None:
    written = (DOCS / notifications.PAGE).read_text()
    assert written == page(), "docs/notifications.md is out of date: run `make docs`"


def test_the_schema_is_the_models() -> None:
    written = (DOCS / notifications.SCHEMA).read_text()
    expected = notifications.as_file(notifications.schema())
    assert written == expected, "the schema is out of date: run `make docs`, and look whether it is version 1"


def test_an_event_is_valid_by_the_schema_and_so_is_one_of_a_later_minor_version() -> None:
    schema = notifications.schema()
    jsonschema.validate(event()["detail"], schema)
    jsonschema.validate({**event()["detail"], "added": "later"}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**event()["detail"], "outcome": "fanned-out"}, schema)


def test_every_field_is_always_there() -> None:
    assert set(notifications.schema()["required"]) == set(Notification.model_fields)


@pytest.mark.parametrize("field", ["outcome", "cause.principal", "changes[].before", "verdicts[].findings[]"])
def test_the_page_describes_the_fields_of_the_event_and_of_what_is_in_it(field: str) -> None:
    assert f"| `{field}" in page()


# --- What the page tells people to deploy ---


def example(logical_id: str) -> Any:
    return yaml_parse(notifications.EXAMPLE)["Resources"][logical_id]["Properties"]


def test_the_example_is_a_template_of_cloudformation() -> None:
    assert lint(notifications.EXAMPLE) == []
    assert notifications.EXAMPLE in page()


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        ({"outcome": "failed"}, True),
        ({"outcome": "reported"}, True),
        ({"outcome": "remediated"}, False),
        ({"outcome": "failed", "arn": None}, False),
        ({"outcome": "failed", "version": "2"}, False),
    ],
)
def test_the_rule_of_the_example_takes_what_was_not_put_right(detail: dict[str, str], expected: bool) -> None:
    told = {**event(), "detail": {**event()["detail"], **detail}}
    assert patterns.matches(example("Rule")["EventPattern"], told) == expected


def test_the_rule_of_the_example_sends_what_a_chat_understands() -> None:
    [target] = example("Rule")["Targets"]
    sent = json.loads(input_transformer.transformed(target["InputTransformer"], event()))
    link = event()["detail"]["link"]
    assert sent == {"text": f"Rightstate remediated s3-bucket arn:aws:s3:::payments-archive: {link}"}


def test_a_subscription_with_the_filter_of_the_page_gets_failures_alone() -> None:
    policy = '{"outcome": ["failed"]}'
    assert json.dumps(policy) in page()
    with mock_aws():
        sns, sqs = (boto3.client(name, region_name="us-east-1") for name in ("sns", "sqs"))
        topic = sns.create_topic(Name="told")["TopicArn"]
        queue = sqs.create_queue(QueueName="told")["QueueUrl"]
        sns.subscribe(
            TopicArn=topic,
            Protocol="sqs",
            Endpoint="arn:aws:sqs:us-east-1:123456789012:told",
            Attributes={"FilterPolicy": policy, "RawMessageDelivery": "true"},
        )
        sns.publish(TopicArn=topic, Message="an alarm, without attributes")
        for outcome in ("remediated", "reported", "failed"):
            attributes = {"outcome": {"DataType": "String", "StringValue": outcome}}
            sns.publish(TopicArn=topic, Message=outcome, MessageAttributes=attributes)
        received = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    assert [message["Body"] for message in received] == ["failed"]
