"""The policies of private ECR repositories."""

from rightstate.policy import Policy, Reversibility, Risk, Severity
from rightstate.wants import Exactly, PolicyText

POLICIES = (
    Policy(
        id="ecr-repository-policy-not-public",
        title="Ensure ECR repository policies are not public",
        category="AWS - Identity and Access Management",
        risk=Risk.BREAKS_ACCESS,
        severity=Severity.CRITICAL,
        wants={"Policy": PolicyText(public="nothing")},
        side_effects="Other accounts that no statement of their own names lose pull and push, and so do "
        "roles of the account without rights of their own. Statements that are not public stay.",
        reversibility=Reversibility.FULLY,
        undo_note="The policy's text as it was is in the ledger.",
        prowler=("ecr_repositories_not_publicly_accessible",),
        notes="docs/public-policies.md says what is public. Repositories of ECR Public are "
        "public on purpose, and are not looked at.",
    ),
    Policy(
        id="ecr-scan-on-push",
        title="Ensure ECR repositories scan images on push",
        category="AWS - Data Protection",
        risk=Risk.SAFE,
        severity=Severity.HIGH,
        wants={"ScanOnPush": Exactly(value=True)},
        compliant_when=("registry-scans",),
        side_effects="None: basic scans are free. Images that are there already are not scanned.",
        reversibility=Reversibility.FULLY,
        undo_note="That it was off is in the ledger.",
        security_hub=("ECR.1",),
        prowler=("ecr_repositories_scan_images_on_push_enabled",),
        config_rules=("ECR_PRIVATE_IMAGE_SCANNING_ENABLED",),
        notes="A scan rule of the registry (PutRegistryScanningConfiguration) covers future repositories "
        "too. Rightstate does not write it, because the call replaces all rules of the registry.",
    ),
)
