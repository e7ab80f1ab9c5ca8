"""manifest.json: what files a report has, and what their bytes were when it was written."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from rightstate.errors import InvalidInput
from rightstate.frozen import Frozen
from rightstate.identify import shown

NAME = "manifest.json"
FORMAT = "rightstate-report/1"


class File(Frozen):
    """A file beside the manifest, its size in bytes and the SHA-256 of them."""

    # Nothing but a name: a manifest that somebody has changed must not lead out of the directory.
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    size: int
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Manifest(Frozen):
    """The period as it was asked for, `first` and `last` as they were found; times in UTC.

    `filters` is what leaves something of the ledger out, by the option's name; `accounts` are those that the
    entries, and what waits for an approval, are of.
    """

    format: Annotated[str, Field(pattern=rf"^{FORMAT}$")]
    version: str
    generated: str
    source: str
    since: str
    until: str
    first: str
    last: str
    filters: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    accounts: tuple[str, ...]
    counts: dict[str, int]
    files: tuple[File, ...]


def describe(path: Path) -> File:
    """The file as it is."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return File(name=path.name, size=path.stat().st_size, sha256=digest)


def write(manifest: Manifest, directory: Path) -> None:
    """Write it into the directory, beside its files."""
    text = json.dumps(manifest.model_dump(mode="json"), indent=2) + "\n"
    (directory / NAME).write_text(text, encoding="utf-8")


def read(directory: Path) -> Manifest | None:
    """The directory's, None where it has none of ours."""
    try:
        return Manifest.model_validate_json((directory / NAME).read_bytes())
    except (OSError, ValidationError):
        return None


def faults(directory: Path) -> Sequence[dict[str, Any]]:
    """What differs from the manifest: each with `name` and `fault`. Raises InvalidInput where there is
    none."""
    manifest = read(directory)
    if manifest is None:
        raise InvalidInput(
            f"{shown(str(directory))} holds no report of Rightstate: its {NAME} is missing or not understood."
        )
    return [
        {"name": each.name, "fault": fault}
        for each in manifest.files
        if (fault := _fault(directory / each.name, each))
    ]


def _fault(path: Path, expected: File) -> str:
    if path.is_symlink() or not path.is_file():
        return "missing"
    return "" if describe(path) == expected else "changed"
