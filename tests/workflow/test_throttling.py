"""Calls that AWS throttles: the SDK tries them again at once, the definition later, until all is right."""

from collections import Counter
from unittest.mock import patch

import pytest
from botocore import endpoint

from rightstate_cli.embedded.engine import Engine
from rightstate_cli.executions.executions import Start
from tests.support.member import broken, enable, start_input
from tests.support.throttling import throttled

POLICIES = {
    "sqs-queue": "sqs-server-side-encryption",
    "s3-bucket": "s3-versioning",
    "rds-instance": "rds-mysql-deletion-protection",
}


@pytest.mark.parametrize(
    ("calls", "among", "by_the_definition"),
    [(1, 10, False), (3, 30, True)],
    ids=["one of ten calls", "three of thirty, in a row"],
)
def test_all_are_remediated_though_a_tenth_of_the_calls_is_throttled(
    hub: Engine, calls: int, among: int, by_the_definition: bool
) -> None:
    enable(hub, *POLICIES.values())
    starts = [
        Start(resource_type=resource_type, input=start_input(broken(policy)))
        for _ in range(8)
        for resource_type, policy in POLICIES.items()
    ]
    with throttled({"sqs", "s3", "rds", "sts"}, calls, among) as refused, patch.object(endpoint, "time"):
        executions = list(hub.run(starts, at_once=1))
    assert Counter((each.status, each.outcome) for each in executions) == {
        ("SUCCEEDED", "remediated"): len(starts)
    }
    assert len(refused) > 10 and len({call.partition(":")[0] for call in refused}) > 1
    met = {error for execution in executions for step in execution.steps for error in step.errors}
    assert bool(met & {"Throttled", "Unavailable"}) or not by_the_definition
