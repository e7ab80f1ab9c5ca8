"""Tables of Markdown, and targets as such a table."""

from collections.abc import Iterable, Iterator, Sequence

from pydantic import BaseModel


class Target(BaseModel):
    """A figure that was aimed at, at most `limit`, and what was measured: None where it was not."""

    what: str
    limit: float
    measured: float | None

    @property
    def met(self) -> bool | None:
        return None if self.measured is None else self.measured <= self.limit


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The lines of a table."""
    for row in (columns, ["---"] * len(columns), *rows):
        yield f"| {' | '.join(row)} |"


def targets_table(targets: Iterable[Target]) -> Iterator[str]:
    """Whether each target is met."""
    return table(
        ("target", "at most", "measured", "met"),
        [
            (
                each.what,
                f"{each.limit:.3g}",
                "" if each.measured is None else f"{each.measured:.3g}",
                _MET[each.met],
            )
            for each in targets
        ],
    )


_MET = {True: "yes", False: "**no**", None: "not measured"}
