"""Resource policies: which statements are public, and the text without them.

The text of a policy is changed as little as possible. A statement that stays is kept character for character.
"""

from rightstate.resource_policy.document import Document, NotUnderstood, Statement, is_document, parse, same
from rightstate.resource_policy.public import public_statements
from rightstate.resource_policy.repair import denies_plain_http, with_tls_only, without_public
from rightstate.resource_policy.words import as_words, difference

__all__ = (
    "Document",
    "NotUnderstood",
    "Statement",
    "as_words",
    "denies_plain_http",
    "difference",
    "is_document",
    "parse",
    "public_statements",
    "same",
    "with_tls_only",
    "without_public",
)
