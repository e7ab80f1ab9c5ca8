"""Look again: at resources that are halted, after a while that grows."""

from rightstate.models.tasks import StateTask
from rightstate.states.halts import LookedAgain, look_again
from rightstate.step import step


@step(StateTask)
def handler(task: StateTask) -> LookedAgain:
    return look_again(task)
