"""`rightstate organization`: members in every account of an organization, by a StackSet."""

import typer

from rightstate_cli.commands.organization.deploy import deploy
from rightstate_cli.commands.organization.register import register
from rightstate_cli.commands.organization.show import show

organization = typer.Typer(
    no_args_is_help=True,
    help="Install members in the accounts of an organization, and register them.",
)
organization.command()(deploy)
organization.command()(register)
organization.command()(show)
