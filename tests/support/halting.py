"""Halts as executions make them: each changes the resource, until one change is one too many."""

import os

from rightstate.guarding import guards


def halt(resource: str, *policies: str) -> None:
    """Halt the policies for the resource, named account/region/type/id, in the hub of the environment."""
    account, region, resource_type, _ = resource.split("/", 3)
    machine = f"arn:aws:states:{region}:{account}:execution:rightstate-{resource_type}"
    for number in range(int(os.environ["BREAKER_APPLIES"])):
        execution = f"{machine}:change-{number + 1}"
        guards.acquire(resource, execution)
        halted = guards.release(resource, execution, policies)
    assert sorted(halted) == sorted(policies)
