"""`rightstate init`: the application as a directory, to build and deploy."""

from pathlib import Path
from typing import Annotated

import typer

from rightstate import __version__
from rightstate_cli.application import tree
from rightstate_cli.application.tree import Written
from rightstate_cli.terminal.options import FormatOption
from rightstate_cli.terminal.output import Format, print_json, print_line, say
from rightstate_cli.text import counted


def init(
    directory: Annotated[Path, typer.Argument(help="Where to write it; made if it is not there.")],
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files that were changed since they were written.")
    ] = False,
    format: FormatOption = Format.TABLE,
) -> None:
    """Write the SAM application into a directory, ready for `sam build` and `sam deploy`.

    Nothing is deployed. In a directory that an older version wrote, this is the upgrade: samconfig.toml
    stays as it is, and files that you have changed are reported before anything is written.

    Exit codes: 0 it is written, 2 it could not be.
    """
    done = tree.write(directory, overwrite)
    if format is Format.JSON:
        print_json({"directory": str(directory), "version": __version__, **vars(done)})
        return
    print_line(_summary(directory, done))
    say(
        "Next, with the SAM CLI and make installed:\n"
        f"  cd {directory}\n"
        "  sam build\n"
        "  sam deploy --guided\n"
        "  rightstate accounts add ACCOUNT --install"
    )


def _summary(directory: Path, done: Written) -> str:
    if not (done.added or done.updated or done.removed):
        return f"{directory} is up to date with Rightstate {__version__}. Nothing was written."
    if done.from_version is None:
        return f"Wrote Rightstate {__version__} into {directory}: {counted(len(done.added), 'file')}."
    changes = [
        f"{len(paths)} {verb}"
        for verb, paths in (("added", done.added), ("updated", done.updated), ("removed", done.removed))
        if paths
    ]
    kept = f" Kept your {', '.join(done.kept)}." if done.kept else ""
    versions = f"from Rightstate {done.from_version} to {__version__}"
    return f"Updated {directory} {versions}: {', '.join(changes)}.{kept}"
