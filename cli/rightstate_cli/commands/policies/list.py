"""`rightstate policies` and `rightstate policies list`."""

import typer

from rightstate.errors import InvalidInput
from rightstate_cli.docs.reference import facts
from rightstate_cli.planning import filters
from rightstate_cli.standards.frameworks import consequences
from rightstate_cli.terminal.options import (
    CategoryOption,
    FrameworkOption,
    RiskOption,
    SeverityOption,
    TableFormatOption,
    TypeOption,
)
from rightstate_cli.terminal.output import Format, Table, print_result, print_table, say
from rightstate_cli.text import counted

# One below the other: the longest id leaves room for one narrow column on 80.
_JUDGED = "Severity\nRisk\nBegin in"


def list_policies(
    context: typer.Context,
    types: TypeOption = None,
    category: CategoryOption = None,
    risk: RiskOption = None,
    severity: SeverityOption = None,
    framework: FrameworkOption = None,
    format: TableFormatOption = Format.TABLE,
) -> None:
    """List or show policies, or enable and disable them in accounts of a deployed hub.

    - `rightstate policies --risk breaks-access` lists policies that may cut off access.
    - `rightstate policies --type s3-bucket --category storage` lists policies for buckets.
    - `rightstate policies --framework cis-7.0 --severity high` lists what CIS 7.0 asks for and matters most.
    - `rightstate policies show s3-versioning` shows everything about one policy.
    - `rightstate policies enable s3-versioning --account 111122223333` makes the hub report on it.
    """
    if context.invoked_subcommand:
        if types or category or risk or severity or framework or format is not Format.TABLE:
            raise InvalidInput(f"Give the options after `{context.invoked_subcommand}`. Nothing was changed.")
        return
    chosen = filters.policies((), types or (), category, risk, severity, framework)
    if format is Format.TABLE:
        print_table(
            counted(len(chosen), "policy"),
            ("Policy", _JUDGED),
            [
                (
                    f"{each.id}\n  {each.title}",
                    f"{each.severity}\n{each.risk}\n{each.risk.suggested_mode}",
                )
                for _, each in chosen
            ],
            whole=(_JUDGED,),
        )
    else:
        table = Table(
            ("Policy", "Title", "Type", "Category", "Severity", "Risk", "Begin in"),
            [
                (
                    each.id,
                    each.title,
                    resource_type.name,
                    each.category,
                    each.severity.value,
                    each.risk.value,
                    each.risk.suggested_mode.value,
                )
                for resource_type, each in chosen
            ],
        )
        print_result(table, [facts(*each) for each in chosen], format)
    for line in consequences(framework) if framework else ():
        say(line)
    say("`rightstate policies show ID` shows everything about one policy.")
