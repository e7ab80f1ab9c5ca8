"""An organization's members on the pages: what installing them means, the stacks, and the accounts."""

import os
import re
from collections.abc import Iterator
from unittest.mock import patch

import pytest
from starlette.testclient import TestClient

from rightstate_cli.console.access import Access
from rightstate_cli.console.application import application
from rightstate_cli.console.console import Console, Named
from rightstate_cli.hub.deployment import find
from rightstate_cli.member import stack_sets
from rightstate_cli.tables.accounts_table import Registry
from tests.cli.commands.conftest import REGION, Server, _as_new, _server, server
from tests.support import hub_stack, organizations
from tests.support.console import HOME, PORT, Browsing, text
from tests.support.organizations import Organization

__all__ = ["_as_new", "_server", "server"]

STACK = "of-an-organization"
pytestmark = pytest.mark.filterwarnings(organizations.QUIET)


@pytest.fixture(scope="module")
def organization(_server: Server) -> Iterator[Organization]:
    with organizations.fill(), organizations.organization(_server) as made, pytest.warns():
        hub_stack.deploy(_server.session(), STACK, OrganizationId=made.id)
        yield made


@pytest.fixture
def browsing(
    organization: Organization, server: Server, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Browsing]:
    monkeypatch.setattr(stack_sets, "PAUSE", 0)
    with patch.dict(os.environ, server.environment):
        access, console = Access(PORT), Console(Named(deployed=True, stack=STACK))
        with TestClient(application(access, console), base_url=HOME) as client:
            client.get(access.address)
            yield Browsing(client, access, console)


def test_members_are_installed_and_registered_after_what_it_means_was_shown(
    browsing: Browsing, organization: Organization, server: Server
) -> None:
    assert f"rightstate organization show --stack {STACK}" in text(browsing.get("/accounts/organization"))
    part = "/accounts/organization/stacks"
    assert "The StackSet of-an-organization-members does not exist yet." in text(browsing.get(part))
    form = {"units": organization.unit, "regions": f"eu-west-1 {REGION}", "max_concurrent": "50"}
    asked = browsing.post("/accounts/organization/prepare", form)
    page = browsing.worked(asked)
    shown = text(page)
    assert "create the StackSet for" in shown
    assert f"create stacks {organization.unit} in eu-west-1, {REGION}" in shown
    assert (
        f"rightstate organization deploy --ou {organization.unit} --region eu-west-1 --region {REGION} "
        f"--max-concurrent 50 --stack {STACK}"
    ) in shown
    [address] = re.findall(r'action="(/work/[^"]*/install)"', page)
    assert "Nothing was begun. Confirm first" in text(browsing.post(address).text)
    assert "does not exist yet" in text(browsing.get(part))

    done = text(browsing.worked(browsing.post(address, {"agreed": "yes"})))
    assert "4 stacks, all as wanted. Next, register the accounts." in done
    assert "Accounts that join its units get stacks automatically" in text(browsing.get(part))

    registered = text(browsing.worked(browsing.post("/accounts/organization/register")))
    assert all(name in registered for name in ("orders", "invoices"))
    with patch.dict(os.environ, server.environment):
        accounts = {each.account: each for each in Registry(find(STACK).settings).all()}
    assert set(accounts) == set(organization.accounts)
    assert not any(each.policies for each in accounts.values())

    again = text(browsing.worked(browsing.post("/accounts/organization/prepare", {})))
    assert "of-an-organization-members is as wanted. There is nothing to do." in again


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"units": "sales", "regions": REGION}, "is not an organizational unit"),
        ({"root": "yes", "regions": "mars"}, "is not a region"),
        ({"boundary": "everything"}, "everything"),
        ({"max_concurrent": "0"}, "The percentage is a number from 1 to 100. Nothing was begun."),
        ({"types": "nothing"}, "nothing"),
    ],
)
def test_a_form_that_cannot_be_right_changes_nothing(
    browsing: Browsing, server: Server, form: dict[str, str], said: str
) -> None:
    server.calls.clear()
    answer = browsing.post("/accounts/organization/prepare", form)
    page = text(answer.text) if answer.status_code == 400 else text(browsing.worked(answer))
    assert said in page
    assert not server.writes


def test_a_console_of_this_machine_says_that_this_needs_a_hub(browsing: Browsing, tmp_path: object) -> None:
    browsing.console.named = Named(ledger=tmp_path / "ledger.sqlite")  # type: ignore[operator]
    browsing.console.forget()
    for path in ("/accounts/organization", "/accounts/organization/stacks", "/accounts/admitted"):
        answer = browsing.client.get(path)
        assert (answer.status_code, "This needs a hub" in answer.text) == (400, True)
