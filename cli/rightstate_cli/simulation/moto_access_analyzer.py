"""IAM Access Analyzer, as a service of moto's, which has none: it makes, lists and deletes analyzers.

It is laxer than AWS: an analyzer is ACTIVE at once, none is ever DISABLED or FAILED, any account may have an
analyzer of the organization, a page holds all, and client tokens and archive rules are ignored. It is
stricter: it knows these three calls and no others.
"""

import re
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from botocore.validate import ParamValidator
from moto import backends
from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult, BaseResponse, EmptyResult
from moto.core.utils import get_service_model

_SERVICE = "accessanalyzer"
_URL = r"https?://access-analyzer\.(.+)\.amazonaws\.com"
# API reference, CreateAnalyzer: analyzers of each type that an account may have in a region.
_MOST = {"ACCOUNT": 1, "ORGANIZATION": 5}


class AccessAnalyzerBackend(BaseBackend):
    """The analyzers of an account in a region, by name."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.analyzers: dict[str, dict[str, Any]] = {}

    @property
    def _url_module(self) -> Any:
        respond = AccessAnalyzerResponse.dispatch
        paths = {"{0}/analyzer$": respond, "{0}/analyzer/(?P<name>[^/]+)$": respond}
        return SimpleNamespace(url_bases=[_URL], url_paths=paths)


class AccessAnalyzerResponse(BaseResponse):
    """The three calls. What is asked is checked against botocore's model, enumerations too."""

    def __init__(self) -> None:
        super().__init__(service_name=_SERVICE)
        self.automated_parameter_parsing = True

    @property
    def _analyzers(self) -> dict[str, dict[str, Any]]:
        found: AccessAnalyzerBackend = accessanalyzer_backends[self.current_account][self.region]
        return found.analyzers

    def _checked(self) -> dict[str, Any]:
        given = {key: value for key, value in dict(self.params).items() if value is not None}
        shape: Any = get_service_model(_SERVICE).operation_model(self._get_action()).input_shape
        faults = ParamValidator().validate(given, shape).generate_report()
        name, kind = given.get("analyzerName"), given.get("type")
        if name is not None and not re.fullmatch(shape.members["analyzerName"].metadata["pattern"], name):
            faults += f"analyzerName: {name}"
        if kind is not None and kind not in shape.members["type"].enum:
            faults += f"type: {kind}"
        if faults:
            raise JsonRESTError("ValidationException", faults)
        return given

    def list_analyzers(self) -> ActionResult:
        """All, or those of a type."""
        kind = self._checked().get("type")
        found = [each for each in self._analyzers.values() if kind in (None, each["type"])]
        return ActionResult({"analyzers": found})

    def create_analyzer(self) -> ActionResult:
        """As AWS refuses it: a second one of the name, and more than there may be of the type."""
        given = self._checked()
        name, kind = given["analyzerName"], given["type"]
        if name in self._analyzers:
            raise JsonRESTError("ConflictException", f"There is an analyzer {name}.")
        if sum(each["type"] == kind for each in self._analyzers.values()) >= _MOST.get(kind, 1):
            raise JsonRESTError("ServiceQuotaExceededException", f"There are enough of {kind}.")
        arn = f"arn:aws:access-analyzer:{self.region}:{self.current_account}:analyzer/{name}"
        made = {"arn": arn, "name": name, "type": kind, "status": "ACTIVE", "createdAt": datetime.now(UTC)}
        self._analyzers[name] = made
        return ActionResult({"arn": arn})

    def delete_analyzer(self) -> ActionResult:
        """Without a trace."""
        name = self._checked()["analyzerName"]
        if self._analyzers.pop(name, None) is None:
            raise JsonRESTError("ResourceNotFoundException", f"There is no analyzer {name}.")
        return EmptyResult()


accessanalyzer_backends = BackendDict(AccessAnalyzerBackend, _SERVICE)

PATTERN = (_SERVICE, re.compile(_URL))
"""How moto tells the service from a URL, in its index of services."""


def import_backend(module_name: str, backends_name: str) -> Any:
    """In place of moto's: it looks for a service in its own package alone."""
    if module_name == _SERVICE:
        return accessanalyzer_backends
    return _import_own(module_name, backends_name)


_import_own = backends._import_backend
