"""Remind: of exemptions that end soon or have just ended."""

from rightstate.models import StateTask
from rightstate.reminders import Reminded, remind
from rightstate.step import step


@step(StateTask)
def handler(task: StateTask) -> Reminded:
    return remind(task)
