"""What the user's AWS identity may not do is said beside the button that does it. What nobody can tell before
is explained when AWS has refused it."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from starlette.testclient import TestClient

from rightstate.clock import written
from rightstate.models.approval import Requested
from rightstate_cli.console.access import Access
from rightstate_cli.console.application import application
from rightstate_cli.console.console import Console, Named
from tests.cli.commands.conftest import OWN, REGION, Hub, _as_new, _deployed, _server, hub, server
from tests.support import identities, policy_simulation, requests
from tests.support.console import HOME, PORT, Browsing, text
from tests.support.halting import halt

__all__ = ["_as_new", "_deployed", "_server", "hub", "server"]

SQS = "sqs-server-side-encryption"
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
NO_WRITES = {
    "Effect": "Deny",
    "Action": ["dynamodb:PutItem", "dynamodb:DeleteItem", "states:StartExecution", "states:SendTaskSuccess"],
    "Resource": "*",
}
IN_A_MONTH = f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%d}"
Signed = Callable[[Mapping[str, str]], Browsing]


@pytest.fixture
def waiting(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Requested:
    """A request of that hub. Its account is registered, and one of its queues is halted."""
    hub.register(account=OWN, role_arn=f"arn:aws:iam::{OWN}:role/{hub.outputs['MemberRoleName']}")
    monkeypatch.setenv("BREAKER_APPLIES", "1")
    monkeypatch.setenv("BREAKER_MINUTES", "60")
    with hub.functions():
        halt(f"{OWN}/{REGION}/sqs-queue/halted", SQS)
        now = written(datetime.now(UTC))
        return requests.ask(account=OWN, region=REGION, policy=SQS, resource="orders", asked_at=now)


@contextmanager
def signed_in(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, environment: Mapping[str, str]
) -> Iterator[Browsing]:
    """The console of that hub, for whoever has that environment."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    access, console = Access(PORT), Console(Named(deployed=True, stack=hub.stack))
    with TestClient(application(access, console), base_url=HOME) as client:
        client.get(access.address)
        yield Browsing(client, access, console)


def buttons(page: str) -> dict[str, bool]:
    """The buttons of a page's forms that post something, and whether each may be pressed."""
    found = re.findall(r"<button class=\"[^\"]*\"([^>]*)>([^<]*)</button>", page)
    return {label: " disabled" not in attributes for attributes, label in found if label not in ("Filter",)}


def test_a_button_of_what_iam_does_not_allow_is_off_and_says_why(
    hub: Hub, waiting: Requested, monkeypatch: pytest.MonkeyPatch
) -> None:
    consequences = {"policy": SQS, "account": OWN, "mode": "report"}
    exemption = {"account": OWN, "until": IN_A_MONTH, "reason": "x", "approver": "y"}
    # Page, what its form is sent, a button of it, and the action that it needs.
    table = [
        (f"/accounts/{OWN}", None, "Save", "dynamodb:PutItem"),
        (f"/accounts/{OWN}/remove", None, "Remove", "dynamodb:DeleteItem"),
        ("/accounts/add", None, "Add and try its role", "dynamodb:PutItem"),
        ("/exemptions/add", None, "Exempt", "dynamodb:PutItem"),
        ("/exemptions/add", exemption, "Exempt", "dynamodb:PutItem"),
        ("/policies/consequences", consequences, "Change 1 account", "dynamodb:PutItem"),
        ("/halts", None, "Release", "dynamodb:DeleteItem"),
        (f"/approvals/{waiting.id}", None, "Deny", "dynamodb:PutItem"),
    ]
    with policy_simulation.simulated():
        for statements, may in (([EVERYTHING], True), ([EVERYTHING, NO_WRITES], False)):
            keys = identities.user(hub.server, statements)
            with signed_in(hub, monkeypatch, keys) as browsing:
                for path, form, label, action in table:
                    page = browsing.get(path) if form is None else browsing.post(path, form).text
                    assert buttons(page)[label] is may, (path, buttons(page))
                    said = f"Your AWS identity may not do this. {action} on the"
                    assert (said in text(page)) is not may, (path, text(page))
                    described = re.findall(r'disabled aria-describedby="([^"]*)"', page)
                    assert all(f'id="{each}"' in page for each in described), path


def test_a_button_stays_where_nobody_can_tell_and_the_refusal_is_explained(
    hub: Hub, waiting: Requested, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = identities.user(hub.server, [NO_WRITES])
    with policy_simulation.simulated(), signed_in(hub, monkeypatch, keys) as browsing:
        iam, dynamodb = "moto.iam.responses.IamResponse", "moto.dynamodb.responses.DynamoHandler"
        monkeypatch.setattr(f"{iam}.simulate_principal_policy", policy_simulation.refuse)
        monkeypatch.setattr(f"{dynamodb}.delete_item", policy_simulation.refuse_item)
        assert buttons(browsing.get("/halts"))["Release"]
        answer = browsing.post("/halts/release", {"resource": f"{OWN}/{REGION}/sqs-queue/halted"})
    assert answer.status_code == 403
    said = text(answer.text)
    assert "AWS did not allow it The AWS credentials lack a permission: DeleteItem was answered with" in said
    assert "The halt stays. Allow them that action, or use others." in said


def test_a_read_only_console_has_no_button_and_asks_iam_nothing(
    hub: Hub, waiting: Requested, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = identities.user(hub.server, [EVERYTHING])
    with policy_simulation.simulated(), signed_in(hub, monkeypatch, keys) as browsing:
        browsing.console.read_only = True
        for path in ("/halts", f"/accounts/{OWN}", f"/approvals/{waiting.id}"):
            assert "may not do this" not in browsing.get(path)
        assert "iam:SimulatePrincipalPolicy" not in hub.server.calls
