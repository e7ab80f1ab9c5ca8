"""Summarize: how the executions of a backfill ended."""

from rightstate.executions.step import step
from rightstate.models.backfill import SummarizeTask, Summary
from rightstate.states.backfill import summarize


@step(SummarizeTask)
def handler(task: SummarizeTask) -> Summary:
    return summarize(task)
