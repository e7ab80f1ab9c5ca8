"""`rightstate exempt` and `rightstate accounts set`: what has to be left alone, why, and until when."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from rightstate.models.settings import Account, Exemption, Managed
from tests.cli.commands.conftest import OTHER, OWN, REGION, Cli, Hub, Server

SQS = "sqs-server-side-encryption"
QUEUE = f"arn:aws:sqs:eu-west-1:{OWN}:invoices"
WHY = ("--reason", "CHG-5521", "--approver", "ana@example.com")
CREATED = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
LATER = f"{datetime.now(UTC).date() + timedelta(days=30)}T23:59:59Z"


@pytest.fixture
def accounts(hub: Hub) -> Hub:
    hub.register(account=OWN, name="Payments", policies={SQS: {"mode": "auto"}}, revision=3)
    hub.register(account=OTHER)
    return hub


def exemptions(hub: Hub, account: str = OWN) -> tuple[Exemption, ...]:
    return settings(hub, account).exemptions


def settings(hub: Hub, account: str = OWN) -> Account:
    found = hub.account(account)
    assert found is not None
    return found


def in_days(number: int) -> date:
    return datetime.now(UTC).date() + timedelta(days=number)


def stored(**given: Any) -> dict[str, Any]:
    return {
        "id": "ex-00000001",
        "reason": "Legacy import",
        "approver": "ana@example.com",
        "created": CREATED,
        "until": LATER,
        **given,
    }


# --- Adding ---


@pytest.mark.parametrize("to_the_end", [False, True], ids=["--days", "--until"])
def test_an_exemption_is_added_for_a_resource_a_policy_and_a_time(
    cli: Cli, accounts: Hub, to_the_end: bool
) -> None:
    time = ("--until", str(in_days(30))) if to_the_end else ("--days", "30")
    ran = cli(
        "exempt", "add", "--account", OWN, "-r", QUEUE, "-p", "SQSSSEEnabled", *WHY, *time, "--format", "json"
    )
    assert ran.code == 0, ran.err
    [made] = exemptions(accounts)
    assert made.model_dump() == {
        "id": made.id,
        "policies": (SQS,),
        "resource": "eu-west-1/sqs-queue/invoices",
        "tag": None,
        "reason": "CHG-5521",
        "approver": "ana@example.com",
        "by": made.by,
        "created": made.created,
        "until": f"{in_days(30)}T23:59:59Z",
        "settings_until": None,
    }
    assert made.by.startswith("arn:aws:")
    assert f":{OWN}:" in made.by
    [told] = ran.json
    assert (told["account"], told["id"], told["days_left"], told["expired"]) == (OWN, made.id, 30, False)
    assert settings(accounts).revision == 4
    assert settings(accounts).policies.keys() == {SQS}


@pytest.mark.parametrize(
    ("given", "resource"),
    [
        ((), None),
        (("-r", "eu-west-1/sqs-queue/invoices"), "eu-west-1/sqs-queue/invoices"),
        (("-r", "arn:aws:s3:::invoices", "--region", "eu-west-1"), "eu-west-1/s3-bucket/invoices"),
        (
            ("-r", f"arn:aws:iam::{OWN}:password-policy"),
            f"us-east-1/iam-password-policy/{OWN}",
        ),
        (
            ("-r", f"arn:aws:rds:eu-west-1:{OWN}:db:main", "-p", "rds-mysql-multi-az"),
            "eu-west-1/rds-instance/main",
        ),
    ],
    ids=str,
)
def test_a_resource_is_named_by_its_arn_or_its_place_type_and_id(
    cli: Cli, accounts: Hub, given: tuple[str, ...], resource: str | None
) -> None:
    ran = cli("exempt", "add", "--account", OWN, *given, *WHY, "--days", "1", "--yes")
    assert ran.code == 0, ran.err
    assert [each.resource for each in exemptions(accounts)] == [resource]


def test_where_an_arn_is_of_two_types_both_are_exempt(cli: Cli, accounts: Hub) -> None:
    cli("exempt", "add", "--account", OWN, "-r", f"arn:aws:rds:eu-west-1:{OWN}:db:main", *WHY, "--days", "1")
    assert {each.resource for each in exemptions(accounts)} == {
        "eu-west-1/rds-instance/main",
        "eu-west-1/neptune-instance/main",
    }


def test_an_exemption_by_tag_needs_an_account_that_lets_tags_exempt(
    cli: Cli, refused: Callable[..., str], accounts: Hub
) -> None:
    by_tag = ("exempt", "add", "--account", OWN, "--tag", "team=payments", *WHY, "--days", "1")
    assert f"rightstate accounts set {OWN} --tag-exemptions" in refused(*by_tag)
    assert exemptions(accounts) == ()
    cli("accounts", "set", OWN, "--tag-exemptions")
    assert cli(*by_tag).code == 0
    assert [each.tag for each in exemptions(accounts)] == ["team=payments"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((), "either --until or --days"),
        (("--days", "1", "--until", "2099-01-01"), "either --until or --days"),
        (("--days", "91"), "at most 90"),
        (("--until", "2099-01-01"), "at most 90"),
        (("--days", "999999999999"), "takes a day"),
        (("--until", "2026-01-01"), "is over"),
        (("--until", "soon"), "takes a day"),
        (("--days", "1", "-r", QUEUE, "--tag", "a=b"), "either --resource or --tag"),
        (("--days", "1", "--region", REGION), "belongs to --resource"),
        (("--days", "1", "-r", "invoices"), "neither an ARN nor REGION/TYPE/ID"),
        (("--days", "1", "-r", "eu-west-1/sqs-queue/../x"), "cannot be the name"),
        (("--days", "1", "-r", "arn:aws:s3:::invoices"), "does not say the region"),
        (("--days", "1", "-r", f"arn:aws:sqs:eu-west-1:{OTHER}:invoices"), "belongs to account"),
        (("--days", "1", "-r", QUEUE, "--region", "us-east-1"), "belongs to region"),
        (("--days", "1", "-r", "arn:aws:mq:eu-west-1:1:broker"), "not the ARN of a resource"),
        (("--days", "1", "-r", QUEUE, "-p", "s3-versioning"), "None of the policies applies to"),
        (("--days", "1", "-p", "no-such-policy"), "No policy is named"),
        (("--days", "1", "--reason", "two\nlines"), "text on one line"),
        (("--days", "1", "--reason", " "), "text on one line"),
        (("--days", "1", "--reason", "x" * 1025), "--reason is too long"),
        (("--days", "1", "--approver", "x" * 257), "--approver is too long"),
    ],
    ids=str,
)
def test_what_cannot_be_an_exemption_is_refused_and_nothing_written(
    refused: Callable[..., str], accounts: Hub, given: tuple[str, ...], said: str
) -> None:
    told = " ".join(refused("exempt", "add", "--account", OWN, *WHY, *given).split())
    assert said in told
    assert settings(accounts).revision == 3


def test_an_account_that_is_not_registered_has_no_exemptions(
    refused: Callable[..., str], accounts: Hub
) -> None:
    assert "is not registered" in refused("exempt", "add", "--account", "999900001111", *WHY, "--days", "1")


@pytest.mark.parametrize(
    ("other", "overlaps"),
    [
        ({}, True),
        ({"resource": "eu-west-1/sqs-queue/invoices"}, True),
        ({"policies": [SQS]}, True),
        ({"resource": "eu-west-1/sqs-queue/orders"}, False),
        ({"policies": ["s3-versioning"]}, False),
        ({"until": "2026-01-02T00:00:00Z"}, False),
    ],
    ids=str,
)
def test_another_exemption_that_counts_there_is_named(
    cli: Cli, accounts: Hub, other: dict[str, Any], overlaps: bool
) -> None:
    accounts.register(account=OWN, exemptions=[stored(**other)])
    ran = cli("exempt", "add", "--account", OWN, "-r", QUEUE, "-p", SQS, *WHY, "--days", "1")
    assert ran.code == 0, ran.err
    assert ("ex-00000001" in ran.err) is overlaps
    assert len(exemptions(accounts)) == 2


@pytest.mark.parametrize(
    ("policies", "which"),
    [((), "all policies"), (("-p", SQS, "-p", "s3-versioning"), f"{SQS}, s3-versioning")],
)
def test_a_whole_account_is_exempt_once_that_is_confirmed(
    cli: Cli, refused: Callable[..., str], accounts: Hub, policies: tuple[str, ...], which: str
) -> None:
    whole = ("exempt", "add", "--account", OWN, *policies, *WHY, "--days", "30")
    asked = f"Exempt the whole account {OWN} from {which} until {in_days(30)}T23:59:59Z? [y/N]"
    said = " ".join(refused(*whole).split())
    assert asked in said
    assert "nobody confirmed it. In a script, give --yes." in said
    ran = cli(*whole, stdin="n\n")
    assert (ran.code, ran.out, exemptions(accounts)) == (2, "", ())
    ran = cli(*whole, "--format", "json", stdin="y\n")
    assert (ran.code, [each["id"] for each in ran.json]) == (0, [each.id for each in exemptions(accounts)])
    assert "[y/N]" not in cli(*whole, "--yes").err
    assert len(exemptions(accounts)) == 2


# --- Listing ---


@pytest.mark.parametrize(
    ("lasting", "left"),
    [
        (timedelta(days=2, minutes=1), "2 days"),
        (timedelta(days=1, hours=23, minutes=50), "47 hours"),
        (timedelta(hours=23, minutes=50), "23 hours"),
        (timedelta(hours=1, minutes=59), "1 hour"),
        (timedelta(minutes=59, seconds=30), "59 minutes"),
    ],
    ids=str,
)
def test_of_less_than_two_days_the_hours_and_the_time_are_shown(
    cli: Cli, accounts: Hub, lasting: timedelta, left: str
) -> None:
    until = datetime.now(UTC) + lasting + timedelta(seconds=20)
    accounts.register(account=OWN, exemptions=[stored(until=until.strftime("%Y-%m-%dT%H:%M:%S.000Z"))])
    [row] = [line for line in cli("exempt", "list").out.splitlines() if "ex-00000001" in line]
    assert f"{until:%Y-%m-%dT%H:%M}Z" in row
    assert row.rstrip().endswith(f"  {left}")


def test_exemptions_are_listed_with_those_first_that_end_first(cli: Cli, accounts: Hub) -> None:
    soon = f"{in_days(5)}T23:59:59Z"
    ended = stored(id="ex-00000003", until="2026-01-02T00:00:00Z")
    accounts.register(account=OWN, exemptions=[stored(), stored(id="ex-00000002", until=soon), ended])
    accounts.register(account=OTHER, exemptions=[stored(id="ex-00000004", tag="team=x")])
    listed = cli("exempt", "list", "--format", "json")
    assert [each["id"] for each in listed.json] == ["ex-00000002", "ex-00000001", "ex-00000004"]
    assert listed.json[0]["days_left"] == 5
    every = cli("exempt", "list", "--all", "--format", "json").json
    assert (every[0]["id"], every[0]["expired"]) == ("ex-00000003", True)
    own = cli("exempt", "list", "--account", OTHER, "--format", "json").json
    assert [(each["account"], each["id"]) for each in own] == [(OTHER, "ex-00000004")]
    table = cli("exempt", "list", "--all", COLUMNS="200").out
    assert "EXPIRED" in table
    assert "5 days" in table
    assert "the whole account" in table
    assert "tag team=x" in table


def test_an_exemption_that_is_longer_than_allowed_is_listed_as_it_counts(cli: Cli, accounts: Hub) -> None:
    forever = "9999-12-31T23:59:59Z"
    accounts.register(account=OWN, exemptions=[stored(until=forever)])
    listed = cli("exempt", "list", "--format", "json").json
    assert [(each["until"], each["settings_until"]) for each in listed] == [
        (f"{in_days(90)}T23:59:59Z", forever)
    ]
    said = " ".join(cli("exempt", "list").err.split())
    assert f"ex-00000001 counts only until {in_days(90)}T23:59:59Z: the settings ask for {forever}" in said
    # What is listed is not written back.
    assert [each.until for each in exemptions(accounts)] == [forever]


def test_where_no_exemption_counts_that_is_said(cli: Cli, accounts: Hub) -> None:
    ran = cli("exempt", "list")
    assert (ran.code, ran.out) == (0, "")
    assert "No exemption counts." in ran.err
    assert cli("exempt", "list", "--format", "json").json == []
    accounts.register(account=OWN, exemptions=[stored(until="2026-01-02T00:00:00Z")])
    assert "`--all` lists 1 exemption." in cli("exempt", "list").err


def test_foreign_text_cannot_steer_the_terminal(cli: Cli, accounts: Hub) -> None:
    accounts.register(account=OWN, exemptions=[stored(reason="\x1b[31m[bold]x", approver="\x9b2J")])
    out = cli("exempt", "list", COLUMNS="200").out
    assert "\\u001b[31m[bold]x" in out
    assert "\x1b" not in out
    assert "\x9b" not in out


def test_settings_that_are_not_understood_hide_no_others(cli: Cli, accounts: Hub) -> None:
    accounts.write_by_hand(account=OWN, exemptions=[stored(until="never")])
    accounts.register(account=OTHER, exemptions=[stored()])
    ran = cli("exempt", "list", "--format", "json")
    assert ran.code == 2
    assert [each["account"] for each in ran.json] == [OTHER]
    assert f"The settings of account {OWN} are not understood" in ran.err


# --- Removing ---


def test_an_exemption_is_removed_once_that_is_confirmed(cli: Cli, accounts: Hub) -> None:
    accounts.register(account=OWN, exemptions=[stored(), stored(id="ex-00000002")])
    ran = cli("exempt", "remove", "ex-00000001", stdin="n\n")
    assert (ran.code, len(exemptions(accounts))) == (2, 2)
    assert "Legacy import" in ran.err
    ran = cli("exempt", "remove", "ex-00000001", stdin="y\n")
    assert (ran.code, [each.id for each in exemptions(accounts)]) == (0, ["ex-00000002"])
    ran = cli("exempt", "remove", "ex-00000002", "--yes", "--format", "json")
    assert {name: ran.json[name] for name in ("account", "id", "reason", "removed")} == {
        "account": OWN,
        "id": "ex-00000002",
        "reason": "Legacy import",
        "removed": True,
    }


def test_without_an_answer_nothing_is_removed(refused: Callable[..., str], accounts: Hub) -> None:
    accounts.register(account=OWN, exemptions=[stored()])
    assert "give --yes" in refused("exempt", "remove", "ex-00000001")
    assert len(exemptions(accounts)) == 1


def test_one_that_has_ended_is_removed_without_asking(cli: Cli, accounts: Hub) -> None:
    accounts.register(account=OWN, exemptions=[stored(until="2026-01-02T00:00:00Z")])
    assert cli("exempt", "remove", "ex-00000001").code == 0
    assert exemptions(accounts) == ()


def test_an_exemption_that_stops_its_account_can_be_removed(cli: Cli, accounts: Hub) -> None:
    accounts.register(account=OWN, exemptions=[stored(policies=["no-such-policy"])])
    assert cli("exempt", "remove", "ex-00000001", "--account", OWN, "--yes").code == 0
    assert exemptions(accounts) == ()


def test_what_is_not_there_or_twice_is_not_removed(refused: Callable[..., str], accounts: Hub) -> None:
    assert "no exemption 'ex-0'" in refused("exempt", "remove", "ex-0", "--yes")
    for account in (OWN, OTHER):
        accounts.register(account=account, exemptions=[stored()])
    assert "Give --account" in refused("exempt", "remove", "ex-00000001", "--yes")


# --- How an account handles tags and code ---


def test_what_is_not_named_stays_as_it_is(cli: Cli, accounts: Hub) -> None:
    cli("accounts", "set", OWN, "--managed", "delay", "--delay-minutes", "45")
    cli(
        "accounts",
        "set",
        OWN,
        "--managed-tag",
        "team=platform",
        "--managed-tag",
        "pulumi",
        "--tag-exemptions",
    )
    ran = cli(
        "accounts", "set", OWN, "--managed-principal", "arn:aws:sts::*:assumed-role/ci/*", "--format", "json"
    )
    assert ran.code == 0, ran.err
    found = settings(accounts)
    assert found.managed.model_dump() == {
        "handling": "delay",
        "delay_minutes": 45,
        "tags": ("team=platform", "pulumi"),
        "principals": ("arn:aws:sts::*:assumed-role/ci/*",),
    }
    assert found.tag_exemptions is True
    assert ran.json["managed"] == found.managed.model_dump(mode="json")
    assert found.policies.keys() == {SQS}
    cli("accounts", "set", OWN, "--managed-tag", "", "--no-tag-exemptions")
    assert (settings(accounts).managed.tags, settings(accounts).tag_exemptions) == ((), False)


def test_approvers_replace_those_that_the_account_has_and_an_empty_one_removes_them(
    cli: Cli, accounts: Hub
) -> None:
    given = ("--approver", "AROAEXAMPLE:*", "--approver", "AIDAEXAMPLEBEN")
    ran = cli("accounts", "set", OWN, *given, "--format", "json")
    assert (ran.code, ran.json["approvers"]) == (0, ["AROAEXAMPLE:*", "AIDAEXAMPLEBEN"])
    assert settings(accounts).approvers == ("AROAEXAMPLE:*", "AIDAEXAMPLEBEN")
    cli("accounts", "set", OWN, "--tag-exemptions")
    assert settings(accounts).approvers == ("AROAEXAMPLE:*", "AIDAEXAMPLEBEN")
    cli("accounts", "set", OWN, "--approver", "AROAEXAMPLE:carla")
    assert settings(accounts).approvers == ("AROAEXAMPLE:carla",)
    ran = cli("accounts", "set", OWN, "--approver", "")
    assert settings(accounts).approvers == ()
    assert "none: executions started by hand cannot be approved" in " ".join(ran.out.split())


def test_nothing_is_written_where_nothing_changes(cli: Cli, accounts: Hub) -> None:
    ran = cli("accounts", "set", OWN)
    assert (ran.code, settings(accounts).revision) == (0, 3)
    assert "nothing to change" in ran.err
    assert settings(accounts).managed == Managed()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--managed-principal", "*"), "takes ARNs"),
        (("--managed-tag", "=terraform"), "KEY or KEY=VALUE"),
        (("--managed-tag", "a\nb"), "does not take"),
        (("--approver", "a\nb"), "--approver does not take"),
    ],
    ids=str,
)
def test_what_would_match_everything_or_nothing_is_refused(
    refused: Callable[..., str], accounts: Hub, given: tuple[str, ...], said: str
) -> None:
    assert said in refused("accounts", "set", OWN, *given)
    assert settings(accounts).revision == 3


def test_show_says_how_tags_and_code_are_handled(cli: Cli, accounts: Hub) -> None:
    accounts.register(
        account=OWN,
        tag_exemptions=True,
        managed={"handling": "delay", "delay_minutes": 45},
        exemptions=[stored(), stored(id="ex-00000002", until="2026-01-02T00:00:00Z")],
    )
    out = cli("accounts", "show", OWN, "--no-check", COLUMNS="200").out
    assert "count" in out
    assert "after 45 min" in out
    assert "aws:cloudformation:stack-name, terraform, ManagedBy=terraform" in out
    assert "1, 1 ended: `rightstate exempt list --all" in out


# --- A plan shows what is excused ---


def plan_of(cli: Cli, hub: Hub, server: Server, format: str, **more: Any) -> Any:
    session = server.session(OWN)
    url = session.client("sqs").create_queue(
        QueueName="invoices", Attributes={"SqsManagedSseEnabled": "false"}, tags={"terraform": "yes"}
    )["QueueUrl"]
    hub.register(account=OWN, policies={SQS: {"mode": "auto"}}, **more)
    try:
        queue = ("--type", "sqs-queue", "--resource", "invoices")
        return cli("plan", "--deployed", *queue, "--format", format, COLUMNS="200")
    finally:
        session.client("sqs").delete_queue(QueueUrl=url)


@pytest.mark.parametrize(
    ("more", "status", "rule", "code"),
    [
        ({"exemptions": [stored(resource=f"{REGION}/sqs-queue/invoices")]}, "exempt", "exemption ex-0", 0),
        ({"managed": {"handling": "report"}}, "managed", "managed: report", 1),
        (
            {"exemptions": [stored(tag="terraform=yes")], "tag_exemptions": True},
            "exempt",
            "exemption ex-00000001",
            0,
        ),
        # It will be changed, if later.
        ({"managed": {"handling": "delay"}}, "broken", "", 1),
    ],
    ids=["a resource", "managed and reported", "a tag", "managed and delayed"],
)
def test_a_plan_says_what_is_excused_why_and_by_which_rule(
    cli: Cli, hub: Hub, server: Server, more: dict[str, Any], status: str, rule: str, code: int
) -> None:
    ran = plan_of(cli, hub, server, "json", **more)
    assert ran.code == code, ran.err
    [item] = ran.json["items"]
    assert item["status"] == status
    [verdict] = item["verdicts"]
    assert verdict["rule"].startswith(rule)
    assert bool(item["changes"]) is bool(item["calls"]) is (status == "broken")
    if status == "broken":
        return
    assert [each["setting"] for each in verdict["findings"]] == ["Encryption"]
    ran = plan_of(cli, hub, server, "table", **more)
    assert ran.code == code, ran.err
    assert f"sqs-queue invoices: {status}" in ran.out
    assert f"{status}, {rule}" in ran.out
    assert f"1 resource: 1 {status}. Nothing was changed." in ran.out
    markdown = plan_of(cli, hub, server, "markdown", **more).out
    assert "## Excused" in markdown
    assert verdict["rule"] in markdown
