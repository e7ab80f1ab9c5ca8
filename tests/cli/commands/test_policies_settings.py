"""`rightstate policies enable`, `disable` and `set-mode`: what a hub may do in which account."""

from collections.abc import Callable
from typing import Any

import pytest

from rightstate.catalogue import load, load_all
from rightstate.models.settings import Account, Enabled
from rightstate.policy import Mode, Risk
from rightstate_cli.tables.accounts_table import Registry
from tests.cli.commands.conftest import OTHER, OWN, Cli, Hub, Server

ALL = {policy.id: policy for each in load_all() for policy in each.policies}
COMPLETE = {id for id, policy in ALL.items() if not policy.examples}
"""Those that need no value from the account."""
SAFE = "kms-key-rotation"
RISKY = "s3-block-public-access"
LIMITS = "rds-mysql-backup-retention"


@pytest.fixture
def accounts(hub: Hub) -> Hub:
    """A hub with two accounts in which nothing is enabled."""
    hub.register(account=OWN, name="Payments")
    hub.register(account=OTHER)
    return hub


def modes(hub: Hub, account: str = OWN) -> dict[str, str]:
    found = hub.account(account)
    assert found is not None
    return {name: each.mode.value for name, each in found.policies.items()}


# --- Enabling ---


def test_a_policy_begins_with_report(cli: Cli, accounts: Hub) -> None:
    ran = cli("policies", "enable", RISKY, "--account", OWN)
    assert ran.code == 0, ran.err
    assert modes(accounts) == {RISKY: "report"}
    assert modes(accounts, OTHER) == {}
    assert "report: deviations are reported, and nothing is changed." in ran.err


def test_what_is_enabled_keeps_its_mode_where_none_is_named(cli: Cli, accounts: Hub) -> None:
    accounts.register(account=OWN, policies={SAFE: {"mode": "auto"}})
    cli("policies", "enable", SAFE, RISKY, "--account", OWN)
    assert modes(accounts) == {SAFE: "auto", RISKY: "report"}


@pytest.mark.parametrize(
    ("args", "chosen"),
    [
        (["--type", "sqs-queue"], {each.id for each in load("sqs-queue").policies}),
        (["--risk", "restart"], {name for name, each in ALL.items() if each.risk is Risk.RESTART}),
        (
            ["--category", "data protection", "-t", "sqs-queue", "-t", "kms-key"],
            {"sqs-server-side-encryption"},
        ),
        (["SQSSSEEnabled"], {"sqs-server-side-encryption"}),
        (["--all"], COMPLETE),
    ],
)
def test_policies_are_chosen_by_id_type_category_and_risk_as_in_the_list(
    cli: Cli, accounts: Hub, args: list[str], chosen: set[str]
) -> None:
    ran = cli("policies", "enable", *args, "--all-accounts")
    assert ran.code == 0, ran.err
    for account in (OWN, OTHER):
        assert modes(accounts, account) == dict.fromkeys(chosen, "report")
    if args[0].startswith("-") and args != ["--all"]:
        listed = cli("policies", *args, "--format", "json").json
        assert {each["id"] for each in listed} == chosen


def test_a_parameter_is_set_beside_those_that_the_account_has(cli: Cli, accounts: Hub) -> None:
    given = ("--set", f"{LIMITS}.min_retention_days=14")
    ran = cli("policies", "enable", LIMITS, "--account", OWN, *given)
    assert "off -> report, min_retention_days = 14" in ran.err
    account = accounts.account(OWN)
    assert account is not None
    assert account.policies[LIMITS] == Enabled(mode=Mode.REPORT, parameters={"min_retention_days": 14})
    cli("policies", "disable", LIMITS, "--account", OWN)
    cli("policies", "enable", LIMITS, "--account", OWN, "--mode", "auto")
    account = accounts.account(OWN)
    assert account is not None
    assert account.policies[LIMITS] == Enabled(mode=Mode.AUTO, parameters={"min_retention_days": 14})


def test_a_policy_that_is_named_by_an_alias_is_not_named_twice(cli: Cli, accounts: Hub) -> None:
    accounts.register(account=OWN, policies={"SQSSSEEnabled": {"mode": "report"}})
    assert cli("policies", "enable", "SQSSSEEnabled", "--account", OWN, "--mode", "auto", "--yes").code == 0
    assert modes(accounts) == {"sqs-server-side-encryption": "auto"}


# --- What is said, and asked ---


def test_before_it_changes_anything_it_says_what_may_break_and_asks(cli: Cli, accounts: Hub) -> None:
    args = ("policies", "enable", RISKY, SAFE, "--account", OWN, "--mode", "auto")
    ran = cli(*args, stdin="n\n")
    assert (ran.code, ran.out, modes(accounts)) == (2, "", {})
    said = " ".join(ran.err.split())
    policy = ALL[RISKY]
    assert f"In 1 account, {OWN} (Payments):" in said
    assert (
        f"{RISKY}: off -> auto. Risk breaks-access: {policy.side_effects} Undo: {policy.reversible}" in said
    )
    assert "Let 1 policy of risk breaks-access (1) change resources in 1 account? [y/N]" in said
    ran = cli(*args)
    assert (ran.code, ran.out, modes(accounts)) == (2, "", {})
    assert "Nothing was changed: nobody confirmed it. In a script, give --yes." in ran.err
    assert cli(*args, stdin="y\n").code == 0
    assert modes(accounts) == {RISKY: "auto", SAFE: "auto"}


@pytest.mark.parametrize(
    "args",
    [
        ["enable", SAFE, "--mode", "auto"],
        ["enable", RISKY, "--mode", "approve"],
        ["set-mode", "report", "s3-versioning"],
        ["disable", "s3-versioning"],
    ],
)
def test_what_cannot_break_anything_is_done_without_asking(cli: Cli, accounts: Hub, args: list[str]) -> None:
    accounts.register(account=OWN, policies={"s3-versioning": {"mode": "auto"}})
    ran = cli("policies", *args, "--account", OWN)
    assert ran.code == 0, ran.err
    assert "[y/N]" not in ran.err


def test_a_parameter_of_a_risky_policy_in_auto_is_asked_about(cli: Cli, accounts: Hub) -> None:
    [name] = [
        name
        for name, each in ALL.items()
        if each.risk is Risk.KEY_COUPLING and "encrypt_with" in each.parameters and name.startswith("sqs")
    ]
    accounts.register(account=OWN, policies={name: {"mode": "auto"}})
    ran = cli("policies", "enable", name, "--account", OWN, "--set", f"{name}.encrypt_with=SSE-KMS")
    assert ran.code == 2
    assert "of risk key-coupling (1)" in " ".join(ran.err.split())


def test_of_approve_it_says_that_somebody_is_asked(cli: Cli, accounts: Hub) -> None:
    ran = cli("policies", "enable", RISKY, "--account", OWN, "--mode", "approve", COLUMNS="200")
    assert "approve: deviations are fixed after a person approves" in ran.err


def test_accounts_in_which_the_same_happens_are_told_together(cli: Cli, accounts: Hub) -> None:
    assert (
        f"In 2 accounts, {OWN} (Payments), {OTHER}:" in cli("policies", "enable", SAFE, "--all-accounts").err
    )


def test_where_all_is_as_wanted_nothing_is_written(cli: Cli, accounts: Hub, server: Server) -> None:
    cli("policies", "enable", SAFE, "--account", OWN)
    server.calls.clear()
    ran = cli("policies", "enable", SAFE, "--account", OWN, "--format", "json")
    assert (ran.code, ran.json[0]["policies"], ran.json[0]["written"]) == (0, [], False)
    assert "There is nothing to change." in ran.err
    assert "dynamodb:PutItem" not in server.calls


def test_json_has_before_and_after_of_each_account_and_policy(cli: Cli, accounts: Hub) -> None:
    accounts.register(account=OWN, policies={RISKY: {"mode": "report"}})
    ran = cli("policies", "set-mode", "auto", RISKY, "--all-accounts", "--yes", "--format", "json")
    assert ran.json == [
        {
            "account": OWN,
            "written": True,
            "error": "",
            "policies": [
                {
                    "policy": RISKY,
                    "risk": "breaks-access",
                    "before": {"mode": "report", "parameters": {}},
                    "after": {"mode": "auto", "parameters": {}},
                }
            ],
        },
        {"account": OTHER, "written": False, "error": "", "policies": []},
    ]


# --- Disabling, and changing modes ---


def test_disabled_is_as_never_named(cli: Cli, accounts: Hub) -> None:
    cli("policies", "enable", "--all", "--all-accounts")
    ran = cli("policies", "disable", "--all", "--all-accounts")
    assert ran.code == 0
    assert (modes(accounts), modes(accounts, OTHER)) == ({}, {})
    assert f"{len(COMPLETE)} report -> off" in ran.out


def test_set_mode_leaves_what_is_off(cli: Cli, accounts: Hub) -> None:
    cli("policies", "enable", SAFE, "--account", OWN)
    ran = cli("policies", "set-mode", "auto", "--all", "--all-accounts")
    assert ran.code == 0, ran.err
    assert (modes(accounts), modes(accounts, OTHER)) == ({SAFE: "auto"}, {})


@pytest.mark.parametrize("mode", ["report", "approve", "auto"])
def test_set_mode_refuses_a_named_policy_that_is_off_and_names_enable(
    cli: Cli, accounts: Hub, server: Server, mode: str
) -> None:
    accounts.register(account=OWN, policies={SAFE: {"mode": "report"}, RISKY: {"mode": "off"}})
    for named in ([RISKY], [SAFE, RISKY], ["s3-versioning"]):
        ran = cli("policies", "set-mode", mode, *named, "--account", OWN, "--yes")
        assert ran.code == 2
        said = " ".join(ran.err.split())
        assert f"{named[-1]} is off in {OWN}, and set-mode changes only enabled policies." in said
        assert f"`rightstate policies enable {named[-1]} --mode {mode} --account {OWN}`" in said
    assert "dynamodb:PutItem" not in server.calls


def test_set_mode_says_in_which_accounts_a_policy_stayed_off(cli: Cli, accounts: Hub) -> None:
    accounts.register(account=OWN, policies={SAFE: {"mode": "report"}})
    ran = cli("policies", "set-mode", "auto", SAFE, "--all-accounts")
    assert (ran.code, modes(accounts), modes(accounts, OTHER)) == (0, {SAFE: "auto"}, {})
    assert f"Policies that are off stayed off in {OTHER}." in " ".join(ran.err.split())


# --- What is refused ---


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (
            ["enable", "--account", OWN],
            "Say which policies: by id, --type, --category, --risk, --severity or --framework, or --all",
        ),
        (["enable", SAFE, "--all", "--account", OWN], "Say which policies"),
        (
            ["enable", SAFE],
            "Say in which accounts: either --account, which may be repeated, or --all-accounts.",
        ),
        (["enable", SAFE, "--account", OWN, "--all-accounts"], "Say in which accounts"),
        (["enable", SAFE, "--account", "12345"], "'12345' is not an account"),
        (["enable", SAFE, "--account", OWN, "--account", "999999999999"], "999999999999 is not registered"),
        (["enable", "kms-key-rotations", "--account", OWN], "Did you mean kms-key-rotation?"),
        (
            ["enable", SAFE, RISKY, "--risk", "safe", "--account", OWN],
            f"The other options leave out {RISKY}.",
        ),
        (["enable", "--category", "cooking", "--account", OWN], "No policy matches."),
        (
            ["enable", SAFE, "--account", OWN, "--set", f"{LIMITS}.min_retention_days=9"],
            f"--set names {LIMITS}",
        ),
        (
            ["enable", LIMITS, "--account", OWN, "--set", f"{LIMITS}.min_retention_days=99"],
            "'99' is not a value",
        ),
        (["enable", LIMITS, "--account", OWN, "--set", f"{LIMITS}.days=9"], "has no parameter 'days'"),
        (["set-mode", "off", SAFE, "--account", OWN], "'off' is not one of"),
        (["--type", "kms-key", "enable", SAFE, "--account", OWN], "Give the options after `enable`."),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_written(
    refused: Callable[..., str], accounts: Hub, server: Server, args: list[str], said: str
) -> None:
    assert said in " ".join(refused("policies", *args).split())
    assert "dynamodb:PutItem" not in server.calls


def test_settings_that_the_functions_would_stop_at_are_refused_for_all_accounts(
    refused: Callable[..., str], accounts: Hub, server: Server
) -> None:
    accounts.register(account=OTHER, policies={RISKY: {"mode": "auto", "parameters": {"no_such": 1}}})
    told = refused("policies", "enable", SAFE, "--all-accounts")
    assert f"Policy {RISKY} of account {OTHER} has a parameter 'no_such'" in told
    assert "dynamodb:PutItem" not in server.calls


def test_settings_that_name_a_policy_twice_are_refused(refused: Callable[..., str], accounts: Hub) -> None:
    named = {"SQSSSEEnabled": {"mode": "off"}, "sqs-server-side-encryption": {"mode": "report"}}
    accounts.register(account=OWN, policies=named)
    told = refused("policies", "enable", "--type", "sqs-queue", "--account", OWN)
    assert "name sqs-server-side-encryption twice: sqs-server-side-encryption, SQSSSEEnabled." in told


def test_no_account_is_registered(refused: Callable[..., str], hub: Hub) -> None:
    assert "No account is registered." in refused("policies", "enable", SAFE, "--all-accounts")


def test_an_account_that_somebody_else_changes_meanwhile_is_told_and_the_others_are_written(
    cli: Cli, accounts: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = Registry.put

    def raced(self: Registry, account: Account) -> Any:
        if account.account == OWN:
            put(self, account.model_copy(update={"name": "Changed meanwhile"}))
        return put(self, account)

    cli("policies", "enable", SAFE, "--all-accounts")
    monkeypatch.setattr(Registry, "put", raced)
    ran = cli("policies", "enable", RISKY, "--all-accounts", "--format", "json")
    assert ran.code == 1
    assert {each["account"]: each["written"] for each in ran.json} == {OWN: False, OTHER: True}
    assert f"Another person has changed the settings of account {OWN} meanwhile" in ran.json[0]["error"]
    assert f"Not written: {OWN}. Written: {OTHER}." in ran.err
    assert modes(accounts, OTHER) == {SAFE: "report", RISKY: "report"}


def test_an_account_that_somebody_else_removes_meanwhile_is_not_written_again(
    cli: Cli, accounts: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = Registry.put

    def raced(self: Registry, account: Account) -> Any:
        self.remove(account.account)
        return put(self, account)

    cli("policies", "enable", SAFE, "--account", OWN)
    monkeypatch.setattr(Registry, "put", raced)
    ran = cli("policies", "enable", RISKY, "--account", OWN, "--format", "json")
    assert ran.code == 1
    assert f"Another person has changed the settings of account {OWN} meanwhile" in ran.json[0]["error"]
    assert accounts.account(OWN) is None
