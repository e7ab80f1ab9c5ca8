"""Problems of the running hub, each with the finding and its fix."""

from rightstate.guarding.guards import Halt
from tests.cli.checks.breaking import FAIL, QUEUE, QUEUE_RULE, WARN, Problem, at, changed
from tests.support.template import HUB, REGION, STACK

PROBLEMS: list[Problem] = [
    ("V14", "nobody has subscribed", changed("subscriptions", []), WARN, "Nobody", "aws sns subscribe"),
    (
        "V14",
        "a subscription is not confirmed",
        changed("subscriptions", ["PendingConfirmation"]),
        WARN,
        "ana@example.com waits",
        "Confirm it",
    ),
    (
        "V17",
        "an event was not delivered",
        changed("waiting", 3),
        FAIL,
        "3 events in the dead-letter queue",
        "replay --deployed --undelivered",
    ),
    (
        "V17",
        "executions failed",
        at(
            "metrics",
            f"ExecutionsFailed arn:aws:states:{REGION}:{HUB}:stateMachine:{STACK}-sqs-queue",
            to=2.0,
        ),
        WARN,
        "for sqs-queue in the last 24 hours: 2 failed",
        "rightstate history --deployed --type sqs-queue --outcome failed",
    ),
    (
        "V17",
        "a rule could not start its machine",
        at("metrics", f"FailedInvocations {QUEUE_RULE}", to=4.0),
        FAIL,
        f"{QUEUE_RULE} failed 4 times",
        "V8",
    ),
    (
        "V24",
        "a resource is halted",
        changed(
            "halts",
            {QUEUE: Halt(policy="sqs-server-side-encryption", since="noon", execution="e", applies=5)},
        ),
        FAIL,
        f"{QUEUE} has been halted for sqs-server-side-encryption since noon",
        f"rightstate breaker release {QUEUE}",
    ),
]
