"""`rightstate organization deploy`."""

from typing import Annotated

import typer

from rightstate_cli.hub.deployment import DEFAULT_STACK
from rightstate_cli.member.stack_sets import StackSet
from rightstate_cli.operations import organization
from rightstate_cli.operations.organization import Deployed, DeployRequest
from rightstate_cli.terminal.options import (
    FormatOption,
    HubRegionOption,
    StackOption,
    TypeOption,
    YesOption,
    optional,
)
from rightstate_cli.terminal.output import Format, say
from rightstate_cli.terminal.stack_sets import (
    AdministratorOption,
    FailureToleranceOption,
    MaxConcurrentOption,
    places,
    print_stack_set,
    say_steps,
)
from rightstate_cli.terminal.waiting import confirmed_change, shown_progress


def deploy(
    units: Annotated[
        list[str] | None,
        optional(
            "ID",
            "Organizational unit whose accounts become members, with the units below it; repeatable.",
            "--ou",
        ),
    ] = None,
    root: Annotated[bool, typer.Option("--root", help="All accounts of the organization.")] = False,
    regions: Annotated[
        list[str] | None,
        optional(
            "NAME",
            "Region in which they become members; repeatable. The first one has the roles.",
            "--region",
        ),
    ] = None,
    types: TypeOption = None,
    boundary: Annotated[
        str | None,
        optional(
            "ARN",
            "Managed policy that each account has, to use as permissions boundary of the roles.",
        ),
    ] = None,
    max_concurrent: MaxConcurrentOption = 25,
    failure_tolerance: FailureToleranceOption = 10,
    yes: YesOption = False,
    stack: StackOption = DEFAULT_STACK,
    hub_region: HubRegionOption = None,
    profile: AdministratorOption = None,
    format: FormatOption = Format.TABLE,
) -> None:
    """Install members in an organization's accounts, and in those that join later.

    Creates or updates the StackSet STACK-members, with service-managed permissions. What you leave out
    (units, regions, types, boundary) stays as it is, so without options this upgrades the members. After a
    failure or an interruption, run it again: it follows running operations and does what is left.

    - `rightstate organization deploy --ou ou-ab12-3cd4ef56 --region eu-west-1 --region us-east-1`
    - `rightstate organization deploy --root --region eu-west-1 --profile management`

    The StackSet does not reach the management account; `rightstate accounts add` makes it a member.

    Exit codes: 0 every account has its stacks, 1 one has not, 2 could not tell or wrong usage.
    """
    request = DeployRequest(
        units=tuple(units or ()),
        root=root,
        regions=tuple(regions or ()),
        types=tuple(types or ()),
        boundary=boundary,
        max_concurrent=max_concurrent,
        failure_tolerance=failure_tolerance,
    )
    hub, stack_set = organization.administered(stack, hub_region, profile)
    try:
        with shown_progress() as stack_set.progress:
            deployment = organization.prepare(hub, stack_set, request)
        say_steps(deployment)
        if deployment.changes and not confirmed_change("Go on?", yes):
            raise typer.Exit(2)
        with shown_progress() as stack_set.progress:
            deployed = deployment.run()
    except KeyboardInterrupt:
        say(
            f"Interrupted. What {stack_set.name} has begun goes on in AWS. Run the command again to follow "
            "it and to do what is left."
        )
        raise typer.Exit(2) from None
    print_stack_set(stack_set, deployed.found, deployed.instances, format)
    _say_next(stack_set, deployed)
    raise typer.Exit(0 if deployed.well else 1)


def _say_next(stack_set: StackSet, deployed: Deployed) -> None:
    if not deployed.well:
        operations = f"the operation ended {', '.join(deployed.unsuccessful)}"
        say(
            f"Not as wanted: {places(deployed.failed) or operations}. Fix the reasons listed, then run the "
            "command again: it does what is left."
        )
    elif not deployed.instances:
        say("These units have no accounts yet. Accounts that join get their stacks automatically.")
    else:
        say(
            "Next: `rightstate organization register` registers the accounts, with no policy enabled. Then "
            "`rightstate policies enable`. The StackSet does not reach the management account "
            f"{stack_set.organization.management}; `rightstate accounts add` makes it a member."
        )
