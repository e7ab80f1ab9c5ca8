"""The policies of Lambda functions."""

from rightstate.policy import Parameter, Policy, Reversibility, Risk, Severity
from rightstate.wants import Nothing

POLICIES = (
    Policy(
        id="lambda-function-not-public",
        title="Ensure Lambda function policies prohibit public access",
        category="AWS - Compute",
        risk=Risk.BREAKS_ACCESS,
        severity=Severity.CRITICAL,
        wants={
            "PublicStatements": Nothing(spared="function URL: ", spare_from="spare_function_urls"),
        },
        parameters={
            "spare_function_urls": Parameter(
                default=True,
                why="The statements of a function URL without authentication make it public on purpose.",
            ),
        },
        not_applicable=("function-url",),
        side_effects="Callers that no statement of their own names get an error at once. Without "
        "spare_function_urls public function URLs stop working too.",
        reversibility=Reversibility.FULLY,
        undo_note="Each removed statement is in the ledger. It comes back as the last one.",
        security_hub=("Lambda.1",),
        prowler=("awslambda_function_not_publicly_accessible",),
        config_rules=("LAMBDA_FUNCTION_PUBLIC_ACCESS_PROHIBITED",),
        notes="docs/public-policies.md says what is public. The policies of aliases are "
        "looked at too, those of single versions and of layers are not.",
    ),
)
