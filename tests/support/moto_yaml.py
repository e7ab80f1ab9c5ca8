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
from moto.cloudformation import models, responses


@contextmanager
def read_once() -> Iterator[None]:
    """moto reads the template as YAML at every turn, which takes it a second. Here it does so once."""
    quick = SimpleNamespace(**{**vars(yaml), "load": _load})
    with patch.object(models, "yaml", quick), patch.object(responses, "yaml", quick):
        yield


def _load(text: str, **options: Any) -> Any:
    return json.loads(text) if text.startswith("{") else deepcopy(_read(text, **options))


class _Loader(yaml.CLoader):
    """moto's loader, with a parser in C, which takes a tenth of the time."""


@cache
def _read(text: str, **options: Any) -> Any:
    # moto adds CloudFormation's short forms to its own loader.
    _Loader.yaml_multi_constructors = yaml.Loader.yaml_multi_constructors
    return yaml.load(text, Loader=_Loader)  # noqa: S506 - as moto
