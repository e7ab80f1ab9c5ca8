"""`rightstate policies`: the catalogue."""

from typing import Annotated

import typer

from rightstate.catalogue import find_policy, load, load_all
from rightstate.errors import InvalidInput
from rightstate.policy import Policy, Risk
from rightstate.resource_type import ResourceType
from rightstate_cli.options import FormatOption, TypeOption
from rightstate_cli.output import Format, counted, print_json, print_line, print_table, say
from rightstate_cli.reference import facts, parameters


def policies(
    policy: Annotated[
        str | None,
        typer.Argument(
            metavar="ID", help="One policy, by id or alias: all there is to know.", show_default=False
        ),
    ] = None,
    types: TypeOption = None,
    category: Annotated[
        str | None,
        typer.Option(help="Only categories that contain this text.", metavar="TEXT", show_default=False),
    ] = None,
    risk: Annotated[Risk | None, typer.Option(help="Only this risk class.", show_default=False)] = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """List the policies, or show one with everything to know before enabling it.

    - `rightstate policies --risk breaks-access` lists those that may cut somebody off.
    - `rightstate policies --type s3-bucket --category storage` lists those of buckets in that category.
    - `rightstate policies s3-versioning` shows one: what it wants, may break and costs, which events start
      it, and which permissions it needs.
    """
    if policy:
        chosen = [find_policy(policy)]
    else:
        chosen = [
            (resource_type, each)
            for resource_type in ([load(name) for name in types] if types else load_all())
            for each in resource_type.policies
            if (risk is None or each.risk is risk)
            and (category is None or category.lower() in each.category.lower())
        ]
    if not chosen:
        raise InvalidInput("No policy is like that. `rightstate policies` without options lists them all.")
    if format is Format.JSON:
        print_json([facts(*each) for each in chosen])
    elif policy:
        _print_one(*chosen[0])
    else:
        print_table(
            counted(len(chosen), "policy"),
            ("Policy", "Risk, begin in"),
            [
                (f"{each.id}\n  {each.title}", f"{each.risk.value}\n{each.risk.suggested_mode.value}")
                for _, each in chosen
            ],
            whole=("Risk, begin in",),
        )
        say("`rightstate policies ID` shows all there is to know of one.")


def _print_one(resource_type: ResourceType, policy: Policy) -> None:
    whole = facts(resource_type, policy)
    lines = [
        ("Title", whole["title"]),
        ("Also known as", ", ".join(whole["aliases"])),
        ("Category", whole["category"]),
        ("Security Hub", ", ".join(whole["security_hub"]) or "no control"),
        ("Concerns", whole["scope"]),
        ("Wants", "\n".join(f"{setting}: {want}" for setting, want in whole["wants"].items())),
        ("Parameters", "\n".join(f"{name} = {text}" for name, text in parameters(policy).items()) or "none"),
        ("May break", whole["side_effects"]),
        ("Risk class", f"{whole['risk']}; begin with mode {whole['suggested_mode']} after a look in report"),
        ("Can be undone", whole["reversible"]),
        ("Does nothing when", "\n".join(whole["not_applicable"]) or "-"),
        ("Satisfied when", "\n".join(whole["compliant_when"]) or "-"),
        ("Triggered by", ", ".join(whole["events"])),
        ("Needs as well", ", ".join(whole["dependent_actions"]) or "-"),
        ("Reads with", ", ".join(whole["read_actions"])),
        ("Writes with", ", ".join(whole["write_actions"])),
        ("Notes", whole["notes"] or "-"),
    ]
    print_table(policy.id, ("", ""), lines)
    print_line(f"Try it: rightstate plan --policy {policy.id}")
