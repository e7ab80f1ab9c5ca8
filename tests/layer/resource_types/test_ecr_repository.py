"""What is read of a repository, what is written, and what its registry decides."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from rightstate.catalogue import load
from rightstate.errors import ResourceGone
from rightstate.models.decision import Outcome, Status
from rightstate.resource_type import Resource
from tests.support.cycle import Account, enabled, make, plan, remediate, undo

ECR = load("ecr-repository")
RESOURCE = Resource(account="123456789012", region="us-east-1", id="shop/checkout")
PUBLIC = {"Sid": "All", "Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}
PARTNER = {**PUBLIC, "Sid": "Partner", "Principal": {"AWS": "arn:aws:iam::444455556666:root"}}


@pytest.fixture
def account() -> Iterator[Account]:
    with mock_aws():
        made = Account()
        made.client("ecr").create_repository(repositoryName="shop/checkout")
        yield made


def put(account: Account, *statements: dict[str, Any]) -> str:
    text = json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=1)
    account.client("ecr").set_repository_policy(repositoryName="shop/checkout", policyText=text)
    return text


def text(account: Account) -> str:
    return str(account.client("ecr").get_repository_policy(repositoryName="shop/checkout")["policyText"])


def registry(account: Account, kind: str, frequency: str, pattern: str) -> None:
    filters = [{"filter": pattern, "filterType": "WILDCARD"}]
    account.client("ecr").put_registry_scanning_configuration(
        scanType=kind, rules=[{"scanFrequency": frequency, "repositoryFilters": filters}]
    )


def test_public_statements_go_and_an_undo_has_the_text_again(account: Account) -> None:
    put(account, PUBLIC, PARTNER)
    before = text(account)
    policies = enabled(ECR, "ecr-repository-policy-not-public")
    decision = remediate(ECR, account, RESOURCE, policies)
    assert json.loads(text(account))["Statement"] == [PARTNER]
    assert plan(ECR, account, RESOURCE, policies).outcome is Outcome.COMPLIANT
    make(ECR, account, RESOURCE, undo(ECR, account, RESOURCE, decision))
    assert text(account) == before


def test_a_policy_without_other_statements_is_deleted_and_an_undo_puts_it_again(account: Account) -> None:
    put(account, PUBLIC)
    before = text(account)
    decision = remediate(ECR, account, RESOURCE, enabled(ECR, "ecr-repository-policy-not-public"))
    assert account.calls[-1] == "ecr:DeleteRepositoryPolicy"
    make(ECR, account, RESOURCE, undo(ECR, account, RESOURCE, decision))
    assert text(account) == before


def test_a_repository_without_a_policy_is_not_public(account: Account) -> None:
    decision = plan(ECR, account, RESOURCE, enabled(ECR, "ecr-repository-policy-not-public"))
    assert decision.outcome is Outcome.COMPLIANT


def test_scans_on_push_are_switched_on_and_off_again(account: Account) -> None:
    policies = enabled(ECR, "ecr-scan-on-push")
    decision = remediate(ECR, account, RESOURCE, policies)
    assert plan(ECR, account, RESOURCE, policies).outcome is Outcome.COMPLIANT
    make(ECR, account, RESOURCE, undo(ECR, account, RESOURCE, decision))
    assert plan(ECR, account, RESOURCE, policies).changes == decision.changes


@pytest.mark.parametrize(
    ("frequency", "pattern", "covered"),
    [
        ("SCAN_ON_PUSH", "*", True),
        ("CONTINUOUS_SCAN", "shop/*", True),
        ("SCAN_ON_PUSH", "shop/checkout", True),
        ("SCAN_ON_PUSH", "other", False),
        ("MANUAL", "*", False),
    ],
)
@pytest.mark.parametrize("kind", ["BASIC", "ENHANCED"])
def test_a_scan_rule_of_the_registry_is_enough(
    account: Account, kind: str, frequency: str, pattern: str, covered: bool
) -> None:
    registry(account, kind, frequency, pattern)
    decision = plan(ECR, account, RESOURCE, enabled(ECR, "ecr-scan-on-push"))
    status = Status.BROKEN if kind == "BASIC" else Status.HELD
    assert decision.verdicts[0].status is (Status.COMPLIANT if covered else status)
    assert decision.apply is (not covered and kind == "BASIC")


def test_a_repository_that_does_not_exist_is_gone(account: Account) -> None:
    missing = RESOURCE.model_copy(update={"id": "missing"})
    error = account.client("ecr").exceptions.RepositoryNotFoundException
    with pytest.raises((error, ResourceGone)) as raised:
        plan(ECR, account, missing, enabled(ECR))
    assert raised.value.response["Error"]["Code"] in ECR.gone  # type: ignore[union-attr]
