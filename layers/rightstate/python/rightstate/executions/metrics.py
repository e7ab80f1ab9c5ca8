"""The metrics, in CloudWatch's embedded format: a line of the log each, and no call.

CloudWatch bills every combination of dimensions as a metric of its own. Of resource types and outcomes there
are few; of accounts, resources and policies there is no end, so that none of these is a dimension.
"""

from collections.abc import Mapping
from types import MappingProxyType

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

DIMENSIONS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "Executions": frozenset({"service", "ResourceType", "Outcome"}),
        "Duration": frozenset({"service", "ResourceType"}),
        # An alarm names all dimensions that a metric has.
        "EventLag": frozenset({"service"}),
        "NotificationsFailed": frozenset({"service"}),
        "UnexpectedEvents": frozenset({"service"}),
        "MissedByEvents": frozenset({"service"}),
        "WaitingApprovals": frozenset({"service"}),
        "SelfCheckPassed": frozenset({"service"}),
        "Halts": frozenset({"service"}),
        "MessagesLeftOut": frozenset({"service"}),
        # Of complete looks of a sweep or backfill. By policy they are in the ledger.
        "ResourcesSeen": frozenset({"service"}),
        "ResourcesBroken": frozenset({"service"}),
        "ResourcesUnreadable": frozenset({"service"}),
    }
)
"""Metric -> its dimensions. Powertools adds `service`, which is the stack's name."""


def add(name: str, value: float, unit: MetricUnit = MetricUnit.Count, **dimensions: str) -> None:
    """Emit one value. Raises ValueError where the dimensions are not those of the metric."""
    if {"service", *dimensions} != DIMENSIONS[name]:
        raise ValueError(f"{name} has the dimensions {', '.join(sorted(DIMENSIONS[name]))}")
    emitted = EphemeralMetrics()
    for dimension, of in dimensions.items():
        emitted.add_dimension(dimension, of)
    emitted.add_metric(name, unit, value)
    emitted.flush_metrics()
