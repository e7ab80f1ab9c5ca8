"""What moto lacks of the AWS that remediations read and write; each gap says what AWS does.

The smallest fills there can be, for simulated accounts (the demo, the tests, the benchmark) and nothing else.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import ActionResult
from moto.rds.models import DBInstance
from moto.rds.responses import RDSResponse


@contextmanager
def fill() -> Iterator[None]:
    """Fill the gaps while it lasts."""
    with ExitStack() as stack:
        for owner, name, replacement in _FILLS:
            stack.enter_context(patch.object(owner, name, replacement, create=True))
        yield


# --- RDS ---

# DescribeDBInstances shows what ModifyDBInstance's EnablePerformanceInsights has set. moto keeps it under the
# request's name and shows nothing.
_performance_insights = property(lambda self: getattr(self, "enable_performance_insights", False))

# DescribeDBParameters lists every parameter of the group's family, whether set or not, and whether it may be.
# moto lists only what was set.
_FAMILY_PARAMETERS = {
    "block_encryption_mode": "aes-128-ecb,aes-192-ecb,aes-256-ecb,aes-128-cbc,aes-192-cbc,aes-256-cbc",
    "ssl_fips_mode": "0,1,2",
}


def _describe_db_parameters(self: RDSResponse) -> ActionResult:
    answer: Any = _describe_set_parameters(self)
    group = self.backend.db_parameter_groups[self.params["DBParameterGroupName"]]
    own = {parameter["ParameterName"]: parameter for parameter in answer.result["Parameters"]}
    family = _FAMILY_PARAMETERS if (group.family or "").startswith("mysql8") else {}
    wholes = [
        {"ParameterName": name, "AllowedValues": allowed, "IsModifiable": True, **own.pop(name, {})}
        for name, allowed in family.items()
    ]
    return ActionResult({"Parameters": [*wholes, *own.values()]})


_describe_set_parameters = RDSResponse.describe_db_parameters

# What RDS can export (DBEngineVersion.ExportableLogTypes). moto does not know the call.
_EXPORTABLE = {
    "mysql": ["audit", "error", "general", "iam-db-auth-error", "slowquery"],
    "mariadb": ["audit", "error", "general", "slowquery"],
    "oracle": ["alert", "audit", "listener", "oemagent", "trace"],
    "postgres": ["postgresql", "upgrade"],
    "sqlserver": ["agent", "error"],
    "aurora-mysql": ["audit", "error", "general", "iam-db-auth-error", "instance", "slowquery"],
    "aurora-postgresql": ["iam-db-auth-error", "instance", "postgresql"],
}


def _describe_db_engine_versions(self: RDSResponse) -> ActionResult:
    engine, version = self.params["Engine"], self.params["EngineVersion"]
    exportable = _EXPORTABLE.get(engine) or _EXPORTABLE[engine.split("-")[0]]
    found = {"Engine": engine, "EngineVersion": version, "ExportableLogTypes": exportable}
    return ActionResult({"DBEngineVersions": [found]})


# --- CloudFormation ---


# It sets what DescribeStacks shows as EnableTerminationProtection. moto knows that only from CreateStack.
def _update_termination_protection(self: CloudFormationResponse) -> ActionResult:
    stack = self.cloudformation_backend.get_stack(self._get_param("StackName"))
    stack.enable_termination_protection = self._get_param("EnableTerminationProtection")
    return ActionResult({"StackId": stack.stack_id})


_FILLS: list[tuple[Any, str, Any]] = [
    (DBInstance, "performance_insights_enabled", _performance_insights),
    (RDSResponse, "describe_db_parameters", _describe_db_parameters),
    (RDSResponse, "describe_db_engine_versions", _describe_db_engine_versions),
    (CloudFormationResponse, "update_termination_protection", _update_termination_protection),
]
