"""What every Lambda handler does around its one call into the library."""

import math
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, TypeVar

from aws_lambda_powertools import Logger
from pydantic import BaseModel, ValidationError

from rightstate.errors import Defect, InvalidInput, RightstateError
from rightstate.models.tasks import RunTask, StateTask, Task

logger = Logger()
_invocation: ContextVar[Any] = ContextVar("invocation", default=None)

T = TypeVar("T", bound=StateTask)
M = TypeVar("M", bound=BaseModel)


def step(task: type[T]) -> Callable[[Callable[[T], BaseModel]], Callable[[Any, Any], Any]]:
    """Turn `function(task) -> model` into a Lambda handler.

    Logs one line for the start and one for the end, with the execution and the resource, never the
    event. An error of ours passes as it is; any other becomes `Defect`, which names its class and
    place, because its message could repeat what it was given.
    """

    def decorate(function: Callable[[T], BaseModel]) -> Callable[[Any, Any], Any]:
        def handler(event: Any, context: Any) -> Any:
            logger.thread_safe_clear_keys()
            _invocation.set(context)
            try:
                parsed = parse(task, event)
                logger.thread_safe_append_keys(execution=parsed.execution.id, **_names(parsed))
                logger.info("started")
                answer = function(parsed).model_dump(mode="json")
                logger.info("ended")
                return answer
            except RightstateError as error:
                logger.warning(str(error), error=type(error).__name__)
                raise
            except Exception as error:
                found = defect(error)
                logger.error(str(found), error="Defect")
                raise found from None

        return handler

    return decorate


def seconds_left() -> float:
    """Until Lambda ends this invocation; without end where there is no such limit."""
    context = _invocation.get()
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    return remaining() / 1000 if remaining else math.inf


def parse(model: type[M], given: Any) -> M:
    """`given` as the model. Raises InvalidInput, which names the fields and not their values."""
    try:
        return model.model_validate(given)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, each['loc'])) or 'the input'}: {each['msg']}"
            for each in error.errors(include_input=False, include_url=False, include_context=False)
        )
        raise InvalidInput(f"The input is not understood: {faults}. Nothing was changed.") from None


def _names(task: StateTask) -> dict[str, str]:
    names = {"resource_type": task.resource_type} if isinstance(task, Task) else {}
    if isinstance(task, RunTask):
        names |= {"account": task.run.resource.account, "resource": task.run.resource.id}
    return names


def defect(error: Exception) -> Defect:
    """An error that nobody foresaw, by its class and place and without its message."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}" if trace else "unknown"
    return Defect(
        f"Rightstate met an error that it did not foresee: {type(error).__name__} at {place}. "
        "Please report it with this line."
    )
