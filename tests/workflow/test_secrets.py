"""No credential and no planted secret leaves an execution: by history, logs, ledger or messages."""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import pytest
from moto.rds.models import rds_backends

from rightstate.aws import sessions
from rightstate.catalogue import load_all
from rightstate.models.approval import Choice
from rightstate.models.settings import Account, Enabled, Exemption
from rightstate.policy import Mode
from rightstate.storage.tables import GUARDS
from rightstate_cli.embedded.engine import Engine, simulated
from rightstate_cli.executions.executions import Start
from rightstate_cli.simulation import accounts, moto_gaps
from tests.support import told
from tests.support.member import ACCOUNT, REGION, broken, enable, session, start_input
from tests.support.waiting import ended, guarding_as, request_of, started

PLANTED = "planted-secret"
# Access key ids, and the members of STS's answer.
FORBIDDEN = re.compile(rf"(AKIA|ASIA)[A-Z0-9]{{12,}}|SessionToken|SecretAccessKey|{PLANTED}")


@dataclass
class Sinks:
    """All that is kept of the executions of one hub, and the keys that they had in memory."""

    hub: Engine
    keys: list[str]
    events: list[dict[str, Any]]

    def everything(self) -> dict[str, str]:
        states = self.hub.client("stepfunctions")
        histories = [
            states.get_execution_history(executionArn=execution["executionArn"])["events"]
            for machine in states.list_state_machines()["stateMachines"]
            for execution in states.list_executions(stateMachineArn=machine["stateMachineArn"])["executions"]
        ]
        return {
            "history": json.dumps(histories, default=str),
            "logs": "\n".join(self.hub.logs),
            "ledger": json.dumps(self.hub.ledger(), default=str),
            "messages": "\n".join(message.text for message in told.messages(self.hub)),
            "events": json.dumps(self.events),
            "guards": json.dumps(self._guards()),
        }

    def _guards(self) -> list[dict[str, Any]]:
        """Locks, requests and decisions."""
        return list(self.hub.table(GUARDS).scan())


@pytest.fixture(scope="module")
def sinks() -> Iterator[Sinks]:
    """A hub in which each type was remediated, refused and failed, with secrets all around."""
    keys: list[str] = []
    assume = sessions._assume

    def spying(*given: Any) -> sessions.Session:
        session = assume(*given)
        keys.extend(str(key) for key in session._keys or ())
        client = session.client

        def telling_more(service: str) -> Any:
            found = client(service)
            found.meta.events.register("after-call", _tell_more, unique_id=PLANTED)
            return found

        session.client = telling_more  # type: ignore[method-assign]
        return session

    with (
        simulated(wait_scale=0.001) as hub,
        moto_gaps.fill(),
        told.events(hub) as events,
        patch.dict(os.environ, {"SOME_SECRET": PLANTED}),
        patch.object(sessions, "_assume", spying),
    ):
        for resource_type in load_all():
            policies = [policy.id for policy in resource_type.policies]
            enable(hub, *policies)
            resource = broken(policies[0])
            if resource_type.name == "rds-instance":
                database = rds_backends[ACCOUNT][REGION].databases[resource]
                database.pending_modified_values = {"MasterUserPassword": PLANTED}
            starts = [
                start_input(resource, reason="a reason"),
                start_input(resource),
                start_input(f"../{PLANTED}"[:3]),
            ]
            list(hub.run(Start(resource_type=resource_type.name, input=each) for each in starts))
        _with_tags_and_approvals(hub)
        yield Sinks(hub, keys, events)


def _tell_more(parsed: dict[str, Any], model: Any, **given: Any) -> None:
    """Plant a secret into whatever AWS answers, beside what is asked for."""
    if model.name == "GetBucketAcl":
        return
    lists = [each for each in parsed.values() if isinstance(each, list)]
    for each in [*parsed.values(), *(item for found in lists for item in found)]:
        if isinstance(each, dict):
            each["Beside"] = PLANTED
    parsed["Beside"] = PLANTED


def _with_tags_and_approvals(hub: Engine) -> None:
    """What reads a resource's tags, asks a person, and takes a change back."""
    policy, kind = "s3-versioning", "s3-bucket"
    exemption = Exemption(
        id="ex-1a2b3c4d",
        tag="exempt=yes",
        reason="tested",
        approver="ben",
        created="2026-11-25T00:00:00Z",
        until="2999-01-01T00:00:00Z",
    )
    settings = Account(
        account=ACCOUNT,
        role_arn=accounts.role_arn(ACCOUNT),
        external_id="shared",
        policies={policy: Enabled(mode=Mode.APPROVE)},
        approvers=("*",),
        exemptions=(exemption,),
        tag_exemptions=True,
    )
    for exempt in ("yes", "no"):
        hub.configure(settings)
        bucket = broken(policy)
        tags = [{"Key": "exempt", "Value": exempt}, {"Key": "owner", "Value": PLANTED}]
        session().client("s3").put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
        execution = started(hub, kind, start_input(bucket))
        if exempt == "yes":
            assert ended(hub, execution)["outcome"] == "exempt"
            continue
        request = request_of(hub, execution)
        approver = guarding_as(hub, "AROAEXAMPLE:ben", "arn:aws:sts::1:assumed-role/approver/ben")
        approver.decide(request, Choice.APPROVE, "tested")
        assert ended(hub, execution)["outcome"] == "remediated"
        own = exemption.model_copy(update={"tag": None, "resource": f"{REGION}/{kind}/{bucket}"})
        hub.configure(settings.model_copy(update={"exemptions": (own,)}))
        undone = started(hub, kind, start_input(bucket, undo=execution))
        to_undo = request_of(hub, undone)
        approver.decide(to_undo, Choice.APPROVE, "tested")
        assert ended(hub, undone)["outcome"] == "undone"
        # Step Functions itself writes a token into the history of the state that waits with it; nothing else
        # keeps it.
        sinks = {"ledger": hub.ledger(), "logs": hub.logs, "messages": told.messages(hub)}
        for token in (request.token, to_undo.token):
            assert [name for name, sink in sinks.items() if token in str(sink)] == []


def test_the_sinks_are_full(sinks: Sinks) -> None:
    """Otherwise that nothing is found in them would say nothing."""
    found = sinks.everything()
    for name, sink in found.items():
        assert "remediated" in sink
        # What has failed has left nothing there.
        assert name == "guards" or "failed" in sink or "InvalidInput" in sink
    assert len(sinks.keys) > 50


@pytest.mark.parametrize("sink", ["history", "logs", "ledger", "messages", "events", "guards"])
def test_nothing_secret_is_in(sinks: Sinks, sink: str) -> None:
    text = sinks.everything()[sink]
    assert not FORBIDDEN.search(text)
    assert not [key for key in sinks.keys if key in text]
