"""Start executions of a deployed hub for named resources, and follow them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Any
from uuid import uuid4

from rightstate.catalogue import find_policy
from rightstate.errors import Denied, InvalidInput, RightstateError
from rightstate.executions.step import parse
from rightstate.identify import identify, place_of
from rightstate.models.start import StartInput
from rightstate.resource_type import Place, Resource, ResourceType
from rightstate_cli.aws import bucket_place, checked_account, checked_region
from rightstate_cli.executions.executions import Execution, Start
from rightstate_cli.hub.deployment import Hub
from rightstate_cli.hub.follow import deployed
from rightstate_cli.hub.waiting import following_until_asked
from rightstate_cli.planning.target import chosen_types, types_of
from rightstate_cli.tables.accounts_table import Registry

Say = Callable[[str], None]
Progressed = Callable[[int, int | None, str], None]


@dataclass(frozen=True)
class Started:
    """An execution that was started and is not followed."""

    name: str
    execution: str
    resource_type: str
    account: str
    region: str
    resource: str


@dataclass(frozen=True)
class Result:
    """What became of the starts. `running` are the ARNs of executions that nobody follows any more,
    `how_to_answer` is empty where none waits for an approval. `failed` is what prevented the `not_started`
    rest."""

    executions: Sequence[Execution]
    running: Sequence[str]
    how_to_answer: str
    not_started: int
    failed: RightstateError | None


def prepare(
    hub: Hub,
    resources: Sequence[str],
    account: str | None,
    region: str | None,
    types: Sequence[str],
    policies: Sequence[str],
    mode: str | None,
    reason: str,
) -> tuple[list[Resource], list[Start]]:
    """The resources, and one start for each type that a resource may be of. Nothing is started.

    Raises InvalidInput, also where an account is not registered; Denied, Unavailable.
    """
    chosen = chosen_types(types, policies, resources)
    found = list(_identified(hub, chosen, resources, account, region))
    _check_registered(hub, [resource for _, resource in found])
    starts = [
        Start(
            resource_type=resource_type.name,
            input=_input(resource_type, resource, policies, mode, reason, hub.caller.user_id),
            name=str(uuid4()),
        )
        for resource_type, resource in found
    ]
    for start in starts:
        hub.machine(start.resource_type)
    return [resource for _, resource in found], starts


def start_all(hub: Hub, starts: Sequence[Start], stop: Event) -> tuple[list[Started], RightstateError | None]:
    """Start them until `stop` is set or one cannot be started; also returns what went wrong."""
    started = []
    following = deployed(hub, stop)
    try:
        for start in starts:
            if stop.is_set():
                break
            about = {key: start.input[key] for key in ("account", "region", "resource")}
            arn = following.start(start)
            started.append(Started(str(start.name), arn, start.resource_type, **about))
    except RightstateError as error:
        return started, error
    return started, None


def run(
    hub: Hub, starts: Sequence[Start], at_once: int, stop: Event, say: Say, progressed: Progressed
) -> Result:
    """Start them, `at_once` at a time, and follow each until it ends or waits for an approval.

    Once `stop` is set, no more are started or followed.
    """
    executions: list[Execution] = []
    failed: RightstateError | None = None

    def announced() -> Iterator[Start]:
        for start in starts:
            say(f"Starting {start.name} for {start.resource_type} {start.input['resource']} ...")
            yield start

    following, asking = following_until_asked(hub, stop, say)
    try:
        for execution in following.run(announced(), at_once):
            executions.append(execution)
            progressed(len(executions), len(starts), f"{execution.resource}: {execution.outcome}")
    except RightstateError as error:
        failed = error
    executions += asking.executions
    executions.sort(key=lambda each: (each.account, each.resource_type, each.resource))
    running = list(following.running)
    left = len(starts) - len(executions) - len(running)
    return Result(executions, running, asking.how_to_answer, left, failed)


def _identified(
    hub: Hub, types: Sequence[ResourceType], given: Sequence[str], account: str | None, region: str | None
) -> Iterator[tuple[ResourceType, Resource]]:
    """The resources, each once for each type that it may be of."""
    asked = {}
    if account:
        asked["account"] = checked_account(account)
    if region:
        asked["region"] = checked_region(region)
    hubs_own = Place(account=hub.account, region=hub.region, partition=hub.partition)
    seen = set()
    for name in given:
        default = (not asked and bucket_place(hub.caller, name)) or hubs_own
        for resource_type in types_of(types, name):
            # An ARN says where its resource is, and is refused where that is not what the options ask for.
            place = place_of(resource_type, name, default).model_copy(update=asked)
            resource = identify(resource_type, place, name)
            checked_account(resource.account)
            checked_region(resource.region)
            if (resource_type.name, resource) not in seen:
                seen.add((resource_type.name, resource))
                yield resource_type, resource


def _check_registered(hub: Hub, resources: Sequence[Resource]) -> None:
    """Raises InvalidInput where the hub does not know an account. Its executions would only fail."""
    registry = Registry(hub.settings)
    try:
        unknown = [name for name in sorted({each.account for each in resources}) if not registry.find(name)]
    except Denied:
        # Starting needs no permission to read the settings. The execution says then what is missing.
        return
    if unknown:
        raise InvalidInput(
            f"Account {', '.join(unknown)} is not registered with the hub {hub.stack}. Nothing was started. "
            f"`rightstate accounts add {unknown[0]} --deployed` registers it."
        )


def _input(
    resource_type: ResourceType,
    resource: Resource,
    policies: Sequence[str],
    mode: str | None,
    reason: str,
    requester: str,
) -> dict[str, Any]:
    """The input of one execution. It names policies of its type only: others are refused there."""
    own = [policy.id for of, policy in map(find_policy, policies) if of.name == resource_type.name]
    if policies and not own:
        raise InvalidInput(
            f"No policy that --policy names is about {resource_type.name}, of which {resource.id} is. "
            "Nothing was started."
        )
    given = {
        "account": resource.account,
        "region": resource.region,
        "resource": resource.id,
        "policies": own or None,
        "mode": mode,
        "reason": reason,
        # The requester cannot approve what the execution asks for.
        "requester": requester,
    }
    return parse(StartInput, given).model_dump(mode="json", exclude_none=True)
