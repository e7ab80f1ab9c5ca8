"""An organization on the server of `tests/cli/commands`, and what moto lacks of StackSets."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from moto.account.responses import AccountResponse
from moto.account.urls import url_paths
from moto.cloudformation.models import StackInstance, StackSet, cloudformation_backends
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.responses import ActionResult

from tests.cli.commands.conftest import REGION, Server

QUIET = "ignore:Tried to parse"
"""For pytest.mark.filterwarnings. moto cannot create alarms and policies of topics, queues and buses, and
says so whenever it looks at a stack."""
ENABLED = ("us-east-1", "eu-west-1")
"""The regions that every account has enabled."""


@contextmanager
def fill() -> Iterator[None]:
    """Fill moto's gaps while it lasts."""
    with ExitStack() as stack:
        for owner, name, replacement in _FILLS:
            stack.enter_context(patch.object(owner, name, replacement, create=True))
        yield


@dataclass(frozen=True)
class Organization:
    """An organization whose management account is the own one."""

    id: str
    root: str
    unit: str
    accounts: tuple[str, ...]


@contextmanager
def organization(server: Server, names: tuple[str, ...] = ("orders", "invoices")) -> Iterator[Organization]:
    """An organization with one unit, and accounts of those names in it."""
    client = server.session().client("organizations")
    made = client.create_organization(FeatureSet="ALL")["Organization"]
    root = client.list_roots()["Roots"][0]["Id"]
    unit = client.create_organizational_unit(ParentId=root, Name="workloads")["OrganizationalUnit"]["Id"]
    accounts = []
    for name in names:
        request = client.create_account(AccountName=name, Email=f"{name}@example.com")["CreateAccountStatus"]
        accounts.append(request["AccountId"])
        client.move_account(AccountId=accounts[-1], SourceParentId=root, DestinationParentId=unit)
    try:
        yield Organization(made["Id"], root, unit, tuple(accounts))
    finally:
        for account in accounts:
            client.remove_account_from_organization(AccountId=account)
        client.delete_organizational_unit(OrganizationalUnitId=unit)
        client.delete_organization()


def stack_set(name: str) -> StackSet:
    """moto's own, to break."""
    found: StackSet = cloudformation_backends[DEFAULT_ACCOUNT_ID][REGION].describe_stack_set(name)
    return found


# DescribeStackSet shows whether accounts get their stacks by themselves, the units that were named, and the
# regions; ListStackInstances the unit of each, and what became of it. moto forgets all that.
def _create_stack_set(self: CloudFormationResponse) -> ActionResult:
    answer = _create_stack_set_as_is(self)
    made = self.cloudformation_backend.describe_stack_set(self._get_param("StackSetName"))
    made.auto_deployment = self._get_param("AutoDeployment")
    made.organizational_unit_ids = []
    made.regions = []
    return answer


_create_stack_set_as_is = CloudFormationResponse.create_stack_set


def _create_stack_instances(self: CloudFormationResponse) -> ActionResult:
    found = self.cloudformation_backend.describe_stack_set(self._get_param("StackSetName"))
    before = list(found.stack_instances)
    answer = _create_stack_instances_as_is(self)
    # The management account is in no StackSet with service-managed permissions. moto's root has it.
    found.instances.delete([self.current_account], self._get_param("Regions"))
    units = self._get_params()["DeploymentTargets"]["OrganizationalUnitIds"]
    found.organizational_unit_ids = sorted({*found.organizational_unit_ids, *units})
    found.regions = sorted({*found.regions, *self._get_param("Regions")})
    for each in found.stack_instances:
        if each not in before:
            each.unit = units[0]
    return answer


_create_stack_instances_as_is = CloudFormationResponse.create_stack_instances


# UpdateStackSet without accounts updates every stack. moto updates none.
def _update_stack_set(self: CloudFormationResponse) -> ActionResult:
    answer = _update_stack_set_as_is(self)
    found = self.cloudformation_backend.describe_stack_set(self._get_param("StackSetName"))
    for each in found.stack_instances:
        each.result = None
    return answer


_update_stack_set_as_is = CloudFormationResponse.update_stack_set


# It takes organizational units. moto takes accounts.
def _delete_stack_instances(self: CloudFormationResponse) -> ActionResult:
    found = self.cloudformation_backend.describe_stack_set(self._get_param("StackSetName"))
    units = self._get_params()["DeploymentTargets"]["OrganizationalUnitIds"]
    regions = self._get_param("Regions")
    for each in list(found.stack_instances):
        if each.unit in units and each.region_name in regions and not _result(each):
            found.instances.delete([each.account_id], [each.region_name])
    found.delete_stack_instances([], regions)
    if not found.stack_instances:
        found.organizational_unit_ids, found.regions = [], []
    return ActionResult({"OperationId": found.operations[-1]["OperationId"]})


def _as_dict(self: StackInstance) -> dict[str, Any]:
    return {**_as_dict_as_is(self), "OrganizationalUnitId": getattr(self, "unit", ""), **_result(self)}


def _result(instance: StackInstance) -> Mapping[str, Any]:
    """What a test has made of the stack."""
    found: Mapping[str, Any] = getattr(instance, "result", None) or {}
    return found


_as_dict_as_is = StackInstance.to_dict


# moto does not know the call. Its server looks at the paths once.
url_paths["{0}/listRegions$"] = AccountResponse.dispatch


def _list_regions(self: AccountResponse) -> ActionResult:
    found = [{"RegionName": each, "RegionOptStatus": "ENABLED_BY_DEFAULT"} for each in ENABLED]
    return ActionResult({"Regions": found})


_FILLS: list[tuple[Any, str, Callable[..., Any]]] = [
    (CloudFormationResponse, "create_stack_set", _create_stack_set),
    (CloudFormationResponse, "create_stack_instances", _create_stack_instances),
    (CloudFormationResponse, "update_stack_set", _update_stack_set),
    (CloudFormationResponse, "delete_stack_instances", _delete_stack_instances),
    (StackInstance, "to_dict", _as_dict),
    (AccountResponse, "list_regions", _list_regions),
]
