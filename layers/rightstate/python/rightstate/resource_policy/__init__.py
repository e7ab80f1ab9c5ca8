"""Resource policies: which statements are public, and the text without them.

The text of a policy is changed as little as possible. A statement that stays is kept character for character.
"""

from rightstate.resource_policy.document import (
    Document,
    NotUnderstood,
    Statement,
    checked,
    is_document,
    parse,
    same,
)
from rightstate.resource_policy.public import deleted_principals, held_for, public_statements
from rightstate.resource_policy.repair import denies_plain_http, with_tls_only, without_public
from rightstate.resource_policy.words import as_words, difference, shortened

__all__ = (
    "Document",
    "NotUnderstood",
    "Statement",
    "as_words",
    "checked",
    "deleted_principals",
    "denies_plain_http",
    "difference",
    "held_for",
    "is_document",
    "parse",
    "public_statements",
    "same",
    "shortened",
    "with_tls_only",
    "without_public",
)
