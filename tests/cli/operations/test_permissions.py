"""Whether IAM lets somebody act is known before it is tried, where IAM tells. Nothing else is held against
them."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from rightstate_cli.hub import deployment
from rightstate_cli.hub.workspace import HubWorkspace
from rightstate_cli.operations.permissions import Act, Permissions
from tests.cli.commands.conftest import REGION, Hub, _as_new, _deployed, _server, hub, server
from tests.support import identities, policy_simulation

__all__ = ["_as_new", "_deployed", "_server", "hub", "server"]

ASK_IAM = {"Effect": "Allow", "Action": ["iam:SimulatePrincipalPolicy", "iam:GetRole"], "Resource": "*"}
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def denied(action: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Resource": "*", **more}


def on_table(hub: Hub, output: str, *actions: str) -> dict[str, Any]:
    named = f"arn:aws:dynamodb:{REGION}:*:table/{hub.outputs[output]}"
    return {"Effect": "Allow", "Action": list(actions), "Resource": named}


@pytest.fixture(autouse=True)
def _simulation() -> Iterator[None]:
    with policy_simulation.simulated():
        yield


Asked = Callable[[Mapping[str, str]], Permissions]


@pytest.fixture
def asked(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Asked:
    """The permissions of whoever has that environment."""

    def found(environment: Mapping[str, str]) -> Permissions:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        made = Permissions(HubWorkspace(deployment.find(hub.stack, REGION)))
        hub.server.calls.clear()
        return made

    return found


@pytest.mark.parametrize(
    ("statements", "refused"),
    [
        ([EVERYTHING], set()),
        ([ASK_IAM], set(Act)),
        ([EVERYTHING, denied("states:StartExecution")], {Act.START, Act.UNDO}),
        ([EVERYTHING, denied("dynamodb:PutItem")], {Act.WRITE_SETTINGS, Act.UNDO, Act.DECIDE}),
        ([EVERYTHING, denied("dynamodb:DeleteItem")], {Act.FORGET_ACCOUNT, Act.RELEASE}),
        ([EVERYTHING, denied("states:SendTaskSuccess")], {Act.DECIDE}),
        ([EVERYTHING, denied("cloudformation:CreateStack")], {Act.ADMIT_FIRST}),
        ([EVERYTHING, denied("cloudformation:UpdateStack*")], {Act.ADMIT, Act.INSTALL}),
        ([EVERYTHING, denied("cloudformation:CreateStackSet")], {Act.INSTALL_FIRST}),
        # A real call says with which address and which second factor it comes, the simulation does not.
        (
            [
                EVERYTHING,
                denied("dynamodb:*", Condition={"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
                denied("states:*", Condition={"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}),
            ],
            set(),
        ),
    ],
)
def test_each_act_is_refused_to_whom_iam_does_not_allow_what_it_needs(
    hub: Hub, asked: Asked, statements: list[dict[str, Any]], refused: set[Act]
) -> None:
    found = asked(identities.user(hub.server, statements))
    assert {act for act in Act if found.refusal(act)} == refused
    assert set(hub.server.calls) == {"iam:SimulatePrincipalPolicy"}


def test_an_approver_may_decide_and_start_nothing(hub: Hub, asked: Asked) -> None:
    found = asked(identities.user(hub.server, [ASK_IAM], [hub.outputs["ApproversPolicy"]]))
    assert not found.refusal(Act.DECIDE)
    said = found.refusal(Act.START, "sqs-queue")
    assert said.startswith(
        "Your AWS identity may not do this. `states:StartExecution` on the state machine of sqs-queue is "
        "denied by a policy, as IAM says of arn:aws:iam::"
    )


def test_who_may_start_one_type_may_remediate_and_undo_that_one(hub: Hub, asked: Asked) -> None:
    machine = hub.outputs["SqsQueueMachine"]
    statements = [
        ASK_IAM,
        on_table(hub, "SettingsTable", "dynamodb:PutItem"),
        {"Effect": "Allow", "Action": "states:StartExecution", "Resource": machine},
    ]
    found = asked(identities.user(hub.server, statements))
    given = {"": False, "sqs-queue": False, "kms-key": True}
    assert {each: bool(found.refusal(Act.START, each)) for each in given} == given
    assert {each: bool(found.refusal(Act.UNDO, each)) for each in given} == given


@pytest.mark.parametrize(
    ("path", "may_get", "refused"),
    [
        ("/", True, True),
        ("/", False, True),
        ("/aws-reserved/sso.amazonaws.com/", True, True),
        # IAM finds no role of that name without the path, so it is not known.
        ("/aws-reserved/sso.amazonaws.com/", False, False),
    ],
)
def test_a_role_with_a_path_is_judged_if_iam_says_its_arn(
    hub: Hub, asked: Asked, monkeypatch: pytest.MonkeyPatch, path: str, may_get: bool, refused: bool
) -> None:
    found = asked(identities.role(hub.server, [ASK_IAM], path))
    if not may_get:
        monkeypatch.setattr("moto.iam.responses.IamResponse.get_role", policy_simulation.refuse)
    assert bool(found.refusal(Act.START)) is refused


def test_nothing_is_known_of_whom_iam_does_not_answer_and_iam_is_asked_only_once(
    hub: Hub, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = asked(identities.user(hub.server, []))
    monkeypatch.setattr("moto.iam.responses.IamResponse.simulate_principal_policy", policy_simulation.refuse)
    assert [found.refusal(Act.START) for _ in range(3)] == ["", "", ""]
    assert hub.server.calls == ["iam:SimulatePrincipalPolicy"]


def test_an_answer_counts_for_a_while_only(hub: Hub, asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    found = asked(identities.user(hub.server, [ASK_IAM]))
    assert found.refusal(Act.RELEASE)
    assert found.refusal(Act.RELEASE)
    assert hub.server.calls == ["iam:SimulatePrincipalPolicy"]
    monkeypatch.setattr("rightstate_cli.operations.permissions.time.monotonic", lambda: float("inf"))
    assert found.refusal(Act.RELEASE)
    assert hub.server.calls == ["iam:SimulatePrincipalPolicy"] * 2
