"""Take a member, an organization's members, or a hub away.

`prepare_…` looks up what goes and what stays, and `run` takes it away. A second run after an interruption
does what is left, because it looks everything up again.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from rightstate.errors import InvalidInput
from rightstate_cli.aws import Caller, checked_account, checked_region, sign_in
from rightstate_cli.hub import deployment
from rightstate_cli.hub.deployment import Hub
from rightstate_cli.member import stack_sets, teardown
from rightstate_cli.member import stacks as member_stacks
from rightstate_cli.member.stack_sets import Found, Instance, StackSet
from rightstate_cli.member.teardown import Fate, Part, Remains
from rightstate_cli.progress import SILENT, Progress
from rightstate_cli.tables.accounts_table import Registry
from rightstate_cli.text import counted


@dataclass(frozen=True)
class Patience:
    """How many minutes to wait for running executions. With `now` they are not waited for, and may fail."""

    minutes: int = 30
    now: bool = False


@dataclass(frozen=True)
class MemberDecommission:
    """The parts of a member, in the order in which they go."""

    hub: Hub
    account: str
    enrolled: Sequence[Part]
    stacks: Sequence[Part]
    stack_with_role: Sequence[Part]
    admission: Sequence[Part]

    @property
    def parts(self) -> list[Part]:
        return [*self.enrolled, *self.stacks, *self.stack_with_role, *self.admission]

    def run(self, patience: Patience, progress: Progress = SILENT) -> bool:
        """Take the parts away; whether all are gone. Raises Denied, Unavailable."""
        # The settings go last of these: they name the contacts.
        done = all(part.go() for part in self.enrolled)
        done = done and _have_ended(self.hub, {self.account}, patience, progress)
        # The stacks need the role until they are gone.
        for parts in (self.stacks, self.stack_with_role, self.admission):
            done = done and teardown.go(parts)
        return finished(self.parts, done)


@dataclass(frozen=True)
class OrganizationDecommission:
    """The parts of an organization's members. Without `found` there is no StackSet and nothing to do."""

    stack_set: StackSet
    found: Found | None
    instances: Sequence[Instance] = ()
    forgotten: Sequence[Part] = ()
    stacks: Sequence[Part] = ()
    itself: Sequence[Part] = ()
    ledger: Sequence[Part] = ()
    accounts: frozenset[str] = frozenset()

    @property
    def parts(self) -> list[Part]:
        return [*self.forgotten, *self.stacks, *self.itself, *self.ledger]

    def run(
        self, max_concurrent: int, failure_tolerance: int, patience: Patience, progress: Progress = SILENT
    ) -> bool:
        """Take the parts away; whether all are gone. Raises CallFailed, Denied, Unavailable."""
        done = all(part.go() for part in self.forgotten)
        done = done and _have_ended(self.stack_set.hub, self.accounts, patience, progress)
        if done and self.found:
            if self.instances:
                pace = stack_sets.preferences(max_concurrent, failure_tolerance)
                self.stack_set.empty(stack_sets.covered(self.instances, self.found.targets), pace)
            left = {(each.account, each.region): each for each in self.stack_set.instances()}
            for part, instance in zip(self.stacks, self.instances, strict=True):
                kept = left.get((instance.account, instance.region))
                part.fate, part.note = (Fate.LEFT, kept.reason or kept.detail) if kept else (Fate.GONE, "")
            for part in self.itself:
                if left:
                    part.fate, part.note = Fate.LEFT, "it still has stacks"
                done = not left and part.go()
        return finished(self.parts, done)


@dataclass(frozen=True)
class HubDecommission:
    """The parts of a hub, its own account's member included."""

    remains: Remains
    stacks: Sequence[Part]
    stack_with_role: Sequence[Part]
    hub_stacks: Sequence[Part]
    tables: Sequence[Part]
    uploaded: Sequence[Part]

    @property
    def parts(self) -> list[Part]:
        return [*self.stacks, *self.stack_with_role, *self.hub_stacks, *self.tables, *self.uploaded]

    def run(self, patience: Patience, progress: Progress = SILENT) -> bool:
        """Disable the rules, then take the parts away; whether all are gone. Raises Denied, Unavailable."""
        done = True
        if self.remains.stack:
            self.remains.disable_rules()
            done = _have_ended(self.remains.hub, None, patience, progress)
            if not done:
                progress.say("The hub's rules stay disabled; `aws events enable-rule` enables one.")
        for parts in (self.stacks, self.stack_with_role, self.hub_stacks, self.tables):
            done = done and teardown.go(parts)
        return finished(self.parts, done)


def prepare_member(
    stack: str, hub_region: str | None, account: str, regions: Sequence[str], profile: str | None
) -> MemberDecommission:
    """What goes of a member. Raises InvalidInput, Denied, Unavailable."""
    checked_account(account)
    hub = deployment.find(stack, hub_region)
    caller = sign_in(hub.region, profile) if profile else hub.caller
    if caller.account != account:
        raise InvalidInput(
            f"The credentials are of account {caller.account}, but the stacks to delete are in {account}. "
            "Nothing was changed. Name a profile of that account with --profile. If nobody can sign in there "
            f"any more, `rightstate accounts remove {account}` forgets it."
        )
    enrolled, admitted = teardown.enrolment(hub, account), teardown.admitted(hub, account)
    others, with_role = teardown.member_parts(hub, caller, _regions(caller, regions))
    return MemberDecommission(hub, account, enrolled, others, with_role, admitted)


def prepare_organization(stack_set: StackSet) -> OrganizationDecommission:
    """What goes of an organization's members. Follows running operations to their end first.

    Raises InvalidInput, Denied, Unavailable.
    """
    hub = stack_set.hub
    found = stack_set.find()
    if found is None:
        return OrganizationDecommission(stack_set, None)
    stack_set.settle()
    instances = stack_set.instances()
    role = f":role/{found.parameters['MemberRoleName']}"
    reached = {each.account for each in instances}
    registered = sorted(
        each.account
        for each in Registry(hub.settings).all()
        if each.account in reached and (each.role_arn or "").endswith(role)
    )
    forgotten = [
        Part(f"{part.what} of account {account}", part.where, part.fate, part.note, part.take)
        for account in registered
        for part in teardown.enrolment(hub, account)
        if part.fate is Fate.GOES
    ]
    return OrganizationDecommission(
        stack_set=stack_set,
        found=found,
        instances=instances,
        forgotten=forgotten,
        stacks=[Part(f"stack in account {each.account}", each.region, Fate.GOES) for each in instances],
        itself=[Part(f"StackSet {stack_set.name}", hub.region, Fate.GOES, take=stack_set.delete)],
        ledger=[teardown.kept_ledger(hub)],
        accounts=frozenset(registered),
    )


def prepare_hub(
    caller: Caller, stack: str, regions: Sequence[str], delete_settings: bool, delete_ledger: bool
) -> HubDecommission:
    """What goes of a hub. Raises InvalidInput while it has members, Denied, Unavailable."""
    remains = teardown.remains(caller, stack)
    _check_last(remains)
    others, with_role = teardown.member_parts(remains.hub, caller, _regions(caller, regions))
    stacks, tables = remains.parts(delete_settings, delete_ledger)
    uploaded = [
        Part(
            "what `sam deploy` has uploaded",
            "the bucket of the stack aws-sam-cli-managed-default, or yours",
            Fate.STAYS,
            "other applications may use it too",
        )
    ]
    return HubDecommission(remains, others, with_role, stacks, tables, uploaded if remains.stack else [])


def finished(parts: Sequence[Part], done: bool) -> bool:
    """`done`, after every part that was to go and did not is marked as left."""
    for part in parts:
        if part.fate is Fate.GOES:
            part.fate, part.note = Fate.LEFT, "not tried, because something before it is left"
    return done


def _check_last(remains: Remains) -> None:
    """Raise InvalidInput while the hub is being changed, or has members."""
    hub = remains.hub
    status = remains.stack["StackStatus"] if remains.stack else ""
    if status.endswith("_IN_PROGRESS") and status != "DELETE_IN_PROGRESS":
        raise InvalidInput(
            f"The stack {hub.stack} is {status}. Nothing was changed. Wait until that has ended."
        )
    if stack_sets.is_there(hub.caller, hub.stack):
        raise InvalidInput(
            f"The StackSet {stack_sets.name(hub.stack)} still has members of an organization. Nothing was "
            "changed. Take them away first: `rightstate decommission organization`."
        )
    if not remains.whole:
        return
    members = sorted(each.account for each in Registry(hub.settings).all() if each.account != hub.account)
    if members:
        raise InvalidInput(
            f"The hub has {counted(len(members), 'member')}: {', '.join(members)}. Nothing was changed. Take "
            "them away first: `rightstate decommission member ACCOUNT`, or `rightstate decommission "
            "organization`."
        )


def _regions(caller: Caller, regions: Sequence[str]) -> Collection[str]:
    return [checked_region(each) for each in regions] or member_stacks.enabled_regions(caller)


def _have_ended(hub: Hub, accounts: Collection[str] | None, patience: Patience, progress: Progress) -> bool:
    """Wait for the executions of those accounts, of all if None, and say which still run."""
    if patience.now:
        return True
    left = teardown.wait_for_executions(hub, patience.minutes, accounts, progress)
    if left:
        names = ", ".join(arn.rpartition(":")[2] for arn in left[:10])
        progress.say(
            f"{counted(len(left), 'execution')} still running after {patience.minutes} min ({names}). No "
            "stack was deleted. Run the command again, with --now if they may fail."
        )
    return not left
