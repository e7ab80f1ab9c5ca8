"""What executions would make of resources, without starting any: all of a type in a place, or one.

All of a type are surveyed, in pages. To change something, start an execution: it reads the resource again and
decides again, because an assessment may be out of date.
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

from rightstate.accounts import exemptions
from rightstate.accounts.exemptions import Excuses
from rightstate.aws.errors import named_errors
from rightstate.aws.sessions import Phase, open_session
from rightstate.clock import now
from rightstate.deciding.planner import decide, digest, settings_to_read
from rightstate.errors import InvalidInput, NotReady, ResourceGone, RightstateError, SettingsUnreadable
from rightstate.executions.step import defect
from rightstate.guarding.guards import Guard
from rightstate.listing import PAGE
from rightstate.models.decision import Decision, Outcome, Status
from rightstate.models.settings import Account, Enabled, Handling
from rightstate.models.start import Execution
from rightstate.models.tasks import Run, RunTask
from rightstate.policy import Mode
from rightstate.resource_type import Observed, Place, Resource, ResourceType
from rightstate.states.describe import check_ready, describe
from rightstate.states.resolve import excused
from rightstate.surveying.looks import Line
from rightstate.surveying.survey import Seen, side_by_side, survey

Policies = Mapping[str, Enabled]


@dataclass(frozen=True)
class Assessed:
    """A resource with what an execution would decide and the digest of what was read, or with the reason why
    it could not: NotReady where it is busy, ResourceGone, PlanConflict, or that it could not be read."""

    resource: Resource
    decision: Decision | None = None
    state: str | None = None
    error: RightstateError | None = None

    @property
    def needs_execution(self) -> bool:
        """Whether an execution has something to do: change the resource, ask for an approval, wait until it
        is ready, or read again what could not be read and record why where it still cannot."""
        if self.decision is None:
            return not isinstance(self.error, ResourceGone)
        return self.decision.apply or any(
            verdict.status is Status.BROKEN and verdict.mode is Mode.APPROVE
            for verdict in self.decision.verdicts
        )

    @property
    def status(self) -> tuple[str, str]:
        """A word for it, with the reason where there is one: `broken` where something would be changed, asked
        for or reported, `compliant`, `not-applicable`, `held`, `busy`, `gone`, `unreadable` or, where all
        that is broken is excused, `exempt`, `halted` or `managed`."""
        if self.decision is None:
            if isinstance(self.error, NotReady):
                return "busy", str(self.error)
            return "gone" if isinstance(self.error, ResourceGone) else "unreadable", str(self.error)
        if self.decision.apply:
            return "broken", ""
        statuses = {verdict.status for verdict in self.decision.verdicts}
        if Status.HELD in statuses:
            return "held", self.decision.reason
        if Status.MANAGED in statuses and not statuses & {Status.BROKEN, Status.HALTED}:
            return "managed", self.decision.reason
        if self.decision.outcome is Outcome.REPORTED:
            return "broken", self.decision.reason
        return self.decision.outcome.value, self.decision.reason


@dataclass(frozen=True)
class Page:
    """Some resources, and the token with which to go on after them; empty after the last. `read_at` is when
    they had been read."""

    assessed: tuple[Assessed, ...]
    next: str
    read_at: str


def assess(
    account: Account,
    resource_type: ResourceType,
    place: Place,
    policies: Policies,
    guard_of: Callable[[Resource], Guard],
    execution: str,
    *,
    token: str = "",
    readers: Executor | None = None,
) -> Iterator[Page]:
    """The verdicts on every resource of the type in the place, page by page.

    `guard_of` returns what is halted. `execution` names the sessions, as CloudTrail shows them. `token` and
    `readers` are as of `survey`. No resource hides another. Raises RoleNotAssumed, WrongAccount, Denied,
    Throttled, Unavailable and CallFailed where a page cannot be listed; the pages before it stand.
    """

    def clients(service: str) -> Any:
        # Looked up each time, so that credentials are renewed while a long survey goes on.
        return open_session(account, resource_type, place, Phase.READ, execution).client(service)

    found = survey(
        resource_type,
        clients,
        place,
        settings_to_read(resource_type, policies),
        tags=_need_tags(account, resource_type, policies),
        token=token,
        readers=readers,
    )
    for page in found:
        read_at = now()
        assessed = (
            _judged(
                account, resource_type, seen.resource, policies, guard_of, partial(_of_seen, seen, read_at)
            )
            for seen in page.seen
        )
        yield Page(tuple(assessed), page.next, read_at)


def line_of(resource_type: ResourceType, found: Assessed, read_at: str) -> Line:
    """The line of a look about the resource."""
    status, reason = found.status
    verdicts = found.decision.verdicts if found.decision else ()
    arn = resource_type.arn_of(found.resource)
    return Line(
        resource=found.resource.id,
        arn=None if "*" in arn else arn,
        at=read_at,
        status=status,
        verdicts={verdict.policy: verdict.status.value for verdict in verdicts},
        reason=reason,
    )


def _of_seen(seen: Seen, read_at: str, run: Run, resource_type: ResourceType) -> tuple[Observed, Excuses]:
    """The settings, and the excuses by tag. Raises the reason why it could not be read, and NotReady."""
    if seen.error:
        raise seen.error
    observed = seen.observed or {}
    check_ready(run, resource_type, observed)
    return observed, exemptions.of_run(run, resource_type, seen.tags or {}, read_at)


def assess_one(
    account: Account,
    resource_type: ResourceType,
    resource: Resource,
    policies: Policies,
    guard_of: Callable[[Resource], Guard],
    execution: Execution,
) -> Assessed:
    """The verdicts on one resource, which is described by itself."""

    def read(run: Run, resource_type: ResourceType) -> tuple[Observed, Excuses]:
        described = describe(RunTask(resource_type=resource_type.name, execution=execution, run=run))
        return described.observed, described.excuses

    return _judged(account, resource_type, resource, policies, guard_of, read)


def assess_group(
    account: Account,
    resource_type: ResourceType,
    place: Place,
    group: str,
    policies: Policies,
    guard_of: Callable[[Resource], Guard],
    execution: Execution,
    *,
    token: str,
    readers: Executor,
) -> Iterator[Page]:
    """As `assess`, of the resources of a group, which may be in any of the account's regions. Each is
    described by itself, side by side."""

    if resource_type.members is None:
        raise InvalidInput(f"A {resource_type.title} has no groups. Nothing was changed.")
    members_of = resource_type.members

    def judge(member: tuple[str, str]) -> Assessed:
        region, identifier = member
        where = place.model_copy(update={"region": region})
        resource = Resource(**where.model_dump(), id=identifier)
        return assess_one(account, resource_type, resource, policies, guard_of, execution)

    def listed() -> Iterator[tuple[str, str]]:
        session = open_session(account, resource_type, place, Phase.READ, execution.name)
        for region, identifier in members_of(session.client, place, group):
            if not account.regions or region in account.regions:
                yield region, identifier

    with named_errors():
        members = listed()
        # The last one of the page before; where it is gone by now, all are looked at again.
        if token and all("/".join(member) != token for member in members):
            members = listed()
        page = list(islice(members, PAGE))
    while True:
        assessed = tuple(side_by_side(readers, judge, page, resource_type.readers))
        last = "/".join(page[-1]) if len(page) == PAGE else ""
        yield Page(assessed, last, now())
        if not last:
            return
        with named_errors():
            page = list(islice(members, PAGE))


def _judged(
    account: Account,
    resource_type: ResourceType,
    resource: Resource,
    policies: Policies,
    guard_of: Callable[[Resource], Guard],
    read: Callable[[Run, ResourceType], tuple[Observed, Excuses]],
) -> Assessed:
    try:
        found = excused(resource_type, account, resource, policies, guard_of(resource))
        # What is only to be looked at later is decided on as it will be changed then.
        managed = None if exemptions.delays(found["managed"]) else found["managed"]
        run = Run(
            resource=resource,
            role_arn=account.role_arn,
            read_role_arn=account.read_role_arn,
            external_id=account.external_id,
            policies=policies,
            **{**found, "managed": managed},
        )
        observed, excuses = read(run, resource_type)
        decision = decide(resource_type, resource, policies, observed, {**excuses, **run.excuses})
    except RightstateError as error:
        return Assessed(resource, error=error)
    except Exception as error:  # One resource's trouble never hides the others.
        return Assessed(resource, error=defect(error))
    return Assessed(resource, decision, digest(resource_type, observed))


def _need_tags(account: Account, resource_type: ResourceType, policies: Policies) -> bool:
    """Whether anything may depend on a resource's tags."""
    try:
        by_tag = exemptions.by_tag(account, resource_type, policies, now())
    except SettingsUnreadable:
        return False  # as is said of each resource
    managed = account.managed
    decided_by_tags = managed.handling is not Handling.REMEDIATE and not exemptions.delays(managed)
    return bool(by_tag) or (decided_by_tags and bool(managed.tags))
