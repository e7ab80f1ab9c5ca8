"""Executions that wait for somebody's approval, of which the ledger has nothing yet."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event

from rightstate.errors import RightstateError
from rightstate.models.approval import Requested
from rightstate.models.decision import Decision, Deviation, Outcome, Status, Verdict
from rightstate.policy import Mode
from rightstate_cli.aws import answers
from rightstate_cli.executions.executions import Execution, glance
from rightstate_cli.hub.deployment import Hub
from rightstate_cli.hub.follow import Following, deployed
from rightstate_cli.tables.guards_table import Guarding
from rightstate_cli.text import counted

HOW_TO_ANSWER = (
    "Not followed any longer: {} waiting for an approval. `rightstate approvals list` lists them, `approvals "
    "approve` and `approvals deny` answer it. The person who started an execution cannot approve its request."
)


def awaiting(execution: Execution, requested: Requested) -> Execution:
    """The execution, which runs, as one that waits for the answer to its request."""
    verdicts = tuple(
        Verdict(
            policy=policy,
            mode=Mode.APPROVE,
            status=Status.BROKEN,
            findings=tuple(
                Deviation(setting=each.setting, before=each.before, after=each.after)
                for each in requested.changes
                if policy in each.policies
            ),
        )
        for policy in requested.policies
    )
    outcome = Outcome.AWAITING_APPROVAL
    what = "The undo waits" if requested.undo else "Waits"
    reason = f"{what} for approval {requested.id} until {requested.until}."
    decision = Decision(
        apply=False,
        outcome=outcome,
        reason=reason,
        plan=requested.plan,
        verdicts=verdicts,
        changes=requested.changes,
    )
    return execution.model_copy(update={"outcome": outcome.value, "reason": reason, "decision": decision})


@dataclass
class NotFollowed:
    """The executions that are no longer followed, because a person may take a day to answer their requests.

    `guarding` is None where the requests cannot be read. All executions are followed to their end then, and
    `say` is given the reason.
    """

    guarding: Guarding | None
    say: Callable[[str], None]
    executions: list[Execution] = field(default_factory=list)

    def leave(self, following: Following) -> None:
        """Stop following those that wait for an approval by now. Raises Denied, Unavailable, InvalidInput."""
        for arn in list(following.running):
            if request := self._request(arn):
                with answers("It waits for an approval."):
                    described = following.states.describe_execution(executionArn=arn)
                del following.running[arn]
                self.executions.append(awaiting(glance(described, following.type_of(arn)), request))

    @property
    def how_to_answer(self) -> str:
        """How many wait, and the commands that answer them. Empty where none waits."""
        if not self.executions:
            return ""
        return HOW_TO_ANSWER.format(counted(len(self.executions), "execution"))

    def _request(self, execution: str) -> Requested | None:
        if self.guarding is None:
            return None
        try:
            return self.guarding.waiting_for(execution)
        except RightstateError as error:
            self.say(f"Whether one of them waits for an approval cannot be told. {error}")
            self.guarding = None
            return None


def following_until_asked(
    hub: Hub, left: Event, say: Callable[[str], None] = lambda sentence: None
) -> tuple[Following, NotFollowed]:
    """Follow executions of a deployed hub until they end or wait for an approval.

    Every command that follows a hub's executions uses this one: an answer may take a day. `say` is given a
    sentence where the requests for approval cannot be read.
    """
    asking = NotFollowed(Guarding(hub.guards) if hub.guards else None, say)
    following = deployed(hub, left)
    patience = following.pause

    def pause(count: int) -> float:
        asking.leave(following)
        return patience(count)

    following.pause = pause
    return following, asking
