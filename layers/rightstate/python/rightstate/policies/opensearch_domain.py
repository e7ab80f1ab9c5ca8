"""The policies of OpenSearch Service domains."""

from rightstate.policy import Parameter, Policy, Reversibility, Risk, Severity
from rightstate.wants import PolicyText

POLICIES = (
    Policy(
        id="opensearch-access-policy-not-public",
        title="Ensure OpenSearch domain access policies are not public",
        category="AWS - Identity and Access Management",
        risk=Risk.BREAKS_ACCESS,
        severity=Severity.CRITICAL,
        wants={"Policy": PolicyText(public="nothing")},
        parameters={
            "accept_fine_grained_access": Parameter(
                default=True,
                why="With fine-grained access control and without anonymous access, OpenSearch asks each "
                "user for a password or a signature, whatever the access policy says.",
            ),
        },
        not_applicable=("in-vpc",),
        compliant_when=("fine-grained",),
        side_effects="Clients that do not sign their requests lose access at once: dashboards, log shippers. "
        "Statements that are not public stay.",
        reversibility=Reversibility.FULLY,
        undo_note="The policy's text as it was is in the ledger.",
        prowler=("opensearch_service_domains_not_publicly_accessible",),
        notes="docs/public-policies.md says what is public. A domain cannot be moved into a "
        "VPC, so Opensearch.2 has no remediation.",
    ),
)
