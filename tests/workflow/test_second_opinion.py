"""The definition's paths on two interpreters: ministack's, which the embedded engine runs on, and moto's.

Each is laxer than AWS somewhere; what both do the same way is likely to be the definition's own doing.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from rightstate.models.settings import Account, Enabled
from rightstate.policy import Mode
from rightstate.storage.tables import LEDGER
from rightstate_cli.embedded import engine
from rightstate_cli.executions.executions import Start
from rightstate_cli.simulation import moto_gaps
from tests.support import moto_engine
from tests.support.member import ACCOUNT, broken, enable, start_input
from tests.support.refusing import refused

POLICY, TYPE = "sqs-server-side-encryption", "sqs-queue"
RESOLVE, ASSUME = ("Resolve", "Is there a resource to look at?"), "Assume role"
DECIDE = ("Describe", "Decide", "What is to be done?")
END = "Notify and record"
READ = (*RESOLVE, ASSUME, *DECIDE, END)

PATHS: dict[str, tuple[dict[str, Any], str, tuple[str, ...]]] = {
    "broken": ({}, "remediated", (*RESOLVE, ASSUME, *DECIDE, "Apply", "Verify", END)),
    "broken, in report": ({"mode": "report"}, "reported", READ),
    "of another plan": (
        {"policies": [POLICY], "approved": "0" * 64},
        "changed-since-plan",
        READ,
    ),
    "gone": ({"resource": "never-was"}, "gone", (*RESOLVE, ASSUME, "Describe", END)),
    "no name": ({"resource": "*"}, "failed", ("Resolve", END, "Remediation failed")),
    "not enabled": ({"policies": []}, "failed", ("Resolve", END, "Remediation failed")),
    "a list": ({"resource": None, "resources": ["one", "two"]}, "fanned-out", (*RESOLVE, END)),
}


@pytest.fixture(scope="module", params=[engine, moto_engine], ids=["ministack", "moto"])
def hub(request: pytest.FixtureRequest) -> Iterator[Any]:
    """One application on each interpreter."""
    with request.param.simulated(wait_scale=0.0001) as made, moto_gaps.fill():
        yield made


@pytest.mark.parametrize(("given", "outcome", "path"), PATHS.values(), ids=list(PATHS))
def test_an_execution_takes_this_way(
    hub: Any, given: dict[str, Any], outcome: str, path: tuple[str, ...]
) -> None:
    enable(hub, POLICY)
    asked = {
        name: value for name, value in {**start_input(broken(POLICY)), **given}.items() if value is not None
    }
    execution = next(hub.run([Start(resource_type=TYPE, input=asked)]))
    assert (execution.outcome, tuple(step.state for step in execution.steps)) == (outcome, path)


def test_a_role_that_is_another_accounts_is_caught_where_it_is_assumed(hub: Any) -> None:
    other = "arn:aws:iam::444455556666:role/rightstate-remediation"
    hub.configure(Account(account=ACCOUNT, role_arn=other, policies={POLICY: Enabled(mode=Mode.AUTO)}))
    [execution] = hub.run([Start(resource_type=TYPE, input=start_input("any"))])
    assert [step.state for step in execution.steps] == [*RESOLVE, ASSUME, END, "Remediation failed"]
    assert execution.steps[2].errors == ("WrongAccount",)


def test_what_cannot_be_recorded_ends_not_recorded(hub: Any) -> None:
    enable(hub, POLICY)
    with refused(LEDGER):
        [execution] = hub.run([Start(resource_type=TYPE, input=start_input(broken(POLICY)))])
    assert (execution.status, execution.steps[-1].state) == ("FAILED", "Not recorded")
