"""Summarize: how the executions of a backfill ended."""

from rightstate.models.backfill import SummarizeTask, Summary
from rightstate.states.backfill import summarize
from rightstate.step import step


@step(SummarizeTask)
def handler(task: SummarizeTask) -> Summary:
    return summarize(task)
