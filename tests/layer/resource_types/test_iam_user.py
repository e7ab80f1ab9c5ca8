"""What is read of a user, what is switched off or removed, and which are left alone."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.iam.models import iam_backends

from rightstate.catalogue import load
from rightstate.deciding.planner import digest, fingerprint_of
from rightstate.errors import CallFailed
from rightstate.models.decision import Outcome, Status
from rightstate.resource_type import Resource
from rightstate_cli.simulation import examples
from tests.support.cycle import Account, decide, enabled, make, observe, plan, remediate, undo

USER = load("iam-user")
RESOURCE = Resource(account="123456789012", region="us-east-1", id="ci-deployer")
AGE, UNUSED, PASSWORD = (each.id for each in USER.policies)
TODAY = "2026-11-25"
OLD, NEW = "MPLE 2026-01-01T08:00:00Z", "ABCD 2026-11-01T08:00:00Z"


@pytest.fixture
def account() -> Iterator[Account]:
    with mock_aws():
        yield Account()


def made(policy: str) -> Any:
    examples.load("iam-user").create(boto3.Session(region_name="us-east-1"), RESOURCE.id, policy)
    return iam_backends[RESOURCE.account]["aws"].users[RESOURCE.id]


def statuses(account: Account) -> list[str]:
    listed = account.client("iam").list_access_keys(UserName=RESOURCE.id)
    return [key["Status"] for key in listed["AccessKeyMetadata"]]


# --- Keys ---


def test_an_old_key_is_switched_off_and_an_undo_switches_it_on(account: Account) -> None:
    user = made(AGE)
    boto3.client("iam").create_access_key(UserName=RESOURCE.id)
    decision = remediate(USER, account, RESOURCE, enabled(USER, AGE, UNUSED))
    assert decision.outcome is Outcome.REMEDIATED
    assert statuses(account) == ["Inactive", "Active"]
    assert plan(USER, account, RESOURCE, enabled(USER, AGE, UNUSED)).outcome is Outcome.COMPLIANT
    make(USER, account, RESOURCE, undo(USER, account, RESOURCE, decision))
    assert statuses(account) == ["Active", "Active"]
    # No record may have the id of a key.
    assert user.access_keys[0].access_key_id not in decision.model_dump_json()


@pytest.mark.parametrize(
    ("keys", "used", "parameters", "left"),
    [
        ([OLD, NEW], ["never", "never"], {}, [NEW]),
        ([OLD, NEW], ["2026-11-10", "never"], {}, [NEW]),
        ([OLD, NEW], ["2026-11-19", "never"], {}, None),
        ([OLD, NEW], ["2026-11-19", "never"], {"spare_used_within_days": 0}, [NEW]),
        ([NEW], ["2026-11-20"], {}, [NEW]),
        ([NEW], ["never"], {"max_age_days": 24}, [NEW]),
        ([NEW], ["never"], {"max_age_days": 23}, []),
    ],
)
def test_a_key_is_too_old_by_when_it_was_made_and_is_spared_while_it_is_used(
    keys: list[str], used: list[str], parameters: dict[str, Any], left: list[str] | None
) -> None:
    decision = decided(AGE, keys, used, **parameters)
    if left is None:
        assert [verdict.status for verdict in decision.verdicts] == [Status.HELD]
    else:
        assert [change.after for change in decision.changes] == ([left] if left != keys else [])


def decided(policy: str, keys: list[str], used: list[str], **parameters: Any) -> Any:
    uses = [f"{key} {day}" for key, day in zip(keys, used, strict=True)]
    observed = {"ActiveKeys": keys, "KeysUsed": uses, "Today": TODAY}
    return decide(USER, RESOURCE, enabled(USER, policy, **parameters), observed)


@pytest.mark.parametrize(
    ("used", "left"),
    [
        (["2026-10-11", "never"], [OLD, NEW]),
        (["2026-10-10", "never"], [NEW]),
        (["never", "2026-11-24"], [NEW]),
    ],
)
def test_a_key_is_unused_since_its_last_use_or_since_it_was_made(used: list[str], left: list[str]) -> None:
    changes = decided(UNUSED, [OLD, NEW], used).changes
    assert [change.after for change in changes] == ([left] if left != [OLD, NEW] else [])


def test_two_policies_switch_off_what_either_wants() -> None:
    other = "WXYZ 2026-02-01T08:00:00Z"
    observed = {
        "ActiveKeys": [OLD, other],
        "KeysUsed": [f"{OLD} never", f"{other} 2026-11-10"],
        "Today": TODAY,
    }
    [change] = decide(USER, RESOURCE, enabled(USER, AGE, UNUSED), observed).changes
    assert (change.after, change.policies) == ([], (AGE, UNUSED))


@pytest.mark.parametrize("policy", [AGE, PASSWORD])
def test_the_user_that_rightstate_runs_as_keeps_key_and_password(
    account: Account, monkeypatch: pytest.MonkeyPatch, policy: str
) -> None:
    made(policy)
    key = boto3.client("iam").create_access_key(UserName=RESOURCE.id)["AccessKey"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    with pytest.raises(CallFailed, match="takes no key or password from its own user"):
        remediate(USER, Account(), RESOURCE, enabled(USER, policy))
    assert set(statuses(account)) == {"Active"}
    if policy == PASSWORD:
        assert account.client("iam").get_login_profile(UserName=RESOURCE.id)


def test_a_day_that_passes_changes_no_plan(account: Account) -> None:
    made(AGE)
    observed = dict(observe(USER, account, RESOURCE, enabled(USER)))
    assert digest(USER, observed) == digest(USER, {**observed, "Today": "2099-01-01"})
    assert digest(USER, observed) != digest(USER, {**observed, "ActiveKeys": []})


@pytest.mark.parametrize(
    ("used_since", "stands"),
    [(["2026-09-01", "2026-11-25"], True), (["2026-11-25", "2026-11-24"], False)],
    ids=["the key that stays", "the key to be switched off"],
)
def test_a_plan_stands_until_a_key_that_it_switches_off_is_used(used_since: list[str], stands: bool) -> None:
    def plan_of(used: list[str]) -> str:
        uses = [f"{key} {day}" for key, day in zip((OLD, NEW), used, strict=True)]
        observed = {"ActiveKeys": [OLD, NEW], "KeysUsed": uses, "Today": TODAY}
        return fingerprint_of(USER, observed, decide(USER, RESOURCE, enabled(USER, UNUSED), observed))

    assert (plan_of(["2026-09-01", "2026-11-24"]) == plan_of(used_since)) is stands


# --- Passwords ---


def test_an_unused_password_is_removed_for_good(account: Account) -> None:
    made(PASSWORD)
    decision = remediate(USER, account, RESOURCE, enabled(USER, PASSWORD))
    assert [call.operation for call in decision.calls] == ["DeleteLoginProfile"]
    assert plan(USER, account, RESOURCE, enabled(USER, PASSWORD)).outcome is Outcome.COMPLIANT
    refused = undo(USER, account, RESOURCE, decision)
    assert refused.outcome is Outcome.UNDO_REFUSED
    assert "Give the user a new one" in refused.reason


@pytest.mark.parametrize(
    ("made_before", "used_before", "removed"), [(730, 45, False), (730, 46, True), (10, 300, False)]
)
def test_a_password_is_unused_since_its_last_use_or_since_it_was_made(
    account: Account, made_before: int, used_before: int, removed: bool
) -> None:
    user = made(PASSWORD)
    now = datetime.now(UTC).replace(tzinfo=None)
    user.create_date = now - timedelta(days=made_before)
    user.password_last_used = now - timedelta(days=used_before)
    assert plan(USER, account, RESOURCE, enabled(USER, PASSWORD)).apply is removed


def test_a_user_without_keys_and_password_is_compliant(account: Account) -> None:
    boto3.client("iam").create_user(UserName=RESOURCE.id)
    assert plan(USER, account, RESOURCE, enabled(USER)).outcome is Outcome.COMPLIANT
