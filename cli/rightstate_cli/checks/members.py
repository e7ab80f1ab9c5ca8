"""Checks of the accounts: their settings, their roles, and what they cover."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from botocore.exceptions import ClientError

from rightstate import settings
from rightstate.catalogue import load_all
from rightstate.clock import now
from rightstate.errors import SettingsUnreadable
from rightstate.exemptions import in_force
from rightstate.models import Account
from rightstate.resource_type import ResourceType
from rightstate_cli import admission, exempting, probe
from rightstate_cli.checks.check import (
    Finding,
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
from rightstate_cli.checks.expected import install, role_name, same, trust
from rightstate_cli.output import counted

_FORBIDDEN = ("iam:PassRole", "iam:PutRolePolicy", "lambda:UpdateFunctionCode", "sts:AssumeRole")
_HOUR = 3600


@check(
    "V4",
    "The role trusts the hub and nobody else",
    Per.ACCOUNT,
    "`rightstate accounts add --install`",
)
def trusts(site: Site) -> Iterator[Finding]:
    """The trust policy of the account's role says what the member's template says: the hub's account, its
    functions' roles and the external id, nothing else. Nothing is attached to the role beside
    what the template gives it."""
    account = site.settings
    name = _role(site)
    iam = site.client("iam")
    with _role_there(site):
        role = iam.get_role(RoleName=name)["Role"]
    given, wanted = role["AssumeRolePolicyDocument"], trust(site)
    if not same(given, wanted):
        yield failed(
            f"The trust of {account.role_arn} is not the template's: {_difference(given, wanted)}.",
            install(site),
        )
    if role.get("MaxSessionDuration", _HOUR) > _HOUR:
        yield warned(
            f"Sessions of {name} may last {role['MaxSessionDuration']} s; the hub needs an hour.",
            f"aws iam update-role --role-name {name} --max-session-duration {_HOUR}",
        )
    attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    inline = [each for each in iam.list_role_policies(RoleName=name)["PolicyNames"] if each != "remediate"]
    for each in attached:
        yield warned(
            f"The policy {each['PolicyArn']} is attached to {name}; the template attaches none.",
            f"aws iam detach-role-policy --role-name {name} --policy-arn {each['PolicyArn']}",
        )
    for each in inline:
        yield warned(
            f"The role {name} has a policy {each} beside the template's.",
            f"aws iam delete-role-policy --role-name {name} --policy-name {each}",
        )
    yield passed(f"{account.role_arn} trusts the hub's roles with the external id.")


@check(
    "V5",
    "The role is the hub's with the external id only",
    Per.ACCOUNT,
    "`rightstate accounts add --install`",
)
def assumed(site: Site) -> Iterator[Finding]:
    """The hub's own function assumes the account's role with the external id, and is refused without one and
    with a wrong one: nobody can have the hub act in an account by naming its role."""
    account = site.settings
    _role(site)
    if not account.external_id:
        yield failed("The settings name no external id.", f"rightstate accounts add {site.account}")
        return
    right = probe.assume(site.hub, account, account.external_id)
    if not right.assumed:
        yield failed(
            f"The hub cannot assume {account.role_arn}: {right.error}: {right.reason}", install(site)
        )
        return
    for how, external_id in (("without an external id", None), ("with a wrong external id", str(uuid4()))):
        tried = probe.assume(site.hub, account, external_id)
        if tried.assumed:
            yield failed(f"{account.role_arn} can be assumed {how}.", install(site))
        elif tried.error != "RoleNotAssumed":
            # Not refused: it went wrong before anybody was asked.
            yield failed(f"Whether it can be assumed {how} could not be told: {tried.error}.", "Try again.")
    yield passed("Assumed with the external id; refused without it and with a wrong one.")


@check(
    "V6",
    "The role may do what is enabled, and no more",
    Per.ACCOUNT,
    "`rightstate accounts add --install`; policies of the organization",
)
def permissions(site: Site) -> Iterator[Finding]:
    """IAM's simulation allows the account's role each action that its enabled policies need, through
    boundaries and policies of the organization, and denies those by which it could take more."""
    account = site.settings
    _role(site)
    iam = site.client("iam")
    types = [each for each in load_all() if settings.enabled(account, each)]
    with _role_there(site):
        allowed = set(_FORBIDDEN) - set(_refused(iam, str(account.role_arn), _FORBIDDEN, (), {}))
    for resource_type in types:
        refused: dict[str, str] = {}
        for actions, arns, context in _needs(resource_type, site):
            refused.update(_refused(iam, str(account.role_arn), actions, arns, context))
        for why in sorted(set(refused.values())):
            actions_named = ", ".join(sorted(action for action, cause in refused.items() if cause == why))
            yield failed(
                f"The role may not do what {resource_type.name} needs: {actions_named} ({why}).",
                _mend(why, site),
            )
    if allowed:
        yield failed(
            f"The role may do what no remediation needs: {', '.join(sorted(allowed))}.", install(site)
        )
    of = f"for {counted(len(types), 'type')} of resources" if types else "for nothing, as nothing is enabled"
    yield passed(f"Allowed is what is needed {of}; what could take more is denied.")


@check(
    "V15",
    "The settings are understood",
    Per.ACCOUNT,
    "`rightstate policies`, `rightstate accounts add`, `rightstate exempt`",
)
def understood(site: Site) -> Iterator[Finding]:
    """The account's settings can be read, each policy that they name exists and takes its parameters, and so
    do those that are exempt. Otherwise every execution of the account stops. No exemption has ended and was
    forgotten there, and none is for longer than the hub's ExemptionDays."""
    account = site.accounts[site.account]
    try:
        if isinstance(account, SettingsUnreadable):
            raise account
        enabled = [each for one in load_all() for each in settings.enabled(account, one)]
    except SettingsUnreadable as error:
        yield failed(str(error), "Correct the item in the settings table, or register the account anew.")
        return
    yield from _exemptions(site, account)
    if not enabled:
        yield warned("No policy is enabled: nothing is looked at.", "rightstate policies enable")
    else:
        yield passed(f"{counted(len(enabled), 'policy')} enabled.")


def _exemptions(site: Site, account: Account) -> Iterator[Finding]:
    at, most = now(), site.hub.outputs.get("ExemptionDays")
    for each in exempting.as_counted(site.hub, account).exemptions:
        remove = f"rightstate exempt remove {each.id} --account {site.account}"
        if each.settings_until:
            counts = "counts" if in_force(each, at) else "counted"
            yield failed(
                f"Exemption {each.id} is until {each.settings_until}, longer than the {most} days that are "
                f"allowed: it {counts} until {each.until} only.",
                f"{remove}; then rightstate exempt add with an earlier day",
            )
        elif at < each.created and not in_force(each, at):
            yield failed(
                f"Exemption {each.id} says that it was created at {each.created}: until then it does not "
                "count.",
                f"{remove}; then rightstate exempt add",
            )
        elif not in_force(each, at):
            yield warned(f"Exemption {each.id} has ended, on {each.until}.", remove)


@check("V18", "All regions in use are covered", Per.ACCOUNT, "`rightstate accounts add` with the region")
def regions(site: Site) -> Iterator[Finding]:
    """Each region that is enabled in the account is one of its regions here, and so is the one where the
    events of an enabled global service (IAM) arrive."""
    account = site.settings
    covered = set(account.regions)
    if not covered:
        yield warned(
            f"The settings name no region, which means all; these checks looked at {site.region} only.",
            f"rightstate accounts add {site.account} with each region",
        )
        return
    for each in load_all():
        home = each.home_regions.get(site.hub.partition)
        at_the_hub = (site.account, home) == (site.hub.account, site.hub.region)
        if home and home not in covered and not at_the_hub and settings.enabled(account, each):
            yield failed(
                f"Events about {each.name} arrive in {home}, which is not one of the account's regions.",
                install(site, home),
            )
    pages = (
        site.client("account")
        .get_paginator("list_regions")
        .paginate(RegionOptStatusContains=["ENABLED", "ENABLED_BY_DEFAULT"])
    )
    enabled = {each["RegionName"] for page in pages for each in page["Regions"]}
    if left := sorted(enabled - covered):
        yield warned(
            f"Enabled, and not covered: {', '.join(left)}.",
            f"rightstate accounts add {site.account} with them, or disable them in the account",
        )
    else:
        yield passed(f"Covered: {counted(len(enabled), 'enabled region')}.")


@check("V21", "The accounts are of the organization", Per.HUB, "`rightstate accounts remove`")
def left(site: Site) -> Iterator[Finding]:
    """Each registered account is an active one of the organization whose events the hub admits, if it is not
    one of those that the hub admits by their number."""
    organization = site.hub.outputs.get("OrganizationId")
    if not organization:
        yield skipped("The hub admits no organization.")
        return
    organizations = site.client("organizations")
    own = organizations.describe_organization()["Organization"]["Id"]
    if own != organization:
        yield failed(
            f"The hub admits organization {organization}, and its account is of {own}.",
            f"{site.deploy} --parameter-overrides OrganizationId={own}",
        )
        return
    pages = organizations.get_paginator("list_accounts").paginate()
    # `State` has taken the place of `Status`, which AWS retires.
    active = {
        each["Id"]
        for page in pages
        for each in page["Accounts"]
        if (each.get("State") or each.get("Status")) == "ACTIVE"
    }
    yield from [
        failed(
            f"Account {account} is registered, and is no active account of {organization}.",
            f"rightstate accounts remove {account}",
        )
        for account in sorted(set(site.accounts) - active - set(admission.listed(site.hub)))
    ]
    yield passed(f"{counted(len(site.accounts), 'account')} registered, none that has left {organization}.")


def _role(site: Site) -> str:
    """The name of the account's role. Raises Untold where it has none."""
    if not site.settings.role_arn:
        raise Untold(
            failed(
                "The settings name no role; the hub's functions may change nothing by themselves.",
                f"rightstate accounts add {site.account}",
            )
        )
    return role_name(site.settings)


@contextmanager
def _role_there(site: Site) -> Iterator[None]:
    """Raises Untold where AWS says that the role does not exist."""
    try:
        yield
    except ClientError as error:
        if code(error) != "NoSuchEntity":
            raise
        raise Untold(failed(f"{site.settings.role_arn} does not exist.", install(site))) from None


def _difference(given: Any, wanted: Any) -> str:
    """What is wrong with a trust policy, as far as a sentence can say it."""
    statements = given.get("Statement", [])
    statements = statements if isinstance(statements, list) else [statements]
    [expected] = wanted["Statement"]
    if len(statements) != 1:
        return f"it has {len(statements)} statements instead of 1"
    [statement] = statements
    if not same(statement.get("Principal"), expected["Principal"]):
        return "it has another principal"
    conditions = statement.get("Condition", {})
    for operator, key, name in (
        ("StringEquals", "sts:ExternalId", "the external id"),
        ("ArnEquals", "aws:PrincipalArn", "the hub's roles"),
    ):
        found = conditions.get(operator, {}).get(key)
        if found is None:
            return f"it has no condition on {name}"
        if not same(found, expected["Condition"][operator][key]):
            return f"it has a condition on others than {name} of the settings and the hub"
    return "it has another effect, action or condition"


Need = tuple[Iterable[str], Iterable[str], Mapping[str, str]]


def _needs(resource_type: ResourceType, site: Site) -> Iterator[Need]:
    """Actions, resources that one of has to be allowed, and the condition keys that AWS would give."""
    scope = {
        "partition": site.hub.partition,
        "region": site.region,
        "account": site.account,
        "id": "rightstate-verify",
    }
    yield resource_type.read_actions, (), {}
    for actions, templates in resource_type.writes(undo=True):
        arns = [arn.format(**scope) for arn in templates if arn != "*"]
        yield actions, arns, {"aws:ResourceAccount": site.account}
    for action, condition in resource_type.dependent_actions.items():
        yield (action,), (), {key: value.format(**scope) for key, value in condition.items()}


def _refused(
    iam: Any, role: str, actions: Iterable[str], arns: Iterable[str], context: Mapping[str, str]
) -> dict[str, str]:
    """Action -> why it is denied on each of the resources."""
    given: dict[str, Any] = {"PolicySourceArn": role, "ActionNames": sorted(actions)}
    if arns:
        given["ResourceArns"] = sorted(arns)
    if context:
        given["ContextEntries"] = [
            {"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": "string"}
            for key, value in sorted(context.items())
        ]
    allowed: set[str] = set()
    refused: dict[str, str] = {}
    for page in iam.get_paginator("simulate_principal_policy").paginate(**given):
        for each in page["EvaluationResults"]:
            each_arn = [each["EvalDecision"]]
            each_arn += [one["EvalResourceDecision"] for one in each.get("ResourceSpecificResults", ())]
            if "allowed" in each_arn:
                allowed.add(each["EvalActionName"])
            else:
                refused[each["EvalActionName"]] = _why(each)
    return {action: why for action, why in refused.items() if action not in allowed}


_ORGANIZATION = "a policy of the organization"
_BOUNDARY = "the permissions boundary"


def _why(result: Mapping[str, Any]) -> str:
    if not result.get("OrganizationsDecisionDetail", {}).get("AllowedByOrganizations", True):
        return f"denied by {_ORGANIZATION}"
    if not result.get("PermissionsBoundaryDecisionDetail", {}).get("AllowedByPermissionsBoundary", True):
        return f"denied by {_BOUNDARY}"
    return "the role does not allow it"


def _mend(why: str, site: Site) -> str:
    if _ORGANIZATION in why:
        return f"Except {site.settings.role_arn} from that policy, or disable those policies here."
    if _BOUNDARY in why:
        return "Allow them in the boundary, or give the member's stack another PermissionsBoundary."
    return install(site)
