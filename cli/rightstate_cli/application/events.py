"""CloudTrail events as EventBridge delivers them, read from files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from rightstate.errors import InvalidInput
from rightstate.executions.step import parse
from rightstate.models.names import ACCOUNT, REGION
from rightstate_cli import foreign_json
from rightstate_cli.application import sam_template

_ENVELOPE = ("id", "source", "detail-type", "account", "region", "time", "detail")
_SO = "Nothing was replayed."


def read(path: Path) -> dict[str, Any]:
    """The event in the file. Raises InvalidInput where it is not one."""
    text = foreign_json.read_text(path, str(path), _SO)
    return understood(foreign_json.parse(text, str(path), _SO), str(path))


def understood(event: Any, named: str) -> dict[str, Any]:
    """What was read, if it is an event. Raises InvalidInput, which calls it as named."""
    missing = [key for key in _ENVELOPE if not isinstance(event, dict) or key not in event]
    if not missing and not isinstance(event["detail"], dict):
        missing = ["detail"]
    if missing:
        bare = isinstance(event, dict) and "eventName" in event
        hint = (
            " It looks like a bare CloudTrail record, which EventBridge puts under `detail`." if bare else ""
        )
        raise InvalidInput(f"{named} is not an EventBridge event: it lacks {', '.join(missing)}.{hint}")
    parse(_Envelope, event)
    found: dict[str, Any] = event
    return found


class _Detail(BaseModel):
    name: str = Field(alias="eventName")


class _Envelope(BaseModel):
    id: str
    source: str
    account: str = Field(pattern=ACCOUNT)
    region: str = Field(pattern=REGION)
    time: str
    detail: _Detail


def shipped() -> dict[str, list[dict[str, Any]]]:
    """Resource type -> the example events that come with the application, in the order of their time."""
    return {
        folder.name: sorted(
            (read(path) for path in folder.glob("*.json")), key=lambda event: str(event["time"])
        )
        for folder in sorted((sam_template.root() / "events").iterdir())
        if folder.is_dir()
    }


def why_unmatched(event: Mapping[str, Any]) -> str:
    """Why no rule matched the event, as far as can be told."""
    detail = event["detail"]
    name, source = detail.get("eventName"), event["source"]
    if code := detail.get("errorCode"):
        return f"The call failed ({code}), so it changed nothing; the rules pass such events over."
    if name not in {
        known for each in sam_template.machines().values() for known in sam_template.event_names(each)
    }:
        return (
            f"No rule listens to {name} of {source}. `rightstate policies show ID` names the events of a "
            "policy."
        )
    return (
        f"The rules listen to {name}, but not to this one: it may be a call of the remediation role itself, "
        "or be about another kind of resource, e.g. another engine."
    )
