"""The SAM application as a directory of the user's own, ready for `sam build` and `sam deploy`.

A manifest beside it has the hash of each file as it was written. So an upgrade tells a file that somebody
has changed from one of an older version.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, ValidationError

import rightstate
from rightstate import __version__
from rightstate.errors import InvalidInput
from rightstate.identify import shown
from rightstate_cli.application import sam_template

MANIFEST = ".rightstate.json"
_USERS_OWN = "samconfig.toml"
"""The user's parameters. It is written once and never again."""
_TAKEN = (
    "template.yaml",
    _USERS_OWN,
    "statemachines/*.json",
    "functions/*/app.py",
    "events/*/*.json",
    "member/template.yaml",
    "layers/*/Makefile",
    "layers/*/*.py",
    "layers/*/requirements.*",
    "layers/*/sbom.cdx.json",
)
_LIBRARY = Path("layers/rightstate/python/rightstate")


class _Manifest(BaseModel):
    version: str
    files: Mapping[str, str]


@dataclass
class Written:
    """What was done with the files of the application, by their paths within the directory.

    `kept` have changes of the user and were left alone.
    """

    added: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    from_version: str | None = None


def write(directory: Path, overwrite: bool = False) -> Written:
    """Write the application into the directory, or bring what an older version wrote there up to date.

    A file that somebody has changed since is replaced only with `overwrite`, samconfig.toml never. Raises
    InvalidInput, and changes nothing, where there are such files without `overwrite`, where the directory
    holds what another tool wrote, or what a newer version wrote; and where it cannot be written.
    """
    if directory.exists() and not directory.is_dir():
        raise InvalidInput(
            f"{shown(str(directory))} is a file, not a directory. Nothing was written. Name a directory."
        )
    wanted = {path.as_posix(): source.read_bytes() for path, source in files()}
    try:
        before = _manifest(directory)
        found = _on_disk(directory, {*wanted, *before.files})
    except OSError as error:
        raise InvalidInput(f"{shown(str(directory))} cannot be read: {error.strerror}.") from None
    _check(directory, before, found, wanted, overwrite)
    done = Written(from_version=before.version or None)
    try:
        for path, content in wanted.items():
            _put(directory, path, content, found.get(path), done)
        for path in sorted(before.files.keys() - wanted.keys()):
            if path in found:
                (directory / path).unlink()
                done.removed.append(path)
        manifest = _Manifest(
            version=__version__, files={path: _hash(wanted[path]) for path in sorted(wanted)}
        )
        _replace(directory / MANIFEST, (manifest.model_dump_json(indent=2) + "\n").encode())
    except OSError as error:
        raise InvalidInput(
            f"{shown(str(error.filename or directory))} cannot be written: {error.strerror}. Other files may "
            "be written already. Fix this and run the command again: it goes on from there."
        ) from None
    return done


def files() -> Iterator[tuple[Path, Path]]:
    """Path within the directory -> the file that is copied there."""
    root = sam_template.root()
    for pattern in _TAKEN:
        for source in sorted(root.glob(pattern)):
            yield source.relative_to(root), source
    library = Path(rightstate.__file__).parent
    for source in sorted(library.rglob("*")):
        if source.is_file() and "__pycache__" not in source.parts:
            yield _LIBRARY / source.relative_to(library), source


def _manifest(directory: Path) -> _Manifest:
    path = directory / MANIFEST
    if not path.exists():
        return _Manifest(version="", files={})
    try:
        return _Manifest.model_validate_json(path.read_bytes())
    except ValidationError:
        raise InvalidInput(
            f"{shown(str(path))} is not understood. Nothing was written. Restore it, or name a new directory."
        ) from None


def _on_disk(directory: Path, paths: set[str]) -> dict[str, str]:
    """Path -> hash, of those that are there."""
    return {path: _hash((directory / path).read_bytes()) for path in paths if (directory / path).exists()}


def _check(
    directory: Path,
    before: _Manifest,
    found: Mapping[str, str],
    wanted: Mapping[str, bytes],
    overwrite: bool,
) -> None:
    name = shown(str(directory))
    if _release(before.version) > _release(__version__):
        raise InvalidInput(
            f"{name} was written by Rightstate {before.version}, and this is {__version__}. Nothing was "
            "written. Upgrade the command, or name a new directory."
        )
    changed = [
        path
        for path, digest in found.items()
        if path != _USERS_OWN
        and digest != before.files.get(path)
        and (path not in wanted or digest != _hash(wanted[path]))
    ]
    if not changed or (overwrite and before.version):
        return
    listed = ", ".join(sorted(changed)[:5]) + (f" and {len(changed) - 5} more" if len(changed) > 5 else "")
    if not before.version:
        raise InvalidInput(
            f"{name} has files that Rightstate did not write: {listed}. Nothing was written. Name a new "
            "directory."
        )
    raise InvalidInput(
        f"{name} has files that were changed since Rightstate {before.version} wrote them: {listed}. Nothing "
        "was written. Give --overwrite to replace them; samconfig.toml stays in any case."
    )


def _put(directory: Path, path: str, content: bytes, found: str | None, done: Written) -> None:
    if found is None:
        _replace(directory / path, content)
        done.added.append(path)
    elif found == _hash(content):
        done.unchanged.append(path)
    elif path == _USERS_OWN:
        done.kept.append(path)
    else:
        _replace(directory / path, content)
        done.updated.append(path)


def _replace(path: Path, content: bytes) -> None:
    """Write the file so that a kill leaves the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(content)
    os.replace(beside, path)  # noqa: PTH105 - the atomic one


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _release(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
