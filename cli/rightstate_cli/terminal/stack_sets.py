"""The StackSet of an organization's members, shown; and the options of the commands about it."""

from collections.abc import Sequence
from typing import Annotated

import typer

from rightstate_cli.member.stack_sets import Found, Instance, StackSet
from rightstate_cli.operations.organization import Deployment
from rightstate_cli.terminal.options import optional
from rightstate_cli.terminal.output import Format, print_json, print_line, print_table, say, talk
from rightstate_cli.text import counted

AdministratorOption = Annotated[
    str | None,
    optional(
        "NAME",
        "AWS profile of the organization's management account, or of its delegated administrator for "
        "StackSets. Left out: the hub's credentials.",
        "--profile",
    ),
]
MaxConcurrentOption = Annotated[
    int,
    typer.Option(
        min=1, max=100, metavar="PERCENT", help="Accounts of a region that change at the same time."
    ),
]
FailureToleranceOption = Annotated[
    int,
    typer.Option(
        min=0, max=100, metavar="PERCENT", help="If more accounts of a region fail, the others are left."
    ),
]


def say_steps(deployment: Deployment) -> None:
    """Say what a deployment will do."""
    stack_set, steps = deployment.stack_set, deployment.steps
    if not steps:
        say(f"{stack_set.name} is as wanted; there is nothing to do.")
        return
    administrator = stack_set.organization.caller.account
    title = f"{stack_set.name} of {stack_set.organization.id}, administered from {administrator}"
    print_table(title, ("", ""), steps, to=talk)


def places(instances: Sequence[Instance]) -> str:
    return ", ".join(f"{each.account} in {each.region}" for each in instances)


def print_stack_set(stack_set: StackSet, found: Found, instances: Sequence[Instance], format: Format) -> None:
    """Print the StackSet, and its stack in each account and region."""
    if format is Format.JSON:
        print_json(
            {
                "stack_set": stack_set.name,
                "status": found.status,
                "automatic_deployment": found.automatic,
                "drift": found.drift,
                "organizational_units": found.targets.units,
                "regions": found.targets.regions,
                "instances": [
                    {
                        "account": each.account,
                        "region": each.region,
                        "organizational_unit": each.unit,
                        "status": each.status,
                        "detailed_status": each.detail,
                        "drift": each.drift,
                        "reason": each.reason,
                    }
                    for each in instances
                ],
            }
        )
        return
    joining = "get stacks automatically" if found.automatic else "get no stacks"
    print_line(
        f"{stack_set.name}: {found.status}, drift {found.drift}; accounts that join its units {joining}",
        style="bold",
    )
    print_table(
        "",
        ("Account", "Region", "Status", "Drift", "Reason"),
        [(each.account, each.region, _status(each), each.drift, each.reason) for each in instances],
        whole=("Account", "Region", "Status"),
    )
    well = sum(each.well for each in instances)
    summary = "all as wanted" if well == len(instances) else f"{well} as wanted, {len(instances) - well} not"
    print_line(f"{counted(len(instances), 'stack')}: {summary}.")


def _status(instance: Instance) -> str:
    if instance.detail in ("", "SUCCEEDED"):
        return instance.status
    return f"{instance.status}, {instance.detail}"
