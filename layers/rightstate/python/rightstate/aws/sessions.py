"""Credentials and clients: the hub's own, and those of the account to remediate.

Credentials live in memory only. A member has two roles: one that reads, for `read`, and one that writes, for
`apply` and `undo`. The one that writes reads too, because Apply reads what it replaces just before, and a
second role would cost a call of STS. The session policy allows what the resource type declares: its read
actions in every phase, its write actions on its own ARNs in `apply`, and what only an undo needs in `undo`.
"""

import json
import re
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache, lru_cache
from threading import Lock
from typing import Any

import boto3
import botocore
import botocore.session
from botocore.config import Config
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import ClientError
from botocore.utils import parse_timestamp

from rightstate import __version__
from rightstate.aws.errors import named_errors
from rightstate.aws.role_clients import RoleClient, without_credentials
from rightstate.errors import RoleNotAssumed, WrongAccount
from rightstate.models.settings import Account
from rightstate.models.tasks import Identity
from rightstate.resource_type import Place, ResourceType

CONFIG = Config(  # type: ignore[call-arg]
    # Three tries of a call that nobody answers have to end before the function's time does, so that it can
    # say what has timed out: tests/template/test_timeouts.py adds them up.
    connect_timeout=2,
    read_timeout=12,
    # As many as read at a time in a survey; what is beyond it would open a connection for each call.
    max_pool_connections=16,
    # botocore keeps the credentials of a directory bucket by bucket, for all sessions that share a client.
    # No resource type is about these buckets.
    s3_disable_express_session_auth=True,
    # The definition retries too, over minutes; here only what a second try fixes at once. `standard` tries
    # less often while many calls of a client fail. Not `adaptive`: one account's throttling would slow down
    # every account that shares the client. It was measured to make an execution no faster, and one of which a
    # tenth of the calls is throttled twice as slow or more, while Lambda's time is paid for. What limits the
    # rate is a backfill's `concurrency`.
    retries={"mode": "standard", "total_max_attempts": 3},
    # Given whole: botocore puts its own one together anew for each call, twice, letter by letter.
    user_agent=f"Boto3/{boto3.__version__} md/Botocore#{botocore.__version__} rightstate/{__version__}",
)
_KEPT = 32
_EARLY = timedelta(minutes=5)


class Phase(StrEnum):
    """What a session is for; it decides the actions of its session policy."""

    READ = "read"
    APPLY = "apply"
    UNDO = "undo"


@cache
def _own() -> Any:
    return boto3.Session(botocore_session=_core())


@cache
def _roles() -> Any:
    """What makes the clients that the sessions of all roles share."""
    return without_credentials(_core())


def _core() -> Any:
    core = botocore.session.get_session()
    core.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_timestamp)
    return core


def _timestamp(value: Any) -> datetime:
    """A time of an answer. botocore asks dateutil, which takes a fifth of the time of a list of databases."""
    if isinstance(value, str):
        with suppress(ValueError):
            found = datetime.fromisoformat(value)
            if found.tzinfo:
                return found
    return parse_timestamp(value)


_hub: Callable[[], Any] = _own
_lock = Lock()
_making = Lock()
"""A cache lets everybody make a client who asks before there is one."""


@contextmanager
def hub_kept_apart(session: Callable[[], Any]) -> Iterator[None]:
    """Reach the hub's tables, topic and machines through that session, and begin without any client.

    In Lambda they are reached with the function's own role, as everything is. The embedded engine
    simulates them, and leaves to the own credentials only what it acts on.
    """
    global _hub  # noqa: PLW0603 - one hub for the process, as in Lambda
    _forget()
    _hub = session
    try:
        yield
    finally:
        _hub = _own
        _forget()


def _forget() -> None:
    for cached in (_own, _roles, _hub_client, _role_client, _sts_in):
        cached.cache_clear()
    _sessions.clear()


def hub_client(service: str) -> Any:
    """A client of the hub's own account and region."""
    with _making:
        return _hub_client(service)


@cache
def _hub_client(service: str) -> Any:
    return _client(_hub(), service)


# A container meets many regions. 300 clients take about 100 MB of the memory that it has.
@lru_cache(maxsize=300)
def _role_client(service: str, region: str) -> Any:
    return _client(_roles(), service, region_name=region)


def _client(session: Any, service: str, **options: Any) -> Any:
    # boto3 guide, Session: creating clients is not thread-safe; using them is.
    with _lock:
        client = session.client(service, config=CONFIG, **options)
    if service == "s3control" and ".amazonaws.com" not in client.meta.endpoint_url:
        client.meta.events.register("before-call.s3-control", without_account_host)
    return client


def without_account_host(params: dict[str, Any], **given: Any) -> None:
    """S3 Control puts the account before the host, also before that of a server named by
    AWS_ENDPOINT_URL, which has no such name."""
    account = params["headers"]["x-amz-account-id"]
    params["url"] = params["url"].replace(f"//{account}.", "//", 1)


def session_policy(resource_type: ResourceType, phase: Phase, place: Place) -> str:
    """The session policy as JSON. STS allows 2,048 characters (API reference, AssumeRole)."""
    scope = {"id": "*", **place.model_dump()}
    read_on = [arn.format(**scope) for arn in resource_type.read_on]
    statements: list[dict[str, Any]] = [
        {
            "Effect": "Allow",
            "Action": sorted(resource_type.read_actions),
            "Resource": "*" if read_on == ["*"] else read_on,
        },
    ]
    if phase is not Phase.READ:
        for actions, arns in resource_type.writes(undo=phase is Phase.UNDO):
            resources = [arn.format(**scope) for arn in arns]
            write: dict[str, Any] = {"Effect": "Allow", "Action": actions, "Resource": resources}
            if set(actions) <= set(resource_type.unscoped_actions):
                # No ARN says where; each request does.
                write["Condition"] = {"StringEquals": {"aws:RequestedRegion": place.region}}
            statements.append(write)
        for action, condition in sorted(resource_type.dependent_actions.items()):
            like = {key: value.format(**scope) for key, value in condition.items()}
            on = resource_type.dependent_resources.get(action, "*").format(**scope)
            statements.append(
                {"Effect": "Allow", "Action": action, "Resource": on, "Condition": {"StringLike": like}}
            )
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":"))


def session_name(execution: str) -> str:
    """The execution's name as a RoleSessionName: at most 64 of the characters that STS takes."""
    return re.sub(r"[^\w+=,.@-]", "-", execution, flags=re.ASCII)[:64].ljust(2, "-")


class Session:
    """One account's credentials with the clients made from them."""

    def __init__(
        self, identity: Identity, place: Place, keys: ReadOnlyCredentials | None, ends: datetime
    ) -> None:
        self.identity = identity
        self._place = place
        self._keys = keys
        self._ends = ends
        self._clients: dict[str, Any] = {}
        self._making = Lock()

    def client(self, service: str) -> Any:
        """The client of a service, made once."""
        with self._making:
            if service not in self._clients:
                self._clients[service] = self._made(service)
            return self._clients[service]

    def _made(self, service: str) -> Any:
        region = self._place.region
        if self._keys is None:
            return _client(_own(), service, region_name=region)
        with _making:
            shared = _role_client(service, region)
        return RoleClient(shared, self._keys)

    @property
    def fresh(self) -> bool:
        """Whether its credentials last for some minutes more."""
        return datetime.now(UTC) < self._ends - _EARLY


_sessions: OrderedDict[tuple[str | None, ...], Session] = OrderedDict()
# Who opens a session makes others wait that want the same; of those that want another one, few.
_opening = tuple(Lock() for _ in range(64))


def open_session(
    account: Account, resource_type: ResourceType, place: Place, phase: Phase, execution: str
) -> Session:
    """A session in the account with the role of the phase, kept for the container's next invocation of the
    same execution.

    Raises RoleNotAssumed, WrongAccount, Throttled, Unavailable.
    """
    policy = session_policy(resource_type, phase, place)
    if phase is not Phase.READ:
        return _opened(account, account.role_arn, place, policy, execution)
    if account.read_role_arn or not account.role_arn:
        return _opened(account, account.read_role_arn, place, policy, execution)
    # The settings are of a version that had one role. The member may have been upgraded since.
    try:
        return _opened(account, account.role_arn, place, policy, execution)
    except RoleNotAssumed as refused:
        try:
            return _opened(account, reading_role(account.role_arn), place, policy, execution)
        except RoleNotAssumed:
            raise RoleNotAssumed(
                f"{refused} The settings name one role for reading and writing. `rightstate accounts add "
                f"{account.account} --install` upgrades the account; until then the hub has to be deployed "
                "with OneRoleMembers=true."
            ) from None


def reading_role(writing: str) -> str:
    """The name or ARN of a member's role that reads, from that of the one that writes."""
    return f"{writing}-read"


def _opened(account: Account, role: str | None, place: Place, policy: str, execution: str) -> Session:
    # Without a role there is nothing that a policy would limit or a name would tell: one serves all.
    own = (policy, execution) if role else ()
    key = (account.account, role, account.external_id, place.region, *own)
    with _opening[hash(key) % len(_opening)]:
        session = _sessions.get(key)
        if session is None or not session.fresh:
            session = (
                _assume(role, account.external_id, place, policy, execution) if role else _without_role(place)
            )
        with _lock:
            # The one that was used last is dropped last.
            _sessions.pop(key, None)
            _sessions[key] = session
            while len(_sessions) > _KEPT:
                _sessions.popitem(last=False)
    if session.identity.account != account.account:
        raise WrongAccount(
            f"The credentials belong to account {session.identity.account}, not to {account.account}. "
            "Nothing was changed. Set the account's role in the settings."
        )
    return session


def _without_role(place: Place) -> Session:
    with named_errors():
        caller = _sts(place).get_caller_identity()
    identity = Identity(account=caller["Account"], arn=caller["Arn"])
    return Session(identity, place, None, datetime.max.replace(tzinfo=UTC))


def _assume(role: str, external_id: str | None, place: Place, policy: str, execution: str) -> Session:
    given = {"ExternalId": external_id} if external_id else {}
    with named_errors():
        try:
            answer = _sts(place).assume_role(
                RoleArn=role,
                RoleSessionName=session_name(execution),
                Policy=policy,
                **given,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] not in _REFUSALS:
                raise
            raise RoleNotAssumed(
                f"STS refused {role}: {error.response['Error']['Code']}. Nothing was "
                "changed. Check that the role exists, trusts the hub's function role, and that the "
                "external id is that of the settings."
            ) from None
    # arn:aws:sts::111122223333:assumed-role/NAME/SESSION says whose role it is, without another call.
    arn = answer["AssumedRoleUser"]["Arn"]
    keys = answer["Credentials"]
    return Session(
        Identity(account=arn.split(":")[4], arn=arn),
        place,
        ReadOnlyCredentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], None),
        keys["Expiration"],
    )


_REFUSALS = {"AccessDenied", "AccessDeniedException", "RegionDisabledException", "ValidationError"}


def _sts(place: Place) -> Any:
    """STS in the own region, which is enabled for the credentials; the place's may be an opt-in region that
    only its own account has enabled, where STS knows nothing of the hub's account.

    IAM User Guide, Manage AWS STS in an AWS Region: "Session tokens from Regional AWS STS endpoints are valid
    in all AWS Regions", those of the global endpoint are not. botocore calls the regional one where a region
    is named. Only without a region of the place's partition the place's own serves.
    """
    own = _own()
    region = own.region_name
    if not region or own.get_partition_for_region(region) != place.partition:
        region = place.region
    return _sts_in(region)


@cache
def _sts_in(region: str) -> Any:
    return _client(_own(), "sts", region_name=region)
