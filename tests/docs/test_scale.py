"""The page about scale is what its script counts and derives."""

from benchmarks import scale

from rightstate_cli.application import sam_template


def test_the_page_is_what_the_script_derives() -> None:
    assert (sam_template.root() / "docs" / "scale.md").read_text() == scale.page()


def test_a_resource_takes_the_states_that_it_enters_and_a_function_for_each_task() -> None:
    paths = scale.measured()
    assert paths["compliant"].functions < paths["compliant"].states
    # Apply and Verify.
    assert paths["remediated"].states - paths["compliant"].states == 2
    assert scale.of_the_backfill() == {"scope": 3, "service": 1, "resource": 2}


def test_a_sweep_of_a_million_resources_is_within_what_it_may_take() -> None:
    swept = scale.sweep(scale.measured()["remediated"], scale.surveyed(), scale.of_the_backfill())
    assert sum(swept.costs.values()) * 30 < 200
    assert swept.survey_seconds / scale.SCOPES_AT_ONCE < 3600
