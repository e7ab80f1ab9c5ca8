"""What is read of a key, what is written, and which keys KMS cannot rotate."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.stub import Stubber
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws
from moto.kms.models import kms_backends

from rightstate.aws.errors import named_errors
from rightstate.catalogue import load
from rightstate.errors import Denied, InvalidInput, NotReady, ResourceGone, RightstateError
from rightstate.identify import identify
from rightstate.models.decision import Outcome
from rightstate.resource_type import Place, Resource
from tests.support.cycle import Account, enabled, observe, plan, remediate, undo

KEY = load("kms-key")
ROTATION, NOT_DELETED = "kms-key-rotation", "kms-key-not-pending-deletion"
PLACE = Place(account="123456789012", region="us-east-1")
ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
RESOURCE = Resource(**PLACE.model_dump(), id=ID)
ROTATABLE = {
    "KeyId": ID,
    "KeyManager": "CUSTOMER",
    "KeySpec": "SYMMETRIC_DEFAULT",
    "Origin": "AWS_KMS",
    "KeyState": "Enabled",
}


@pytest.fixture
def account() -> Iterator[Account]:
    with mock_aws():
        yield Account()


@pytest.fixture
def kms(account: Account) -> Iterator[Stubber]:
    with Stubber(account.client("kms")) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def create(account: Account, **given: Any) -> Resource:
    made = account.client("kms").create_key(**given)["KeyMetadata"]["KeyId"]
    account.calls.clear()
    account.parameters.clear()
    return RESOURCE.model_copy(update={"id": made})


def shows(kms: Stubber, rotation: dict[str, Any] | None = None, **metadata: Any) -> None:
    """What KMS answers about a key, without what is None; nothing about its rotation unless that is given."""
    shown = {name: value for name, value in {**ROTATABLE, **metadata}.items() if value is not None}
    kms.add_response("describe_key", {"KeyMetadata": shown}, {"KeyId": ID})
    if rotation is not None:
        kms.add_response("get_key_rotation_status", rotation, {"KeyId": ID})


def test_rotation_is_enabled_with_one_call_and_then_left_alone(account: Account) -> None:
    key = create(account)
    decision = remediate(KEY, account, key, enabled(KEY))
    assert decision.outcome is Outcome.REMEDIATED
    assert account.calls == ["kms:DescribeKey", "kms:GetKeyRotationStatus", "kms:EnableKeyRotation"]
    assert account.parameters[-1] == (
        "EnableKeyRotation",
        {"KeyId": key.id, "RotationPeriodInDays": 365},
    )
    account.calls.clear()
    assert remediate(KEY, account, key, enabled(KEY)).outcome is Outcome.COMPLIANT
    assert account.calls == ["kms:DescribeKey", "kms:GetKeyRotationStatus"]


def test_the_account_may_choose_the_period(account: Account) -> None:
    key = create(account)
    remediate(KEY, account, key, enabled(KEY, rotation_period_days=180))
    assert account.parameters[-1][1] == {"KeyId": key.id, "RotationPeriodInDays": 180}


@given(st.integers(90, 2560), st.integers(90, 2560))
@settings(max_examples=25)
def test_a_key_that_rotates_keeps_its_period_whatever_the_account_would_choose(own: int, chosen: int) -> None:
    with mock_aws():
        account = Account()
        with Stubber(account.client("kms")) as kms:
            shows(kms, {"KeyRotationEnabled": True, "RotationPeriodInDays": own})
            decision = remediate(KEY, account, RESOURCE, enabled(KEY, rotation_period_days=chosen))
    assert (decision.outcome, decision.calls) == (Outcome.COMPLIANT, ())


def test_a_period_that_a_key_shows_while_rotation_is_off_is_kept(account: Account, kms: Stubber) -> None:
    shows(kms, {"KeyRotationEnabled": False, "RotationPeriodInDays": 90})
    [call] = plan(KEY, account, RESOURCE, enabled(KEY)).calls
    assert call.parameters == {"KeyId": ID, "RotationPeriodInDays": 90}
    assert call.settings == ("KeyRotationEnabled",)


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ({"KeyManager": "AWS"}, "AWS manages the key"),
        ({"KeySpec": "RSA_2048"}, "symmetric encryption keys only"),
        ({"KeySpec": "ECC_NIST_P256"}, "symmetric encryption keys only"),
        ({"KeySpec": "HMAC_256"}, "symmetric encryption keys only"),
        ({"KeySpec": "ML_DSA_65"}, "symmetric encryption keys only"),
        ({"KeySpec": None, "CustomerMasterKeySpec": "RSA_2048"}, "symmetric encryption keys only"),
        ({"KeySpec": None}, "unknown: DescribeKey does not say what kind of key"),
        ({"Origin": "EXTERNAL"}, "material was imported"),
        ({"Origin": "AWS_CLOUDHSM"}, "custom key store"),
        ({"Origin": "EXTERNAL_KEY_STORE"}, "custom key store"),
        ({"MultiRegionConfiguration": {"MultiRegionKeyType": "REPLICA"}}, "set on its primary"),
        ({"KeyState": "Disabled"}, "key is disabled"),
        ({"KeyState": "PendingDeletion"}, "scheduled for deletion"),
        ({"KeyState": "PendingReplicaDeletion"}, "scheduled for deletion"),
        ({"KeyState": "PendingImport"}, "waits for its material"),
        ({"KeyState": "Unavailable"}, "not connected"),
    ],
    ids=str,
)
def test_a_key_that_cannot_rotate_is_not_applicable_and_not_asked_about_rotation(
    account: Account, kms: Stubber, metadata: dict[str, Any], reason: str
) -> None:
    shows(kms, **metadata)
    decision = plan(KEY, account, RESOURCE, enabled(KEY, ROTATION))
    assert (decision.outcome, decision.calls) == (Outcome.NOT_APPLICABLE, ())
    assert reason in decision.reason
    assert account.calls == ["kms:DescribeKey"]


def test_a_key_of_which_only_the_older_name_of_its_kind_is_told_rotates(
    account: Account, kms: Stubber
) -> None:
    shows(kms, {"KeyRotationEnabled": False}, KeySpec=None, CustomerMasterKeySpec="SYMMETRIC_DEFAULT")
    assert plan(KEY, account, RESOURCE, enabled(KEY)).apply


def test_each_case_has_a_reason_of_its_own() -> None:
    assert len({case.reason for case in KEY.cases.values()}) == len(KEY.cases)
    assert set(KEY.policies[0].not_applicable) == set(KEY.cases)


def test_the_primary_of_a_multi_region_key_rotates(account: Account) -> None:
    key = create(account, MultiRegion=True)
    assert key.id.startswith("mrk-")
    assert remediate(KEY, account, key, enabled(KEY)).outcome is Outcome.REMEDIATED
    assert plan(KEY, account, key, enabled(KEY)).outcome is Outcome.COMPLIANT


@pytest.mark.parametrize("state", ["Creating", "Updating"])
def test_a_key_in_transition_is_waited_for(account: Account, state: str) -> None:
    key = create(account)
    backend = kms_backends["123456789012"]["us-east-1"].keys[key.id]
    backend.key_state = state
    assert KEY.busy(observe(KEY, account, key, enabled(KEY))) == f"The key's state is {state}."
    backend.key_state = "Enabled"
    observed = observe(KEY, account, key, enabled(KEY))
    assert KEY.busy(observed) is None
    assert observed["KeyRotationEnabled"] is False


@pytest.mark.parametrize(
    ("operation", "code", "error"),
    [
        ("describe_key", "NotFoundException", ResourceGone),
        # The key's policy does not let the role see or change it.
        ("describe_key", "AccessDeniedException", Denied),
        ("enable_key_rotation", "AccessDeniedException", Denied),
        ("enable_key_rotation", "KMSInvalidStateException", NotReady),
    ],
)
def test_what_kms_refuses_is_named(
    account: Account, kms: Stubber, operation: str, code: str, error: type[RightstateError]
) -> None:
    if operation == "enable_key_rotation":
        shows(kms, {"KeyRotationEnabled": False})
    kms.add_client_error(operation, code)
    with pytest.raises(error), named_errors(gone=KEY.gone, busy=KEY.busy_errors):
        remediate(KEY, account, RESOURCE, enabled(KEY))


def test_a_deletion_is_cancelled_with_one_call_and_the_key_stays_disabled(account: Account) -> None:
    key = create(account)
    account.client("kms").schedule_key_deletion(KeyId=key.id, PendingWindowInDays=7)
    account.parameters.clear()
    decision = remediate(KEY, account, key, enabled(KEY))
    assert account.parameters == [
        ("DescribeKey", {"KeyId": key.id}),
        ("CancelKeyDeletion", {"KeyId": key.id}),
    ]
    assert account.client("kms").describe_key(KeyId=key.id)["KeyMetadata"]["KeyState"] == "Disabled"
    assert plan(KEY, account, key, enabled(KEY)).outcome is Outcome.COMPLIANT
    undone = undo(KEY, account, key, decision)
    assert (undone.outcome, undone.calls) == (Outcome.UNDO_REFUSED, ())
    assert "aws kms schedule-key-deletion" in undone.reason


@pytest.mark.parametrize(
    ("state", "broken"),
    [
        ("PendingDeletion", True),
        ("PendingReplicaDeletion", True),
        *((state, False) for state in ("Enabled", "Disabled", "PendingImport", "Unavailable")),
    ],
)
def test_a_key_in_any_state_but_the_two_pending_ones_is_left_alone(
    account: Account, kms: Stubber, state: str, broken: bool
) -> None:
    # Asymmetric keys, imported material and replicas are deleted as any other.
    shows(kms, KeyState=state, KeySpec="RSA_2048", Origin="EXTERNAL")
    decision = plan(KEY, account, RESOURCE, enabled(KEY, NOT_DELETED))
    assert [call.operation for call in decision.calls] == ["CancelKeyDeletion"] * broken


def test_a_key_of_aws_is_left_to_aws(account: Account, kms: Stubber) -> None:
    shows(kms, KeyState="PendingDeletion", KeyManager="AWS")
    assert plan(KEY, account, RESOURCE, enabled(KEY)).outcome is Outcome.NOT_APPLICABLE


def test_keys_are_listed_by_id(account: Account) -> None:
    made = {create(account).id, create(account, KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY").id}
    assert set(KEY.find(account.client, PLACE)) == made
    assert account.calls == ["kms:ListKeys"]


@pytest.mark.parametrize(
    "name", [ID, f"arn:aws:kms:us-east-1:123456789012:key/{ID}", "mrk-1234abcd12ab34cd56ef1234567890ab"]
)
def test_an_id_or_an_arn_names_a_key(name: str) -> None:
    assert identify(KEY, PLACE, name).id == name.rpartition("/")[2]


@pytest.mark.parametrize(
    "name",
    [
        "alias/orders",
        "arn:aws:kms:us-east-1:123456789012:alias/orders",
        f"arn:aws:kms:us-east-1:999999999999:key/{ID}",
        f"arn:aws:kms:eu-west-1:123456789012:key/{ID}",
        f"{ID}\n",
        f"{ID}*",
        ID.upper(),
        "mrk-*",
        "",
    ],
)
def test_nothing_else_names_a_key(name: str) -> None:
    with pytest.raises(InvalidInput):
        identify(KEY, PLACE, name)
