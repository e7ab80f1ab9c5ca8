"""The template of a member: what an account installs in each of its regions that shall be remediated.

Generated from the catalogue and from the hub's template, so that both always fit: the role may do what
the resource types declare, and forwarded is what the hub's rules listen to.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import yaml

from rightstate import __version__
from rightstate.aws.sessions import reading_role
from rightstate.catalogue import load, names
from rightstate.resource_type import ResourceType
from rightstate_cli.application import sam_template

READERS = ("resolve", "assume-role", "describe", "verify", "survey")
WRITERS = ("apply",)
"""The hub's functions that assume a member's role that reads, or writes; STACK-REGION-FUNCTION is the name of
each function's own role."""

READING, WRITING = "ReadingRole", "RemediationRole"
"""The member's roles. The first has the name of the second with `-read` at its end."""

# IAM and STS quotas: a managed policy has at most 6,144 characters, not counting white space.
_POLICY = 6_144

_OWN = "${AWS::AccountId}"
_SCOPE = {"partition": "${AWS::Partition}", "region": "*", "account": _OWN, "id": "*"}
_REPLAYED = "rightstate.replay"
_CALLS = "AWS API Call via CloudTrail"
_GLOBAL = {"iam"}
"""The services whose events CloudTrail records in one region alone (CloudTrail User Guide, Global service
events). The account's settings of S3 are global too, but their calls are recorded where they are made."""
_PREFIX = "${HubStack}-member-"
"""Of names. That of the stack itself leaves no room for more where a StackSet has made it up."""
# EventBridge quotas: a pattern has at most 2,048 characters. MemberRoleName takes up to 59.
_LONGEST = 1984

Resources = dict[str, dict[str, Any]]


def template(types: Iterable[str] = ()) -> dict[str, Any]:
    """The CloudFormation template, for those resource types, for all if none is named."""
    chosen = [load(name) for name in types or names()]
    homes = _home_regions([each for each in chosen if _forwards(each) != "Forwards"])
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        # The policy of stacks spares our own by how this begins.
        "Description": "Rightstate, a member - the roles that remediate, and the rules that forward events.",
        "Parameters": _parameters(),
        **({"Mappings": {"HomeRegions": homes}} if homes else {}),
        "Conditions": _conditions(chosen),
        "Resources": {
            **_roles(chosen),
            **_forwarding_rules(chosen),
            "ForwardingRole": _forwarding_role(),
            "UndeliveredEvents": _as_at_the_hub("UndeliveredEvents"),
            "UndeliveredEventsPolicy": _as_at_the_hub("UndeliveredEventsPolicy"),
        },
        "Outputs": {
            "Version": {"Description": "Version of Rightstate.", "Value": __version__},
            "ResourceTypes": {
                "Description": "What this member may have remediated.",
                "Value": ",".join(each.name for each in chosen),
            },
            READING: {
                "Condition": "HasRole",
                "Description": "Role that the hub assumes to read.",
                "Value": {"Fn::GetAtt": [READING, "Arn"]},
            },
            WRITING: {
                "Condition": "HasRole",
                "Description": "Role that the hub assumes to change what a remediation changes.",
                "Value": {"Fn::GetAtt": [WRITING, "Arn"]},
            },
        },
    }


def as_yaml(template: Mapping[str, Any]) -> str:
    """The template as a file's text."""
    return yaml.dump(dict(template), Dumper=_Dumper, sort_keys=False, width=110, default_flow_style=None)


class _Dumper(yaml.SafeDumper):
    """Without anchors: CloudFormation does not resolve them."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _parameters() -> dict[str, Any]:
    return {
        "HubAccount": {
            "Type": "String",
            "AllowedPattern": "^[0-9]{12}$",
            "Description": "Account of the hub.",
        },
        "HubRegion": {
            "Type": "String",
            "AllowedPattern": "^[a-z]{2,4}(-[a-z]{2,10}){1,3}-[0-9]{1,2}$",
            "Description": "Region of the hub.",
        },
        "HubStack": {
            "Type": "String",
            "Default": "rightstate",
            "AllowedPattern": "^[A-Za-z][A-Za-z0-9-]{0,31}$",
            "Description": "Name of the hub's stack.",
        },
        "ExternalId": {
            "Type": "String",
            # API reference, AssumeRole.
            "AllowedPattern": r"^[\w+=,.@:/-]{8,256}$",
            "Description": "External id that the hub has to give, its output ExternalId.",
        },
        "MemberRoleName": {
            "Type": "String",
            "Default": "rightstate-remediation",
            # A role's name has at most 64 characters, and the other role's is this one with -read.
            "AllowedPattern": r"^[\w+=,.@-]{1,59}$",
            "Description": "Name of the role that writes, as the hub's parameter of the same name has it.",
        },
        "RoleRegion": {
            "Type": "String",
            "AllowedPattern": "^[a-z]{2,4}(-[a-z]{2,10}){1,3}-[0-9]{1,2}$",
            "Description": "The one of the member's regions whose stack has the role; IAM is global.",
        },
        "PermissionsBoundary": {
            "Type": "String",
            "Default": "",
            "AllowedPattern": r"^$|^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/.+$",
            "Description": "ARN of a managed policy as the roles' permissions boundary. Empty for none.",
        },
    }


def _home_regions(types: Iterable[ResourceType]) -> dict[str, dict[str, str]]:
    """Partition -> global resource type -> the region where its events arrive."""
    homes: dict[str, dict[str, str]] = {}
    for each in types:
        for partition, region in each.home_regions.items():
            homes.setdefault(partition, {})[_camel(each.name)] = region
    return homes


def _conditions(types: Iterable[ResourceType]) -> dict[str, Any]:
    at_the_hub = [
        {"Fn::Equals": [{"Ref": "AWS::AccountId"}, {"Ref": "HubAccount"}]},
        {"Fn::Equals": [{"Ref": "AWS::Region"}, {"Ref": "HubRegion"}]},
    ]
    conditions: dict[str, Any] = {
        "HasRole": {"Fn::Equals": [{"Ref": "AWS::Region"}, {"Ref": "RoleRegion"}]},
        "HasBoundary": {"Fn::Not": [{"Fn::Equals": [{"Ref": "PermissionsBoundary"}, ""]}]},
        # The hub has its own account's and region's events anyway.
        "Forwards": {"Fn::Not": [{"Fn::And": at_the_hub}]},
    }
    for each in types:
        if _forwards(each) != "Forwards":
            home = {"Fn::FindInMap": ["HomeRegions", {"Ref": "AWS::Partition"}, _camel(each.name)]}
            conditions[_forwards(each)] = {
                "Fn::And": [
                    {"Condition": "Forwards"},
                    {"Fn::Equals": [{"Ref": "AWS::Region"}, home]},
                ]
            }
    return conditions


def _forwards(resource_type: ResourceType) -> str:
    """The condition under which the type's events are forwarded: those of a global service in one region."""
    services = {rule.service for rule in resource_type.rules}
    return f"Forwards{_camel(resource_type.name)}" if services <= _GLOBAL else "Forwards"


def _roles(types: list[ResourceType]) -> Resources:
    """The role that reads, the role that writes, and the policies of each."""
    reading = _role({"Fn::Sub": reading_role("${MemberRoleName}")}, "What Rightstate may read here.", READERS)
    writing = _role({"Ref": "MemberRoleName"}, "What Rightstate may do in this account.", WRITERS)
    reads = _reads(types)
    return {
        **_with_policies(READING, reading, reads),
        # Apply reads again just before it writes, with the session that it has anyway.
        **_with_policies(WRITING, writing, [*reads, *_writes(types)]),
    }


def _role(name: dict[str, str], description: str, functions: Iterable[str]) -> dict[str, Any]:
    return {
        "Type": "AWS::IAM::Role",
        "Condition": "HasRole",
        "Properties": {
            "RoleName": name,
            "Description": description,
            "PermissionsBoundary": _boundary(),
            "AssumeRolePolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        # The account, narrowed to its roles by name: a role as principal would be that one
                        # incarnation of it, and no longer trusted once the hub has been installed anew.
                        "Principal": {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${HubAccount}:root"}},
                        "Action": "sts:AssumeRole",
                        "Condition": {
                            "StringEquals": {"sts:ExternalId": {"Ref": "ExternalId"}},
                            "ArnEquals": {
                                "aws:PrincipalArn": [
                                    {
                                        "Fn::Sub": "arn:${AWS::Partition}:iam::${HubAccount}:role/"
                                        f"${{HubStack}}-${{HubRegion}}-{function}"
                                    }
                                    for function in functions
                                ]
                            },
                        },
                    }
                ],
            },
        },
    }


def _with_policies(role: str, resource: dict[str, Any], statements: list[dict[str, Any]]) -> Resources:
    """The role with what the statements allow, as managed policies that are short enough."""
    documents = _documents(statements)
    names = [f"{role.removesuffix('Role')}Policy{count}" for count in range(1, len(documents) + 1)]
    attached = {**resource["Properties"], "ManagedPolicyArns": [{"Ref": each} for each in names]}
    return {
        **{
            name: {
                "Type": "AWS::IAM::ManagedPolicy",
                "Condition": "HasRole",
                "Properties": {
                    "ManagedPolicyName": _policy_name(role, count),
                    "PolicyDocument": document,
                },
            }
            for count, (name, document) in enumerate(zip(names, documents, strict=True), 1)
        },
        role: {**resource, "Properties": attached},
    }


def _policy_name(role: str, count: int) -> dict[str, str]:
    return {"Fn::Sub": f"${{MemberRoleName}}-{'reads' if role == READING else 'writes'}-{count}"}


def _documents(statements: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The statements as policies, service by service, which deny together all that none of them allows.

    Each denies what is neither an action that it names nor one of a service that another policy is about:
    together everything but the actions that are allowed somewhere, whatever else is attached to the role.
    """
    allowed: dict[str, list[dict[str, Any]]] = {}
    for each in statements:
        for service in sorted({_service(action) for action in each["Action"]}):
            own = [action for action in each["Action"] if _service(action) == service]
            allowed.setdefault(service, []).append({**each, "Action": own})
    documents: list[dict[str, Any]] = []
    about: list[str] = []
    allows: list[dict[str, Any]] = []
    for service in sorted(allowed):
        longer = _document([*allows, *allowed[service]], [*about, service], allowed)
        if about and len(_text(longer)) > _POLICY:
            documents.append(_document(allows, about, allowed))
            about, allows = [], []
        about.append(service)
        # A service that is too much for one policy goes on in the next, which has nothing more to deny.
        for statement in allowed[service]:
            if len(_text(_document([*allows, statement], about, allowed))) > _POLICY:
                documents.append(_document(allows, about, allowed))
                about, allows = [], []
            allows.append(statement)
    return [*documents, _document(allows, about, allowed)]


def _document(
    allows: list[dict[str, Any]], about: list[str], allowed: Mapping[str, list[dict[str, Any]]]
) -> dict[str, Any]:
    """A policy with those statements, which decides about those services."""
    actions = {action for service in about for each in allowed[service] for action in each["Action"]}
    others = {f"{service}:*" for service in allowed if service not in about}
    denies = {
        # Whatever else is attached to the role.
        "Sid": "NothingElse",
        "Effect": "Deny",
        "NotAction": sorted(actions) + sorted(others),
        "Resource": "*",
    }
    return {"Version": "2012-10-17", "Statement": [*_joined(allows), *([denies] if about else [])]}


def _joined(statements: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As one statement what differs in its actions alone."""
    joined: dict[str, dict[str, Any]] = {}
    for each in statements:
        known = joined.setdefault(each["Sid"], {**each, "Action": []})
        known["Action"] = sorted([*known["Action"], *each["Action"]])
    return list(joined.values())


def _service(action: str) -> str:
    return action.partition(":")[0]


def _reads(types: list[ResourceType]) -> list[dict[str, Any]]:
    """What reading the resource types takes, as statements of this account and any region."""
    on_everything = [each for each in types if each.read_on == ("*",)]
    actions = sorted({action for each in on_everything for action in each.read_actions})
    return [
        *([{"Sid": "Read", "Effect": "Allow", "Action": actions, "Resource": "*"}] if actions else []),
        *(
            {
                "Sid": f"Read{_camel(each.name)}",
                "Effect": "Allow",
                "Action": sorted(each.read_actions),
                "Resource": [{"Fn::Sub": arn.format(**_SCOPE)} for arn in each.read_on],
            }
            for each in types
            if each not in on_everything
        ),
    ]


def _writes(types: Iterable[ResourceType]) -> list[dict[str, Any]]:
    """What changing them takes, as statements of this account and any region."""
    statements: list[dict[str, Any]] = []
    for each in types:
        for count, (actions, templates) in enumerate(each.writes(undo=True)):
            arns = sorted({arn.format(**_SCOPE) for arn in templates})
            write: dict[str, Any] = {
                "Sid": _camel(each.name) + ("Unscoped" if count else ""),
                "Effect": "Allow",
                "Action": actions,
                "Resource": [arn if arn == "*" else {"Fn::Sub": arn} for arn in arns],
            }
            if any(arn.endswith(":::*") for arn in arns):
                # A bucket's ARN has no account, and another account's bucket policy may admit ours.
                write["Condition"] = {"StringEquals": {"aws:ResourceAccount": {"Ref": "AWS::AccountId"}}}
            statements.append(write)
        for action, equals in sorted(each.dependent_actions.items()):
            on = each.dependent_resources.get(action, "*").format(**_SCOPE)
            statements.append(
                {
                    "Sid": _camel(each.name) + _camel(re.sub(r"\W", "-", action)),
                    "Effect": "Allow",
                    "Action": [action],
                    "Resource": on if on == "*" else {"Fn::Sub": on},
                    "Condition": {
                        "StringLike": {key: value.format(**_SCOPE) for key, value in equals.items()}
                    },
                }
            )
    return [*statements, *_limits(types)]


def _limits(types: Iterable[ResourceType]) -> Iterator[dict[str, Any]]:
    """What no other policy of the role may widen: which services a role is passed to, and who may call the
    hub's own functions."""
    passed = {value for each in types for value in each.dependent_actions.get("iam:PassRole", {}).values()}
    if passed:
        yield {
            "Sid": "PassRoleToNobodyElse",
            "Effect": "Deny",
            "Action": ["iam:PassRole"],
            "Resource": "*",
            # It also holds where a request has no such key (IAM User Guide, Negated matching).
            "Condition": {"StringNotLike": {"iam:PassedToService": sorted(passed)}},
        }
    if any("lambda:AddPermission" in each.undo_actions + each.write_actions for each in types):
        yield {
            "Sid": "NotTheHub",
            "Effect": "Deny",
            "Action": ["lambda:AddPermission"],
            "Resource": {
                "Fn::Sub": "arn:${AWS::Partition}:lambda:*:${AWS::AccountId}:function:${HubStack}-*"
            },
        }


def _forwarding_rules(types: Iterable[ResourceType]) -> Resources:
    """What the hub's rules about those types listen to, as few rules that forward it to the hub's bus."""
    wanted = {each.name: each for each in types}
    alike: dict[tuple[str, str], dict[str, list[dict[str, Any]]]] = {}
    for machine, properties in sam_template.rules():
        if resource_type := wanted.get(machine):
            pattern = properties["EventPattern"]
            # What is sent again is sent to the hub.
            [source] = [source for source in pattern["source"] if source != _REPLAYED]
            [detail_type] = pattern["detail-type"]
            of_source = alike.setdefault((_forwards(resource_type), detail_type), {})
            of_source.setdefault(source, []).append(pattern["detail"])
    rules = {}
    for (condition, detail_type), details in alike.items():
        # A type of a global service has rules of its own, beside those of the service's other types.
        own = condition.removeprefix("Forwards")
        kind = "" if detail_type == _CALLS else _camel(re.sub(r"\W+", "-", detail_type))
        for suffix, pattern in _patterns(detail_type, details):
            rules[f"{own}{kind}Calls{suffix}"] = _forwarding_rule(
                f"calls{kind}{f'-{own}' if own else ''}{suffix}", condition, pattern
            )
    return rules


_Details = list[dict[str, Any]]


def _patterns(detail_type: str, of_source: Mapping[str, _Details]) -> Iterator[tuple[str, dict[str, Any]]]:
    """One pattern that matches what any of the details does, or as many as it takes for each to be short
    enough, with what tells their names apart.

    The events of a service stay together if they fit, because no event may match two of them.
    """
    found: list[dict[str, Any]] = []
    sources: list[str] = []
    taken: _Details = []
    for source, details in of_source.items():
        merged = _merged(details)
        if taken and _too_long(_pattern([*sources, source], detail_type, [*taken, *merged])):
            found.append(_pattern(sources, detail_type, taken))
            sources, taken = [], []
        sources.append(source)
        for each in merged:
            if taken and _too_long(_pattern(sources, detail_type, [*taken, each])):
                found.append(_pattern(sources, detail_type, taken))
                sources, taken = [source], []
            taken.append(each)
    found.append(_pattern(sources, detail_type, taken))
    for count, pattern in enumerate(found, 1):
        yield str(count) if len(found) > 1 else "", pattern


def _merged(details: _Details) -> _Details:
    """As one what differs in the names of its events alone."""
    merged: dict[str, dict[str, Any]] = {}
    for each in details:
        known = merged.setdefault(_text({**each, "eventName": []}), {**each, "eventName": []})
        known["eventName"] = sorted({*known["eventName"], *each["eventName"]})
    return list(merged.values())


def _too_long(pattern: Mapping[str, Any]) -> bool:
    return len(_text(pattern)) > _LONGEST


def _pattern(sources: list[str], detail_type: str, details: _Details) -> dict[str, Any]:
    first, *others = details
    common = {key: value for key, value in first.items() if all(each.get(key) == value for each in others)}
    own = [{key: value for key, value in each.items() if key not in common} for each in details]
    either = {"$or": own} if others else own[0]
    return {"source": sources, "detail-type": [detail_type], "detail": {**common, **either}}


def _text(pattern: Mapping[str, Any]) -> str:
    return json.dumps(pattern, separators=(",", ":"))


def _forwarding_rule(name: str, condition: str, pattern: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Type": "AWS::Events::Rule",
        "Condition": condition,
        "Properties": {
            "Name": {"Fn::Sub": f"{_PREFIX}{name}"},
            "Description": "Forwards events to the hub of Rightstate.",
            "EventPattern": pattern,
            "Targets": [
                {
                    "Id": "hub",
                    "Arn": _hub_bus(),
                    "RoleArn": {"Fn::GetAtt": ["ForwardingRole", "Arn"]},
                    # As the hub's own rules: an event that comes late does no harm.
                    "RetryPolicy": {"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 185},
                    "DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["UndeliveredEvents", "Arn"]}},
                }
            ],
        },
    }


def _forwarding_role() -> dict[str, Any]:
    return {
        "Type": "AWS::IAM::Role",
        "Condition": "Forwards",
        "Properties": {
            "Description": "What the rules of Rightstate may do - put events on the hub's bus.",
            "PermissionsBoundary": _boundary(),
            "AssumeRolePolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "events.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                        "Condition": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
                    }
                ],
            },
            "Policies": [
                {
                    "PolicyName": "forward",
                    "PolicyDocument": {
                        "Version": "2012-10-17",
                        "Statement": [
                            {"Effect": "Allow", "Action": "events:PutEvents", "Resource": _hub_bus()}
                        ],
                    },
                }
            ],
        },
    }


def _as_at_the_hub(name: str) -> dict[str, Any]:
    """The hub's resource of that logical id, for the same purpose."""
    text = json.dumps(sam_template.template()["Resources"][name])
    return {**json.loads(text.replace("${AWS::StackName}-", _PREFIX)), "Condition": "Forwards"}


def _hub_bus() -> dict[str, str]:
    return {"Fn::Sub": "arn:${AWS::Partition}:events:${HubRegion}:${HubAccount}:event-bus/default"}


def _boundary() -> dict[str, Any]:
    return {"Fn::If": ["HasBoundary", {"Ref": "PermissionsBoundary"}, {"Ref": "AWS::NoValue"}]}


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("-"))
