"""Which accounts an organization has, and which of their stacks are still to be made."""

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from rightstate_cli.aws import Caller
from rightstate_cli.member.stack_sets import Instance, Organization, Targets, accounts, missing

NONE = Targets((), ())


def instance(unit: str, region: str) -> Instance:
    return Instance("111122223333", region, unit, "CURRENT", "SUCCEEDED", "NOT_CHECKED", "")


@pytest.mark.parametrize(
    ("instances", "there", "wanted", "left"),
    [
        ([], NONE, Targets(("a", "b"), ("x", "y")), [Targets(("a", "b"), ("x", "y"))]),
        ([instance("a", "x")], Targets(("a",), ("x",)), Targets(("a",), ("x",)), []),
        (
            [instance("a", "x")],
            Targets(("a",), ("x",)),
            Targets(("a", "b"), ("x", "y")),
            [Targets(("a",), ("y",)), Targets(("b",), ("x", "y"))],
        ),
        # A unit without an account yet: those that will join get their stacks.
        ([instance("a", "x")], Targets(("a", "b"), ("x",)), Targets(("b",), ("x",)), []),
        # The StackSet has both regions, this unit only one of them.
        (
            [instance("a", "x"), instance("b", "x"), instance("b", "y")],
            Targets(("a", "b"), ("x", "y")),
            Targets(("a", "b"), ("x", "y")),
            [Targets(("a",), ("y",))],
        ),
    ],
)
def test_only_what_is_missing_is_made_with_few_operations(
    instances: list[Instance], there: Targets, wanted: Targets, left: list[Targets]
) -> None:
    assert missing(instances, there, wanted) == left


@pytest.mark.parametrize("status", [{}, {"Status": "ACTIVE"}])
def test_an_account_is_active_by_its_state_which_replaces_its_status(status: dict[str, str]) -> None:
    client = boto3.client("organizations", "us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    session: Any = type("Session", (), {"client": lambda *_, **__: client})()
    caller = Caller(session, "111122223333", "", "us-east-1", "aws")
    found = [
        {"Id": "111122223333", "Name": "orders", "State": "ACTIVE", **status},
        {"Id": "444455556666", "Name": "sold", "State": "CLOSED", **status},
    ]
    with Stubber(client) as stub:
        stub.add_response("list_accounts", {"Accounts": found})
        assert accounts(Organization(caller, "o-exampleorgid", "111122223333")) == {"111122223333": "orders"}
