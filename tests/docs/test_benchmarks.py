"""The pages about what was measured say what their figures say."""

from benchmarks import growth_page, peers_page
from benchmarks.peers_page import Measured

from rightstate_cli.application import sam_template

FOLDER = sam_template.root() / "docs" / "benchmarks"


def test_the_page_about_growth_is_made_of_its_figures() -> None:
    grown = growth_page.READ.validate_json((FOLDER / "growth.json").read_text())
    assert (FOLDER / "growth.md").read_text() == growth_page.page(grown)


def test_a_survey_of_a_thousand_times_as_many_resources_takes_no_more_memory_and_time_in_proportion() -> None:
    grown = growth_page.READ.validate_json((FOLDER / "growth.json").read_text())
    [databases] = [each for each in grown if each.type == "rds-instance"]
    assert databases.surveys[-1].resources == 1000 * databases.surveys[0].resources
    assert all(target.met for each in grown for target in growth_page.targets(each))


def test_the_page_about_cloud_custodian_is_made_of_its_figures() -> None:
    measured = Measured.model_validate_json((FOLDER / "peers.json").read_text())
    assert (FOLDER / "peers.md").read_text() == peers_page.page(measured)
