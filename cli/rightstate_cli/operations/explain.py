"""Why a resource is as it is: which rule decides about each policy, now and when it was last looked at."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from pydantic import BaseModel

from rightstate.accounts import settings
from rightstate.catalogue import load_all
from rightstate.errors import InvalidInput, NotReady, ResourceGone, RightstateError
from rightstate.executions.step import defect
from rightstate.identify import at_home, identify, is_arn_of, place_of, shown
from rightstate.models.decision import Decision, Deviation, Status, Verdict
from rightstate.models.settings import Account, Enabled
from rightstate.models.start import Execution
from rightstate.models.tasks import DecideTask, Run, RunTask
from rightstate.policy import Mode
from rightstate.resource_type import Place, Resource, ResourceType
from rightstate.states.decide import decide
from rightstate.states.describe import describe
from rightstate.states.resolve import excused
from rightstate_cli.aws import bucket_place, checked_account, checked_region
from rightstate_cli.executions.recorded import KEY
from rightstate_cli.operations.assessed import LastAssessed, last_assessed
from rightstate_cli.operations.workspace import Workspace, guarding_of
from rightstate_cli.planning.target import role_arn
from rightstate_cli.tables.ledger_table import Entry, Query

_BROKEN = {Status.BROKEN, Status.HELD, Status.HALTED, Status.MANAGED}
LOOKED_AT = 500
"""So many entries of a resource are looked through for the last that an event led to."""


class Told(BaseModel):
    """What one policy makes of the resource, and the one rule that decides what is done about it.

    `status` is that of the verdict, or `unknown` where the resource could not be read.
    """

    policy: str
    mode: Mode
    status: str
    rule: str
    reason: str
    findings: tuple[Deviation, ...] = ()


class Now(BaseModel):
    """As it is now. `status` is `read`, `off` (nothing looks at it), `unregistered` (no more is known of its
    account), `busy`, `gone` or `unreadable`."""

    status: str
    reason: str = ""
    policies: tuple[Told, ...] = ()

    @property
    def broken(self) -> bool:
        """Whether an enabled policy is broken and not exempt, whether or not something keeps it from its
        change."""
        return any(each.status in _BROKEN and each.mode is not Mode.OFF for each in self.policies)


class Explained(BaseModel):
    """All that is known of why. `unread` says why the ledger, or a look, could not be read."""

    resource: str
    arn: str | None
    now: Now
    assessed: LastAssessed | None = None
    last_event: Entry | None = None
    last: Entry | None = None
    unread: str = ""


class Explaining:
    """A resource in the eyes of a hub, or of a run on this machine. Without `role` it is read with the
    account's role of the settings."""

    def __init__(self, records: Workspace, role: str | None = None, external_id: str | None = None) -> None:
        self._records = records
        self._role = role
        self._external_id = external_id

    def resources(
        self, given: str, account: str | None, region: str | None
    ) -> list[tuple[ResourceType, Resource]]:
        """What an ARN or account/region/type/id names; the ARNs of RDS and Neptune are alike, so that one
        may name several. Raises InvalidInput, also where it names another account or region than is given."""
        if account:
            checked_account(account)
        if region:
            checked_region(region)
        if KEY.match(given):
            own_account, own_region, named, identifier = given.split("/", 3)
            _check_place(given, Place(account=own_account, region=own_region), account, region)
            account, region, given = own_account, own_region, identifier
            types = [each for each in load_all() if each.name == named]
        else:
            types = [each for each in load_all() if is_arn_of(each, given)]
        if not types:
            raise InvalidInput(
                f"{shown(given)} is neither an ARN of a known resource type nor "
                "account/region/type/id, like 111122223333/eu-west-1/s3-bucket/invoices."
            )
        return [(each, self._identified(each, given, account, region)) for each in types]

    def _identified(
        self, resource_type: ResourceType, given: str, account: str | None, region: str | None
    ) -> Resource:
        unnamed = Place(account="", region="", partition=self._records.caller.partition)
        _check_place(given, place_of(resource_type, given, unnamed), account, region)
        if not (account or region) and (own := bucket_place(self._records.caller, given)):
            account, region = own.account, own.region
        otherwise = unnamed.model_copy(update={"account": account or "", "region": region or ""})
        place = at_home(resource_type, place_of(resource_type, given, otherwise))
        if not (place.account and place.region):
            raise InvalidInput(
                f"{shown(given)} does not say which account and region it is in: give --account and "
                "--region, or account/region/type/id."
            )
        checked_account(place.account)
        checked_region(place.region)
        return identify(resource_type, place, given)

    def explain(self, resource_type: ResourceType, resource: Resource, only: Collection[str]) -> Explained:
        """Describe and decide, as an execution would now, and look up what was decided before. `only` are
        the policies to tell of, all where it is empty."""
        key = f"{resource.account}/{resource.region}/{resource_type.name}/{resource.id}"
        arn = resource_type.arn_of(resource)
        now = self._now(resource_type, resource, only)
        known = Explained(resource=key, arn=None if "*" in arn else arn, now=now)
        found: dict[str, Any] = {}
        try:
            entries = list(islice(self._records.ledger.entries(Query(resource=key)), LOOKED_AT))
            found["last"] = next(iter(entries), None)
            found["last_event"] = next((entry for entry in entries if entry.event), None)
            found["assessed"] = last_assessed(key, self._records.looks, entries)
        except RightstateError as error:
            found["unread"] = str(error)
        return known.model_copy(update=found)

    def _now(self, resource_type: ResourceType, resource: Resource, only: Collection[str]) -> Now:
        try:
            account = self._records.settings_of(resource.account)
            enabled = settings.enabled(account, resource_type) if account else {}
        except RightstateError as error:
            return Now(status="unreadable", reason=str(error))
        if account is None:
            nothing = f"Account {resource.account} has no settings: its events are rejected."
            return Now(
                status="unregistered",
                reason=f"{nothing} What is wanted of the resource cannot be told. `rightstate accounts add "
                f"{resource.account}` registers it, `rightstate accounts list` lists those that are.",
                policies=_unread(resource_type, {}, only, nothing),
            )
        if account.regions and resource.region not in account.regions and not resource_type.home_regions:
            nothing = f"{resource.region} is not one of the account's regions: its events are left alone."
            return Now(status="off", reason=nothing, policies=_unread(resource_type, {}, only, nothing))
        try:
            decision = self._decision(resource_type, resource, account, enabled)
        except NotReady as error:
            status, reason = "busy", str(error)
        except ResourceGone as error:
            status, reason = "gone", str(error)
        except Exception as error:  # The ledger's part of the answer is given all the same.
            status, reason = "unreadable", str(error if isinstance(error, RightstateError) else defect(error))
        else:
            of_mode = _OF_MODE if self._records.hub else {**_OF_MODE, Mode.AUTO: _AUTO_HERE}
            told = [
                _told(resource_type, each, enabled, decision, of_mode) for each in _ids(resource_type, only)
            ]
            return Now(status="read", reason=decision.reason, policies=tuple(told))
        return Now(status=status, reason=reason, policies=_unread(resource_type, enabled, only, ""))

    def _decision(
        self,
        resource_type: ResourceType,
        resource: Resource,
        account: Account,
        enabled: Mapping[str, Enabled],
    ) -> Decision:
        """What an execution would decide. Policies that are off are looked at too, and change nothing."""
        role, reading, external_id = account.role_arn, account.read_role_arn, account.external_id
        if account.account == self._records.caller.account:
            role, reading, external_id = None, None, None
        elif self._role:
            role = reading = role_arn(self._role, resource)
            external_id = self._external_id
        off = {each.id: Enabled(mode=Mode.REPORT) for each in resource_type.policies if not each.missing({})}
        guard = guarding_of(self._records).guard(
            f"{resource.account}/{resource.region}/{resource_type.name}/{resource.id}"
        )
        run = Run(
            resource=resource,
            role_arn=role,
            read_role_arn=reading,
            external_id=external_id,
            policies={**off, **enabled},
            asked=guard.asked,
            # As in a batch, no approval is requested.
            batch="explain",
            **excused(resource_type, account, resource, enabled, guard),
        )
        task = RunTask(resource_type=resource_type.name, execution=_execution(resource), run=run)
        described = describe(task)
        return decide(DecideTask(**dict(task), described=described))


def _check_place(given: str, named: Place, account: str | None, region: str | None) -> None:
    for part, own, asked in (("account", named.account, account), ("region", named.region, region)):
        if own and asked and own != asked:
            raise InvalidInput(
                f"{shown(given)} is in {part} {own}, not in {asked} as --{part} says. Nothing was looked at. "
                f"Leave --{part} out, or correct it."
            )


def _told(
    resource_type: ResourceType,
    policy: str,
    enabled: Mapping[str, Enabled],
    decision: Decision,
    of_mode: Mapping[Mode, str],
) -> Told:
    mode = enabled[policy].mode if policy in enabled else Mode.OFF
    verdict = next((each for each in decision.verdicts if each.policy == policy), None)
    if verdict is None:
        return Told(
            policy=policy,
            mode=mode,
            status=Status.NOT_APPLICABLE,
            rule="scope",
            reason=decision.reason or f"Another kind of {resource_type.title} than the policy is about.",
        )
    rule, reason = _rule(mode, verdict, of_mode)
    return Told(
        policy=policy, mode=mode, status=verdict.status, rule=rule, reason=reason, findings=verdict.findings
    )


def _rule(mode: Mode, verdict: Verdict, of_mode: Mapping[Mode, str]) -> tuple[str, str]:
    """The one rule that decides what is done about the policy, and why."""
    if mode is Mode.OFF:
        return "mode off", "The settings do not enable it, so that nothing looks at it."
    if verdict.rule:
        broken = verdict.status is Status.BROKEN
        return verdict.rule, verdict.reason or (of_mode[mode] if broken else "")
    match verdict.status:
        case Status.COMPLIANT:
            return "policy", verdict.reason or "It is as the policy wants it."
        case Status.NOT_APPLICABLE:
            return "scope", verdict.reason
        case Status.BROKEN:
            return f"mode {mode.value}", verdict.reason or of_mode[mode]
        case _:
            return verdict.status.value, verdict.reason


_OF_MODE = {
    Mode.REPORT: "It is reported and not changed.",
    Mode.APPROVE: "It is changed only when somebody has approved that.",
    Mode.AUTO: "The next event, sweep or start by hand changes it.",
}
_AUTO_HERE = "`rightstate remediate` changes it."


def _unread(
    resource_type: ResourceType, enabled: Mapping[str, Enabled], only: Collection[str], reason: str
) -> tuple[Told, ...]:
    """What is known of the policies without the resource."""
    modes = {each: enabled[each].mode if each in enabled else Mode.OFF for each in _ids(resource_type, only)}
    return tuple(
        Told(policy=policy, mode=mode, status="unknown", rule=f"mode {mode.value}", reason=reason)
        for policy, mode in modes.items()
    )


def _ids(resource_type: ResourceType, only: Collection[str]) -> list[str]:
    return [each.id for each in resource_type.policies if not only or each.id in only]


def _execution(place: Place) -> Execution:
    """None: what the role's session is named after, so that CloudTrail shows what read the resource."""
    now = datetime.now(UTC)
    return Execution(
        id=f"arn:{place.partition}:states:::execution:explain",
        name=f"rightstate-explain-{now:%Y%m%dT%H%M%SZ}",
        started=now.isoformat(),
        state_machine="",
    )
