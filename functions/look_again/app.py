"""Look again: at resources that are halted, after a while that grows."""

from rightstate.executions.step import step
from rightstate.models.tasks import StateTask
from rightstate.states.halts import LookedAgain, look_again


@step(StateTask)
def handler(task: StateTask) -> LookedAgain:
    return look_again(task)
