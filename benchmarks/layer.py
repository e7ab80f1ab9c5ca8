"""Size of the built layer, as it is uploaded, and whether it is compiled."""

import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

from rightstate_cli.application import sam_template

BUILT = sam_template.root() / ".aws-sam" / "build" / "RightstateLayer"


def measure(built: Path = BUILT) -> dict[str, Any]:
    """Bytes, zipped and unzipped, and whether each module has its bytecode.

    Raises RuntimeError where `make build` has not been run.
    """
    files = [path for path in built.rglob("*") if path.is_file()]
    if not files:
        raise RuntimeError("There is no built layer; run `make build` first.")
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            archive.write(path, path.relative_to(built))
    modules, compiled = ([path for path in files if path.suffix == suffix] for suffix in (".py", ".pyc"))
    return {
        "zipped": buffer.tell(),
        "unzipped": sum(path.stat().st_size for path in files),
        "compiled": len(modules) == len(compiled),
    }
