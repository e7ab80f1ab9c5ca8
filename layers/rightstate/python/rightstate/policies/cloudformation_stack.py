"""The policy of CloudFormation stacks."""

from rightstate.policy import Policy, Reversibility, Risk, Severity
from rightstate.wants import Exactly

POLICIES = (
    Policy(
        id="cloudformation-stack-termination-protection",
        aliases=("StackTermination",),
        title="Ensure that Termination Protection feature is enabled for AWS CloudFormation stacks",
        category="AWS - Business Continuity",
        risk=Risk.SAFE,
        severity=Severity.MEDIUM,
        wants={"EnableTerminationProtection": Exactly(value=True)},
        not_applicable=(
            "nested",
            "of-a-stack-set",
            "of-a-service",
            "own",
            "deleted",
            "in-review",
            "not-created",
        ),
        side_effects="Deleting the stack, by a pipeline too, is refused until the protection is switched "
        "off. Updates are not affected.",
        reversibility=Reversibility.FULLY,
        undo_note="The ledger says that it was off.",
        security_hub=("CloudFormation.3",),
        prowler=("cloudformation_stacks_termination_protection_enabled",),
        config_rules=("CLOUDFORMATION_TERMINATION_PROTECTION_CHECK",),
        notes="A stack is protected once it is created, so that a creation that fails leaves nothing that "
        "cannot be deleted. A change set that is executed by its ARN alone, without the stack's name, "
        "starts nothing: plan finds such a stack.",
    ),
)
