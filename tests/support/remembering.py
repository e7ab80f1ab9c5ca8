"""What botocore and moto work out anew for every session and call, worked out once in a process.

It is a quarter of the processor time of the tests that call AWS.
"""

import base64
from functools import cache
from inspect import isfunction
from typing import Any

import botocore.session
from botocore import hooks, useragent
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from moto import backends
from moto.core import models, responses, serialize


def install() -> None:
    """Remember it from now on."""
    # Each session reads the services' models anew.
    botocore.session.create_loader = cache(botocore.session.create_loader)
    # Each session registers its hundred handlers under names that it looks for in fifty aliases.
    hooks.EventAliaser.__init__ = _with_known_names  # type: ignore[method-assign]
    # The header that names the client is cleaned twice in each call, part by part.
    useragent.sanitize_user_agent_string_component = cache(useragent.sanitize_user_agent_string_component)
    # For each call moto lists its own directory and all that a class is able to do.
    listed = tuple(backends.list_of_moto_modules())
    backends.list_of_moto_modules = lambda: listed
    responses.method_names_from_class = _Methods
    responses.camelcase_to_underscores = cache(responses.camelcase_to_underscores)
    # For each field of each answer moto goes through six kinds of other names.
    serialize.XFormedAttributePicker.get_possible_keys = _possible_keys  # type: ignore[method-assign]
    # So it does for each value in an item of DynamoDB, of which an account's settings have thousands.
    serialize.BaseJSONSerializer._serialize_type_structure = _serialize  # type: ignore[method-assign]
    # moto's answers for the package `requests`, 1,300 in each mock. Nothing here calls AWS with it.
    models.RESPONSES_METHODS = []
    # For each KMS key moto looks for two primes, a tenth of a second long, and for each certificate it checks
    # them. Nothing is encrypted with them here.
    rsa.generate_private_key = cache(rsa.generate_private_key)
    serialization.load_pem_private_key = cache(serialization.load_pem_private_key)


class _Methods:
    """The names of a class's methods, those that moto lacks and a test adds among them."""

    def __init__(self, of: type) -> None:
        self._of = of

    def __contains__(self, name: str) -> bool:
        return isfunction(getattr(self._of, name, None))


_names: dict[str, str] = {}
_begin = hooks.EventAliaser.__init__


def _with_known_names(self: hooks.EventAliaser, emitter: Any, aliases: Any = None) -> None:
    _begin(self, emitter, aliases)
    if aliases is None:
        self._alias_name_cache = _names


_keys: dict[Any, tuple[str, ...]] = {}
_find_possible_keys = serialize.XFormedAttributePicker.get_possible_keys


def _possible_keys(self: Any, context: Any) -> tuple[str, ...]:
    asked = (context.key, context.shape, type(context.obj), *self.alias_providers)
    if asked not in _keys:
        _keys[asked] = tuple(_find_possible_keys(self, context))
    return _keys[asked]


_serialize_structure = serialize.BaseJSONSerializer._serialize_type_structure


def _serialize(self: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
    if key and shape.name == "AttributeValue" and isinstance(value, dict):
        self._default_serialize(serialized, _attribute(value), shape, key)
    else:
        _serialize_structure(self, serialized, value, shape, key)


def _attribute(value: dict[str, Any]) -> dict[str, Any]:
    """As DynamoDB sends it: moto has it so already, but for bytes."""
    [(kind, held)] = value.items()
    match kind:
        case "M":
            return {kind: {name: _attribute(each) for name, each in held.items()}}
        case "L":
            return {kind: [_attribute(each) for each in held]}
        case "B":
            return {kind: base64.b64encode(held).decode()}
        case "BS":
            return {kind: [base64.b64encode(each).decode() for each in held]}
    return value
