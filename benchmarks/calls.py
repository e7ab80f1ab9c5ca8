"""AWS calls per resource, by operation, from an execution through the interpreter."""

from collections import Counter
from typing import Any

from tests.support.calls import Calls
from tests.support.member import broken, enable, start_input

from rightstate.catalogue import load_all
from rightstate_cli.embedded.engine import simulated
from rightstate_cli.executions.executions import Start
from rightstate_cli.simulation import examples, moto_gaps


def measure() -> list[dict[str, Any]]:
    """Per type and phase (`remediate`, then `compliant`): operation -> count."""
    figures = []
    with simulated(wait_scale=0.001) as hub, moto_gaps.fill():
        for resource_type in load_all():
            enable(hub, *(policy.id for policy in resource_type.policies))
            resource = broken(examples.load(resource_type.name).policy)
            for phase in ("remediate", "compliant"):
                with Calls() as calls:
                    list(hub.run([Start(resource_type=resource_type.name, input=start_input(resource))]))
                figures.append(
                    {"type": resource_type.name, "phase": phase, "operations": dict(Counter(calls.made))}
                )
    return figures
