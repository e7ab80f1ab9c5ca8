"""Survey: what has to be done about the resources of an account in some regions.

All of them are looked at, page by page, and an execution is put into the work bucket for each that needs one.
What was seen is kept as a look. A function has minutes: before its time is up it says where it stands, and
the next invocation goes on there.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextvars import copy_context
from datetime import UTC, datetime
from typing import Any

from rightstate import storage
from rightstate.accounts.exemptions import resource_name
from rightstate.aws.errors import named_errors
from rightstate.catalogue import load
from rightstate.errors import (
    ResourceGone,
    RightstateError,
    RoleNotAssumed,
    Throttled,
    Unavailable,
    WrongAccount,
)
from rightstate.executions import metrics
from rightstate.executions.step import defect, logger, seconds_left
from rightstate.guarding import guards
from rightstate.guarding.guards import Guard, Halt
from rightstate.models.backfill import (
    Found,
    NotListed,
    Scope,
    ServiceItems,
    StoredObject,
    SurveyTask,
    TypeLeft,
    Work,
)
from rightstate.models.settings import Enabled
from rightstate.notifying import notification
from rightstate.resource_type import Place, Resource, ResourceType
from rightstate.states import resolve
from rightstate.states.assessment import Assessed, Page, assess, assess_group, line_of
from rightstate.states.backfill import index_key, item, items_key, place_key
from rightstate.surveying import looks
from rightstate.surveying.looks import Before, Look
from rightstate.surveying.survey import READERS

MARGIN_SECONDS = 300
"""When a page is not begun any more. One of a hundred resources takes seconds. Where calls are not answered,
it takes some minutes until they are given up."""
TYPES_AT_ONCE = 4
"""Types that are surveyed side by side: of most there is little, so that a survey is mostly waiting."""
TRIES = 8
"""How often a type is tried whose lists are throttled."""


def survey_scope(task: SurveyTask) -> Found:
    """What is to be started in the scope, or where the next round goes on.

    Raises UnknownAccount, SettingsUnreadable, RoleNotAssumed, WrongAccount, and of the hub's own storage
    Denied, Throttled, Unavailable and CallFailed. A type that cannot be listed hides no other.
    """
    scope = task.scope
    if scope.items:  # It comes with a plan, or names its resources.
        [place] = scope.places
        known = ServiceItems(
            region=place.region, service=scope.service, items=scope.items, count=scope.count or 0
        )
        return Found(services=(known,) if known.count else ())
    found = task.found or Found(
        left=tuple(
            TypeLeft(region=place.region, resource_type=name)
            for place in scope.places
            for name in place.types
        )
    )
    with ThreadPoolExecutor(READERS) as readers, ThreadPoolExecutor(TYPES_AT_ONCE) as types:
        survey = _Survey(task, found, readers)
        # Each in a context of its own, which knows how much time is left.
        begun = [types.submit(copy_context().run, survey.type, each) for each in found.left]
        for each in begun:
            each.result()
    return survey.ended()


class _Survey:
    """One round."""

    def __init__(self, task: SurveyTask, found: Found, readers: Executor) -> None:
        self._task = task
        self._round = found.round
        self._readers = readers
        self._account = resolve.settings_of(task.scope.account)
        self._guards = _halted(task.scope.account)
        self._items = _Items(task, found)
        self._left: list[TypeLeft] = []
        self._unlisted = list(found.unlisted)
        self._before = self._looks_before() if self._whole else {}
        self._throttled = False

    def type(self, begun: TypeLeft) -> None:
        """Survey one type, as far as there is time."""
        if seconds_left() < MARGIN_SECONDS:
            self._left.append(begun)
            return
        resource_type = load(begun.resource_type)
        progress = _Progress(begun, self._look(begun))
        try:
            self._surveyed(resource_type, progress)
        except (RoleNotAssumed, WrongAccount):
            raise
        except (Throttled, Unavailable) as error:
            if begun.tries + 1 < TRIES:
                self._throttled = True
                self._left.append(progress.left(tries=begun.tries + 1))
            else:
                self._fail(resource_type, begun.region, error)
        except RightstateError as error:
            self._fail(resource_type, begun.region, error)
        except Exception as error:  # One type's trouble never hides the others.
            self._fail(resource_type, begun.region, defect(error))

    def ended(self) -> Found:
        """Where the survey stands now."""
        done = not self._left
        services = self._items.finished() if done else self._items.set_aside()
        if done:
            for place in self._task.scope.places:
                self._write_index(place.region, services)
        return Found(
            round=self._round + 1,
            more=not done,
            throttled=self._throttled,
            failed=bool(self._unlisted),
            left=tuple(sorted(self._left, key=lambda each: (each.region, each.resource_type))),
            services=tuple(sorted(services, key=lambda each: (each.region, each.service))),
            unlisted=tuple(sorted(self._unlisted, key=lambda each: (each.region, each.resource_type))),
        )

    def _write_index(self, region: str, services: Sequence[ServiceItems]) -> None:
        """What shows a batch finds its items by it."""
        index = {
            "services": [each.service for each in services if each.region == region],
            "unlisted": [each.resource_type for each in self._unlisted if each.region == region],
        }
        with named_errors():
            key = index_key(self._task.scope, self._task.work, region)
            storage.objects().put(key, _as_bytes(index))

    def _looks_before(self) -> dict[tuple[str, str], list[str]]:
        """The keys of the looks before this one, by region and resource type."""
        kept, account = looks.deployed(), self._task.scope.account
        return {
            (place.region, resource_type): keys
            for place in self._task.scope.places
            for resource_type, keys in kept.parts_of(account, place.region).items()
        }

    def _surveyed(self, resource_type: ResourceType, progress: "_Progress") -> None:
        task, account = self._task, self._account
        policies = resolve.chosen(resource_type, account, self._policies(resource_type), task.work.mode)
        if not policies:
            return
        keys = self._before.get((progress.region, progress.resource_type), [])
        before = looks.deployed().before(keys)
        told = self._told(before) if task.work.sweep and progress.look else {}
        for page in self._pages(resource_type, policies, progress):
            for each in page.assessed:
                self._judge(resource_type, progress, each, page.read_at, told)
            progress.token = page.next
            if page.next and seconds_left() < MARGIN_SECONDS:
                self._left.append(progress.left())
                return
        if progress.look:
            counts = progress.look.finish(datetime.now(UTC), task.execution.id, task.work.batch, before)
            metrics.add("ResourcesSeen", counts.resources)
            metrics.add("ResourcesBroken", counts.broken)
            metrics.add("ResourcesUnreadable", counts.unreadable)

    def _pages(
        self, resource_type: ResourceType, policies: Mapping[str, Enabled], progress: "_Progress"
    ) -> Iterator[Page]:
        scope, execution = self._task.scope, self._task.execution
        place = Place(account=scope.account, region=progress.region, partition=execution.partition)

        def guard_of(resource: Resource) -> Guard:
            named = f"{resource.account}/{resource_name(resource_type, resource)}"
            return self._guards.get(named, Guard())

        if scope.group is None:
            return assess(
                self._account,
                resource_type,
                place,
                policies,
                guard_of,
                execution.name,
                token=progress.token,
                readers=self._readers,
            )
        return assess_group(
            self._account,
            resource_type,
            place,
            scope.group,
            policies,
            guard_of,
            execution,
            token=progress.token,
            readers=self._readers,
        )

    def _judge(
        self,
        resource_type: ResourceType,
        progress: "_Progress",
        each: Assessed,
        read_at: str,
        told: Mapping[str, str],
    ) -> None:
        if isinstance(each.error, ResourceGone):
            return
        line = line_of(resource_type, each, read_at)
        if progress.look:
            progress.look.add(line)
        reported = each.decision is not None and each.decision.outcome in notification.TOLD
        # What a sweep has reported before is not reported again each time, as long as it stays the same.
        new = reported and told.get(line.resource) != line.finding
        if each.needs_execution or new:
            self._items.add(resource_type, progress.region, each.resource)

    def _policies(self, resource_type: ResourceType) -> tuple[str, ...] | None:
        if self._task.work.policies is None:
            return None
        return tuple(name for name in self._task.work.policies if resource_type.policy(name))

    @property
    def _whole(self) -> bool:
        """Whether it looks at all there is, for all that is enabled. A narrower one is no look to keep."""
        return self._task.work.policies is None and self._task.scope.group is None

    def _look(self, begun: TypeLeft) -> Look | None:
        if not self._whole:
            return None
        scope = self._task.scope
        aside = f"{place_key(scope, self._task.work, begun.region)}/{begun.resource_type}/"
        return Look(scope.account, begun.region, begun.resource_type, aside, begun.look)

    def _told(self, before: Before) -> dict[str, str]:
        """What earlier sweeps have found and told, by resource."""
        # A line that is newer than this execution is its own: it is tried again, and may have told nobody.
        started = self._task.execution.started
        lines = before.lines or looks.deployed().read(before.keys)
        return {line.resource: line.finding for line in lines if line.finding and line.at < started}

    def _fail(self, resource_type: ResourceType, region: str, error: RightstateError) -> None:
        logger.warning("A type could not be listed.", resource_type=resource_type.name, reason=str(error))
        self._unlisted.append(
            NotListed(
                region=region,
                resource_type=resource_type.name,
                service=resource_type.service,
                failure={"Error": type(error).__name__, "Cause": str(error)},
            )
        )


class _Progress:
    """How far the survey of a type has come."""

    def __init__(self, begun: TypeLeft, look: Look | None) -> None:
        self._begun = begun
        self.region = begun.region
        self.resource_type = begun.resource_type
        self.token = begun.token
        self.look = look

    def left(self, tries: int = 0) -> TypeLeft:
        """What is left of it."""
        update = {"token": self.token, "tries": tries}
        return self._begun.model_copy(update={**update, "look": self.look.suspend()} if self.look else update)


class _Items:
    """The executions to start, by region and service: those of the rounds before, and of this one.

    They are kept as bytes, a few hundred for each resource that is to be acted on.
    """

    def __init__(self, task: SurveyTask, found: Found) -> None:
        self._scope, self._work = task.scope, task.work
        self._round = found.round
        self._found = {(each.region, each.service): _get(each.items.key) for each in found.services}

    def add(self, resource_type: ResourceType, region: str, resource: Resource) -> None:
        """Note one that was found in the region, of which it need not be: a group has them elsewhere."""
        found = item(self._scope, self._work, resource_type, resource.region, resource.id)
        self._found.setdefault((region, resource_type.service), []).append(_as_bytes(found))

    def set_aside(self) -> tuple[ServiceItems, ...]:
        """Keep them for the next round, under a name of this one: it may be tried again."""
        return self._written(
            lambda region, service: (
                f"{place_key(self._scope, self._work, region)}/{service}-{self._round}.json"
            )
        )

    def finished(self) -> tuple[ServiceItems, ...]:
        """Put them where they are read from, beside those of an earlier run of the batch."""
        scope, work = self._scope, self._work
        for place in scope.places:
            for service in _index(scope, work, place.region).get("services", ()):
                self._found.setdefault((place.region, service), [])
        for (region, service), items in self._found.items():
            known = {json.loads(each)["name"] for each in items}
            earlier = _get(items_key(scope, work, region, service))
            items += [each for each in earlier if json.loads(each)["name"] not in known]
        return self._written(lambda region, service: items_key(scope, work, region, service))

    def _written(self, key_of: Callable[[str, str], str]) -> tuple[ServiceItems, ...]:
        written = []
        for (region, service), items in self._found.items():
            if not items:
                continue
            key = key_of(region, service)
            with named_errors():
                storage.objects().put(key, b"[" + b",\n".join(items) + b"]")
            where = StoredObject(bucket=os.environ["WORK_BUCKET"], key=key)
            written.append(ServiceItems(region=region, service=service, items=where, count=len(items)))
        return tuple(written)


def _halted(account: str) -> dict[str, Guard]:
    """The guards of the account's halted resources. What else is in a guard an execution reads."""
    halts: dict[str, list[Halt]] = {}
    for resource, halt in guards.halts():
        if resource.startswith(f"{account}/"):
            halts.setdefault(resource, []).append(halt)
    return {resource: Guard(halts=tuple(found)) for resource, found in halts.items()}


def _index(scope: Scope, work: Work, region: str) -> dict[str, list[str]]:
    """What an earlier run of the batch has found in the place."""
    with named_errors():
        content = storage.objects().get(index_key(scope, work, region))
    found: dict[str, list[str]] = json.loads(content or b"{}")
    return found


def _get(key: str) -> list[bytes]:
    with named_errors():
        content = storage.objects().get(key)
    return [_as_bytes(each) for each in json.loads(content or b"[]")]


def _as_bytes(content: Any) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode()
