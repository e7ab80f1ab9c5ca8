"""Pages: the templates, and what their texts and figures look like.

Everything is escaped. Characters that could steer or reorder what stands around them are shown as escapes.
"""

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse, Response

from rightstate import __version__
from rightstate.policy import Mode
from rightstate.wants import as_change, as_text
from rightstate_cli.console.account_fixes import page_of_finding
from rightstate_cli.console.texts import (
    NAMES,
    commands,
    difference,
    duration,
    foreign,
    group,
    moment,
    percent,
    prose,
    share,
    shortened,
    title,
    who,
)
from rightstate_cli.report import drawing
from rightstate_cli.report.posture import STATES
from rightstate_cli.text import counted, plain

TEMPLATES = Path(__file__).parent / "templates"


def page(template: str, status: int = 200, **values: Any) -> Response:
    """The page of that template."""
    text = _environment().get_template(template).render(values)
    return HTMLResponse(text, status)


def _finalize(value: object) -> object:
    """What is put into a page, without characters that steer."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return plain(value)
    return value


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "as_change": as_change,
        "as_text": as_text,
        "commands": commands,
        "counted": counted,
        "duration": duration,
        "foreign": foreign,
        "group": group,
        "moment": moment,
        "number": lambda value: f"{value:,}",
        "prose": prose,
        "share": share,
        "title_of": title,
        "shortened": shortened,
        # What comes back to the console from a form, e.g. a resource's key: escaped, and nothing else.
        "whole": escape,
        "who": who,
    }
    made.globals |= {
        "NAMES": NAMES,
        "STATES": STATES,
        "MODES": tuple(Mode),
        "difference_of": difference,
        "page_of_finding": page_of_finding,
        "machine_height": drawing.HEIGHT,
        "machine_width": drawing.WIDTH,
        "percent": percent,
        "version": __version__,
    }
    return made
