"""What a run from one's own machine may do: what is asked for, within what is written."""

import pytest

from rightstate.models.settings import Account, Enabled, Exemption
from rightstate.policy import Mode
from rightstate_cli.embedded.run_settings import Asked

ACCOUNT = "111122223333"
ENCRYPTION, VERSIONING = "sqs-server-side-encryption", "s3-versioning"
OFF, REPORT, APPROVE, AUTO = Mode
ROLE, OTHER_ROLE = (f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in ("written", "given"))


def modes(account: Account) -> dict[str, Mode]:
    return {name: each.mode for name, each in account.policies.items()}


def asked(mode: Mode = AUTO, named: bool = False, role_given: bool = False) -> Asked:
    policies = {each: Enabled(mode=mode) for each in (ENCRYPTION, VERSIONING)}
    role = OTHER_ROLE if role_given else None
    account = Account(account=ACCOUNT, policies=policies, role_arn=role, read_role_arn=role)
    return Asked(account, named, role_given)


@pytest.mark.parametrize(
    ("written", "named", "mode", "expected"),
    [
        ({}, False, AUTO, {ENCRYPTION: AUTO, VERSIONING: AUTO}),
        ({}, True, REPORT, {ENCRYPTION: REPORT, VERSIONING: REPORT}),
        ({ENCRYPTION: OFF}, False, AUTO, {ENCRYPTION: AUTO, VERSIONING: AUTO}),
        ({ENCRYPTION: AUTO}, False, AUTO, {ENCRYPTION: AUTO}),
        ({ENCRYPTION: AUTO}, False, REPORT, {ENCRYPTION: REPORT}),
        ({ENCRYPTION: AUTO}, True, AUTO, {ENCRYPTION: AUTO, VERSIONING: AUTO}),
        ({ENCRYPTION: REPORT}, True, AUTO, {ENCRYPTION: REPORT, VERSIONING: AUTO}),
        # Nobody can be asked.
        ({ENCRYPTION: APPROVE}, True, AUTO, {ENCRYPTION: REPORT, VERSIONING: AUTO}),
        ({"kms-key-rotation": AUTO}, False, AUTO, {}),
    ],
)
def test_what_is_enabled_limits_the_run_and_what_is_named_widens_it(
    written: dict[str, Mode], named: bool, mode: Mode, expected: dict[str, Mode]
) -> None:
    policies = {name: Enabled(mode=each) for name, each in written.items()}
    found = Account(account=ACCOUNT, policies=policies, regions=("eu-west-1",))
    run = asked(mode, named).within(found)
    assert modes(run) == expected
    # The command line names the region.
    assert run.regions == ()


def test_parameters_that_are_given_count_before_those_that_are_written() -> None:
    name, parameter = "asg-cooldown", "default_cooldown_seconds"
    written = {name: Enabled(mode=AUTO, parameters={parameter: 90})}
    found = Account(account=ACCOUNT, policies=written)
    for given, expected in (({}, 90), ({parameter: 60}, 60)):
        policies = {name: Enabled(mode=AUTO, parameters=given)}
        run = Asked(Account(account=ACCOUNT, policies=policies), True, False).within(found)
        assert run.policies[name].parameters == {parameter: expected}


def test_exemptions_are_those_that_are_written() -> None:
    exemption = Exemption(
        id="ex-1a2b3c4d",
        reason="x",
        approver="ana",
        by="ana",
        created="2026-11-01T08:00:00Z",
        until="2027-01-31T23:59:59Z",
    )
    found = Account(account=ACCOUNT, exemptions=(exemption,), tag_exemptions=True)
    run = asked(named=True).within(found)
    assert (run.exemptions, run.tag_exemptions) == ((exemption,), True)


@pytest.mark.parametrize(
    ("written", "given", "expected"),
    [(None, False, None), (None, True, OTHER_ROLE), (ROLE, False, ROLE), (ROLE, True, OTHER_ROLE)],
)
def test_the_role_that_is_given_counts_before_the_one_that_is_written(
    written: str | None, given: bool, expected: str | None
) -> None:
    found = Account(account=ACCOUNT, role_arn=written, read_role_arn=written)
    run = asked(role_given=given).within(found)
    assert (run.role_arn, run.read_role_arn) == (expected, expected)
