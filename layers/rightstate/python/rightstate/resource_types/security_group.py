"""VPC security groups. Their rules are read as texts, and only rules that break a policy are touched."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rightstate.errors import InvalidInput, ResourceGone
from rightstate.event_rule import Rule, Subject
from rightstate.identify import shown
from rightstate.in_code import InCode
from rightstate.listing import PAGE, Answer, Shared, paged, pages, the_one
from rightstate.policies.security_group import POLICIES
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
    listed_tags,
)
from rightstate.values.security_group_rules import ALL, of_answer, permission, read
from rightstate.wants import as_list

# EC2 User Guide, Resource IDs: 8 characters until 2016, 17 since.
_HEX = r"(?:[0-9a-f]{17}|[0-9a-f]{8})"
_INGRESS = ("PublicIngress", "OtherIngress")
_RULES = (*_INGRESS, "Egress")
_ARN = "arn:{partition}:ec2:{region}:{account}:security-group/{id}"


def _one(clients: Clients, resource: Resource) -> Answer:
    return the_one(
        clients("ec2").describe_security_groups(GroupIds=[resource.id])["SecurityGroups"],
        "DescribeSecurityGroups",
    )


def _observe(
    clients: Clients, resource: Resource, group: Answer, settings: frozenset[str], shared: Shared
) -> Observed:
    observed: dict[str, Any] = {
        "GroupName": group["GroupName"],
        "SharedBy": None if group["OwnerId"] == resource.account else group["OwnerId"],
        "InUse": None,
        "RuleIds": [],
    }
    ids = [each["GroupId"] for each in shared.answers]
    if asked := settings.intersection(_RULES):
        # The rules of a group in DescribeSecurityGroups lack their ids and tags.
        rules = shared.batch("rules", resource.id, ids, PAGE, lambda some: _rules_of(clients, some))
        observed |= {name: [] for name in _RULES}
        for rule in rules:
            name = _setting_of(rule)
            if name in asked:
                text = str(of_answer(rule))
                observed[name].append(text)
                observed["RuleIds"].append(f"{rule['SecurityGroupRuleId']} {name} {text}")
    if "InUse" in settings and group["GroupName"] == "default":
        used = shared.batch("interfaces", resource.id, ids, PAGE, lambda some: _used(clients, some))
        observed["InUse"] = used
    return {name: observed[name] for name in settings}


def _rules_of(clients: Clients, groups: Sequence[str]) -> Mapping[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {group: [] for group in groups}
    of_groups = [{"Name": "group-id", "Values": list(groups)}]
    for rules, _ in pages(
        clients,
        "ec2",
        "describe_security_group_rules",
        "SecurityGroupRules",
        "",
        Filters=of_groups,
        MaxResults=1000,
    ):
        for rule in rules:
            found[rule["GroupId"]].append(rule)
    # EC2 promises no order, and a plan of one state is the same each time.
    return {group: sorted(rules, key=of_answer) for group, rules in found.items()}


def _setting_of(rule: Mapping[str, Any]) -> str:
    if rule["IsEgress"]:
        return "Egress"
    return "PublicIngress" if of_answer(rule).is_public else "OtherIngress"


def _used(clients: Clients, groups: Sequence[str]) -> Mapping[str, bool]:
    of_groups = [{"Name": "group-id", "Values": list(groups)}]
    used = {
        group["GroupId"]
        for interfaces, _ in pages(
            clients,
            "ec2",
            "describe_network_interfaces",
            "NetworkInterfaces",
            "",
            Filters=of_groups,
            MaxResults=1000,
        )
        for interface in interfaces
        for group in interface["Groups"]
    }
    return {group: group in used for group in groups}


def _members(clients: Clients, place: Place, group: str) -> list[tuple[str, str]]:
    """The default group of a VPC."""
    if not re.fullmatch(f"vpc-{_HEX}", group):
        raise InvalidInput(f"{shown(group)} cannot be the id of a VPC. Nothing was changed.")
    filters = [{"Name": "vpc-id", "Values": [group]}, {"Name": "group-name", "Values": ["default"]}]
    found = clients("ec2").describe_security_groups(Filters=filters)["SecurityGroups"]
    if not found:
        raise ResourceGone(f"VPC {group} has no default security group (yet, or any more).")
    return [(place.region, each["GroupId"]) for each in found]


_LISTING = Listing(
    pages=paged("ec2", "describe_security_groups", "SecurityGroups", MaxResults=PAGE),
    id_of=lambda group: str(group["GroupId"]),
    one=_one,
    observe=_observe,
    tags=listed_tags,
)


def _calls(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    """What is to come in goes in before what is to go out, so that nothing else is cut off meanwhile."""
    ids = {text: rule for rule, _, text in (each.split(" ", 2) for each in as_list(observed.get("RuleIds")))}
    calls = []
    for direction in ("Ingress", "Egress"):
        of_it = [change for change in changes if (change.setting == "Egress") == (direction == "Egress")]
        settings = tuple(change.setting for change in of_it)
        before = [text for change in of_it for text in as_list(change.before)]
        after = [text for change in of_it for text in as_list(change.after)]
        calls += [
            Call(
                service="ec2",
                operation=f"AuthorizeSecurityGroup{direction}",
                parameters={"GroupId": resource.id, "IpPermissions": permissions, **tagged},
                settings=settings,
            )
            for permissions, tagged in _by_tags([text for text in after if text not in before])
        ]
        if gone := [ids[text] for text in before if text not in after and text in ids]:
            calls.append(
                Call(
                    service="ec2",
                    operation=f"RevokeSecurityGroup{direction}",
                    parameters={"GroupId": resource.id, "SecurityGroupRuleIds": gone},
                    settings=settings,
                )
            )
    return calls


def _by_tags(texts: Sequence[str]) -> Iterator[tuple[list[dict[str, Any]], dict[str, Any]]]:
    """Permissions, and the parameter that tags them. A call gives all its rules the same tags."""
    rules = [read(text) for text in texts]
    for tags in dict.fromkeys(rule.tags for rule in rules):
        listed = [{"Key": key, "Value": value} for key, value in tags]
        tagged = {"TagSpecifications": [{"ResourceType": "security-group-rule", "Tags": listed}]}
        yield [permission(rule) for rule in rules if rule.tags == tags], tagged if tags else {}


def _admits_all_protocols(observed: Observed) -> bool:
    return any(read(text).protocol == ALL for text in as_list(observed.get("PublicIngress")))


RESOURCE_TYPE = ResourceType(
    name="security-group",
    title="security group",
    service="ec2",
    policies=POLICIES,
    settings={
        "GroupName": Setting(read="DescribeSecurityGroups:SecurityGroups[].GroupName"),
        "SharedBy": Setting(read="DescribeSecurityGroups:SecurityGroups[].OwnerId"),
        "InUse": Setting(read="DescribeNetworkInterfaces:NetworkInterfaces[].Groups[].GroupId"),
        "RuleIds": Setting(read="DescribeSecurityGroupRules:SecurityGroupRules[].SecurityGroupRuleId"),
        **{
            name: Setting(
                read="DescribeSecurityGroupRules:SecurityGroupRules[]",
                write=f"RevokeSecurityGroup{direction}:SecurityGroupRuleIds[]",
                set_back_by=(f"AuthorizeSecurityGroup{direction}", "ModifySecurityGroupRules"),
            )
            for name, direction in zip(_RULES, ("Ingress", "Ingress", "Egress"), strict=True)
        },
    },
    in_code={
        # A rule may stand in the group, or be a resource of its own.
        name: InCode(
            f"AWS::EC2::SecurityGroup/SecurityGroup{direction}",
            f"aws_security_group.{direction.lower()}",
            named_only=True,
        )
        for name, direction in zip(_RULES, ("Ingress", "Ingress", "Egress"), strict=True)
    },
    cases={
        "default-group": Case(
            reason="The group is not the default group of its VPC.",
            holds=lambda observed: observed.get("GroupName") == "default",
            reads=("GroupName",),
        ),
        "of-another-account": Case(
            reason="Another account owns the group and shares it.",
            holds=lambda observed: observed.get("SharedBy") is not None,
            reads=("SharedBy",),
        ),
        "in-use": Case(
            reason="A network interface uses the group, so that closing it stops traffic. Move the interface "
            "to another group, or set only_unused=false.",
            holds=lambda observed: observed.get("InUse") is True,
            reads=("InUse",),
            switch="only_unused",
        ),
        "all-protocols": Case(
            reason="A rule admits all protocols from the internet. Removing it stops ESP, GRE and ICMP too. "
            "Replace it by rules for what you need, or set keep_all_protocols=false.",
            holds=_admits_all_protocols,
            reads=("PublicIngress",),
            switch="keep_all_protocols",
        ),
    },
    arn=_ARN,
    id_pattern=f"sg-{_HEX}",
    config_type="AWS::EC2::SecurityGroup",
    listing=_LISTING,
    # EC2 Developer Guide, "Request throttling for the Amazon EC2 API": 100 calls of an action at once, and
    # then 20 a second, for an account and region.
    readers=2,
    rules=(
        # A caller may name a group of the default VPC by its name instead of its id (API reference,
        # AuthorizeSecurityGroupIngress). Such an event ends rejected, and the next sweep finds the group.
        Rule(
            "RulesAdded",
            "ec2",
            ("AuthorizeSecurityGroupEgress", "AuthorizeSecurityGroupIngress"),
            Subject(("requestParameters.groupId",)),
        ),
        Rule(
            "RulesChanged",
            "ec2",
            ("ModifySecurityGroupRules",),
            Subject(("requestParameters.ModifySecurityGroupRulesRequest.GroupId",)),
            name="security-group-rules",
        ),
        Rule(
            "NewVpcs",
            "ec2",
            ("CreateVpc",),
            Subject(("responseElements.vpc.vpcId",), kind="group"),
            name="security-group-vpc",
        ),
    ),
    calls=_calls,
    members=_members,
    beside=dict.fromkeys(_RULES, ("RuleIds",)),
    read_actions=(
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSecurityGroupRules",
        "ec2:DescribeSecurityGroups",
    ),
    write_actions=(
        "ec2:AuthorizeSecurityGroupIngress",
        "ec2:RevokeSecurityGroupEgress",
        "ec2:RevokeSecurityGroupIngress",
    ),
    undo_actions=("ec2:AuthorizeSecurityGroupEgress",),
    # The rules that are authorized with tags get these in the same call.
    dependent_actions={
        "ec2:CreateTags": {
            "ec2:CreateAction": "AuthorizeSecurityGroup*",
        }
    },
    restore=_calls,
    restore_reads=("RuleIds",),
    write_resources=(_ARN, "arn:{partition}:ec2:{region}:{account}:security-group-rule/*"),
    gone=("InvalidGroup.NotFound", "InvalidGroupId.NotFound"),
)
