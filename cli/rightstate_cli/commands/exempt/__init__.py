"""`rightstate exempt`: what policies must not change, why, and until when."""

import typer

from rightstate_cli.commands.exempt.add import add
from rightstate_cli.commands.exempt.list import list_exemptions
from rightstate_cli.commands.exempt.remove import remove

app = typer.Typer(
    no_args_is_help=True,
    help="Exempt resources from policies, for a reason and for a time.",
    rich_markup_mode="markdown",
)
app.command()(add)
app.command(name="list")(list_exemptions)
app.command()(remove)
