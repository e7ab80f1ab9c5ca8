"""Remind: of exemptions that end soon or have just ended."""

from rightstate.models.tasks import StateTask
from rightstate.states.reminders import Reminded, remind
from rightstate.step import step


@step(StateTask)
def handler(task: StateTask) -> Reminded:
    return remind(task)
