"""The part of `make docs` that comes first: what follows from declarations, and is in no page of its own."""

from authoring import counts, event_files, event_table, published
from rightstate.catalogue import load_all
from rightstate_cli.application import sam_template

if __name__ == "__main__":
    root = sam_template.root()
    event_files.complete(root / "events", load_all())
    counts.write(root / "README.md", load_all())
    event_table.write(root / "docs" / "testing.md", load_all())
    published.publish(root / "tests" / "published_policies.csv", load_all())
