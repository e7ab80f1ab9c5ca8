"""The policies of SNS topics."""

from rightstate.policy import Parameter, Policy, Reversibility, Risk, Severity
from rightstate.wants import PolicyText, Present

POLICIES = (
    Policy(
        id="sns-topic-not-public",
        title="Ensure SNS topic access policies do not allow public access",
        category="AWS - Storage and Databases",
        risk=Risk.BREAKS_ACCESS,
        severity=Severity.CRITICAL,
        wants={"Policy": PolicyText(public="nothing")},
        side_effects="Publishers and subscribers that no statement of their own names lose access within a "
        "minute. Confirmed subscriptions go on. Statements that are not public stay.",
        reversibility=Reversibility.FULLY,
        undo_note="The policy's text as it was is in the ledger.",
        security_hub=("SNS.4",),
        prowler=("sns_topics_not_publicly_accessible",),
        config_rules=("SNS_TOPIC_NO_PUBLIC_ACCESS",),
        notes="docs/public-policies.md says what is public. A topic always has a policy. If no "
        "statement is left, it gets the one of new topics, which is for the account only.",
    ),
    Policy(
        id="sns-topic-encryption",
        title="Ensure SNS topics are encrypted at rest with KMS",
        category="AWS - Data Protection",
        risk=Risk.KEY_COUPLING,
        severity=Severity.MEDIUM,
        wants={"KmsMasterKeyId": Present(otherwise_from="kms_key_id")},
        parameters={
            "kms_key_id": Parameter(
                example="alias/topics",
                why="A symmetric key of the region, by id, alias or ARN. Its policy lets the services that "
                "publish (cloudwatch, events, s3, budgets) use kms:GenerateDataKey* and kms:Decrypt. With "
                "alias/aws/sns, whose policy nobody can change, no service can publish.",
            ),
        },
        side_effects="Publishers without rights to the key fail, and services too if the key's policy does "
        "not name them. KMS charges for its requests.",
        reversibility=Reversibility.FULLY,
        undo_note="That the topic had no key is in the ledger.",
        security_hub=("SNS.1",),
        prowler=("sns_topics_kms_encryption_at_rest_enabled",),
        config_rules=("SNS_ENCRYPTED_KMS",),
        notes="SNS has no encryption without a key, as SQS has. It takes a key without a look at it, so "
        "Rightstate first asks KMS whether the key can be used.",
    ),
)
