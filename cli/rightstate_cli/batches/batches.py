"""Batches: the runs of the backfill machine, their resources, and the outcomes so far.

A batch is a name. Its items are in the work bucket. Its runs are executions of the backfill machine that are
named after it. The outcome of each item is in the ledger's index.
"""

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event
from typing import Any

from botocore.exceptions import ClientError

from rightstate.catalogue import load
from rightstate.errors import InvalidInput
from rightstate.identify import shown
from rightstate.models.backfill import Scope
from rightstate.models.names import BATCH
from rightstate.models.start import StartInput
from rightstate.states.backfill import to_start
from rightstate_cli.aws import answers
from rightstate_cli.executions.executions import RUNNING, failure_of, moment
from rightstate_cli.hub.deployment import ALIAS, Hub
from rightstate_cli.hub.follow import states_of
from rightstate_cli.planning import plan_file

NOT_RUN = "not-run"
IS_RUNNING = "running"
STOPPED = "Stopped"
"""The error of a run that a person has stopped."""
DIED = "died"
"""An execution that ended without its ending: aborted, timed out, or failed to record itself."""

_SOME_FAILED = "SomeFailed"
_SETTLED = frozenset({"compliant", "remediated", "not-applicable", "gone", "exempt"})
# The ledger's index is eventually consistent (DynamoDB developer guide): it may lag behind the last ones.
_LAG_SECONDS = 15
_POLL_SECONDS = 2.0
# StartExecution is eventually consistent with DescribeExecution.
_UNSEEN_SECONDS = 30
# A resource that is tried once more gets another name, as a name can be used once in 90 days.
_AGAIN = re.compile(r"-r([0-9]+)$")


@dataclass(frozen=True)
class Item:
    """One resource of a batch, and what became of it."""

    name: str
    resource_type: str
    account: str
    region: str
    resource: str
    outcome: str = NOT_RUN
    reason: str = ""

    @property
    def settled(self) -> bool:
        """Whether it is as approved, or needs no fix any more."""
        return self.outcome in _SETTLED

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What identifies the item in a batch, and in a plan."""
        return self.account, self.region, self.resource_type, self.resource


@dataclass(frozen=True)
class Run:
    """One execution of the backfill machine. `error` and `reason` say why it did not succeed. That some
    resources failed is not an error of the run."""

    arn: str
    status: str
    started: datetime
    input: Mapping[str, Any]
    output: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""
    reason: str = ""

    @property
    def name(self) -> str:
        return self.arn.rpartition(":")[2]

    @property
    def batch(self) -> str:
        """The batch that it works on. A run that names none is a batch of its own."""
        return str(self.input.get("batch") or self.name)


def batch_of(plan: plan_file.Plan, number: int) -> str:
    """The batch of a plan. One plan has one batch for everybody who applies it, and another one for each time
    that it is applied with --again."""
    first = f"plan-{plan.sha256[:24]}"
    return first if number == 1 else f"{first}_{number}"


def checked(batch: str) -> str:
    """The name, if it can be one. Raises InvalidInput."""
    if not re.fullmatch(BATCH, batch):
        raise InvalidInput(
            f"{shown(batch)} cannot be the name of a batch. `rightstate batch list` lists them."
        )
    return batch


class Batches:
    """The batches of a hub. Its methods raise Denied, Unavailable and InvalidInput."""

    def __init__(self, hub: Hub) -> None:
        missing = {"BackfillMachine", "LedgerTable", "WorkBucket"} - hub.outputs.keys()
        if missing:
            raise InvalidInput(
                f"The hub {shown(hub.stack)} is older than batches: it has no {', '.join(sorted(missing))}. "
                "Nothing was changed. Deploy it again."
            )
        self._hub = hub
        self._machine = hub.outputs["BackfillMachine"]
        self._ledger = hub.ledger
        self._bucket = hub.outputs["WorkBucket"]
        self._states = states_of(hub)
        self._s3 = hub.client("s3")

    # --- Runs ---

    def latest(self, limit: int) -> list[Run]:
        """The latest runs, the newest first."""
        found = []
        with answers("Nothing was changed."):
            for page in self._states.get_paginator("list_executions").paginate(
                stateMachineArn=self._machine, PaginationConfig={"PageSize": limit, "MaxItems": limit}
            ):
                found += [self._described(each["executionArn"]) for each in page["executions"]]
        return [each for each in found if each]

    def runs(self, batch: str) -> list[Run]:
        """The runs of a batch, in order."""
        found: list[Run] = []
        with answers("Nothing was changed."):
            while run := self._described(self._arn(_run_name(batch, len(found) + 1))):
                found.append(run)
        return found

    def latest_round(self, plan: plan_file.Plan) -> tuple[int, list[Run]]:
        """How many times the plan was applied from the beginning, and the runs of the last time. For never,
        1 and none."""
        number = 1
        runs = self.runs(batch_of(plan, number))
        while runs and (more := self.runs(batch_of(plan, number + 1))):
            number, runs = number + 1, more
        return number, runs

    def start(self, batch: str, given: Mapping[str, Any]) -> str:
        """Start a run of the batch, the next one; returns its ARN."""
        name = _run_name(batch, len(self.runs(batch)) + 1)
        taken = (
            f"Somebody else has started {name} meanwhile. `rightstate batch show {batch}` shows how it goes."
        )
        with answers("Nothing was started.", gone={"ExecutionAlreadyExists": taken}):
            answer = self._states.start_execution(
                stateMachineArn=f"{self._machine}:{ALIAS}",
                name=name,
                input=json.dumps({**given, "requester": self._hub.caller.user_id}),
            )
        arn: str = answer["executionArn"]
        return arn

    def stop(self, run: Run) -> None:
        """Start nothing more. The remediations that it has started go on."""
        cause = f"rightstate batch stop by {self._hub.caller.arn}"
        with answers("It may still run."):
            self._states.stop_execution(executionArn=run.arn, error=STOPPED, cause=cause)

    def follow(
        self, batch: str, arn: str, left: Event, progressed: Callable[[Counter[str]], None]
    ) -> Run | None:
        """Wait for the run's end. None once `left` is set. `progressed` gets how many have which outcome."""
        begun = time.monotonic()
        while not left.is_set():
            with answers("The run goes on in the hub."):
                run = self._described(arn)
            if run is None and time.monotonic() - begun > _UNSEEN_SECONDS:
                raise InvalidInput(f"The run {shown(arn)} does not exist any more.")
            counts = Counter(ended["outcome"] for ended in self.outcomes(batch).values())
            progressed(counts)
            if run and run.status != RUNNING:
                return run
            # A look at many outcomes costs more than one at few.
            left.wait(_POLL_SECONDS + counts.total() / 1000)
        return None

    def _arn(self, name: str) -> str:
        return f"{self._machine.replace(':stateMachine:', ':execution:', 1)}:{name}"

    def _described(self, arn: str) -> Run | None:
        try:
            answer = self._states.describe_execution(executionArn=arn)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ExecutionDoesNotExist":
                return None
            raise
        return Run(
            arn=arn,
            status=answer["status"],
            started=answer["startDate"],
            input=_object(answer.get("input")),
            output=_object(answer.get("output")),
            error="" if answer.get("error") == _SOME_FAILED else answer.get("error", ""),
            reason=failure_of(answer.get("cause", "")),
        )

    # --- Items ---

    def upload(
        self, batch: str, number: int, items: Sequence[plan_file.Item], reason: str
    ) -> Mapping[str, str]:
        """Write what the run of that number is to do, and add it to the batch's items; returns where."""
        known = self._scopes(batch) or {}
        names = {_key(each): each["name"] for entries in known.values() for each in entries}
        grouped: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
        for item in items:
            given = StartInput(
                account=item.account,
                region=item.region,
                resource=item.resource,
                policies=item.policies,
                reason=reason,
                approved=item.fingerprint,
                batch=batch,
                # Who starts it cannot approve what it asks for.
                requester=self._hub.caller.user_id,
            )
            service = load(item.resource_type).service
            entry = to_start(item.resource_type, given)
            # One that is tried once more has got another name.
            entry["name"] = names.get(_key(entry), entry["name"])
            grouped.setdefault((item.account, item.region, service), []).append(entry)
        merged = {
            scope: [
                *known.get(scope, []),
                *(each for each in grouped.get(scope, []) if _key(each) not in names),
            ]
            for scope in {**known, **grouped}
        }
        self._write(_folder(batch), merged)
        return self._write(f"{_folder(batch)}/runs/{number}", grouped)

    def items(self, batch: str) -> list[Item]:
        """The batch's items, each with its outcome. Raises InvalidInput where there is no such batch."""
        outcomes = self.outcomes(batch)
        found = [
            Item(
                name=each["name"],
                resource_type=each["resource_type"],
                account=each["input"]["account"],
                region=each["input"]["region"],
                resource=each["input"]["resource"],
                **outcomes.get(each["name"], {}),
            )
            for entries in self._read(batch).values()
            for each in entries
        ]
        open_ones = {each.resource_type for each in found if each.outcome == NOT_RUN}
        since = next((run.started for run in self.runs(batch)), None)
        begun: dict[str, str] = {}
        if open_ones and since:
            for resource_type in sorted(open_ones):
                begun |= self._begun(resource_type, batch, since)
        return [_begun_as(each, begun) for each in found]

    def unlisted(self, batch: str) -> list[str]:
        """The places and types that could not be looked at, or not yet."""
        found = self._read(batch).items()
        return ["/".join(filter(None, scope)) for scope, entries in found if entries is _UNLISTED]

    def rename(self, batch: str, names: set[str]) -> int:
        """Give those items another name, so that the next run starts them once more; returns how many."""
        grouped = self._read(batch)
        renamed = 0
        for entries in grouped.values():
            for each in entries:
                if each["name"] in names:
                    each["name"] = _next_name(each["name"])
                    renamed += 1
        if renamed:
            self._write(_folder(batch), grouped)
        return renamed

    def scopes(self, batch: str) -> Mapping[str, str]:
        """Where the batch's scopes are."""
        return self._at(_folder(batch))

    def outcomes(self, batch: str) -> dict[str, dict[str, str]]:
        """Outcome and reason of each execution of the batch that has ended, by its name."""
        with answers("Nothing was changed."):
            return {
                item["at"].rpartition("#")[2]: {
                    "outcome": item["outcome"],
                    "reason": item.get("reason", ""),
                }
                for item in self._ledger.query(batch, "batch")
            }

    def ended(self, run: Run) -> list[Item]:
        """The items of a run that has ended, once the ledger's index has caught up, as far as it may lag."""
        ends = time.monotonic() + (0 if run.status == "ABORTED" else _LAG_SECONDS)
        while True:
            found = self.items(run.batch)
            open_ones = {each.outcome for each in found} & {NOT_RUN, IS_RUNNING, DIED}
            if not open_ones or time.monotonic() > ends:
                return found
            time.sleep(_POLL_SECONDS)

    def _begun(self, resource_type: str, batch: str, since: datetime) -> dict[str, str]:
        """The batch's executions of the type that run or did not succeed, by name."""
        found = {}
        machine = self._hub.machine(resource_type).removesuffix(f":{ALIAS}")
        for status in (RUNNING, "FAILED", "TIMED_OUT", "ABORTED"):
            with answers("Nothing was changed."):
                for each in self._executions(machine, status, since):
                    if each["name"].startswith(f"{batch}-"):
                        found[each["name"]] = IS_RUNNING if status == RUNNING else DIED
        return found

    def _executions(self, machine: str, status: str, since: datetime) -> Iterator[Mapping[str, Any]]:
        pages = self._states.get_paginator("list_executions").paginate(
            stateMachineArn=machine, statusFilter=status
        )
        for page in pages:
            for each in page["executions"]:
                if moment(each) < since:
                    return
                yield each

    def _at(self, folder: str) -> Mapping[str, str]:
        return {"bucket": self._bucket, "key": f"{folder}/scopes.json"}

    def _write(
        self, folder: str, grouped: Mapping[tuple[str, str, str], Sequence[Mapping[str, Any]]]
    ) -> Mapping[str, str]:
        scopes: list[dict[str, Any]] = []
        for (account, region, service), items in sorted(grouped.items()):
            if items is _UNLISTED:
                # The next run looks there again.
                types = [service] if service else self._types_of(folder, account, region)
                scopes.append({"account": account, "places": [{"region": region, "types": types}]})
                continue
            key = f"{folder}/{account}-{region}-{service}.json"
            types = sorted({each["resource_type"] for each in items})
            self._put(key, items)
            scopes.append(
                {
                    "account": account,
                    "places": [{"region": region, "types": types}],
                    "service": service,
                    "items": {"bucket": self._bucket, "key": key},
                    "count": len(items),
                }
            )
        where = self._at(folder)
        # Last, so that what it names is there.
        self._put(where["key"], scopes)
        return where

    def _types_of(self, folder: str, account: str, region: str) -> list[str]:
        """What is to be looked at in a place that the batch has not come to."""
        return [
            each
            for scope in self._places(self._at(folder)["key"]) or ()
            for place in scope.places
            if (scope.account, place.region) == (account, region)
            for each in place.types
        ]

    def _places(self, key: str) -> list[Scope] | None:
        found = self._get(key)
        return None if found is None else [Scope.model_validate(each) for each in found]

    def _put(self, key: str, content: Any) -> None:
        with answers("Nothing was started."):
            self._s3.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=json.dumps(content, separators=(",", ":")).encode(),
                ContentType="application/json",
            )

    def _read(self, batch: str) -> dict[tuple[str, str, str], list[dict[str, Any]]]:
        """As `_scopes`; nothing of a run that has not come so far as to have any. Raises InvalidInput."""
        found = self._scopes(batch)
        if found is None and not self.runs(batch):
            raise InvalidInput(
                f"There is no batch {shown(batch)} in the hub {shown(self._hub.stack)}. "
                "`rightstate batch list` lists them; the work bucket keeps them for 90 days."
            )
        return found or {}

    def _scopes(self, batch: str) -> dict[tuple[str, str, str], list[dict[str, Any]]] | None:
        """The items by account, region and service; `_UNLISTED` for those that are not listed. None where
        there is no such batch."""
        scopes = self._places(self.scopes(batch)["key"])
        if scopes is None:
            return None
        found: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
        for scope in scopes:
            for place in scope.places:
                where = scope.account, place.region
                if scope.items:
                    found[*where, scope.service] = self._get(scope.items.key) or _UNLISTED
                else:
                    found |= self._looked_at(_folder(batch), *where)
        return found

    def _looked_at(
        self, folder: str, account: str, region: str
    ) -> dict[tuple[str, str, str], list[dict[str, Any]]]:
        """As `_scopes`, of a place whose items the run finds itself, and has written by service."""
        name = f"{folder}/{account}-{region}"
        looked = self._get(f"{name}.json")
        if looked is None:
            return {(account, region, ""): _UNLISTED}
        found = {
            (account, region, service): self._get(f"{name}-{service}.json") or []
            for service in looked["services"]
        }
        return found | {(account, region, each): _UNLISTED for each in looked["unlisted"]}

    def _get(self, key: str) -> Any:
        with answers("Nothing was changed."):
            try:
                answer = self._s3.get_object(Bucket=self._bucket, Key=key)
            except ClientError as error:
                if error.response["Error"]["Code"] in ("NoSuchKey", "404"):
                    return None
                raise
            return json.loads(answer["Body"].read())


_UNLISTED: list[dict[str, Any]] = []


def _begun_as(item: Item, begun: Mapping[str, str]) -> Item:
    if item.outcome != NOT_RUN or item.name not in begun:
        return item
    reason = "The execution ended without recording its end." if begun[item.name] == DIED else ""
    return Item(**{**item.__dict__, "outcome": begun[item.name], "reason": reason})


def _folder(batch: str) -> str:
    """Where in the work bucket its items are, as the backfill writes them too."""
    return f"batches/{batch}"


def _key(entry: Mapping[str, Any]) -> tuple[str, str, str, str]:
    given = entry["input"]
    return given["account"], given["region"], entry["resource_type"], given["resource"]


def _run_name(batch: str, number: int) -> str:
    return batch if number == 1 else f"{batch}-{number}"


def _next_name(name: str) -> str:
    again = _AGAIN.search(name)
    return f"{_AGAIN.sub('', name)}-r{int(again[1]) + 1 if again else 2}"


def _object(text: str | None) -> Mapping[str, Any]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def as_time(given: datetime) -> str:
    """As the machine compares it, in UTC and whole seconds."""
    return given.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
