"""`rightstate policies`: the catalogue, and `--help`, which must teach."""

import pytest

from rightstate.catalogue import load, load_all
from rightstate_cli.docs.reference import write_actions
from tests.cli.commands.conftest import Cli, Ran

ALL = {policy.id: policy for each in load_all() for policy in each.policies}


def ids(ran: Ran) -> set[str]:
    return {each["id"] for each in ran.json}


def test_the_whole_catalogue_is_listed_with_category_and_title(cli: Cli) -> None:
    ran = cli("policies", "--format", "json")
    assert [(each["id"], each["title"], each["category"]) for each in ran.json] == [
        (policy.id, policy.title, policy.category) for policy in ALL.values()
    ]
    assert ran.code == 0


def test_they_are_listed_by_that_name_as_well(cli: Cli) -> None:
    options = ("-t", "s3-bucket", "--risk", "cost", "--format", "json")
    assert cli("policies", "list", *options).json == cli("policies", *options).json != []
    assert cli("policies", "list").out == cli("policies").out
    ran = cli("policies", "--risk", "cost", "list")
    assert (ran.code, ran.out) == (2, "")
    assert "Give the options after `list`." in ran.err


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        ("sqs-server-side-encryption", "key-coupling; begin with mode approve, after a first look in report"),
        ("s3-versioning", "cost; begin with mode report "),
        ("iam-password-policy-lowercase", "begin with mode "),
    ],
)
def test_it_is_said_with_which_mode_to_begin(cli: Cli, policy: str, told: str) -> None:
    said = cli("policies", "show", policy, COLUMNS="200").out
    assert told in said
    assert "report after a first look in report" not in " ".join(said.split())


@pytest.mark.parametrize("columns", ["80", "200"])
def test_every_id_and_title_stands_in_the_table(cli: Cli, columns: str) -> None:
    shown = cli("policies", COLUMNS=columns).out
    assert [policy for policy in ALL if f" {policy} " not in shown] == []
    assert f"{len(ALL)} policies" in shown


def test_it_is_narrowed_by_type_category_and_risk(cli: Cli) -> None:
    assert ids(cli("policies", "-t", "kms-key", "--format", "json")) == {
        each.id for each in load("kms-key").policies
    }
    assert ids(cli("policies", "--risk", "restart", "--format", "json")) == {
        name for name, policy in ALL.items() if policy.risk == "restart"
    }
    assert ids(cli("policies", "-t", "sqs-queue", "--category", "DATA", "--format", "json")) == {
        policy.id for policy in load("sqs-queue").policies if "Data" in policy.category
    }


def test_of_one_policy_it_says_all_there_is_to_know_before_enabling_it(cli: Cli) -> None:
    ran = cli("policies", "show", "SQSSSEEnabled")
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


@pytest.mark.parametrize(
    ("policy", "needed"),
    [
        ("s3-versioning", ["s3:PutBucketVersioning"]),
        ("s3-block-public-access", ["s3:PutBucketPublicAccessBlock"]),
        ("rds-mysql-multi-az", ["rds:ModifyDBInstance"]),
        ("rds-mysql-block-encryption-mode", ["rds:ModifyDBParameterGroup"]),
        # A snapshot of a cluster has an API of its own.
        (
            "rds-snapshot-not-public",
            ["rds:ModifyDBClusterSnapshotAttribute", "rds:ModifyDBSnapshotAttribute"],
        ),
    ],
)
def test_only_the_write_actions_that_a_policy_needs_are_shown(
    cli: Cli, policy: str, needed: list[str]
) -> None:
    assert cli("policies", "show", policy, "--format", "json").json["write_actions"] == needed


def test_every_write_action_is_needed_by_a_policy() -> None:
    for each in load_all():
        needed = {action for policy in each.policies for action in write_actions(each, policy)}
        assert needed == set(each.write_actions), each.name


def test_the_ids_of_other_tools_are_shown(cli: Cli) -> None:
    policy = ALL["s3-versioning"]
    said = " ".join(cli("policies", "show", policy.id, COLUMNS="200").out.split())
    for ids in (policy.security_hub, policy.prowler, policy.config_rules):
        assert ids and all(each in said for each in ids)


def test_help_gives_examples_and_says_what_the_exit_codes_mean(cli: Cli) -> None:
    for command in ("policies", "plan", "remediate", "replay", "history"):
        assert f"• rightstate {command} " in cli(command, "--help").out
    for command in ("plan", "remediate", "replay", "demo"):
        assert "Exit codes: 0 " in cli(command, "--help").out
    for group, commands in {
        "policies": ("list", "show", "enable", "disable", "set-mode"),
        "accounts": ("add", "remove", "list", "show", "template"),
    }.items():
        for command in commands:
            assert f"• rightstate {group} {command} " in cli(group, command, "--help").out
