"""The embedded engine: the application in this process, with nothing deployed.

The real definition is interpreted and the real handlers run. What they act on is either simulated too, or the
AWS that the standard credentials and `AWS_ENDPOINT_URL` name.
"""

import importlib.util
import json
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from threading import Event
from typing import TYPE_CHECKING, Any, get_args
from unittest.mock import patch

import boto3
import botocore.loaders
import botocore.session
from botocore.config import Config

from rightstate.accounts import settings
from rightstate.aws import sessions
from rightstate.executions.step import logger
from rightstate.guarding.limits import What
from rightstate.models.settings import Account
from rightstate.notifying import channels
from rightstate.storage import Storage, kept_in
from rightstate.storage.table import Item, Table
from rightstate.storage.tables import LEDGER, SETTINGS, TableSpec
from rightstate_cli.application import sam_template
from rightstate_cli.embedded import hub
from rightstate_cli.embedded.interpreter import Handler, Interpreter
from rightstate_cli.embedded.storage import SQLiteStorage
from rightstate_cli.embedded.told import Told
from rightstate_cli.embedded.watch import Watch
from rightstate_cli.executions.executions import Execution, Start, from_history

if TYPE_CHECKING:
    from rightstate_cli.embedded.rules import Match

HUB_ACCOUNT = hub.ACCOUNT


@dataclass
class Engine:
    """The application. `simulated` and `acting_outside` make one.

    `told` has the messages to people and the events on the bus. `running` has the ARNs of the executions
    that the latest `run` follows and that have not ended.
    """

    region: str
    interpreter: Interpreter
    hub: hub.Hub
    storage: Storage
    told: Told = field(default_factory=Told)
    logs: list[str] = field(default_factory=list)
    running: set[str] = field(default_factory=set)

    @property
    def resources(self) -> dict[str, str]:
        """Physical id of each of the hub's resources, by its logical id."""
        return self.hub.resources

    @property
    def machines(self) -> dict[str, str]:
        """ARN of each resource type's state machine."""
        return {named: self.resources[name] for name, named in sam_template.machines().items()}

    def client(self, service: str, config: Config | None = None) -> Any:
        """A client of the hub."""
        return self.hub.client(service, config)

    def configure(self, account: Account) -> None:
        """Write an account's settings, as the operator of a deployed hub does."""
        self.table(SETTINGS).put(settings.as_item(account))

    def table(self, spec: TableSpec) -> Table:
        """One of the hub's tables."""
        return self.storage(spec)

    def matches(self, event: Mapping[str, Any]) -> "list[Match]":
        """What the rules on the hub's bus make of the event."""
        from rightstate_cli.embedded import rules  # noqa: PLC0415 - it imports moto

        return rules.matches(event, self.region)

    def run(
        self, starts: Iterable[Start], at_once: int | Callable[[], int] = 8, keep: bool = True
    ) -> Iterator[Execution]:
        """Start the executions, at most `at_once` side by side, which may change meanwhile.

        Each is given back as soon as it has ended, with those that it started in turn. Without `keep` its
        history is dropped then.
        """
        may_run = at_once if callable(at_once) else lambda: at_once
        ended: SimpleQueue[str] = SimpleQueue()
        begun: set[str] = set()
        # One that was given up before has left some of its own.
        running = self.running = set()
        machines = self.machines
        types = {arn: named for named, arn in machines.items()}

        def follow(execution: str) -> None:
            if execution not in begun:
                begun.add(execution)
                running.add(execution)
                self.interpreter.when_ended(execution, ended.put)

        waiting = iter(starts)
        while True:
            for start in islice(waiting, max(0, may_run() - len(running))):
                follow(self.interpreter.start(machines[start.resource_type], start.input, start.name))
            if not running:
                return
            arn = ended.get()
            described = self.interpreter.describe(arn)
            machine = described["stateMachineArn"]
            execution = from_history(described, self.interpreter.history(arn), types[machine])
            for child in self._children(arn, machine, execution):
                follow(child)
            if not keep:
                self.interpreter.forget(arn)
            running.discard(arn)
            yield execution

    def _children(self, arn: str, machine: str, execution: Execution) -> list[str]:
        """The executions that it started. Its output names only the first of many; all begin alike."""
        if not execution.fanned_out_to:
            return []
        alike = f"{arn.rpartition(':')[0]}:{execution.fanned_out_to[0].rpartition('-')[0]}-"
        return [each for each in self.interpreter.executions(machine) if each.startswith(alike)]

    def resources_in_work(self) -> set[str]:
        """The resources of the executions that the latest `run` follows and that have not ended."""
        given = (json.loads(self.interpreter.describe(arn)["input"]) for arn in self.running)
        return {str(each.get("resource") or each.get("group")) for each in given}

    def ledger(self) -> list[Item]:
        """Every entry of the ledger that is in its indexes; those of canaries are not."""
        return [item for item in self.table(LEDGER).scan() if "execution" in item]


@contextmanager
def simulated(
    region: str = "us-east-1", wait_scale: float = 0.01, storage: Storage | None = None
) -> Iterator[Engine]:
    """The application, acting on simulated accounts. The waits of Retry are shortened by `wait_scale`.

    Without `storage` the tables end with it.
    """
    # It is not needed where the accounts are real.
    from moto import mock_aws  # noqa: PLC0415

    kept = {
        # Whatever the user's environment names as endpoint or profile, nothing leaves the process.
        "AWS_DEFAULT_REGION": region,
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
        # moto makes Amazon's 1,300 images in each region of each account. Nothing here asks about them.
        "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",
    }
    with patch.dict(os.environ, kept), _models_read_once():
        os.environ.pop("AWS_PROFILE", None)
        with mock_aws(), _engine(region, wait_scale, Event(), storage) as engine:
            engine.hub.other = boto3.Session(region_name=region)
            yield engine


@contextmanager
def _models_read_once() -> Iterator[None]:
    """Let all sessions share the models of AWS's services: each reads and parses its own.

    moto has its own: botocore takes the bucket out of the paths in the models that it has loaded.
    """
    with (
        patch("botocore.session.create_loader", cache(botocore.session.create_loader)),
        patch("moto.core.utils.create_loader", cache(botocore.loaders.create_loader)),
    ):
        yield


@contextmanager
def acting_outside(
    region: str, left: Event | None = None, storage: Storage | None = None, watch: Watch | None = None
) -> Iterator[Engine]:
    """The application, acting on the AWS of the standard credentials and `AWS_ENDPOINT_URL`.

    Its tables are in `storage`; without one they end with it. `watch` hears of every execution
    that starts and ends.
    Once `left` is set, what waits for its next try fails with the error that it has, and what waits for
    anything else is aborted. It is set in the end.
    """
    with _engine(region, 1, left or Event(), storage, watch) as engine:
        # The limits are against what others cause in a hub's accounts. Here a person starts everything.
        limits = dict.fromkeys((f"{each.upper()}_PER_HOUR" for each in get_args(What)), "0")
        with patch.dict(os.environ, limits):
            yield engine


@contextmanager
def _engine(
    region: str, wait_scale: float, left: Event, storage: Storage | None, watch: Watch | None = None
) -> Iterator[Engine]:
    with ExitStack() as stack:
        if storage is None:
            folder = stack.enter_context(TemporaryDirectory(prefix="rightstate-", ignore_cleanup_errors=True))
            storage = SQLiteStorage(Path(folder) / "ledger.sqlite")
        handlers: dict[str, Handler] = {}
        interpreter = Interpreter(HUB_ACCOUNT, region, handlers, wait_scale, left, watch or Watch())
        engine = Engine(region, interpreter, hub.Hub(region, interpreter), storage)
        engine.resources.update(hub.names(region))
        stack.enter_context(kept_in(storage))
        stack.enter_context(channels.told_through(engine.told))
        # Last entered, so left first: what still runs finds the tables until it has ended.
        stack.enter_context(interpreter.running())
        for logical_id, app in sam_template.functions().items():
            handlers[engine.resources[logical_id]] = load_handler(app)
        for logical_id, definition in sam_template.definitions(engine.resources).items():
            interpreter.create(engine.resources[logical_id], definition)
        stack.enter_context(_environment(engine.resources))
        stack.enter_context(logs_to(engine.logs))
        stack.enter_context(sessions.hub_kept_apart(lambda: engine.hub))
        yield engine


@contextmanager
def _environment(resources: Mapping[str, str]) -> Iterator[None]:
    """The environment of all functions, which have no name for two things."""
    found: dict[str, str] = {"POWERTOOLS_METRICS_DISABLED": "true"}
    for logical_id in sam_template.functions():
        found |= sam_template.environment(logical_id, resources)
    # No backfill runs here: what an event concerns is started one by one, as there is no limit of time.
    found.pop("BACKFILL_MACHINE", None)
    with patch.dict(os.environ, found):
        yield


@contextmanager
def functions_on(storage: Storage) -> Iterator[None]:
    """What the functions' code finds where it is called, without any execution: their tables and environment.
    What it logs goes nowhere."""
    with _environment(hub.names("us-east-1")), kept_in(storage), logs_to([]):
        yield


def load_handler(app: Path) -> Handler:
    """The `handler` of a function's app.py."""
    spec = importlib.util.spec_from_file_location(f"rightstate_function_{app.parent.name}", app)
    if spec is None or spec.loader is None:
        raise ImportError(f"{app} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    handler: Handler = module.handler
    return handler


@contextmanager
def logs_to(lines: list[str]) -> Iterator[None]:
    """Keep what the functions log, which in Lambda goes to CloudWatch."""

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    [console] = logger.handlers
    handler = Lines()
    handler.setFormatter(console.formatter)
    logger.handlers[:] = [handler]
    try:
        yield
    finally:
        logger.handlers[:] = [console]
