"""`rightstate policies`: the catalogue, and which policies each account has enabled."""

import typer

from rightstate_cli.commands.policies.disable import disable
from rightstate_cli.commands.policies.enable import enable
from rightstate_cli.commands.policies.list import list_policies
from rightstate_cli.commands.policies.set_mode import set_mode
from rightstate_cli.commands.policies.show import show

policies = typer.Typer(invoke_without_command=True, rich_markup_mode="markdown")
policies.callback()(list_policies)
policies.command()(enable)
policies.command()(disable)
policies.command(name="set-mode")(set_mode)
policies.command(
    name="list",
    help="List the policies, as `rightstate policies` alone does.\n\n"
    "- `rightstate policies list --risk breaks-access` lists policies that may cut off access.",
)(list_policies)
policies.command()(show)
