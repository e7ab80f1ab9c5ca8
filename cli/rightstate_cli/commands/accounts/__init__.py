"""`rightstate accounts`: the accounts that the hub remediates."""

import typer

from rightstate_cli.commands.accounts.add import add
from rightstate_cli.commands.accounts.admit import admit
from rightstate_cli.commands.accounts.list import list_accounts
from rightstate_cli.commands.accounts.remove import remove
from rightstate_cli.commands.accounts.set import set_account
from rightstate_cli.commands.accounts.show import show
from rightstate_cli.commands.accounts.template import template

accounts = typer.Typer(
    no_args_is_help=True,
    help="Register the accounts that the hub remediates, and check that it can.",
    rich_markup_mode="markdown",
)
accounts.command()(add)
accounts.command()(remove)
accounts.command(name="list")(list_accounts)
accounts.command()(show)
accounts.command()(admit)
accounts.command(name="set")(set_account)
accounts.command()(template)
