"""Checks of the accounts: their settings, roles and regions."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from botocore.exceptions import ClientError

from rightstate.accounts import settings
from rightstate.accounts.exemptions import in_force
from rightstate.catalogue import load_all
from rightstate.clock import now
from rightstate.errors import SettingsUnreadable
from rightstate.models.settings import Account
from rightstate.resource_type import ResourceType
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
from rightstate_cli.checks.expected import attached, install, same, trust
from rightstate_cli.hub import admission
from rightstate_cli.iam_simulation import Cause, verdicts
from rightstate_cli.member import probe
from rightstate_cli.member.template import READING, WRITING
from rightstate_cli.tables import exemptions
from rightstate_cli.text import counted

_FORBIDDEN = ("iam:PassRole", "iam:PutRolePolicy", "lambda:UpdateFunctionCode", "sts:AssumeRole")
_HOUR = 3600


@check(
    "V4",
    "The roles trust the hub's functions and nobody else",
    Per.ACCOUNT,
    "`rightstate accounts add --install`",
)
def trusts(site: Site) -> Iterator[CheckResult]:
    """The account has two roles, and each has the trust policy of the member's template. It trusts the hub's
    account with the external id, and only the hub's functions that read, or only Apply. The roles have no
    policies beyond the template's. A member with one role for both works; upgrade it."""
    for role, arn in _roles(site).items():
        yield from _trust(site, role, arn)
    yield passed(
        "The role that reads trusts the hub's functions that read; the role that writes trusts only Apply."
    )


def _trust(site: Site, role: str, arn: str) -> Iterator[CheckResult]:
    name, iam = _name(arn), site.client("iam")
    with _role_there(site, arn):
        found = iam.get_role(RoleName=name)["Role"]
    given, wanted = found["AssumeRolePolicyDocument"], trust(site, role)
    if not same(given, wanted):
        yield failed(
            f"The trust policy of {arn} is not the template's: {_difference(given, wanted)}.",
            install(site),
        )
    if found.get("MaxSessionDuration", _HOUR) > _HOUR:
        yield warned(
            f"Sessions of {name} may last {found['MaxSessionDuration']} s; the hub needs only an hour.",
            f"aws iam update-role --role-name {name} --max-session-duration {_HOUR}",
        )
    known = attached(site, role)
    for each in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        if _name(each["PolicyArn"]) not in known:
            yield warned(
                f"The policy {each['PolicyArn']} is attached to {name}, but not in the template.",
                f"aws iam detach-role-policy --role-name {name} --policy-arn {each['PolicyArn']}",
            )
    for each in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        yield warned(
            f"The role {name} has an inline policy {each}, but not in the template.",
            f"aws iam delete-role-policy --role-name {name} --policy-name {each}",
        )


@check(
    "V25",
    "Only Apply may assume the roles that write",
    Per.HUB,
    "`rightstate accounts add --install`, then `sam deploy` with `OneRoleMembers=false`",
)
def one_role(site: Site) -> Iterator[CheckResult]:
    """No member has one role for reading and writing. The hub's functions that only read may not assume a
    role that writes."""
    allowed = site.hub.outputs.get("OneRoleMembers") == "true"
    old = [
        account
        for account, settings in sorted(site.accounts.items())
        if isinstance(settings, Account) and settings.role_arn and not settings.read_role_arn
    ]
    if old and not allowed:
        yield failed(
            f"The settings of {', '.join(old)} name one role for reading and writing. The hub's functions "
            "that read may not assume it. Until these members are upgraded, their resources are not checked.",
            "rightstate accounts add ACCOUNT --install; until then, deploy the hub with OneRoleMembers=true",
        )
    if allowed:
        because = f"{', '.join(old)} need this" if old else "no member needs this any more"
        yield warned(
            f"The hub's functions that only read may assume a role that writes (OneRoleMembers); {because}.",
            f"{'rightstate accounts add ACCOUNT --install; then ' if old else ''}{site.deploy} "
            "--parameter-overrides OneRoleMembers=false",
        )
    yield passed("Every member has a role that reads; only Apply may assume the role that writes.")


@check(
    "V5",
    "Only the hub can assume the roles, with the external id",
    Per.ACCOUNT,
    "`rightstate accounts add --install`",
)
def assumed(site: Site) -> Iterator[CheckResult]:
    """The hub's function for this test assumes the account's role that reads, with the external id. Without
    it or with a wrong one, AWS refuses. So nobody can make the hub act in an account by naming its role. The
    role that writes refuses this function even with the right external id."""
    account = site.settings
    roles = _roles(site, upgraded=False)
    if not account.external_id:
        yield failed("The settings have no external id.", f"rightstate accounts add {site.account}")
        return
    reading = roles.get(READING) or roles[WRITING]
    right = probe.assume(site.hub, account, reading, account.external_id)
    if not right.assumed:
        text = f"The hub cannot assume {reading}: {right.error}: {right.reason}"
        yield failed(text, install(site), "roles that the hub cannot assume", reading)
        return
    refusals = [
        (reading, "without an external id", None),
        (reading, "with a wrong external id", str(uuid4())),
    ]
    if READING in roles:
        refusals.append((roles[WRITING], "by a function that only reads", account.external_id))
    for role, how, external_id in refusals:
        tried = probe.assume(site.hub, account, role, external_id)
        if tried.assumed:
            yield failed(f"{role} can be assumed {how}.", install(site))
        elif tried.error != "RoleNotAssumed":
            # Not a refusal: the call failed earlier.
            yield failed(f"Could not test whether {role} can be assumed {how}: {tried.error}.", "Try again.")
    yield passed(
        "Assumed the role that reads with the external id. Refused without it, with a wrong one, and for "
        "writing."
    )


@check(
    "V6",
    "The roles allow what is enabled, and no more",
    Per.ACCOUNT,
    "`rightstate accounts add --install`; policies of the organization",
)
def permissions(site: Site) -> Iterator[CheckResult]:
    """In IAM's policy simulation, the role that reads allows every read action of the enabled policies and no
    write action. The role that writes allows both. The simulation includes permissions boundaries and
    policies of the organization. Both roles deny actions that could gain more permissions."""
    types = [each for each in load_all() if settings.enabled(site.settings, each)]
    for role, arn in _roles(site, upgraded=False).items():
        yield from _permitted(site, types, role, arn)
    of = (
        f"for {counted(len(types), 'type')} of resources"
        if types
        else "for nothing, because no policy is enabled"
    )
    yield passed(f"The roles allow what is needed {of}. Actions that could gain more permissions are denied.")


def _permitted(site: Site, types: Iterable[ResourceType], role: str, arn: str) -> Iterator[CheckResult]:
    iam, name = site.client("iam"), _name(arn)
    reading = {action for each in load_all() for action in each.read_actions}
    with _role_there(site, arn):
        allowed = set(_FORBIDDEN) - set(_refused(iam, arn, _FORBIDDEN, (), {}))
    for resource_type in types:
        refused: dict[str, Cause] = {}
        reads, *writes = _needs(resource_type, site)
        for actions, arns, context in [reads] if role == READING else [reads, *writes]:
            refused.update(_refused(iam, arn, actions, arns, context))
        for actions, arns, context in writes if role == READING else ():
            denied = _refused(iam, arn, actions, arns, context)
            # An action that writes one type may read another.
            allowed |= {*actions} - {*denied} - reading
        for cause in sorted(set(refused.values())):
            actions_named = ", ".join(sorted(action for action, why in refused.items() if why is cause))
            yield failed(
                f"{name} does not allow what {resource_type.name} needs: {actions_named} ({cause}).",
                _fix(cause, site, arn),
                f"types for which {name} lacks actions",
                resource_type.name,
            )
    if allowed:
        does = "reading needs" if role == READING else "a remediation needs"
        yield failed(f"{name} allows more than {does}: {', '.join(sorted(allowed))}.", install(site))


@check(
    "V15",
    "The settings can be read",
    Per.ACCOUNT,
    "`rightstate policies`, `rightstate accounts add`, `rightstate exempt`",
)
def understood(site: Site) -> Iterator[CheckResult]:
    """The account's settings can be read. Each policy in them exists and accepts its parameters, exempt ones
    too. Otherwise every execution of the account stops. No exemption has ended and is still there. None is
    longer than the hub's ExemptionDays."""
    account = site.accounts[site.account]
    try:
        if isinstance(account, SettingsUnreadable):
            raise account
        enabled = [each for one in load_all() for each in settings.enabled(account, one)]
    except SettingsUnreadable as error:
        yield failed(str(error), "Correct the item in the settings table, or register the account again.")
        return
    yield from _exemptions(site, account)
    if not enabled:
        yield warned("No policy is enabled, so nothing is checked.", "rightstate policies enable --deployed")
    else:
        yield passed(f"{counted(len(enabled), 'policy')} enabled.")


def _exemptions(site: Site, account: Account) -> Iterator[CheckResult]:
    at, most = now(), site.hub.outputs.get("ExemptionDays")
    for each in exemptions.as_counted(account, site.hub.exemption_days).exemptions:
        remove = f"rightstate exempt remove {each.id} --account {site.account} --deployed"
        if each.settings_until:
            counts = "counts" if in_force(each, at) else "counted"
            yield failed(
                f"Exemption {each.id} is until {each.settings_until}, longer than the allowed {most} days. "
                f"It {counts} only until {each.until}.",
                f"{remove}; then rightstate exempt add --deployed with an earlier end",
            )
        elif at < each.created and not in_force(each, at):
            yield failed(
                f"Exemption {each.id} says that it was created at {each.created}. Until then it does not "
                "count.",
                f"{remove}; then rightstate exempt add --deployed",
            )
        elif not in_force(each, at):
            text = f"Exemption {each.id} ended on {each.until}."
            yield warned(text, remove, "exemptions that have ended", each.id)


@check("V18", "All enabled regions are covered", Per.ACCOUNT, "`rightstate accounts add` with the region")
def regions(site: Site) -> Iterator[CheckResult]:
    """The settings cover each region that is enabled in the account. They also cover the region where the
    events of an enabled global service (IAM) arrive."""
    account = site.settings
    covered = set(account.regions)
    if not covered:
        yield warned(
            f"The settings name no region, which means all. These checks looked only at {site.region}.",
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
            f"Enabled but not covered: {', '.join(left)}.",
            f"rightstate accounts add {site.account} with these regions, or disable them in the account",
        )
    else:
        yield passed(f"Covered: {counted(len(enabled), 'enabled region')}.")


@check("V21", "The accounts are in the organization", Per.HUB, "`rightstate accounts remove`")
def left(site: Site) -> Iterator[CheckResult]:
    """Each registered account is an active account of the organization whose events the hub accepts. Accounts
    that the hub accepts by number are not checked."""
    organization = site.hub.outputs.get("OrganizationId")
    if not organization:
        yield skipped("The hub accepts no organization.")
        return
    organizations = site.client("organizations")
    own = organizations.describe_organization()["Organization"]["Id"]
    if own != organization:
        yield failed(
            f"The hub accepts organization {organization}, but its account is in {own}.",
            f"{site.deploy} --parameter-overrides OrganizationId={own}",
        )
        return
    pages = organizations.get_paginator("list_accounts").paginate()
    # `State` replaces `Status`, which AWS retires.
    active = {
        each["Id"]
        for page in pages
        for each in page["Accounts"]
        if (each.get("State") or each.get("Status")) == "ACTIVE"
    }
    yield from [
        failed(
            f"Account {account} is registered, but is not an active account of {organization}.",
            f"rightstate accounts remove {account}",
            "accounts outside the organization",
            account,
        )
        for account in sorted(set(site.accounts) - active - set(admission.listed(site.hub)))
    ]
    yield passed(f"{counted(len(site.accounts), 'account')} registered; none has left {organization}.")


def _roles(site: Site, upgraded: bool = True) -> dict[str, str]:
    """The template's name of each role of the account -> its ARN.

    Raises Untold if it has none. If `upgraded`, also raises it if the account has one role for everything;
    that is the one that writes.
    """
    account = site.settings
    if not account.role_arn:
        raise Untold(
            failed(
                "The settings have no role, and the hub's functions cannot change anything without one.",
                f"rightstate accounts add {site.account}",
            )
        )
    if account.read_role_arn:
        return {READING: account.read_role_arn, WRITING: account.role_arn}
    if upgraded:
        raise Untold(
            warned(
                f"The account has one role for reading and writing, {account.role_arn}. Members now have "
                "two.",
                install(site),
            )
        )
    return {WRITING: account.role_arn}


def _name(arn: str) -> str:
    """The name of a role or a policy without its path."""
    return arn.rpartition("/")[2]


@contextmanager
def _role_there(site: Site, arn: str) -> Iterator[None]:
    """Raises Untold if AWS says that the role does not exist."""
    try:
        yield
    except ClientError as error:
        if code(error) != "NoSuchEntity":
            raise
        raise Untold(failed(f"{arn} does not exist.", install(site))) from None


def _difference(given: Any, wanted: Any) -> str:
    """What is wrong with a trust policy, in a few words."""
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
            return f"its condition does not match {name} of the settings and the hub"
    return "it has another effect, action or condition"


Need = tuple[Iterable[str], Iterable[str], Mapping[str, str]]


def _needs(resource_type: ResourceType, site: Site) -> Iterator[Need]:
    """Actions, resources (one has to be allowed), and the condition keys that AWS would send."""
    scope = {
        "partition": site.hub.partition,
        "region": site.region,
        "account": site.account,
        "id": "rightstate-verify",
    }
    read_on = [arn.format(**scope) for arn in resource_type.read_on if arn != "*"]
    yield resource_type.read_actions, read_on, {}
    for actions, templates in resource_type.writes(undo=True):
        arns = [arn.format(**scope) for arn in templates if arn != "*"]
        yield actions, arns, {"aws:ResourceAccount": site.account}
    for action, condition in resource_type.dependent_actions.items():
        yield (action,), (), {key: value.format(**scope) for key, value in condition.items()}


def _refused(
    iam: Any, role: str, actions: Iterable[str], arns: Iterable[str], context: Mapping[str, str]
) -> dict[str, Cause]:
    """Action -> why it is denied on all of the resources."""
    allowed: set[str] = set()
    refused: dict[str, Cause] = {}
    for each in verdicts(iam, role, actions, arns, context):
        if each.cause is None:
            allowed.add(each.action)
        else:
            refused[each.action] = each.cause
    return {action: cause for action, cause in refused.items() if action not in allowed}


def _fix(cause: Cause, site: Site, arn: str) -> str:
    if cause is Cause.ORGANIZATION:
        return f"Exclude {arn} from that policy, or disable those Rightstate policies in this account."
    if cause is Cause.BOUNDARY:
        return "Allow them in the boundary, or set another PermissionsBoundary in the member's stack."
    return install(site)
