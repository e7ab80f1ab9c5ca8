"""Frameworks: which of their requirements a policy covers.

`requirements.csv` has each requirement with the checks that Prowler's compliance files (Apache License 2.0)
give it, as far as Rightstate or one of its peers can fix what the check finds. A policy names the checks that
it settles, so it needs no entry of its own there.
"""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from rightstate.catalogue import load_all
from rightstate.policy import Policy


class Framework(StrEnum):
    """The frameworks and their versions."""

    CIS_5 = "cis-5.0"
    CIS_6 = "cis-6.0"
    CIS_7 = "cis-7.0"
    HIPAA = "hipaa"
    ISO_27001 = "iso-27001-2022"
    NIST_800_53 = "nist-800-53-r5"
    NIST_CSF = "nist-csf-2.0"
    PCI_DSS = "pci-dss-4.0"
    SOC_2 = "soc-2"

    @property
    def label(self) -> str:
        """Its name for people."""
        return _TITLES[self]


_TITLES = {
    Framework.CIS_5: "CIS AWS Foundations Benchmark 5.0",
    Framework.CIS_6: "CIS AWS Foundations Benchmark 6.0",
    Framework.CIS_7: "CIS AWS Foundations Benchmark 7.0",
    Framework.HIPAA: "HIPAA",
    Framework.ISO_27001: "ISO/IEC 27001:2022",
    Framework.NIST_800_53: "NIST SP 800-53 revision 5",
    Framework.NIST_CSF: "NIST Cybersecurity Framework 2.0",
    Framework.PCI_DSS: "PCI DSS 4.0",
    Framework.SOC_2: "SOC 2",
}


@dataclass(frozen=True)
class Requirement:
    """A requirement of a framework, the checks for it, and the policies that settle one of these."""

    id: str
    checks: tuple[str, ...]
    policies: tuple[str, ...]


@cache
def requirements(framework: Framework) -> tuple[Requirement, ...]:
    """The framework's requirements that a known check is about, in the framework's order."""
    settled = _by_check()
    return tuple(
        Requirement(
            name, checks, tuple(dict.fromkeys(policy for each in checks for policy in settled.get(each, ())))
        )
        for name, checks in _listed()[framework]
    )


def required_by(policy: Policy) -> Mapping[Framework, tuple[str, ...]]:
    """The requirements that the policy helps to meet, by framework."""
    found = {
        framework: tuple(each.id for each in requirements(framework) if policy.id in each.policies)
        for framework in Framework
    }
    return {framework: ids for framework, ids in found.items() if ids}


def policies_of(framework: Framework) -> frozenset[str]:
    """The ids of the policies that help to meet one of its requirements."""
    return frozenset(policy for each in requirements(framework) for policy in each.policies)


def consequences(framework: Framework) -> list[str]:
    """In words, what enabling its policies does and does not give."""
    every = requirements(framework)
    open_ones = [each.id for each in every if not each.policies]
    return [
        f"{framework.label}: {len(policies_of(framework))} policies cover {len(every) - len(open_ones)} of "
        f"the {len(every)} requirements that Rightstate knows a check for.",
        *([f"No policy covers {_shortened(open_ones)}."] if open_ones else []),
        "Every other requirement, and whatever a requirement asks for beyond these settings, is up to you.",
    ]


_SHOWN = 20


def _shortened(ids: list[str]) -> str:
    more = len(ids) - _SHOWN
    return ", ".join(ids[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


@cache
def _listed() -> Mapping[Framework, tuple[tuple[str, tuple[str, ...]], ...]]:
    found: dict[Framework, list[tuple[str, tuple[str, ...]]]] = {each: [] for each in Framework}
    with Path(__file__).with_name("requirements.csv").open(encoding="utf-8", newline="") as rows:
        for row in csv.DictReader(rows):
            found[Framework(row["framework"])].append((row["requirement"], tuple(row["checks"].split())))
    return {framework: tuple(rows) for framework, rows in found.items()}


@cache
def _by_check() -> Mapping[str, tuple[str, ...]]:
    return _grouped(
        (check, policy.id) for of in load_all() for policy in of.policies for check in policy.prowler
    )


def _grouped(pairs: Iterable[tuple[str, str]]) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for check, policy in pairs:
        found.setdefault(check, []).append(policy)
    return {check: tuple(policies) for check, policies in found.items()}
