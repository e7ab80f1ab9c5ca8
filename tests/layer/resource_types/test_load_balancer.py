"""What is read of an Application or Network Load Balancer, what is written, and what is left as it is."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.stub import Stubber
from moto import mock_aws
from moto.elbv2.models import elbv2_backends

from rightstate.aws.errors import named_errors
from rightstate.catalogue import load
from rightstate.errors import ResourceGone
from rightstate.identify import is_arn_of
from rightstate.models.decision import Outcome, Status
from rightstate.resource_type import Place, Resource
from rightstate_cli.simulation import moto_gaps
from tests.support.cycle import Account, enabled, make, observe, plan, reasons, remediate, undo

BALANCER = load("load-balancer")
OWNER = "123456789012"
PLACE = Place(account=OWNER, region="us-east-1")
PREFIX = f"arn:aws:elasticloadbalancing:us-east-1:{OWNER}:loadbalancer/"
ALB, NLB = "alb-deletion-protection", "nlb-deletion-protection"
REDIRECT = "alb-http-to-https-redirect"
POLICY_OF = {"application": ALB, "network": NLB}
READS = ["elbv2:DescribeLoadBalancers", "elbv2:DescribeLoadBalancerAttributes", "elbv2:DescribeTags"]
kinds = pytest.mark.parametrize("kind", POLICY_OF)


@pytest.fixture
def account() -> Iterator[Account]:
    with mock_aws(), moto_gaps.fill():
        yield Account()


def create(account: Account, kind: str, name: str = "checkout", **tags: str) -> Resource:
    subnets = account.client("ec2").describe_subnets()["Subnets"]
    elbv2 = account.client("elbv2")
    [made] = elbv2.create_load_balancer(
        Name=name, Type=kind, Subnets=[subnet["SubnetId"] for subnet in subnets[:2]]
    )["LoadBalancers"]
    arn = made["LoadBalancerArn"]
    elbv2.describe_load_balancers()  # moto sets it up when it is looked at
    if tags:
        elbv2.add_tags(ResourceArns=[arn], Tags=[{"Key": k, "Value": v} for k, v in tags.items()])
    account.calls.clear()
    return Resource(**PLACE.model_dump(), id=arn.removeprefix(PREFIX))


def set_state(resource: Resource, state: str) -> None:
    elbv2_backends[OWNER]["us-east-1"].load_balancers[PREFIX + resource.id].state = state


def attributes(account: Account, resource: Resource) -> dict[str, str]:
    answer = account.client("elbv2").describe_load_balancer_attributes(LoadBalancerArn=PREFIX + resource.id)
    return {each["Key"]: each["Value"] for each in answer["Attributes"]}


@kinds
def test_protection_is_switched_on_with_one_call_and_then_nothing_is_written(
    account: Account, kind: str
) -> None:
    resource = create(account, kind)
    policies = enabled(BALANCER, POLICY_OF[kind])
    assert remediate(BALANCER, account, resource, policies).outcome is Outcome.REMEDIATED
    assert account.calls == [*READS, "elbv2:ModifyLoadBalancerAttributes"]
    assert account.parameters[-1][1] == {
        "LoadBalancerArn": PREFIX + resource.id,
        "Attributes": [{"Key": "deletion_protection.enabled", "Value": "true"}],
    }
    account.calls.clear()
    assert remediate(BALANCER, account, resource, policies).outcome is Outcome.COMPLIANT
    assert account.calls == READS


def test_every_other_attribute_stays_as_it_was(account: Account) -> None:
    resource = create(account, "application")
    account.client("elbv2").modify_load_balancer_attributes(
        LoadBalancerArn=PREFIX + resource.id,
        Attributes=[
            {"Key": "idle_timeout.timeout_seconds", "Value": "77"},
            {"Key": "routing.http.drop_invalid_header_fields.enabled", "Value": "true"},
        ],
    )
    before = attributes(account, resource)
    remediate(BALANCER, account, resource, enabled(BALANCER, ALB, NLB))
    assert attributes(account, resource) == {**before, "deletion_protection.enabled": "true"}


@pytest.mark.parametrize(
    ("policy", "kind", "named"), [(ALB, "network", "Network"), (NLB, "application", "Application")]
)
def test_the_policy_of_one_kind_does_not_touch_the_other(
    account: Account, policy: str, kind: str, named: str
) -> None:
    resource = create(account, kind)
    decision = remediate(BALANCER, account, resource, enabled(BALANCER, policy))
    assert decision.outcome is Outcome.NOT_APPLICABLE
    assert decision.reason == f"The policy is not about {named} Load Balancers."
    assert attributes(account, resource)["deletion_protection.enabled"] == "false"


def test_with_both_policies_each_load_balancer_is_the_business_of_one(account: Account) -> None:
    decision = remediate(BALANCER, account, create(account, "network"), enabled(BALANCER, ALB, NLB))
    assert {verdict.policy: verdict.status for verdict in decision.verdicts} == {
        ALB: Status.NOT_APPLICABLE,
        NLB: Status.BROKEN,
    }
    assert [change.policies for change in decision.changes] == [(NLB,)]


def test_a_gateway_load_balancer_is_not_applicable(account: Account) -> None:
    decision = plan(BALANCER, account, create(account, "gateway"), enabled(BALANCER, ALB, NLB))
    assert decision.outcome is Outcome.NOT_APPLICABLE
    assert reasons(decision) == ["The policy is not about Gateway Load Balancers."] * 2


@kinds
def test_one_that_could_not_be_set_up_is_not_applicable(account: Account, kind: str) -> None:
    resource = create(account, kind)
    set_state(resource, "failed")
    decision = plan(BALANCER, account, resource, enabled(BALANCER, POLICY_OF[kind]))
    assert decision.outcome is Outcome.NOT_APPLICABLE
    assert "could not be set up" in decision.reason


CONTROLLED = [
    {"elbv2.k8s.aws/cluster": "production"},
    {"kubernetes.io/cluster/production": "owned"},
    {"eks:eks-cluster-name": "production"},
    {"elasticbeanstalk:environment-id": "e-abcdefghij"},
    {"AmazonECSManaged": "true"},
    {"team": "payments", "elbv2.k8s.aws/cluster": "production"},
]


@kinds
@pytest.mark.parametrize("tags", CONTROLLED, ids=lambda tags: list(tags)[-1])
def test_one_that_a_controller_deletes_again_is_left_to_it_unless_the_settings_say_otherwise(
    account: Account, kind: str, tags: dict[str, str]
) -> None:
    resource = create(account, kind, **tags)
    left = plan(BALANCER, account, resource, enabled(BALANCER, POLICY_OF[kind]))
    assert left.outcome is Outcome.NOT_APPLICABLE
    assert "controller" in left.reason
    assert plan(
        BALANCER, account, resource, enabled(BALANCER, POLICY_OF[kind], exempt_controlled=False)
    ).apply


@pytest.mark.parametrize(
    "tags",
    [{"cluster": "production"}, {"kubernetes.io/cluster/production": "shared"}, {"Name": "elbv2"}],
    ids=str,
)
def test_other_tags_do_not_exempt(account: Account, tags: dict[str, str]) -> None:
    assert plan(BALANCER, account, create(account, "application", **tags), enabled(BALANCER, ALB)).apply


def test_tags_are_not_read_where_they_do_not_count_and_others_are_never_observed(account: Account) -> None:
    resource = create(account, "application", **{"owner": "ana@example.com", "AmazonECSManaged": "true"})
    observe(BALANCER, account, resource, enabled(BALANCER, ALB, NLB, exempt_controlled=False))
    assert account.calls == READS[:2]
    assert observe(BALANCER, account, resource, enabled(BALANCER, ALB, NLB)) == {
        "Type": "application",
        "State": "active",
        "ControllerTags": ["AmazonECSManaged"],
        "deletion_protection.enabled": False,
    }


@pytest.mark.parametrize(
    ("state", "waits"),
    [("provisioning", True), ("active", False), ("active_impaired", False), ("failed", False)],
)
def test_one_that_is_being_set_up_is_waited_for(account: Account, state: str, waits: bool) -> None:
    assert bool(BALANCER.busy(described(account, state))) is waits


def described(account: Account, state: str) -> Any:
    """What is observed of a load balancer in that state, with answers as AWS gives them."""
    resource = Resource(**PLACE.model_dump(), id="net/checkout/50dc6c495c0c9188")
    elbv2 = account.client("elbv2")
    with Stubber(elbv2) as stubber:
        found = {"LoadBalancerArn": PREFIX + resource.id, "Type": "network", "State": {"Code": state}}
        stubber.add_response(
            "describe_load_balancers",
            {"LoadBalancers": [found]},
            {"LoadBalancerArns": [PREFIX + resource.id]},
        )
        return BALANCER.describe(account.client, resource, frozenset({"Type", "State"}))


def test_one_that_does_not_exist_is_gone(account: Account) -> None:
    missing = Resource(**PLACE.model_dump(), id="app/missing/50dc6c495c0c9188")
    with pytest.raises(ResourceGone), named_errors(gone=BALANCER.gone):
        plan(BALANCER, account, missing, enabled(BALANCER, ALB, NLB))


def test_load_balancers_of_every_kind_are_listed(account: Account) -> None:
    made = [create(account, kind, f"of-kind-{kind}").id for kind in ("application", "network", "gateway")]
    assert [name.partition("/")[0] for name in made] == ["app", "net", "gwy"]
    assert sorted(BALANCER.find(account.client, PLACE)) == sorted(made)


def test_a_page_of_the_list_is_read_when_it_is_needed(account: Account) -> None:
    elbv2 = account.client("elbv2")
    names = ["app/one/50dc6c495c0c9188", "net/two/50dc6c495c0c9189"]
    one, two = ({"LoadBalancers": [{"LoadBalancerArn": PREFIX + name}]} for name in names)
    with Stubber(elbv2) as stubber:
        stubber.add_response("describe_load_balancers", {**one, "NextMarker": "more"}, {"PageSize": 100})
        listing = iter(BALANCER.find(account.client, PLACE))
        assert next(listing) == names[0]
        stubber.add_response("describe_load_balancers", two, {"Marker": "more", "PageSize": 100})
        assert list(listing) == names[1:]


def test_an_arn_of_one_generation_is_not_one_of_the_other() -> None:
    arns = {
        "load-balancer": PREFIX + "app/checkout/50dc6c495c0c9188",
        "classic-load-balancer": PREFIX + "checkout",
    }
    for name in arns:
        assert [kind for kind, arn in arns.items() if is_arn_of(load(name), arn)] == [name]


# --- Listeners ---


def listen(account: Account, resource: Resource, protocol: str, port: int, *actions: dict[str, Any]) -> str:
    more = {}
    if protocol == "HTTPS":
        made = account.client("acm").request_certificate(DomainName="checkout.example.com")
        more = {"Certificates": [{"CertificateArn": made["CertificateArn"]}]}
    [listener] = account.client("elbv2").create_listener(
        LoadBalancerArn=PREFIX + resource.id,
        Protocol=protocol,
        Port=port,
        DefaultActions=list(actions or [FIXED]),
        **more,
    )["Listeners"]
    return str(listener["ListenerArn"])


def listeners(account: Account, resource: Resource) -> Any:
    answer = account.client("elbv2").describe_listeners(LoadBalancerArn=PREFIX + resource.id)
    return {each["ListenerArn"]: each["DefaultActions"] for each in answer["Listeners"]}


FIXED = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200", "ContentType": "text/plain"}}


def redirect(**configuration: str) -> dict[str, Any]:
    return {"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_302", **configuration}}


@pytest.mark.parametrize(("port", "expected"), [(443, "443"), (8443, "8443")])
def test_each_http_listener_redirects_and_gets_its_actions_back(
    account: Account, port: int, expected: str
) -> None:
    resource = create(account, "application")
    plain = [listen(account, resource, "HTTP", 80), listen(account, resource, "HTTP", 8080)]
    done = listen(account, resource, "HTTP", 81, redirect(Protocol="HTTPS", Port="443"))
    tls = listen(account, resource, "HTTPS", port)
    before = listeners(account, resource)
    decision = remediate(BALANCER, account, resource, enabled(BALANCER, REDIRECT))
    after = listeners(account, resource)
    assert {arn for arn in after if after[arn] != before[arn]} == {*plain}
    for arn in plain:
        [action] = after[arn]
        assert action["RedirectConfig"] == {
            "Protocol": "HTTPS",
            "Port": expected,
            "Host": "#{host}",
            "Path": "/#{path}",
            "Query": "#{query}",
            "StatusCode": "HTTP_301",
        }
    assert {done, tls} <= before.keys()
    assert plan(BALANCER, account, resource, enabled(BALANCER, REDIRECT)).outcome is Outcome.COMPLIANT
    make(BALANCER, account, resource, undo(BALANCER, account, resource, decision))
    assert listeners(account, resource) == before


def test_a_redirect_to_http_is_none_to_https(account: Account) -> None:
    resource = create(account, "application")
    listen(account, resource, "HTTP", 80, redirect(Protocol="HTTP", Port="8080"))
    listen(account, resource, "HTTPS", 443)
    assert plan(BALANCER, account, resource, enabled(BALANCER, REDIRECT)).apply


def test_without_an_https_listener_nothing_is_redirected(account: Account) -> None:
    resource = create(account, "application")
    listen(account, resource, "HTTP", 80)
    decision = plan(BALANCER, account, resource, enabled(BALANCER, REDIRECT))
    assert (decision.outcome, decision.calls) == (Outcome.NOT_APPLICABLE, ())
    assert "no HTTPS listener" in decision.reason


@pytest.mark.parametrize(("only", "applies"), [(True, False), (False, True)])
def test_an_internal_load_balancer_is_left_alone_where_the_account_says_so(
    account: Account, only: bool, applies: bool
) -> None:
    resource = create(account, "application")
    elbv2_backends[OWNER]["us-east-1"].load_balancers[PREFIX + resource.id].scheme = "internal"
    listen(account, resource, "HTTP", 80)
    listen(account, resource, "HTTPS", 443)
    decision = plan(BALANCER, account, resource, enabled(BALANCER, REDIRECT, only_internet_facing=only))
    assert decision.apply is applies


def test_a_network_load_balancer_is_not_asked_for_its_listeners(account: Account) -> None:
    resource = create(account, "network")
    decision = plan(BALANCER, account, resource, enabled(BALANCER, REDIRECT))
    assert decision.outcome is Outcome.NOT_APPLICABLE
    assert account.calls == ["elbv2:DescribeLoadBalancers"]
