"""Checks of the hub: your credentials, its state machines, functions and tables."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from botocore.exceptions import ClientError

from rightstate_cli.application import sam_template
from rightstate_cli.checks.check import (
    CheckResult,
    Per,
    Site,
    check,
    code,
    failed,
    passed,
    skipped,
    warned,
)
from rightstate_cli.hub.deployment import ALIAS
from rightstate_cli.text import counted

_LASTS = timedelta(minutes=15)
_SKEW = timedelta(seconds=60)
# Fewer than run at once on an ordinary day. New accounts begin with 10.
_CONCURRENT = 50


@check("V1", "Your credentials are the hub's, and last", Per.HUB, "use other credentials")
def caller(site: Site) -> Iterator[CheckResult]:
    """Your credentials belong to the account of the hub's state machines. They are not the root user's, and
    last at least 15 minutes more."""
    own = site.hub.caller
    strange = {arn.split(":")[4] for arn in site.hub.machines().values()} - {own.account}
    if strange:
        yield failed(
            f"Your credentials are for account {own.account}; the hub's machines are in "
            f"{', '.join(strange)}.",
            "Use credentials of the hub's account.",
        )
    if own.arn.endswith(":root"):
        yield warned("Your credentials are the root user's.", "Use a role; the root user is for emergencies.")
    # An attribute of botocore, only on credentials that expire.
    ends = getattr(own.session.get_credentials(), "_expiry_time", None)
    if ends and ends - datetime.now(UTC) < _LASTS:
        yield warned(
            f"Your credentials expire at {ends:%H:%M} UTC.", "Renew them, e.g. with `aws sso login`."
        )
    yield passed(f"You are {own.arn}.")


@check("V10", "The state machines are as deployed", Per.HUB, "`sam deploy`")
def machines(site: Site) -> Iterator[CheckResult]:
    """Each type of resource has an active state machine. Its alias points to one version, which has a time
    limit, logs errors without execution data, and is traced."""
    states, hub = site.client("stepfunctions"), site.hub
    for resource_type in sam_template.machines().values():
        if arn := hub.machines().get(resource_type):
            yield from (
                failed(why, site.deploy, kind, resource_type)
                for kind, why in _faults(states, resource_type, arn)
            )
        else:
            text = f"There is no state machine for {resource_type}."
            yield failed(text, site.deploy, "missing state machines", resource_type)
    yield passed(f"{counted(len(hub.machines()), 'state machine')} active, limited, logged and traced.")


def _faults(states: Any, resource_type: str, arn: str) -> Iterator[tuple[str, str]]:
    """Each fault: its kind, and a sentence."""
    named = f"The state machine for {resource_type}"
    try:
        alias = states.describe_state_machine_alias(stateMachineAliasArn=f"{arn}:{ALIAS}")
        [*routes] = alias["routingConfiguration"]
        machine = states.describe_state_machine(stateMachineArn=routes[0]["stateMachineVersionArn"])
    except ClientError as error:
        if code(error) not in ("ResourceNotFound", "StateMachineDoesNotExist"):
            raise
        yield "missing state machines", f"{named} or its alias {ALIAS} does not exist."
        return
    if len(routes) > 1:
        kind = "state machines with several versions"
        yield kind, f"The alias of the state machine for {resource_type} points to {len(routes)} versions."
    if machine["status"] != "ACTIVE":
        yield "state machines that are not active", f"{named} is {machine['status']}."
    if not json.loads(machine["definition"]).get("TimeoutSeconds"):
        yield "state machines without a time limit", f"{named} has no time limit."
    logging = machine.get("loggingConfiguration", {})
    if logging.get("level", "OFF") == "OFF":
        yield "state machines without a log", f"{named} does not log its errors."
    if logging.get("includeExecutionData"):
        yield "state machines that log execution data", f"{named} logs execution data."
    if not machine.get("tracingConfiguration", {}).get("enabled"):
        yield "state machines without tracing", f"{named} is not traced."


@check("V11", "The functions can run", Per.HUB, "`sam deploy`, or request a higher Lambda concurrency quota")
def functions(site: Site) -> Iterator[CheckResult]:
    """Each function is active under its alias, with the runtime of this version. The account's concurrency
    quota is high enough."""
    runtime = sam_template.template()["Globals"]["Function"]["Runtime"]
    for name in names():
        found = _function(site, name)
        if found is None:
            text = f"The function {name} or its alias {ALIAS} does not exist."
            yield failed(text, site.deploy, "missing functions", name)
            continue
        # A function that was not called for long is Inactive. The next call wakes it.
        if found.get("State", "Active") not in ("Active", "Inactive"):
            text = f"The function {name} is {found['State']}."
            yield failed(text, site.deploy, "functions that are not active", name)
        if found.get("LastUpdateStatus", "Successful") != "Successful":
            text = f"The last update of the function {name} is {found['LastUpdateStatus']}."
            yield failed(text, site.deploy, "functions with a failed update", name)
        if found.get("Runtime") != runtime:
            text = f"The function {name} runs on {found.get('Runtime')}, not {runtime}."
            yield failed(text, site.deploy, "functions with another runtime", name)
    limits = site.client("lambda").get_account_settings()["AccountLimit"]
    free = limits["UnreservedConcurrentExecutions"]
    if free < _CONCURRENT:
        yield warned(
            f"Only {free} functions may run at once in the account, so executions will wait for each other.",
            "aws service-quotas request-service-quota-increase --service-code lambda "
            f"--quota-code L-B99A9384 --desired-value 1000 --region {site.region}",
        )
    yield passed(f"{counted(len(names()), 'function')} active on {runtime}; {free} may run at once.")


@check("V19", "The tables are protected", Per.HUB, "`sam deploy`")
def tables(site: Site) -> Iterator[CheckResult]:
    """The settings table and the ledger cannot be deleted by mistake, and can be restored to any
    earlier second. The ledger deletes entries after the configured time."""
    dynamodb, hub = site.client("dynamodb"), site.hub
    for table in (hub.outputs["SettingsTable"], hub.outputs["LedgerTable"]):
        where = f"--table-name {table} --region {site.region}"
        found = dynamodb.describe_table(TableName=table)["Table"]
        if found["TableStatus"] != "ACTIVE":
            yield failed(f"The table {table} is {found['TableStatus']}.", "Wait, or restore it.")
        if not found.get("DeletionProtectionEnabled"):
            yield failed(
                f"The table {table} can be deleted by mistake.",
                f"aws dynamodb update-table --deletion-protection-enabled {where}",
            )
        backups = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
        recovery = backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus")
        if recovery != "ENABLED":
            yield failed(
                f"The table {table} cannot be restored to a point in time.",
                "aws dynamodb update-continuous-backups --point-in-time-recovery-specification "
                f"PointInTimeRecoveryEnabled=true {where}",
            )
    ledger = hub.outputs["LedgerTable"]
    living = dynamodb.describe_time_to_live(TableName=ledger)["TimeToLiveDescription"]
    if living.get("TimeToLiveStatus") not in ("ENABLED", "ENABLING"):
        yield failed(
            f"The ledger {ledger} never deletes its entries.",
            'aws dynamodb update-time-to-live --time-to-live-specification "Enabled=true, '
            f'AttributeName=expires" --table-name {ledger} --region {site.region}',
        )
    yield passed("Both are protected and restorable; the ledger's entries expire.")


@check("V20", "A private network has VPC endpoints", Per.HUB, "add VPC endpoints")
def private(site: Site) -> Iterator[CheckResult]:
    """The functions run outside a VPC, as in the template, so they need no VPC endpoints."""
    inside = [name for name in names() if ((_function(site, name) or {}).get("VpcConfig") or {}).get("VpcId")]
    if inside:
        yield warned(
            f"These functions run inside a VPC, whose endpoints are not checked: {', '.join(inside)}.",
            "Make sure that their subnets reach STS, DynamoDB, SNS, Step Functions and the remediated "
            "services.",
        )
    else:
        yield skipped("The functions run outside a VPC and need no endpoints.")


@check("V22", "The clocks agree", Per.HUB, "set this machine's clock")
def clock(site: Site) -> Iterator[CheckResult]:
    """This machine's clock differs from AWS's by at most a minute. AWS refuses requests signed at a wrong
    time, and the ages shown here would be wrong."""
    answer = site.client("sts").get_caller_identity()
    here = datetime.now(UTC)
    there = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
    apart = abs(here - there)
    if apart > _SKEW:
        yield warned(
            f"The clocks differ by {apart.total_seconds():.0f} s.", "Set this machine's clock, e.g. with NTP."
        )
    else:
        yield passed(f"The clocks differ by {apart.total_seconds():.0f} s.")


def names() -> list[str]:
    """The functions' names without the stack's name, as in template.yaml."""
    return sorted(path.parent.name.replace("_", "-") for path in sam_template.functions().values())


def _function(site: Site, name: str) -> dict[str, Any] | None:
    """The function under its alias; None if one of them does not exist."""
    try:
        found: dict[str, Any] = site.client("lambda").get_function_configuration(
            FunctionName=site.hub.function(name)
        )
    except ClientError as error:
        if code(error) != "ResourceNotFoundException":
            raise
        return None
    return found
