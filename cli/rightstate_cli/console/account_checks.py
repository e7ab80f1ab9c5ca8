"""The checks of one account and its regions."""

from dataclasses import replace

from starlette.responses import Response

from rightstate_cli.aws import checked_account
from rightstate_cli.checks import Per, Result
from rightstate_cli.checks.verification import prepare
from rightstate_cli.console.checks import Verified
from rightstate_cli.console.routing import post
from rightstate_cli.console.visit import Visit
from rightstate_cli.console.work import Work

CHECK = "account_checks"


def run(visit: Visit) -> Response:
    """Begin the checks of the account and its regions."""
    account = checked_account(visit.path("account"))
    role = visit.given("inspect_role") or None
    every = prepare(visit.needs_hub(), (), [account], role, canary=False)
    verification = replace(every, checks=[each for each in every.checks if each.per is not Per.HUB])

    def verify(work: Work) -> Verified:
        found: list[Result] = []
        for each in verification.run():
            found.append(each)
            work.progressed(len(found), None, f"{each.check.id} {each.check.title} {each.region}".strip())
        return Verified(found)

    words = [
        word for each in dict.fromkeys(one.id for one in verification.checks) for word in ("--check", each)
    ]
    words += ["--account", account, *(("--inspect-role", role) if role else ())]
    return visit.begin(CHECK, f"Checks of {account}", visit.of_hub("verify", *words), verify, account)


ROUTES = [post("/accounts/{account}/check", run)]
