"""The pages about what was measured say what their figures say."""

from benchmarks import growth_page, peers_page
from benchmarks.growth_page import Grown
from benchmarks.peers_page import Measured

from rightstate_cli.application import sam_template

FOLDER = sam_template.root() / "docs" / "benchmarks"


def test_the_page_about_growth_is_made_of_its_figures() -> None:
    grown = Grown.model_validate_json((FOLDER / "growth.json").read_text())
    assert (FOLDER / "growth.md").read_text() == growth_page.page(grown)


def test_a_survey_of_a_thousand_times_as_many_resources_takes_no_more_memory_and_time_in_proportion() -> None:
    grown = Grown.model_validate_json((FOLDER / "growth.json").read_text())
    assert grown.surveys[-1].resources == 1000 * grown.surveys[0].resources
    assert all(each.met for each in growth_page.targets(grown))


def test_the_page_about_cloud_custodian_is_made_of_its_figures() -> None:
    measured = Measured.model_validate_json((FOLDER / "peers.json").read_text())
    assert (FOLDER / "peers.md").read_text() == peers_page.page(measured)
