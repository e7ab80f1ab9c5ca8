"""One event through the real rules, and the state machines that they start, in the embedded engine."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

from rightstate.policy import Mode
from rightstate_cli.embedded.local import Local, beside, demo_tables
from rightstate_cli.embedded.run_settings import Asked
from rightstate_cli.executions.executions import Execution
from rightstate_cli.planning.target import target

if TYPE_CHECKING:
    from rightstate_cli.embedded.engine import Engine
    from rightstate_cli.embedded.rules import Match

Progressed = Callable[[int, int | None, str], None]


@dataclass(frozen=True)
class Replayed:
    """The rules that match the event, and the executions that these started."""

    matches: "Sequence[Match]"
    executions: Sequence[Execution]


@dataclass(frozen=True)
class Acting:
    """With whose credentials, and for which policies, an execution acts on a real account."""

    role: str | None = None
    external_id: str | None = None
    policies: Sequence[str] = ()
    parameters: Sequence[str] = ()
    ledger: Path | None = None


def match(event: Mapping[str, Any]) -> Replayed:
    """The rules that match. Nothing is started, and no AWS is needed."""
    from rightstate_cli.embedded import rules  # noqa: PLC0415 - moto takes a second to import

    return Replayed(rules.matches(event, str(event["region"])), [])


def on_simulation(event: Mapping[str, Any], mode: Mode, progressed: Progressed) -> Replayed:
    """Start what the event starts, about a resource of the demo's accounts."""
    progressed(0, None, "Starting the engine")
    from rightstate_cli.simulation import accounts, examples  # noqa: PLC0415 - moto takes seconds to import

    region = str(event["region"])
    with _simulated(region) as engine, accounts.built(region) as made:
        own = made.get(str(event["account"]), {})
        for account in accounts.settings(mode):
            engine.configure(account)
        return _run(engine, engine.matches(examples.event_about(event, own)), progressed)


def on_account(event: Mapping[str, Any], mode: Mode, acting: Acting, progressed: Progressed) -> Replayed:
    """Start what the event starts, about the resource of its own account.

    Raises InvalidInput, Denied, Unavailable, SettingsUnreadable.
    """
    region = str(event["region"])
    chosen = target(
        str(event["account"]),
        region,
        acting.role,
        acting.external_id,
        (),
        acting.policies,
        (),
        acting.parameters,
        mode,
    )
    progressed(0, None, "Starting the engine")
    asked = Asked(chosen.account, named=bool(acting.policies), role_given=bool(acting.role))
    with Local(acting.ledger).engine(region, Event(), asked.within) as engine:
        return _run(engine, engine.matches(event), progressed)


def _run(engine: "Engine", matches: "Sequence[Match]", progressed: Progressed) -> Replayed:
    executions = []
    progressed(0, len(matches), "Executions")
    for execution in engine.run(match.start for match in matches):
        executions.append(execution)
        said = f"{execution.resource}: {execution.outcome}"
        progressed(len(executions), max(len(executions), len(matches)), said)
    return Replayed(matches, executions)


@contextmanager
def _simulated(region: str) -> Iterator["Engine"]:
    """An engine that acts on the demo's accounts, whose executions are kept apart from those of real ones."""
    from rightstate_cli.embedded import engine  # noqa: PLC0415 - it takes time to import

    with demo_tables(beside("demo.sqlite")) as tables, engine.simulated(region, storage=tables) as made:
        yield made
