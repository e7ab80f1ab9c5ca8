"""The IAM Access Analyzer of an account in a region that looks for external access."""

from collections.abc import Iterable, Mapping, Sequence

from rightstate.event_rule import Rule, Subject
from rightstate.in_code import InCode
from rightstate.listing import pages
from rightstate.policies.access_analyzer import POLICIES
from rightstate.resource_type import (
    Call,
    Case,
    Change,
    Clients,
    Observed,
    Place,
    Resource,
    ResourceType,
    Setting,
)

# The others look for unused or internal access (API reference, CreateAnalyzer).
_EXTERNAL = ("ACCOUNT", "ORGANIZATION")
_ARN = "arn:{partition}:access-analyzer:{region}:{account}:analyzer/rightstate"


def _find(clients: Clients, place: Place) -> Iterable[str]:
    return (place.account,)


def _describe(clients: Clients, resource: Resource, settings: frozenset[str]) -> Observed:
    names = {"given": "nextToken", "answered": "nextToken"}
    listed = pages(clients, "accessanalyzer", "list_analyzers", "analyzers", "", **names)
    external = [each for page, _ in listed for each in page if each["type"] in _EXTERNAL]

    def first(*statuses: str, type_: str = "") -> str | None:
        found = (each for each in external if each["status"] in statuses and type_ in ("", each["type"]))
        return next((_named(each) for each in found), None)

    observed = {
        "Analyzer": next((str(each["name"]) for each in external if each["status"] == "ACTIVE"), None),
        "Creating": first("CREATING"),
        # An account has one of its own in each region, so that another one is refused.
        "Inactive": first("DISABLED", "FAILED", type_="ACCOUNT"),
    }
    return {name: observed[name] for name in settings}


def _named(analyzer: Mapping[str, Mapping[str, str]]) -> str:
    reason = analyzer.get("statusReason", {}).get("code", "")
    return f"{analyzer['name']} is {analyzer['status']}" + (f" because of {reason}" if reason else "")


def _calls(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    """For an undo too."""
    [change] = changes
    if change.after is None:
        return [_call("DeleteAnalyzer", analyzerName=str(change.before))]
    return [_call("CreateAnalyzer", analyzerName=str(change.after), type="ACCOUNT")]


def _call(operation: str, **parameters: str) -> Call:
    return Call(
        service="accessanalyzer", operation=operation, parameters={**parameters}, settings=("Analyzer",)
    )


def _busy(observed: Observed) -> str | None:
    creating = observed.get("Creating")
    return f"The analyzer {creating}." if creating and not observed.get("Analyzer") else None


def _held(observed: Observed) -> Mapping[str, str]:
    inactive = observed.get("Inactive")
    if not inactive or observed.get("Analyzer"):
        return {}
    why = f"The analyzer {inactive}, and an account can have only one. Delete it, or fix the reason."
    return {"Analyzer": why}


RESOURCE_TYPE = ResourceType(
    name="access-analyzer",
    title="IAM Access Analyzer for external access of an account in a region",
    service="accessanalyzer",
    policies=POLICIES,
    settings={
        "Analyzer": Setting(
            read="ListAnalyzers:analyzers[].name",
            write="CreateAnalyzer:analyzerName",
            set_back_by=("DeleteAnalyzer",),
        ),
        "Creating": Setting(read="ListAnalyzers:analyzers[].status"),
        "Inactive": Setting(read="ListAnalyzers:analyzers[].statusReason.code"),
    },
    in_code={
        "Analyzer": InCode(
            "AWS::AccessAnalyzer::Analyzer/AnalyzerName", "aws_accessanalyzer_analyzer.analyzer_name"
        ),
    },
    cases={
        "organization-analyzer": Case(
            reason="organization_analyzer_elsewhere says that an analyzer of the organization covers the "
            "account.",
            holds=lambda observed: True,
            switch="organization_analyzer_elsewhere",
        ),
    },
    facts=("Creating", "Inactive", "Analyzer"),
    arn="arn:{partition}:access-analyzer:{region}:{account}:analyzer/*",
    id_pattern=r"[0-9]{12}",
    rules=(Rule("AnalyzerCalls", "access-analyzer", ("CreateAnalyzer", "DeleteAnalyzer"), Subject()),),
    find=_find,
    describe=_describe,
    calls=_calls,
    busy=_busy,
    held=_held,
    read_actions=("access-analyzer:ListAnalyzers",),
    write_actions=("access-analyzer:CreateAnalyzer",),
    undo_actions=("access-analyzer:DeleteAnalyzer",),
    # The first analyzer of an account takes the role that it works with.
    dependent_actions={
        "iam:CreateServiceLinkedRole": {"iam:AWSServiceName": "access-analyzer.amazonaws.com"}
    },
    destroys=lambda change: (
        "The analyzer is deleted with its findings and archive rules." if change.after is None else ""
    ),
    write_resources=(_ARN,),
)
