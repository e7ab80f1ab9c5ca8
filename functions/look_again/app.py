"""Look again: at resources that are halted, after a while that grows."""

from rightstate.halts import LookedAgain, look_again
from rightstate.models import StateTask
from rightstate.step import step


@step(StateTask)
def handler(task: StateTask) -> LookedAgain:
    return look_again(task)
