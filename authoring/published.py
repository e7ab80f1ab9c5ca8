"""tests/published_policies.csv: what users rely on of each policy.

A row is written once and then kept by hand. So it is independent of the catalogue, and a test finds what was
changed there by accident.
"""

import csv
from collections.abc import Sequence
from pathlib import Path

from rightstate.resource_type import ResourceType


def publish(file: Path, types: Sequence[ResourceType]) -> None:
    """Add a row for each policy that has none. Rows that are there stay as they are."""
    with file.open(newline="") as lines:
        published = {row["id"] for row in csv.DictReader(lines)}
    with file.open("a", newline="") as lines:
        rows = csv.writer(lines, lineterminator="\n")
        for resource_type in types:
            for policy in resource_type.policies:
                if policy.id not in published:
                    rows.writerow(
                        (
                            policy.id,
                            ";".join(policy.aliases),
                            policy.title,
                            policy.category,
                            resource_type.name,
                            ";".join(policy.security_hub),
                        )
                    )
