"""Start an execution from another one."""

import json

from rightstate.aws.errors import named_errors
from rightstate.aws.sessions import hub_client
from rightstate.models.backfill import BackfillInput
from rightstate.models.start import StartInput


def start_execution(state_machine: str, name: str, start: StartInput | BackfillInput) -> None:
    """Start one, or leave the one of that name as it is: a repeated event starts nothing twice."""
    client = hub_client("stepfunctions")
    with named_errors():
        try:
            client.start_execution(
                stateMachineArn=state_machine,
                name=name,
                input=json.dumps(start.model_dump(mode="json", exclude_none=True)),
            )
        except client.exceptions.ExecutionAlreadyExists:
            return
