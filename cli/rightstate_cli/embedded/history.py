"""What has run on this machine, and what runs on it now."""

from collections.abc import Mapping
from itertools import islice
from typing import Any

from rightstate.errors import InvalidInput
from rightstate.identify import shown
from rightstate_cli.application import sam_template
from rightstate_cli.embedded.running import Running
from rightstate_cli.executions.executions import Execution, Wanted
from rightstate_cli.executions.recorded import Past, recorded, with_steps
from rightstate_cli.tables.ledger_table import Ledger, Query


class LocalHistory:
    """The executions of a ledger on this machine that are wanted (`records.History`).

    Its methods raise InvalidInput and Unavailable.
    """

    def __init__(self, ledger: Ledger, running: Running, wanted: Wanted) -> None:
        self._ledger = ledger
        self._running = running
        self._wanted = wanted

    def latest(self, limit: int) -> tuple[list[Past], str]:
        """The latest, the latest last, and a sentence about what is left out, if anything."""
        # What ends between the two looks is in one of them.
        running = self._now()
        found = [*islice(recorded(self._ledger, self._wanted, self._partition), limit + 1), *running]
        unique = {each.execution.arn: each for each in reversed(found)}
        ordered = sorted(unique.values(), key=lambda each: each.execution.started_at)
        more = "Earlier ones are not shown; --limit shows more." if len(ordered) > limit else ""
        return ordered[-limit:], more

    def named(self, name: str) -> list[Past]:
        """Those of that name or ARN, or whose name begins or ends so. Raises InvalidInput if there are
        none."""
        query = Query(execution=name) if name.startswith("arn:") else Query()
        found = [
            Past(with_steps(entry), entry) for entry in self._ledger.entries(query) if _is(entry.name, name)
        ]
        ended = {each.execution.arn for each in found}
        found += [
            each for each in self._now() if _is(each.execution.name, name) and each.execution.arn not in ended
        ]
        found = [each for each in found if self._wanted.has(each.execution)]
        if not found:
            raise InvalidInput(
                f"No execution is named {shown(name)}; `rightstate history` lists them. With --deployed it "
                "looks for those of a hub."
            )
        return sorted(found, key=lambda each: each.execution.started_at)

    def definition(self, execution: Execution) -> Mapping[str, Any]:
        """The definition of this version, which is what ran unless it has been upgraded since."""
        found: Mapping[str, Any] = sam_template.definition()
        return found

    def _now(self) -> list[Past]:
        return [Past(each, None) for each in self._running.executions() if self._wanted.has(each)]

    @property
    def _partition(self) -> str:
        """Of the resource that is wanted; only its ARN says it here, and only then it matters."""
        named = self._wanted.resource or ""
        return named.split(":")[1] if named.startswith("arn:") else "aws"


def _is(name: str, wanted: str) -> bool:
    return wanted.startswith("arn:") or name.startswith(wanted) or name.endswith(wanted)
