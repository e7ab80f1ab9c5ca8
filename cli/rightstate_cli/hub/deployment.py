"""A deployed hub: found by the name of its stack, known by the stack's outputs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rightstate.errors import InvalidInput
from rightstate.identify import shown
from rightstate.storage.dynamodb import DynamoDBTable
from rightstate.storage.table import Table
from rightstate.storage.tables import GUARDS, LEDGER, SETTINGS, TableSpec
from rightstate_cli.application import sam_template
from rightstate_cli.aws import Caller, answers, sign_in

USABLE = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"}
"""The statuses of a stack whose last change is complete."""

DEFAULT_STACK = "rightstate"
"""The name of a hub's stack, unless another is given."""
MARK = "Rightstate, the hub"
"""The beginning of the description of every hub's stack."""
ALIAS = "live"
"""The alias of machines and functions, as template.yaml names it."""


@dataclass(frozen=True)
class Hub:
    """The stack's name, its outputs, and the credentials that found it."""

    caller: Caller
    stack: str
    outputs: Mapping[str, str]

    @property
    def account(self) -> str:
        return self.caller.account

    @property
    def region(self) -> str:
        return self.caller.region

    @property
    def partition(self) -> str:
        return self.caller.partition

    @property
    def settings(self) -> Table:
        return self._table(SETTINGS)

    @property
    def ledger(self) -> Table:
        return self._table(LEDGER)

    @property
    def guards(self) -> Table | None:
        """None if the hub is older than approvals and halts."""
        return self._table(GUARDS) if "GuardsTable" in self.outputs else None

    @property
    def exemption_days(self) -> int | None:
        """How long an exemption may last. None if the hub is older than exemptions."""
        days = self.outputs.get("ExemptionDays")
        return int(days) if days else None

    def client(self, service: str) -> Any:
        """A client of that service in the hub's account and region."""
        return self.caller.client(service)

    def _table(self, spec: TableSpec) -> Table:
        return DynamoDBTable(self.client("dynamodb"), self.outputs[f"{spec.name.title()}Table"], spec)

    def machines(self) -> dict[str, str]:
        """Resource type -> ARN of its state machine, without those that this version does not know."""
        return {
            resource_type: self.outputs[name]
            for name, resource_type in sam_template.machines().items()
            if name in self.outputs
        }

    def machine(self, resource_type: str) -> str:
        """ARN of the alias to start. Raises InvalidInput where the hub is older than the type."""
        arn = self.machines().get(resource_type)
        if arn is None:
            raise InvalidInput(
                f"The hub {shown(self.stack)} has no state machine for {resource_type}: it is of version "
                f"{self.outputs.get('Version', 'unknown')}. Nothing was started. Deploy it again."
            )
        return f"{arn}:{ALIAS}"

    def function(self, name: str) -> str:
        """Name of a function's alias, e.g. of `assume-role`."""
        return f"{self.stack}-{name}:{ALIAS}"


def find(stack: str, region: str | None = None, profile: str | None = None) -> Hub:
    """The hub of that stack in the credentials' account and in the region.

    Raises InvalidInput where there is none, where it is not a hub of ours or not in a usable state; Denied
    and Unavailable as `sign_in`.
    """
    caller = sign_in(region, profile)
    nothing = (
        f"There is no stack {shown(stack)} in account {caller.account}, {caller.region}. Deploy it "
        "(docs/deploying.md), or name it with --stack and --hub-region."
    )
    with answers("Nothing was changed.", gone={"ValidationError": nothing}):
        [found] = caller.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    if not found.get("Description", "").startswith(MARK):
        raise InvalidInput(
            f"The stack {shown(stack)} in account {caller.account}, {caller.region} is not a hub of "
            "Rightstate. Nothing was changed. Name the hub's with --stack."
        )
    if found["StackStatus"] not in USABLE:
        raise InvalidInput(
            f"The stack {shown(stack)} is {found['StackStatus']}. Nothing was changed. Wait until it is "
            "complete; if it has failed, its events say why (`aws cloudformation describe-stack-events "
            f"--stack-name {stack}`), and `sam deploy` again fixes it."
        )
    outputs = {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])}
    return Hub(caller, stack, outputs)
