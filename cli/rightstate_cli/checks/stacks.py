"""Checks of the stacks: the hub's, and those of the members."""

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from rightstate import __version__
from rightstate_cli.checks.check import (
    CheckResult,
    Per,
    Site,
    Untold,
    check,
    code,
    failed,
    passed,
    skipped,
    warned,
)
from rightstate_cli.checks.expected import install
from rightstate_cli.hub import admission
from rightstate_cli.hub.deployment import USABLE
from rightstate_cli.hub.stacks import outputs

_OURS = ("Rightstate, the hub", "Rightstate, a member")


@check("V2", "The hub's stack is complete", Per.HUB, "`sam deploy`")
def hub_stack(site: Site) -> Iterator[CheckResult]:
    """The last deployment succeeded. Drift detection has found no change made outside the stack. The stack
    has termination protection. The same is checked for the stack that lists the accounts whose events the hub
    accepts, if it exists."""
    [stack] = site.client("cloudformation").describe_stacks(StackName=site.hub.stack)["Stacks"]
    yield from _state(site, stack, site.deploy)
    if admitting := admission.find(site.hub):
        yield from _state(site, admitting, admission.RECONCILE)


@check("V2", "The member's stack is complete", Per.REGION, "`rightstate accounts add --install`")
def member_stack(site: Site) -> Iterator[CheckResult]:
    """The member's stack is installed in the region. Its last deployment succeeded. Drift detection has found
    no change made outside the stack. It has termination protection."""
    stack = find_member(site)
    if stack:
        yield from _state(site, stack, install(site))
    elif site.is_hub:
        yield skipped(
            "The hub's own region has no member stack. The hub gets the events of that region anyway. "
            "V5 checks whether the role exists."
        )
    else:
        yield failed(
            f"There is no stack {site.hub.stack}-member, so no events are forwarded from there.",
            install(site),
        )


@check(
    "V3", "The hub has this version", Per.HUB, "`sam deploy`, or use the command line of the hub's version"
)
def hub_version(site: Site) -> Iterator[CheckResult]:
    """The hub and this command line have the same version, so the checks compare with the right template."""
    version = site.hub.outputs.get("Version", "unknown")
    if version == __version__:
        yield passed(f"Both have version {__version__}.")
    else:
        yield failed(
            f"The hub has version {version}, this command line {__version__}.",
            f"{site.deploy} of {__version__}, or use the command line of {version}",
        )


@check("V3", "The member has this version", Per.REGION, "`rightstate accounts add --install`")
def member_version(site: Site) -> Iterator[CheckResult]:
    """The member has the same version. So its role allows what the hub does, and its rules forward the events
    that the hub needs."""
    stack = required_member(site)
    version = outputs(stack).get("Version", "unknown")
    if version == __version__:
        yield passed(f"The member has version {version}.")
    else:
        yield failed(f"The member has version {version}, this command line {__version__}.", install(site))


@check("V21", "No older installation is left", Per.HUB, "`aws cloudformation delete-stack`")
def strays(site: Site) -> Iterator[CheckResult]:
    """The hub's region has no stack of an older version of Rightstate, which would remediate too."""
    stray = []
    for page in site.client("cloudformation").get_paginator("describe_stacks").paginate():
        for stack in page["Stacks"]:
            version = outputs(stack).get("Version")
            if stack.get("Description", "").startswith(_OURS) and version not in (None, __version__):
                stray.append((stack["StackName"], version))
    yield from [
        warned(
            f"The stack {name} has version {version}.",
            f"Upgrade it, or aws cloudformation delete-stack --stack-name {name} --region {site.region}",
        )
        for name, version in stray
        if name != site.hub.stack
    ]
    yield passed("The hub's region has no older installation.")


def find_member(site: Site) -> dict[str, Any] | None:
    """The member's stack there that belongs to the hub. StackSets choose its name."""
    cloudformation = site.client("cloudformation")
    try:
        stacks = cloudformation.describe_stacks(StackName=f"{site.hub.stack}-member")["Stacks"]
    except ClientError as error:
        if code(error) != "ValidationError":
            raise
        pages = cloudformation.get_paginator("describe_stacks").paginate()
        stacks = [stack for page in pages for stack in page["Stacks"]]
    return next((stack for stack in stacks if _is_member(site, stack)), None)


def required_member(site: Site) -> dict[str, Any]:
    """The same. Raises Untold if there is none."""
    stack = find_member(site)
    if stack is None:
        raise Untold(skipped("There is no member stack there; see V2."))
    return stack


def _is_member(site: Site, stack: dict[str, Any]) -> bool:
    given = {each["ParameterKey"]: each.get("ParameterValue") for each in stack.get("Parameters", [])}
    of_the_hub = (given.get("HubAccount"), given.get("HubRegion"), given.get("HubStack"))
    return bool(
        stack.get("Description", "").startswith(_OURS[1])
        and of_the_hub == (site.hub.account, site.hub.region, site.hub.stack)
    )


def _state(site: Site, stack: dict[str, Any], deploy: str) -> Iterator[CheckResult]:
    name, status = stack["StackName"], stack["StackStatus"]
    where = f"--stack-name {name} --region {site.region}"
    if status not in USABLE:
        yield failed(f"The stack {name} is {status}.", deploy)
    elif "ROLLBACK" in status:
        why = f"aws cloudformation describe-stack-events {where}"
        yield warned(
            f"The last deployment of {name} failed and was rolled back: {status}.", f"{why}; then {deploy}"
        )
    drift = stack.get("DriftInformation", {}).get("StackDriftStatus", "NOT_CHECKED")
    if drift == "DRIFTED":
        what = f"aws cloudformation describe-stack-resource-drifts {where}"
        yield warned(f"Resources of {name} were changed outside the stack.", f"{what}; then {deploy}")
    if not stack.get("EnableTerminationProtection"):
        protect = f"aws cloudformation update-termination-protection --enable-termination-protection {where}"
        # Not with `sam deploy`, which cannot set it.
        yield warned(f"{name} has no termination protection.", protect)
    yield passed(f"{name} is {status} and protected; its drift is {drift}.")
