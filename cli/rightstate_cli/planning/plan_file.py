"""Plan files: what a plan found and would change, for people to review and for a hub to apply.

Two plans of one state are the same to the byte: nothing in them depends on when or by whom they were made.
The hash finds an edit made by accident. Somebody who edits on purpose can make another hash. So the hub gets
a fingerprint of what the file shows, computed when the file is read: the hub makes exactly what is shown, or
nothing.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from rightstate import __version__
from rightstate.catalogue import find_policy, load, names
from rightstate.deciding.planner import fingerprint
from rightstate.errors import InvalidInput
from rightstate.frozen import Frozen
from rightstate.identify import shown
from rightstate.models.decision import Deviation, Status
from rightstate.models.names import ACCOUNT, REGION, ResourceName
from rightstate.models.settings import Enabled
from rightstate.policy import Mode, Reversibility, Risk
from rightstate.resource_type import Call, Resource
from rightstate.wants import Value
from rightstate_cli import foreign_json
from rightstate_cli.planning import survey
from rightstate_cli.planning.target import Target

FORMAT = "rightstate-plan/1"
EXCUSED = frozenset({Status.EXEMPT, Status.HALTED, Status.MANAGED})
"""What keeps a policy from changing a resource that it finds broken. These are statuses of a resource too."""
_HASH = "sha256"
_SO = "Nothing was changed. Make the plan anew with `rightstate plan -o FILE`."
_REQUEST = re.compile(r" \(request [^)]*\)")

AccountId = Annotated[str, Field(pattern=ACCOUNT)]
RegionName = Annotated[str, Field(pattern=REGION)]


class Verdict(Frozen):
    """One policy's view of the resource. `mode` is the mode in the account's settings. The plan shows the
    changes of mode auto."""

    policy: str
    mode: Mode
    status: Status
    risk: Risk
    reason: str
    rule: str
    findings: tuple[Deviation, ...]

    @property
    def excused(self) -> bool:
        """Whether something keeps the policy from changing what it finds."""
        return self.status in EXCUSED


class Change(Frozen):
    """One setting, and the policies that ask for it."""

    setting: str
    before: Value
    after: Value
    policies: tuple[str, ...]


class Item(Frozen):
    """One resource. `policies` are those that were evaluated, `state` is the digest of the settings that were
    read. Both are empty where the resource could not be read."""

    account: AccountId
    region: RegionName
    resource_type: str
    resource: ResourceName
    arn: str | None
    status: str
    reason: str
    policies: tuple[str, ...]
    verdicts: tuple[Verdict, ...]
    changes: tuple[Change, ...]
    calls: tuple[Call, ...]
    state: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None

    @property
    def fingerprint(self) -> str:
        """A digest of exactly what the item shows, which an approval names."""
        return fingerprint(self.state or "", self.model_dump(mode="json"))

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What identifies the item in a plan, and orders it."""
        return self.account, self.region, self.resource_type, self.resource


class Unlisted(Frozen):
    """A resource type whose resources could not be listed in an account and region."""

    account: AccountId
    region: RegionName
    resource_type: str
    reason: str


class Scope(Frozen):
    """What was read in an account and region: the types, or the named resources, and the policies with the
    account's modes and parameters."""

    account: AccountId
    region: RegionName
    types: tuple[str, ...]
    resources: tuple[str, ...]
    policies: Mapping[str, Enabled]


class About(Frozen):
    """Facts about a policy that some resource of the plan breaks."""

    title: str
    risk: Risk
    side_effects: str
    reversibility: Reversibility
    reversible: str


class Left(Frozen):
    """A finding that is not planned, and why."""

    finding: str
    check: str
    account: str
    region: str
    resource: str
    reason: str


class Findings(Frozen):
    """The findings that the plan was made from: all of them are `planned`, `settled` (passed, suppressed or
    archived) or `left`."""

    source: str
    total: int
    planned: int
    settled: int
    left: tuple[Left, ...]


class Plan(Frozen):
    """A plan file."""

    format: str
    version: str
    scope: tuple[Scope, ...]
    policies: Mapping[str, About]
    counts: Mapping[str, int]
    items: tuple[Item, ...]
    unlisted: tuple[Unlisted, ...]
    findings: Findings | None
    sha256: str

    @property
    def to_change(self) -> list[Item]:
        """The items that an apply changes, in the plan's order."""
        return [item for item in self.items if item.changes]


def document(
    targets: Sequence[Target],
    items: Iterable[survey.Item],
    unlisted: Iterable[survey.Unlisted],
    modes: Mapping[str, Mapping[str, Mode]],
    findings: Findings | None = None,
) -> Plan:
    """The plan of what was read. `modes` has, by account, the modes of its policies where there are some."""
    found = sorted((_item(item, modes.get(item.account, {})) for item in items), key=lambda item: item.key)
    content = Plan(
        format=FORMAT,
        version=__version__,
        scope=tuple(sorted(_scopes(targets, modes), key=lambda scope: (scope.account, scope.region))),
        policies=_abouts(found),
        counts=_counts(found),
        items=tuple(found),
        unlisted=tuple(
            sorted(
                (
                    Unlisted(**{**each.model_dump(), "reason": without_request(each.reason)})
                    for each in unlisted
                ),
                key=lambda each: (each.account, each.region, each.resource_type),
            )
        ),
        findings=findings,
        sha256="",
    )
    return content.model_copy(update={_HASH: _digest(content.model_dump(mode="json"))})


def check(path: Path) -> None:
    """Refuse a path that cannot become a file, before AWS is read. Raises InvalidInput."""
    if path.is_dir():
        raise InvalidInput(f"{path} is a directory. Nothing was written. Name a file in it.")


def write(plan: Plan, path: Path) -> None:
    """Write the file, whole or not at all. Raises InvalidInput."""
    check(path)
    # Written beside and renamed, so that an interrupted write leaves no half of a plan.
    beside = path.with_name(f"{path.name}.part")
    try:
        beside.write_text(render(plan), encoding="ascii", newline="\n")
        beside.replace(path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        raise InvalidInput(f"{path} cannot be written: {error.strerror}. Nothing was changed.") from None


def render(plan: Plan) -> str:
    """The file's text, line by line so that a review shows what differs."""
    return json.dumps(plan.model_dump(mode="json"), sort_keys=True, indent=1) + "\n"


def read(path: Path) -> Plan:
    """The plan in the file, if nothing in it was edited. Raises InvalidInput."""
    return parse(foreign_json.read_text(path, str(path), _SO), str(path))


def parse(text: str, name: str) -> Plan:
    """The plan in that text. Errors call it `name`. Raises InvalidInput."""
    if not text.strip():
        raise _not_one(name, "is empty")
    given = foreign_json.parse(text, name, _SO)
    if not isinstance(given, dict) or not isinstance(given.get("format"), str):
        raise _not_one(name, "is not a plan of Rightstate")
    if given["format"] != FORMAT:
        raise _not_one(name, f"has the format {shown(given['format'])}, and this command reads {FORMAT}")
    if given.get(_HASH) != _digest(given):
        raise _not_one(name, "was changed after it was made: its hash does not fit what is in it")
    if given.get("version") != __version__:
        raise _not_one(name, f"was made by version {shown(str(given.get('version')))}; this is {__version__}")
    try:
        plan = Plan.model_validate(given)
    except ValidationError as error:
        where = ", ".join(sorted({".".join(map(str, each["loc"])) for each in error.errors()})[:5])
        raise _not_one(name, f"is not understood, at: {where}") from None
    if twice := [key for key, count in Counter(item.key for item in plan.items).items() if count > 1]:
        raise _not_one(name, f"names {shown('/'.join(twice[0]))} twice")
    if wrong := _not_ours(plan):
        raise _not_one(name, f"was changed after it was made: {wrong}")
    if text.replace("\r\n", "\n").strip() != render(plan).strip():
        # E.g. a key given twice, of which a reviewer sees one and a parser takes the other.
        raise _not_one(name, "was changed after it was made: it is not written as Rightstate writes it")
    return plan


def _not_ours(plan: Plan) -> str:
    """What the plan shows to a reviewer although it cannot be true. Empty if nothing.

    An item with changes is hidden from a reviewer by another status, and described by its ARN, its policies'
    risks and what the plan says about them.
    """
    for item in plan.items:
        where = shown("/".join(item.key))
        if item.resource_type not in names():
            return f"there is no resource type {shown(item.resource_type)}"
        if bool(item.changes) != bool(item.calls) or (item.changes and item.status != Status.BROKEN):
            return f"{where} is {shown(item.status)} with {len(item.changes)} changes"
        if item.arn != _arn(item):
            return f"{where} does not have the ARN {shown(str(item.arn))}"
        if other := [each.policy for each in item.verdicts if not _has_risk(each)]:
            return f"the risk of {shown(other[0])} is another"
    if plan.policies != _abouts(plan.items):
        return "what it says about its policies is not what this version says"
    if plan.counts != _counts(plan.items):
        return "its counts do not fit its resources"
    return ""


def _arn(item: Item) -> str | None:
    place = {"account": item.account, "region": item.region}
    if item.arn and ":" in item.arn:
        place["partition"] = item.arn.split(":")[1]
    arn = load(item.resource_type).arn_of(Resource(**place, id=item.resource))
    return None if "*" in arn else arn


def _has_risk(verdict: Verdict) -> bool:
    try:
        return find_policy(verdict.policy)[1].risk is verdict.risk
    except InvalidInput:
        return False


def _abouts(items: Iterable[Item]) -> dict[str, About]:
    broken = {each.policy for item in items for each in item.verdicts if each.findings and not each.excused}
    return {name: _about(name) for name in sorted(broken)}


def _counts(items: Sequence[Item]) -> dict[str, int]:
    return {"resources": len(items), **dict(sorted(Counter(item.status for item in items).items()))}


def without_request(reason: str) -> str:
    """AWS's answer without the request's id, which would make two plans of one state differ."""
    return _REQUEST.sub("", reason)


def on_one_line(call: Call) -> str:
    """The call on one line, e.g. `s3:PutBucketVersioning(Bucket=..., ...)`."""
    given = ", ".join(f"{name}={value!r}" for name, value in call.parameters.items())
    return f"{call.service}:{call.operation}({given})"


def _not_one(name: object, why: str) -> InvalidInput:
    return InvalidInput(f"{name} {why}. {_SO}")


def _digest(content: Mapping[str, Any]) -> str:
    rest = {key: value for key, value in content.items() if key != _HASH}
    return hashlib.sha256(json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _item(item: survey.Item, modes: Mapping[str, Mode]) -> Item:
    decision = item.decision
    return Item(
        account=item.account,
        region=item.region,
        resource_type=item.resource_type,
        resource=item.resource,
        arn=item.arn,
        status=item.status,
        reason=without_request(item.reason),
        policies=item.policies,
        verdicts=tuple(
            Verdict(
                policy=each.policy,
                mode=modes.get(each.policy, each.mode),
                status=each.status,
                risk=find_policy(each.policy)[1].risk,
                reason=each.reason,
                rule=each.rule,
                findings=each.findings,
            )
            for each in (decision.verdicts if decision else ())
        ),
        changes=tuple(
            Change(setting=each.setting, before=each.before, after=each.after, policies=each.policies)
            for each in (decision.changes if decision else ())
        ),
        calls=tuple(
            each.model_copy(update={"parameters": _in_order(each.parameters)})
            for each in (decision.calls if decision else ())
        ),
        state=item.state,
    )


def _scopes(targets: Sequence[Target], modes: Mapping[str, Mapping[str, Mode]]) -> Iterable[Scope]:
    for target in targets:
        own = modes.get(target.account.account, {})
        yield Scope(
            account=target.place.account,
            region=target.place.region,
            types=tuple(each.name for each in target.types),
            resources=tuple(sorted(f"{each.name} {resource.id}" for each, resource in target.resources)),
            policies={
                name: enabled.model_copy(update={"mode": own.get(name, enabled.mode)})
                for name, enabled in sorted(target.account.policies.items())
            },
        )


def _in_order(value: Any) -> Any:
    """With sorted keys, so that a plan looks the same before and after it was in a file."""
    match value:
        case dict():
            return {key: _in_order(value[key]) for key in sorted(value)}
        case list():
            return [_in_order(each) for each in value]
        case _:
            return value


def _about(name: str) -> About:
    policy = find_policy(name)[1]
    return About(
        title=policy.title,
        risk=policy.risk,
        side_effects=policy.side_effects,
        reversibility=policy.reversibility,
        reversible=policy.reversible,
    )
