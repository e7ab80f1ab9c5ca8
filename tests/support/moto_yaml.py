"""Templates that moto's CloudFormation reads once."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from functools import cache
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import yaml
from moto.cloudformation import models


@contextmanager
def read_once() -> Iterator[None]:
    """moto reads the template as YAML at every turn, which takes it a second. Here it does so once."""
    with patch.object(models, "yaml", SimpleNamespace(**{**vars(yaml), "load": _load})):
        yield


def _load(text: str, **options: Any) -> Any:
    return json.loads(text) if text.startswith("{") else deepcopy(_read(text, **options))


@cache
def _read(text: str, **options: Any) -> Any:
    return yaml.load(text, **options)  # noqa: S506 - as moto
