"""Policies that AWS's documentation, and other projects, publish: `published.jsonl`, one a line.

Each is reduced to what decides. `source` is the page, `says` what the policy is for, and `public` the numbers
of the statements that are public, from 1.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Published:
    source: str
    says: str
    public: list[int]
    statements: list[dict[str, Any]]

    @property
    def text(self) -> str:
        return json.dumps({"Version": "2012-10-17", "Statement": self.statements}, indent=1)


_LINES = (Path(__file__).parent / "published.jsonl").read_text().splitlines()
PUBLISHED = [Published(**json.loads(line)) for line in _LINES]
