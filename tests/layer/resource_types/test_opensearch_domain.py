"""Who may use a domain, and where that is decided elsewhere."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.stub import Stubber
from moto import mock_aws

from rightstate.catalogue import load
from rightstate.errors import ResourceGone
from rightstate.models.decision import Outcome
from rightstate.resource_type import Place, Resource
from rightstate_cli.simulation import moto_gaps
from tests.support.cycle import Account, enabled, make, plan, remediate, undo

DOMAIN = load("opensearch-domain")
RESOURCE = Resource(account="123456789012", region="us-east-1", id="search")
POLICIES = enabled(DOMAIN)
PUBLIC = {"Sid": "All", "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "es:*", "Resource": "*"}
SHIPPER = {**PUBLIC, "Sid": "Shipper", "Principal": {"AWS": "arn:aws:iam::123456789012:role/shipper"}}


@pytest.fixture
def account() -> Iterator[Account]:
    with mock_aws(), moto_gaps.fill():
        yield Account()


def create(account: Account, *statements: dict[str, Any], name: str = "search", **more: Any) -> str:
    text = json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=1)
    account.client("opensearch").create_domain(
        DomainName=name, AccessPolicies=text if statements else "", **more
    )
    return text


def policy(account: Account) -> str:
    answer = account.client("opensearch").describe_domain(DomainName="search")
    return str(answer["DomainStatus"]["AccessPolicies"])


@pytest.mark.parametrize("statements", [[PUBLIC, SHIPPER], [PUBLIC]], ids=["another stays", "none stays"])
def test_public_statements_go_and_an_undo_has_the_text_byte_by_byte(
    account: Account, statements: list[dict[str, Any]]
) -> None:
    before = create(account, *statements)
    decision = remediate(DOMAIN, account, RESOURCE, POLICIES)
    left = policy(account)
    assert (json.loads(left)["Statement"] if left else []) == statements[1:]
    assert plan(DOMAIN, account, RESOURCE, POLICIES).outcome is Outcome.COMPLIANT
    make(DOMAIN, account, RESOURCE, undo(DOMAIN, account, RESOURCE, decision))
    assert policy(account) == before


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ({"VPCOptions": {"VPCId": "vpc-1"}}, Outcome.NOT_APPLICABLE),
        ({"AdvancedSecurityOptions": {"Enabled": True}}, Outcome.COMPLIANT),
        ({"AdvancedSecurityOptions": {"Enabled": True, "AnonymousAuthEnabled": True}}, Outcome.REMEDIATED),
        ({"AccessPolicies": ""}, Outcome.COMPLIANT),
    ],
    ids=str,
)
def test_where_something_else_asks_who_it_is_an_open_policy_stays(
    account: Account, status: dict[str, Any], outcome: Outcome
) -> None:
    domain = {
        "DomainId": "123456789012/search",
        "DomainName": "search",
        "ARN": "arn:aws:es:us-east-1:123456789012:domain/search",
        "ClusterConfig": {},
        "AccessPolicies": json.dumps({"Statement": [PUBLIC]}),
        **status,
    }
    with Stubber(account.client("opensearch")) as stubber:
        for _ in range(2):
            stubber.add_response("describe_domains", {"DomainStatusList": [domain]})
        assert plan(DOMAIN, account, RESOURCE, POLICIES).outcome is outcome
        strict = plan(DOMAIN, account, RESOURCE, enabled(DOMAIN, accept_fine_grained_access=False))
    assert strict.apply is ("AdvancedSecurityOptions" in status)


def test_a_domain_that_does_not_exist_is_gone(account: Account) -> None:
    with pytest.raises(ResourceGone):
        plan(DOMAIN, account, RESOURCE, POLICIES)


def test_domains_are_described_five_at_a_time(account: Account) -> None:
    for number in range(7):
        create(account, name=f"search-{number}")
    account.calls.clear()
    found = DOMAIN.find(account.client, Place(account=RESOURCE.account, region="us-east-1"))
    assert sorted(found) == [f"search-{number}" for number in range(7)]
    assert account.calls.count("opensearch:DescribeDomains") == 2
