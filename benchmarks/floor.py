"""`python -m benchmarks.floor TYPE [list]`: what has to be done at least, by calls of boto3 on eight threads.

With `list` it only lists, which is the least that any tool in Python does before it knows of something.

It imports nothing of Rightstate: beside it `benchmarks.peers` measures Rightstate and Cloud Custodian.
"""

import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import boto3
from botocore.exceptions import ClientError

FLAGS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
LOGS = ["error", "general", "slowquery"]
DATABASE = {
    "AutoMinorVersionUpgrade": True,
    "BackupRetentionPeriod": 7,
    "CopyTagsToSnapshot": True,
    "DeletionProtection": True,
    "MultiAZ": True,
    "PubliclyAccessible": False,
}
PARAMETERS = {"block_encryption_mode": "aes-256-cbc", "ssl_fips_mode": "1"}


def read_bucket(s3: Any, name: str) -> set[str]:
    """The controls that the bucket breaks."""
    broken = set()
    block: Mapping[str, Any] = {}
    with suppress(ClientError):
        block = s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
    if not all(block.get(flag) for flag in FLAGS):
        broken.add("public access block")
    if s3.get_bucket_versioning(Bucket=name).get("Status") != "Enabled":
        broken.add("versioning")
    try:
        s3.get_bucket_encryption(Bucket=name)
    except ClientError:
        broken.add("encryption")
    grants = s3.get_bucket_acl(Bucket=name)["Grants"]
    if any("/global/" in grant["Grantee"].get("URI", "") for grant in grants):
        broken.add("public grants")
    if s3.get_bucket_accelerate_configuration(Bucket=name).get("Status") != "Enabled":
        broken.add("acceleration")
    return broken


def fix_bucket(s3: Any, name: str, broken: set[str]) -> None:
    if "public grants" in broken:
        acl = s3.get_bucket_acl(Bucket=name)
        kept = [grant for grant in acl["Grants"] if "/global/" not in grant["Grantee"].get("URI", "")]
        s3.put_bucket_acl(Bucket=name, AccessControlPolicy={"Owner": acl["Owner"], "Grants": kept})
    if "public access block" in broken:
        s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=dict.fromkeys(FLAGS, True))
    if "versioning" in broken:
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    if "encryption" in broken:
        rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
        s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [rule]})
    if "acceleration" in broken:
        s3.put_bucket_accelerate_configuration(Bucket=name, AccelerateConfiguration={"Status": "Enabled"})


def _wrong_in(rds: Any, database: Mapping[str, Any]) -> set[str]:
    """The controls that a database of DescribeDBInstances breaks."""
    broken = {name for name, wanted in DATABASE.items() if database.get(name) != wanted}
    if not database.get("IAMDatabaseAuthenticationEnabled"):
        broken.add("IAM authentication")
    if not database.get("PerformanceInsightsEnabled"):
        broken.add("Performance Insights")
    if not {*LOGS} <= {*database.get("EnabledCloudwatchLogsExports", ())}:
        broken.add("logs")
    group = database["DBParameterGroups"][0]["DBParameterGroupName"]
    found = rds.describe_db_parameters(DBParameterGroupName=group)["Parameters"]
    values = {each["ParameterName"]: each.get("ParameterValue") for each in found}
    return broken | {name for name, wanted in PARAMETERS.items() if values.get(name) != wanted}


def read_database(rds: Any, name: str) -> set[str]:
    [database] = rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
    return _wrong_in(rds, database)


def fix_database(rds: Any, name: str, broken: set[str]) -> None:
    wrong: dict[str, Any] = {key: value for key, value in DATABASE.items() if key in broken}
    if "IAM authentication" in broken:
        wrong["EnableIAMDatabaseAuthentication"] = True
    if "Performance Insights" in broken:
        wrong["EnablePerformanceInsights"] = True
    if "logs" in broken:
        wrong["CloudwatchLogsExportConfiguration"] = {"EnableLogTypes": LOGS}
    if wrong:
        rds.modify_db_instance(DBInstanceIdentifier=name, ApplyImmediately=True, **wrong)
    parameters = [
        {"ParameterName": key, "ParameterValue": value, "ApplyMethod": "immediate"}
        for key, value in PARAMETERS.items()
        if key in broken
    ]
    if parameters:
        rds.modify_db_parameter_group(DBParameterGroupName=f"{name}-mysql8", Parameters=parameters)


DIRECTLY: Mapping[str, tuple[str, Callable[..., set[str]], Callable[..., None]]] = {
    "s3-bucket": ("s3", read_bucket, fix_bucket),
    "rds-instance": ("rds", read_database, fix_database),
}


def _names(client: Any, resource_type: str) -> list[str]:
    if resource_type == "s3-bucket":
        return [each["Name"] for each in client.list_buckets()["Buckets"]]
    pages = client.get_paginator("describe_db_instances").paginate()
    return [each["DBInstanceIdentifier"] for page in pages for each in page["DBInstances"]]


def put_right_all(resource_type: str) -> None:
    """Read, put right and read again, on eight threads."""
    service, read, fix = DIRECTLY[resource_type]
    client = boto3.client(service)  # type: ignore[call-overload]

    def put_right(name: str) -> bool:
        broken = read(client, name)
        if not broken:
            return True
        fix(client, name, broken)
        return not read(client, name)

    with ThreadPoolExecutor(8) as pool:
        sys.exit(0 if all(pool.map(put_right, _names(client, resource_type))) else 1)


if __name__ == "__main__":
    if sys.argv[2:] == ["list"]:
        _names(boto3.client(DIRECTLY[sys.argv[1]][0]), sys.argv[1])  # type: ignore[call-overload]
    else:
        put_right_all(sys.argv[1])
