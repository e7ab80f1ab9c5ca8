"""`rightstate policies`: the catalogue, and which policies each account has enabled."""

from typing import Annotated

import typer

from rightstate.catalogue import find_policy
from rightstate.errors import InvalidInput
from rightstate.policy import Mode, Policy
from rightstate.resource_type import ResourceType
from rightstate_cli.commands.enabling import disable, enable, set_mode
from rightstate_cli.docs.reference import facts, parameters
from rightstate_cli.planning import filters
from rightstate_cli.terminal import completion
from rightstate_cli.terminal.options import CategoryOption, FormatOption, RiskOption, TypeOption
from rightstate_cli.terminal.output import Format, print_json, print_line, print_table, say
from rightstate_cli.text import counted

policies = typer.Typer(invoke_without_command=True, rich_markup_mode="markdown")
for command in (enable, disable):
    policies.command()(command)
policies.command(name="set-mode")(set_mode)


@policies.callback()
def list_policies(
    context: typer.Context,
    types: TypeOption = None,
    category: CategoryOption = None,
    risk: RiskOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """List or show policies, or enable and disable them in accounts of a deployed hub.

    - `rightstate policies --risk breaks-access` lists policies that may cut off access.
    - `rightstate policies --type s3-bucket --category storage` lists policies for buckets.
    - `rightstate policies show s3-versioning` shows everything about one policy.
    - `rightstate policies enable s3-versioning --account 111122223333` makes the hub report on it.
    """
    if context.invoked_subcommand:
        if types or category or risk or format is not Format.TABLE:
            raise InvalidInput(f"Give the options after `{context.invoked_subcommand}`. Nothing was changed.")
        return
    chosen = filters.policies((), types or (), category, risk)
    if format is Format.JSON:
        print_json([facts(*each) for each in chosen])
        return
    print_table(
        counted(len(chosen), "policy"),
        ("Policy", "Risk, begin in"),
        [
            (f"{each.id}\n  {each.title}", f"{each.risk.value}\n{each.risk.suggested_mode.value}")
            for _, each in chosen
        ],
        whole=("Risk, begin in",),
    )
    say("`rightstate policies show ID` shows everything about one policy.")


policies.command(
    name="list",
    help="List the policies, as `rightstate policies` alone does.\n\n"
    "- `rightstate policies list --risk breaks-access` lists policies that may cut off access.",
)(list_policies)


@policies.command()
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


def _print_one(resource_type: ResourceType, policy: Policy) -> None:
    whole = facts(resource_type, policy)
    lines = [
        ("Title", whole["title"]),
        ("Also known as", ", ".join(whole["aliases"])),
        ("Category", whole["category"]),
        ("Security Hub", ", ".join(whole["security_hub"]) or "no control"),
        ("Applies to", whole["scope"]),
        ("Wants", "\n".join(f"{setting}: {want}" for setting, want in whole["wants"].items())),
        ("Parameters", "\n".join(f"{name} = {text}" for name, text in parameters(policy).items()) or "none"),
        ("May break", whole["side_effects"]),
        ("Severity", whole["severity"]),
        ("Risk", f"{whole['risk']}; {_begin_with(policy.risk.suggested_mode)}"),
        ("Can be undone", whole["reversible"]),
        ("Does nothing when", "\n".join(whole["not_applicable"]) or "-"),
        ("Exempt when", "\n".join(whole["exempt_when"]) or "-"),
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
