"""The command line as a user has it, and an AWS-compatible server to act on."""

import io
import json
import os
import subprocess
import sys
import sysconfig
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3
import pytest
import typer.main
from boto3.dynamodb.types import TypeSerializer

from rightstate.accounts import settings
from rightstate.aws import sessions
from rightstate.catalogue import load_all
from rightstate.models.settings import Account, Enabled
from rightstate.policy import Mode
from rightstate.storage.dynamodb import plain
from rightstate_cli import main
from rightstate_cli.hub import deployment as hubs
from rightstate_cli.hub import stacks
from tests.support import hub_stack, registering, requests
from tests.support.deployed import deployed_on
from tests.support.moto_engine import Engine
from tests.support.server import OWN, REGION, Server, started

__all__ = ["OTHER", "OWN", "REGION", "Cli", "Ran", "Server"]

OTHER = "444455556666"

# What leaves a hub as it was, but for the items of its tables. What an invoked function calls is counted too.
_ITEMS_ONLY = {
    *("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:TransactWriteItems"),
    *("dynamodb:BatchWriteItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:Scan"),
    *("awslambda:Invoke", "sns:Publish"),
}

# Typer reads the signatures of all commands anew for each one that is run, a fiftieth of a second long.
typer.main.get_command = cache(typer.main.get_command)


@dataclass(frozen=True)
class Ran:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Cli = Callable[..., Ran]


@dataclass(frozen=True)
class Hub:
    """A hub that is deployed on the server, under a name of its own."""

    server: Server
    stack: str
    outputs: dict[str, str]

    def account(self, account: str) -> Account | None:
        """What the settings table says of an account."""
        item = self._table("get_item", Key={"account": {"S": account}}).get("Item")
        return settings.parsed(account, plain(item)) if item else None

    def register(self, **fields: Any) -> None:
        """Write an account's settings as the commands do."""
        registering.register(self._seen, Account.model_validate(fields))
        self.server.calls.clear()

    def write_by_hand(self, **fields: Any) -> None:
        """Write an account's settings as nobody does who uses the commands."""
        self._table("put_item", Item=TypeSerializer().serialize(fields)["M"])
        self.server.calls.clear()

    def forget(self, account: str) -> None:
        """Take an account's settings away."""
        registering.forget(self._seen, account)
        self.server.calls.clear()

    @contextmanager
    def functions(self) -> Iterator[None]:
        """What the library does meanwhile, it does as a function of this hub."""
        own = {"GUARDS_TABLE": self.outputs["GuardsTable"], "TOPIC_ARN": self.outputs["Notifications"]}
        environment = {
            **self.server.environment,
            **requests.ENVIRONMENT,
            **own,
            "POWERTOOLS_METRICS_DISABLED": "true",
        }
        with patch.dict(os.environ, environment), sessions.hub_kept_apart(boto3.Session):
            yield
        self.server.calls.clear()

    def output(self, name: str) -> str | None:
        """The value that an output of the stack has now."""
        cloudformation = self.server.session().client("cloudformation")
        [stack] = cloudformation.describe_stacks(StackName=self.stack)["Stacks"]
        outputs = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
        return outputs.get(name)

    @property
    def admitted(self) -> list[str]:
        """The accounts that the stack beside the hub's lists, as CloudFormation has them."""
        for stack in self.server.session().client("cloudformation").describe_stacks()["Stacks"]:
            if stack["StackName"] == f"{self.stack}-admission":
                return stacks.outputs(stack)["Accounts"].split(",")
        return []

    @cached_property
    def _seen(self) -> hubs.Hub:
        return registering.hub_of(self.server.session(), OWN, REGION, self.stack, self.outputs)

    def _table(self, operation: str, **request: Any) -> Any:
        dynamodb = self.server.session().client("dynamodb")
        return getattr(dynamodb, operation)(TableName=self.outputs["SettingsTable"], **request)


@pytest.fixture(scope="session")
def _server() -> Iterator[Server]:
    with started() as server:
        yield server


@pytest.fixture(scope="module", autouse=True)
def _as_new(_server: Server) -> None:
    """No module finds what another one has left on the server: an organization, or a hundred buckets."""
    _server.reset()


@pytest.fixture(scope="module")
def engine(_server: Server) -> Iterator[Engine]:
    """A hub deployed on that server, whose rules and state machines really run. Nothing is enabled in it."""
    # Of a server that has been reset, as each moto in this process does, the keys are nobody's any more.
    _server.forget()
    with (
        deployed_on(_server.endpoint, _server.environment) as deployed,
        patch.dict(os.environ, RIGHTSTATE_STACK="rightstate"),
    ):
        yield deployed
    _server.forget()


@pytest.fixture(scope="module")
def enabled(engine: Engine) -> None:
    """Every policy in mode auto, in the hub's own account and in another."""
    policies = {
        each.id: Enabled(mode=Mode.AUTO, parameters=each.examples)
        for of in load_all()
        for each in of.policies
    }
    role = f"arn:aws:iam::{OTHER}:role/rightstate-remediation"
    engine.configure(Account(account=OWN, policies=policies))
    engine.configure(Account(account=OTHER, role_arn=role, policies=policies))


@pytest.fixture
def server(_server: Server) -> Server:
    _server.forget()
    _server.calls.clear()
    return _server


@pytest.fixture(scope="module")
def _deployed() -> dict[str, Hub]:
    """The hub of the module's last test."""
    return {}


@pytest.fixture
def hub(server: Server, _deployed: dict[str, Hub], monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub that the commands find without being told its name, as it is when it has been deployed."""
    with hub_stack.simulated(server.environment):
        # A deployment takes half a second. It is the last test's while that wrote nothing but items.
        if "hub" in _deployed and server.written <= _ITEMS_ONLY:
            hub_stack.emptied(_deployed["hub"].stack, OWN)
        else:
            stack = f"hub-{uuid.uuid4().hex[:8]}"
            outputs = hub_stack.deploy(server.session(), stack, MemberRoleName=f"{stack}-remediation")
            _deployed["hub"] = Hub(server, stack, outputs)
        server.calls.clear()
        server.written.clear()
        monkeypatch.setenv("RIGHTSTATE_STACK", _deployed["hub"].stack)
        yield _deployed["hub"]


@pytest.fixture
def profile(server: Server, tmp_path: Path) -> str:
    """The name of an AWS profile with the credentials of OTHER's administrator."""
    keys = server.session(OTHER).get_credentials().get_frozen_credentials()
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text(
        f"[other]\naws_access_key_id = {keys.access_key}\naws_secret_access_key = {keys.secret_key}\n"
        f"aws_session_token = {keys.token}\n"
    )
    server.calls.clear()
    return "other"


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """The file that RIGHTSTATE_LEDGER names."""
    return tmp_path / "data" / "ledger.sqlite"


@pytest.fixture
def process(server: Server, ledger: Path, tmp_path: Path) -> Cli:
    """Runs the console script in a process of its own, which takes a second longer than `cli`: for what a
    terminal's width, a process's memory or its end decide.
    """

    def run(*args: str, stdin: str = "", **environment: str) -> Ran:
        given = {**_plain(tmp_path), **server.environment, "RIGHTSTATE_LEDGER": str(ledger)}
        ran = subprocess.run(  # noqa: S603 - the console script, with a test's own arguments
            [Path(sysconfig.get_path("scripts")) / "rightstate", *args],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={name: value for name, value in {**given, **environment}.items() if value},
        )
        return Ran(ran.returncode, ran.stdout, ran.stderr)

    return run


@pytest.fixture
def cli(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    server: Server,
    ledger: Path,
    tmp_path: Path,
) -> Cli:
    """Runs a command. Keyword arguments are environment variables, an empty one is unset."""

    def run(*args: str, stdin: str = "", **environment: str) -> Ran:
        given = {**_plain(tmp_path), **server.environment, "RIGHTSTATE_LEDGER": str(ledger), **environment}
        with patch.dict(os.environ, {k: v for k, v in given.items() if v}, clear=True):
            monkeypatch.setattr(sys, "argv", ["rightstate", *args])
            monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
            with pytest.raises(SystemExit) as ended:
                main.run()
        said = capsys.readouterr()
        return Ran(int(ended.value.code or 0), said.out, said.err)

    return run


@pytest.fixture
def refused(cli: Cli) -> Callable[..., str]:
    """Runs a command that must end with exit code 2 and no result; returns what it says on stderr."""

    def run(*args: str, **environment: str) -> str:
        ran = cli(*args, **environment)
        assert (ran.code, ran.out) == (2, "")
        return ran.err

    return run


def _plain(home: Path) -> Mapping[str, str]:
    """This process's environment, without an AWS configuration and without a terminal's width."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith("AWS_") and name != "COLUMNS"
    }
    return {**kept, "HOME": str(home), "AWS_EC2_METADATA_DISABLED": "true"}
