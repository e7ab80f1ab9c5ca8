"""`rightstate policies` and `rightstate policies list`."""

import typer

from rightstate.errors import InvalidInput
from rightstate_cli.docs.reference import facts
from rightstate_cli.planning import filters
from rightstate_cli.terminal.options import CategoryOption, FormatOption, RiskOption, TypeOption
from rightstate_cli.terminal.output import Format, print_json, print_table, say
from rightstate_cli.text import counted


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
        ("Policy", "Risk", "Begin in"),
        [
            (f"{each.id}\n  {each.title}", each.risk.value, each.risk.suggested_mode.value)
            for _, each in chosen
        ],
        whole=("Risk", "Begin in"),
    )
    say("`rightstate policies show ID` shows everything about one policy.")
