"""What the shell offers, asked the way a shell asks."""

import pytest
from typer.testing import CliRunner

from rightstate_cli.main import application


def offered(*words: str) -> list[str]:
    """What bash is offered for the last word."""
    asked = {
        "_RIGHTSTATE_COMPLETE": "complete_bash",
        "COMP_WORDS": " ".join(("rightstate", *words)),
        "COMP_CWORD": str(len(words)),
    }
    return CliRunner().invoke(application(), prog_name="rightstate", env=asked).stdout.split()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("plan", "--type", "rds"), ["rds-cluster", "rds-instance", "rds-snapshot"]),
        (("remediate", "--policy", "s3-block"), ["s3-block-public-access"]),
        (("policies", "show", "kms-key-r"), ["kms-key-rotation"]),
        (("policies", "enable", "s3-block"), ["s3-block-public-access"]),
        (("plan", "--type", "nothing"), []),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, tuple) else "",
)
def test_types_and_policies_are_completed(words: tuple[str, ...], expected: list[str]) -> None:
    assert offered(*words) == expected


@pytest.mark.parametrize("command", [[], ["plan"], ["policies", "enable"]], ids=" ".join)
def test_a_short_option_asks_for_help(command: list[str]) -> None:
    short, long = (CliRunner().invoke(application(), [*command, option]) for option in ("-h", "--help"))
    assert (short.exit_code, short.stdout) == (0, long.stdout)
