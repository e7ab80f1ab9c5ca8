"""Events that EventBridge could not deliver to a hub: look into the dead-letter queue, and deliver them."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import Response

from rightstate.errors import InvalidInput
from rightstate_cli.batches import replaying
from rightstate_cli.batches.dead_letters import Verdict
from rightstate_cli.batches.replaying import Delivered
from rightstate_cli.console.routing import get, post
from rightstate_cli.console.visit import Visit
from rightstate_cli.console.work import State, Work
from rightstate_cli.console.work_pages import find

LOOK, DELIVERY = "undelivered", "delivery"


@dataclass(frozen=True)
class Letters:
    """What is in the queue, and what is to be done with each event. `force` is for old and handled ones."""

    judged: Sequence[Verdict]
    force: bool

    @property
    def to_deliver(self) -> Sequence[Verdict]:
        return replaying.to_deliver(self.judged)


def show(visit: Visit) -> Response:
    """What the queue is, and the button to look into it."""
    command = _command(visit, force=False)
    return visit.page("undelivered.html.j2", section="executions", local=visit.local, command=command)


def look(visit: Visit) -> Response:
    """Begin to read the queue. Its events are given back."""
    hub, force = visit.needs_hub(), bool(visit.given("force"))

    def run(work: Work) -> Letters:
        with replaying.undelivered(hub, force) as (_, judged):
            return Letters(judged, force)

    return visit.begin(LOOK, "Undelivered events", _command(visit, force), run)


def deliver(visit: Visit) -> Response:
    """Begin to deliver the events that the page showed. Later ones stay in the queue."""
    before = find(visit, LOOK)
    if before.state is not State.DONE:
        raise InvalidInput("The queue has not been read. Nothing was begun.")
    shown: Letters = before.result
    hub, ids = visit.needs_hub(), {each.letter.id for each in shown.to_deliver}
    if not ids:
        raise InvalidInput("None of these events is to be delivered. Nothing was begun.")

    def run(work: Work) -> Delivered:
        with replaying.undelivered(hub, shown.force) as (queue, judged):
            chosen = [each for each in judged if each.letter.id in ids]
            return replaying.deliver(chosen, queue, hub, work.stop, work.say, work.progressed)

    return visit.begin(DELIVERY, "Delivery of undelivered events", _command(visit, shown.force), run)


def _command(visit: Visit, force: bool) -> str:
    return visit.of_hub("replay", "--deployed", "--undelivered", *(["--force"] if force else []))


ROUTES = [
    get("/undelivered", show),
    post("/undelivered", look),
    post("/work/{id}/deliver", deliver),
]
