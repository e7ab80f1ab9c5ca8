"""The skeleton of a resource type, written by `make new-type`, and what of it is left to fill in."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import jinja2
from botocore.exceptions import UnknownServiceError

from rightstate import catalogue

_SKELETON = Path(__file__).parent / "skeleton"
_LIBRARY = "layers/rightstate/python/rightstate"
_FILES = {
    "policies.py.j2": _LIBRARY + "/policies/{module}.py",
    "resource_type.py.j2": _LIBRARY + "/resource_types/{module}.py",
    "example.py.j2": "cli/rightstate_cli/simulation/examples/{module}.py",
    "event.json.j2": "events/{name}/FillIn.json",
    "expected.py.j2": "tests/types/{module}.py",
    "test.py.j2": "tests/layer/resource_types/test_{module}.py",
}
_LEFT = re.compile(r"FILL IN|FillIn|fill-in")


def write(root: Path, name: str, service: str) -> list[Path]:
    """Write the files of the type, and return them.

    Raises ValueError, and writes nothing, where the name is none or taken, or boto3 has no such service.
    """
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        raise ValueError(f"{name} is no name of a type. It has lower-case words and hyphens, e.g. log-group.")
    if name in catalogue.names():
        raise ValueError(f"There is a type {name} already.")
    environment = jinja2.Environment(  # noqa: S701 - Python
        loader=jinja2.FileSystemLoader(_SKELETON),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    given = {"name": name, "module": name.replace("-", "_"), **_of_service(service)}
    written = []
    for template, path in _FILES.items():
        file = root / path.format(**given)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(environment.get_template(template).render(given))
        written.append(file)
    return written


def _of_service(service: str) -> dict[str, Any]:
    try:
        metadata = botocore.session.get_session().get_service_model(service).metadata
    except UnknownServiceError as error:
        raise ValueError(
            f"boto3 has no service {service}; boto3.Session().get_available_services() lists them."
        ) from error
    return {
        "service": service,
        # As most services have it; some have another prefix in IAM, or another source in CloudTrail.
        "prefix": metadata.get("signingName", metadata["endpointPrefix"]),
        "source": metadata["endpointPrefix"],
    }


def left(root: Path, name: str) -> Iterator[str]:
    """`path:line: text` of each line of the type's files that is to be filled in."""
    module = name.replace("-", "_")
    paths = [root / path.format(name=name, module=module) for path in _FILES.values()]
    for path in [*paths[:3], *sorted((root / "events" / name).glob("*.json")), *paths[4:]]:
        text = path.read_text() if path.exists() else ""
        if _LEFT.search(path.name):
            yield f"{path.relative_to(root)}: the file's name"
        for number, line in enumerate(text.splitlines(), 1):
            if _LEFT.search(line):
                yield f"{path.relative_to(root)}:{number}: {line.strip()}"


def main(arguments: list[str]) -> int:
    """Write the skeleton into the working directory, and say what is to be done with it."""
    if len(arguments) != 2:
        print(
            "Name the type and its boto3 service: make new-type NAME=log-group SERVICE=logs", file=sys.stderr
        )
        return 2
    name, service = arguments
    root = Path.cwd()
    try:
        written = write(root, name, service)
    except ValueError as error:
        print(f"{error} Nothing was written.", file=sys.stderr)
        return 2
    for file in written:
        print(file.relative_to(root))
    marked = len(list(left(root, name)))
    print(f"\n{len(written)} files written. {marked} lines are left to fill in. They are marked")
    print("FILL IN, FillIn or fill-in. The tests fail and list them until then.")
    print("docs/extending.md shows a type that is filled in. Then run: make docs test")
    return 0
