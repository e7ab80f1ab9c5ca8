"""`rightstate policies`: the catalogue, and `--help`, which must teach."""

import pytest

from rightstate.catalogue import load_all
from tests.cli.conftest import Cli, Ran

ALL = {policy.id: policy for each in load_all() for policy in each.policies}


def ids(ran: Ran) -> set[str]:
    return {each["id"] for each in ran.json}


def test_the_whole_catalogue_is_listed_with_category_and_title(inside: Cli) -> None:
    ran = inside("policies", "--format", "json")
    assert [(each["id"], each["title"], each["category"]) for each in ran.json] == [
        (policy.id, policy.title, policy.category) for policy in ALL.values()
    ]
    assert ran.code == 0


@pytest.mark.parametrize("columns", ["80", "200"])
def test_every_id_and_title_stands_in_the_table(cli: Cli, columns: str) -> None:
    shown = cli("policies", COLUMNS=columns).out
    assert [policy for policy in ALL if f" {policy} " not in shown] == []
    assert f"{len(ALL)} policies" in shown


def test_it_is_narrowed_by_type_category_and_risk(inside: Cli) -> None:
    assert ids(inside("policies", "-t", "kms-key", "--format", "json")) == {"kms-key-rotation"}
    assert ids(inside("policies", "--risk", "restart", "--format", "json")) == {
        name for name, policy in ALL.items() if policy.risk == "restart"
    }
    assert ids(inside("policies", "-t", "sqs-queue", "--category", "DATA", "--format", "json")) == {
        "sqs-server-side-encryption"
    }


def test_of_one_policy_it_says_all_there_is_to_know_before_enabling_it(inside: Cli) -> None:
    ran = inside("policies", "show", "SQSSSEEnabled")
    policy = ALL["sqs-server-side-encryption"]
    said = " ".join(ran.out.split())
    for told in (
        policy.title,
        policy.category,
        policy.side_effects,
        policy.reversible,
        "key-coupling; begin with mode approve",
        "encrypt_with = SSE-SQS",
        "CreateQueue, SetQueueAttributes",
        "sqs:SetQueueAttributes",
        "Try it: rightstate plan --policy sqs-server-side-encryption",
    ):
        assert told in said


def test_help_gives_examples_and_says_what_the_exit_codes_mean(inside: Cli) -> None:
    for command in ("policies", "plan", "remediate", "replay", "history"):
        assert f"• rightstate {command} " in inside(command, "--help").out
    for command in ("plan", "remediate", "replay", "demo"):
        assert "Exit codes: 0 " in inside(command, "--help").out
    for group, commands in {
        "policies": ("show", "enable", "disable", "set-mode"),
        "accounts": ("add", "remove", "list", "show", "template"),
    }.items():
        for command in commands:
            assert f"• rightstate {group} {command} " in inside(group, command, "--help").out
