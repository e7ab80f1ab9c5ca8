"""Text for people: counts, and foreign text that cannot steer what shows it."""


def plain(text: str) -> str:
    """Foreign text without the characters that could steer a terminal or reorder a line."""
    return "".join(c if c.isprintable() or c == "\n" else f"\\u{ord(c):04x}" for c in text)


def counted(count: int, noun: str) -> str:
    """`1 setting`, `2 settings`, `3 policies`, `4 days`."""
    if count == 1:
        return f"1 {noun}"
    changes = noun.endswith("y") and noun[-2] not in "aeiou"
    return f"{count} {noun[:-1]}ies" if changes else f"{count} {noun}s"
