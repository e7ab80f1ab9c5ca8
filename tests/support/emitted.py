"""The metrics that CloudWatch reads from what a function prints."""

import json


def emitted(printed: str) -> dict[str, tuple[list[str], float]]:
    """Metric -> its dimensions and value."""
    found = {}
    for line in printed.splitlines():
        read = json.loads(line)
        [metrics] = read["_aws"]["CloudWatchMetrics"]
        assert metrics["Namespace"] == "Rightstate"
        [dimensions] = metrics["Dimensions"]
        for metric in metrics["Metrics"]:
            found[metric["Name"]] = (sorted(dimensions), sum(read[metric["Name"]]))
    return found
