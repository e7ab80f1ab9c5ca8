"""The main ways in a real browser, on a deployed hub whose state machines really run.

From the first account to an enabled policy, remediation, undo, approval, exemption, and a session that ends.
"""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any
from unittest.mock import patch

import pytest
from moto.core.exceptions import JsonRESTError
from moto.core.responses import BaseResponse
from playwright.sync_api import Browser, Page, expect

from rightstate.models.settings import Account, Enabled
from rightstate.policy import Mode
from rightstate_cli.console import serving
from rightstate_cli.console.console import Named
from rightstate_cli.console.serving import Served
from tests.cli.commands.conftest import OWN, REGION, Server, _as_new, _server, engine
from tests.cli.console.test_hub_executions import as_person, encryption
from tests.support import policy_simulation
from tests.support.moto_engine import Engine
from tests.support.waiting import ended, request_of, started

__all__ = ["_as_new", "_server", "engine"]

SQS = "sqs-server-side-encryption"
Open = Callable[[Served], Page]


@contextmanager
def serving_as(server: Server, **credentials: str) -> Iterator[Served]:
    """The hub's console, served as the command serves it, for the user with these credentials."""
    with patch.dict(os.environ, {**server.environment, **credentials}):
        served = serving.prepare(Named(deployed=True), 0, False)
        # Signed in while these are the credentials.
        assert served.console.workspace.caller.user_id
        thread = Thread(target=served.run, args=(False,), daemon=True)
        thread.start()
        yield served
        served.stop()
        thread.join(10)


@pytest.fixture(scope="module")
def served(_server: Server, engine: Engine) -> Iterator[Served]:
    with policy_simulation.simulated(), serving_as(_server) as found:
        yield found


@pytest.fixture
def opened(browser: Browser) -> Iterator[Open]:
    """Opens a console in a browser that is signed in there, on the overview."""
    with ExitStack() as stack:

        def open_page(served: Served) -> Page:
            home = f"http://127.0.0.1:{served.access.port}"
            context = stack.enter_context(browser.new_context(base_url=home))
            cookie = {"name": served.access.cookie, "value": served.access._session, "url": home}
            context.add_cookies([cookie])  # type: ignore[list-item]
            page = context.new_page()
            page.goto("/")
            return page

        yield open_page


def menu(page: Page, name: str) -> None:
    page.get_by_role("navigation", name="Pages").get_by_role("link", name=name).click()


def test_the_first_account_is_added_and_its_first_policy_enabled(
    served: Served, opened: Open, engine: Engine
) -> None:
    page = opened(served)
    menu(page, "Accounts")
    page.get_by_role("link", name="Add an account").click()
    page.get_by_label("Account", exact=True).fill(OWN)
    page.get_by_label("Name", exact=True).fill("Platform")
    page.get_by_role("button", name="Add and try its role").click()
    # moto runs no function here, so whether the role works is not told.
    page.get_by_role("link", name="Enable policies").click()
    page.get_by_placeholder("Id, title or category").fill(SQS)
    # Those of one account are chosen already.
    page.get_by_label(f"Choose {SQS}").check()
    page.get_by_label("Mode", exact=True).last.select_option("auto")
    page.get_by_role("button", name="Show what it means for 1").click()
    expect(page.get_by_text("Nothing was changed yet.")).to_be_visible()
    page.get_by_label(re.compile("Let 1 policy of risk")).check()
    page.get_by_role("button", name="Change 1 account").click()
    expect(page.get_by_text("The settings of 1 account were written.")).to_be_visible()
    account = served.console.workspace.registry.get(OWN)
    assert (account.name, account.policies[SQS].mode) == ("Platform", Mode.AUTO)


def test_a_resource_is_planned_remediated_and_the_change_undone(
    served: Served, opened: Open, engine: Engine, _server: Server
) -> None:
    engine.configure(Account(account=OWN, policies={SQS: Enabled(mode=Mode.AUTO)}))
    _server.make("sqs-queue", "orders")
    page = opened(served)
    page.goto(f"/resources/{OWN}/{REGION}/sqs-queue/orders")
    page.get_by_role("button", name="Plan", exact=True).click()
    expect(page.get_by_text("sqs:SetQueueAttributes(")).to_be_visible()
    page.get_by_label("Reason, for the ledger").fill("CHG-5521")
    page.get_by_role("button", name="Remediate 1 resource now").click()
    expect(page.get_by_role("cell", name="remediated")).to_be_visible(timeout=30_000)
    assert encryption(_server, "orders") == "true"
    page.get_by_role("link", name="orders").click()
    page.get_by_role("link", name="Undo …").click()
    expect(page.get_by_text("Nothing was changed yet.")).to_be_visible()
    page.get_by_label("Reason, for the ledger and the exemption").fill("CHG-5522")
    page.get_by_role("button", name="Undo 1 setting").click()
    expect(page.get_by_text("Verified by a fresh read.")).to_be_visible(timeout=30_000)
    assert encryption(_server, "orders") == "false"
    menu(page, "Exemptions")
    expect(page.get_by_role("cell", name="CHG-5522")).to_be_visible()


def test_what_waits_is_approved_by_another_person_and_not_by_who_caused_it(
    served: Served, opened: Open, engine: Engine, _server: Server
) -> None:
    policies = {SQS: Enabled(mode=Mode.APPROVE)}
    engine.configure(Account(account=OWN, policies=policies, approvers=("*",)))
    _server.make("sqs-queue", "invoices")
    requester = served.console.workspace.caller.user_id
    given = {"account": OWN, "region": REGION, "resource": "invoices", "requester": requester}
    execution = started(engine, "sqs-queue", given)
    requested = request_of(engine, execution)
    own = opened(served)
    own.goto(f"/approvals/{requested.id}")
    expect(own.get_by_role("button", name="Approve")).to_be_disabled()
    with serving_as(_server, **as_person(_server, "ana")) as anas:
        page = opened(anas)
        menu(page, "Approvals")
        page.get_by_role("link", name="invoices").click()
        expect(page.get_by_text("Encryption", exact=True)).to_be_visible()
        page.get_by_label("Reason, for the ledger").fill("CHG-5523")
        page.get_by_role("button", name="Approve").click()
        expect(page).to_have_url(re.compile("/executions/"))
        # The page shows the end by itself.
        expect(page.locator("header").get_by_text("remediated")).to_be_visible(timeout=30_000)
        expect(page.get_by_text("CHG-5523")).to_be_visible()
    assert encryption(_server, "invoices") == "true"
    assert ended(engine, execution)["approval"]["reason"] == "CHG-5523"


def test_a_resource_is_exempt_from_its_own_page_until_the_exemption_is_removed(
    served: Served, opened: Open, engine: Engine, _server: Server
) -> None:
    engine.configure(Account(account=OWN, policies={SQS: Enabled(mode=Mode.AUTO)}))
    _server.make("sqs-queue", "legacy")
    page = opened(served)
    page.goto(f"/resources/{OWN}/{REGION}/sqs-queue/legacy")
    page.get_by_role("link", name="Exempt …").click()
    page.get_by_label("Until, the last day (UTC)").fill(f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%d}")
    page.get_by_label("Reason").fill("CHG-5524")
    page.get_by_label("Who approved it").fill("ana@example.com")
    page.get_by_role("button", name="Exempt").click()
    expect(page.get_by_text("It counts from the next execution on.")).to_be_visible()
    page.get_by_role("link", name="legacy").click()
    expect(page.get_by_text("exempt", exact=False).first).to_be_visible()
    menu(page, "Exemptions")
    page.get_by_role("row", name="CHG-5524").get_by_role("link", name="Remove …").click()
    expect(page.get_by_text("The next execution fixes deviations there.")).to_be_visible()
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("was removed.")).to_be_visible()
    assert not served.console.workspace.registry.get(OWN).exemptions


def test_a_session_that_ends_is_said_and_after_signing_in_anew_the_page_works(
    served: Served, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = opened(served)
    set_up = BaseResponse.setup_class

    def expired(self: BaseResponse, request: Any, *args: Any, **kwargs: Any) -> None:
        set_up(self, request, *args, **kwargs)
        if self.service_name == "dynamodb":
            raise JsonRESTError("ExpiredTokenException", "The security token in the request is expired")

    with monkeypatch.context() as patched:
        patched.setattr(BaseResponse, "setup_class", expired)
        menu(page, "Exemptions")
        expect(page.get_by_role("alert")).to_contain_text("aws sso login")
        expect(page.get_by_role("alert")).to_contain_text("Then reload this page")
    page.reload()
    expect(page.get_by_role("heading", name="Exemptions")).to_be_visible()
