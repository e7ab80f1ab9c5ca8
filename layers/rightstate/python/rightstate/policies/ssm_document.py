"""The policies of SSM documents."""

from rightstate.policy import Policy, Reversibility, Risk, Severity
from rightstate.wants import Exactly

POLICIES = (
    Policy(
        id="ssm-document-not-public",
        title="Ensure SSM documents are not public",
        category="AWS - Storage and Databases",
        risk=Risk.BREAKS_ACCESS,
        severity=Severity.CRITICAL,
        wants={"Public": Exactly(value=False)},
        side_effects="Accounts that the document is not shared with by their number can no longer use it.",
        reversibility=Reversibility.FULLY,
        undo_note="It is public again, in the version that was. AWS refuses that while the account "
        "blocks public sharing of documents.",
        security_hub=("SSM.4",),
        prowler=("ssm_documents_set_as_public",),
        config_rules=("SSM_DOCUMENT_NOT_PUBLIC",),
        notes="Accounts that the document is shared with by their number keep it.",
    ),
)
