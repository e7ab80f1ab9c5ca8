"""The page about how a survey grows: the figures, a plot, and whether time is linear and memory flat."""

from collections.abc import Iterator

from pydantic import BaseModel

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
    """One run of the benchmark."""

    machine: Machine
    surveys: list[Surveyed]


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


def page(grown: Grown) -> str:
    """The page, in Markdown."""
    return "\n".join(_lines(grown)) + "\n"


def _lines(grown: Grown) -> Iterator[str]:
    yield "# How a survey grows"
    yield ""
    yield (
        "RDS databases, each assessed by all policies, on a moto server, which lists a hundred a page as RDS does. Each "
        "survey is a process of its own that keeps nothing of what it has seen. Written by `make bench-growth`."
    )
    yield ""
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
    yield ""
    yield "![The processor's time grows with the number of resources, and the memory does not.](growth.svg)"


def plot(grown: Grown) -> bytes:
    """Time and memory over the number of resources, both on logarithmic axes, as SVG."""
    # It changes how this process imports anything, and warns of it.
    import pygal  # noqa: PLC0415
    from pygal.style import CleanStyle  # noqa: PLC0415

    chart = pygal.Line(
        logarithmic=True,
        title="A survey of databases",
        x_title="resources",
        style=CleanStyle,
        js=[],
        width=720,
        height=420,
        legend_at_bottom=True,
        range=(0.1, 100),
    )
    chart.y_labels = [0.1, 1, 10, 100]
    chart.x_labels = [f"{each.resources:,}" for each in grown.surveys]
    chart.add("seconds of the processor", [round(each.processor, 2) for each in grown.surveys])
    chart.add("memory at the peak, MB", [round(each.megabytes) for each in grown.surveys])
    return chart.render()
