"""`rightstate approvals`: what an approver is shown, and what is asked before anything is decided."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from rightstate.catalogue import find_policy
from rightstate.clock import written
from rightstate.models.approval import Choice, Requested
from rightstate.states.approvals import REQUESTS
from rightstate_cli.tables.guards_table import Approving
from tests.cli.commands.conftest import OWN, REGION, Cli, Hub
from tests.support import requests

SQS = "sqs-server-side-encryption"


@pytest.fixture
def decided(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What was decided, request and all; nobody waits for it."""
    found: list[tuple[Any, ...]] = []
    monkeypatch.setattr(Approving, "decide", lambda self, *given: found.append(given))
    return found


@pytest.fixture
def waiting(hub: Hub) -> Requested:
    """A request of that hub, which waits for an answer."""
    with hub.functions():
        return requests.ask(
            account=OWN, region=REGION, policy=SQS, resource="orders", asked_at=written(datetime.now(UTC))
        )


def test_an_approver_is_shown_the_values_and_what_each_policy_may_break(cli: Cli, waiting: Requested) -> None:
    policy = find_policy(SQS)[1]
    said = " ".join(cli("approvals", "show", waiting.id, COLUMNS="1000").out.split())
    for told in (
        "Encryption: none -> SSE-SQS",
        "sqs:SetQueueAttributes(QueueUrl='https://sqs/orders', Attributes={'SqsManagedSseEnabled': 'true'})",
        SQS,
        f"Risk class {policy.risk}",
        f"May break {policy.side_effects}",
        f"Can be undone {policy.reversible}",
    ):
        assert told in said
    about = cli("approvals", "show", waiting.id, "--format", "json").json["about"][SQS]
    assert about == {
        "risk": policy.risk,
        "side_effects": policy.side_effects,
        "reversible": policy.reversible,
    }


def test_a_policy_that_another_version_has_hides_nothing_of_the_request(
    cli: Cli, hub: Hub, waiting: Requested
) -> None:
    hub.server.session().client("dynamodb").update_item(
        TableName=hub.outputs["GuardsTable"],
        Key={"id": {"S": REQUESTS}, "what": {"S": waiting.id}},
        AttributeUpdates={"policies": {"Value": {"L": [{"S": "sqs-to-come"}]}}},
    )
    out = cli("approvals", "show", waiting.id).out
    assert "sqs-to-come: not one of this version" in out
    assert "Encryption: none -> SSE-SQS" in out
    assert cli("approvals", "list", "--format", "json").json[0]["about"] == {"sqs-to-come": None}


@pytest.mark.parametrize("choice", Choice)
@pytest.mark.parametrize("format", ["table", "json"])
def test_what_is_asked_about_stands_beside_the_result_and_not_in_it(
    cli: Cli, waiting: Requested, decided: list[tuple[Any, ...]], choice: Choice, format: str
) -> None:
    given = ("approvals", choice, waiting.id, "--reason", "CHG-5521", "--format", format)
    ran = cli(*given, stdin="y\n")
    assert ran.code == 0, ran.err
    assert "Encryption: none -> SSE-SQS" in ran.err
    assert "Encryption" not in ran.out
    if format == "json":
        assert (ran.json["id"], ran.json["choice"]) == (waiting.id, choice)
    assert [each[1:3] for each in decided] == [(choice, "CHG-5521")]
    ran = cli(*given, stdin="n\n")
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
    waiting: Requested,
    decided: list[tuple[Any, ...]],
    choice: Choice,
    reason: str,
    said: str,
) -> None:
    assert said in refused("approvals", choice, waiting.id, "--reason", reason, "--yes")
    assert decided == []
