"""Size of the built layer, as it is uploaded."""

import zipfile
from io import BytesIO
from typing import Any

from rightstate_cli import application


def measure() -> dict[str, Any]:
    """Bytes, zipped and unzipped. Raises RuntimeError where `make build` has not been run."""
    built = application.root() / ".aws-sam" / "build" / "RightstateLayer"
    files = [path for path in built.rglob("*") if path.is_file()]
    if not files:
        raise RuntimeError("There is no built layer; run `make build` first.")
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            archive.write(path, path.relative_to(built))
    return {"zipped": buffer.tell(), "unzipped": sum(path.stat().st_size for path in files)}
