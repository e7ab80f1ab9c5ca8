"""A policy, and the difference of two, for people."""

from rightstate.resource_policy.document import Document, Statement, dumped, is_document, parse
from rightstate.resource_policy.public import each_principal


def as_words(text: str) -> str:
    """`a policy of 2 statements: PublicRead, #2`."""
    statements = parse(text).statements
    count = "a statement" if len(statements) == 1 else f"{len(statements)} statements"
    return f"a policy of {count}: {', '.join(each.label for each in statements)}"


def difference(before: object, after: object) -> str | None:
    """What becomes of the statements; None where neither value is a policy's text."""
    if not all(value is None or value == "" or is_document(value) for value in (before, after)):
        return None
    old, new = (parse(str(value)) if value else None for value in (before, after))
    if old is None and new is None:
        return None
    gone, come = _left_out(old, new), _left_out(new, old)
    parts = []
    for each in come:
        wider = next((other for other in gone if _narrows(each, other)), None)
        if wider:
            gone.remove(wider)
        parts.append(f"{'narrow' if wider else 'add'} {_statement(each)}")
    parts = [*(f"remove {_statement(each)}" for each in gone), *parts]
    if new is None:
        parts.append("delete the policy")
    return ", ".join(parts) or "the same statements"


def _narrows(one: Statement, other: Statement) -> bool:
    """Whether a statement is another one with other principals or actions."""
    rest = [{**each.content, "Principal": "", "Action": "", "Sid": _sid(each)} for each in (one, other)]
    return rest[0] == rest[1]


def _sid(statement: Statement) -> str:
    """The Sid; empty for a label in its place, which depends on what stands before."""
    sid = str(statement.content.get("Sid", ""))
    return "" if sid.startswith("#") else sid


def shortened(text: object, other: object) -> str | None:
    """A policy of those statements that the other one has not, each with its label as Sid; None where there
    is no policy."""
    if not (isinstance(text, str) and text):
        return None
    others = parse(other) if isinstance(other, str) and other else None
    return dumped(
        {"Statement": [{**each.content, "Sid": each.label} for each in _left_out(parse(text), others)]}
    )


def _left_out(one: Document | None, other: Document | None) -> list[Statement]:
    """The statements of one policy that another has not."""
    known = [each.content for each in other.statements] if other else []
    found = []
    for each in one.statements if one else ():
        if each.content in known:
            known.remove(each.content)
        else:
            found.append(each)
    return found


def _statement(statement: Statement) -> str:
    """`statement PublicRead (Allow s3:GetObject to *)`."""
    content = statement.content
    actions = statement.listed("Action") or [f"all but {each}" for each in statement.listed("NotAction")]
    if "NotPrincipal" in content:
        who = ["all but " + name for _, name in each_principal(content["NotPrincipal"])]
    else:
        who = [name for _, name in each_principal(content.get("Principal", {}))]
    return f"statement {statement.label} ({content['Effect']} {' '.join(actions)} to {' '.join(who)})"
