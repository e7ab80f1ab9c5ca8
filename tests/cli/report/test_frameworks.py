"""The page by framework: which requirements are covered, and how the accounts stand with them."""

import re
from pathlib import Path
from typing import Any

import pytest

from rightstate.models.settings import Account, Enabled
from rightstate.policy import Mode
from rightstate_cli.report.frameworks import MEANING, Standing, sections
from rightstate_cli.report.posture import STATES, State
from rightstate_cli.standards.frameworks import Framework, requirements
from tests.cli.report.conftest import written
from tests.support import endings

POLICY = "iam-password-policy-min-length"
REQUIREMENT = (Framework.CIS_5, "1.7")
"""A requirement that this policy alone covers."""
UNCOVERED = next(each.id for each in requirements(Framework.NIST_CSF) if not each.policies)


def account(mode: Mode) -> Account:
    return Account(account="111122223333", policies={POLICY: Enabled(mode=mode)})


@pytest.mark.parametrize(
    ("states", "accounts", "standing"),
    [
        ([State.COMPLIANT], [account(Mode.AUTO)], Standing.COMPLIANT),
        ([State.COMPLIANT, State.EXEMPT], [account(Mode.AUTO)], Standing.EXEMPT),
        ([State.EXEMPT, State.WAITING], [account(Mode.APPROVE)], Standing.WAITING),
        ([State.WAITING, State.BROKEN], [account(Mode.REPORT)], Standing.BROKEN),
        ([State.COMPLIANT, State.LEFT], [account(Mode.AUTO)], Standing.BROKEN),
        ([], [account(Mode.REPORT)], Standing.NOT_ASSESSED),
        ([], [account(Mode.OFF)], Standing.NOT_ENABLED),
        ([], [account(Mode.OFF), account(Mode.REPORT)], Standing.NOT_ASSESSED),
        ([], [], Standing.NOT_ENABLED),
        ([], None, Standing.NOT_ASSESSED),
        # It was enabled when it was looked at.
        ([State.COMPLIANT], [account(Mode.OFF)], Standing.COMPLIANT),
    ],
)
def test_a_requirement_stands_as_the_worst_of_its_resources(
    states: list[State], accounts: list[Account] | None, standing: Standing
) -> None:
    framework, requirement = REQUIREMENT
    counts = {POLICY: [states.count(each) for each in STATES]}
    [section] = [each for each in sections(counts, accounts) if each.framework is framework]
    [row] = [each for each in section.rows if each.requirement.id == requirement]
    assert row.requirement.policies == (POLICY,)
    assert row.standing is standing
    assert (row.compliant, row.others) == (
        states.count(State.COMPLIANT),
        len(states) - states.count(State.COMPLIANT),
    )
    assert section.counts[standing] >= 1


def test_every_requirement_is_on_the_page_and_what_is_not_covered_says_so(
    tmp_path: Path, some: list[dict[str, Any]]
) -> None:
    page = (written(tmp_path / "out", some, [account(Mode.AUTO)]) / "frameworks.html").read_text()
    for framework in Framework:
        section = page.partition(f'<h2 id="{framework}">')[2].partition("</table>")[0]
        rows = re.findall(r'<th scope="row">([^<]+)</th><td>([^<]+)</td>', section)
        assert [each for each, _ in rows] == [each.id for each in requirements(framework)]
        assert {standing for _, standing in rows} <= {each.value for each in MEANING}
        if framework is Framework.NIST_CSF:
            assert (UNCOVERED, "not covered") in rows


def test_what_was_fixed_is_compliant_on_the_page(tmp_path: Path) -> None:
    fixed = endings.ended(
        resource_type="rds-instance",
        observed=endings.INSTANCE,
        policies={"rds-mysql-automated-backups": Mode.AUTO},
    )
    assert fixed["outcome"] == "remediated"
    page = (written(tmp_path / "out", [fixed]) / "frameworks.html").read_text()
    about = [
        line for line in page.splitlines() if '<th scope="row">' in line and "<td>compliant</td>" in line
    ]
    assert about
    assert "<td>broken</td>" not in page


def test_the_page_loads_and_runs_nothing(report: Path) -> None:
    page = (report / "frameworks.html").read_text()
    assert "default-src 'none'" in page
    assert "<script" not in page
    assert re.findall(r'(?:src|href)="(?!#|index\.html)', page) == []
