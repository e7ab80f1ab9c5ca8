"""Everything that the checks have been seen to find, by subject."""

from tests.cli.checks.problems import canary, events, hub, members, operations, stacks

PROBLEMS = [
    problem for module in (canary, events, hub, members, operations, stacks) for problem in module.PROBLEMS
]
