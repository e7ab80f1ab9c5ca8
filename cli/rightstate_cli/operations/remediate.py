"""Fix the resources of an account and region from this machine, with the embedded engine."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event

from rightstate.policy import Mode
from rightstate_cli.embedded.local import Local, engine_on
from rightstate_cli.embedded.processes import Engines
from rightstate_cli.embedded.run_settings import Asked
from rightstate_cli.executions.executions import Execution
from rightstate_cli.operations import looking
from rightstate_cli.operations.plan import Reading, Say, read_all
from rightstate_cli.planning import plan_file, survey
from rightstate_cli.planning.acting import Acting
from rightstate_cli.planning.target import Target, target
from rightstate_cli.text import counted

Progressed = Callable[[int, int | None, str], None]
"""Is given how many resources are done, how many are known so far, and a few words about the last."""

_NAME = "remediate"
REASON = "rightstate remediate"
"""Why, in the ledger, if the user gives no reason."""


@dataclass(frozen=True)
class Result:
    """What became of the resources. `settled` counts by outcome those that are in their right state and are
    not in `executions`. `unlisted` are the types of which some could not be listed. `stopped` says that the
    user stopped the run."""

    executions: Sequence[Execution]
    settled: Counter[str]
    unlisted: Sequence[survey.Unlisted]
    stopped: bool


@dataclass(frozen=True)
class Remediation:
    """What to fix, with the settings that this machine's ledger has for the account. `whole` says that no
    policy and no resource of a type is left out, so that what is read is kept as a look."""

    local: Local
    asked: Asked
    target: Target
    whole: bool

    def read(self, say: Say, progressed: Callable[[int, int], None]) -> Reading:
        """Read the resources and decide about each."""
        with looking.kept_in(self.local, _NAME, self.whole, say) as looked:
            return read_all([self.target], say, progressed, looked)

    def plan(self, reading: Reading) -> plan_file.Plan:
        """The plan of what was read."""
        return plan_file.document([self.target], reading.items, reading.unlisted, {})

    def run(
        self,
        reading: Reading | None,
        at_once: int,
        stop: Event,
        progressed: Progressed,
        say: Say,
        keep: bool = True,
        reason: str = REASON,
    ) -> Result:
        """Run an execution for each resource that needs one, `at_once` at a time.

        `reading` is what a plan showed. Without one the resources are read now, while executions run. Once
        `stop` is set, no more are started. Without `keep`, resources in their right state are only counted.
        `reason`, of at most 1024 characters, goes into the ledger with each execution.
        Raises KeyboardInterrupt with a sentence that names the resources whose executions have not ended.
        """

        whole = self.whole and reading is None
        with looking.kept_in(self.local, _NAME, whole, say) as looked:
            return self._run(reading, at_once, stop, progressed, looked, keep, reason)

    def _run(
        self,
        reading: Reading | None,
        at_once: int,
        stop: Event,
        progressed: Progressed,
        looked: survey.Looked,
        keep: bool,
        reason: str,
    ) -> Result:
        def read(done: int, found: int) -> None:
            progressed(acting.count, found, "")

        found = (each for each in reading) if reading else survey.plan([self.target], read, looked)
        acting = Acting(found, stop, keep, reason)
        region = self.target.place.region
        engines = Engines(partial(engine_on, self.local.path, region, self.asked), at_once, stop)
        total = len(reading.items) if reading else None
        try:
            for execution in engines.run(acting.starts()):
                acting.ended.append(execution)
                progressed(acting.count, total, f"{execution.resource}: {execution.outcome}")
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"Aborted after {counted(acting.count, 'resource')}. Not ended, and perhaps changed: "
                f"{', '.join(sorted(engines.in_work)) or 'nothing'}. `rightstate history` lists what was "
                "run. Run the same command again: it changes only what is still broken."
            ) from None
        ended = sorted(acting.ended, key=lambda execution: (execution.resource_type, execution.resource))
        return Result(ended, acting.settled, acting.unlisted, stop.is_set())


def prepare(
    account: str | None,
    region: str | None,
    role: str | None,
    external_id: str | None,
    types: Sequence[str],
    policies: Sequence[str],
    resources: Sequence[str],
    parameters: Sequence[str],
    mode: Mode,
    ledger: Path | None,
) -> Remediation:
    """Sign in and check what is asked for. Raises InvalidInput, Denied, Unavailable, SettingsUnreadable."""
    chosen = target(account, region, role, external_id, types, policies, resources, parameters, mode)
    local = Local(ledger)
    asked = Asked(chosen.account, named=bool(types or policies), role_given=bool(role))
    whole = not (policies or resources or parameters)
    return Remediation(local, asked, local.within(chosen, asked), whole)
