"""What a measurement was made on, and what else ran there meanwhile, as Linux says in /proc."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

from pydantic import BaseModel

_TICKS = os.sysconf("SC_CLK_TCK")


class Machine(BaseModel):
    """The machine and the versions that matter. `load` is the load average of the minute before."""

    processor: str
    cores: int
    system: str
    load: float
    versions: dict[str, str]


def describe(custodian: Path) -> Machine:
    """This machine, now."""
    told = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(": ")[2] for line in told if line.startswith("model name")]
    packages = ("rightstate", "boto3", "moto", "ministack", "werkzeug")
    return Machine(
        processor=models[0] if models else platform.processor(),
        cores=len(os.sched_getaffinity(0)),
        system=f"{platform.system()} {platform.release()}",
        load=round(os.getloadavg()[0], 2),
        versions={
            "Python": platform.python_version(),
            **{each: version(each) for each in packages},
            "Cloud Custodian": _said(str(custodian), "version"),
        },
    )


def busy_seconds() -> float:
    """Seconds of all cores that anything has used since the machine was started."""
    user, nice, system, _, _, interrupts, soft, *_ = map(int, _cpu_line().split()[1:])
    return (user + nice + system + interrupts + soft) / _TICKS


def _cpu_line() -> str:
    with Path("/proc/stat").open() as stat:
        return stat.readline()


def _said(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603 - ours
    except (OSError, subprocess.CalledProcessError):
        return "not installed"
