"""Removes from the layer's botocore the models of the services that the library does not name.

botocore has the models of more than 400 services, of some in several versions: 14 of its 17 MB zipped. Each
service stays whose name stands between quotes anywhere in the library, even where that is another word: so
there is no list to keep, and no service that is called is missing. The build runs this with any Python, so it
imports nothing of the library.
"""

import re
import shutil
import sys
from pathlib import Path

_QUOTED = re.compile(r"""["']([a-z0-9-]+)["']""")


def quoted(library: Path) -> set[str]:
    """Every word between quotes in the library."""
    return {word for module in library.rglob("*.py") for word in _QUOTED.findall(module.read_text("utf-8"))}


def trim(data: Path, words: set[str]) -> None:
    """Leave of botocore's data what every service needs, and the newest version of the services named."""
    for service in [each for each in data.iterdir() if each.is_dir()]:
        # botocore takes the newest version where none is asked for; the library asks for none.
        *older, newest = sorted(service.iterdir())
        for version in older if service.name in words else [*older, newest]:
            shutil.rmtree(version)
        if service.name not in words:
            service.rmdir()


if __name__ == "__main__":
    root = Path(sys.argv[1])
    trim(root / "botocore" / "data", quoted(root / "rightstate"))
