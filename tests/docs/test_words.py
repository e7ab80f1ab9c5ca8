"""Forms that readers have to read twice stay out of pages, help, messages, docstrings and comments."""

import re
from pathlib import Path

import pytest

from rightstate_cli.application import sam_template

ROOT = sam_template.root()
TEXTS = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "cli" / "rightstate_cli").rglob("*.py")),
    *sorted((ROOT / "layers" / "rightstate" / "python" / "rightstate").rglob("*.py")),
]
# Form -> what to say instead.
FORMS = {
    # Except in the name of a state, which running executions know.
    r"\b[Ww]hoever\b(?! manages it)": "name the person",
    r"\bOf such\b": "subject first",
    r"\bso many\b": "the number",
    r"\b(is|are|was) told\b": "who gets a message, or says what",
    r"\b(is|are|be) had\b": "get, find",
    r"\bputs? (it |them |the \w+ |\{\w+\} )?right\b": "fix",
    r"\bmend(s|ed|ing)?\b": "fix",
    r"\b(is|are) nowhere\b": "unknown",
    r"\bnobody is asked\b": "expired",
}


def faults(text: str) -> list[str]:
    """The forms in the text, each with what to say instead."""
    plain = " ".join(text.split())
    return [
        f"{match[0]!r}: {instead}" for form, instead in FORMS.items() for match in re.finditer(form, plain)
    ]


@pytest.mark.parametrize(
    "text", ["what mends it", "Whoever has it", "nobody is told", "puts the bucket right"]
)
def test_a_form_is_found(text: str) -> None:
    assert faults(text)


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_text_has_none_of_the_forms(path: Path) -> None:
    assert faults(path.read_text()) == []
