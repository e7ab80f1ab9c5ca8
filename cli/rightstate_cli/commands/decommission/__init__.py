"""`rightstate decommission`: take a member, an organization's members, or a hub away."""

import typer

from rightstate_cli.commands.decommission.hub import hub
from rightstate_cli.commands.decommission.member import member
from rightstate_cli.commands.decommission.organization import organization

decommission = typer.Typer(
    no_args_is_help=True,
    help="Take a member, an organization's members, or a hub away. Shows what goes and what stays, and asks.",
)
decommission.command()(member)
decommission.command()(organization)
decommission.command()(hub)
