"""The console script, which says something too where Ctrl-C comes while modules are imported."""

import sys


def run() -> None:
    """Run the command line."""
    try:
        from rightstate_cli import main  # noqa: PLC0415 - half a second, in which Ctrl-C may come

        main.run()
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted. Nothing was begun.\n")
        sys.exit(130)


if __name__ == "__main__":
    run()
