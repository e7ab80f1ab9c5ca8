"""An execution of what somebody has seen and approved: that and nothing else."""

from typing import Any

import pytest

from rightstate.catalogue import load
from rightstate.deciding.planner import decide, fingerprint_of
from rightstate.models.settings import Enabled
from rightstate.models.start import Execution
from rightstate.models.tasks import Run, RunTask
from rightstate.policy import Mode
from rightstate.resource_type import Observed, Resource
from rightstate.states.describe import describe
from rightstate_cli.embedded.engine import Engine
from tests.support.calls import Calls
from tests.support.member import ACCOUNT, REGION, broken, enable, session, start_input
from tests.workflow.test_endings import run

POLICIES = ["s3-versioning", "s3-default-encryption"]


def approve(bucket: str) -> str:
    """What a plan of both policies says of the bucket."""
    resource = Resource(account=ACCOUNT, region=REGION, id=bucket)
    policies = {name: Enabled(mode=Mode.AUTO) for name in POLICIES}
    observed = _observed(bucket)
    bucket_type = load("s3-bucket")
    return fingerprint_of(bucket_type, observed, decide(bucket_type, resource, policies, observed))


def _observed(bucket: str) -> Observed:
    where = Execution(id="arn:aws:states:::execution:plan", name="plan", started="", state_machine="")
    own = Run(
        resource=Resource(account=ACCOUNT, region=REGION, id=bucket),
        role_arn=f"arn:aws:iam::{ACCOUNT}:role/rightstate-remediation",
        external_id=None,
        policies={name: Enabled(mode=Mode.AUTO) for name in POLICIES},
    )
    return describe(RunTask(resource_type="s3-bucket", execution=where, run=own)).observed


@pytest.fixture
def bucket(hub: Engine, calls: Calls) -> str:
    enable(hub, *POLICIES)
    return broken("s3-versioning")


def given(bucket: str, approved: str, **more: Any) -> dict[str, Any]:
    return start_input(bucket, policies=POLICIES, approved=approved, **more)


def test_what_was_approved_is_applied(hub: Engine, calls: Calls, bucket: str) -> None:
    approved = approve(bucket)
    calls.made.clear()
    execution = run(hub, "s3-bucket", given(bucket, approved))
    assert execution.outcome == "remediated"
    assert "s3:PutBucketVersioning" in calls.writes


def test_a_resource_that_has_changed_since_is_left_alone(hub: Engine, calls: Calls, bucket: str) -> None:
    approved = approve(bucket)
    session().client("s3").put_bucket_versioning(
        Bucket=bucket, VersioningConfiguration={"Status": "Suspended"}
    )
    calls.made.clear()
    execution = run(hub, "s3-bucket", given(bucket, approved))
    assert (execution.status, execution.outcome) == ("SUCCEEDED", "changed-since-plan")
    assert "Make a new plan" in execution.reason
    assert calls.writes == []


def test_a_policy_that_is_not_enabled_any_more_voids_the_approval(
    hub: Engine, calls: Calls, bucket: str
) -> None:
    approved = approve(bucket)
    enable(hub, "s3-versioning")
    calls.made.clear()
    execution = run(hub, "s3-bucket", given(bucket, approved))
    assert execution.outcome == "changed-since-plan"
    assert "s3-default-encryption" in execution.reason
    assert calls.made == []


def test_another_plan_s_approval_is_none(hub: Engine, calls: Calls, bucket: str) -> None:
    execution = run(hub, "s3-bucket", given(bucket, "0" * 64))
    assert (execution.outcome, calls.writes) == ("changed-since-plan", [])


def test_approving_twice_changes_once(hub: Engine, calls: Calls, bucket: str) -> None:
    approved = approve(bucket)
    calls.made.clear()
    outcomes = [run(hub, "s3-bucket", given(bucket, approved)).outcome for _ in range(2)]
    assert outcomes == ["remediated", "changed-since-plan"]
    assert calls.writes.count("s3:PutBucketVersioning") == 1


def test_an_account_in_report_is_told_of_and_not_changed(hub: Engine, calls: Calls, bucket: str) -> None:
    approved = approve(bucket)
    enable(hub, *POLICIES, mode=Mode.REPORT)
    calls.made.clear()
    assert run(hub, "s3-bucket", given(bucket, approved)).outcome == "reported"
    assert calls.writes == []


def test_a_plan_that_shows_less_than_would_be_changed_is_not_applied(
    hub: Engine, calls: Calls, bucket: str
) -> None:
    """As whoever edits a plan file can have it asked: with the fingerprint of what it shows then."""
    resource = Resource(account=ACCOUNT, region=REGION, id=bucket)
    enabled = {name: Enabled(mode=Mode.AUTO) for name in POLICIES}
    decision = decide(load("s3-bucket"), resource, enabled, _observed(bucket))
    hidden = decision.changes[0]
    shown = {
        "changes": tuple(each for each in decision.changes if each != hidden),
        "calls": tuple(each for each in decision.calls if hidden.setting not in each.settings),
    }
    approved = fingerprint_of(load("s3-bucket"), _observed(bucket), decision.model_copy(update=shown))
    calls.made.clear()
    execution = run(hub, "s3-bucket", given(bucket, approved))
    assert execution.outcome == "changed-since-plan"
    assert calls.writes == []


@pytest.mark.parametrize(
    "without", [{"policies": None}, {"resource": None, "group": "account"}, {"approved": "not a fingerprint"}]
)
def test_an_approval_belongs_to_one_resource_and_its_policies(
    hub: Engine, calls: Calls, bucket: str, without: dict[str, Any]
) -> None:
    asked = {**given(bucket, "0" * 64), **without}
    execution = run(hub, "s3-bucket", {key: value for key, value in asked.items() if value is not None})
    assert (execution.status, calls.made) == ("FAILED", [])
