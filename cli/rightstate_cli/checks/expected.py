"""What a resource has to be by the templates, with their parameters filled in."""

import json
import re
from collections.abc import Mapping
from typing import Any

from rightstate_cli.checks.check import Site
from rightstate_cli.hub.deployment import Hub
from rightstate_cli.member import template as member_template
from rightstate_cli.member.stacks import role_region


def resolved(value: Any, parameters: Mapping[str, str]) -> Any:
    """The template's value, with each Ref and Fn::Sub replaced."""
    match value:
        case {"Ref": name}:
            return parameters[name]
        case {"Fn::Sub": str(text)}:
            return re.sub(r"\$\{([\w:]+)\}", lambda named: parameters[named[1]], text)
        case dict():
            return {key: resolved(each, parameters) for key, each in value.items()}
        case list():
            return [resolved(each, parameters) for each in value]
        case _:
            return value


def parameters(hub: Hub) -> dict[str, str]:
    """The parameters of the hub's stack that its rules use."""
    return {
        "AWS::StackName": hub.stack,
        "AWS::Partition": hub.partition,
        "AWS::Region": hub.region,
        "AWS::AccountId": hub.account,
        "MemberRoleName": hub.outputs["MemberRoleName"],
    }


def member_parameters(site: Site) -> dict[str, str]:
    """The parameters of the member's stack in that account and region, as `install` sets them."""
    hub, settings = site.hub, site.settings
    return {
        "HubAccount": hub.account,
        "HubRegion": hub.region,
        "HubStack": hub.stack,
        "ExternalId": settings.external_id or hub.outputs["ExternalId"],
        "MemberRoleName": hub.outputs["MemberRoleName"],
        "RoleRegion": role_region(hub, settings.regions or (site.region,)),
    }


def install(site: Site, region: str | None = None) -> str:
    """The command that installs the member, or resets its resources to the template.

    It keeps the stack's resource types, and the region of the role.
    """
    regions = dict.fromkeys((*site.settings.regions, region or site.region))
    named = " ".join(f"--region {each}" for each in regions)
    profile = "" if site.account == site.hub.account else " --profile PROFILE-OF-THE-ACCOUNT"
    return (
        f"rightstate accounts add {site.account} --install {named}{profile} (if a StackSet installed the "
        "member: rightstate organization deploy)"
    )


def trust(site: Site, role: str) -> Any:
    """The trust policy of that role in the template."""
    properties = member_template.template()["Resources"][role]["Properties"]
    own = {"AWS::Partition": site.hub.partition, "AWS::AccountId": site.account}
    return resolved(properties["AssumeRolePolicyDocument"], {**member_parameters(site), **own})


def attached(site: Site, role: str) -> set[str]:
    """The names of the policies that the template attaches to that role, for all resource types."""
    resources = member_template.template()["Resources"]
    arns = resources[role]["Properties"]["ManagedPolicyArns"]
    names = [resources[each["Ref"]]["Properties"]["ManagedPolicyName"] for each in arns]
    return {str(each) for each in resolved(names, member_parameters(site))}


def forwarding(site: Site, types: list[str]) -> dict[str, Any]:
    """Logical id -> properties, for each rule that forwards events of those types from that region."""
    template = member_template.template(types)
    homes = template.get("Mappings", {}).get("HomeRegions", {}).get(site.hub.partition, {})
    rules = {
        name: resource
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Events::Rule"
        and homes.get(resource["Condition"].removeprefix("Forwards"), site.region) == site.region
    }
    own = {"AWS::Partition": site.hub.partition, "AWS::AccountId": site.account, "AWS::Region": site.region}
    return {
        name: {
            "EventPattern": resolved(
                resource["Properties"]["EventPattern"], {**member_parameters(site), **own}
            ),
            "Bus": resolved(resource["Properties"]["Targets"][0]["Arn"], {**member_parameters(site), **own}),
        }
        for name, resource in rules.items()
    }


def same(one: Any, other: Any) -> bool:
    """Whether two policies or patterns mean the same. The order of a list does not matter, and a single item
    may stand without a list."""
    return bool(_canonical(one) == _canonical(other))


def _canonical(value: Any) -> Any:
    match value:
        case dict():
            return {key: _canonical(each) for key, each in value.items()}
        case list():
            items = [_canonical(each) if isinstance(each, dict | list) else each for each in value]
            return sorted(items, key=lambda each: json.dumps(each, sort_keys=True))
        case _:
            return [value]
