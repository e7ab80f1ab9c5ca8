"""What is read of the account password policy, what is written, and what is left as it is."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from rightstate.catalogue import load
from rightstate.models.decision import Outcome
from rightstate.resource_type import Resource
from rightstate.wants import Value
from tests.support.cycle import Account, enabled, plan, remediate

PASSWORDS = load("iam-password-policy")
OWNER = "123456789012"
RESOURCE = Resource(account=OWNER, region="us-east-1", id=OWNER)
STRONG: dict[str, Any] = {
    "MinimumPasswordLength": 20,
    "RequireSymbols": True,
    "RequireNumbers": True,
    "RequireUppercaseCharacters": True,
    "RequireLowercaseCharacters": True,
    "AllowUsersToChangePassword": True,
    "MaxPasswordAge": 30,
    "PasswordReusePrevention": 24,
    "HardExpiry": True,
}


@pytest.fixture
def account() -> Iterator[Account]:
    with mock_aws():
        yield Account()


def current(account: Account) -> dict[str, Any]:
    found = account.client("iam").get_account_password_policy()["PasswordPolicy"]
    # moto shows a limit that is not set as 0; AWS leaves it out.
    return {name: value for name, value in found.items() if value or isinstance(value, bool)}


@pytest.mark.parametrize(
    ("policy", "weakness", "setting", "after"),
    [
        ("uppercase", {"RequireUppercaseCharacters": False}, "RequireUppercaseCharacters", True),
        ("lowercase", {"RequireLowercaseCharacters": False}, "RequireLowercaseCharacters", True),
        ("symbol", {"RequireSymbols": False}, "RequireSymbols", True),
        ("number", {"RequireNumbers": False}, "RequireNumbers", True),
        ("min-length", {"MinimumPasswordLength": 8}, "MinimumPasswordLength", 14),
        ("reuse-prevention", {"PasswordReusePrevention": 3}, "PasswordReusePrevention", 24),
        ("reuse-prevention", {"PasswordReusePrevention": None}, "PasswordReusePrevention", 24),
        ("max-age", {"MaxPasswordAge": 180}, "MaxPasswordAge", 90),
        ("max-age", {"MaxPasswordAge": None}, "MaxPasswordAge", 90),
    ],
    ids=str,
)
def test_each_policy_mends_its_setting_and_leaves_every_other_as_it_was(
    account: Account, policy: str, weakness: dict[str, Any], setting: str, after: Value
) -> None:
    weak = {name: value for name, value in {**STRONG, **weakness}.items() if value is not None}
    account.client("iam").update_account_password_policy(**weak)
    before = current(account)
    name = f"iam-password-policy-{policy}"
    assert remediate(PASSWORDS, account, RESOURCE, enabled(PASSWORDS, name)).outcome is Outcome.REMEDIATED
    expected = {**before, setting: after}
    expected["ExpirePasswords"] = "MaxPasswordAge" in expected
    assert current(account) == expected
    assert plan(PASSWORDS, account, RESOURCE, enabled(PASSWORDS, name)).outcome is Outcome.COMPLIANT


@pytest.mark.parametrize("policy", [policy.id for policy in PASSWORDS.policies])
def test_the_eight_characters_that_an_account_without_a_policy_asks_for_stay(
    account: Account, policy: str
) -> None:
    remediate(PASSWORDS, account, RESOURCE, enabled(PASSWORDS, policy, min_length=6))
    assert current(account)["MinimumPasswordLength"] == 8


def test_an_account_without_a_password_policy_breaks_all_seven_and_gets_one_in_one_call(
    account: Account,
) -> None:
    decision = remediate(PASSWORDS, account, RESOURCE, enabled(PASSWORDS))
    assert len(decision.changes) == 7
    assert account.calls.count("iam:UpdateAccountPasswordPolicy") == 1
    assert plan(PASSWORDS, account, RESOURCE, enabled(PASSWORDS)).outcome is Outcome.COMPLIANT


policies = st.fixed_dictionaries(
    {
        "MinimumPasswordLength": st.integers(6, 128),
        "RequireSymbols": st.booleans(),
        "RequireNumbers": st.booleans(),
        "RequireUppercaseCharacters": st.booleans(),
        "RequireLowercaseCharacters": st.booleans(),
        "AllowUsersToChangePassword": st.booleans(),
        "HardExpiry": st.booleans(),
    },
    optional={"MaxPasswordAge": st.integers(1, 1095), "PasswordReusePrevention": st.integers(1, 24)},
)


@given(policies, st.sets(st.sampled_from([policy.id for policy in PASSWORDS.policies]), min_size=1))
@settings(max_examples=25)
def test_nothing_is_weakened_nothing_else_is_changed_and_a_second_run_writes_nothing(
    before: dict[str, Any], names: set[str]
) -> None:
    with mock_aws():
        account = Account()
        account.client("iam").update_account_password_policy(**before)
        remediate(PASSWORDS, account, RESOURCE, enabled(PASSWORDS, *names))
        after = current(account)
        asked = {setting for policy in PASSWORDS.policies if policy.id in names for setting in policy.wants}
        for name, value in before.items():
            if name not in asked:
                assert after[name] == value
            elif name == "MaxPasswordAge":
                assert after[name] <= value
            else:
                assert after[name] >= value
        assert set(after) - set(before) <= asked | {"ExpirePasswords"}
        account.calls.clear()
        remediate(PASSWORDS, account, RESOURCE, enabled(PASSWORDS, *names))
        assert account.calls == ["iam:GetAccountPasswordPolicy"]


def test_a_setting_strengthened_after_the_decision_is_not_set_back(account: Account) -> None:
    account.client("iam").update_account_password_policy(**{**STRONG, "MinimumPasswordLength": 8})
    decision = plan(PASSWORDS, account, RESOURCE, enabled(PASSWORDS))
    account.client("iam").update_account_password_policy(**{**STRONG, "MinimumPasswordLength": 40})
    PASSWORDS.apply(account.client, RESOURCE, decision.calls[0], decision.changes)
    assert current(account)["MinimumPasswordLength"] == 40


def test_an_account_without_users_complies_only_where_its_settings_accept_that(account: Account) -> None:
    assert plan(PASSWORDS, account, RESOURCE, enabled(PASSWORDS)).apply
    accepted = plan(PASSWORDS, account, RESOURCE, enabled(PASSWORDS, accept_no_users=True))
    assert accepted.outcome is Outcome.COMPLIANT
    assert "no IAM users" in accepted.reason
    account.client("iam").create_user(UserName="somebody")
    assert plan(PASSWORDS, account, RESOURCE, enabled(PASSWORDS, accept_no_users=True)).apply


def test_users_are_counted_only_where_it_matters(account: Account) -> None:
    plan(PASSWORDS, account, RESOURCE, enabled(PASSWORDS))
    assert account.calls == ["iam:GetAccountPasswordPolicy"]
