"""Stages of API Gateway REST APIs. One UpdateStage makes all changes.

A stage keeps settings for all of its methods, under `*/*`, and for single methods, which override these. The
other APIs of API Gateway, HTTP and WebSocket, have other calls.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from rightstate.event_rule import Rule, Subject
from rightstate.in_code import InCode
from rightstate.listing import Answer, Shared, pages
from rightstate.policies.api_gateway_rest_stage import POLICIES
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
)
from rightstate.wants import Value, as_list

_GATEWAY = "arn:{partition}:apigateway:{region}::"
_ARN = f"{_GATEWAY}/restapis/{{id}}"
_ALL_METHODS = "*/*"
# Setting -> the end of its patch path (API reference, Patch operations).
_PATHS = {"LoggingLevels": "logging/loglevel", "CachesEncrypted": "caching/dataEncrypted"}
# Each API takes a call for its stages, so that a page of 100 would take a minute.
_APIS = 25


def _pages(clients: Clients, place: Place, token: str) -> Iterator[tuple[Sequence[Answer], str]]:
    marks = {"given": "position", "answered": "position"}
    for apis, following in pages(
        clients, "apigateway", "get_rest_apis", "items", token, **marks, limit=_APIS
    ):
        yield [stage for api in apis for stage in _stages(clients, api["id"])], following


def _stages(clients: Clients, api: str) -> list[Answer]:
    """The stages of the API, none if it has been deleted meanwhile."""
    try:
        found = clients("apigateway").get_stages(restApiId=api)["item"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "NotFoundException":
            raise
        return []
    return [{**stage, "restApiId": api} for stage in found]


def _id(stage: Answer) -> str:
    return f"{stage['restApiId']}/stages/{stage['stageName']}"


def _named(resource: Resource) -> dict[str, str]:
    api, _, stage = resource.id.partition("/stages/")
    return {"restApiId": api, "stageName": stage}


def _one(clients: Clients, resource: Resource) -> Answer:
    named = _named(resource)
    return {**clients("apigateway").get_stage(**named), **named}


def _observe(
    clients: Clients, resource: Resource, stage: Answer, settings: frozenset[str], shared: Shared
) -> Observed:
    methods = stage.get("methodSettings", {})
    own: dict[str, Value] = {
        # A level that is not set is OFF (API reference, MethodSetting).
        "LoggingLevels": [
            f"{method}={methods.get(method, {}).get('loggingLevel') or 'OFF'}"
            for method in sorted({_ALL_METHODS, *methods})
        ],
        "CachesEncrypted": [
            f"{method}={'true' if has.get('cacheDataEncrypted') else 'false'}"
            for method, has in sorted(methods.items())
            if has.get("cachingEnabled")
        ],
        "HasCache": bool(stage.get("cacheClusterEnabled")),
        "CacheStatus": stage.get("cacheClusterStatus"),
    }
    if "MayLog" in settings:
        own["MayLog"] = shared.once_in_place("account", lambda: _may_log(clients))
    return {name: own[name] for name in settings}


def _may_log(clients: Clients) -> bool:
    """Whether API Gateway has a role to write logs with, which it needs in each region."""
    return bool(clients("apigateway").get_account().get("cloudwatchRoleArn"))


def _tags(clients: Clients, resource: Resource, stage: Answer, shared: Shared) -> Tags:
    found: Tags = stage.get("tags") or {}
    return found


_LISTING = Listing(pages=_pages, id_of=_id, one=_one, observe=_observe, tags=_tags)


def _members(clients: Clients, place: Place, group: str) -> Iterable[tuple[str, str]]:
    """The stages of the API."""
    return [(place.region, _id(stage)) for stage in _stages(clients, group)]


def _calls(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    operations = [
        # A method's key in the stage's settings is the one in the path, whose slashes are ~1 in both.
        {"op": "replace", "path": f"/{method}/{_PATHS[change.setting]}", "value": value}
        for change in changes
        for method, value in _values(set(as_list(change.after)) - set(as_list(change.before)))
    ]
    return [
        Call(
            service="apigateway",
            operation="UpdateStage",
            parameters={**_named(resource), "patchOperations": operations},
            settings=tuple(change.setting for change in changes),
        )
    ]


def _values(items: Iterable[str]) -> Iterator[tuple[str, str]]:
    for item in sorted(items):
        method, _, value = item.rpartition("=")
        yield method, value


def _busy(observed: Observed) -> str | None:
    """CREATE_IN_PROGRESS, DELETE_IN_PROGRESS and FLUSH_IN_PROGRESS end after minutes."""
    status = str(observed.get("CacheStatus"))
    return f"The cache of the stage is {status}." if status.endswith("_IN_PROGRESS") else None


def _setting(name: str, **more: Any) -> Setting:
    return Setting(read=f"GetStage:{name}", **more)


_WRITE: Mapping[str, Any] = {
    "write": "UpdateStage:patchOperations[].value",
    # A deployment makes a stage if there is none of that name.
    "set_back_by": ("CreateDeployment", "CreateStage", "UpdateStage"),
}

RESOURCE_TYPE = ResourceType(
    name="api-gateway-rest-stage",
    title="API Gateway REST API stage",
    service="apigateway",
    policies=POLICIES,
    settings={
        "LoggingLevels": _setting("methodSettings", **_WRITE),
        "CachesEncrypted": _setting("methodSettings", **_WRITE),
        "HasCache": _setting("cacheClusterEnabled"),
        "CacheStatus": _setting("cacheClusterStatus"),
        "MayLog": Setting(read="GetAccount:cloudwatchRoleArn"),
    },
    in_code={
        "LoggingLevels": InCode(
            "AWS::ApiGateway::Stage/MethodSettings[].LoggingLevel",
            "aws_api_gateway_method_settings.settings.logging_level",
            named_only=True,
        ),
        "CachesEncrypted": InCode(
            "AWS::ApiGateway::Stage/MethodSettings[].CacheDataEncrypted",
            "aws_api_gateway_method_settings.settings.cache_data_encrypted",
            named_only=True,
        ),
    },
    cases={
        "no-cache": Case(
            "The stage has no cache.", lambda observed: observed.get("HasCache") is False, ("HasCache",)
        ),
        "no-log-role": Case(
            "API Gateway has no role to write logs with in this account and region. Set one as the "
            "CloudWatch log role ARN of API Gateway's settings, then start again.",
            lambda observed: observed.get("MayLog") is False,
            ("MayLog",),
        ),
    },
    facts=("CacheStatus",),
    arn=_ARN,
    # API reference, CreateStage: letters, digits, hyphens and underscores, up to 128 of them.
    id_pattern=r"[a-z0-9]{1,64}/stages/[A-Za-z0-9_-]{1,128}",
    config_type="AWS::ApiGateway::Stage",
    listing=_LISTING,
    members=_members,
    rules=(
        # The HTTP and WebSocket APIs have calls of the same names, which name their API at apiId.
        Rule(
            "StageChanged",
            "apigateway",
            ("UpdateStage",),
            Subject(("requestParameters.stageName",), as_="{restApiId}/stages/{}"),
            where={"requestParameters": {"apiId": [{"exists": False}]}},
        ),
        # Where these have the name of the stage is not documented, so all stages of the API are looked at.
        Rule(
            "StageCreated",
            "apigateway",
            ("CreateDeployment", "CreateStage"),
            Subject(("requestParameters.restApiId",), kind="group"),
            where={"requestParameters": {"apiId": [{"exists": False}]}},
            name="api-gateway-rest-stage-created",
        ),
    ),
    calls=_calls,
    busy=_busy,
    read_actions=("apigateway:GET",),
    # Elsewhere GET reads the values of API keys.
    read_on=tuple(
        f"{_GATEWAY}{path}"
        for path in ("/account", "/restapis", "/restapis/*/stages", "/restapis/*/stages/*")
    ),
    write_actions=("apigateway:PATCH",),
    write_resources=(_ARN,),
    gone=("NotFoundException",),
    busy_errors=("ConflictException",),
)
