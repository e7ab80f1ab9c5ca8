"""The pages that only a hub's console has, in a real browser: installing an organization's members, with the
keyboard's labels, from a phone's width to a wall's."""

import os
import re
from collections.abc import Iterator
from unittest.mock import patch

import pytest
from playwright.sync_api import Browser, expect

from rightstate_cli.console.console import Named
from rightstate_cli.console.serving import Served
from rightstate_cli.member import stack_sets
from tests.cli.commands.conftest import OWN, REGION, Server, _as_new, _server
from tests.cli.console.test_browser import opening, serve_named, too_wide, violations
from tests.cli.console.test_organization import STACK, organization
from tests.support import hub_stack, organizations
from tests.support.organizations import Organization

__all__ = ["_as_new", "_server", "organization"]

pytestmark = pytest.mark.filterwarnings(organizations.QUIET)


@pytest.fixture(scope="module")
def served(organization: Organization, _server: Server) -> Iterator[Served]:
    functions = hub_stack.simulated(_server.environment)
    with functions, patch.dict(os.environ, _server.environment), patch.object(stack_sets, "PAUSE", 0):
        yield from serve_named(Named(deployed=True, stack=STACK))


def test_members_are_installed_and_each_page_on_the_way_can_be_read(
    browser: Browser, served: Served, organization: Organization
) -> None:
    for open_page in opening(browser, served):
        seen = open_page()
        seen.go("/accounts")
        seen.page.get_by_role("link", name="Organization").click()
        seen.page.get_by_label("Organizational units").fill(organization.unit)
        seen.page.get_by_label("Regions, the first has the roles").fill(REGION)
        seen.page.get_by_role("button", name="Show what it means").click()
        expect(seen.page.get_by_role("cell", name="create the StackSet")).to_be_visible()
        asked = seen.page.url.removeprefix(seen.home)
        seen.page.reload()
        seen.page.get_by_label("Do that in these accounts.").check()
        seen.page.get_by_role("button", name="Install").click()
        expect(seen.page.get_by_text("2 stacks, all as wanted.")).to_be_visible()
        installed = seen.page.url.removeprefix(seen.home)
        seen.page.get_by_role("link", name="Register the accounts").click()
        expect(seen.page.get_by_role("cell", name=REGION).first).to_be_visible()
        seen.page.get_by_role("button", name="Register").click()
        expect(seen.page.get_by_role("link", name="orders")).to_be_visible()
        registered = seen.page.url.removeprefix(seen.home)
        seen.page.get_by_role("link", name="orders").click()
        expect(seen.page.get_by_text(re.compile("Policies are enabled"))).to_be_visible()
        seen.page.get_by_role("button", name="Check now").click()
        expect(
            seen.page.get_by_role("cell", name="SKIP", exact=True).first.locator(".badge")
        ).to_be_in_viewport()
        account = f"/accounts/{organization.accounts[0]}"
        paths = (
            "/accounts", "/accounts/organization", asked, installed, registered, account,
            "/accounts/admitted", f"/accounts/add?account={OWN}&install=yes", f"{account}/remove", "/checks",
        )  # fmt: skip
        assert violations(seen, paths) == {}
        assert too_wide(seen, paths) == {}
        assert seen.elsewhere == []
        assert seen.said == []
