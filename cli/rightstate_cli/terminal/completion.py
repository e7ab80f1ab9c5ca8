"""What the shell completes: resource types and policies. It needs neither credentials nor a hub."""

from rightstate.catalogue import load_all


def types(begun: str) -> list[str]:
    """The resource types whose names begin so."""
    return [each.name for each in load_all() if each.name.startswith(begun)]


def policies(begun: str) -> list[tuple[str, str]]:
    """The policies whose ids begin so, with their titles."""
    return [
        (policy.id, policy.title)
        for each in load_all()
        for policy in each.policies
        if policy.id.startswith(begun)
    ]
