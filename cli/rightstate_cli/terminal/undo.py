"""An undo, as people and scripts see it."""

from rightstate.catalogue import find_policy
from rightstate.models.decision import Outcome
from rightstate.models.settings import Exemption
from rightstate.policy import Reversibility
from rightstate.wants import as_change
from rightstate_cli.executions.executions import Execution
from rightstate_cli.operations.taking_back import Undo
from rightstate_cli.terminal.output import Format, print_json, print_line, print_table, say, talk


def show_undo(wanted: Undo) -> None:
    """What will be restored, as the ledger has it; on stderr, because it is no result yet."""
    print_table(
        f"{wanted.named}: to be restored",
        ("Setting", "What it set -> what was before", "Changed for"),
        [
            (each.setting, as_change(each.before, each.after), ", ".join(each.policies))
            for each in wanted.restored
        ],
        to=talk,
    )
    for policy in wanted.policies:
        about = find_policy(policy)[1]
        if about.reversibility is not Reversibility.FULLY:
            say(f"Undo of {policy}: {about.reversible}")
    for what in wanted.destroyed:
        say(f"Destroyed by it: {what}")


def question(wanted: Undo, exempt_for: str) -> str:
    """What to ask before it is undone."""
    breaking = f"{wanted.named} to a state that breaks {', '.join(wanted.policies)}"
    if wanted.asking:
        return f"Ask for the approval to restore {breaking}?"
    return f"Restore {breaking}, and exempt it for {exempt_for}?"


def print_undo(wanted: Undo, ended: Execution, exemption: Exemption | None, format: Format) -> None:
    """How the execution of the undo ended."""
    if format is Format.JSON:
        changes = ended.decision.changes if ended.decision else ()
        print_json(
            {
                "execution": ended.name,
                "undo": wanted.execution,
                "outcome": ended.outcome,
                "reason": ended.reason,
                "account": wanted.resource.account,
                "region": wanted.resource.region,
                "resource_type": wanted.resource_type.name,
                "resource": wanted.resource.id,
                "changes": [each.model_dump(mode="json", exclude={"want", "beside"}) for each in changes],
                "exemption": exemption and exemption.model_dump(mode="json", exclude_none=True),
            }
        )
        return
    print_line(f"{wanted.named}: {ended.outcome}", style="bold")
    print_line(ended.reason)
    if exemption and ended.outcome == Outcome.UNDONE:
        print_line(f"Verified by a fresh read. Exempt until {exemption.until} ({exemption.id}).")
