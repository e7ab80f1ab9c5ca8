"""The policies and the checks as data, and as pages, which `make docs` writes."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rightstate.catalogue import load_all
from rightstate.policy import Parameter, Policy, Risk
from rightstate.resource_type import ResourceType
from rightstate.wants import as_text
from rightstate_cli import checks
from rightstate_cli.application import parts, sam_template
from rightstate_cli.docs import coverage, markdown
from rightstate_cli.member import template as member_template
from rightstate_cli.standards.frameworks import required_by

_INTRODUCTION = """\
# The policies

<!-- Written by `make docs` from the catalogue. Do not edit: changes here are lost. -->

Rightstate has {policies} policies for {types} types of resources. A policy reads some settings of a resource.
In mode `auto` it also writes the settings that differ from what it wants; in mode `approve` it asks first.
`rightstate policies show ID` shows the same facts in a terminal, and `rightstate policies --format json`
gives them to a script.

An alias is another name of a policy, for example in another product. Use it wherever you can use an id.
"""
_RISKS = """\

The risk of a policy is what enabling it may break. First look at what the policy finds in mode `report`. Then
begin with the mode for its risk.
"""


_CHECKS = """\
# Verifying

<!-- Written by `make docs` from the checks. Do not edit: changes here are lost. -->

`rightstate verify` checks a deployed hub, every registered account and each of its regions. Each check ends
PASS, WARN, FAIL or SKIP, and shows what it found and the command that fixes it. It changes nothing.

```console
$ rightstate verify
$ rightstate verify --check V5 --account 111122223333
$ rightstate verify --inspect-role OrganizationAccountAccessRole --format json
$ rightstate verify --canary --check V12 --check V13
```

- Use credentials for the hub's account. Other accounts are read only through the role that `--inspect-role`
  names. You must be able to assume it there. Without it, checks that read other accounts are SKIP. V5 needs
  no such role: the hub's own function tests each account's roles.
- If your credentials lack a permission, the check is SKIP and names the permission. If a check meets an
  unexpected error, it is FAIL, "The check failed", and the other checks go on.
- `--canary` starts two executions for resources that do not exist. One of them fails on purpose. You see that
  failure in a message of the topic, in the alarm for queues and in V17.
- Exit codes: 0 nothing failed, 1 a check failed, 2 could not tell (no credentials, no hub).
- Findings of one cause are one row, with their count, the first names, and the fix of the first. `--format
  json` has each finding: `id`, `title`, `account`, `region`, `status`, `found` and `fix`. `--format csv` has
  the same columns.

"""


_ACTION_NAMES = {
    "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
}
"""Operations whose action in IAM has another name (service authorization reference, Amazon S3)."""
_BESIDE = {
    "AuthorizeSecurityGroupIngress": "RevokeSecurityGroupIngress",
    "DeleteBucketPolicy": "PutBucketPolicy",
    "DeleteRepositoryPolicy": "SetRepositoryPolicy",
    "DeleteResourcePolicy": "PutResourcePolicy",
}
"""Actions that write no setting by name -> the one that they go with."""


def facts(resource_type: ResourceType, policy: Policy) -> dict[str, Any]:
    """The policy, with everything to know before enabling it."""
    return {
        "id": policy.id,
        "aliases": list(policy.aliases),
        "title": policy.title,
        "category": policy.category,
        "resource_type": resource_type.name,
        "scope": _reason(resource_type, policy.scope) if policy.scope else resource_type.title,
        "severity": policy.severity.value,
        "risk": policy.risk.value,
        "suggested_mode": policy.risk.suggested_mode.value,
        "wants": {setting: str(want) for setting, want in policy.bound_wants(policy.examples).items()},
        "parameters": {name: each.model_dump(mode="json") for name, each in policy.parameters.items()},
        "side_effects": policy.side_effects,
        "reversible": policy.reversible,
        "not_applicable": [_reason(resource_type, case) for case in policy.not_applicable],
        "exempt_when": [_reason(resource_type, case) for case in policy.exempt_when],
        "held_when": [_reason(resource_type, case) for case in policy.held_when],
        "compliant_when": [_reason(resource_type, case) for case in policy.compliant_when],
        "security_hub": list(policy.security_hub),
        "prowler": list(policy.prowler),
        "config_rules": list(policy.config_rules),
        "frameworks": {each.value: list(ids) for each, ids in required_by(policy).items()},
        "notes": policy.notes,
        "in_code": {
            setting: {
                "cloudformation": [each.cloudformation for each in place.places() if each.cloudformation],
                "terraform": [each.terraform for each in place.places() if each.terraform],
                "without": place.without,
            }
            for setting, place in resource_type.in_code.items()
            if setting in policy.wants
        },
        "events": sam_template.event_names(resource_type.name),
        "read_actions": list(resource_type.read_actions),
        "dependent_actions": {action: dict(each) for action, each in resource_type.dependent_actions.items()},
        "write_actions": write_actions(resource_type, policy),
        "undo_actions": list(resource_type.undo_actions),
    }


def parameters(policy: Policy) -> dict[str, str]:
    """The policy's parameters, each with its default, its allowed values and its purpose."""
    return {name: _parameter(each) for name, each in policy.parameters.items()}


def write_actions(resource_type: ResourceType, policy: Policy) -> list[str]:
    """The actions that the policy's changes need.

    Each setting names the operation that writes it. An action that writes no setting by name (an alternative
    for another kind of the same type) is needed by every policy of the type.
    """

    def actions(settings: Iterable[str]) -> set[str]:
        names = {resource_type.settings[each].write.partition(":")[0] for each in settings}
        return {f"{resource_type.service}:{_ACTION_NAMES.get(name, name)}" for name in names}

    written = actions(setting for each in resource_type.policies for setting in each.wants)
    needed = actions(policy.wants)
    return [
        each
        for each in resource_type.write_actions
        if (name := _of_service(resource_type, each)) in needed or name not in written
    ]


def _of_service(resource_type: ResourceType, action: str) -> str:
    """The action, or the one that it goes with, under botocore's name of the service, e.g. `elbv2`."""
    name = action.partition(":")[2]
    return f"{resource_type.service}:{_BESIDE.get(name, name)}"


def _reason(resource_type: ResourceType, case: str) -> str:
    named = resource_type.cases[case]
    return named.reason + (f" (while {named.switch} is set)" if named.switch else "")


def _parameter(parameter: Parameter) -> str:
    bounds = f", {parameter.minimum} to {parameter.maximum}" if parameter.maximum is not None else ""
    choices = f", of {', '.join(map(str, parameter.choices))}" if parameter.choices else ""
    if parameter.required:
        return f"to be given, e.g. {as_text(parameter.example)}{bounds}{choices}: {parameter.why}"
    return f"{as_text(parameter.default)}{bounds}{choices}: {parameter.why}"


# --- The page ---


def page(types: Sequence[ResourceType]) -> str:
    """docs/policies.md."""
    policies = [policy for each in types for policy in each.policies]
    count = Counter(policy.risk for policy in policies)
    lines = [
        _INTRODUCTION.format(policies=len(policies), types=len(types)),
        *markdown.table(
            ("Resource type", "Resource", "Policies"),
            ((f"[{each.name}](#{each.name})", each.title, str(len(each.policies))) for each in types),
        ),
        _RISKS,
        *markdown.table(
            ("Risk", "Begin with mode", "Policies"),
            ((risk, f"`{risk.suggested_mode}`", str(count[risk])) for risk in Risk),
        ),
        *(line for each in types for line in _section(each)),
    ]
    return "\n".join(lines) + "\n"


def _section(resource_type: ResourceType) -> Iterator[str]:
    """One type: its policies in a table, then each of them."""
    yield from ("", f"## {resource_type.name}", "")
    yield f"These policies apply to each {resource_type.title}. Its ARN is `{resource_type.arn}`."
    yield ""
    yield f"- Events that start it: {markdown.codes(sam_template.event_names(resource_type.name))}"
    yield f"- Reads with: {markdown.codes(resource_type.read_actions)}"
    yield f"- Writes with: {markdown.codes(resource_type.write_actions)}"
    if resource_type.undo_actions:
        yield f"- Undo also writes with: {markdown.codes(resource_type.undo_actions)}"
    if resource_type.dependent_actions:
        yield f"- AWS also requires: {markdown.codes(resource_type.dependent_actions)}"
    yield ""
    yield from markdown.table(
        ("Policy", "Title", "Category", "Severity", "Risk", "Mode", "Security Hub"),
        (
            (
                f"[{policy.id}](#{policy.id})",
                markdown.text(policy.title),
                policy.category.removeprefix("AWS - "),
                policy.severity,
                policy.risk,
                policy.risk.suggested_mode,
                ", ".join(policy.security_hub),
            )
            for policy in resource_type.policies
        ),
    )
    for policy in resource_type.policies:
        yield from _details(resource_type, policy)


def _details(resource_type: ResourceType, policy: Policy) -> Iterator[str]:
    known = facts(resource_type, policy)
    wants = [f"`{setting}`: {markdown.text(want)}" for setting, want in known["wants"].items()]
    given = [f"`{name}` = {markdown.text(text)}" for name, text in parameters(policy).items()]
    yield from ("", f"### {policy.id}", "", f"{markdown.text(policy.title)}.", "")
    for name, items in {
        "Also known as": [markdown.codes(policy.aliases)],
        "Category": [policy.category],
        "Security Hub": [", ".join(policy.security_hub)],
        "Prowler": [markdown.codes(policy.prowler)],
        "AWS Config": [markdown.codes(policy.config_rules)],
        "Applies to": [markdown.text(known["scope"])],
        "Wants": wants,
        "Parameters": given,
        "Severity": [policy.severity.value],
        "Frameworks": [
            f"{framework.label}: {', '.join(ids)}" for framework, ids in required_by(policy).items()
        ],
        "In CloudFormation": [
            markdown.codes([each]) for one in known["in_code"].values() for each in one["cloudformation"]
        ],
        "In Terraform": [
            markdown.codes([each]) for one in known["in_code"].values() for each in one["terraform"]
        ],
        "Not in code": list(
            dict.fromkeys(markdown.text(each["without"]) for each in known["in_code"].values())
        ),
        "Risk": [f"{policy.risk}; begin with mode `{policy.risk.suggested_mode}`"],
        "May break": [markdown.text(policy.side_effects)],
        "Can be undone": [markdown.text(policy.reversible)],
        "Does nothing when": [markdown.text(each) for each in known["not_applicable"]],
        "Exempt when": [markdown.text(each) for each in known["exempt_when"]],
        "Only reported when": [markdown.text(each) for each in known["held_when"]],
        "Satisfied when": [markdown.text(each) for each in known["compliant_when"]],
        "Notes": [markdown.text(policy.notes)],
    }.items():
        match [item for item in items if item]:
            case []:
                pass
            case [item]:
                yield f"- **{name}:** {item}"
            case several:
                yield f"- **{name}:**"
                yield from (f"  - {item}" for item in several)


# --- The page of the checks ---


def page_of_checks() -> str:
    """docs/verify.md."""
    rows = (
        (
            each.id,
            each.per.value,
            f"**{markdown.text(each.title)}.** {markdown.text(each.proves)}",
            each.fixed_by,
        )
        for each in checks.ALL
    )
    return (
        _CHECKS
        + "\n".join(markdown.table(("Check", "For each", "What it proves", "How to fix it"), rows))
        + "\n"
    )


if __name__ == "__main__":
    root = sam_template.root()
    template = root / "template.yaml"
    template.write_text(parts.filled(template.read_text(), load_all()))
    # The files below are made from the template.
    sam_template.template.cache_clear()
    (root / "member" / "template.yaml").write_text(member_template.as_yaml(member_template.template()))
    (root / "docs" / "verify.md").write_text(page_of_checks())
    (root / "docs" / "coverage.md").write_text(coverage.page())
    (root / "docs" / "policies.md").write_text(page(load_all()))
