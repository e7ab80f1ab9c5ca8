"""The policies of Kinesis data streams."""

from rightstate.policy import Parameter, Policy, Reversibility, Risk, Severity
from rightstate.wants import AnythingBut, Includes

_STORAGE = "AWS - Storage and Databases"
_MANAGED_KEY = "alias/aws/kinesis"

SHARD_LEVEL_METRICS = (
    "IncomingBytes",
    "IncomingRecords",
    "IteratorAgeMilliseconds",
    "OutgoingBytes",
    "OutgoingRecords",
    "ReadProvisionedThroughputExceeded",
    "WriteProvisionedThroughputExceeded",
)
"""All that there are (API reference, EnhancedMetrics), by name."""

POLICIES = (
    Policy(
        id="kinesis-shard-level-metrics",
        aliases=("KinesisEnhancedMonitoring",),
        title="Ensure enhanced monitoring is enabled for your AWS Kinesis streams using shard-level metrics",
        category=_STORAGE,
        risk=Risk.COST,
        # Numbers for operations, no control and no check.
        severity=Severity.INFORMATIONAL,
        wants={"ShardLevelMetrics": Includes(items_from="required_metrics")},
        parameters={
            "required_metrics": Parameter(
                default=list(SHARD_LEVEL_METRICS),
                choices=SHARD_LEVEL_METRICS,
                why="All seven. Name fewer where a stream has many shards: each is charged for each shard.",
            )
        },
        side_effects="CloudWatch charges each metric of each shard as a custom metric, every month.",
        reversibility=Reversibility.FULLY,
        undo_note="DisableEnhancedMonitoring removes the metrics that were added.",
        notes="The metrics of the stream as a whole are free, and always there.",
    ),
    Policy(
        id="kinesis-server-side-encryption",
        aliases=("KinesisSSE",),
        title="Ensure Amazon Kinesis streams enforce Server-Side Encryption (SSE)",
        category=_STORAGE,
        risk=Risk.KEY_COUPLING,
        severity=Severity.MEDIUM,
        wants={
            "Encryption": AnythingBut(
                value="none", otherwise="alias/aws/kinesis", otherwise_from="kms_key_id"
            )
        },
        parameters={
            "kms_key_id": Parameter(
                default=_MANAGED_KEY,
                why="The AWS managed key, to which nobody in the account needs a right. Give the id, alias "
                "or ARN of a key of yours where other accounts use the stream.",
            )
        },
        side_effects="Other accounts can neither write to the stream nor read from it while the AWS managed "
        "key encrypts it. With a key of yours, producers and consumers need rights to it, or records are "
        "lost. Calls to KMS are charged. Records that are in the stream already stay as they are.",
        reversibility=Reversibility.FULLY,
        undo_note="StopStreamEncryption switches it off again.",
        security_hub=("Kinesis.1",),
        prowler=("kinesis_stream_encrypted_at_rest",),
        config_rules=("KINESIS_STREAM_ENCRYPTED",),
        notes="A stream that is encrypted keeps its key, whichever it is.",
    ),
)
