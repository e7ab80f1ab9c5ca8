"""What peers can fix: AWS's Automated Security Response and Prowler's fixers.

`peers.csv` lists the Security Hub controls that Automated Security Response 3.1.5 remediates, and the checks
that Prowler 5.40 has a fixer for. Where Rightstate refuses to do the same, it has the reason. What Rightstate
covers is not in the list: policies name the controls and checks that they settle.
"""

import csv
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path


class Peer(StrEnum):
    """Who can fix it."""

    ASR = "asr"
    PROWLER = "prowler"


@dataclass(frozen=True)
class Item:
    """A control or check that the peer fixes, and why Rightstate refuses to, if it does."""

    peer: Peer
    name: str
    refused: str


@cache
def items(peer: Peer) -> tuple[Item, ...]:
    """All of the peer's, in the order of its names."""
    with Path(__file__).with_name("peers.csv").open(encoding="utf-8", newline="") as rows:
        return tuple(
            Item(peer, row["item"], row["refused"]) for row in csv.DictReader(rows) if row["peer"] == peer
        )


def fixes(peer: Peer, names: tuple[str, ...]) -> bool:
    """Whether the peer fixes one of these controls or checks."""
    return any(each.name in names for each in items(peer))
