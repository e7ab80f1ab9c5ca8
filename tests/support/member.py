"""A simulated member account, and one resource of each type that breaks every policy on it."""

import json
import uuid
from typing import Any

import boto3

from rightstate.catalogue import find_policy
from rightstate.models import Account, Enabled
from rightstate.policy import Mode
from rightstate_cli.engine import Engine
from rightstate_cli.simulated_accounts import role_arn

ACCOUNT = "111122223333"
REGION = "us-east-1"
ENGINE_VERSIONS = {
    "mysql": "8.0.42",
    "mariadb": "11.4.5",
    "postgres": "16.8",
    "oracle-ee": "19.0.0.0.ru-2025-01.rur-2025-01.r1",
    "sqlserver-se": "16.00.4165.4.v1",
}
_GROUPS = "http://acs.amazonaws.com/groups/global/"


def session(account: str = ACCOUNT) -> boto3.Session:
    """The account's own administrator, who makes the resources."""
    keys = boto3.client("sts", region_name=REGION).assume_role(
        RoleArn=f"arn:aws:iam::{account}:role/administrator", RoleSessionName="tests"
    )["Credentials"]
    return boto3.Session(
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
        region_name=REGION,
    )


def enable(hub: Engine, *policies: str, mode: Mode = Mode.AUTO, account: str = ACCOUNT) -> None:
    """Settings in which those policies are enabled, and no other."""
    hub.configure(
        Account(
            account=account,
            role_arn=role_arn(account),
            external_id="shared",
            policies={policy: Enabled(mode=mode) for policy in policies},
        )
    )


def start_input(resource: str, **more: Any) -> dict[str, Any]:
    return {"account": ACCOUNT, "region": REGION, "resource": resource, **more}


def engine_of(policy: str) -> str:
    """The database engine that an rds-instance policy is about."""
    prefix = policy.split("-")[1]
    return {"oracle": "oracle-ee", "sqlserver": "sqlserver-se"}.get(prefix, prefix)


def broken(policy: str) -> str:
    """Make a resource that breaks the policy, and every other of its type; returns its id."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    match find_policy(policy)[0].name:
        case "iam-password-policy":
            return weak_passwords()
        case "s3-bucket":
            return public_bucket(name)
        case "rds-instance":
            return bare_database(name, engine_of(policy))
        case "sqs-queue":
            return open_queue(name)
    raise AssertionError(f"no resource breaks {policy}")


def weak_passwords() -> str:
    session().client("iam").update_account_password_policy(
        MinimumPasswordLength=6, AllowUsersToChangePassword=True
    )
    return ACCOUNT


def public_bucket(name: str) -> str:
    s3 = session().client("s3")
    s3.create_bucket(Bucket=name)
    acl = s3.get_bucket_acl(Bucket=name)
    grants = [
        *acl["Grants"],
        *(
            {"Grantee": {"Type": "Group", "URI": _GROUPS + group}, "Permission": permission}
            for group in ("AllUsers", "AuthenticatedUsers")
            for permission in ("FULL_CONTROL", "READ", "READ_ACP", "WRITE", "WRITE_ACP")
        ),
    ]
    s3.put_bucket_acl(Bucket=name, AccessControlPolicy={"Owner": acl["Owner"], "Grants": grants})
    return name


def bare_database(name: str, engine: str) -> str:
    rds = session().client("rds")
    own_group = {}
    if engine == "mysql":
        rds.create_db_parameter_group(
            DBParameterGroupName=f"{name}-group", DBParameterGroupFamily="mysql8.0", Description="tests"
        )
        own_group = {"DBParameterGroupName": f"{name}-group"}
    rds.create_db_instance(
        DBInstanceIdentifier=name,
        Engine=engine,
        EngineVersion=ENGINE_VERSIONS[engine],
        DBInstanceClass="db.m6g.large",
        AllocatedStorage=20,
        MasterUsername="master",
        MasterUserPassword="planted-secret-of-a-database",
        BackupRetentionPeriod=0,
        AutoMinorVersionUpgrade=False,
        PubliclyAccessible=True,
        CopyTagsToSnapshot=False,
        MultiAZ=False,
        **own_group,
    )
    return name


def open_queue(name: str) -> str:
    session().client("sqs").create_queue(QueueName=name, Attributes={"SqsManagedSseEnabled": "false"})
    return name


def event_about(event: dict[str, Any], policy: str, resource: str) -> dict[str, Any]:
    """A shipped event, with the resource's name in the place of its own."""
    text = json.dumps(event)
    for name in ("payments-archive", "orders", "invoices"):
        text = text.replace(f'"{name}"', f'"{resource}"').replace(f":{name}", f":{resource}")
        text = text.replace(f"/{name}", f"/{resource}")
    if find_policy(policy)[0].name == "rds-instance":
        text = text.replace('"engine": "mysql"', f'"engine": "{engine_of(policy)}"')
    changed: dict[str, Any] = json.loads(text)
    changed["id"] = str(uuid.uuid4())
    return changed
