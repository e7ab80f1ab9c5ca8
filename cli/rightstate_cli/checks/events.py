"""Checks of an event's path: the trail that delivers it, the rules and the bus."""

import json
from collections.abc import Iterator, Mapping
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
from rightstate_cli.checks.expected import forwarding, install, parameters, resolved, same
from rightstate_cli.checks.stacks import required_member
from rightstate_cli.hub import admission
from rightstate_cli.hub.deployment import Hub
from rightstate_cli.hub.stacks import outputs
from rightstate_cli.text import counted

# EventBridge quotas.
_RULES = 300
_POLICY = 10_240
_NEARLY = 0.8
# These condition keys limit a statement for everybody to some accounts.
_NARROWING = {"aws:principalorgid", "aws:principalorgpaths", "aws:principalaccount", "aws:sourceaccount"}


@check("V7", "A trail delivers the events", Per.REGION, "`aws cloudtrail create-trail` or `start-logging`")
def trail(site: Site) -> Iterator[CheckResult]:
    """A trail of the account or the organization logs the region's write management events. Without one,
    EventBridge gets no CloudTrail events, and nothing is remediated."""
    trails = list(_trails(site))
    good = [each for each in trails if each["writes"] and each["logging"]]
    stopped = [each for each in trails if each["writes"] and not each["logging"]]
    if not good and stopped:
        [first, *_] = stopped
        yield failed(
            f"The trail {first['arn']} is not logging, and no other trail logs write events.",
            f"aws cloudtrail start-logging --name {first['arn']} --region {first['home']}",
        )
        return
    if not good:
        yield failed(
            "No trail logs the management events of this region, so EventBridge gets no events.",
            "aws cloudtrail create-trail --name management-events --is-multi-region-trail --s3-bucket-name "
            f"BUCKET --region {site.region}, then aws cloudtrail start-logging",
        )
        return
    if all(each["without"] for each in good):
        without = ", ".join(sorted(good[0]["without"]))
        yield warned(
            f"The trail {good[0]['arn']} excludes the events of {without}.",
            f"aws cloudtrail put-event-selectors --trail-name {good[0]['arn']} (without an exclusion)",
        )
    if all(each["error"] for each in good):
        yield warned(
            f"The trail {good[0]['arn']} cannot deliver its log: {good[0]['error']}.",
            "Make sure that its bucket exists, and that the bucket's policy allows CloudTrail.",
        )
    yield passed(f"{good[0]['arn']} logs management events.")


@check("V23", "Management events are logged once", Per.REGION, "remove a trail, or its management events")
def copies(site: Site) -> Iterator[CheckResult]:
    """Only one trail logs the management events of the region. AWS charges for each further copy."""
    logging = [each["arn"] for each in _trails(site) if each["writes"] and each["logging"]]
    if len(logging) > 1:
        yield warned(
            f"{len(logging)} trails log them, and you pay for all but the first: {', '.join(logging)}.",
            "aws cloudtrail delete-trail, or put-event-selectors without management events, for all but one",
        )
    else:
        yield passed("At most one trail logs them.")


@check("V8", "The rules start the remediations", Per.HUB, "`sam deploy`, `aws events enable-rule`")
def rules(site: Site) -> Iterator[CheckResult]:
    """Each rule of the template exists, is enabled and has the template's pattern. It starts its machine's
    alias with the template's input, retries and dead-letter queue."""
    events, hub = site.client("events"), site.hub
    there = {each["Name"]: each for each in _rules(events, hub.stack + "-")}
    count = 0
    for resource_type, name, expected in _expected_rules(hub):
        count += 1
        rule = there.get(name)
        if rule is None:
            text = f"The rule {name} does not exist: its events start no {resource_type}."
            yield failed(text, site.deploy, "missing rules", name)
            continue
        yield from _state(rule, f"its events start no {resource_type}", site.region)
        if not same(json.loads(rule.get("EventPattern", "{}")), expected["EventPattern"]):
            text = f"The rule {name} matches other events than the template's rule."
            yield failed(text, site.deploy, "rules with another pattern", name)
        targets = events.list_targets_by_rule(Rule=name).get("Targets", [])
        if wrong := _wrong_target(targets, expected, hub, resource_type):
            yield failed(f"The rule {name} {wrong}.", site.deploy, "rules with a wrong target", name)
    died = f"{hub.stack}-died-executions"
    if died in there:
        yield from _state(there[died], "nobody gets a message about executions that died", site.region)
    else:
        yield failed(
            f"The rule {died} does not exist: nobody gets a message about executions that died.", site.deploy
        )
    yield passed(f"{counted(count, 'rule')} enabled, as in the template.")


@check(
    "V9",
    "The bus accepts events of the members and nobody else",
    Per.HUB,
    "`rightstate accounts admit`, or `sam deploy` with OrganizationId",
)
def bus(site: Site) -> Iterator[CheckResult]:
    """No statement of the bus's policy allows everybody, and the policy allows each registered account."""
    found = site.client("events").describe_event_bus(Name="default").get("Policy")
    statements = _listed(json.loads(found)["Statement"]) if found else []
    allowing = [each for each in statements if each["Effect"] == "Allow"]
    yield from [
        failed(
            f"The statement {each.get('Sid', 'without an id')} of the bus's policy allows everybody.",
            f"aws events remove-permission --statement-id {each.get('Sid', 'ID')} --region {site.region}, "
            f"or add a condition on aws:PrincipalOrgID",
        )
        for each in allowing
        if _everybody(each) and not _narrowed(each)
    ]
    shut_out = [
        account
        for account in sorted(site.accounts)
        if account != site.hub.account and not any(_admits(each, account, site.hub) for each in allowing)
    ]
    if shut_out:
        yield failed(
            f"The bus accepts no events of {', '.join(shut_out)}.",
            f"{admission.RECONCILE} {' '.join(shut_out)}, or {site.deploy} with OrganizationId",
        )
    yield passed(f"{counted(len(allowing), 'statement')}, none for everybody; each member is allowed.")


@check("V9", "The member forwards its events", Per.REGION, "`rightstate accounts add --install`")
def forwarded(site: Site) -> Iterator[CheckResult]:
    """Each rule of the member's template exists, is enabled, has the template's pattern, and forwards to the
    hub's bus."""
    if site.is_hub:
        yield skipped("The hub gets the events of its own region without forwarding.")
        return
    stack = required_member(site)
    types = [each for each in outputs(stack).get("ResourceTypes", "").split(",") if each]
    resources = site.client("cloudformation").get_paginator("list_stack_resources")
    there = {
        each["LogicalResourceId"]: each["PhysicalResourceId"]
        for page in resources.paginate(StackName=stack["StackName"])
        for each in page["StackResourceSummaries"]
        if each["ResourceType"] == "AWS::Events::Rule"
    }
    events = site.client("events")
    expected = forwarding(site, types)
    for logical_id, wanted in expected.items():
        try:
            rule = events.describe_rule(Name=there[logical_id])
        except KeyError:
            rule = None
        except ClientError as error:
            if code(error) != "ResourceNotFoundException":
                raise
            rule = None
        if rule is None:
            text = f"The rule {logical_id} does not exist: its events are not forwarded."
            yield failed(text, install(site), "missing rules", logical_id)
            continue
        yield from _state(rule, "its events are not forwarded", site.region)
        if not same(json.loads(rule.get("EventPattern", "{}")), wanted["EventPattern"]):
            text = f"The rule {rule['Name']} forwards other events than the template's rule."
            yield failed(text, install(site), "rules with another pattern", logical_id)
        targets = events.list_targets_by_rule(Rule=rule["Name"]).get("Targets", [])
        if wanted["Bus"] not in [each["Arn"] for each in targets]:
            text = f"The rule {rule['Name']} does not forward to the hub."
            yield failed(text, install(site), "rules with a wrong target", logical_id)
    yield passed(f"{counted(len(expected), 'rule')} to the hub's bus, as in the template.")


@check("V16", "The bus is below its quotas", Per.HUB, "request higher EventBridge quotas")
def quotas(site: Site) -> Iterator[CheckResult]:
    """The number of rules and the size of the bus's policy are below 80 % of EventBridge's quotas."""
    events = site.client("events")
    count, most = len(_rules(events)), _quota(site, "L-244521F2", _RULES)
    size = len(events.describe_event_bus(Name="default").get("Policy", ""))
    longest = _quota(site, "L-FC354966", _POLICY)
    raised = f"aws service-quotas request-service-quota-increase --service-code events --region {site.region}"
    if count > most * _NEARLY:
        yield warned(
            f"The bus has {count} of at most {most} rules.",
            f"{raised} --quota-code L-244521F2 --desired-value {2 * most}",
        )
    if size > longest * _NEARLY:
        yield warned(
            f"The bus's policy has {size} of at most {longest} characters.",
            "Allow the organization (OrganizationId) instead of single accounts.",
        )
    yield passed(f"{count} of {most} rules, {size} of {longest} characters of the bus's policy.")


def _quota(site: Site, quota: str, default: int) -> int:
    """The account's own quota, or AWS's default if it cannot be read."""
    try:
        found = site.client("service-quotas").get_service_quota(ServiceCode="events", QuotaCode=quota)
    except ClientError:
        return default
    return int(found["Quota"]["Value"])


def _trails(site: Site) -> Iterator[dict[str, Any]]:
    """Each trail that covers the region: where it is, whether it logs, and what."""
    cloudtrail = site.client("cloudtrail")
    for each in cloudtrail.describe_trails()["trailList"]:
        arn = each["TrailARN"]
        if not each.get("IsMultiRegionTrail") and each.get("HomeRegion") != site.region:
            continue
        status = cloudtrail.get_trail_status(Name=arn)
        try:
            selectors = cloudtrail.get_event_selectors(TrailName=arn)
        except ClientError:
            if not each.get("IsOrganizationTrail"):
                raise
            # Only its owner may read an organization's trail. By default it logs management events.
            selectors = {"EventSelectors": [{"IncludeManagementEvents": True, "ReadWriteType": "All"}]}
        writes, without = _writes(selectors)
        yield {
            "arn": arn,
            "home": each.get("HomeRegion", site.region),
            "logging": status.get("IsLogging", False),
            "error": status.get("LatestDeliveryError", ""),
            "writes": writes,
            "without": without,
        }


def _writes(selectors: Mapping[str, Any]) -> tuple[bool, set[str]]:
    """Whether write management events are logged, and for which services they are not."""
    for each in selectors.get("EventSelectors", ()):
        if each.get("IncludeManagementEvents") and each.get("ReadWriteType", "All") != "ReadOnly":
            return True, set(each.get("ExcludeManagementEventSources", ()))
    for each in selectors.get("AdvancedEventSelectors", ()):
        fields = {field["Field"]: field for field in each["FieldSelectors"]}
        management = fields.get("eventCategory", {}).get("Equals") == ["Management"]
        if management and fields.get("readOnly", {}).get("Equals") != ["true"]:
            return True, set(fields.get("eventSource", {}).get("NotEquals", ()))
    return False, set()


def _rules(events: Any, prefix: str = "") -> list[dict[str, Any]]:
    """The rules of the default bus."""
    named = {"NamePrefix": prefix} if prefix else {}
    return [rule for page in events.get_paginator("list_rules").paginate(**named) for rule in page["Rules"]]


def _state(rule: Mapping[str, Any], meaning: str, region: str) -> Iterator[CheckResult]:
    if not rule["State"].startswith("ENABLED"):
        yield failed(
            f"The rule {rule['Name']} is disabled: {meaning}.",
            f"aws events enable-rule --name {rule['Name']} --region {region}",
            "disabled rules",
            rule["Name"],
        )


def _expected_rules(hub: Hub) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each rule that starts a remediation: the resource type, the rule's name, and its properties."""
    for resource_type, properties in sam_template.rules():
        known = {name: properties[name] for name in ("Name", "EventPattern")}
        plain = resolved(known, parameters(hub))
        yield resource_type, plain["Name"], {**properties, **plain}


def _wrong_target(
    targets: list[dict[str, Any]], expected: Mapping[str, Any], hub: Hub, resource_type: str
) -> str:
    """What is wrong with the targets of a rule; or an empty text."""
    machine = hub.machine(resource_type)
    target = next((each for each in targets if each["Arn"] == machine), None)
    if target is None:
        return f"does not start {machine}"
    if not target.get("RoleArn"):
        return "has no role to start it with"
    [wanted] = expected["Targets"]
    if target.get("RetryPolicy") != wanted["RetryPolicy"]:
        return "retries less often than the template's rule"
    queue = hub.outputs["UndeliveredEvents"].rpartition("/")[2]
    if target.get("DeadLetterConfig", {}).get("Arn", "").rpartition(":")[2] != queue:
        return f"does not send undelivered events to the dead-letter queue {queue}"
    given, own = target.get("InputTransformer", {}), wanted["InputTransformer"]
    if given.get("InputPathsMap") != own["InputPathsMap"] or _words(given) != _words(own):
        return "gives the machine another input than the template's rule"
    return ""


def _words(transformer: Mapping[str, Any]) -> list[str]:
    return str(transformer.get("InputTemplate", "")).split()


def _everybody(statement: Mapping[str, Any]) -> bool:
    principal = statement.get("Principal")
    return principal == "*" or (isinstance(principal, dict) and "*" in _listed(principal.get("AWS", [])))


def _narrowed(statement: Mapping[str, Any]) -> bool:
    return any(
        key.lower() in _NARROWING and "*" not in _listed(values)
        for operator, condition in statement.get("Condition", {}).items()
        # Not with IfExists, and not those that negate.
        if operator in ("StringEquals", "StringLike", "ForAnyValue:StringEquals", "ForAnyValue:StringLike")
        for key, values in condition.items()
    )


def _admits(statement: Mapping[str, Any], account: str, hub: Hub) -> bool:
    """Whether the account may put events on the bus. Of the hub's organization every account counts; V21 says
    which have left it."""
    if not _everybody(statement):
        principal = statement.get("Principal", {})
        named = _listed(principal.get("AWS", [])) if isinstance(principal, dict) else []
        return any(each == account or f":{account}:" in each for each in named)
    equal = {
        key.lower(): _listed(value)
        for key, value in statement.get("Condition", {}).get("StringEquals", {}).items()
    }
    return account in equal.get("aws:principalaccount", []) or hub.outputs.get("OrganizationId") in equal.get(
        "aws:principalorgid", []
    )


def _listed(given: Any) -> list[Any]:
    return given if isinstance(given, list) else [given]
