"""A plan of what exists, reviewed as a file and carried out by the deployed machines."""

import json
import os
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import HUBS_OWN
from tests.acceptance.emulator import ACCOUNT, CREDENTIALS, plain
from tests.acceptance.hub import Hub
from tests.support.server import REGION, Server

pytestmark = pytest.mark.acceptance
POLICY = "sqs-server-side-encryption"


def cli(hub: Hub, member: Server, *args: str) -> tuple[int, Any, str]:
    """Exit code, JSON and talk of a command: the hub is in ministack, what it remediates on the member."""
    hubs_own = {f"AWS_ENDPOINT_URL_{each}": hub.endpoint for each in (*HUBS_OWN, "CLOUDFORMATION")}
    ran = subprocess.run(  # noqa: S603 - the console script, with a test's own arguments
        [Path(sysconfig.get_path("scripts")) / "rightstate", *args, "--format", "json"],
        env={
            **plain(os.environ),
            **CREDENTIALS,
            **hubs_own,
            "AWS_ENDPOINT_URL": member.endpoint,
            "AWS_DEFAULT_REGION": REGION,
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.stdout, ran.stderr
    return ran.returncode, json.loads(ran.stdout), ran.stderr


def test_a_plan_is_carried_out_and_what_has_changed_since_is_left_alone(
    hub: Hub, member: Server, tmp_path: Path
) -> None:
    hub.enable(POLICY)
    for name in ("apply-first", "apply-second", "apply-moved-on"):
        member.make("sqs-queue", name, ACCOUNT)
    file = tmp_path / "plan.json"
    _, plan, said = cli(
        hub, member, "plan", "--deployed", "--account", ACCOUNT, "-p", POLICY, "-o", str(file)
    )
    broken = {item["resource"] for item in plan["items"] if item["status"] == "broken"}
    assert broken >= {"apply-first", "apply-second", "apply-moved-on"}, said
    sqs = member.session(ACCOUNT).client("sqs")
    url = sqs.get_queue_url(QueueName="apply-moved-on")["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"KmsMasterKeyId": "alias/ours"})

    code, applied, said = cli(hub, member, "apply", str(file), "--yes")

    outcomes = {item["resource"]: item["outcome"] for item in applied["items"]}
    assert outcomes["apply-first"] == outcomes["apply-second"] == "remediated", said
    assert outcomes["apply-moved-on"] == "changed-since-plan"
    assert code == 1
    _, shown, said = cli(hub, member, "batch", "show", applied["batch"])
    assert {item["resource"]: item["outcome"] for item in shown["items"]} == outcomes
    _, _, said = cli(hub, member, "batch", "resume", applied["batch"])
    assert "There is nothing to go on with." in said
