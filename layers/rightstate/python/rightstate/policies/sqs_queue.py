"""The policies of SQS queues."""

from rightstate.policy import Parameter, Policy, Reversibility, Risk, Severity
from rightstate.wants import AnythingBut, PolicyText

POLICIES = (
    Policy(
        id="sqs-server-side-encryption",
        aliases=("SQSSSEEnabled",),
        title="Ensure that Server-Side Encryption is enabled for Amazon SQS queues",
        category="AWS - Data Protection",
        risk=Risk.KEY_COUPLING,
        severity=Severity.MEDIUM,
        wants={"Encryption": AnythingBut(value="none", otherwise="SSE-SQS", otherwise_from="encrypt_with")},
        parameters={
            "encrypt_with": Parameter(
                default="SSE-SQS",
                why="SSE-SQS needs no key and no right to one. Give a KMS key's id, alias or ARN for SSE-KMS "
                "instead; with alias/aws/sqs, S3, SNS, EventBridge and other accounts cannot send any more.",
            )
        },
        side_effects="Anonymous requests and requests without TLS are refused on an encrypted queue. With "
        "a KMS key, producers and consumers need rights to that key.",
        reversibility=Reversibility.FULLY,
        undo_note="The ledger has the encryption as it was: none, SSE-SQS or the key.",
        security_hub=("SQS.1",),
        prowler=("sqs_queues_server_side_encryption_enabled",),
        notes="New queues have SSE-SQS unless it was switched off on purpose. A change takes up to a "
        "minute to spread.",
    ),
    Policy(
        id="sqs-queue-not-public",
        title="Ensure SQS queue access policies do not allow public access",
        category="AWS - Storage and Databases",
        risk=Risk.BREAKS_ACCESS,
        severity=Severity.CRITICAL,
        wants={"Policy": PolicyText(public="nothing")},
        side_effects="Senders and receivers that no statement of their own names lose access within a "
        "minute. Statements that are not public stay.",
        reversibility=Reversibility.FULLY,
        undo_note="The policy's text as it was is in the ledger.",
        security_hub=("SQS.3",),
        prowler=("sqs_queues_not_publicly_accessible",),
        config_rules=("SQS_QUEUE_NO_PUBLIC_ACCESS",),
        notes="docs/public-policies.md says what is public. A dead-letter queue is a queue of its own.",
    ),
)
