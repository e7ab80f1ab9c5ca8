"""What the tests know of keys that other services use for us."""

from tests.types import Dependent

KEY = "arn:{partition}:kms:{region}:{account}:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def through(service: str, *actions: str) -> tuple[Dependent, ...]:
    """Actions of KMS that are allowed through that service, in the resource's region."""
    return tuple(
        Dependent(
            action,
            KEY,
            "kms_ViaService",
            allowed=[f"{service}.{{region}}.amazonaws.com{end}" for end in ("", ".cn")],
            refused=[
                f"{service}.xx-west-1.amazonaws.com",
                "s3.{region}.amazonaws.com",
                f"{service}.{{region}}.example.com",
                None,
            ],
        )
        for action in actions
    )
