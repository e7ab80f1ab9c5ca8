"""CloudTrail trails, each in its home region."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from rightstate.event_rule import Rule, Subject
from rightstate.in_code import InCode
from rightstate.listing import Answer, Shared
from rightstate.policies.cloudtrail_trail import POLICIES
from rightstate.resource_type import (
    Call,
    Case,
    Change,
    Clients,
    Listing,
    Observed,
    Place,
    Resource,
    ResourceType,
    Setting,
    Tags,
    tags_in,
)
from rightstate.wants import Value

_SETTINGS = ("IsMultiRegionTrail", "IncludeGlobalServiceEvents", "LogFileValidationEnabled")
# Absent where there is none; UpdateTrail takes an empty text for none.
_OPTIONAL = ("KmsKeyId", "CloudWatchLogsLogGroupArn", "CloudWatchLogsRoleArn")
# UpdateTrail's name of a setting where it is another than GetTrail's.
_WRITTEN_AS = {"LogFileValidationEnabled": "EnableLogFileValidation"}


def _pages(clients: Clients, place: Place, token: str) -> Iterator[tuple[Sequence[Answer], str]]:
    # Without shadow trails there are no replications of other regions' or the organization's trails either
    # (API reference, DescribeTrails). The answer has no pages.
    yield clients("cloudtrail").describe_trails(includeShadowTrails=False)["trailList"], ""


def _members(clients: Clients, place: Place, group: str) -> Iterator[tuple[str, str]]:
    """The region's trails: each may have been spared for the sake of a trail that has been deleted."""
    return ((place.region, name) for name in _LISTING.find(clients, place))


def _observe(
    clients: Clients, resource: Resource, trail: Answer, settings: frozenset[str], shared: Shared
) -> Observed:
    cloudtrail = clients("cloudtrail")
    observed: dict[str, Value] = {"Home": _home(trail, resource)}
    if observed["Home"] != "here":
        return observed
    # A setting that CloudTrail leaves out is off.
    observed |= {name: trail.get(name, False) for name in settings & {*_SETTINGS, "IsOrganizationTrail"}}
    observed |= {name: trail.get(name) or None for name in settings & {*_OPTIONAL}}
    if "IsLogging" in settings:
        observed["IsLogging"] = cloudtrail.get_trail_status(Name=resource.id)["IsLogging"]
    if "CoveredBy" in settings:
        covers_all = trail.get("IsMultiRegionTrail") and trail.get("IncludeGlobalServiceEvents")
        observed["CoveredBy"] = None if covers_all else _covering(cloudtrail, trail["TrailARN"], shared)
    return observed


def _trail(cloudtrail: Any, resource: Resource) -> Mapping[str, Any]:
    """The trail of that name. By name, CloudTrail finds only the account's own trail in its home region.
    Other trails are searched among the shadow trails."""
    try:
        found: Mapping[str, Any] = cloudtrail.get_trail(Name=resource.id)["Trail"]
    except cloudtrail.exceptions.TrailNotFoundException:
        shadows = [trail for trail in _all(cloudtrail) if trail["Name"] == resource.id]
        if not shadows:
            raise
        [found, *_] = shadows
    return found


def _all(cloudtrail: Any) -> Iterable[Mapping[str, Any]]:
    """Every trail in the region, shadow trails included. The answer has no pages."""
    trails: Iterable[Mapping[str, Any]] = cloudtrail.describe_trails(includeShadowTrails=True)["trailList"]
    return trails


def _home(trail: Mapping[str, Any], resource: Resource) -> str:
    """Where the trail can be changed. arn:aws:cloudtrail:REGION:ACCOUNT:trail/NAME says it."""
    *_, region, account, _ = trail["TrailARN"].split(":")
    if account != resource.account:
        return "another account"
    return "here" if region == resource.region else region


def _covering(cloudtrail: Any, own: str, shared: Shared) -> Value:
    """The ARN of another trail that makes a second multi-Region trail unnecessary, if there is one."""
    for trail in shared.once_in_place("all", lambda: list(_all(cloudtrail))):
        arn = str(trail["TrailARN"])
        if arn != own and shared.once(arn, partial(_covers, cloudtrail, trail)):
            return arn
    return None


def _covers(cloudtrail: Any, trail: Mapping[str, Any]) -> bool:
    if not trail.get("IsMultiRegionTrail"):
        return False
    try:
        logging: bool = cloudtrail.get_trail_status(Name=trail["TrailARN"])["IsLogging"]
        return logging and _logs_all_management_events(cloudtrail, trail)
    except cloudtrail.exceptions.TrailNotFoundException:
        return False  # Deleted meanwhile. The trail that this is all about has not gone.


def _logs_all_management_events(cloudtrail: Any, trail: Mapping[str, Any]) -> bool:
    if trail.get("HasCustomEventSelectors") is False:
        return True  # as every trail does by default (API reference, EventSelector)
    answer = cloudtrail.get_event_selectors(TrailName=trail["TrailARN"])
    logged = [
        *(_logged(each) for each in answer.get("EventSelectors", ())),
        *(_logged_by_advanced(each) for each in answer.get("AdvancedEventSelectors", ())),
    ]
    return frozenset().union(*logged) == _ALL


_ALL = frozenset({"ReadOnly", "WriteOnly"})


def _logged(selector: Mapping[str, Any]) -> frozenset[str]:
    """Which management events a selector logs."""
    if not selector.get("IncludeManagementEvents", True):
        return frozenset()
    kind = selector.get("ReadWriteType", "All")
    return _ALL if kind == "All" else frozenset({kind})


def _logged_by_advanced(selector: Mapping[str, Any]) -> frozenset[str]:
    """The same of an advanced selector. One that is narrowed in other ways counts as none, except that it
    may leave out some services' events, as ExcludeManagementEventSources does."""
    fields = {each["Field"]: each for each in selector["FieldSelectors"]}
    category, read_only = fields.pop("eventCategory", {}), fields.pop("readOnly", {})
    sources = fields.pop("eventSource", {})
    if category.get("Equals") != ["Management"] or fields or sources.keys() - {"Field", "NotEquals"}:
        return frozenset()
    kinds = {"true": "ReadOnly", "false": "WriteOnly"}
    return frozenset(kinds[value] for value in read_only.get("Equals", kinds))


def _tags(clients: Clients, resource: Resource, trail: Answer, shared: Shared) -> Tags:
    cloudtrail = clients("cloudtrail")
    # CloudTrail lists the tags of the trails of its own region (API reference, ListTags), and no policy is
    # about one that is at home elsewhere.
    if _home(trail, resource) != "here":
        return {}
    pages = cloudtrail.get_paginator("list_tags").paginate(ResourceIdList=[trail["TrailARN"]])
    return tags_in(tag for page in pages for each in page["ResourceTagList"] for tag in each["TagsList"])


_LISTING = Listing(
    pages=_pages,
    id_of=lambda trail: str(trail["Name"]),
    one=lambda clients, resource: _trail(clients("cloudtrail"), resource),
    observe=_observe,
    tags=_tags,
)


def _calls(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    updated = {each.setting: each.after for each in changes if each.setting in (*_SETTINGS, *_OPTIONAL)}
    calls = []
    if updated:
        # A partial update: what is not named stays (API reference, UpdateTrail).
        written = {
            _WRITTEN_AS.get(name, name): "" if value is None else value for name, value in updated.items()
        }
        calls.append(_call("UpdateTrail", {"Name": resource.id, **written}, *updated))
    if len(updated) < len(changes):
        # Last, so that what is logged is logged as it is wanted.
        calls.append(_call("StartLogging", {"Name": resource.id}, "IsLogging"))
    return calls


def _restore(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    calls = _calls(resource, changes, observed)
    stop = {"operation": "StopLogging"}
    return [call.model_copy(update=stop) if call.operation == "StartLogging" else call for call in calls]


def _call(operation: str, parameters: dict[str, Any], *settings: str) -> Call:
    return Call(service="cloudtrail", operation=operation, parameters=parameters, settings=settings)


def _needs_the_organization(*settings: str) -> Case:
    """UpdateTrail of an organization trail asks for iam:CreateServiceLinkedRole, iam:GetRole and
    organizations:ListAWSServiceAccessForOrganization too (service authorization reference), which no member's
    role is given for the sake of one trail of one account. StartLogging asks for nothing else."""
    return Case(
        reason="The trail is the organization's, and an update changes it for every account. That "
        "takes rights over the organization, which Rightstate's role does not have. Change it in the "
        "management account with `aws cloudtrail update-trail`.",
        holds=lambda observed: bool(
            observed["IsOrganizationTrail"] and not all(observed[each] for each in settings)
        ),
        reads=("IsOrganizationTrail", *settings),
    )


RESOURCE_TYPE = ResourceType(
    name="cloudtrail-trail",
    title="CloudTrail trail",
    service="cloudtrail",
    policies=POLICIES,
    settings={
        "Home": Setting(read="GetTrail:Trail.TrailARN"),
        **{
            name: Setting(read=f"GetTrail:Trail.{name}", write=f"UpdateTrail:{_WRITTEN_AS.get(name, name)}")
            for name in (*_SETTINGS, *_OPTIONAL)
        },
        "IsOrganizationTrail": Setting(read="GetTrail:Trail.IsOrganizationTrail"),
        # The call itself starts; it has no parameter that says so.
        "IsLogging": Setting(
            read="GetTrailStatus:IsLogging", write="StartLogging:Name", set_back_by=("StopLogging",)
        ),
        "CoveredBy": Setting(read="DescribeTrails:trailList[].TrailARN"),
    },
    in_code={
        "IsMultiRegionTrail": InCode(
            "AWS::CloudTrail::Trail/IsMultiRegionTrail", "aws_cloudtrail.is_multi_region_trail"
        ),
        "IncludeGlobalServiceEvents": InCode(
            "AWS::CloudTrail::Trail/IncludeGlobalServiceEvents",
            "aws_cloudtrail.include_global_service_events",
        ),
        "LogFileValidationEnabled": InCode(
            "AWS::CloudTrail::Trail/EnableLogFileValidation", "aws_cloudtrail.enable_log_file_validation"
        ),
        "KmsKeyId": InCode("AWS::CloudTrail::Trail/KMSKeyId", "aws_cloudtrail.kms_key_id"),
        "CloudWatchLogsLogGroupArn": InCode(
            "AWS::CloudTrail::Trail/CloudWatchLogsLogGroupArn", "aws_cloudtrail.cloud_watch_logs_group_arn"
        ),
        "CloudWatchLogsRoleArn": InCode(
            "AWS::CloudTrail::Trail/CloudWatchLogsRoleArn", "aws_cloudtrail.cloud_watch_logs_role_arn"
        ),
        "IsLogging": InCode("AWS::CloudTrail::Trail/IsLogging", "aws_cloudtrail.enable_logging"),
    },
    cases={
        "organization-trail": Case(
            reason="The trail is the organization's: only its management account, or a delegated "
            "administrator, can change it.",
            holds=lambda observed: observed["Home"] == "another account",
            reads=("Home",),
        ),
        "shadow-trail": Case(
            reason="The trail is the replication of one whose home is another region; only there can it be "
            "changed.",
            holds=lambda observed: observed["Home"] not in ("here", "another account"),
            reads=("Home",),
        ),
        "organization-regions": _needs_the_organization("IsMultiRegionTrail", "IncludeGlobalServiceEvents"),
        "organization-validation": _needs_the_organization("LogFileValidationEnabled"),
        "organization-encryption": _needs_the_organization("KmsKeyId"),
        "organization-logs": _needs_the_organization("CloudWatchLogsLogGroupArn"),
        "covered": Case(
            reason="Another multi-Region trail logs all management events of the account already; a second "
            "one would be paid for.",
            holds=lambda observed: observed["CoveredBy"] is not None,
            reads=("CoveredBy",),
        ),
    },
    facts=("Home",),
    arn="arn:{partition}:cloudtrail:{region}:{account}:trail/{id}",
    # API reference, UpdateTrail: 3 to 128 characters, and no two of . _ - side by side or at an end.
    id_pattern=r"(?=.{3,128}\Z)[A-Za-z0-9]+([._-][A-Za-z0-9]+)*",
    config_type="AWS::CloudTrail::Trail",
    listing=_LISTING,
    rules=(
        # Not trailARN: an organization's delegated administrator updates a trail of another account.
        Rule("TrailCalls", "cloudtrail", ("CreateTrail", "UpdateTrail"), Subject(("responseElements.name",))),
        Rule(
            "StoppedTrails",
            "cloudtrail",
            ("StopLogging",),
            Subject(("requestParameters.name",)),
            name="cloudtrail-trail-stopped",
        ),
        # About the other trails, which may have been spared for this one's sake.
        Rule(
            "DeletedTrails",
            "cloudtrail",
            ("DeleteTrail",),
            Subject(kind="group"),
            name="cloudtrail-trail-deleted",
        ),
    ),
    calls=_calls,
    members=_members,
    read_actions=(
        "cloudtrail:DescribeTrails",
        "cloudtrail:GetEventSelectors",
        "cloudtrail:GetTrail",
        "cloudtrail:GetTrailStatus",
        "cloudtrail:ListTags",
    ),
    write_actions=("cloudtrail:StartLogging", "cloudtrail:UpdateTrail"),
    # The role that delivers to CloudWatch Logs is the account's choice, so no name of it is known here.
    dependent_actions={"iam:PassRole": {"iam:PassedToService": "cloudtrail.amazonaws.com"}},
    undo_actions=("cloudtrail:StopLogging",),
    restore=_restore,
    write_resources=("arn:{partition}:cloudtrail:{region}:{account}:trail/{id}",),
    gone=("TrailNotFoundException",),
    # "Wait a few minutes, and then try the operation again" (API reference, ConflictException).
    busy_errors=("ConflictException",),
)
