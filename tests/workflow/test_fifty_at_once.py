"""Fifty executions at once that read, change and write back the same five objects (T14)."""

import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from rightstate.aws import sessions
from rightstate.catalogue import load
from rightstate.models.decision import Outcome
from rightstate_cli.embedded.engine import Engine, simulated
from rightstate_cli.executions.executions import Start
from rightstate_cli.simulation import moto_gaps
from tests.support.member import broken, enable, session, start_input

POLICIES = [policy.id for policy in load("s3-bucket").policies if set(policy.wants) == {"Grants"}]


@pytest.fixture(scope="module")
def hub() -> Iterator[Engine]:
    """One in which those that wait for a lock wait longer than fifty executions take to compute."""
    with simulated(wait_scale=0.01) as engine, moto_gaps.fill():
        yield engine


def test_fifty_that_each_take_something_out_of_one_of_five_lists_lose_nothing(
    hub: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An ACL is replaced as a whole: who has read it before another one has replaced it would bring back what
    that one has taken out."""
    enable(hub, *POLICIES)
    buckets = [broken(POLICIES[0]) for _ in range(5)]
    starts = [
        Start(resource_type="s3-bucket", input=start_input(bucket, policies=[policy]), name=str(uuid.uuid4()))
        for policy in POLICIES
        for bucket in buckets
    ]
    assert len(starts) == 50
    make = sessions._client

    def slow(*given: Any, **options: Any) -> Any:
        client = make(*given, **options)
        # Long enough for another one to come between, if it could.
        client.meta.events.register("before-call.s3.PutBucketAcl", lambda **_: time.sleep(0.1))
        return client

    monkeypatch.setattr(sessions, "_client", slow)
    sessions._forget()
    executions = list(hub.run(starts, at_once=50))
    # FULL_CONTROL is against several of the policies; who comes later may find nothing left to take out.
    late = [each for each in executions if each.outcome != Outcome.REMEDIATED]
    left = [each for each in late if each.outcome != Outcome.COMPLIANT]
    assert [each.reason for each in left if "fixed it meanwhile" not in each.reason] == []
    assert len(late) <= 10
    s3 = session().client("s3")
    for bucket in buckets:
        grantees = [each["Grantee"].get("URI", "") for each in s3.get_bucket_acl(Bucket=bucket)["Grants"]]
        assert grantees == ["", "http://acs.amazonaws.com/groups/s3/LogDelivery"]
