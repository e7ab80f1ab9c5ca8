"""OpenSearch Service domains, those that run Elasticsearch too."""

from collections.abc import Iterator, Mapping, Sequence

from rightstate import resource_policy
from rightstate.errors import ResourceGone
from rightstate.event_rule import Rule, Subject
from rightstate.in_code import InCode
from rightstate.listing import Answer, Shared
from rightstate.policies.opensearch_domain import POLICIES
from rightstate.resource_type import (
    Call,
    Case,
    Change,
    Clients,
    Listing,
    Observed,
    Place,
    Resource,
    ResourceType,
    Setting,
    Tags,
    tags_in,
)
from rightstate.wants import Value

_ARN = "arn:{partition}:es:{region}:{account}:domain/{id}"
# API reference, DescribeDomains: at most five at a time.
_AT_ONCE = 5


def _pages(clients: Clients, place: Place, token: str) -> Iterator[tuple[Sequence[Answer], str]]:
    """All domains of the region: the list has no pages, and an account has 100 at most."""
    service = clients("opensearch")
    names = [each["DomainName"] for each in service.list_domain_names()["DomainNames"]]
    found = []
    for first in range(0, len(names), _AT_ONCE):
        some = names[first : first + _AT_ONCE]
        found += service.describe_domains(DomainNames=some)["DomainStatusList"]
    yield found, ""


def _one(clients: Clients, resource: Resource) -> Answer:
    for domain in clients("opensearch").describe_domains(DomainNames=[resource.id])["DomainStatusList"]:
        if not domain.get("Deleted"):
            return domain
    raise ResourceGone("The resource does not exist: DescribeDomains does not list it.")


def _observe(
    clients: Clients, resource: Resource, domain: Answer, settings: frozenset[str], shared: Shared
) -> Observed:
    security = domain.get("AdvancedSecurityOptions", {})
    observed: dict[str, Value] = {
        "Processing": bool(domain.get("Processing")),
        "InVpc": bool(domain.get("VPCOptions", {}).get("VPCId")),
        "FineGrained": bool(security.get("Enabled")) and not security.get("AnonymousAuthEnabled"),
    }
    if "Policy" in settings:
        observed["Policy"] = resource_policy.checked(domain.get("AccessPolicies"))
    return {name: value for name, value in observed.items() if name in settings}


def _tags(clients: Clients, resource: Resource) -> Tags:
    return tags_in(clients("opensearch").list_tags(ARN=_ARN.format(**resource.model_dump()))["TagList"])


_LISTING = Listing(
    pages=_pages,
    id_of=lambda domain: str(domain["DomainName"]),
    one=_one,
    observe=_observe,
)


def _calls(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    return [
        Call(
            service="opensearch",
            operation="UpdateDomainConfig",
            parameters={"DomainName": resource.id},
            settings=("Policy",),
        )
    ]


def _apply(clients: Clients, resource: Resource, call: Call, changes: Sequence[Change]) -> None:
    """Set the policy as it now is without what the policies forbid. An empty one takes it away."""
    now = resource_policy.checked(_one(clients, resource).get("AccessPolicies"))
    text = changes[0].want.target(now)
    if text != now:
        clients("opensearch").update_domain_config(**call.parameters, AccessPolicies=text or "")


def _held(observed: Observed) -> Mapping[str, str]:
    why = resource_policy.held_for(observed.get("Policy"), "OpenSearch Service")
    return {"Policy": why} if why else {}


def _busy(observed: Observed) -> str | None:
    return "The domain is processing a change." if observed.get("Processing") else None


RESOURCE_TYPE = ResourceType(
    name="opensearch-domain",
    title="OpenSearch Service domain",
    service="opensearch",
    policies=POLICIES,
    settings={
        "Policy": Setting(
            read="DescribeDomains:DomainStatusList[].AccessPolicies",
            write="UpdateDomainConfig:AccessPolicies",
            set_back_by=("UpdateDomainConfig", "UpdateElasticsearchDomainConfig"),
        ),
        "InVpc": Setting(read="DescribeDomains:DomainStatusList[].VPCOptions.VPCId"),
        "FineGrained": Setting(read="DescribeDomains:DomainStatusList[].AdvancedSecurityOptions.Enabled"),
        "Processing": Setting(read="DescribeDomains:DomainStatusList[].Processing"),
    },
    in_code={
        "Policy": InCode(
            "AWS::OpenSearchService::Domain/AccessPolicies",
            "aws_opensearch_domain_policy.access_policies",
            named_only=True,
        )
    },
    cases={
        "in-vpc": Case(
            reason="The domain is in a VPC. Its security groups and subnets decide who reaches it.",
            holds=lambda observed: observed.get("InVpc") is True,
            reads=("InVpc",),
        ),
        "fine-grained": Case(
            reason="Mitigated: fine-grained access control asks every user to sign in.",
            holds=lambda observed: observed.get("FineGrained") is True,
            reads=("FineGrained",),
            switch="accept_fine_grained_access",
        ),
    },
    facts=("Processing",),
    arn=_ARN,
    # API reference, CreateDomain: 3 to 28 characters.
    id_pattern=r"[a-z][a-z0-9-]{2,27}",
    listing=_LISTING,
    rules=(
        Rule(
            "DomainCalls",
            "es",
            (
                "CreateDomain",
                "CreateElasticsearchDomain",
                "UpdateDomainConfig",
                "UpdateElasticsearchDomainConfig",
            ),
            Subject(("requestParameters.domainName",)),
        ),
    ),
    tags=_tags,
    calls=_calls,
    apply=_apply,
    busy=_busy,
    held=_held,
    read_actions=("es:DescribeDomains", "es:ListDomainNames", "es:ListTags"),
    write_actions=("es:UpdateDomainConfig",),
    write_resources=(_ARN,),
    gone=("ResourceNotFoundException",),
)
