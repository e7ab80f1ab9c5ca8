"""The page about what was measured beside Cloud Custodian: the figures, and whether each target is met."""

from collections.abc import Callable, Iterator, Sequence
from statistics import fmean

from pydantic import BaseModel

from benchmarks.machine import Machine
from benchmarks.markdown import Target, table, targets_table
from rightstate.catalogue import load
from rightstate.deciding.planner import settings_to_read
from rightstate.models.settings import Enabled
from rightstate.policy import Mode

BROKEN, ONE_PERCENT, COMPLIANT = "broken", "1 % broken", "compliant"
EACH_A_GROUP = "compliant, a parameter group each"
LISTING, SAME = "listing", "rightstate, the same controls"


class Result(BaseModel):
    """What one of them took, and left.

    `processor` are seconds of its own process, `server` those of the server meanwhile, `elsewhere` those of
    everything else on the machine. `first` are the seconds until the first execution was started.
    """

    type: str
    resources: int
    state: str
    milliseconds: int
    who: str
    seconds: float
    processor: float
    server: float
    elsewhere: float
    calls: int
    left: dict[str, int]
    exit: int
    executions: int | None = None
    first: float | None = None

    @property
    def disturbed(self) -> bool:
        """Whether something else had more than a tenth of a core meanwhile."""
        return self.elsewhere > self.seconds / 10


class Measured(BaseModel):
    """One run of the benchmark; `note` says what else has to be known of it. `profile` is what `benchmarks.profile`
    has found: each part's milliseconds of the processor for an execution about a database."""

    machine: Machine
    results: list[Result]
    note: str = ""
    profile: dict[str, float] = {}

    def one(self, who: str, type: str, resources: int, state: str, milliseconds: int) -> Result | None:
        wanted = (who, type, resources, state, milliseconds)
        for each in self.results:
            if (each.who, each.type, each.resources, each.state, each.milliseconds) == wanted:
                return each
        return None


def targets(measured: Measured) -> list[Target]:
    """Issue 14's targets, of 500 resources unless they say otherwise."""
    return list(_targets(measured))


def _targets(measured: Measured) -> Iterator[Target]:
    yield Target(
        what="calls for each compliant database",
        limit=0.05,
        measured=_calls(measured, "rds-instance"),
    )
    yield Target(
        what="calls for each compliant bucket, for each setting asked for",
        limit=1,
        measured=_over(_calls(measured, "s3-bucket"), _settings("s3-bucket")),
    )
    for type, name, milliseconds, limit in (
        ("s3-bucket", "buckets", 0, 1),
        ("s3-bucket", "buckets", 20, 1),
        ("rds-instance", "databases", 0, 3),
        ("rds-instance", "databases", 20, 1),
    ):
        case = (type, 500, BROKEN, milliseconds)
        yield Target(
            what=f"500 broken {name} at {milliseconds} ms, times Cloud Custodian's time",
            limit=limit,
            measured=_ratio(measured, "custodian", case),
        )
    for type, name in (("s3-bucket", "buckets"), ("rds-instance", "databases")):
        yield Target(
            what=f"500 broken {name} at 20 ms, times the floor's time",
            limit=2,
            measured=_ratio(measured, "floor", (type, 500, BROKEN, 20)),
        )
    for type, name in (("s3-bucket", "buckets"), ("rds-instance", "databases")):
        for milliseconds in (0, 20):
            yield Target(
                what=f"500 {name}, 1 % broken, at {milliseconds} ms, times Cloud Custodian's time",
                limit=1 / 3,
                measured=_ratio(measured, "custodian", (type, 500, ONE_PERCENT, milliseconds)),
            )
    ours = [each for each in measured.results if each.who == "rightstate"]
    yield Target(
        what="seconds until the first execution is started, at the most",
        limit=2.5,
        measured=max((each.first for each in ours if each.first is not None), default=None),
    )
    for type, name in (("s3-bucket", "bucket"), ("rds-instance", "database")):
        yield Target(
            what=f"seconds of the processor for each execution about a {name}",
            limit=0.04,
            measured=_processor(measured, type),
        )


def _calls(measured: Measured, type: str) -> float | None:
    found = measured.one("rightstate", type, 500, COMPLIANT, 0)
    return found.calls / found.resources if found else None


def _settings(type: str) -> int:
    """How many settings all policies of the type read."""
    resource_type = load(type)
    every = {
        policy.id: Enabled(mode=Mode.AUTO, parameters=policy.examples) for policy in resource_type.policies
    }
    return len(settings_to_read(resource_type, every) - {*resource_type.facts})


def _processor(measured: Measured, type: str) -> float | None:
    """What a run takes more than one over as many compliant resources, by execution."""
    broken = measured.one("rightstate", type, 500, BROKEN, 0)
    compliant = measured.one("rightstate", type, 500, COMPLIANT, 0)
    if not (broken and compliant and broken.executions):
        return None
    return (broken.processor - compliant.processor) / broken.executions


def _ratio(
    measured: Measured, who: str, case: tuple[str, int, str, int], our: str = "rightstate"
) -> float | None:
    ours, theirs = measured.one(our, *case), measured.one(who, *case)
    return ours.seconds / theirs.seconds if ours and theirs else None


def _over(value: float | None, by: float) -> float | None:
    return None if value is None else value / by


def page(measured: Measured) -> str:
    """The page, in Markdown."""
    return "\n".join(_lines(measured)) + "\n"


def _lines(measured: Measured) -> Iterator[str]:
    yield "# Beside Cloud Custodian"
    yield ""
    yield (
        "Buckets and databases that break every policy, one in a hundred of them, or none, remediated in one run "
        "on one moto server in three ways. Written by `make bench-peers`, which installs Cloud Custodian from "
        "PyPI into an environment of its own."
    )
    yield ""
    yield "- *floor*: the calls themselves, of boto3 on 8 threads: read, write, read again."
    yield (
        "- *custodian*: Cloud Custodian with policies that want the same, as far as it has them. It does not "
        "verify what it changed."
    )
    yield "- *rightstate*: `rightstate remediate --yes`, which looks, changes and verifies."
    yield "- *rightstate, the same controls*: the same, with only the policies that Cloud Custodian has, too."
    yield "- *listing*: a Python that imports boto3, lists the resources, and ends."
    yield ""
    yield (
        "What each leaves is read by an independent reader (`benchmarks/floor.py`). Compliant databases share "
        "one parameter group. A group for each costs a call for each, as RDS has no call for several."
    )
    yield ""
    if measured.note:
        yield measured.note
        yield ""
    yield f"{measured.machine.told} The server is a process of its own on the same machine."
    if disturbed := [each for each in measured.results if each.disturbed]:
        share = fmean(each.elsewhere / each.seconds for each in disturbed)
        yield ""
        yield (
            f"In {len(disturbed)} of {len(measured.results)} measurements other processes used more than a tenth "
            f"of a core, {share:.1f} cores on average. They are marked with *. They took longer than they would "
            "alone, and so did, by less, their seconds of the processor."
        )
    yield ""
    yield "## Targets"
    yield ""
    yield from targets_table(targets(measured))
    yield ""
    yield from _hindrances(measured)
    yield "## Figures"
    for type, name in (("s3-bucket", "Buckets"), ("rds-instance", "Databases")):
        results = [each for each in measured.results if each.type == type]
        if results:
            yield ""
            yield f"### {name}"
            yield ""
            yield from table(*_figures(results))


def _hindrances(measured: Measured) -> Iterator[str]:
    """What is to be known of the targets that are not met, as far as it was measured."""
    yield "## What stands in the way"
    yield ""
    broken, few = (("rds-instance", 500, state, 0) for state in (BROKEN, ONE_PERCENT))
    floor = _ratio(measured, "custodian", broken, "floor")
    same = [_ratio(measured, "custodian", ("rds-instance", 500, BROKEN, ms), SAME) for ms in (0, 20)]
    if floor and same[0] and same[1]:
        yield (
            f"Broken databases: at 0 ms the floor itself takes {floor:.1f} times Cloud Custodian's time. It writes "
            "parameter groups, too, which Cloud Custodian leaves, and it reads everything again, which Cloud "
            "Custodian does not. With only the controls that Cloud Custodian has, Rightstate takes "
            f"{same[0]:.1f} times its time at 0 ms and {same[1]:.2f} times at 20 ms, with each change verified."
        )
        yield ""
    if listing := _ratio(measured, "custodian", few, LISTING):
        yield (
            f"One in a hundred broken: a Python that only imports boto3 and lists the databases takes {listing:.2f} "
            "of Cloud Custodian's time. Its whole run of them is 11 calls. Ours imports pydantic, typer, rich and "
            "the models, too, lists the same databases, then runs five executions with 35 calls."
        )
        yield ""
    if profile := measured.profile:
        whole = sum(profile.values())
        yield (
            "Where the processor's time of an execution about a database goes, from a profile, which makes everything "
            "slower (`python -m benchmarks.profile --write`). The part of the calls shrinks only with their number, "
            "which is seven with those of the survey. To verify many databases by one DescribeDBInstances was not tried."
        )
        yield ""
        shares = [(name, f"{milliseconds / whole:.0%}") for name, milliseconds in profile.items()]
        yield from table(("part", "share"), shares)
        yield ""


def _figures(results: Sequence[Result]) -> tuple[Sequence[str], list[Sequence[str]]]:
    columns: Sequence[tuple[str, Callable[[Result], str]]] = (
        ("resources", lambda each: f"{each.resources:,}"),
        ("state", lambda each: each.state),
        ("answer after", lambda each: f"{each.milliseconds} ms"),
        ("by", lambda each: each.who),
        ("seconds", lambda each: f"{each.seconds:.1f}{'*' if each.disturbed else ''}"),
        ("of the processor", lambda each: f"{each.processor:.1f}"),
        ("of the server's", lambda each: f"{each.server:.1f}"),
        ("calls", lambda each: f"{each.calls:,}"),
        ("for each", lambda each: f"{each.calls / each.resources:.2f}"),
        ("first execution", lambda each: "" if each.first is None else f"{each.first:.1f} s"),
        ("left broken", _left),
    )
    return [name for name, _ in columns], [[of(each) for _, of in columns] for each in results]


def _left(result: Result) -> str:
    if result.exit < 0:
        return "ended before its time was up"
    return ", ".join(f"{name} x {number}" for name, number in result.left.items()) or "none"
