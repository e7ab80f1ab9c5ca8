"""What is read of EC2's settings of a region, what is written, and what an organization sets."""

from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from rightstate.catalogue import load
from rightstate.models.decision import Outcome
from rightstate.resource_type import Resource
from rightstate_cli.simulation import moto_gaps
from tests.support.cycle import Account, decide, enabled, make, observe, plan, remediate, undo

EC2 = load("ec2-regional-settings")
RESOURCE = Resource(account="123456789012", region="eu-west-1", id="123456789012")
ENCRYPTION, SHARING, METADATA = (each.id for each in EC2.policies)


@pytest.fixture
def account() -> Iterator[Account]:
    with mock_aws(), moto_gaps.fill():
        yield Account(region="eu-west-1")


def test_all_three_are_set_and_an_undo_takes_them_back(account: Account) -> None:
    before = observe(EC2, account, RESOURCE, enabled(EC2))
    decision = remediate(EC2, account, RESOURCE, enabled(EC2))
    assert [call.operation for call in decision.calls] == [
        "EnableEbsEncryptionByDefault",
        "EnableSnapshotBlockPublicAccess",
        "ModifyInstanceMetadataDefaults",
    ]
    assert plan(EC2, account, RESOURCE, enabled(EC2)).outcome is Outcome.COMPLIANT
    make(EC2, account, RESOURCE, undo(EC2, account, RESOURCE, decision))
    assert observe(EC2, account, RESOURCE, enabled(EC2)) == before


def test_other_regions_stay_as_they_are(account: Account) -> None:
    remediate(EC2, account, RESOURCE, enabled(EC2))
    elsewhere = RESOURCE.model_copy(update={"region": "us-east-1"})
    assert plan(EC2, Account(region="us-east-1"), elsewhere, enabled(EC2)).apply


@pytest.mark.parametrize("policy", [ENCRYPTION, SHARING, METADATA])
def test_a_policy_reads_with_one_call(account: Account, policy: str) -> None:
    plan(EC2, account, RESOURCE, enabled(EC2, policy))
    assert len(account.calls) == 1


NEW, ALL = "block-new-sharing", "block-all-sharing"


@pytest.mark.parametrize(
    ("state", "parameters", "after"),
    [
        ("unblocked", {}, ALL),
        (NEW, {}, ALL),
        (ALL, {}, None),
        ("unblocked", {"accepted": [NEW, ALL], "state": NEW}, NEW),
        (NEW, {"accepted": [NEW, ALL]}, None),
        (ALL, {"accepted": [NEW], "state": NEW}, None),
    ],
)
def test_sharing_is_never_blocked_less(state: str, parameters: dict[str, Any], after: str | None) -> None:
    policies = enabled(EC2, SHARING, **parameters)
    decision = decide(EC2, RESOURCE, policies, {"SnapshotSharing": state})
    assert [change.after for change in decision.changes] == ([after] if after else [])


def test_an_undo_of_a_stricter_block_sets_the_earlier_one(account: Account) -> None:
    account.client("ec2").enable_snapshot_block_public_access(State=NEW)
    decision = remediate(EC2, account, RESOURCE, enabled(EC2, SHARING))
    [call] = undo(EC2, account, RESOURCE, decision).calls
    assert (call.operation, call.parameters) == ("EnableSnapshotBlockPublicAccess", {"State": NEW})


@pytest.mark.parametrize(
    ("policy", "observed"),
    [
        (SHARING, {"SnapshotSharing": "unblocked", "SharingManagedBy": "declarative-policy"}),
        (METADATA, {"HttpTokens": "optional", "MetadataManagedBy": "declarative-policy"}),
    ],
)
def test_what_the_organization_sets_is_left_to_it(policy: str, observed: dict[str, Any]) -> None:
    decision = decide(EC2, RESOURCE, enabled(EC2, policy), observed)
    assert decision.outcome is Outcome.NOT_APPLICABLE
    assert "declarative policy" in decision.reason
