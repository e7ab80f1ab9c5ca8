"""A check, the place where it looks, and its findings."""

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from threading import RLock
from typing import Any

import boto3
from botocore.exceptions import ClientError, ConnectionError, HTTPClientError

from rightstate.aws.sessions import CONFIG
from rightstate.errors import Denied, RightstateError, SettingsUnreadable
from rightstate.executions.step import defect
from rightstate.models.settings import Account
from rightstate_cli.aws import DENIED
from rightstate_cli.hub.deployment import Hub


class Status(StrEnum):
    """The result of a check."""

    PASS = "PASS"  # noqa: S105 - not a password
    WARN = "WARN"
    FAIL = "FAIL"
    SKIP = "SKIP"


class Per(StrEnum):
    """How often a check runs: once, for each account, or for each region of each account."""

    HUB = "hub"
    ACCOUNT = "account"
    REGION = "region"


@dataclass(frozen=True)
class CheckResult:
    """What was found, and the command or step that fixes it.

    Findings of one `kind`, a plural such as `disabled rules`, have one cause. `subject` tells them apart.
    """

    status: Status
    found: str
    fix: str = ""
    kind: str = ""
    subject: str = ""


def passed(found: str) -> CheckResult:
    return CheckResult(Status.PASS, found)


def warned(found: str, fix: str, kind: str = "", subject: str = "") -> CheckResult:
    return CheckResult(Status.WARN, found, fix, kind, subject)


def failed(found: str, fix: str, kind: str = "", subject: str = "") -> CheckResult:
    return CheckResult(Status.FAIL, found, fix, kind, subject)


def skipped(why: str, fix: str = "") -> CheckResult:
    return CheckResult(Status.SKIP, why, fix)


_NOT_UNDERSTOOD = skipped("The account's settings cannot be read; V15 says why.")


class Untold(Exception):
    """Ends a check early, because it cannot get what it needs. Carries the finding that says so."""

    def __init__(self, finding: CheckResult) -> None:
        super().__init__(finding.found)
        self.finding = finding


class Clients:
    """Clients for any account: in the hub's with the user's credentials, in others through a role.

    Threads may share it.
    """

    def __init__(self, hub: Hub, inspect_role: str | None = None, canary: bool = False) -> None:
        self.inspect_role = inspect_role
        self.canary = canary
        self._hub = hub
        self._lock = RLock()
        self._sessions: dict[str, Any] = {}
        self._clients: dict[tuple[str, str, str], Any] = {}

    def get(self, account: str, region: str, service: str) -> Any:
        """Raises Untold if the account cannot be read."""
        key = (account, region, service)
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._made(account, region, service)
            return self._clients[key]

    def _made(self, account: str, region: str, service: str) -> Any:
        if account == self._hub.account:
            return self._hub.caller.client(service, region)
        if account not in self._sessions:
            self._sessions[account] = self._assumed(account)
        return self._sessions[account].client(service, region_name=region, config=CONFIG)

    def _assumed(self, account: str) -> Any:
        if not self.inspect_role:
            raise Untold(
                skipped(
                    f"Your credentials are not for account {account}, so it cannot be read.",
                    "rightstate verify --inspect-role ROLE, with a role in that account that you may assume, "
                    "e.g. OrganizationAccountAccessRole",
                )
            )
        arn = f"arn:{self._hub.partition}:iam::{account}:role/{self.inspect_role}"
        try:
            keys = self.get(self._hub.account, self._hub.region, "sts").assume_role(
                RoleArn=arn, RoleSessionName="rightstate-verify"
            )["Credentials"]
        except ClientError as error:
            raise Untold(
                skipped(
                    f"Cannot assume {arn} to read the account: {code(error)}.",
                    "Give --inspect-role a role that trusts you.",
                )
            ) from None
        return boto3.Session(
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )


@dataclass(frozen=True)
class Site:
    """Where a check looks: the hub, an account, or one of its regions.

    `accounts` has all registered accounts. If the settings of one cannot be read, it has the reason instead.
    """

    hub: Hub
    accounts: Mapping[str, Account | SettingsUnreadable]
    clients: Clients
    account: str
    region: str

    def client(self, service: str, region: str | None = None) -> Any:
        """A client for this account and region. Raises Untold."""
        return self.clients.get(self.account, region or self.region, service)

    @property
    def settings(self) -> Account:
        """The account's settings. Raises SettingsUnreadable."""
        found = self.accounts[self.account]
        if isinstance(found, SettingsUnreadable):
            raise found
        return found

    @property
    def is_hub(self) -> bool:
        return (self.account, self.region) == (self.hub.account, self.hub.region)

    @property
    def deploy(self) -> str:
        """The command that resets the hub's resources to the template."""
        return f"sam deploy --stack-name {self.hub.stack} --region {self.hub.region}"


Look = Callable[[Site], Iterator[CheckResult]]


@dataclass(frozen=True)
class Check:
    """One check. The function's docstring says what it proves; `fixed_by` says in a few words how to fix it.

    `look` yields each problem as it finds it, and at its end that all is well.
    """

    id: str
    title: str
    per: Per
    fixed_by: str
    look: Look

    @property
    def proves(self) -> str:
        return " ".join((inspect.getdoc(self.look) or "").split())

    @property
    def number(self) -> int:
        return int(self.id[1:])


def check(id: str, title: str, per: Per, fixed_by: str) -> Callable[[Look], Check]:
    """Turn a function that yields findings into a check."""
    return lambda look: Check(id, title, per, fixed_by, look)


def examine(check: Check, site: Site) -> list[CheckResult]:
    """What the check finds there. An error of the check is a finding too. The check's last finding says that
    all is well; it is left out if there are others."""
    found: list[CheckResult] = []
    try:
        found.extend(check.look(site))
    except Untold as untold:
        found.append(untold.finding)
    except SettingsUnreadable:
        found.append(_NOT_UNDERSTOOD)
    except Denied as error:
        found.append(skipped(str(error), "Allow that action for your credentials."))
    except ClientError as error:
        found.append(_refusal(error))
    except (ConnectionError, HTTPClientError) as error:
        found.append(_untold(f"AWS does not answer ({type(error).__name__})."))
    except RightstateError as error:
        found.append(_untold(str(error)))
    except Exception as error:
        found.append(_untold(str(defect(error))))
    return [each for each in found if each.status is not Status.PASS] or found


def code(error: ClientError) -> str:
    """The error code of AWS's answer."""
    return str(error.response.get("Error", {}).get("Code", "Unknown"))


def _refusal(error: ClientError) -> CheckResult:
    answered = f"{error.operation_name} failed with {code(error)}."
    if code(error) not in DENIED:
        return _untold(answered)
    # AWS's message names the action; the name of the operation may differ from it.
    message = str(error.response["Error"].get("Message", ""))
    named = re.search(r"perform:? ([\w-]+:\w+)", message)
    action = named[1] if named else error.operation_name
    return skipped(f"Your credentials lack a permission: {action}.", f"Allow {action} for them.")


def _untold(why: str) -> CheckResult:
    return failed(f"The check failed. {why}", "Try again. If it fails again, please report it.")
