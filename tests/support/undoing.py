"""Undos in the embedded engine: what a resource looks like to AWS, and executions that take changes back."""

from datetime import UTC, datetime, timedelta
from typing import Any

from rightstate.catalogue import find_policy
from rightstate.clock import written
from rightstate.models.settings import Account, Enabled, Exemption
from rightstate.policy import Mode
from rightstate_cli.embedded.engine import Engine
from rightstate_cli.executions.executions import Execution, Start
from rightstate_cli.simulation import accounts
from tests.support.entries import entry_of
from tests.support.member import ACCOUNT, REGION


def exempt(hub: Engine, resource_type: str, resource: str, *policies: str, **fields: Any) -> None:
    """Settings in which the policies are enabled, and exempted for that resource."""
    exemption = Exemption(
        id="ex-0a1b2c3d",
        resource=f"{REGION}/{resource_type}/{resource}",
        policies=policies,
        **{
            "reason": "The batch job needs it",
            "approver": "ana@example.com",
            "created": written(datetime.now(UTC)),
            "until": written(datetime.now(UTC) + timedelta(days=30)),
            **fields,
        },
    )
    hub.configure(
        Account(
            account=ACCOUNT,
            **accounts.roles(ACCOUNT),
            external_id="shared",
            policies={
                policy: Enabled(mode=Mode.AUTO, parameters=find_policy(policy)[1].examples)
                for policy in policies
            },
            exemptions=(exemption,),
        )
    )


def arn_of(hub: Engine, execution: Execution) -> str:
    """The execution's ARN, from its entry in the ledger."""
    return str(entry_of(hub, execution)["execution"])


def undo(hub: Engine, resource_type: str, resource: str, execution: str, /, **more: Any) -> Execution:
    """An execution that takes back what the one with that ARN has changed."""
    given = {"account": ACCOUNT, "region": REGION, "resource": resource, "undo": execution, **more}
    [undone] = hub.run([Start(resource_type=resource_type, input=given)])
    return undone
