"""What a measurement was made on, and what else ran there meanwhile, as Linux says in /proc."""

import os
import platform
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

    @property
    def told(self) -> str:
        """A sentence or two."""
        versions = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        return (
            f"Measured on {self.processor}, {self.cores} cores, {self.system}, load {self.load} at the "
            f"start, with {versions}."
        )


def describe(**others: str) -> Machine:
    """This machine, now; `others` are further versions."""
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
            **others,
        },
    )


def busy_seconds() -> float:
    """Seconds of all cores that anything has used since the machine was started."""
    user, nice, system, _, _, interrupts, soft, *_ = map(int, _cpu_line().split()[1:])
    return (user + nice + system + interrupts + soft) / _TICKS


def _cpu_line() -> str:
    with Path("/proc/stat").open() as stat:
        return stat.readline()


def peak_megabytes() -> float:
    """The most memory that this process had resident. That of getrusage is at least what the process had from
    which it was forked."""
    status = Path("/proc/self/status").read_text().splitlines()
    [peak] = [line.split()[1] for line in status if line.startswith("VmHWM:")]
    return int(peak) / 1024
