"""docs/notifications.md and the schema of the event, which `make docs` writes from a run and the model."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from rightstate.models.settings import Account, Enabled
from rightstate.notifying.notification import NEXT_STEPS, Notification
from rightstate.policy import Mode
from rightstate_cli.application import events, sam_template
from rightstate_cli.embedded.engine import Engine, simulated
from rightstate_cli.simulation import accounts, examples

PAGE = "notifications.md"
SCHEMA = "remediation-event.schema.json"

_PAGE = """\
# Notifications

<!-- Written by `make docs` from the model of the event and a run. Do not edit: changes here are lost. -->

Rightstate sends each notification twice: as a message to an SNS topic, for people, and as an event on the
hub's default event bus, for systems. It sends one when an execution

- ends `remediated`, `reported`, `failed` or `undone`;
- asks for an approval (`awaiting-approval`), and when that request ends, whatever its outcome;
- halts a policy for a resource, or ends a halt;
- is the first of an hour that a limit stops (`limited`).

All other executions are only in the ledger and the metrics. The table of the event below has every outcome.
After `MessagesPerHour` messages about one account in an hour, Rightstate sends only events, and
messages about halts.

If a notification cannot be sent, the remediation still counts as done and is in the ledger. The failure is
logged, and counted in the metric `NotificationsFailed` (namespace `Rightstate`, dimension `service` with the
stack's name). Its alarm goes to the same topic. If the topic itself fails, you see the alarm only in
CloudWatch.

An execution that timed out or was aborted cannot send a notification. A separate rule sends a message to the
topic, and no event.

## The message

This is the message after somebody opened a bucket to the public. It comes from a run of the embedded engine
on simulated accounts; only its times are set to match the event's.

> Subject: {subject}

```text
{message}```

The message shortens long values and reasons; the ledger has them in full. Characters that would break a line
or hide something are shown as Python escapes.

The hub's parameter [`NotificationEmail`](deploying.md#parameters) subscribes one address. Subscribe others
like this:

```console
$ topic=$(aws cloudformation describe-stacks --stack-name rightstate \\
    --query "Stacks[0].Outputs[?OutputKey=='Notifications'].OutputValue" --output text)
$ aws sns subscribe --topic-arn "$topic" --protocol email --notification-endpoint oncall@example.com \\
    --attributes '{{"FilterPolicy": "{{\\"outcome\\": [\\"failed\\"]}}"}}'
```

Each message has the attributes `outcome`, `account`, `resource_type` and `urgency`. A filter policy can use
any of them. `urgency` is `high` for a halt and in its daily reminder, otherwise `normal`. Alarms and messages
about executions that died have no attributes, so subscriptions with a filter do not get them. Keep one
subscription without a filter.

### What to do, by error

A message about a failure says how to fix it:

{errors}
For any other error, such as a timeout of a state, look at the execution's history.

## The event

The source is `rightstate` and the detail-type is `Rightstate Remediation`. `resources` has the ARN of the
execution and, if known, of the resource. The run of the message above sent this event. EventBridge
adds `id`, `time`, `account` (the hub's) and `region`:

```json
{event}
```

[{schema}]({schema}) is the JSON schema of the detail. Within a version, fields may be added. No field is
renamed, removed or given another meaning. These fields are always present:

{fields}
Other people write the names and reasons in an event. Escape them when you show them.

### A rule for a chat or a ticket system

This rule sends each resource that breaks a policy and was not fixed to a webhook, here one of Slack. For a
ticket system that wants the whole event, leave `InputTransformer` out.

```yaml
{example}```

`arn: [{{prefix: "arn:"}}]` leaves out refused inputs, which can name any text as the resource. Deploy the
rule in the hub's account and region.
"""

EXAMPLE = """\
Parameters:
  Webhook: {Type: String, NoEcho: true}
Resources:
  Rule:
    Type: AWS::Events::Rule
    Properties:
      EventPattern:
        source: [rightstate]
        detail-type: [Rightstate Remediation]
        detail:
          version: ["1"]
          outcome: [failed, reported]
          arn: [{prefix: "arn:"}]
      Targets:
        - Id: chat
          Arn: !GetAtt Chat.Arn
          RoleArn: !GetAtt Role.Arn
          InputTransformer:
            InputPathsMap:
              outcome: $.detail.outcome
              type: $.detail.resource_type
              arn: $.detail.arn
              link: $.detail.link
            InputTemplate: '{"text": "Rightstate <outcome> <type> <arn>: <link>"}'
  Chat:
    Type: AWS::Events::ApiDestination
    Properties:
      ConnectionArn: !GetAtt Connection.Arn
      HttpMethod: POST
      InvocationEndpoint: !Ref Webhook
  Connection:
    Type: AWS::Events::Connection
    Properties:
      AuthorizationType: API_KEY
      AuthParameters:
        ApiKeyAuthParameters: {ApiKeyName: X-Unused, ApiKeyValue: unused} # the URL is the secret
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - {Effect: Allow, Principal: {Service: events.amazonaws.com}, Action: sts:AssumeRole}
      Policies:
        - PolicyName: send
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - {Effect: Allow, Action: events:InvokeApiDestination, Resource: !GetAtt Chat.Arn}
"""


def page() -> str:
    """docs/notifications.md."""
    subject, message, event = run()
    return _PAGE.format(
        subject=subject,
        message=message,
        errors=_lines(
            ("| Error | What to do |", "|---|---|"),
            (
                f"| `{error}` | {step.format_map(_Placeholders())} |"
                for error, step in sorted(NEXT_STEPS.items())
            ),
        ),
        event=json.dumps(event, indent=2),
        schema=SCHEMA,
        fields=_lines(("| Field | Type | |", "|---|---|---|"), _fields(schema())),
        example=EXAMPLE,
    )


def schema() -> dict[str, Any]:
    """The JSON schema of the event's detail."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Notification.model_json_schema(mode="serialization"),
    }


def as_file(schema: Mapping[str, Any]) -> str:
    """docs/remediation-event.schema.json."""
    return json.dumps(schema, indent=2) + "\n"


class _Placeholders(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return name.upper()


def _lines(heading: tuple[str, ...], rows: Iterator[str]) -> str:
    return "".join(f"{line}\n" for line in (*heading, *rows))


def _fields(whole: Mapping[str, Any], of: Mapping[str, Any] | None = None, within: str = "") -> Iterator[str]:
    for name, field in (of or whole)["properties"].items():
        yield f"| `{within}{name}` | {_type(whole, field)} | {field.get('description', '')} |"
        for inner, path in _objects(whole, field, f"{within}{name}"):
            yield from _fields(whole, inner, f"{path}.")


def _objects(whole: Mapping[str, Any], field: Any, path: str) -> Iterator[tuple[Any, str]]:
    """The objects that the field holds, each with its path."""
    match field:
        case {"$ref": reference}:
            target = whole["$defs"][reference.rpartition("/")[2]]
            if "properties" in target:
                yield target, path
        case {"anyOf": choices}:
            for choice in choices:
                yield from _objects(whole, choice, path)
        case {"items": items}:
            yield from _objects(whole, items, f"{path}[]")


def _type(whole: Mapping[str, Any], field: Any) -> str:
    match field:
        case {"$ref": reference}:
            return _type(whole, whole["$defs"][reference.rpartition("/")[2]])
        case {"const": value}:
            return f"`{value}`"
        case {"enum": values}:
            return ", ".join(f"`{value}`" for value in values)
        case {"anyOf": choices}:
            return " or ".join(_type(whole, choice) for choice in choices)
        case {"type": "array", "items": items}:
            return f"list of {_type(whole, items)}"
        case {"type": "object", "additionalProperties": values}:
            return f"object of {_type(whole, values)}"
    return str(field["type"])


# --- The run ---


@cache
def run() -> tuple[str, str, dict[str, Any]]:
    """Subject and text of a message, and the event, of an execution in the embedded engine.

    Its name and times are fixed here, so the page is the same each time it is written.
    """
    example = examples.load("s3-bucket")
    event = next(
        each for each in events.shipped()["s3-bucket"] if each["detail"]["eventName"] == "PutBucketAcl"
    )
    account = event["account"]
    with simulated(wait_scale=0.001) as hub:
        example.create(accounts.session(account, hub.region), example.name, "s3-block-public-access")
        hub.configure(
            Account(
                account=account,
                role_arn=accounts.role_arn(account),
                policies={
                    "s3-block-public-access": Enabled(mode=Mode.AUTO),
                    "s3-versioning": Enabled(mode=Mode.REPORT),
                },
            )
        )
        [match] = hub.matches(event)
        name = f"{event['id']}_3f0c2f0e-6a52-4d0b-9d52-0d9f6d1c7b11"
        list(hub.run([match.start.model_copy(update={"name": name})]))
        return _told(hub, event["time"])


def _told(hub: Engine, caused: str) -> tuple[str, str, dict[str, Any]]:
    [message] = hub.told.messages
    [put] = hub.told.events
    text = message.text
    at = f"{caused.removesuffix('Z').rpartition(':')[0]}:58"
    times = {put["detail"]["started"]: f"{at}.204Z", put["detail"]["ended"]: f"{at}.731Z"}
    plain = json.dumps(put)
    for was, becomes in times.items():
        text, plain = (re.sub(re.escape(was), becomes, each) for each in (text, plain))
    told: dict[str, Any] = json.loads(plain)
    return message.subject, text, told


if __name__ == "__main__":
    docs = sam_template.root() / "docs"
    (docs / PAGE).write_text(page())
    (docs / SCHEMA).write_text(as_file(schema()))
