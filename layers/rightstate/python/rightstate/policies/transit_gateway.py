"""The policies of transit gateways."""

from rightstate.policy import Policy, Reversibility, Risk, Severity
from rightstate.wants import Exactly

POLICIES = (
    Policy(
        id="transit-gateway-no-auto-accept",
        title="Ensure transit gateways do not accept shared attachments automatically",
        category="AWS - Networking",
        risk=Risk.BREAKS_ACCESS,
        severity=Severity.HIGH,
        wants={"AutoAcceptSharedAttachments": Exactly(value="disable")},
        not_applicable=("of-another-account", "being-deleted"),
        side_effects="A new attachment of another account waits until somebody accepts it.",
        reversibility=Reversibility.FULLY,
        undo_note="New attachments are accepted automatically again.",
        security_hub=("EC2.23",),
        prowler=("ec2_transitgateway_auto_accept_vpc_attachments",),
        config_rules=("EC2_TRANSIT_GATEWAY_AUTO_VPC_ATTACH_DISABLED",),
        notes="Attachments that were accepted stay. Look at those of other accounts yourself.",
    ),
)
