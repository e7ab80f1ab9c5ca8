"""Executions per second of the embedded engine, one process."""

import time
from typing import Any

from tests.support.member import broken, enable, start_input

from rightstate.catalogue import load
from rightstate_cli.embedded.engine import simulated
from rightstate_cli.executions.executions import Start
from rightstate_cli.simulation import moto_gaps


def measure(size: int) -> list[dict[str, Any]]:
    """Seconds to remediate `size` buckets, and `size` MySQL instances, that break every policy."""
    figures = []
    for name, policy in (("s3-bucket", "s3-versioning"), ("rds-instance", "rds-mysql-deletion-protection")):
        with simulated(wait_scale=0.001) as hub, moto_gaps.fill():
            enable(hub, *(each.id for each in load(name).policies))
            starts = [Start(resource_type=name, input=start_input(broken(policy))) for _ in range(size)]
            began = time.perf_counter()
            outcomes = [execution.outcome for execution in hub.run(starts)]
            seconds = time.perf_counter() - began
        if outcomes != ["remediated"] * size:
            raise RuntimeError(f"not every {name} was remediated: {set(outcomes)}")
        figures.append({"type": name, "count": size, "seconds": seconds})
    return figures
