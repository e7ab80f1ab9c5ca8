"""The console script, as a user of a deployed hub has it."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.acceptance.emulator import CREDENTIALS, plain
from tests.acceptance.hub import PROJECT, Hub
from tests.cli.commands.conftest import Ran

Commands = Callable[..., Ran]


def commands(hub: Hub, folder: Path) -> Commands:
    """Runs it against that hub, with its history in that folder."""

    def run(*arguments: str) -> Ran:
        ran = subprocess.run(  # noqa: S603 - the console script, with a test's own arguments
            [Path(sys.executable).parent / "rightstate", *arguments],
            cwd=PROJECT,
            env={
                **plain(os.environ),
                **CREDENTIALS,
                "AWS_ENDPOINT_URL": hub.endpoint,
                "RIGHTSTATE_STACK": hub.stack,
                "RIGHTSTATE_LEDGER": str(folder / "ledger.sqlite"),
            },
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        return Ran(ran.returncode, ran.stdout, ran.stderr)

    return run
