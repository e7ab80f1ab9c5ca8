"""Remind: of exemptions that end soon or have just ended."""

from rightstate.executions.step import step
from rightstate.models.tasks import StateTask
from rightstate.states.reminders import Reminded, remind


@step(StateTask)
def handler(task: StateTask) -> Reminded:
    return remind(task)
