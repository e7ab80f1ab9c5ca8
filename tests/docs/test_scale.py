"""The page about scale is what its script counts and derives."""

from benchmarks import scale

from rightstate_cli import application


def test_the_page_is_what_the_script_derives() -> None:
    assert (application.root() / "docs" / "scale.md").read_text() == scale.page()


def test_a_resource_takes_the_states_that_it_enters_and_a_function_for_each_task() -> None:
    paths = scale.measured()
    assert paths["compliant"].functions < paths["compliant"].states
    # Apply and Verify.
    assert paths["remediated"].states - paths["compliant"].states == 2
    assert scale.of_the_backfill() == 2
