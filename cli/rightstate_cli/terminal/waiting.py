"""Long waits and questions in a terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import TaskID

from rightstate.errors import InvalidInput
from rightstate_cli.progress import Progress
from rightstate_cli.terminal.output import ask, progress, say


@contextmanager
def shown_progress() -> Iterator[Progress]:
    """Sentences on stderr, and a bar for each thing that is counted."""
    tasks: dict[str, TaskID] = {}
    with progress() as bars:

        def count(what: str, done: int, total: int | None) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield Progress(say, count)


def agreed(question: str, yes: bool) -> bool:
    """Whether a person, or --yes, agrees. Raises InvalidInput where nobody can answer."""
    answer = yes or ask(question)
    if answer is None:
        raise InvalidInput("Nothing was changed: nobody confirmed it. In a script, give --yes.")
    return answer


def confirmed(question: str, yes: bool) -> bool:
    """As `agreed`. After a no it also says that nothing was changed."""
    answer = agreed(question, yes)
    if not answer:
        say("Nothing was changed.")
    return answer
