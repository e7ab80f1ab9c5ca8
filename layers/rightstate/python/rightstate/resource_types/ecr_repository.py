"""Private ECR repositories."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from botocore.exceptions import ClientError

from rightstate import resource_policy
from rightstate.event_rule import Rule, Subject
from rightstate.in_code import InCode
from rightstate.listing import PAGE, Answer, Shared, paged
from rightstate.policies.ecr_repository import POLICIES
from rightstate.resource_type import (
    Call,
    Case,
    Change,
    Clients,
    Listing,
    Observed,
    Resource,
    ResourceType,
    Setting,
    Tags,
    send,
    tags_in,
    write_anew,
)
from rightstate.wants import Value

_ARN = "arn:{partition}:ecr:{region}:{account}:repository/{id}"
_WHEN_PUSHED = ("SCAN_ON_PUSH", "CONTINUOUS_SCAN")


def _one(clients: Clients, resource: Resource) -> Answer:
    [repository] = clients("ecr").describe_repositories(repositoryNames=[resource.id])["repositories"]
    return repository


def _observe(
    clients: Clients, resource: Resource, repository: Answer, settings: frozenset[str], shared: Shared
) -> Observed:
    observed: dict[str, Value] = {}
    if "ScanOnPush" in settings:
        observed["ScanOnPush"] = bool(repository.get("imageScanningConfiguration", {}).get("scanOnPush"))
    if settings & {"RegistryScanType", "RegistryScans"}:
        registry = shared.once_in_place("registry", lambda: _registry(clients))
        observed["RegistryScanType"] = registry.get("scanType")
        observed["RegistryScans"] = _scanned(registry.get("rules", ()), resource.id)
    if "Policy" in settings:
        observed["Policy"] = _policy(clients, resource)
    return {name: value for name, value in observed.items() if name in settings}


def _registry(clients: Clients) -> Mapping[str, Any]:
    configuration: Mapping[str, Any] = clients("ecr").get_registry_scanning_configuration()[
        "scanningConfiguration"
    ]
    return configuration


def _scanned(rules: Sequence[Mapping[str, Any]], name: str) -> bool:
    """Whether a rule of the registry scans what is pushed to the repository. * is the only wildcard there."""
    return any(
        rule["scanFrequency"] in _WHEN_PUSHED and fnmatchcase(name, each["filter"])
        for rule in rules
        for each in rule["repositoryFilters"]
    )


def _policy(clients: Clients, resource: Resource) -> str | None:
    try:
        answer = clients("ecr").get_repository_policy(repositoryName=resource.id)
    except ClientError as error:
        if error.response["Error"]["Code"] != "RepositoryPolicyNotFoundException":
            raise
        return None
    return resource_policy.checked(answer["policyText"])


def _tags(clients: Clients, resource: Resource) -> Tags:
    arn = _ARN.format(**resource.model_dump())
    return tags_in(clients("ecr").list_tags_for_resource(resourceArn=arn)["tags"])


_LISTING = Listing(
    pages=paged(
        "ecr",
        "describe_repositories",
        "repositories",
        given="nextToken",
        answered="nextToken",
        maxResults=PAGE,
    ),
    id_of=lambda repository: str(repository["repositoryName"]),
    one=_one,
    observe=_observe,
)


def _calls(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    after = {change.setting: change.after for change in changes}

    def call(operation: str, setting: str, **parameters: Any) -> Call:
        named = {"repositoryName": resource.id, **parameters}
        return Call(service="ecr", operation=operation, parameters=named, settings=(setting,))

    calls = []
    if "Policy" in after:
        calls.append(call("SetRepositoryPolicy", "Policy"))
    if "ScanOnPush" in after:
        scanning = {"scanOnPush": after["ScanOnPush"]}
        calls.append(call("PutImageScanningConfiguration", "ScanOnPush", imageScanningConfiguration=scanning))
    return calls


def _apply(clients: Clients, resource: Resource, call: Call, changes: Sequence[Change]) -> None:
    """Set the policy as it now is without what the policies forbid; where nothing is left, delete it."""
    if call.operation != "SetRepositoryPolicy":
        send(clients, resource, call, changes)
        return
    ecr = clients("ecr")
    write_anew(
        changes[0],
        _policy(clients, resource),
        lambda text: ecr.set_repository_policy(**call.parameters, policyText=text),
        lambda: ecr.delete_repository_policy(**call.parameters),
    )


def _held(observed: Observed) -> Mapping[str, str]:
    held = {}
    if why := resource_policy.held_for(observed.get("Policy"), "ECR"):
        held["Policy"] = why
    if observed.get("RegistryScanType") == "ENHANCED":
        held["ScanOnPush"] = (
            "The registry uses enhanced scanning, where its own rules decide what is scanned, and none "
            "covers this repository. Add a rule for it."
        )
    return held


RESOURCE_TYPE = ResourceType(
    name="ecr-repository",
    title="private ECR repository",
    service="ecr",
    policies=POLICIES,
    settings={
        "Policy": Setting(read="GetRepositoryPolicy:policyText", write="SetRepositoryPolicy:policyText"),
        "ScanOnPush": Setting(
            read="DescribeRepositories:repositories[].imageScanningConfiguration.scanOnPush",
            write="PutImageScanningConfiguration:imageScanningConfiguration.scanOnPush",
        ),
        "RegistryScanType": Setting(read="GetRegistryScanningConfiguration:scanningConfiguration.scanType"),
        "RegistryScans": Setting(read="GetRegistryScanningConfiguration:scanningConfiguration.rules[]"),
    },
    in_code={
        "Policy": InCode(
            "AWS::ECR::Repository/RepositoryPolicyText", "aws_ecr_repository_policy.policy", named_only=True
        ),
        "ScanOnPush": InCode(
            "AWS::ECR::Repository/ImageScanningConfiguration.ScanOnPush",
            "aws_ecr_repository.image_scanning_configuration.scan_on_push",
        ),
    },
    cases={
        "registry-scans": Case(
            reason="A scan rule of the registry covers the repository.",
            holds=lambda observed: observed.get("RegistryScans") is True,
            reads=("RegistryScans", "RegistryScanType"),
        ),
    },
    arn=_ARN,
    # API reference, CreateRepository: 2 to 256 characters.
    id_pattern=r"(?=.{2,256}$)(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*",
    config_type="AWS::ECR::Repository",
    listing=_LISTING,
    rules=(
        Rule(
            "RepositoryCalls",
            "ecr",
            ("CreateRepository", "PutImageScanningConfiguration", "SetRepositoryPolicy"),
            Subject(("requestParameters.repositoryName",)),
        ),
    ),
    tags=_tags,
    calls=_calls,
    apply=_apply,
    held=_held,
    read_actions=(
        "ecr:DescribeRepositories",
        "ecr:GetRegistryScanningConfiguration",
        "ecr:GetRepositoryPolicy",
        "ecr:ListTagsForResource",
    ),
    write_actions=(
        "ecr:DeleteRepositoryPolicy",
        "ecr:PutImageScanningConfiguration",
        "ecr:SetRepositoryPolicy",
    ),
    write_resources=(_ARN,),
    gone=("RepositoryNotFoundException",),
)
