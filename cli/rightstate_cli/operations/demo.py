"""The whole application on two simulated accounts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rightstate.policy import Mode
from rightstate_cli.application import events
from rightstate_cli.embedded import local
from rightstate_cli.executions.executions import Execution

Progressed = Callable[[int, int | None, str], None]


@dataclass(frozen=True)
class Demo:
    """What happened: `events` were sent, `executions` were started by them, `ledger` has what they did."""

    events: int
    executions: Sequence[Execution]
    ledger: Path

    @property
    def fixed(self) -> Sequence[Execution]:
        """The execution that fixed each resource, the one with the most changes first."""
        found = [execution for execution in self.executions if execution.outcome == "remediated"]
        return sorted(found, key=lambda execution: (-_changes(execution), execution.resource_type))

    @property
    def judged(self) -> Sequence[Execution]:
        """The executions whose outcome says whether the demo worked: all but those that only report, as the
        accounts have their account-wide block in mode report (simulation/accounts.py)."""
        return [each for each in self.executions if each.outcome != "reported"]

    @property
    def resources(self) -> int:
        """How many resources the events were about."""
        return len({(each.account, each.resource_type, each.resource) for each in self.executions})

    @property
    def settings(self) -> int:
        """How many settings were changed."""
        return sum(_changes(execution) for execution in self.fixed)


def run(progressed: Progressed) -> Demo:
    """Fill two accounts with broken resources, send an event about each, and run what these start.

    Every policy is in mode auto. Nothing leaves this process.
    """
    # They take seconds to import, and no other command needs them.
    from rightstate_cli.embedded import engine  # noqa: PLC0415
    from rightstate_cli.simulation import accounts  # noqa: PLC0415

    kept = local.beside("demo.sqlite")
    # An execution that another one starts has the same name in every demo: `history` would find several.
    for part in ("", "-wal", "-shm"):
        kept.with_name(kept.name + part).unlink(missing_ok=True)
    executions: list[Execution] = []
    with local.demo_tables(kept) as tables, engine.simulated(storage=tables) as hub:
        progressed(0, None, "Filling two accounts")
        with accounts.built(hub.region) as made:
            for account in accounts.settings(Mode.AUTO):
                hub.configure(account)
            # One event about each resource. Others would only find it fixed.
            chosen = {name: accounts.change_event(name, found) for name, found in events.shipped().items()}
            sent = list(accounts.events_of_both(chosen, made))
            starts = [match.start for event in sent for match in hub.matches(event)]
            for execution in hub.run(iter(starts), at_once=4):
                executions.append(execution)
                said = f"{execution.resource}: {execution.outcome}"
                progressed(len(executions), max(len(starts), len(executions)), said)
    return Demo(len(sent), executions, kept)


def _changes(execution: Execution) -> int:
    return len(execution.decision.changes) if execution.decision else 0
