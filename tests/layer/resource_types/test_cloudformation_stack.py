"""Which stacks are protected against deletion, which are waited for, and which are left alone."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.session import get_session
from botocore.stub import Stubber
from moto import mock_aws
from moto.cloudformation.models import cloudformation_backends
from pydantic import ValidationError

from rightstate.aws.errors import named_errors
from rightstate.catalogue import load
from rightstate.errors import CallFailed, InvalidInput, ResourceGone, Throttled
from rightstate.identify import identify
from rightstate.models.decision import Decision, Outcome
from rightstate.models.start import StartInput
from rightstate.resource_type import Place, Resource
from rightstate_cli.application import sam_template
from rightstate_cli.simulation import examples, moto_gaps
from tests.support.cycle import Account, enabled, observe, plan, remediate

STACK = load("cloudformation-stack")
OWNER = "123456789012"
PLACE = Place(account=OWNER, region="us-east-1")
RESOURCE = Resource(**PLACE.model_dump(), id="checkout")
ARNS = f"arn:aws:cloudformation:us-east-1:{OWNER}:"
UUID = "5e1f2a80-c84b-11f0-9d1c-0affe2f4d2a7"
STATUSES = get_session().get_service_model("cloudformation").shape_for("StackStatus").enum
UNFIT = {
    "DELETE_IN_PROGRESS": "deleted",
    "DELETE_FAILED": "deleted",
    "DELETE_COMPLETE": "deleted",
    "REVIEW_IN_PROGRESS": "first change set",
    "CREATE_FAILED": "could not be created",
    "ROLLBACK_COMPLETE": "could not be created",
    "ROLLBACK_FAILED": "could not be created",
}


@pytest.fixture
def account() -> Iterator[Account]:
    with mock_aws(), moto_gaps.fill():
        examples.load("cloudformation-stack").create(boto3.Session(region_name="us-east-1"), "checkout", "")
        yield Account()


def described(account: Account, name: str = "checkout") -> dict[str, Any]:
    [stack] = account.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    return dict(stack)


def written(account: Account) -> list[dict[str, Any]]:
    return [given for name, given in account.parameters if name.startswith("Update")]


def set_status(status: str) -> None:
    [stack] = cloudformation_backends[OWNER]["us-east-1"].stacks.values()
    stack.status = status


def judged(account: Account, **stack: Any) -> tuple[Decision, str | None]:
    """What is decided about such a stack, and why it is waited for, if it is."""
    whole = {"StackName": "checkout", "StackStatus": "CREATE_COMPLETE", "CreationTime": datetime.now(UTC)}
    resource = RESOURCE.model_copy(update={"id": stack.get("StackName", "checkout")})
    with Stubber(account.client("cloudformation")) as stubber:
        for _ in range(2):
            stubber.add_response(
                "describe_stacks", {"Stacks": [{**whole, **stack}]}, {"StackName": resource.id}
            )
        busy = STACK.busy(observe(STACK, account, resource, enabled(STACK)))
        return plan(STACK, account, resource, enabled(STACK)), busy


def test_an_unprotected_stack_is_protected_and_the_rest_stays_as_it_was(account: Account) -> None:
    before = described(account)
    assert before["EnableTerminationProtection"] is False
    assert remediate(STACK, account, RESOURCE, enabled(STACK)).outcome is Outcome.REMEDIATED
    assert written(account) == [{"StackName": "checkout", "EnableTerminationProtection": True}]
    assert described(account) == {**before, "EnableTerminationProtection": True}
    account.calls.clear()
    assert remediate(STACK, account, RESOURCE, enabled(STACK)).outcome is Outcome.COMPLIANT
    assert account.calls == ["cloudformation:DescribeStacks"]


def test_no_other_stack_is_touched(account: Account) -> None:
    for name in ("checkout-2", "check"):
        examples.load("cloudformation-stack").create(boto3.Session(region_name="us-east-1"), name, "")
    remediate(STACK, account, RESOURCE, enabled(STACK))
    assert {
        name: described(account, name)["EnableTerminationProtection"]
        for name in ("checkout", "checkout-2", "check")
    } == {"checkout": True, "checkout-2": False, "check": False}


# --- Which stacks ---


@pytest.mark.parametrize(
    ("stack", "why"),
    [
        ({"ParentId": f"{ARNS}stack/shop/{UUID}", "RootId": f"{ARNS}stack/shop/{UUID}"}, "nested"),
        ({"RootId": f"{ARNS}stack/shop/{UUID}"}, "nested"),
        ({"StackName": "StackSet-baseline-0f1e2d3c"}, "StackSet"),
        ({"StackName": "awseb-e-abcdefghij-stack"}, "Elastic Beanstalk"),
        ({"StackName": "eksctl-shop-cluster"}, "eksctl"),
        ({"StackName": "aws-sam-cli-managed-default"}, "SAM"),
        ({"StackName": "aws-cloud9-test-7068281702fb4ddcaca1489b2a717f8f"}, "Cloud9"),
        ({"StackName": f"SC-{OWNER}-pp-skslwogrplibk"}, "Service Catalog"),
        ({"Description": sam_template.template()["Description"]}, "Rightstate's own"),
        *(({"StackStatus": status}, why) for status, why in UNFIT.items()),
    ],
    ids=str,
)
def test_a_stack_that_others_or_nobody_needs_to_delete_is_not_applicable_and_not_waited_for(
    account: Account, stack: dict[str, Any], why: str
) -> None:
    decision, busy = judged(account, **stack)
    assert (decision.outcome, decision.calls, busy) == (Outcome.NOT_APPLICABLE, (), None)
    assert why in decision.reason
    changing, busy = judged(account, **{"StackStatus": "UPDATE_IN_PROGRESS", **stack})
    assert (changing.outcome, busy) == (Outcome.NOT_APPLICABLE, None)


@pytest.mark.parametrize(
    "stack",
    [
        {"StackName": "my-eksctl-tools"},
        {"StackName": "Eksctl-like"},
        {"StackName": "my-StackSet-admin"},
        {"StackName": "stackset-baseline"},
        {"StackName": "SC-api"},
        {"StackName": f"SC-{OWNER}-copy"},
        {"StackName": "my-aws-cloud9-tools"},
        {"StackName": "shop-awseb-e"},
        {"Description": "Checkout, mended by Rightstate, the tool"},
    ],
    ids=str,
)
def test_a_stack_that_only_resembles_one_of_those_is_protected(
    account: Account, stack: dict[str, Any]
) -> None:
    decision, _ = judged(account, **stack)
    assert [call.parameters["StackName"] for call in decision.calls] == [stack.get("StackName", "checkout")]


@pytest.mark.parametrize("status", sorted(set(STATUSES) - set(UNFIT)))
def test_a_stack_in_progress_is_waited_for_and_a_settled_one_protected(account: Account, status: str) -> None:
    decision, busy = judged(account, StackStatus=status)
    assert (busy is None) is not status.endswith("_IN_PROGRESS")
    assert len(decision.calls) == 1


def test_a_stack_is_ready_once_it_is_created(account: Account) -> None:
    set_status("CREATE_IN_PROGRESS")
    assert "CREATE_IN_PROGRESS" in str(STACK.busy(observe(STACK, account, RESOURCE, enabled(STACK))))
    set_status("CREATE_COMPLETE")
    assert STACK.busy(observe(STACK, account, RESOURCE, enabled(STACK))) is None


def test_nothing_of_a_description_is_observed_but_whether_it_is_ours(account: Account) -> None:
    with Stubber(account.client("cloudformation")) as stubber:
        stack = {"StackName": "checkout", "StackStatus": "CREATE_COMPLETE", "CreationTime": datetime.now(UTC)}
        secret = {"Description": "canary", "Outputs": [{"OutputKey": "Password", "OutputValue": "canary"}]}
        stubber.add_response("describe_stacks", {"Stacks": [{**stack, **secret}]})
        observed = observe(STACK, account, RESOURCE, enabled(STACK))
    assert observed == {
        "StackName": "checkout",
        "StackStatus": "CREATE_COMPLETE",
        "Nested": False,
        "Own": False,
        "EnableTerminationProtection": None,
    }


# --- Names: never none, which to AWS means all stacks ---


@pytest.mark.parametrize(
    "given", ["checkout", f"{ARNS}stack/checkout/{UUID}", f"{ARNS}stack/checkout", f"checkout/{UUID}"]
)
def test_a_stack_is_known_by_its_name_and_by_its_id(given: str) -> None:
    found = identify(STACK, PLACE, given)
    assert found.id == "checkout"
    assert STACK.arn_of(found) == f"{ARNS}stack/checkout"


@pytest.mark.parametrize(
    "given",
    [
        "",
        " ",
        "*",
        "/",
        f"/{UUID}",
        f"{ARNS}stack/",
        f"{ARNS}stack//{UUID}",
        f"{ARNS}stack/*/*",
        "checkout/*",
        "checkout/other",
        f"checkout/{UUID}/x",
        "checkout\n",
        "1st",
        "check_out",
        "a" * 129,
        f"{ARNS}changeSet/checkout/{UUID}",
        f"{ARNS}stackset/checkout:{UUID}",
    ],
)
def test_what_is_no_name_of_one_stack_is_refused(given: str) -> None:
    with pytest.raises(InvalidInput):
        identify(STACK, PLACE, given)


@pytest.mark.parametrize(
    "named", [{}, {"resource": ""}, {"resource": None}, {"resources": []}, {"resources": [""]}], ids=str
)
def test_an_input_without_the_name_of_a_stack_is_refused(named: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        StartInput.model_validate({"account": OWNER, "region": "us-east-1", **named})


# --- Refusals and listing ---


def test_a_stack_that_does_not_exist_is_gone(account: Account) -> None:
    with pytest.raises(ResourceGone):
        observe(STACK, account, RESOURCE.model_copy(update={"id": "missing"}), enabled(STACK))


def test_a_throttled_read_is_not_mistaken_for_a_missing_stack(account: Account) -> None:
    with Stubber(account.client("cloudformation")) as stubber:
        stubber.add_client_error("describe_stacks", "Throttling", http_status_code=400)
        with pytest.raises(Throttled):
            observe(STACK, account, RESOURCE, enabled(STACK))


def test_a_refused_protection_is_not_mistaken_for_a_missing_stack(account: Account) -> None:
    decision = plan(STACK, account, RESOURCE, enabled(STACK))
    with Stubber(account.client("cloudformation")) as stubber:
        stubber.add_client_error("update_termination_protection", "ValidationError", http_status_code=400)
        with pytest.raises(CallFailed), named_errors(gone=STACK.gone, busy=STACK.busy_errors):
            STACK.apply(account.client, RESOURCE, decision.calls[0], decision.changes)


def test_stacks_are_listed_by_name_without_those_that_are_deleted(account: Account) -> None:
    cloudformation = account.client("cloudformation")
    template = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})
    cloudformation.create_stack(StackName="old", TemplateBody=template)
    cloudformation.delete_stack(StackName="old")
    assert list(STACK.find(account.client, PLACE)) == ["checkout"]


def test_stacks_are_listed_page_by_page(account: Account) -> None:
    stack = {"StackStatus": "CREATE_COMPLETE", "CreationTime": datetime.now(UTC)}
    pages = ("first", {"NextToken": "next"}, {}), ("second", {}, {"NextToken": "next"})
    with Stubber(account.client("cloudformation")) as stubber:
        for name, token, asked in pages:
            stubber.add_response(
                "describe_stacks", {"Stacks": [{"StackName": name, **stack}], **token}, asked
            )
        assert list(STACK.find(account.client, PLACE)) == ["first", "second"]
