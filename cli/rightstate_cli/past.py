"""The executions of earlier runs, kept in the user's own directory for `rightstate history`."""

import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile

import typer
from pydantic import TypeAdapter, ValidationError

from rightstate.errors import InvalidInput
from rightstate_cli.executions import Execution
from rightstate_cli.output import say

_KEPT = 1000
_MANY = TypeAdapter(list[Execution])


def file() -> Path:
    """Where they are kept; `RIGHTSTATE_HISTORY` names another file."""
    named = os.environ.get("RIGHTSTATE_HISTORY")
    return Path(named) if named else Path(typer.get_app_dir("rightstate")) / "history.json"


def keep(executions: Sequence[Execution]) -> None:
    """Add them, and drop the oldest beyond a thousand. What cannot be kept is said, and fails nothing:
    the run is over, and its result is another's to tell."""
    path = file()
    try:
        kept = [*load(), *executions][-_KEPT:]
        path.parent.mkdir(parents=True, exist_ok=True)
        # Written beside and renamed, so that an interrupted write loses nothing; NamedTemporaryFile makes
        # it readable for its owner alone.
        with NamedTemporaryFile("wb", dir=path.parent, delete=False) as beside:
            beside.write(_MANY.dump_json(kept))
        Path(beside.name).replace(path)
    except OSError as error:
        say(f"This run is not kept for `rightstate history`: {path} cannot be written: {error.strerror}.")
    except InvalidInput as error:
        say(f"This run is not kept for `rightstate history`: {error}")


def load() -> list[Execution]:
    """All that are kept, oldest first. Raises InvalidInput where the file is not ours."""
    path = file()
    try:
        return _MANY.validate_json(path.read_bytes())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}.") from None
    except ValidationError:
        raise InvalidInput(
            f"{path} does not hold executions of Rightstate. Move it away, or name another file with "
            "RIGHTSTATE_HISTORY."
        ) from None
