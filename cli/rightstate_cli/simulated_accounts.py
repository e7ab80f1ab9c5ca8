"""Two simulated accounts with resources in a wrong state, for the demo and for trying an event."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer
from typing import Any

import boto3
from moto.rds.models import rds_backends

from rightstate.catalogue import load_all
from rightstate.models import Account, Enabled
from rightstate.policy import Mode
from rightstate_cli import moto_gaps
from rightstate_cli.target import DEFAULT_ROLE

FIRST, SECOND = "111122223333", "444455556666"
_OF_SECOND = {FIRST: SECOND, "payments-archive": "research-archive"}
_BUSY_SECONDS = 1.0
_GROUPS = "http://acs.amazonaws.com/groups/"


def role_arn(account: str) -> str:
    return f"arn:aws:iam::{account}:role/{DEFAULT_ROLE}"


def settings(mode: Mode) -> list[Account]:
    """Every policy enabled in both accounts, with that mode."""
    policies = {policy.id: Enabled(mode=mode) for each in load_all() for policy in each.policies}
    return [
        Account(account=account, role_arn=role_arn(account), external_id="rightstate-demo", policies=policies)
        for account in (FIRST, SECOND)
    ]


def events_of_both(shipped: dict[str, list[dict[str, Any]]]) -> Iterator[dict[str, Any]]:
    """The shipped events, as they are for the first account and with other names for the second."""
    for of_type in shipped.values():
        for event in of_type:
            yield event
            text = json.dumps(event)
            for ours, theirs in _OF_SECOND.items():
                text = text.replace(ours, theirs)
            yield json.loads(text)


@contextmanager
def built(region: str) -> Iterator[None]:
    """Fill both accounts. A database of the first is busy for a second."""
    with moto_gaps.fill():
        for account, bucket in ((FIRST, "payments-archive"), (SECOND, "research-archive")):
            credentials = _session(account, region)
            _password_policy(credentials)
            _public_bucket(credentials, bucket, region)
            _databases(credentials)
            _queue(credentials)
        session = _session(FIRST, region)
        _website(session, "company-website", region)
        busy = rds_backends[FIRST][region].databases["ledger"]
        busy.status = "modifying"
        ready = Timer(_BUSY_SECONDS, lambda: setattr(busy, "status", "available"))
        ready.daemon = True
        ready.start()
        yield


def _session(account: str, region: str) -> boto3.Session:
    keys = boto3.client("sts", region_name=region).assume_role(
        RoleArn=role_arn(account), RoleSessionName="simulated-accounts"
    )["Credentials"]
    return boto3.Session(
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
        region_name=region,
    )


def _password_policy(session: boto3.Session) -> None:
    session.client("iam").update_account_password_policy(
        MinimumPasswordLength=8, RequireNumbers=True, AllowUsersToChangePassword=True
    )


def _create_bucket(session: boto3.Session, name: str, region: str) -> Any:
    s3 = session.client("s3")
    elsewhere = {"CreateBucketConfiguration": {"LocationConstraint": region}} if region != "us-east-1" else {}
    s3.create_bucket(Bucket=name, **elsewhere)  # type: ignore[arg-type]
    # AWS gives every bucket this rule since 2023; moto gives none.
    s3.put_bucket_encryption(
        Bucket=name,
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
        },
    )
    return s3


def _public_bucket(session: boto3.Session, name: str, region: str) -> None:
    """Public by its ACL, which also grants S3's log delivery what it needs."""
    s3 = _create_bucket(session, name, region)
    acl = s3.get_bucket_acl(Bucket=name)
    grants = [
        *acl["Grants"],
        *(
            {"Grantee": {"Type": "Group", "URI": _GROUPS + group}, "Permission": permission}
            for group, permission in (
                ("global/AllUsers", "READ"),
                ("global/AuthenticatedUsers", "WRITE"),
                ("s3/LogDelivery", "WRITE"),
            )
        ),
    ]
    s3.put_bucket_acl(Bucket=name, AccessControlPolicy={"Owner": acl["Owner"], "Grants": grants})


def _website(session: boto3.Session, name: str, region: str) -> None:
    s3 = _create_bucket(session, name, region)
    s3.put_bucket_website(Bucket=name, WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}})


def _databases(session: boto3.Session) -> None:
    rds = session.client("rds")
    rds.create_db_parameter_group(
        DBParameterGroupName="orders-mysql8", DBParameterGroupFamily="mysql8.0", Description="orders"
    )
    for name, engine, version in (
        ("orders", "mysql", "8.0.42"),
        ("ledger", "postgres", "16.8"),
        ("catalogue", "mariadb", "11.4.5"),
        ("payroll", "oracle-ee", "19.0.0.0.ru-2025-01.rur-2025-01.r1"),
        ("planning", "sqlserver-ex", "16.00.4165.4.v1"),
    ):
        group = {"DBParameterGroupName": "orders-mysql8"} if name == "orders" else {}
        rds.create_db_instance(
            DBInstanceIdentifier=name,
            Engine=engine,
            EngineVersion=version,
            DBInstanceClass="db.m6g.large",
            AllocatedStorage=20,
            MasterUsername="master",
            MasterUserPassword="simulated-only",
            BackupRetentionPeriod=0,
            AutoMinorVersionUpgrade=False,
            PubliclyAccessible=True,
            **group,  # type: ignore[arg-type]
        )


def _queue(session: boto3.Session) -> None:
    session.client("sqs").create_queue(QueueName="invoices", Attributes={"SqsManagedSseEnabled": "false"})
