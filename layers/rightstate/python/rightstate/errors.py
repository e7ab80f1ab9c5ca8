"""The errors that the state machine's Retry and Catch name.

One class per reason; the class name is what `ErrorEquals` sees. A message holds the operation, the
error code and a plain sentence, never a request or a response: it ends in the execution history.
"""


class RightstateError(Exception):
    """Base of every error that a person may read."""


class InvalidInput(RightstateError):
    """The execution's input is malformed, or its resource id is not one."""


class UnexpectedEvent(RightstateError):
    """An event, or a finding, that a rule let through does not hold what the rule expects in it."""


class AnotherPlace(InvalidInput):
    """The resource belongs to another account, region or partition than its input says."""


class UnknownAccount(RightstateError):
    """The settings table has no entry for the account: nothing is enabled there."""


class SettingsUnreadable(RightstateError):
    """The settings could not be read or understood; nothing is done without them."""


class WrongAccount(RightstateError):
    """The credentials belong to another account than the one to remediate."""


class RoleNotAssumed(RightstateError):
    """STS refused the member's remediation role."""


class Denied(RightstateError):
    """AWS refused a call for lack of permission."""


class Throttled(RightstateError):
    """AWS asked for fewer calls; the state machine tries again."""


class Unavailable(RightstateError):
    """AWS did not answer, or answered with a fault of its own; the state machine tries again."""


class ResourceGone(RightstateError):
    """The resource does not exist, or not any more."""


class NotReady(RightstateError):
    """The resource is busy; the state machine waits and asks again."""


class Locked(RightstateError):
    """Another execution is changing the resource; the state machine waits and asks again."""


class AlreadyAsked(RightstateError):
    """Another execution waits for the approval of the same plan, or it was denied lately."""


class LimitReached(RightstateError):
    """The account has caused as much in this hour as it may."""


class ChangedSincePlan(RightstateError):
    """What was approved cannot be done any more as it was approved."""


class Interrupted(RightstateError):
    """Some of a remediation's changes are made, and something has come between them and the rest."""


class NotVerified(RightstateError):
    """A fresh read does not show the change (yet)."""


class PlanConflict(RightstateError):
    """Two enabled policies contradict each other."""


class CallFailed(RightstateError):
    """AWS refused a call for another reason than those above."""


class RemediationFailed(RightstateError):
    """Ends a failed execution as FAILED once the failure has been recorded and reported."""


class Defect(RightstateError):
    """Rightstate itself is at fault: an error that it did not foresee."""
