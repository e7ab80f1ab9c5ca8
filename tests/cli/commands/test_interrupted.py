"""Ctrl-C before anything was started: one sentence, exit code 130, no traceback."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rightstate_cli.terminal.interrupt import UNCHANGED_AFTER
from tests.cli.commands.conftest import Cli


@pytest.mark.parametrize(
    ("raised", "said"),
    [(KeyboardInterrupt(), UNCHANGED_AFTER), (KeyboardInterrupt("Two are left."), "Two are left.")],
)
def test_a_command_that_is_interrupted_ends_with_one_sentence(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, raised: KeyboardInterrupt, said: str
) -> None:
    def interrupted(path: Path) -> Any:
        raise raised

    monkeypatch.setattr("rightstate_cli.planning.plan_file.read", interrupted)
    before = signal.getsignal(signal.SIGINT)
    try:
        ran = cli("plan", "--show", "plan.json")
    finally:
        signal.signal(signal.SIGINT, before)
    assert (ran.code, ran.out, ran.err) == (130, "", f"{said}\n")


def test_ctrl_c_while_modules_are_imported_shows_no_traceback() -> None:
    code = (
        "import sys, rightstate_cli.__main__ as script\n"
        "class Interrupting:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'rightstate_cli.main': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupting())\n"
        "script.run()\n"
    )
    ran = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", "Interrupted. Nothing was begun.\n")
