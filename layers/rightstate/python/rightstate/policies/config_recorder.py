"""The policies of AWS Config's customer managed recorder."""

from rightstate.policy import Parameter, Policy, Reversibility, Risk, Severity
from rightstate.wants import Exactly, Present

_LOGGING = "AWS - Audit and Logging"

POLICIES = (
    Policy(
        id="config-recorder-recording",
        title="Ensure AWS Config is enabled and recording",
        category=_LOGGING,
        risk=Risk.COST,
        severity=Severity.CRITICAL,
        wants={
            "Recorder": Present(otherwise="default"),
            "DeliverTo": Present(otherwise_from="deliver_to"),
            "Recording": Exactly(value=True),
        },
        parameters={
            "deliver_to": Parameter(
                example="s3://config-{account}-{region}",
                pattern=r"s3://[a-z0-9{][a-z0-9.{}-]{1,61}[a-z0-9}](/[A-Za-z0-9_.:/=+@{}-]*[A-Za-z0-9_.:=+@{}-])?",
                why="s3://BUCKET or s3://BUCKET/PREFIX, for regions that have no delivery channel yet. The "
                "bucket's policy has to let config.amazonaws.com write.",
            )
        },
        not_applicable=("control-tower",),
        side_effects="Config charges for each configuration item that it records, and S3 for storing them. "
        "In a region where resources come and go often, that is expensive.",
        reversibility=Reversibility.PARTLY,
        undo_note="Recording stops. A delivery channel and a recorder that Rightstate has made are deleted. "
        "What was recorded and the service-linked role stay.",
        security_hub=("Config.1",),
        prowler=("config_recorder_all_regions_enabled",),
        notes="A new recorder uses Config's service-linked role, and records all types of resources but the "
        "global ones of IAM. A delivery channel that exists is kept. To let it notify an SNS topic, set that "
        "yourself.",
    ),
    Policy(
        id="config-recorder-all-resources",
        title="Ensure AWS Config records all supported resource types",
        category=_LOGGING,
        risk=Risk.COST,
        severity=Severity.CRITICAL,
        wants={"AllSupported": Exactly(value=True)},
        not_applicable=("control-tower", "no-recorder"),
        side_effects="Config charges for each configuration item of the types that it did not record before.",
        reversibility=Reversibility.FULLY,
        undo_note="The ledger has the types that were recorded, or left out.",
        security_hub=("Config.1",),
        notes="Security Hub asks only for the types that its enabled controls need. The recorder's role, its "
        "recording frequency and the frequencies of single types stay. If it has recorded types of IAM, it "
        "goes on with them.",
    ),
    Policy(
        id="config-recorder-global-resources",
        title="Ensure AWS Config records the global resources of IAM in one region",
        category=_LOGGING,
        risk=Risk.COST,
        severity=Severity.CRITICAL,
        wants={"GlobalTypes": Exactly(value=True)},
        parameters={
            "global_resources_region": Parameter(
                default="us-east-1",
                pattern=r"[a-z]{2,4}(-[a-z]+)+-[0-9]+",
                why="The region that records them, as Security Hub's home region. It has to be one that "
                "Config was in before February 2022.",
            )
        },
        not_applicable=("control-tower", "no-recorder", "another-region"),
        held_when=("some-types",),
        side_effects="Config charges for each configuration item of users, groups, roles and customer "
        "managed policies.",
        reversibility=Reversibility.FULLY,
        undo_note="The ledger has the option as it was.",
        security_hub=("Config.1",),
        notes="Every region that records them is charged for. Other regions are left as they are.",
    ),
    Policy(
        id="config-recorder-service-linked-role",
        title="Ensure the AWS Config recorder uses the service-linked role",
        category="AWS - Identity and Access Management",
        risk=Risk.BREAKS_ACCESS,
        severity=Severity.CRITICAL,
        wants={"ServiceLinkedRole": Exactly(value=True)},
        parameters={
            "hold_topic_or_key": Parameter(
                default=True,
                why="With true, a recorder whose delivery channel has an SNS topic or a KMS key is reported "
                "and not changed, because their policies may admit only the role of before.",
            )
        },
        not_applicable=("control-tower", "no-recorder"),
        held_when=("topic-or-key",),
        side_effects="Config delivers without the rights of the role of before. Delivery stops where the "
        "policy of the bucket, of the topic or of the key does not let config.amazonaws.com in.",
        reversibility=Reversibility.PARTLY,
        undo_note="The recorder gets its role of before. The service-linked role stays.",
        security_hub=("Config.1",),
        prowler=("config_recorder_using_aws_service_role",),
        notes="If the account has no service-linked role for Config, it is made.",
    ),
)
