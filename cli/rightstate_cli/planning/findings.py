"""Findings of scanners as what a plan looks at: of Prowler, Security Hub and AWS Config.

The policies themselves say which findings they settle. A finding only says where to look: the resources are
read again, and a resource that was fixed since is compliant.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rightstate.catalogue import load_all
from rightstate.errors import InvalidInput
from rightstate.identify import identify, is_arn_of, place_of, shown
from rightstate.models.names import ACCOUNT, REGION
from rightstate.models.settings import Account
from rightstate.policy import Policy
from rightstate.resource_type import Resource, ResourceType
from rightstate_cli import foreign_json
from rightstate_cli.planning import plan_file
from rightstate_cli.planning.accounts import Accounts

_KNOWN = (
    "Prowler's OCSF JSON or CSV, Security Hub's findings (GetFindings, a list of them, or an event), and the "
    "compliance details of AWS Config (GetComplianceDetailsByConfigRule, or of an aggregator)"
)
_SO = f"Nothing was planned. What can be read: {_KNOWN}."


@dataclass(frozen=True)
class Finding:
    """One resource that one check is about. `problem` says why it cannot be planned. `config_type` is AWS
    Config's name for the resource's type, for findings of AWS Config."""

    id: str
    check: str
    account: str
    region: str
    resource: str
    failed: bool
    problem: str = ""
    config_type: str = ""


@dataclass(frozen=True)
class Given:
    """The findings of a file. `settles` gives the checks that a policy settles, `key` a check's name as it is
    compared. `warning` says what the file lacks."""

    source: str
    findings: Sequence[Finding]
    settles: Callable[[Policy], Iterable[str]]
    key: Callable[[str], str] = str
    warning: str = ""


@dataclass(frozen=True)
class Matched:
    """What to read, and which findings are left."""

    wanted: Sequence[tuple[ResourceType, Resource, frozenset[str]]]
    findings: plan_file.Findings


def read(path: Path) -> Given:
    """The findings of the file. Raises InvalidInput where its format is unknown."""
    return parse(foreign_json.read_text(path, str(path), _SO), str(path))


def parse(text: str, name: str) -> Given:
    """The findings in that text. Errors call it `name`. Raises InvalidInput."""
    if not text.strip():
        raise InvalidInput(f"{name} is empty. {_SO}")
    if text.lstrip()[0] in "[{":
        given = foreign_json.parse(text, name, _SO)
        found = _of_json(given)
        if found and isinstance(given, dict) and given.get("NextToken"):
            warning = f"{name} is only one page of several: its NextToken leads to the next."
            found = replace(found, warning=warning)
    else:
        found = _of_csv(text)
    if found is None:
        raise InvalidInput(f"{name} has no findings in a known format. {_SO}")
    return found


def match(given: Given, accounts: Accounts) -> Matched:
    """Which resources to read for which policies, and which findings are left, each with the reason."""
    settled_by: dict[str, list[tuple[ResourceType, Policy]]] = {}
    for resource_type in load_all():
        for policy in resource_type.policies:
            for check in given.settles(policy):
                settled_by.setdefault(given.key(check), []).append((resource_type, policy))
    wanted = []
    left = []
    failed = [each for each in given.findings if each.failed or each.problem]
    for finding in failed:
        matched = _resources(finding, settled_by.get(given.key(finding.check), []), accounts)
        if isinstance(matched, str):
            left.append(
                plan_file.Left(
                    finding=finding.id,
                    check=finding.check,
                    account=finding.account,
                    region=finding.region,
                    resource=finding.resource,
                    reason=matched,
                )
            )
        else:
            wanted += matched
    return Matched(
        wanted=wanted,
        findings=plan_file.Findings(
            source=given.source,
            total=len(given.findings),
            planned=len(failed) - len(left),
            settled=len(given.findings) - len(failed),
            left=tuple(sorted(left, key=lambda each: each.model_dump_json())),
        ),
    )


def _resources(
    finding: Finding, settling: Sequence[tuple[ResourceType, Policy]], accounts: Accounts
) -> list[tuple[ResourceType, Resource, frozenset[str]]] | str:
    """The resources and policies of a finding, or why there are none."""
    if finding.problem:
        return finding.problem
    if not settling:
        return "No policy covers this check."
    account, region = where(finding, accounts)
    if account is None:
        return _why_no_account(finding.account, accounts)
    by_type: dict[str, tuple[ResourceType, set[str]]] = {}
    for resource_type, policy in settling:
        if policy.id in account.policies:
            by_type.setdefault(resource_type.name, (resource_type, set()))[1].add(policy.id)
    if not by_type:
        return "No policy that covers this check is among those that are planned for in the account."
    found = []
    why = ""
    for resource_type, policies in by_type.values():
        name = account.account if resource_type.per_account else finding.resource
        place = accounts.place(account.account, region)
        if name.startswith("arn:"):
            place = place_of(resource_type, name, place).model_copy(update={"account": account.account})
        if why := why_not(resource_type, name, place.region, accounts.only_in(account.account)):
            continue
        try:
            resource = identify(resource_type, place, name)
        except InvalidInput as error:
            why = str(error)
            continue
        found.append((resource_type, resource, frozenset(policies)))
    return found or why


def where(finding: Finding, accounts: Accounts) -> tuple[Account | None, str]:
    """The planned account and the region that the finding is about. None and empty where it does not name
    them."""
    account = accounts.accounts.get(finding.account)
    if not finding.account and len(accounts.accounts) == 1:
        [account] = accounts.accounts.values()
    only = account.regions if account else ()
    return account, finding.region or (only[0] if len(only) == 1 else "")


def _why_no_account(account: str, accounts: Accounts) -> str:
    if not re.fullmatch(ACCOUNT, account):
        return "It does not say in which account the resource is."
    if accounts.all_registered:
        return f"Account {account} is not registered."
    return f"Account {account} is not among those that are planned for."


def why_not(resource_type: ResourceType, name: str, region: str, only: Sequence[str]) -> str:
    """Why a resource of that name and region cannot be read. Empty if it may be readable."""
    if not name:
        return "It does not say which resource it is about."
    if name.startswith("arn:") and not is_arn_of(resource_type, name):
        return f"{shown(name)} is not the ARN of a resource of type {resource_type.name}."
    if resource_type.home_regions:
        return ""
    if not re.fullmatch(REGION, region):
        return "It does not say in which region the resource is."
    if only and region not in only:
        return f"Region {region} is not among those that are planned for."
    return ""


# --- Formats ---


def _of_json(given: Any) -> Given | None:
    if isinstance(given, dict):
        detail = given.get("detail")
        for entries, kind in (
            (given.get("Findings"), _security_hub),
            (detail.get("findings") if isinstance(detail, dict) else None, _security_hub),
            (given.get("EvaluationResults"), _config),
            (given.get("AggregateEvaluationResults"), _config),
        ):
            if isinstance(entries, list):
                return kind(entries)
        return None
    first = next((each for each in given if isinstance(each, dict)), {})
    if "EvaluationResultIdentifier" in first:
        return _config(given)
    if {"SchemaVersion", "ProductArn"} & first.keys():
        return _security_hub(given)
    if "event_code" in _part(first, "metadata"):
        return _ocsf(given)
    return None


def _security_hub(entries: list[Any]) -> Given:
    return Given(
        source="Security Hub",
        findings=[each for entry in entries for each in _each_security_hub(entry)],
        settles=lambda policy: policy.security_hub,
    )


def _each_security_hub(entry: Any) -> Iterator[Finding]:
    compliance = _part(entry, "Compliance")
    # Findings from before consolidated controls name the control only at the end of GeneratorId.
    generator = _text(entry, "GeneratorId")
    check = _text(compliance, "SecurityControlId") or generator.rpartition("/")[2]
    failed = (
        _text(compliance, "Status") == "FAILED"
        and _text(entry, "RecordState") != "ARCHIVED"
        and _text(_part(entry, "Workflow"), "Status") not in {"SUPPRESSED", "RESOLVED"}
    )
    problem = ""
    if not isinstance(entry, dict):
        problem = "It is not a finding."
    elif not compliance and _text(entry, "RecordState") != "ARCHIVED":
        problem = "It is not the finding of a control."
    resources = entry.get("Resources") if isinstance(entry, dict) else None
    for resource in resources if isinstance(resources, list) and resources else [{}]:
        yield Finding(
            id=_text(entry, "Id"),
            check=check,
            account=_text(entry, "AwsAccountId"),
            region=_text(resource, "Region") or _text(entry, "Region"),
            resource=_text(resource, "Id"),
            failed=failed,
            problem=problem,
        )


def _ocsf(entries: list[Any]) -> Given:
    return Given(
        source="Prowler",
        findings=[each for entry in entries for each in _each_ocsf(entry)],
        settles=lambda policy: policy.prowler,
    )


def _each_ocsf(entry: Any) -> Iterator[Finding]:
    cloud = _part(entry, "cloud")
    resources = entry.get("resources") if isinstance(entry, dict) else None
    for resource in resources if isinstance(resources, list) and resources else [{}]:
        yield _prowler(
            uid=_text(_part(entry, "finding_info"), "uid"),
            check=_text(_part(entry, "metadata"), "event_code"),
            provider=_text(cloud, "provider") or _text(_part(entry, "unmapped"), "provider"),
            account=_text(_part(cloud, "account"), "uid"),
            region=_text(resource, "region") or _text(cloud, "region"),
            resource=_text(resource, "uid"),
            status=_text(entry, "status_code"),
            muted=_text(entry, "status") == "Suppressed",
        )


def _of_csv(text: str) -> Given | None:
    rows = csv.DictReader(io.StringIO(text), delimiter=";")
    if not {"CHECK_ID", "STATUS", "RESOURCE_UID", "ACCOUNT_UID", "REGION"} <= set(rows.fieldnames or ()):
        return None
    try:
        found = [
            _prowler(
                uid=_text(row, "FINDING_UID"),
                check=_text(row, "CHECK_ID"),
                provider=_text(row, "PROVIDER"),
                account=_text(row, "ACCOUNT_UID"),
                region=_text(row, "REGION"),
                resource=_text(row, "RESOURCE_UID"),
                status=_text(row, "STATUS"),
                muted=_text(row, "MUTED") == "True",
            )
            for row in rows
        ]
    except csv.Error:
        return None
    return Given(source="Prowler", findings=found, settles=lambda policy: policy.prowler)


def _prowler(
    *, uid: str, check: str, provider: str, account: str, region: str, resource: str, status: str, muted: bool
) -> Finding:
    problem = ""
    if not check or status not in {"FAIL", "PASS", "MANUAL"}:
        problem = "It is not a finding of Prowler, or is cut off."
    elif provider not in ("", "aws"):
        problem = f"It is about {shown(provider)}, not about AWS."
    return Finding(
        id=uid,
        check=check,
        account=account,
        region=region,
        resource=resource,
        failed=status == "FAIL" and not muted,
        problem="" if status in {"PASS", "MANUAL"} else problem,
    )


def _config(entries: list[Any]) -> Given:
    return Given(
        source="AWS Config",
        findings=[_each_config(entry) for entry in entries],
        settles=lambda policy: policy.config_rules,
        key=_rule,
    )


def _each_config(entry: Any) -> Finding:
    about = _part(_part(entry, "EvaluationResultIdentifier"), "EvaluationResultQualifier")
    problem = ""
    if not about or not _text(entry, "ComplianceType"):
        problem = "It is not an evaluation result of AWS Config."
    failed = _text(entry, "ComplianceType") == "NON_COMPLIANT"
    return Finding(
        id=_text(about, "ConfigRuleName"),
        check=_text(about, "ConfigRuleName"),
        account=_text(entry, "AccountId"),
        region=_text(entry, "AwsRegion"),
        resource=_text(about, "ResourceId"),
        failed=failed,
        problem=problem if failed or not about else "",
        config_type=_text(about, "ResourceType"),
    )


def _rule(name: str) -> str:
    """A managed rule's identifier, or the name of a rule made from it by the console, Security Hub, a
    conformance pack or an organization, without what these add."""
    name = re.sub(r"-conformance-pack-\w+$", "", name)
    if added := re.fullmatch(r"(?:securityhub|OrgConfigRule)-(.+)-\w+", name):
        name = added[1]
    return re.sub("[^a-z0-9]", "", name.lower())


def _part(given: Any, name: str) -> Mapping[str, Any]:
    found = given.get(name) if isinstance(given, dict) else None
    return found if isinstance(found, dict) else {}


def _text(given: Any, name: str) -> str:
    found = given.get(name) if isinstance(given, Mapping) else None
    return found.strip() if isinstance(found, str) else ""
