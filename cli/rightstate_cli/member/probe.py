"""Try whether the hub's functions that only read can assume a role of a member.

One of them tries it, as in an execution.
"""

import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from rightstate.models.settings import Account
from rightstate_cli.aws import answers
from rightstate_cli.hub.deployment import Hub

# Any type will do: the session is limited to read actions, and reads nothing.
_TYPE = "sqs-queue"


@dataclass(frozen=True)
class Probe:
    """The ARN of the session, or the class and the message of the error."""

    arn: str = ""
    error: str = ""
    reason: str = ""

    @property
    def assumed(self) -> bool:
        return bool(self.arn)


def assume(hub: Hub, account: Account, role: str | None, external_id: str | None) -> Probe:
    """Let the hub assume that role of the account with that external id, without one if None.

    Raises Denied and InvalidInput if the user may not invoke the function, or it does not exist.
    """
    name = f"probe-{uuid.uuid4()}"
    execution = f"arn:{hub.partition}:states:{hub.region}:{hub.account}:execution:{hub.stack}-probe:{name}"
    region = account.regions[0] if account.regions else hub.region
    payload = {
        "resource_type": _TYPE,
        "execution": {
            "id": execution,
            "name": name,
            "started": datetime.now(UTC).isoformat(),
            "state_machine": execution,
        },
        "run": {
            "resource": {
                "account": account.account,
                "region": region,
                "partition": hub.partition,
                "id": "probe",
            },
            "role_arn": role,
            "read_role_arn": role,
            "external_id": external_id,
            "policies": {},
        },
    }
    with answers("Nothing was changed."):
        answer = hub.client("lambda").invoke(
            FunctionName=hub.function("assume-role"), Payload=json.dumps(payload)
        )
        said = json.loads(answer["Payload"].read())
    if answer.get("FunctionError"):
        return Probe(error=str(said.get("errorType", "")), reason=str(said.get("errorMessage", "")))
    return Probe(arn=str(said["arn"]))
