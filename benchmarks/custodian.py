"""Cloud Custodian's policies that want what Rightstate's want, as far as it has them."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.floor import DATABASE, FLAGS, LOGS


def _value(key: str, value: Any, op: str = "ne") -> dict[str, Any]:
    return {"type": "value", "key": key, "value": value, "op": op}


POLICIES: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "s3-bucket": [
        {
            "name": "block",
            "resource": "aws.s3",
            "filters": [
                {
                    "type": "check-public-block",
                    **dict.fromkeys(FLAGS, False),
                }
            ],
            "actions": [{"type": "set-public-block"}],
        },
        {
            "name": "versioning",
            "resource": "aws.s3",
            "filters": [_value("Versioning.Status", "Enabled")],
            "actions": [{"type": "toggle-versioning", "enabled": True}],
        },
        {
            "name": "encryption",
            "resource": "aws.s3",
            "filters": [{"type": "bucket-encryption", "state": False}],
            "actions": [{"type": "set-bucket-encryption", "crypto": "AES256", "enabled": True}],
        },
        {
            "name": "grants",
            "resource": "aws.s3",
            "filters": [{"type": "global-grants"}],
            "actions": [
                {
                    "type": "delete-global-grants",
                    "grantees": [
                        "http://acs.amazonaws.com/groups/global/AllUsers",
                        "http://acs.amazonaws.com/groups/global/AuthenticatedUsers",
                    ],
                }
            ],
        },
    ],
    "rds-instance": [
        {
            "name": "databases",
            "resource": "aws.rds",
            "filters": [
                {
                    "or": [
                        *(_value(key, value) for key, value in DATABASE.items()),
                        _value("IAMDatabaseAuthenticationEnabled", True),
                        _value("PerformanceInsightsEnabled", True),
                        _value("EnabledCloudwatchLogsExports", "absent", "eq"),
                    ]
                }
            ],
            "actions": [
                {
                    "type": "modify-db",
                    "immediate": True,
                    "update": [
                        {"property": key, "value": value}
                        for key, value in {
                            **DATABASE,
                            "EnableIAMDatabaseAuthentication": True,
                            "EnablePerformanceInsights": True,
                            "CloudwatchLogsExportConfiguration": {"EnableLogTypes": LOGS},
                        }.items()
                    ],
                }
            ],
        }
    ],
}

LACKING = {
    "s3-bucket": ("s3-transfer-acceleration",),
    "rds-instance": ("rds-mysql-block-encryption-mode", "rds-mysql-fips-mode"),
}
"""Policies of ours that the benchmark's resources break and that Cloud Custodian has no action for."""
