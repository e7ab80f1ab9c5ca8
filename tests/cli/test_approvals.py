"""`rightstate approvals`: what an approver is shown, and what is asked before anything is decided."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer

from rightstate.approvals import REQUESTS
from rightstate.catalogue import find_policy
from rightstate.clock import written
from rightstate.models import Choice, Requested
from rightstate.resource_type import Call, Change
from rightstate.wants import Exactly
from rightstate_cli.guarding import Guarding
from tests.cli.conftest import OWN, REGION, Cli, Hub

SQS = "sqs-server-side-encryption"
WAITING = Requested(
    id="ap-0123456789",
    resource=f"{OWN}/{REGION}/sqs-queue/orders",
    arn=f"arn:aws:sqs:{REGION}:{OWN}:orders",
    execution=f"arn:aws:states:{REGION}:{OWN}:execution:SqsQueue:event-1",
    plan="0" * 64,
    policies=(SQS,),
    changes=(
        Change(
            setting="Encryption",
            before="none",
            after="SSE-SQS",
            want=Exactly(value="SSE-SQS"),
            policies=(SQS,),
        ),
    ),
    calls=(
        Call(
            service="sqs",
            operation="SetQueueAttributes",
            parameters={"QueueUrl": "orders", "Attributes": {"SqsManagedSseEnabled": "true"}},
            settings=("Encryption",),
        ),
    ),
    asked_at="2026-11-25T08:00:00.000Z",
    until=written(datetime.now(UTC) + timedelta(hours=24)),
    token="opens nothing",
)


@pytest.fixture
def decided(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What was decided, request and all; nobody waits for it."""
    found: list[tuple[Any, ...]] = []
    monkeypatch.setattr(Guarding, "decide", lambda self, *given: found.append(given))
    return found


def ask(hub: Hub, requested: Requested = WAITING) -> None:
    item = {"id": REQUESTS, "what": requested.id, **requested.model_dump(exclude={"id"}, mode="json")}
    hub.server.session().client("dynamodb").put_item(
        TableName=hub.outputs["GuardsTable"],
        Item={name: TypeSerializer().serialize(value) for name, value in item.items()},
    )


def test_an_approver_is_shown_the_values_and_what_each_policy_may_break(inside: Cli, hub: Hub) -> None:
    ask(hub)
    policy = find_policy(SQS)[1]
    said = " ".join(inside("approvals", "show", WAITING.id, COLUMNS="1000").out.split())
    for told in (
        "Encryption: none -> SSE-SQS",
        "sqs:SetQueueAttributes(QueueUrl='orders', Attributes={'SqsManagedSseEnabled': 'true'})",
        SQS,
        f"Risk class {policy.risk}",
        f"May break {policy.side_effects}",
        f"Can be undone {policy.reversible}",
    ):
        assert told in said
    about = inside("approvals", "show", WAITING.id, "--format", "json").json["about"][SQS]
    assert about == {
        "risk": policy.risk,
        "side_effects": policy.side_effects,
        "reversible": policy.reversible,
    }


def test_a_policy_that_another_version_has_hides_nothing_of_the_request(inside: Cli, hub: Hub) -> None:
    ask(hub, WAITING.model_copy(update={"policies": ("sqs-to-come",)}))
    out = inside("approvals", "show", WAITING.id).out
    assert "sqs-to-come: not one of this version" in out
    assert "Encryption: none -> SSE-SQS" in out
    assert inside("approvals", "list", "--format", "json").json[0]["about"] == {"sqs-to-come": None}


@pytest.mark.parametrize("choice", Choice)
@pytest.mark.parametrize("format", ["table", "json"])
def test_what_is_asked_about_stands_beside_the_result_and_not_in_it(
    inside: Cli, hub: Hub, decided: list[tuple[Any, ...]], choice: Choice, format: str
) -> None:
    ask(hub)
    given = ("approvals", choice, WAITING.id, "--reason", "CHG-5521", "--format", format)
    ran = inside(*given, stdin="y\n")
    assert ran.code == 0, ran.err
    assert "Encryption: none -> SSE-SQS" in ran.err
    assert "Encryption" not in ran.out
    if format == "json":
        assert (ran.json["id"], ran.json["choice"]) == (WAITING.id, choice)
    assert [each[1:3] for each in decided] == [(choice, "CHG-5521")]
    ran = inside(*given, stdin="n\n")
    assert (ran.code, ran.out, len(decided)) == (2, "", 1)


@pytest.mark.parametrize("choice", Choice)
@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("two\nlines", "--reason takes a text on one line"),
        ("\x1b[31mred", "--reason takes a text on one line"),
        ("\u202ereversed", "--reason takes a text on one line"),
        (" ", "--reason takes a text on one line"),
        ("x" * 1025, "--reason is too long"),
    ],
    ids=["lines", "escape", "right to left", "empty", "long"],
)
def test_a_reason_that_could_pass_for_something_else_is_refused(
    refused: Callable[..., str],
    hub: Hub,
    decided: list[tuple[Any, ...]],
    choice: Choice,
    reason: str,
    said: str,
) -> None:
    ask(hub)
    assert said in refused("approvals", choice, WAITING.id, "--reason", reason, "--yes")
    assert decided == []
