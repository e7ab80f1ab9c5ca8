"""The policies of subnets."""

from collections.abc import Mapping

from rightstate.policy import Parameter, Policy, Reversibility, Risk, Severity
from rightstate.wants import Exactly

_PARAMETERS: Mapping[str, Parameter] = {
    "allow_tag": Parameter(default=None, why="Key of the tag of subnets that assign addresses on purpose."),
    "hold_public": Parameter(
        default=False,
        why="With true, subnets with a route to an internet gateway are reported and not changed. With "
        "false, use mode approve.",
    ),
}

POLICIES = (
    Policy(
        id="subnet-no-auto-assign-public-ipv4",
        title="Ensure subnets do not assign public IPv4 addresses automatically",
        category="AWS - Networking",
        risk=Risk.BREAKS_ACCESS,
        severity=Severity.MEDIUM,
        wants={"MapPublicIpOnLaunch": Exactly(value=False)},
        parameters=_PARAMETERS,
        not_applicable=("of-another-account", "ipv6-native"),
        exempt_when=("allowed",),
        held_when=("public",),
        side_effects="New instances get no public address unless their launch asks for one. In a public "
        "subnet, node groups, Elastic Beanstalk, Batch and others that rely on it lose the internet. "
        "Instances that run keep their address until they are stopped.",
        reversibility=Reversibility.FULLY,
        undo_note="The subnet assigns addresses again.",
        security_hub=("EC2.15",),
        prowler=("vpc_subnet_no_public_ip_by_default",),
        config_rules=("SUBNET_AUTO_ASSIGN_PUBLIC_IP_DISABLED",),
        notes="Default subnets assign addresses when they are made.",
    ),
    Policy(
        id="subnet-no-auto-assign-ipv6",
        title="Ensure subnets do not assign IPv6 addresses automatically",
        category="AWS - Networking",
        risk=Risk.BREAKS_ACCESS,
        severity=Severity.MEDIUM,
        wants={"AssignIpv6AddressOnCreation": Exactly(value=False)},
        parameters=_PARAMETERS,
        not_applicable=("of-another-account", "ipv6-native"),
        exempt_when=("allowed",),
        held_when=("public",),
        side_effects="New network interfaces get no IPv6 address. EKS clusters with IPv6 and services "
        "that need one when an interface is made fail. Interfaces that exist keep theirs.",
        reversibility=Reversibility.FULLY,
        undo_note="The subnet assigns addresses again.",
        security_hub=("EC2.15",),
        notes="The internet reaches an IPv6 address only over a route to an internet gateway.",
    ),
)
