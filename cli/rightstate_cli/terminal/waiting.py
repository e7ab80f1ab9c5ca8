"""Long waits and questions in a terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import TaskID

from rightstate_cli.progress import Progress
from rightstate_cli.terminal.output import confirmed, progress, say


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


def confirmed_change(question: str, yes: bool) -> bool:
    """The answer to the question before a command changes anything. After a no it says that nothing was
    changed. Raises InvalidInput if nobody answers."""
    answer = confirmed(question, "Nothing was changed", yes)
    if not answer:
        say("Nothing was changed.")
    return answer
