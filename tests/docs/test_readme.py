"""The README says how many policies there are, and shows the demo."""

import re

from authoring import counts, demo_picture

from rightstate.catalogue import load_all
from rightstate_cli.application import sam_template

README = (sam_template.root() / "README.md").read_text()


def test_the_readme_has_the_numbers_of_the_catalogue() -> None:
    found = re.findall(r"\[(\d+) policies\]\(docs/policies\.md\) for (\d+) types", README)
    expected = (str(sum(len(each.policies) for each in load_all())), str(len(load_all())))
    assert found == [expected], "README.md is out of date: run `make docs`"
    assert counts.filled(README, load_all()) == README


def test_the_readme_shows_a_picture_that_loads_nothing_from_other_hosts() -> None:
    assert f"](docs/{demo_picture.PICTURE})" in README
    svg = (sam_template.root() / "docs" / demo_picture.PICTURE).read_text()
    assert "rightstate&#160;demo" in svg
    assert re.findall(r"(?:url\(|href=|src=)[\"']?https?:", svg) == []
    assert len(svg) < 100_000


def test_a_picture_ends_before_the_execution_that_is_shown_state_by_state() -> None:
    svg = demo_picture.picture("2 events\nExecution 1a2b: rds-instance ledger\n  State")
    assert "2&#160;events" in svg
    assert "Execution" not in svg
