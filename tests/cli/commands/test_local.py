"""Without a hub: what is run on this machine is kept in a file, can be looked at, explained and undone."""

import stat
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from rightstate.errors import Unavailable
from rightstate.guarding.guards import HALT, HALTS, Halt
from rightstate.storage.tables import GUARDS
from rightstate_cli.embedded.storage import SQLiteObjects, SQLiteStorage
from tests.cli.commands.conftest import OTHER, OWN, REGION, Cli, Server
from tests.support import raw

ENCRYPTION = "sqs-server-side-encryption"
WHY = ("--reason", "CHG-5530", "--approver", "ana@example.com")


def remediated(cli: Cli, *options: str) -> dict[str, Any]:
    """The outcome of each resource of a run."""
    ran = cli("remediate", "--yes", *options, "--format", "json")
    return {each["resource"]: each["outcome"] for each in ran.json}


def queue(name: str, account: str = OWN) -> str:
    return f"arn:aws:sqs:{REGION}:{account}:{name}"


def encrypted(server: Server, name: str) -> bool:
    sqs = server.session().client("sqs")
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["SqsManagedSseEnabled"])
    return bool(answer["Attributes"]["SqsManagedSseEnabled"] == "true")


@pytest.mark.parametrize(
    ("resource_type", "policy"),
    [
        ("sqs-queue", ENCRYPTION),
        ("kms-key", "kms-key-rotation"),
        ("s3-bucket", "s3-block-public-access"),
        ("rds-instance", "rds-mysql-deletion-protection"),
    ],
)
def test_a_change_is_listed_shown_state_by_state_explained_and_undone_field_by_field(
    server: Server, cli: Cli, resource_type: str, policy: str
) -> None:
    name = server.make(resource_type, f"{resource_type}-undone")
    before = raw.described(server.session(), resource_type, name)
    run = ("--type", resource_type, "-r", name, "--policy", policy)
    assert remediated(cli, *run, "--reason", "CHG-5521") == {name: "remediated"}
    assert raw.described(server.session(), resource_type, name) != before

    [listed] = cli("history", "--resource", name, "--format", "json").json
    assert (listed["outcome"], listed["why"]) == ("remediated", "CHG-5521")
    shown = cli("history", listed["name"][-8:])
    assert {"Resolve", "Describe", "Apply", "Verify", "Notify and record"} <= {
        line.split("  ")[1].strip() for line in shown.out.splitlines() if line.startswith("  ")
    }
    assert "What is to be done?" in shown.out and "not taken" in shown.out

    key = f"{OWN}/{REGION}/{resource_type}/{name}"
    [explained] = cli("explain", key, "--format", "json").json
    assert explained["now"]["status"] == "read" and not explained["unread"]
    assert explained["last"]["execution"] == listed["arn"]

    undone = cli("undo", listed["name"], *WHY, "--yes", "--consent", "--format", "json")
    assert (undone.json["outcome"], undone.code) == ("undone", 0), undone.err
    assert raw.described(server.session(), resource_type, name) == before
    # The exemption keeps it so.
    assert remediated(cli, *run) == {name: "exempt"}
    assert raw.described(server.session(), resource_type, name) == before


def test_an_exempt_resource_is_never_changed_until_the_exemption_is_removed(server: Server, cli: Cli) -> None:
    server.make("sqs-queue", "left-alone")
    added = cli(
        *("exempt", "add", "--account", OWN, "-r", queue("left-alone"), "--days", "7", *WHY, "--format"),
        "json",
    )
    [exemption] = added.json
    run = ("--type", "sqs-queue", "-r", "left-alone")
    assert remediated(cli, *run) == {"left-alone": "exempt"}
    assert remediated(cli, *run, "--policy", ENCRYPTION) == {"left-alone": "exempt"}
    assert not encrypted(server, "left-alone")
    assert [each["id"] for each in cli("exempt", "list", "--format", "json").json] == [exemption["id"]]
    assert cli("exempt", "remove", exemption["id"], "--yes").code == 0
    assert remediated(cli, *run) == {"left-alone": "remediated"}


def test_what_is_enabled_decides_unless_policies_are_named_and_report_is_never_more(
    server: Server, cli: Cli, refused: Any
) -> None:
    server.make("sqs-queue", "enabled")
    unnamed = server.make("kms-key", "unnamed")
    account = ("--account", OWN)
    assert cli("policies", "enable", ENCRYPTION, *account).code == 0
    assert remediated(cli, "-r", queue("enabled")) == {"enabled": "reported"}
    assert remediated(cli, "--policy", ENCRYPTION, "-r", queue("enabled")) == {"enabled": "reported"}
    assert not encrypted(server, "enabled")
    told = refused("remediate", "--yes", "-r", f"arn:aws:kms:{REGION}:{OWN}:key/{unnamed}")
    assert "No policy of kms-key is enabled" in told
    assert cli("policies", "set-mode", "auto", ENCRYPTION, *account, "--yes").code == 0
    assert remediated(cli, "-r", queue("enabled")) == {"enabled": "remediated"}
    assert cli("policies", "disable", ENCRYPTION, *account).code == 0
    [settings] = cli("accounts", "list", "--format", "json").json
    assert (settings["account"], settings["policies"]) == (OWN, {})


def test_nothing_waits_for_an_approval_and_no_policy_can_ask_for_one(cli: Cli, refused: Any) -> None:
    ran = cli("approvals", "list", "--format", "json")
    assert (ran.code, ran.json) == (0, [])
    assert "an execution ends with its command" in " ".join(ran.err.split())
    assert "There is no request" in refused("approvals", "approve", "ap-1", "--reason", "x", "--yes")
    told = refused("policies", "enable", ENCRYPTION, "--account", OWN, "--mode", "approve")
    assert "Mode approve needs a hub" in told
    assert cli("accounts", "list", "--format", "json").json == []


def test_what_is_halted_is_left_alone_until_it_is_released(server: Server, cli: Cli, ledger: Path) -> None:
    server.make("sqs-queue", "fought-over")
    key = f"{OWN}/{REGION}/sqs-queue/fought-over"
    halt = Halt(
        policy=ENCRYPTION,
        since="2026-11-25T08:00:00.000Z",
        execution="x",
        applies=5,
        look_again="2199-01-01T00:00:00.000Z",
    )
    guards = SQLiteStorage(ledger)(GUARDS)
    guards.put({"id": key, "what": HALT + ENCRYPTION, "listed": HALTS, **halt.model_dump()})
    run = ("--type", "sqs-queue", "-r", "fought-over")
    assert remediated(cli, *run) == {"fought-over": "halted"}
    assert [each["resource"] for each in cli("breaker", "list", "--format", "json").json] == [key]
    assert cli("breaker", "release", key).code == 0
    assert remediated(cli, *run) == {"fought-over": "remediated"}


def test_its_report_opens_in_a_browser(server: Server, cli: Cli, browser: Browser, tmp_path: Path) -> None:
    server.make("sqs-queue", "reported-on")
    assert remediated(cli, "--type", "sqs-queue", "-r", "reported-on") == {"reported-on": "remediated"}
    ran = cli("report", "-o", str(tmp_path / "out"))
    assert ran.code == 0, ran.err
    assert "reported-on" in _page(browser, tmp_path / "out")


def _page(browser: Browser, directory: Path) -> str:
    page = browser.new_page()
    page.goto((directory / "index.html").as_uri())
    page.wait_for_selector("html[data-ready]")
    return page.inner_text("body")


def test_the_file_is_its_owners_alone_and_has_no_credentials(
    server: Server, process: Cli, ledger: Path
) -> None:
    server.make("sqs-queue", "secret")
    run = ("--type", "sqs-queue", "-r", "secret")
    assert remediated(process, *run, "--account", OTHER, "--role", "mender", "--external-id", "x-1") != {}
    assert remediated(process, *run) == {"secret": "remediated"}
    keys = [value for name, value in server.environment.items() if "KEY" in name or "TOKEN" in name]
    files = [each for each in ledger.parent.rglob("*") if each.is_file()]
    assert ledger in files and keys
    for each in files:
        assert not stat.S_IMODE(each.stat().st_mode) & 0o077, each
        assert not any(key.encode() in each.read_bytes() for key in keys), each


def test_a_file_that_is_named_is_another_ledger(server: Server, cli: Cli, tmp_path: Path) -> None:
    server.make("sqs-queue", "elsewhere")
    other = ("--ledger", str(tmp_path / "other.sqlite"))
    assert remediated(cli, "--type", "sqs-queue", "-r", "elsewhere", *other) == {"elsewhere": "remediated"}
    assert len(cli("history", *other, "--format", "json").json) == 1
    assert cli("history", "--format", "json").json == []


@pytest.mark.parametrize("hub", [("--deployed",), ("--stack", "mine"), ("--hub-region", REGION)])
def test_a_command_means_either_a_hub_or_a_file(refused: Any, tmp_path: Path, hub: tuple[str, ...]) -> None:
    told = refused("history", *hub, "--ledger", str(tmp_path / "x.sqlite"))
    assert "--ledger names a file on this machine" in told
    assert "There is no stack" in refused("history", *hub)


@pytest.mark.parametrize("name", ["RIGHTSTATE_STACK", "RIGHTSTATE_HUB_REGION"])
def test_the_environment_names_a_hub_and_an_option_the_file_all_the_same(
    cli: Cli, refused: Any, tmp_path: Path, name: str
) -> None:
    assert "There is no stack" in refused("history", **{name: REGION})
    assert cli("history", "--ledger", str(tmp_path / "x.sqlite"), **{name: REGION}).code == 0


def test_an_account_is_kept_with_the_role_that_runs_act_with(server: Server, cli: Cli, refused: Any) -> None:
    added = cli("accounts", "add", OTHER, "--role", "mender", "--external-id", "x-1", "--format", "json")
    assert added.json["account"]["role_arn"] == f"arn:aws:iam::{OTHER}:role/mender"
    assert added.json["check"]["ok"] and added.code == 0
    name = server.make("sqs-queue", "theirs", OTHER)
    assert remediated(cli, "--account", OTHER, "--type", "sqs-queue", "-r", name) == {name: "remediated"}
    assert cli("accounts", "show", OTHER, "--format", "json").json["check"]["ok"]
    assert "needs a hub" in refused("accounts", "add", OTHER, "--install")
    assert cli("accounts", "remove", OTHER, "--yes").code == 0
    assert cli("accounts", "list", "--format", "json").json == []
    assert "There are no settings of account" in refused("accounts", "remove", OTHER, "--yes")


def assessed(cli: Cli, name: str) -> dict[str, Any] | None:
    """When a queue was last assessed, as `explain` knows it."""
    [explained] = cli("explain", queue(name), "--format", "json").json
    found: dict[str, Any] | None = explained["assessed"]
    return found


def test_the_newest_of_a_survey_and_an_execution_says_how_a_resource_was_last_found(
    server: Server, cli: Cli
) -> None:
    server.make("sqs-queue", "surveyed")
    assert assessed(cli, "surveyed") is None
    assert cli("plan", "--type", "sqs-queue").code == 1
    found = assessed(cli, "surveyed")
    assert found
    assert (found["source"], found["by"], found["status"]) == ("local survey", "plan", "broken")
    assert found["policies"][ENCRYPTION] == "broken"
    assert remediated(cli, "-r", queue("surveyed")) == {"surveyed": "remediated"}
    executed = assessed(cli, "surveyed")
    assert executed and executed["at"] > found["at"]
    assert (executed["source"], executed["status"]) == ("execution", "remediated")
    assert executed["policies"][ENCRYPTION] == "compliant"
    remediated(cli, "--type", "sqs-queue")
    again = assessed(cli, "surveyed")
    assert again and again["at"] > executed["at"]
    assert (again["by"], again["status"]) == ("remediate", "compliant")
    assert "by a local survey (remediate): compliant." in cli("explain", queue("surveyed")).out


@pytest.mark.parametrize(
    "narrowed",
    [
        ("--policy", ENCRYPTION),
        ("-r", queue("narrowed")),
        ("--set", "sqs-dead-letter-queue.max_receive_count=5"),
    ],
)
def test_a_survey_that_leaves_something_out_is_no_look(
    server: Server, cli: Cli, narrowed: tuple[str, ...]
) -> None:
    server.make("sqs-queue", "narrowed")
    cli("plan", "--type", "sqs-queue", *narrowed)
    assert assessed(cli, "narrowed") is None


def test_a_plan_is_made_though_what_it_sees_cannot_be_kept(
    server: Server, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: SQLiteObjects, key: str, content: bytes) -> None:
        raise Unavailable("The ledger cannot be written: the disk is full.")

    server.make("sqs-queue", "planned")
    monkeypatch.setattr(SQLiteObjects, "put", full)
    ran = cli("plan", "--type", "sqs-queue", "--format", "json")
    assert "planned" in {each["resource"] for each in ran.json["items"]}
    assert ran.code == 1
    told = " ".join(ran.err.split())
    assert "What this survey saw is not kept for `report` and `explain`: The ledger cannot" in told
