"""A log group that keeps events for a week; a trail delivers to it, and there is no alarm."""

import json

import boto3

from rightstate_cli.simulation.examples import Example


def _create(session: boto3.Session, name: str, policy: str) -> str:
    logs = session.client("logs")
    logs.create_log_group(logGroupName=name)
    logs.put_retention_policy(logGroupName=name, retentionInDays=7)
    if policy.startswith("cis-alarm-"):
        _deliver(session, name)
    return name


def _deliver(session: boto3.Session, group: str) -> None:
    """Let a trail of all regions deliver to it, and let there be a topic that somebody reads."""
    sns = session.client("sns")
    topic = sns.create_topic(Name="security-alarms")["TopicArn"]
    # A queue's subscription needs nobody to confirm it.
    queue = f"arn:aws:sqs:{session.region_name}:{topic.split(':')[4]}:security-alarms"
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    role = session.client("iam").create_role(
        RoleName=f"{group[:50]}-delivery",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": []}),
    )["Role"]["Arn"]
    session.client("s3", region_name="us-east-1").create_bucket(Bucket=f"{group}-trail")
    account = session.client("sts").get_caller_identity()["Account"]
    cloudtrail = session.client("cloudtrail")
    cloudtrail.create_trail(
        Name=f"{group}-trail",
        S3BucketName=f"{group}-trail",
        IsMultiRegionTrail=True,
        IncludeGlobalServiceEvents=True,
        EnableLogFileValidation=True,
        CloudWatchLogsLogGroupArn=f"arn:aws:logs:{session.region_name}:{account}:log-group:{group}:*",
        CloudWatchLogsRoleArn=role,
    )
    # Only what is written, so that it does not stand in for the trails of other examples.
    selector = {"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True}
    cloudtrail.put_event_selectors(TrailName=f"{group}-trail", EventSelectors=[selector])
    cloudtrail.start_logging(Name=f"{group}-trail")


EXAMPLE = Example(
    name="checkout",
    policy="log-group-retention",
    event="PutRetentionPolicy",
    create=_create,
    others={"management-calls": "cis-alarm-root-usage"},
)
