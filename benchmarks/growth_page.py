"""The page about how a survey grows: the figures, a plot, and whether time is linear and memory flat."""

from collections.abc import Iterator, Sequence

from pydantic import BaseModel, TypeAdapter

from benchmarks.machine import Machine
from benchmarks.markdown import Target, table, targets_table


class Surveyed(BaseModel):
    """One survey: seconds, those of its processor, its peak of resident memory, and what the server did."""

    resources: int
    seconds: float
    processor: float
    megabytes: float
    calls: int
    server: float


class Grown(BaseModel):
    """One run of the benchmark, about one resource type."""

    type: str
    machine: Machine
    surveys: list[Surveyed]


READ = TypeAdapter(list[Grown])
_TITLES = {"rds-instance": "Databases", "s3-bucket": "Buckets"}


def targets(grown: Grown) -> list[Target]:
    """Of the largest survey beside the one of a tenth of its size, and beside the smallest."""
    smallest, before, largest = grown.surveys[0], grown.surveys[-2], grown.surveys[-1]
    many = largest.resources / before.resources
    return [
        Target(
            what=f"the processor's time for {largest.resources:,} resources, times {many:g} times that for "
            f"{before.resources:,}",
            limit=1.2,
            measured=largest.processor / before.processor / many,
        ),
        Target(
            what=f"the memory for {largest.resources:,} resources, times that for {smallest.resources:,}",
            limit=1.2,
            measured=largest.megabytes / smallest.megabytes,
        ),
    ]


def page(grown: Sequence[Grown]) -> str:
    """The page, in Markdown."""
    return "\n".join(_lines(grown)) + "\n"


def _lines(grown: Sequence[Grown]) -> Iterator[str]:
    yield "# How a survey grows"
    yield ""
    yield (
        "RDS databases and S3 buckets, each assessed by all policies, on a moto server, which lists a hundred a page. A "
        "list of databases has nearly every setting; each bucket takes some reads. Each survey is a process of its own "
        "that keeps nothing of what it has seen. Written by `make bench-growth`."
    )
    for each in grown:
        yield ""
        yield f"## {_TITLES[each.type]}"
        yield ""
        yield from _of_type(each)
    yield ""
    yield "![The processor's time grows with the number of resources, and the memory does not.](growth.svg)"


def _of_type(grown: Grown) -> Iterator[str]:
    yield grown.machine.told
    yield ""
    yield from targets_table(targets(grown))
    yield ""
    yield from table(
        (
            "resources",
            "seconds",
            "of the processor",
            "of the server's",
            "memory at the peak",
            "calls",
            "for each",
        ),
        [
            (
                f"{each.resources:,}",
                f"{each.seconds:.1f}",
                f"{each.processor:.1f}",
                f"{each.server:.1f}",
                f"{each.megabytes:.0f} MB",
                f"{each.calls:,}",
                f"{each.calls / each.resources:.3f}",
            )
            for each in grown.surveys
        ],
    )


def plot(grown: Sequence[Grown]) -> bytes:
    """Time and memory over the number of resources, both on logarithmic axes, as SVG."""
    # It changes how this process imports anything, and warns of it.
    import pygal  # noqa: PLC0415
    from pygal.style import CleanStyle  # noqa: PLC0415

    chart = pygal.Line(
        logarithmic=True,
        title="A survey",
        x_title="resources",
        style=CleanStyle,
        js=[],
        width=720,
        height=420,
        legend_at_bottom=True,
        range=(0.1, 1000),
    )
    chart.y_labels = [0.1, 1, 10, 100, 1000]
    counts = sorted({survey.resources for each in grown for survey in each.surveys})
    chart.x_labels = [f"{count:,}" for count in counts]
    for each in grown:
        by_count = {survey.resources: survey for survey in each.surveys}
        of = [by_count.get(count) for count in counts]
        name = _TITLES[each.type].lower()
        chart.add(f"{name}: seconds of the processor", [found and round(found.processor, 2) for found in of])
        chart.add(f"{name}: memory at the peak, MB", [found and round(found.megabytes) for found in of])
    return chart.render()
