"""Calls that moto does not know at all, for simulated accounts; each says what AWS does."""

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.responses.settings import Settings
from moto.ssm.responses import SimpleSystemManagerResponse

# --- EC2: settings of an account in a region ---


def _kept(self: Settings, name: str, at_first: Any) -> Any:
    """What an earlier call has set in this account and region."""
    return vars(self.ec2_backend).setdefault(name, at_first)


# Snapshots may be shared until somebody blocks that.
def _get_sharing(self: Settings) -> ActionResult:
    return ActionResult({"State": _kept(self, "snapshot_sharing", "unblocked"), "ManagedBy": "account"})


def _set_sharing(state: str = "") -> Callable[[Settings], ActionResult]:
    def respond(self: Settings) -> ActionResult:
        self.ec2_backend.snapshot_sharing = state or self._get_param("State")
        return ActionResult({"State": self.ec2_backend.snapshot_sharing})

    return respond


# A default that the account has no preference for is not in the answer.
def _get_metadata_defaults(self: Settings) -> ActionResult:
    return ActionResult({"AccountLevel": {"ManagedBy": "account", **_kept(self, "metadata_defaults", {})}})


# What is not named stays, and no-preference takes a default away.
def _modify_metadata_defaults(self: Settings) -> ActionResult:
    defaults = _kept(self, "metadata_defaults", {})
    tokens = self._get_param("HttpTokens")
    defaults |= {"HttpTokens": tokens} if tokens else {}
    if tokens == "no-preference":
        del defaults["HttpTokens"]
    return ActionResult({"Return": True})


# --- Systems Manager: settings of an account in a region ---

_SSM_DEFAULTS = {
    "ssm/documents/console/public-sharing-permission": "Enable",
    "ssm/managed-instance/default-ec2-instance-management-role": "$None",
}


# A setting has a default until somebody sets it. An ARN ends with the setting's id.
def _setting(self: SimpleSystemManagerResponse) -> tuple[str, dict[str, str]]:
    kept: dict[str, str] = vars(self.ssm_backend).setdefault("service_settings", {})
    arn = self._get_param("SettingId")
    return arn.partition("servicesetting/")[2] or arn.removeprefix("/"), kept


def _get_setting(self: SimpleSystemManagerResponse) -> ActionResult:
    name, kept = _setting(self)
    return ActionResult(
        {
            "ServiceSetting": {
                "SettingId": f"/{name}",
                "SettingValue": kept.get(name, _SSM_DEFAULTS[name]),
                "Status": "Customized" if name in kept else "Default",
            }
        }
    )


def _update_setting(self: SimpleSystemManagerResponse) -> ActionResult:
    name, kept = _setting(self)
    kept[name] = self._get_param("SettingValue")
    return ActionResult({})


def _reset_setting(self: SimpleSystemManagerResponse) -> ActionResult:
    name, kept = _setting(self)
    kept.pop(name, None)
    return _get_setting(self)


FILLS: list[tuple[Any, str, Any]] = [
    (Settings, "get_snapshot_block_public_access_state", _get_sharing),
    (Settings, "enable_snapshot_block_public_access", _set_sharing()),
    (Settings, "disable_snapshot_block_public_access", _set_sharing("unblocked")),
    (Settings, "get_instance_metadata_defaults", _get_metadata_defaults),
    (Settings, "modify_instance_metadata_defaults", _modify_metadata_defaults),
    (SimpleSystemManagerResponse, "get_service_setting", _get_setting),
    (SimpleSystemManagerResponse, "update_service_setting", _update_setting),
    (SimpleSystemManagerResponse, "reset_service_setting", _reset_setting),
]
