"""Keep what a survey from this machine sees, for `report` and `explain`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rightstate.errors import RightstateError
from rightstate_cli.embedded.local import Local
from rightstate_cli.planning.accounts import Wanted
from rightstate_cli.planning.looking import Looking
from rightstate_cli.planning.survey import Looked, unseen


@contextmanager
def kept_in(local: Local, command: str, whole: bool, say: Callable[[str], None]) -> Iterator[Looked]:
    """What takes the pages of the surveys within.

    A survey that is not `whole` is no look: it would hide what it left out. A survey is worth more than its
    record, so it goes on where the ledger cannot be written, and `say` gets the reason.
    """
    if not whole:
        yield unseen
        return
    try:
        found = Looking(local.looks, command)
        found.tidy()
    except RightstateError as error:
        say(f"What this survey sees is not kept for `report` and `explain`: {error}")
        yield unseen
        return
    try:
        yield found
    finally:
        if found.failed:
            say(f"What this survey saw is not kept for `report` and `explain`: {found.failed}")
        else:
            found.discard()


def whole(wanted: Wanted) -> bool:
    """Whether what is wanted leaves out no resource and no policy of a type, and changes none."""
    return not (wanted.policies or wanted.resources or wanted.parameters)
