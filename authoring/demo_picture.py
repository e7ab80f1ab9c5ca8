"""Records a run of `rightstate demo` as docs/demo.svg, the picture of the README.

Run it as `python -m authoring.demo_picture` when the demo prints something else than before. The run's times
and ids differ each time, so `make docs` does not make the picture.
"""

import io
import os
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

from rightstate_cli.application import sam_template

PICTURE = "demo.svg"
_WIDTH = 100
# The picture shows the totals and the resources. After them comes one execution, state by state.
_END = "Execution "
# Rich names fonts on another host. A page that shows the SVG as a picture loads none, and nothing may.
_FONT_FACES = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def picture(printed: str) -> str:
    """The terminal as SVG, with the command above what it has printed (with ANSI colours)."""
    lines = printed.splitlines()
    end = next((at for at, line in enumerate(lines) if Text.from_ansi(line).plain.startswith(_END)), None)
    shown = "\n".join(lines[:end]).rstrip()
    console = Console(record=True, width=_WIDTH, file=io.StringIO(), force_terminal=True)
    console.print("[bold]$ rightstate demo")
    console.print(Text.from_ansi(shown))
    svg = console.export_svg(title="rightstate demo", theme=DIMMED_MONOKAI, unique_id="demo")
    return _FONT_FACES.sub("", svg)


def main(file: Path) -> None:
    """Run the demo, and write its picture into the file."""
    ran = subprocess.run(
        [sys.executable, "-m", "rightstate_cli", "demo"],
        env={**os.environ, "COLUMNS": str(_WIDTH), "FORCE_COLOR": "1", "TERM": "xterm-256color"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # the progress
        text=True,
        check=True,
    )
    file.write_text(picture(ran.stdout))


if __name__ == "__main__":
    main(sam_template.root() / "docs" / PICTURE)
