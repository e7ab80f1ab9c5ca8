"""An Application or Network Load Balancer that anybody may delete, and one that serves HTTP."""

import boto3

from rightstate_cli.simulation.examples import Example


def _create(session: boto3.Session, name: str, policy: str) -> str:
    subnets = session.client("ec2").describe_subnets()["Subnets"]
    elbv2 = session.client("elbv2")
    kind = "network" if policy.startswith("nlb-") else "application"
    [made] = elbv2.create_load_balancer(
        # Of an identifier like app/NAME/ID only the name can be chosen.
        Name=name.replace("app/", "").partition("/")[0],
        Subnets=[subnet["SubnetId"] for subnet in subnets[:2]],
        Type=kind,
    )["LoadBalancers"]
    if kind == "application":
        domain = "checkout.example.com"
        certificate = session.client("acm").request_certificate(DomainName=domain)["CertificateArn"]
        answer = {"StatusCode": "200", "ContentType": "text/plain", "MessageBody": "ok"}
        for protocol, port, more in (
            ("HTTP", 80, {}),
            ("HTTPS", 443, {"Certificates": [{"CertificateArn": certificate}]}),
        ):
            elbv2.create_listener(
                LoadBalancerArn=made["LoadBalancerArn"],
                Protocol=protocol,
                Port=port,
                DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": answer}],
                **more,
            )
    return str(made["LoadBalancerArn"]).partition("/")[2]


EXAMPLE = Example(
    name="app/checkout/50dc6c495c0c9188",
    policy="alb-deletion-protection",
    event="ModifyLoadBalancerAttributes",
    recorded=("CreateLoadBalancer",),
    create=_create,
    others={"telemetry": "nlb-deletion-protection"},
)
