"""What EventBridge makes of an event with a rule's InputTransformer.

After the EventBridge User Guide, "Amazon EventBridge input transformation", in its strictest reading: nothing
is escaped. A text is put in as it is, with quotes around it where the template has none; an object or a list
is put in as JSON or, between quotes, as JSON without its quotes. Of a path that leads nowhere no variable is
made, and nothing of it appears in the output.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

# A text of the template, or a variable outside of texts.
_PART = re.compile(r'"(?:\\.|[^"\\])*"|<[^<>]*>')
_VARIABLE = re.compile(r"<([^<>]*)>")
_NOTHING = object()


def transformed(transformer: Mapping[str, Any], event: Mapping[str, Any]) -> str:
    """What the target is given. It may be no JSON at all, which no execution can be started with."""
    paths = transformer.get("InputPathsMap", {})
    values = {name: value_at(event, path) for name, path in paths.items()}

    def part(found: re.Match[str]) -> str:
        text = found[0]
        if text.startswith('"'):
            return _VARIABLE.sub(lambda named: _within_text(values.get(named[1], named[0])), text)
        return _by_itself(values[text[1:-1]]) if text[1:-1] in values else text

    return _PART.sub(part, transformer["InputTemplate"])


def value_at(event: Mapping[str, Any], path: str) -> Any:
    """What a path like $.detail.items[0].name leads to, an object of its own kind if it leads nowhere."""
    found: Any = event
    for step in re.findall(r"[^.\[\]]+", path.removeprefix("$.")):
        match found:
            case dict() if step in found:
                found = found[step]
            case list() if step.isdecimal() and int(step) < len(found):
                found = found[int(step)]
            case _:
                return _NOTHING
    return found


def leads_somewhere(event: Mapping[str, Any], path: str) -> bool:
    """Whether the event has what the path names."""
    return value_at(event, path) is not _NOTHING


def _within_text(value: Any) -> str:
    if value is _NOTHING:
        return ""
    return value if isinstance(value, str) else json.dumps(value).replace('"', "")


def _by_itself(value: Any) -> str:
    if value is _NOTHING:
        return ""
    return f'"{value}"' if isinstance(value, str) else json.dumps(value)
