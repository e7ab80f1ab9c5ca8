"""`rightstate explain`: which rule decides about a resource, now and when it was last looked at."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from moto.core.exceptions import AccessDeniedError
from moto.dynamodb.responses import DynamoHandler
from moto.sqs.responses import SQSResponse

from rightstate.catalogue import load
from rightstate.clock import written
from rightstate.models.settings import Account, Enabled, Exemption
from rightstate.policy import Mode
from rightstate_cli.executions.executions import Start
from rightstate_cli.operations.explain import Now, Told
from tests.cli.commands.conftest import OTHER, OWN, REGION, Cli, Server
from tests.support.moto_engine import Engine

POLICY = "sqs-server-side-encryption"
EVENT = {
    "id": "e-1",
    "name": "SetQueueAttributes",
    "time": "2026-11-23T09:07:49Z",
    "principal": f"arn:aws:iam::{OWN}:user/ana",
}


def queue(name: str, account: str = OWN) -> str:
    return f"arn:aws:sqs:{REGION}:{account}:{name}"


def run(engine: Engine, resource_type: str, resource: str, **more: Any) -> None:
    given = {"account": OWN, "region": REGION, "resource": resource, **more}
    list(engine.run([Start(resource_type=resource_type, input=given)]))


def configure(engine: Engine, mode: Mode, *policies: str, **fields: Any) -> None:
    enabled = {each: Enabled(mode=mode) for each in policies or (POLICY,)}
    engine.configure(Account(account=OWN, policies=enabled, **fields))


@pytest.mark.parametrize(
    ("mode", "rule", "code"),
    [(Mode.AUTO, "mode auto", 1), (Mode.REPORT, "mode report", 1), (Mode.APPROVE, "mode approve", 1)],
)
def test_a_broken_policy_is_decided_by_its_mode(
    engine: Engine, server: Server, cli: Cli, mode: Mode, rule: str, code: int
) -> None:
    name = server.make("sqs-queue", f"explained-{mode.value}")
    configure(engine, mode)
    ran = cli("explain", queue(name), "--policy", POLICY, "--format", "json")
    [explained] = ran.json
    [told] = explained["now"]["policies"]
    assert (told["mode"], told["status"], told["rule"]) == (mode.value, "broken", rule)
    assert told["findings"] == [{"setting": "Encryption", "before": "none", "after": "SSE-SQS"}]
    assert (explained["last"], explained["last_event"]) == (None, None)
    assert ran.code == code
    assert "sqs:SetQueueAttributes" not in server.calls


def test_a_policy_that_is_off_is_shown_with_what_it_would_find_and_is_not_broken(
    engine: Engine, server: Server, cli: Cli
) -> None:
    name = server.make("sqs-queue", "explained-off")
    engine.configure(Account(account=OWN))
    ran = cli("explain", queue(name), "--policy", POLICY, "--format", "json")
    [told] = ran.json[0]["now"]["policies"]
    assert (told["mode"], told["status"], told["rule"]) == ("off", "broken", "mode off")
    assert told["findings"]
    assert ran.code == 0


def test_the_last_event_is_told_with_its_caller_and_what_came_of_it(
    engine: Engine, server: Server, cli: Cli
) -> None:
    name = server.make("sqs-queue", "explained-event")
    configure(engine, Mode.AUTO)
    run(engine, "sqs-queue", name, event=EVENT)
    run(engine, "sqs-queue", name, reason="looked at by hand")
    ran = cli("explain", queue(name), "--policy", POLICY, "--format", "json")
    [explained] = ran.json
    assert [each["status"] for each in explained["now"]["policies"]] == ["compliant"]
    assert explained["now"]["policies"][0]["rule"] == "policy"
    assert explained["last_event"]["event"]["principal"] == EVENT["principal"]
    assert (explained["last_event"]["outcome"], explained["last"]["outcome"]) == ("remediated", "compliant")
    assert explained["last"]["why"] == "looked at by hand"
    assert ran.code == 0
    text = cli("explain", f"{OWN}/{REGION}/sqs-queue/{name}", COLUMNS="200").out
    for fact in ("When the last event came", "id e-1", EVENT["principal"], "none -> SSE-SQS", "by hand"):
        assert fact in text


def test_only_the_policies_that_are_named_are_told_of(engine: Engine, server: Server, cli: Cli) -> None:
    name = server.make("rds-instance", "explained-database")
    named = "rds-mysql-deletion-protection"
    configure(engine, Mode.REPORT, named)
    key = f"{OWN}/{REGION}/rds-instance/{name}"
    [explained] = cli("explain", key, "--policy", named, "--format", "json").json
    assert [each["policy"] for each in explained["now"]["policies"]] == [named]


def test_what_cannot_be_read_now_is_told_with_what_the_ledger_has(
    engine: Engine, server: Server, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = server.make("sqs-queue", "explained-denied")
    configure(engine, Mode.AUTO)
    run(engine, "sqs-queue", name, event=EVENT)

    def denied(self: SQSResponse) -> Any:
        raise AccessDeniedError("anybody", "sqs:GetQueueAttributes")

    monkeypatch.setattr(SQSResponse, "get_queue_attributes", denied)
    ran = cli("explain", queue(name))
    assert "It could not be looked at now (unreadable): " in ran.err
    assert "When the last event came" in ran.out
    assert ran.code == 2


def test_a_ledger_that_cannot_be_read_is_told_with_what_is_found_now(
    engine: Engine, server: Server, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = server.make("sqs-queue", "explained-no-ledger")
    configure(engine, Mode.AUTO)

    def denied(self: DynamoHandler) -> Any:
        raise AccessDeniedError("anybody", "dynamodb:Query")

    monkeypatch.setattr(DynamoHandler, "query", denied)
    ran = cli("explain", queue(name))
    assert "The ledger could not be read: AWS refused: Query was answered with" in ran.err
    assert "mode auto" in ran.out
    assert ran.code == 2


def test_of_an_account_that_is_not_registered_nothing_can_be_told(cli: Cli) -> None:
    ran = cli("explain", queue("any", "999999999999"), "--format", "json")
    [explained] = ran.json
    assert explained["now"]["status"] == "unregistered"
    assert "999999999999 has no settings" in explained["now"]["reason"]
    assert {each["status"] for each in explained["now"]["policies"]} == {"unknown"}
    assert ran.code == 2
    told = cli("explain", queue("any", "999999999999"))
    assert "`rightstate accounts add 999999999999` registers it" in " ".join(told.err.split())
    assert told.code == 2


def test_a_region_that_is_not_the_accounts_is_looked_after_by_nothing(engine: Engine, cli: Cli) -> None:
    configure(engine, Mode.AUTO, regions=("eu-west-1",))
    [explained] = cli("explain", queue("any"), "--format", "json").json
    assert f"{REGION} is not one of the account's regions" in explained["now"]["reason"]


def test_a_resource_that_is_gone_is_told_and_ends_with_2(engine: Engine, cli: Cli) -> None:
    configure(engine, Mode.AUTO)
    ran = cli("explain", queue("never-was"))
    assert "It could not be looked at now (gone): " in ran.err
    assert "The ledger has nothing of it" in ran.err
    assert ran.code == 2


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ([queue("a"), "--account", OTHER], f"is in account {OWN}, not in {OTHER} as --account says"),
        ([queue("a"), "--region", "eu-west-1"], f"is in region {REGION}, not in eu-west-1 as --region says"),
        ([f"{OWN}/{REGION}/sqs-queue/a", "--account", OTHER], f"is in account {OWN}, not in {OTHER}"),
        (
            [f"{OWN}/{REGION}/sqs-queue/a", "--region", "eu-west-1"],
            f"is in region {REGION}, not in eu-west-1",
        ),
        ([queue("a"), "--account", "12"], "'12' is not an account"),
        (["nonsense"], "is neither an ARN of a known resource type"),
        ([f"{OWN}/{REGION}/no-such-type/x"], "is neither an ARN"),
        (["arn:aws:s3:::a-bucket"], "give --account and --region, or account/region/type/id"),
        ([f"{OWN}/{REGION}/sqs-queue/../x"], "cannot be the name of a resource"),
        ([queue("a"), "--policy", "s3-versioning"], "None of s3-versioning is about such a resource"),
    ],
)
def test_what_names_no_resource_is_refused(
    refused: Callable[..., str], engine: Engine, given: list[str], told: str
) -> None:
    assert told in refused("explain", *given)


def test_foreign_text_cannot_steer_the_terminal(engine: Engine, server: Server, cli: Cli) -> None:
    name = server.make("sqs-queue", "explained-foreign")
    configure(engine, Mode.AUTO)
    run(engine, "sqs-queue", name, reason="\x1b[31mred [bold]x[/bold]")
    out = cli("explain", queue(name)).out
    assert "\x1b[31m" not in out
    assert "[bold]x[/bold]" in out


def test_of_another_account_the_role_of_the_settings_is_tried(
    engine: Engine, server: Server, cli: Cli
) -> None:
    name = server.make("sqs-queue", "explained-theirs", OTHER)
    role = f"arn:aws:iam::{OTHER}:role/rightstate-remediation"
    engine.configure(Account(account=OTHER, role_arn=role, policies={POLICY: Enabled(mode=Mode.AUTO)}))
    ran = cli("explain", queue(name, OTHER), "--format", "json")
    assert ran.code == 1
    assert "sts:AssumeRole" in server.calls
    assert json.dumps(ran.json).count(role) == 0


def test_what_keeps_a_policy_from_its_change_is_the_rule(
    engine: Engine, server: Server, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    exempt, halted = (server.make("sqs-queue", f"explained-{why}") for why in ("exempt", "halted"))
    exemption = Exemption(
        id="ex-1a2b3c4d",
        resource=f"{REGION}/sqs-queue/{exempt}",
        reason="the producers are old",
        approver="ben",
        created=written(datetime.now(UTC)),
        until=written(datetime.now(UTC) + timedelta(days=30)),
    )
    configure(engine, Mode.AUTO, exemptions=(exemption,))
    monkeypatch.setenv("BREAKER_APPLIES", "1")
    run(engine, "sqs-queue", halted)
    server.session().client("sqs").set_queue_attributes(
        QueueUrl=f"{server.endpoint}/{OWN}/{halted}", Attributes={"SqsManagedSseEnabled": "false"}
    )
    rules = {}
    for name in (exempt, halted):
        ran = cli("explain", queue(name), "--policy", POLICY, "--format", "json")
        [told] = ran.json[0]["now"]["policies"]
        rules[name] = (told["status"], told["rule"], ran.code)
        assert told["findings"] == [{"setting": "Encryption", "before": "none", "after": "SSE-SQS"}]
    assert rules == {exempt: ("exempt", "exemption ex-1a2b3c4d", 0), halted: ("halted", "breaker", 1)}


@pytest.mark.parametrize(
    ("status", "mode", "broken"),
    [
        ("broken", Mode.REPORT, True),
        ("held", Mode.AUTO, True),
        ("halted", Mode.AUTO, True),
        ("managed", Mode.AUTO, True),
        ("exempt", Mode.AUTO, False),
        ("compliant", Mode.AUTO, False),
        ("not-applicable", Mode.AUTO, False),
        ("unknown", Mode.AUTO, False),
        ("broken", Mode.OFF, False),
        ("held", Mode.OFF, False),
    ],
)
def test_what_something_keeps_from_its_change_is_broken_all_the_same(
    status: str, mode: Mode, broken: bool
) -> None:
    told = Told(policy=POLICY, mode=mode, status=status, rule="any", reason="")
    assert Now(status="read", policies=(told,)).broken is broken


@pytest.mark.parametrize(
    "options", [["--account", OWN], ["--region", REGION], ["--account", OWN, "--region", REGION]]
)
def test_a_place_that_is_the_arns_own_may_be_given_too(
    engine: Engine, cli: Cli, server: Server, options: list[str]
) -> None:
    name = server.make("sqs-queue", f"given-twice-{len(options)}-{options[0][2:]}")
    configure(engine, Mode.AUTO)
    assert cli("explain", queue(name), *options).code == 1


def test_policies_that_are_off_share_one_line_and_each_other_has_its_own(
    engine: Engine, server: Server, cli: Cli
) -> None:
    name = server.make("rds-instance", "explained-lines")
    enabled = {"rds-mysql-deletion-protection", "rds-mysql-no-public-access"}
    configure(engine, Mode.REPORT, *enabled)
    told = " ".join(cli("explain", f"{OWN}/{REGION}/rds-instance/{name}").out.split())
    [off] = re.findall(r"Off, so nothing looks at them: (.*?)\.( |$)", told)
    assert set(off[0].split(", ")) == {each.id for each in load("rds-instance").policies} - enabled
    assert all(told.count(f"report {policy} ") == 1 for policy in enabled)
