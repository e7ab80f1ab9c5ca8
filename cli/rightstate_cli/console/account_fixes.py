"""The pages that do what an account lacks: a step of its onboarding, or what a check finds."""

from collections.abc import Mapping
from dataclasses import dataclass

from rightstate_cli.checks import Status
from rightstate_cli.checks.grouping import Group
from rightstate_cli.operations.onboarding import Name, Step


@dataclass(frozen=True)
class Page:
    """A page that does what is missing: the link's text, and its address; `{account}` is filled in."""

    label: str
    address: str


INSTALL = Page("Install or update the member …", "/accounts/add?account={account}&install=yes")
MEMBERSHIP = Page("Change membership …", "/accounts/add?account={account}")
POLICIES = Page("Enable policies …", "/policies?account={account}")
OF_CHECKS: Mapping[str, Page | None] = {
    "V2": INSTALL,
    "V3": INSTALL,
    "V4": INSTALL,
    "V5": INSTALL,
    "V6": INSTALL,
    # No operation changes an account's trails: they cost, and other tools read them.
    "V7": None,
    "V9": INSTALL,
    "V15": POLICIES,
    "V18": MEMBERSHIP,
    "V23": None,
}
"""The page that fixes what a check of an account or its regions finds."""
_OF_STEPS: Mapping[Name, Page] = {
    Name.EVENTS: Page("Accept its events …", "/accounts/admitted?account={account}"),
    Name.CONTACTS: Page("Subscribe them again …", "/accounts/add?account={account}"),
    Name.POLICIES: POLICIES,
    Name.FIXES: Page("Raise the mode …", "/policies?account={account}&mode=report"),
}


def page_of_step(step: Step, local: bool) -> Page | None:
    """The page that does the step. None if it is done, or only a command does it."""
    if step.name is Name.ROLE and step.repairs:
        return MEMBERSHIP if local else INSTALL
    return _OF_STEPS.get(step.name) if step.done is False else None


def page_of_finding(group: Group) -> Page | None:
    """The page that fixes what was found. None if nothing is wrong, or only a command fixes it."""
    wrong = group.status in (Status.FAIL, Status.WARN)
    return OF_CHECKS.get(group.first.check.id) if wrong else None
