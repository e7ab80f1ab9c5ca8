"""The policies of IAM Access Analyzer."""

from rightstate.policy import Parameter, Policy, Reversibility, Risk, Severity
from rightstate.wants import Present

POLICIES = (
    Policy(
        id="access-analyzer-enabled",
        title="Ensure IAM Access Analyzer external access analyzer is enabled",
        category="AWS - Identity and Access Management",
        risk=Risk.SAFE,
        severity=Severity.HIGH,
        wants={"Analyzer": Present(otherwise="rightstate")},
        parameters={
            "organization_analyzer_elsewhere": Parameter(
                default=False,
                why="true if an analyzer of the organization, in its delegated administrator's account, "
                "covers this account, which cannot see it.",
            )
        },
        not_applicable=("organization-analyzer",),
        side_effects="None on resources. Analysis of external access is free.",
        reversibility=Reversibility.FULLY,
        undo_note="The analyzer is deleted with its findings and archive rules, which needs your consent.",
        security_hub=("IAM.28",),
        prowler=("accessanalyzer_enabled",),
        config_rules=("IAM_EXTERNAL_ACCESS_ANALYZER_ENABLED",),
        notes="Any active analyzer of external access will do, of the account or of the organization. "
        "Analyzers of unused or internal access cost money, do not count, and are never made.",
    ),
)
