"""The page of the checks of `rightstate verify`."""

from rightstate_cli import checks
from rightstate_cli.application import sam_template
from rightstate_cli.docs import reference


def test_the_page_is_what_the_checks_say() -> None:
    written = (sam_template.root() / "docs" / "verify.md").read_text()
    assert written == reference.page_of_checks(), "docs/verify.md is out of date: run `make docs`"


def test_the_page_has_a_row_for_each_check() -> None:
    rows = [line for line in reference.page_of_checks().splitlines() if line.startswith("| V")]
    assert [row.split(" | ")[0].removeprefix("| ") for row in rows] == [each.id for each in checks.ALL]
    assert [row for row in rows if row.count(" | ") != 3] == []
