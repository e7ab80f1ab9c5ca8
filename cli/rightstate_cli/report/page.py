"""index.html: one file that needs no other, and that may load none."""

import hashlib
import json
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import IO, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from rightstate_cli.application import sam_template
from rightstate_cli.report import drawing
from rightstate_cli.report.columns import Columns

ASSETS = Path(__file__).parent / "assets"
CHART = "vendor/chart.umd.min.js"
SCRIPTS = ("text.js", "records.js", "figures.js", "charts.js", "tables.js", "dialog.js", "page.js")
_DATA = "@DATA@"


def write(to: IO[bytes], view: Mapping[str, Any], columns: Columns) -> None:
    """Write the page. `view` is what the first view shows, in JSON's types; the entries come last, so that
    it need not wait for them."""
    before, after = _rendered(view).split(_DATA)
    to.write(before.encode())
    columns.write(to)
    to.write(after.encode())


def _rendered(view: Mapping[str, Any]) -> str:
    style = _text("page.css")
    # The map is not beside the page.
    chart = re.sub(r"\n//# sourceMappingURL=.*\n*$", "\n", _text(CHART))
    script = "\n".join(_text(name) for name in SCRIPTS)
    script = f'(() => {{\n"use strict";\n{script}\n}})();'
    policy = (
        f"default-src 'none'; base-uri 'none'; form-action 'none'; style-src {_hash(style)}; "
        f"script-src {_hash(chart)} {_hash(script)}"
    )
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            policy=policy,
            style=Markup(style),  # noqa: S704 - ours, from the package
            chart=Markup(chart),  # noqa: S704
            script=Markup(script),  # noqa: S704
            view=Markup(_json(view)),  # noqa: S704 - without anything that HTML reads
            machine=asdict(_machine()),
            size={"height": drawing.HEIGHT, "width": drawing.WIDTH},
            data=_DATA,
        )
    )


def _json(value: Any) -> str:
    """JSON inside a script element, which ends at the first `</script` and turns at `<!--`."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return (
        text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026").replace("@", "\\u0040")
    )


def _hash(text: str) -> str:
    """The source expression that allows that element and no other (CSP Level 3, hash-source)."""
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _machine() -> drawing.Drawing:
    definition = (sam_template.root() / "statemachines" / "remediation.asl.json").read_text(encoding="utf-8")
    return drawing.draw(json.loads(definition))


@cache
def _text(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(ASSETS),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
