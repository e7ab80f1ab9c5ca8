"""Who is reminded of which exemption, and when."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import boto3
import pytest
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.sns.models import sns_backends

from rightstate.accounts import settings
from rightstate.aws import sessions
from rightstate.guarding import guards
from rightstate.models.settings import Account, Exemption
from rightstate.models.start import Execution
from rightstate.models.tasks import StateTask
from rightstate.states.reminders import remind
from rightstate.storage.dynamodb import serialized
from tests.docs.test_commands import fault

ACCOUNT = "111122223333"
REGION = "eu-west-1"


@dataclass
class Hub:
    topic: str

    def put(self, *exemptions: Exemption, account: str = ACCOUNT) -> None:
        self._put(serialized(settings.as_item(Account(account=account, exemptions=exemptions))))

    def put_unreadable(self, exemption: dict[str, Any], account: str) -> None:
        """Settings as somebody may have written them by hand."""
        self._put(serialized({"account": account, "exemptions": [exemption]}))

    def _put(self, item: dict[str, Any]) -> None:
        boto3.client("dynamodb").put_item(TableName="settings", Item=item)

    def told(self, day: str) -> list[tuple[str, str]]:
        """Subject and text of the messages of that day."""
        topic = sns_backends[DEFAULT_ACCOUNT_ID][REGION].topics[self.topic]
        before = len(topic.sent_notifications)
        execution = Execution(id="1", name="remind", started=f"{day}T06:00:00Z", state_machine="schedule")
        remind(StateTask(execution=execution))
        return [(str(each[2]), str(each[1])) for each in topic.sent_notifications[before:]]


@pytest.fixture
def hub() -> Iterator[Hub]:
    environment = {
        "AWS_DEFAULT_REGION": REGION,
        "SETTINGS_TABLE": "settings",
        "EXEMPTION_DAYS": "365",
        "GUARDS_TABLE": "guards",
    }
    with mock_aws(), patch.dict(os.environ, environment), sessions.hub_kept_apart(boto3.Session):
        boto3.client("dynamodb").create_table(
            TableName="settings",
            KeySchema=[{"AttributeName": "account", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "account", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        names = {name: {"AttributeName": name} for name in ("id", "what", "listed")}
        boto3.client("dynamodb").create_table(
            TableName="guards",
            KeySchema=[{**names["id"], "KeyType": "HASH"}, {**names["what"], "KeyType": "RANGE"}],
            AttributeDefinitions=[{**each, "AttributeType": "S"} for each in names.values()],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "halts",
                    "KeySchema": [
                        {**names["listed"], "KeyType": "HASH"},
                        {**names["id"], "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        topic = boto3.client("sns").create_topic(Name="notifications")["TopicArn"]
        with patch.dict(os.environ, TOPIC_ARN=topic):
            yield Hub(topic)


def exemption(**given: Any) -> Exemption:
    return Exemption.model_validate(
        {
            "id": "ex-1a2b3c4d",
            "reason": "Legacy import",
            "approver": "ana@example.com",
            "created": "2026-01-01T00:00:00Z",
            "until": "2026-12-31T23:59:59Z",
            **given,
        }
    )


@pytest.mark.parametrize(
    ("day", "why"),
    [
        ("2026-12-01", ""),
        ("2026-12-23", ""),
        ("2026-12-24", "ends in 7 days"),
        ("2026-12-25", ""),
        ("2026-12-29", ""),
        ("2026-12-30", "ends tomorrow"),
        ("2026-12-31", ""),
        ("2027-01-01", "has ended"),
        ("2027-01-02", ""),
    ],
)
def test_an_exemption_is_reminded_of_a_week_and_a_day_before_and_when_it_has_ended(
    hub: Hub, day: str, why: str
) -> None:
    hub.put(exemption())
    told = hub.told(day)
    assert len(told) == bool(why)
    if told:
        assert f"ex-1a2b3c4d {why}, until 2026-12-31T23:59:59Z" in told[0][1]


@pytest.mark.parametrize(
    ("day", "why"),
    [
        ("2025-12-31", "does not count before it was created"),
        ("2026-01-02", ""),
        ("2026-12-31", "ends tomorrow"),
        ("2027-01-02", "counts no more: it was written for longer than ExemptionDays allows"),
        ("2027-01-03", "counts no more: it was written for longer than ExemptionDays allows"),
        ("2028-01-01", ""),
    ],
)
def test_an_exemption_that_is_written_and_does_not_count_is_told_every_day(
    hub: Hub, day: str, why: str
) -> None:
    hub.put(exemption(until="2027-12-31T23:59:59Z"))
    told = hub.told(day)
    assert len(told) == bool(why)
    if told:
        assert f"ex-1a2b3c4d {why}" in told[0][1]


def test_what_is_halted_is_told_every_day_in_a_message_of_its_own(hub: Hub) -> None:
    hub.put(exemption())
    for name in ("orders", "it's"):
        guards._halt(
            f"{ACCOUNT}/{REGION}/sqs-queue/{name}",
            guards.Halt(policy="sqs-server-side-encryption", since="s", execution="e", applies=5, tries=2),
        )
    guards.acquire(f"{ACCOUNT}/{REGION}/sqs-queue/orders", "e")
    for day in ("2026-12-24", "2026-12-25"):
        subject, text = hub.told(day)[0]
        assert subject == "URGENT: Rightstate leaves 2 halted"
        assert "sqs-queue 'orders': sqs-server-side-encryption" in text
        assert "after 5 changes; looked at 2 times since" in text
        commands = re.findall(r"Let it go on: rightstate (.*)", text)
        assert [fault(command) for command in commands] == ["", ""]
    assert len(hub.told("2026-12-24")) == 2


def test_where_there_is_none_nobody_is_told_anything(hub: Hub) -> None:
    hub.put()
    assert hub.told("2026-12-24") == []


def test_the_whole_hub_is_told_in_one_message(hub: Hub) -> None:
    for number in range(30):
        hub.put(exemption(id=f"ex-{number:08x}"), account=f"{number:012}")
    [(subject, text)] = hub.told("2026-12-24")
    assert subject == "Rightstate: 30 exemptions or settings to look at"
    assert all(f"Account: {number:012}" in text for number in range(30))


def test_a_reminder_says_all_there_is_to_know_and_what_to_do(hub: Hub) -> None:
    hub.put(exemption(resource="eu-west-1/sqs-queue/invoices", policies=["sqs-server-side-encryption"]))
    [(_, text)] = hub.told("2026-12-24")
    for part in (
        "Account: 111122223333",
        "'eu-west-1/sqs-queue/invoices' from sqs-server-side-encryption",
        "Approved by: 'ana@example.com', because: 'Legacy import'",
    ):
        assert part in text
    commands = re.findall(r"(?:Renew|Remove): rightstate (.*)", text)
    assert len(commands) == 2
    assert [fault(command) for command in commands] == ["", ""]
    assert "--resource eu-west-1/sqs-queue/invoices --policy sqs-server-side-encryption" in commands[0]


def test_foreign_text_stays_on_its_line_and_is_quoted_for_a_shell(hub: Hub) -> None:
    nasty = "x'; rm -rf /\n\x1b[31mRenew: rightstate"
    hub.put(exemption(tag=f"a\n\x1bb={nasty[:12]}", reason=nasty, approver=nasty))
    [(_, text)] = hub.told("2026-12-24")
    assert "\x1b" not in text
    assert len([line for line in text.splitlines() if line.strip().startswith("Renew")]) == 1
    [renew] = re.findall(r"Renew: (.*) --reason", text)
    assert """'a??b=x'"'"'; rm -rf /'""" in renew


def test_settings_that_are_not_understood_are_named_and_hide_no_others(hub: Hub) -> None:
    hub.put_unreadable({**exemption().model_dump(mode="json"), "until": "never"}, account="000000000001")
    hub.put(exemption(), account="000000000002")
    [(_, text)] = hub.told("2026-12-24")
    assert "The settings of account 000000000001 are not understood" in text
    assert "Account: 000000000002" in text


def test_a_message_is_never_too_large(hub: Hub) -> None:
    long = [
        exemption(id=f"ex-{n:08x}", resource=f"eu-west-1/s3-bucket/{'é' * 1900}", reason="x" * 1000)
        for n in range(60)
    ]
    for number in range(3):
        hub.put(*long, account=f"{number:012}")
    [(_, text)] = hub.told("2026-12-24")
    assert len(text.encode()) <= 256 * 1024
