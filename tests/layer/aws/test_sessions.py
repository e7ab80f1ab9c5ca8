"""Whose credentials a function uses, and what these are limited to."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber
from moto import mock_aws

from rightstate.aws import sessions
from rightstate.aws.sessions import Phase, open_session, session_name, session_policy
from rightstate.catalogue import load, names
from rightstate.errors import RoleNotAssumed, Throttled, WrongAccount
from rightstate.models.settings import Account
from rightstate.resource_type import Place, Resource
from tests.support.template import listed

ROLE = "arn:aws:iam::111122223333:role/rightstate-remediation"
PLACE = Place(account="111122223333", region="eu-west-1")


@pytest.fixture
def aws() -> Iterator[None]:
    with mock_aws(), sessions.hub_kept_apart(boto3.Session):
        yield


@pytest.fixture
def sts(aws: None) -> Iterator[Stubber]:
    with Stubber(sessions._sts(PLACE)) as stubber:
        yield stubber


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("phase", list(Phase))
def test_a_session_policy_fits_into_what_sts_takes(name: str, phase: Phase) -> None:
    resource = Resource(**PLACE.model_dump(), id="x" * 255)
    assert len(session_policy(load(name), phase, resource)) <= 2048


@pytest.mark.parametrize("name", names())
def test_reading_allows_no_write_and_applying_only_the_declared_ones_on_the_resource(name: str) -> None:
    resource_type = load(name)
    resource = Resource(**PLACE.model_dump(), id="this-one")
    reading = json.loads(session_policy(resource_type, Phase.READ, resource))["Statement"]
    assert [set(each["Action"]) for each in reading] == [set(resource_type.read_actions)]
    arns = sorted(arn.format(**resource.model_dump()) for arn in resource_type.write_resources)
    for phase, undo in ((Phase.APPLY, ()), (Phase.UNDO, resource_type.undo_actions)):
        statements = json.loads(session_policy(resource_type, phase, resource))["Statement"]
        assert statements[0] == reading[0]
        allowed = {action: each["Resource"] for each in statements[1:] for action in listed(each["Action"])}
        unscoped = {*resource_type.unscoped_actions, *resource_type.dependent_actions}
        expected = {*resource_type.write_actions, *undo, *resource_type.dependent_actions}
        assert not any("*" in action for action in allowed)
        known = {
            action: [arn.format(**resource.model_dump())]
            for action, arn in resource_type.dependent_resources.items()
        }
        assert {action: listed(where) for action, where in allowed.items()} == {
            action: known.get(action, ["*"]) if action in unscoped else arns for action in expected
        }


@pytest.mark.parametrize(
    ("execution", "expected"),
    [
        ("17793124-05d4_b198", "17793124-05d4_b198"),
        ("a" * 80, "a" * 64),
        ("é b", "--b"),
        ("x", "x-"),
    ],
)
def test_the_session_name_carries_the_name_of_the_execution(execution: str, expected: str) -> None:
    assert session_name(execution) == expected


def test_the_role_is_assumed_with_session_policy_name_and_external_id(sts: Stubber) -> None:
    sts.add_response(
        "assume_role",
        answer("111122223333"),
        {
            "RoleArn": ROLE,
            "RoleSessionName": "execution-1",
            "Policy": session_policy(load("sqs-queue"), Phase.READ, PLACE),
            "ExternalId": "shared",
        },
    )
    account = Account(account="111122223333", role_arn=ROLE, external_id="shared")
    session = open_session(account, load("sqs-queue"), PLACE, Phase.READ, "execution-1")
    assert session.identity.account == "111122223333"
    sts.assert_no_pending_responses()


ROLES = {Phase.READ: f"{ROLE}-read", Phase.APPLY: ROLE, Phase.UNDO: ROLE}


@pytest.mark.parametrize(("phase", "role"), ROLES.items())
def test_each_phase_has_the_role_that_it_needs(sts: Stubber, phase: Phase, role: str) -> None:
    policy = session_policy(load("sqs-queue"), phase, PLACE)
    asked = {"RoleArn": role, "RoleSessionName": "execution-1", "Policy": policy}
    sts.add_response("assume_role", answer("111122223333"), asked)
    account = Account(account="111122223333", role_arn=ROLE, read_role_arn=f"{ROLE}-read")
    open_session(account, load("sqs-queue"), PLACE, phase, "execution-1")
    sts.assert_no_pending_responses()


def test_settings_with_one_role_read_with_that_one(sts: Stubber) -> None:
    asked = {"RoleArn": ROLE, "RoleSessionName": "execution-1", "Policy": ANY}
    sts.add_response("assume_role", answer("111122223333"), asked)
    account = Account(account="111122223333", role_arn=ROLE)
    open_session(account, load("sqs-queue"), PLACE, Phase.READ, "execution-1")
    sts.assert_no_pending_responses()


def test_settings_with_one_role_read_with_the_other_where_the_member_has_it_by_now(sts: Stubber) -> None:
    """Between the upgrade of a member and that of its settings no execution fails."""
    asked = {"RoleSessionName": "execution-1", "Policy": ANY}
    sts.add_client_error("assume_role", "AccessDenied", expected_params={"RoleArn": ROLE, **asked})
    sts.add_response("assume_role", answer("111122223333"), {"RoleArn": f"{ROLE}-read", **asked})
    account = Account(account="111122223333", role_arn=ROLE)
    open_session(account, load("sqs-queue"), PLACE, Phase.READ, "execution-1")
    sts.assert_no_pending_responses()


def test_where_neither_role_is_assumed_the_upgrade_is_told(sts: Stubber) -> None:
    for _ in range(2):
        sts.add_client_error("assume_role", "AccessDenied")
    account = Account(account="111122223333", role_arn=ROLE)
    with pytest.raises(RoleNotAssumed) as refused:
        open_session(account, load("sqs-queue"), PLACE, Phase.READ, "execution-1")
    assert f"refused {ROLE}:" in str(refused.value)
    assert "rightstate accounts add 111122223333 --install" in str(refused.value)
    assert "OneRoleMembers=true" in str(refused.value)


def test_writing_never_tries_another_role(sts: Stubber) -> None:
    asked = {"RoleArn": ROLE, "RoleSessionName": "e1", "Policy": ANY}
    sts.add_client_error("assume_role", "AccessDenied", expected_params=asked)
    account = Account(account="111122223333", role_arn=ROLE)
    with pytest.raises(RoleNotAssumed):
        open_session(account, load("sqs-queue"), PLACE, Phase.APPLY, "e1")
    sts.assert_no_pending_responses()


def test_a_second_step_of_the_execution_uses_the_same_session(sts: Stubber) -> None:
    sts.add_response("assume_role", answer("111122223333"))
    account = Account(account="111122223333", role_arn=ROLE)
    first = open_session(account, load("sqs-queue"), PLACE, Phase.READ, "execution-1")
    assert open_session(account, load("sqs-queue"), PLACE, Phase.READ, "execution-1") is first


def test_each_execution_has_a_session_of_its_own_name(sts: Stubber) -> None:
    """T29: one that is kept from another execution would have the calls of both under one name."""
    account = Account(account="111122223333", role_arn=ROLE)
    for name in ("execution-1", "execution-2"):
        asked = {"RoleArn": ROLE, "RoleSessionName": name, "Policy": ANY}
        sts.add_response("assume_role", answer("111122223333"), asked)
    for name in ("execution-1", "execution-2"):
        open_session(account, load("sqs-queue"), PLACE, Phase.READ, name)
    sts.assert_no_pending_responses()


def test_credentials_that_end_within_minutes_are_renewed(sts: Stubber) -> None:
    for ends in ("2020-01-01T00:00:00+00:00", "2100-01-01T00:00:00+00:00"):
        sts.add_response("assume_role", answer("111122223333", ends))
    account = Account(account="111122223333", role_arn=ROLE)
    first = open_session(account, load("sqs-queue"), PLACE, Phase.READ, "execution-1")
    assert open_session(account, load("sqs-queue"), PLACE, Phase.READ, "execution-1") is not first


def test_a_role_of_another_account_is_refused_whatever_sts_says(sts: Stubber) -> None:
    sts.add_response("assume_role", answer("999999999999"))
    account = Account(account="111122223333", role_arn=ROLE)
    with pytest.raises(WrongAccount, match="999999999999"):
        open_session(account, load("sqs-queue"), PLACE, Phase.READ, "execution-1")


def test_a_refused_role_says_what_to_check_and_repeats_nothing_of_awss_message(sts: Stubber) -> None:
    sts.add_client_error(
        "assume_role", "AccessDenied", "User arn:secret is not authorized with key AKIASECRET"
    )
    account = Account(account="111122223333", role_arn=ROLE, read_role_arn=f"{ROLE}-read")
    with pytest.raises(RoleNotAssumed, match="trusts the hub") as refused:
        open_session(account, load("sqs-queue"), PLACE, Phase.READ, "execution-1")
    assert "SECRET" not in str(refused.value)
    assert "Nothing was changed" in str(refused.value)


def test_throttled_sts_is_told_apart_from_a_refusal(sts: Stubber) -> None:
    sts.add_client_error("assume_role", "ThrottlingException", http_status_code=400)
    account = Account(account="111122223333", role_arn=ROLE)
    with pytest.raises(Throttled):
        open_session(account, load("sqs-queue"), PLACE, Phase.READ, "execution-1")


def test_without_a_role_the_own_credentials_serve_their_own_account_only(aws: None) -> None:
    own = boto3.client("sts", region_name="eu-west-1").get_caller_identity()["Account"]
    mine = Account(account=own)
    place = Place(account=own, region="eu-west-1")
    assert open_session(mine, load("sqs-queue"), place, Phase.READ, "e").identity.account == own
    with pytest.raises(WrongAccount):
        open_session(Account(account="111122223333"), load("sqs-queue"), PLACE, Phase.READ, "e")


def test_without_a_role_one_session_serves_every_execution_and_phase(aws: None) -> None:
    """No policy limits the own credentials, and no session has a name: another one would be the same."""
    own = boto3.client("sts", region_name="eu-west-1").get_caller_identity()["Account"]
    mine, place = Account(account=own), Place(account=own, region="eu-west-1")
    opened = {
        id(open_session(mine, load(name), place, phase, execution))
        for name in ("sqs-queue", "s3-bucket")
        for phase in (Phase.READ, Phase.APPLY)
        for execution in ("one", "two")
    }
    assert len(opened) == 1
    elsewhere = Place(account=own, region="eu-central-1")
    assert id(open_session(mine, load("sqs-queue"), elsewhere, Phase.READ, "one")) not in opened


# The own region, a place, and the endpoint of STS that serves it.
STS = {
    "an opt-in region": ("eu-west-1", "eu-south-1", "aws", "https://sts.eu-west-1.amazonaws.com/"),
    "the own region": ("us-east-1", "us-east-1", "aws", "https://sts.us-east-1.amazonaws.com/"),
    "no own region": (None, "eu-south-1", "aws", "https://sts.eu-south-1.amazonaws.com/"),
    "China": ("cn-north-1", "cn-northwest-1", "aws-cn", "https://sts.cn-north-1.amazonaws.com.cn/"),
    "GovCloud": ("us-gov-east-1", "us-gov-west-1", "aws-us-gov", "https://sts.us-gov-east-1.amazonaws.com/"),
    "an own region of another partition": (
        *("eu-west-1", "cn-north-1", "aws-cn"),
        "https://sts.cn-north-1.amazonaws.com.cn/",
    ),
}


@pytest.mark.parametrize("role", [ROLE, None])
@pytest.mark.parametrize(("own", "region", "partition", "endpoint"), STS.values(), ids=list(STS))
def test_sts_is_asked_at_the_regional_endpoint_of_the_own_region(
    monkeypatch: pytest.MonkeyPatch,
    own: str | None,
    region: str,
    partition: str,
    endpoint: str,
    role: str | None,
) -> None:
    """The resource's region may be one that the hub's account has not enabled."""
    sent: list[tuple[str, str]] = []
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
        if own:
            monkeypatch.setenv(name, own)

    def note(request: Any, region_name: str, **given: Any) -> None:
        sent.append((request.url, region_name))

    with mock_aws(), sessions.hub_kept_apart(boto3.Session):
        sessions._own().events.register("before-sign.sts", note)
        account = Account(account="111122223333", role_arn=role and role.replace(":aws:", f":{partition}:"))
        place = Place(account="111122223333", region=region, partition=partition)
        try:
            session = open_session(account, load("sqs-queue"), place, Phase.READ, "execution-1")
        except WrongAccount:
            assert role is None
        else:
            # What is done there is done in the resource's region.
            assert session.client("sqs").meta.region_name == region
    [(url, signed)] = sent
    assert url == endpoint
    assert signed == endpoint.split(".")[1]


def answer(account: str, ends: str = "2100-01-01T00:00:00+00:00") -> dict[str, Any]:
    return {
        "AssumedRoleUser": {
            "AssumedRoleId": "AROAEXAMPLE1234567:s",
            "Arn": f"arn:aws:sts::{account}:assumed-role/rightstate-remediation/s",
        },
        "Credentials": {
            "AccessKeyId": "ASIAEXAMPLE123456789",
            "SecretAccessKey": "secret",
            "SessionToken": "token",
            "Expiration": datetime.fromisoformat(ends),
        },
    }
