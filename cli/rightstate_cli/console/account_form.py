"""What the forms of an account ask for."""

import shlex
from collections.abc import Mapping
from typing import Any

from rightstate_cli.console.visit import Visit
from rightstate_cli.operations.add_account import AccountRequest

FIELDS = (
    "account",
    "name",
    "regions",
    "all_regions",
    "contacts",
    "role",
    "external_id",
    "install",
    "profile",
    "types",
    "boundary",
)


def requested(given: Mapping[str, str]) -> AccountRequest:
    """The account that the form of a new one asks for."""
    return AccountRequest(
        account=given["account"],
        regions=tuple(given["regions"].replace(",", " ").split()),
        all_regions=bool(given["all_regions"]),
        name=given["name"] or None,
        contacts=tuple(given["contacts"].replace(",", " ").split()),
        role=given["role"] or None,
        external_id=given["external_id"] or None,
        install=bool(given["install"]),
        profile=given["profile"] or None,
        types=tuple(given["types"].replace(",", " ").split()),
        boundary=given["boundary"] or None,
    )


def command(visit: Visit, request: AccountRequest) -> str:
    """The command that adds it."""
    single: dict[str, Any] = {
        "--name": request.name,
        "--role": request.role,
        "--external-id": request.external_id,
        "--profile": request.profile,
        "--boundary": request.boundary,
    }
    words = ["rightstate", "accounts", "add", request.account]
    words += [word for each in request.regions for word in ("--region", each)]
    words += [word for each in request.contacts for word in ("--contact", each)]
    words += [word for name, value in single.items() if value for word in (name, value)]
    words += [word for each in request.types for word in ("--type", each)]
    words += ["--all-regions"] if request.all_regions else []
    words += ["--install"] if request.install else []
    return shlex.join([*words, *visit.console.named.options])


def lines(text: str) -> tuple[str, ...]:
    """What a box has on its lines. One empty text says that there is nothing, as the options of the command
    take it."""
    return tuple(line.strip() for line in text.splitlines() if line.strip()) or ("",)
