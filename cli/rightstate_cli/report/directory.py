"""The directory of a report: there whole, or as it was."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rightstate.errors import InvalidInput
from rightstate.identify import shown
from rightstate_cli.report import manifest


@contextmanager
def replaced(directory: Path, force: bool) -> Iterator[Path]:
    """A directory beside it to write into, which becomes it at the end, unless something is raised.

    It is readable for its owner alone: a report says what is wrong in which account. Raises InvalidInput
    where the directory must not be replaced, or cannot be written.
    """
    # Where a link leads to is replaced, not the link.
    directory = directory.resolve()
    _check(directory, force)
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            prefix=f".{directory.name[:64]}-", dir=directory.parent, ignore_cleanup_errors=True
        ) as beside:
            new, old = Path(beside, "new"), Path(beside, "old")
            new.mkdir(mode=0o700)
            yield new
            # Again: writing takes a while.
            _check(directory, force)
            if directory.exists():
                directory.rename(old)
            try:
                new.rename(directory)
            except OSError:
                if old.exists():
                    old.rename(directory)
                raise
    except OSError as error:
        raise InvalidInput(
            f"{shown(str(directory))} cannot be written: {error.strerror}. What was there is as it was."
        ) from None


def _check(directory: Path, force: bool) -> None:
    if not directory.exists():
        return
    if not directory.is_dir():
        raise InvalidInput(f"{shown(str(directory))} is no directory. Nothing was written.")
    there = {each.name for each in directory.iterdir()}
    if not there:
        return
    if not force:
        raise InvalidInput(
            f"{shown(str(directory))} is not empty. Nothing was written. Name another directory, or replace "
            "the report in it with --force."
        )
    ours = manifest.read(directory)
    known = {manifest.NAME, *(each.name for each in ours.files)} if ours else set()
    if others := sorted(there - known):
        held = shown(others[0]) if ours else f"no report of Rightstate's ({manifest.NAME})"
        raise InvalidInput(
            f"{shown(str(directory))} holds {held}, which --force would delete. Nothing was written. Name "
            "another directory."
        )
