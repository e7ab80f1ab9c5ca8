"""Links between the pages lead somewhere: to a file of the project, and to a heading of the page."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from rightstate_cli.application import sam_template

ROOT = sam_template.root()
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    outside_of_code = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", outside_of_code, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(page: Path, text: str) -> Iterator[str]:
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("http:", "https:")):
            continue
        path, _, anchor = target.partition("#")
        file = page.parent / path if path else page
        read = text if file == page else file.read_text() if file.suffix == ".md" and file.exists() else ""
        if not file.exists() or (anchor and anchor not in anchors(read)):
            yield target


@pytest.mark.parametrize("link", ["missing.md", "deploying.md#missing", "#missing"])
def test_a_broken_link_is_found(link: str) -> None:
    assert list(broken_links(ROOT / "docs" / "page.md", f"# Page\n[it]({link})")) == [link]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    assert list(broken_links(page, page.read_text())) == []
