"""The picture of the report in its page: `python -m tests.support.picture REPORT docs/report.png`.

REPORT is the directory of a report, e.g. of the demo: `rightstate demo`, then
`rightstate report -o REPORT --ledger .../demo.sqlite` with the file that the demo names.
"""

import sys
from pathlib import Path

from tests.support import browser as browsers

_WINDOW = {"width": 1280, "height": 1060}
_LARGEST = 300_000


def picture(report: Path, to: Path) -> int:
    """Write what the page shows first, and return its size in bytes. Raises RuntimeError where it is larger
    than a page of the docs should load."""
    with browsers.started() as browser:
        context = browser.new_context(viewport=_WINDOW, color_scheme="light")
        page = context.new_page()
        page.goto((report / "index.html").resolve().as_uri())
        page.wait_for_selector("html[data-ready]")
        page.screenshot(path=to)
    size = to.stat().st_size
    if size > _LARGEST:
        raise RuntimeError(f"{to} has {size} bytes, more than {_LARGEST}.")
    return size


if __name__ == "__main__":
    print(picture(Path(sys.argv[1]), Path(sys.argv[2])), "bytes")
