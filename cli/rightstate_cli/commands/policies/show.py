"""`rightstate policies show`."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from rightstate.catalogue import find_policy
from rightstate.policy import Mode, Policy
from rightstate.resource_type import ResourceType
from rightstate_cli.docs.reference import facts, parameters
from rightstate_cli.terminal import completion
from rightstate_cli.terminal.options import FormatOption
from rightstate_cli.terminal.output import Format, print_json, print_line, print_table


def show(
    policy: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="The policy's id, or an alias.",
            show_default=False,
            autocompletion=completion.policies,
        ),
    ],
    format: FormatOption = Format.TABLE,
) -> None:
    """Show one policy with everything to know before enabling it.

    Shows what it wants, may break and costs, which events start it, and which permissions it needs.

    - `rightstate policies show s3-versioning`
    """
    chosen = find_policy(policy)
    if format is Format.JSON:
        print_json(facts(*chosen))
    else:
        _print_one(*chosen)


def _begin_with(mode: Mode) -> str:
    return f"begin with mode {mode}" + ("" if mode is Mode.REPORT else ", after a first look in report")


def _frameworks(whole: Mapping[str, Any]) -> str:
    return "\n".join(f"{framework}: {', '.join(ids)}" for framework, ids in whole["frameworks"].items())


def _in_code(whole: Mapping[str, Any], tool: str) -> list[str]:
    """Where the tool has the settings, or why it does not."""
    found = [place for each in whole["in_code"].values() for place in each[tool]]
    return found or list(dict.fromkeys(each["without"] for each in whole["in_code"].values()))


def _print_one(resource_type: ResourceType, policy: Policy) -> None:
    whole = facts(resource_type, policy)
    lines = [
        ("Title", whole["title"]),
        ("Also known as", ", ".join(whole["aliases"])),
        ("Category", whole["category"]),
        ("Security Hub", ", ".join(whole["security_hub"]) or "no control"),
        ("Prowler", ", ".join(whole["prowler"]) or "no check"),
        ("AWS Config", ", ".join(whole["config_rules"]) or "no rule"),
        ("Applies to", whole["scope"]),
        ("Wants", "\n".join(f"{setting}: {want}" for setting, want in whole["wants"].items())),
        ("Parameters", "\n".join(f"{name} = {text}" for name, text in parameters(policy).items()) or "none"),
        ("May break", whole["side_effects"]),
        ("In CloudFormation", "\n".join(_in_code(whole, "cloudformation")) or "-"),
        ("In Terraform", "\n".join(_in_code(whole, "terraform")) or "-"),
        ("Frameworks", _frameworks(whole) or "-"),
        ("Severity", whole["severity"]),
        ("Risk", f"{whole['risk']}; {_begin_with(policy.risk.suggested_mode)}"),
        ("Can be undone", whole["reversible"]),
        ("Does nothing when", "\n".join(whole["not_applicable"]) or "-"),
        ("Exempt when", "\n".join(whole["exempt_when"]) or "-"),
        ("Only reported when", "\n".join(whole["held_when"]) or "-"),
        ("Satisfied when", "\n".join(whole["compliant_when"]) or "-"),
        ("Events that start it", ", ".join(whole["events"])),
        ("AWS also requires", ", ".join(whole["dependent_actions"]) or "-"),
        ("Reads with", ", ".join(whole["read_actions"])),
        ("Writes with", ", ".join(whole["write_actions"])),
        ("Undo also writes with", ", ".join(whole["undo_actions"]) or "-"),
        ("Notes", whole["notes"] or "-"),
    ]
    print_table(policy.id, ("", ""), lines)
    print_line(f"Try it: rightstate plan --policy {policy.id}")
