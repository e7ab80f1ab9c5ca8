"""Which function assumes which of a member's roles, while the real definition runs."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from rightstate.aws import sessions
from rightstate.aws.sessions import Session
from rightstate.models.settings import Account
from rightstate_cli.embedded.engine import Engine
from rightstate_cli.executions.executions import Start
from rightstate_cli.member.template import READERS, WRITERS
from tests.support.member import ACCOUNT, broken, enable, session, start_input
from tests.support.undoing import arn_of, exempt, undo
from tests.workflow.test_failing_calls import Answers, answering

WRITING = f"arn:aws:iam::{ACCOUNT}:role/rightstate-remediation"
READING = f"{WRITING}-read"
POLICY = "s3-versioning"


@pytest.fixture
def assumed() -> Iterator[list[tuple[str, str]]]:
    """(function, role) of each session that is opened meanwhile, in Lambda by a container of its own."""
    found: list[tuple[str, str]] = []
    opened = sessions._opened

    def noting(account: Account, role: str, *given: Any) -> Session:
        found.append((_function(), role))
        return opened(account, role, *given)

    with patch.object(sessions, "_opened", noting):
        yield found


def _function() -> str:
    """The function whose handler is running."""
    frame = sys._getframe()
    while frame.f_back:
        frame = frame.f_back
        file = Path(frame.f_code.co_filename)
        if file.name == "app.py" and file.parent.parent.name == "functions":
            return file.parent.name.replace("_", "-")
    raise AssertionError("no function is running")


def role_of(function: str) -> str:
    assert function in (*READERS, *WRITERS)
    return WRITING if function in WRITERS else READING


def check(assumed: list[tuple[str, str]], *functions: str) -> None:
    assert [each for each in assumed if each[1] != role_of(each[0])] == []
    assert {function for function, _ in assumed} == set(functions)


def test_a_remediation_writes_with_one_role_and_reads_with_the_other(
    hub: Engine, assumed: list[tuple[str, str]]
) -> None:
    enable(hub, POLICY)
    [execution] = hub.run([Start(resource_type="s3-bucket", input=start_input(broken(POLICY)))])
    assert execution.status == "SUCCEEDED"
    check(assumed, "assume-role", "describe", "apply", "verify")


def test_a_second_try_of_apply_reads_again_with_the_role_that_writes(
    hub: Engine, assumed: list[tuple[str, str]]
) -> None:
    """The function may assume no other."""
    enable(hub, POLICY)
    bucket = broken(POLICY)
    with answering(Answers("PutBucketVersioning", 503, "SlowDown", 1)):
        [execution] = hub.run([Start(resource_type="s3-bucket", input=start_input(bucket))])
    assert execution.status == "SUCCEEDED"
    assert session().client("s3").get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    check(assumed, "assume-role", "describe", "apply", "verify")
    assert [function for function, _ in assumed].count("apply") > 1


def test_an_undo_writes_with_the_role_that_writes(hub: Engine, assumed: list[tuple[str, str]]) -> None:
    enable(hub, POLICY)
    bucket = broken(POLICY)
    [execution] = hub.run([Start(resource_type="s3-bucket", input=start_input(bucket))])
    exempt(hub, "s3-bucket", bucket, POLICY)
    del assumed[:]
    assert undo(hub, "s3-bucket", bucket, arn_of(hub, execution)).outcome == "undone"
    check(assumed, "assume-role", "describe", "apply", "verify")
