"""Options that several commands share, and what their values have to be."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from rightstate.policy import Risk, Severity
from rightstate_cli.standards.frameworks import Framework
from rightstate_cli.terminal import completion
from rightstate_cli.terminal.output import Format


def optional(metavar: str, help: str, *names: str) -> Any:
    """An option whose default is None, which its help explains."""
    return typer.Option(*names, metavar=metavar, help=help, show_default=False)


def _refuse_csv(format: Format) -> Format:
    if format is Format.CSV:
        raise typer.BadParameter("this command has no CSV. Use 'table' or 'json'.")
    return format


AccountArgument = Annotated[str, typer.Argument(metavar="ACCOUNT", help="12 digits.", show_default=False)]
TableFormatOption = Annotated[
    Format,
    typer.Option("--format", help="`table` for people, `json` for scripts, `csv` for spreadsheets."),
]
FormatOption = Annotated[
    Format,
    typer.Option(
        "--format",
        help="`table` for people, `json` for scripts.",
        metavar="[table|json]",
        callback=_refuse_csv,
    ),
]
AccountOption = Annotated[
    str | None,
    typer.Option(
        help="The account to look at, 12 digits. Left out: the account of your credentials.",
        metavar="ID",
        show_default=False,
    ),
]
RegionOption = Annotated[
    str | None,
    typer.Option(
        help="The region. Left out: that of your AWS configuration.", metavar="NAME", show_default=False
    ),
]
RoleOption = Annotated[
    str | None,
    typer.Option(
        metavar="ROLE",
        help="Name or ARN of the role to assume in the account. Left out: rightstate-remediation in another "
        "account, none in your own.",
        show_default=False,
    ),
]
ExternalIdOption = Annotated[
    str | None,
    typer.Option(help="The external id that the role asks for.", metavar="ID", show_default=False),
]
AccountsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--account",
        help="An account to look at, 12 digits; repeatable. Left out: the account of your credentials.",
        metavar="ID",
        show_default=False,
    ),
]
RegionsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--region",
        help="A region to look at; repeatable. Left out: that of your AWS configuration.",
        metavar="NAME",
        show_default=False,
    ),
]
TypeOption = Annotated[
    list[str] | None,
    typer.Option(
        "--type",
        "-t",
        help="Only this resource type, e.g. s3-bucket; repeatable.",
        autocompletion=completion.types,
        metavar="TYPE",
        show_default=False,
    ),
]
CategoryOption = Annotated[
    str | None,
    typer.Option(help="Only categories that contain this text.", metavar="TEXT", show_default=False),
]
RiskOption = Annotated[Risk | None, typer.Option(help="Only this risk class.", show_default=False)]
SeverityOption = Annotated[
    Severity | None,
    typer.Option(help="Only policies of this severity or a higher one.", show_default=False),
]
FrameworkOption = Annotated[
    Framework | None,
    typer.Option(help="Only policies that help to meet a requirement of this framework.", show_default=False),
]
PolicyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--policy",
        "-p",
        help="Only this policy, by id or alias; repeatable.",
        autocompletion=completion.policies,
        metavar="ID",
        show_default=False,
    ),
]
ResourceOption = Annotated[
    list[str] | None,
    typer.Option(
        "--resource",
        "-r",
        help="Only this resource, by ARN, or by name with one --type; repeatable.",
        metavar="ARN",
        show_default=False,
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="A value of your own for a policy's parameter; `rightstate policies show ID` names them; "
        "repeatable.",
        metavar="POLICY.PARAMETER=VALUE",
        show_default=False,
    ),
]
AtOnceOption = Annotated[int, typer.Option(min=1, max=64, metavar="NUMBER", help="Executions at a time.")]
ConcurrencyOption = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=100,
        metavar="NUMBER",
        help="Resources of one service at a time, in each account and region.",
        show_default="5",
    ),
]
UntilOption = Annotated[
    str | None,
    typer.Option(
        help="Start no more resources after this time, e.g. 2026-11-23T22:00Z.",
        metavar="TIME",
        show_default=False,
    ),
]
NoWaitOption = Annotated[bool, typer.Option("--no-wait", help="Start it, and do not follow it.")]
StackOption = Annotated[
    str,
    typer.Option(
        "--stack",
        help="Name of the hub's stack; also from RIGHTSTATE_STACK.",
        envvar="RIGHTSTATE_STACK",
        show_envvar=False,
        metavar="NAME",
    ),
]
DeployedOption = Annotated[
    bool, typer.Option("--deployed", help="Of the deployed hub that --stack and --hub-region name.")
]
# The commands that work on records, which lie on this machine or with a hub, take these four.
OfHubOption = Annotated[
    bool,
    typer.Option(
        "--deployed",
        help="Of the deployed hub, not of this machine; --stack and --hub-region imply it, and so do "
        "RIGHTSTATE_STACK and RIGHTSTATE_HUB_REGION.",
    ),
]
OfStackOption = Annotated[
    str | None,
    typer.Option(
        "--stack",
        help="Name of the hub's stack; also from RIGHTSTATE_STACK. Left out: rightstate, if a hub is meant.",
        metavar="NAME",
        show_default=False,
    ),
]
OfHubRegionOption = Annotated[
    str | None,
    typer.Option(
        "--hub-region",
        help="Region of the hub; also from RIGHTSTATE_HUB_REGION. Left out: that of your AWS configuration.",
        metavar="NAME",
        show_default=False,
    ),
]


class RunMode(StrEnum):
    """What a run on this machine may do."""

    REPORT = "report"
    AUTO = "auto"


class StartMode(StrEnum):
    """What executions of a hub may do at most."""

    REPORT = "report"
    APPROVE = "approve"
    AUTO = "auto"


LedgerOption = Annotated[
    Path | None,
    typer.Option(
        help="The ledger on this machine, where no hub is meant; also from RIGHTSTATE_LEDGER. Left out: the "
        "one in your own data directory.",
        metavar="FILE",
        show_default=False,
    ),
]
HubRegionOption = Annotated[
    str | None,
    typer.Option(
        "--hub-region",
        help="Region of the hub; also from RIGHTSTATE_HUB_REGION. Left out: that of your AWS configuration.",
        envvar="RIGHTSTATE_HUB_REGION",
        show_envvar=False,
        metavar="NAME",
        show_default=False,
    ),
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; for scripts.")]
