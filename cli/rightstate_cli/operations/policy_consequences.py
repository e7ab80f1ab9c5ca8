"""What a change of policies means, in the sentences that people read before they agree to it."""

from collections import Counter
from collections.abc import Sequence

from rightstate.policy import Mode
from rightstate.wants import as_text
from rightstate_cli.operations.enable_policies import PolicyChange, SettingsChange
from rightstate_cli.text import counted

_MEANING = {
    Mode.OFF: "off: resources are not looked at.",
    Mode.REPORT: "report: deviations are reported, and nothing is changed.",
    Mode.APPROVE: "approve: deviations are fixed after a person approves: `rightstate approvals list`.",
    Mode.AUTO: "auto: deviations are fixed within seconds of the event that caused them.",
}
_MEANING_HERE = {
    **_MEANING,
    Mode.REPORT: "report: `rightstate remediate` shows deviations, and does not change them.",
    Mode.AUTO: "auto: `rightstate remediate` fixes deviations.",
}


def meanings(change: SettingsChange) -> Sequence[str]:
    """What each mode that some policy gets means."""
    meaning = _MEANING if change.workspace.hub else _MEANING_HERE
    return [meaning[mode] for mode in Mode if mode in change.modes]


def question(change: SettingsChange) -> str:
    """What a person has to agree to."""
    risky = change.risky
    if not risky:
        count = len({one.policy.id for each in change.changed for one in each.changes})
        modes = ", ".join(mode for mode in Mode if mode in change.modes)
        where = counted(len(change.changed), "account")
        return f"Enable {counted(count, 'policy')} in {where}, in mode {modes}?"
    risks = ", ".join(f"{risk} ({n})" for risk, n in Counter(each.risk for each in risky.values()).items())
    accounts = [each for each in change.accounts if any(one.risky for one in each.changes)]
    return (
        f"Let {counted(len(risky), 'policy')} of risk {risks} change resources in "
        f"{counted(len(accounts), 'account')}?"
    )


def modes_of(change: PolicyChange) -> str:
    """`off -> report`."""
    before, after = change.before.mode, change.after.mode
    return f"{before} -> {after}" if before is not after else f"stays {after}"


def from_to(change: PolicyChange) -> str:
    """`off -> auto, days = 30`."""
    values = [f"{name} = {as_text(value)}" for name, value in change.after.parameters.items()]
    changed = change.before.parameters != change.after.parameters
    return ", ".join((modes_of(change), *(values if changed else ())))


def may_break(change: PolicyChange) -> str:
    """What the policy may break where it changes resources, and whether that can be undone."""
    policy = change.policy
    match change.after.mode:
        case Mode.OFF:
            return ""
        case Mode.AUTO:
            return f"Risk {policy.risk}: {policy.side_effects} Undo: {policy.reversible}"
        case _:
            return f"In auto, risk {policy.risk}: {policy.side_effects} Undo: {policy.reversible}"
