"""Summarize: how the executions of a backfill ended."""

from rightstate.backfill import summarize
from rightstate.models import SummarizeTask, Summary
from rightstate.step import step


@step(SummarizeTask)
def handler(task: SummarizeTask) -> Summary:
    return summarize(task)
