"""Problems of the canary's executions, each with the finding and its fix."""

from tests.cli.checks.breaking import FAIL, Problem, changed

PROBLEMS: list[Problem] = [
    ("V12", "the event starts nothing", changed("swallow", True), FAIL, "started no execution", "--check V8"),
    (
        "V12",
        "the execution fails",
        changed("ending", {"status": "FAILED", "cause": "RoleNotAssumed: STS refused"}),
        FAIL,
        "is FAILED: RoleNotAssumed",
        "rightstate history --deployed",
    ),
    (
        "V12",
        "the execution hangs",
        changed("ending", {"status": "RUNNING"}),
        FAIL,
        "has not ended",
        "history",
    ),
    (
        "V12",
        "the execution changed something",
        changed("ending", {"status": "SUCCEEDED", "output": '{"outcome": "remediated"}'}),
        FAIL,
        "remediated",
        "history",
    ),
    (
        "V13",
        "a stranger is served",
        changed("stranger", {"status": "SUCCEEDED", "output": "{}"}),
        FAIL,
        "unregistered account is SUCCEEDED",
        "sam deploy",
    ),
    (
        "V13",
        "a stranger's execution fails of something else",
        changed("stranger", {"status": "FAILED", "cause": "Denied: x"}),
        FAIL,
        "unregistered account is FAILED",
        "sam deploy",
    ),
    ("V13", "a duplicate is served", changed("starts_twice", True), FAIL, "two executions", "sam deploy"),
]
