"""The start address for the browser, in a file. Every user of the machine can read a browser's command line,
and only you can read the file."""

import os
import shutil
import tempfile
from html import escape
from pathlib import Path

_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Rightstate</title>
<meta name="referrer" content="no-referrer"><meta http-equiv="refresh" content="0;url={address}"></head>
<body><p><a href="{address}">Open the console</a></p></body>
</html>
"""


class StartFile:
    """A page that leads on to the start address, in a directory of its own."""

    def __init__(self, address: str) -> None:
        # mkdtemp makes a directory of mode 0700.
        self._folder = Path(tempfile.mkdtemp(prefix="rightstate-console-"))
        self._path = self._folder / "start.html"
        with os.fdopen(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(_PAGE.format(address=escape(address)))

    @property
    def uri(self) -> str:
        """What to open."""
        return self._path.as_uri()

    def remove(self) -> None:
        """Remove it. It may have been removed already."""
        shutil.rmtree(self._folder, ignore_errors=True)
