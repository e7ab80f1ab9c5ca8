"""The command line as a user has it: a process of its own, and an AWS-compatible server to act on."""

import io
import json
import os
import subprocess
import sys
import sysconfig
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3
import pytest
from boto3.dynamodb.types import TypeSerializer
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.responses import BaseResponse
from moto.server import ThreadedMotoServer

from rightstate import settings
from rightstate.models import Account
from rightstate_cli import examples, main, moto_gaps
from tests.support import deployed

OWN = DEFAULT_ACCOUNT_ID
"""The account of the user's credentials."""
OTHER = "444455556666"
REGION = "us-east-1"
_READS = ("Get", "Describe", "List", "Assume")


@dataclass
class Server:
    """An AWS-compatible server in this process. `calls` holds `service:Operation` of each request."""

    endpoint: str
    calls: list[str] = field(default_factory=list)

    def session(self, account: str = OWN) -> boto3.Session:
        """The account's own administrator."""
        if account == OWN:
            return _at(self.endpoint, {"aws_access_key_id": "own", "aws_secret_access_key": "own"})
        keys = (
            self.session()
            .client("sts")
            .assume_role(RoleArn=f"arn:aws:iam::{account}:role/admin", RoleSessionName="admin")["Credentials"]
        )
        return _at(
            self.endpoint,
            {
                "aws_access_key_id": keys["AccessKeyId"],
                "aws_secret_access_key": keys["SecretAccessKey"],
                "aws_session_token": keys["SessionToken"],
            },
        )

    def make(self, resource_type: str, name: str, account: str = OWN) -> str:
        """A resource that breaks its policies; returns its identifier."""
        example = examples.load(resource_type)
        made = example.create(self.session(account), name, example.policy)
        self.calls.clear()
        return made

    @property
    def writes(self) -> list[str]:
        return [call for call in self.calls if not call.split(":")[1].startswith(_READS)]

    @property
    def environment(self) -> dict[str, str]:
        """What a user sets to have the commands act on it."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "own",
            "AWS_SECRET_ACCESS_KEY": "own",
            "AWS_DEFAULT_REGION": REGION,
        }


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
        return settings.parsed(account, item) if item else None

    def register(self, **fields: Any) -> None:
        """Write an account's settings as somebody may have done by hand."""
        item = TypeSerializer().serialize(fields)["M"]
        self._table("put_item", Item=item)
        self.server.calls.clear()

    def output(self, name: str) -> str | None:
        """The value that an output of the stack has now."""
        cloudformation = self.server.session().client("cloudformation")
        [stack] = cloudformation.describe_stacks(StackName=self.stack)["Stacks"]
        outputs = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
        return outputs.get(name)

    def _table(self, operation: str, **request: Any) -> Any:
        dynamodb = self.server.session().client("dynamodb")
        return getattr(dynamodb, operation)(TableName=self.outputs["SettingsTable"], **request)


@pytest.fixture(scope="session")
def _server() -> Iterator[Server]:
    server = Server("")

    def recorded(self: BaseResponse, request: Any, *args: Any, **kwargs: Any) -> None:
        _set_up(self, request, *args, **kwargs)
        server.calls.append(f"{self.service_name}:{self._get_action() or request.method}")

    _set_up = BaseResponse.setup_class
    threaded = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    with moto_gaps.fill(), patch.object(BaseResponse, "setup_class", recorded):
        threaded.start()
        server.endpoint = "http://{}:{}".format(*threaded.get_host_and_port())
        yield server
        threaded.stop()


@pytest.fixture
def server(_server: Server) -> Server:
    _server.calls.clear()
    return _server


@pytest.fixture
def hub(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub that the commands find without being told its name."""
    stack = f"hub-{uuid.uuid4().hex[:8]}"
    monkeypatch.setenv("RIGHTSTATE_STACK", stack)
    with deployed.simulated(server.environment):
        outputs = deployed.deploy(server.session(), stack, MemberRoleName=f"{stack}-remediation")
        server.calls.clear()
        yield Hub(server, stack, outputs)


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
def history(tmp_path: Path) -> Path:
    """The file that RIGHTSTATE_HISTORY names."""
    return tmp_path / "history.json"


@pytest.fixture
def cli(server: Server, history: Path, tmp_path: Path) -> Cli:
    """Runs the console script. Keyword arguments are environment variables, an empty one is unset."""

    def run(*args: str, stdin: str = "", **environment: str) -> Ran:
        given = {**_plain(tmp_path), **server.environment, "RIGHTSTATE_HISTORY": str(history)}
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
def inside(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    server: Server,
    history: Path,
    tmp_path: Path,
) -> Cli:
    """The same in this process, for what neither acts on AWS nor shows a width."""

    def run(*args: str, stdin: str = "", **environment: str) -> Ran:
        given = {**_plain(tmp_path), **server.environment, "RIGHTSTATE_HISTORY": str(history), **environment}
        with patch.dict(os.environ, {k: v for k, v in given.items() if v}, clear=True):
            monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
            monkeypatch.setattr(sys, "argv", ["rightstate", *args])
            with pytest.raises(SystemExit) as ended:
                main.run()
        said = capsys.readouterr()
        return Ran(int(ended.value.code or 0), said.out, said.err)

    return run


@pytest.fixture
def refused(inside: Cli) -> Callable[..., str]:
    """Runs a command that must end with exit code 2 and no result; returns what it says on stderr."""

    def run(*args: str, **environment: str) -> str:
        ran = inside(*args, **environment)
        assert (ran.code, ran.out) == (2, "")
        return ran.err

    return run


def _plain(home: Path) -> Mapping[str, str]:
    """This process's environment, without an AWS configuration and without a terminal's width."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith("AWS_") and name != "COLUMNS"
    }
    return {**kept, "HOME": str(home), "AWS_EC2_METADATA_DISABLED": "true"}


def _at(endpoint: str, keys: dict[str, str]) -> boto3.Session:
    class Session(boto3.Session):
        def client(self, *args: Any, **kwargs: Any) -> Any:  # type: ignore[override]
            return super().client(*args, endpoint_url=endpoint, **kwargs)

    return Session(region_name=REGION, **keys)
