"""The boxes of the pages for what operations call by the names of options.

Operations serve the command line and the console. Their sentences name what was given by its option, which
is the same in every command. The pages show the label of the box instead. Commands, in backticks, stay.
"""

import re

BOXES = {
    "--account": "Account",
    "--all-regions": "In every region",
    "--approver": "Approved by",
    "--boundary": "Permissions boundary",
    "--contact": "Contacts",
    "--days": "Until",
    "--exempt-for": "The policies leave it alone for",
    "--external-id": "External id",
    "--inspect-role": "Role to read other accounts with",
    "--install": "Install or update the member's stacks",
    "--managed-principal": "ARNs that make changes as code",
    "--managed-tag": "Tags of managed resources",
    "--ou": "Organizational units",
    "--policy": "Policies",
    "--profile": "AWS profile",
    "--reason": "Reason",
    "--region": "Region",
    "--resource": "Resource",
    "--role": "Role",
    "--root": "All accounts of the organization",
    "--set": "Values",
    "--tag": "Tag",
    "--type": "Type",
    "--until": "Until",
}
"""Option -> the label of its box."""
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*[a-z]")
_COMMAND = re.compile(r"(`[^`]*`)")


def of_pages(sentence: str) -> str:
    """The sentence with the boxes' labels for options."""
    parts = _COMMAND.split(sentence)
    return "".join(
        part if place % 2 else _OPTION.sub(lambda named: _box(named[0]), part)
        for place, part in enumerate(parts)
    )


def _box(option: str) -> str:
    label = BOXES.get(option)
    return f"\N{LEFT DOUBLE QUOTATION MARK}{label}\N{RIGHT DOUBLE QUOTATION MARK}" if label else option
