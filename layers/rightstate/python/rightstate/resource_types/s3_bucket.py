"""S3 general purpose buckets. Each setting has an API call of its own; the ACL is replaced whole."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from rightstate import resource_policy
from rightstate.errors import InvalidInput
from rightstate.event_rule import Rule, Subject
from rightstate.in_code import InCode
from rightstate.listing import PAGE, Answer, Shared, pages
from rightstate.policies.s3_bucket import POLICIES
from rightstate.resource_type import (
    Call,
    Case,
    Change,
    Clients,
    Listing,
    Observed,
    Place,
    Resource,
    ResourceType,
    Setting,
    Tags,
    send,
    tags_in,
)
from rightstate.services import bucket_objects
from rightstate.services.bucket_objects import unless as _unless
from rightstate.wants import Value, as_list

_GROUPS = "http://acs.amazonaws.com/groups/global/"
_PUBLIC = ("AllUsers", "AuthenticatedUsers")
# S3 User Guide, "Requirements for using Amazon S3 Transfer Acceleration".
_ACCELERATED = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
# Begins a token of ours, with the name of the bucket before.
_AFTER = "after "
_BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


class _Reader:
    """One bucket's reads, each with the owner that it must have (S3 User Guide, Bucket owner condition)."""

    def __init__(self, clients: Clients, resource: Resource, shared: Shared) -> None:
        self._clients = clients
        self._shared = shared
        self._resource = resource
        self._bucket = {"Bucket": resource.id, "ExpectedBucketOwner": resource.account}

    def public_access_block(self) -> Mapping[str, Value]:
        s3 = self._clients("s3")
        answer = _unless("NoSuchPublicAccessBlockConfiguration", s3.get_public_access_block, **self._bucket)
        configured = answer.get("PublicAccessBlockConfiguration")
        # None where there is no block at all, False where it leaves one out.
        return {name: None if configured is None else configured.get(name, False) for name in _BLOCKS}

    def account_public_access_block(self) -> Mapping[str, Value]:
        get = self._clients("s3control").get_public_access_block
        owner = {"AccountId": self._resource.account}
        answer = self._shared.once(
            "account", lambda: _unless("NoSuchPublicAccessBlockConfiguration", get, **owner)
        )
        configured = answer.get("PublicAccessBlockConfiguration", {})
        return {"AccountPublicAccessBlock": [name for name in _BLOCKS if configured.get(name)]}

    def website(self) -> Mapping[str, Value]:
        get = self._clients("s3").get_bucket_website
        return {"Website": bool(_unless("NoSuchWebsiteConfiguration", get, **self._bucket))}

    def acl(self) -> Mapping[str, Value]:
        grants = self._clients("s3").get_bucket_acl(**self._bucket)["Grants"]
        return {"Grants": [label for grant in grants if (label := _label(grant))]}

    def ownership(self) -> Mapping[str, Value]:
        get = self._clients("s3").get_bucket_ownership_controls
        answer = _unless("OwnershipControlsNotFoundError", get, **self._bucket)
        rules = answer.get("OwnershipControls", {}).get("Rules", ())
        # Without ownership controls a bucket behaves as ObjectWriter (S3 User Guide, Object Ownership).
        return {"ObjectOwnership": rules[0]["ObjectOwnership"] if rules else "ObjectWriter"}

    def versioning(self) -> Mapping[str, Value]:
        answer = self._clients("s3").get_bucket_versioning(**self._bucket)
        return {"Versioning": answer.get("Status"), "MFADelete": answer.get("MFADelete")}

    def encryption(self) -> Mapping[str, Value]:
        rule = self.encryption_rule()
        return {"SSEAlgorithm": rule.get("ApplyServerSideEncryptionByDefault", {}).get("SSEAlgorithm")}

    def encryption_rule(self) -> dict[str, Any]:
        get = self._clients("s3").get_bucket_encryption
        answer = _unless("ServerSideEncryptionConfigurationNotFoundError", get, **self._bucket)
        rules = answer.get("ServerSideEncryptionConfiguration", {}).get("Rules", ())
        return dict(rules[0]) if rules else {}

    def acceleration(self) -> Mapping[str, Value]:
        if not _ACCELERATED.fullmatch(self._resource.id):
            return {"Acceleration": None}
        try:
            answer = self._clients("s3").get_bucket_accelerate_configuration(**self._bucket)
        except ClientError as error:
            # So S3 answers in regions and partitions that have no Transfer Acceleration.
            if error.response["Error"]["Code"] in (
                "MethodNotAllowed",
                "UnsupportedArgument",
                "InvalidRequest",
            ):
                return {"Acceleration": "unavailable"}
            raise
        return {"Acceleration": answer.get("Status")}

    def policy(self) -> Mapping[str, Value]:
        return {"Policy": bucket_objects.policy_of(self._clients, self._bucket)}

    def policy_status(self) -> Mapping[str, Value]:
        get = self._clients("s3").get_bucket_policy_status
        answer = _unless("NoSuchBucketPolicy", get, **self._bucket)
        return {"PolicyIsPublic": answer.get("PolicyStatus", {}).get("IsPublic")}

    def logging(self) -> Mapping[str, Value]:
        return {"LogBucket": bucket_objects.logging_of(self._clients, self._bucket).get("TargetBucket")}

    def lifecycle(self) -> Mapping[str, Value]:
        answer = bucket_objects.rules_of(self._clients, self._bucket)
        return {"EnabledLifecycleRules": bucket_objects.enabled_rules(answer)}

    def trails(self) -> Mapping[str, Value]:
        """Whether a trail that can be seen from the bucket's region delivers to it."""
        get = self._clients("cloudtrail").describe_trails
        answer = self._shared.once_in_place("trails", lambda: get(includeShadowTrails=True))
        return {"TrailBucket": self._resource.id in {trail["S3BucketName"] for trail in answer["trailList"]}}


_READS: tuple[tuple[frozenset[str], Callable[[_Reader], Mapping[str, Value]]], ...] = (
    (frozenset(_BLOCKS), _Reader.public_access_block),
    (frozenset({"AccountPublicAccessBlock"}), _Reader.account_public_access_block),
    (frozenset({"Website"}), _Reader.website),
    (frozenset({"Grants"}), _Reader.acl),
    (frozenset({"ObjectOwnership"}), _Reader.ownership),
    (frozenset({"Versioning", "MFADelete"}), _Reader.versioning),
    (frozenset({"SSEAlgorithm"}), _Reader.encryption),
    (frozenset({"Acceleration"}), _Reader.acceleration),
    (frozenset({"Policy"}), _Reader.policy),
    (frozenset({"PolicyIsPublic"}), _Reader.policy_status),
    (frozenset({"LogBucket"}), _Reader.logging),
    (frozenset({"EnabledLifecycleRules"}), _Reader.lifecycle),
    (frozenset({"TrailBucket"}), _Reader.trails),
)


def _label(grant: Mapping[str, Any]) -> str | None:
    """For example `AllUsers READ`. None for a grant to anyone but the two public groups."""
    group = str(grant["Grantee"].get("URI", "")).removeprefix(_GROUPS)
    return f"{group} {grant['Permission']}" if group in _PUBLIC else None


def _grant(label: str) -> Mapping[str, Any]:
    """The grant of that label."""
    group, _, permission = label.partition(" ")
    return {"Grantee": {"Type": "Group", "URI": _GROUPS + group}, "Permission": permission}


def _find(clients: Clients, place: Place) -> Iterator[str]:
    for buckets, _ in _pages(clients, place, ""):
        yield from (each["Name"] for each in buckets if _region_of(clients, each) == place.region)


def _pages(clients: Clients, place: Place, token: str) -> Iterator[tuple[Sequence[Answer], str]]:
    return _buckets(clients, token, BucketRegion=place.region)


def _members(clients: Clients, place: Place, group: str) -> Iterator[tuple[str, str]]:
    """Every bucket of the account, because the account's public access block affects all of them."""
    if group != "account":
        raise InvalidInput('The only group of buckets is "account". Nothing was changed.')
    for buckets, _ in _buckets(clients, ""):
        yield from ((_region_of(clients, each), each["Name"]) for each in buckets)


def _buckets(clients: Clients, token: str, **only: str) -> Iterator[tuple[Sequence[Answer], str]]:
    if not token.startswith(_AFTER):
        names = {"given": "ContinuationToken", "answered": "ContinuationToken"}
        for page, following in pages(
            clients, "s3", "list_buckets", "Buckets", token, **names, MaxBuckets=PAGE, **only
        ):
            if len(page) == PAGE and not following and "BucketRegion" not in page[-1]:
                break
            yield page, following
        else:
            return
    # Not S3, but a server that resembles it, and cuts its list off without saying so.
    after = token.removeprefix(_AFTER) if token.startswith(_AFTER) else ""
    every = sorted(clients("s3").list_buckets(**only)["Buckets"], key=lambda bucket: bucket["Name"])
    left = [bucket for bucket in every if bucket["Name"] > after]
    for first in range(0, len(left), PAGE):
        page = left[first : first + PAGE]
        yield page, _AFTER + page[-1]["Name"] if left[first + PAGE :] else ""


def _region_of(clients: Clients, bucket: Mapping[str, Any]) -> str:
    """S3 says it where the list has pages (API reference, ListBuckets); servers that only resemble S3 are
    asked bucket by bucket."""
    if region := bucket.get("BucketRegion"):
        return str(region)
    # A bucket in us-east-1 has no location constraint; EU is its oldest name for eu-west-1.
    location = clients("s3").get_bucket_location(Bucket=bucket["Name"]).get("LocationConstraint")
    return "eu-west-1" if location == "EU" else str(location or "us-east-1")


def _observe(
    clients: Clients, resource: Resource, bucket: Answer, settings: frozenset[str], shared: Shared
) -> Observed | None:
    if _region_of(clients, bucket) != resource.region:
        return None
    observed: dict[str, Value] = {"Bucket": resource.id, "Arn": RESOURCE_TYPE.arn_of(resource)}
    if _is_directory(observed):
        return observed
    reader = _Reader(clients, resource, shared)
    for names, read in _READS:
        if asked := names & settings:
            found = read(reader)
            observed |= {name: found[name] for name in asked}
    return observed


_LISTING = Listing(
    pages=_pages,
    id_of=lambda bucket: str(bucket["Name"]),
    one=lambda clients, resource: {"Name": resource.id, "BucketRegion": resource.region},
    observe=_observe,
)


def _tags(clients: Clients, resource: Resource) -> Tags:
    if _is_directory({"Bucket": resource.id}):
        return {}
    bucket = {"Bucket": resource.id, "ExpectedBucketOwner": resource.account}
    return tags_in(_unless("NoSuchTagSet", clients("s3").get_bucket_tagging, **bucket).get("TagSet", ()))


def _calls(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    after = {change.setting: change.after for change in changes}
    bucket = {"Bucket": resource.id, "ExpectedBucketOwner": resource.account}

    def call(operation: str, settings: Sequence[str], **parameters: Any) -> Call | None:
        concerned = tuple(name for name in settings if name in after)
        if not concerned:
            return None
        return Call(
            service="s3", operation=operation, parameters={**bucket, **parameters}, settings=concerned
        )

    block = call(
        "PutPublicAccessBlock",
        _BLOCKS,
        PublicAccessBlockConfiguration=dict.fromkeys(_BLOCKS, True),
    )
    acl = call("PutBucketAcl", ("Grants",))
    calls = (
        # Before the block, with which S3 refuses a policy that is still public (BlockPublicPolicy).
        call("PutBucketPolicy", ("Policy",)),
        # The block comes first, because it also stops every public grant of the ACL. The ACL comes first
        # where public grants remain that no policy names: S3 refuses it after the block (BlockPublicAcls).
        *((acl, block) if after.get("Grants") else (block, acl)),
        call(
            "PutBucketVersioning",
            ("Versioning",),
            VersioningConfiguration={"Status": after.get("Versioning")},
        ),
        call("PutBucketEncryption", ("SSEAlgorithm",)),
        call(
            "PutBucketAccelerateConfiguration",
            ("Acceleration",),
            AccelerateConfiguration={"Status": after.get("Acceleration")},
        ),
        call("PutBucketLogging", ("LogBucket",)),
        call("PutBucketLifecycleConfiguration", ("EnabledLifecycleRules",)),
    )
    return [made for made in calls if made]


def _restore(resource: Resource, changes: Sequence[Change], observed: Observed) -> list[Call]:
    """The block is lifted before ACL and policy are put: S3 refuses public ones while it is on."""
    calls = {call.operation: call for call in _calls(resource, changes, observed)}
    bucket = {"Bucket": resource.id, "ExpectedBucketOwner": resource.account}
    after = {change.setting: change.after for change in changes}

    def replace(operation: str, by: str, **parameters: Any) -> None:
        call = calls[operation]
        calls[operation] = call.model_copy(
            update={"operation": by, "parameters": {**bucket, **parameters}},
        )

    if "PutPublicAccessBlock" in calls:
        blocks = {name: after.get(name, observed.get(name)) for name in _BLOCKS}
        if set(blocks.values()) == {None}:
            replace("PutPublicAccessBlock", "DeletePublicAccessBlock")
        else:
            whole = {name: bool(value) for name, value in blocks.items()}
            replace("PutPublicAccessBlock", "PutPublicAccessBlock", PublicAccessBlockConfiguration=whole)
    if "PutBucketEncryption" in calls and after["SSEAlgorithm"] is None:
        replace("PutBucketEncryption", "DeleteBucketEncryption")
    return sorted(calls.values(), key=lambda call: call.operation in ("PutBucketAcl", "PutBucketPolicy"))


def _irrecoverable(changes: Sequence[Change], observed: Observed) -> str | None:
    after = {change.setting: change.after for change in changes}
    if _is_public(after.get("Policy")):
        if after.get("BlockPublicPolicy", observed.get("BlockPublicPolicy")):
            return (
                "S3 refuses a public policy while BlockPublicPolicy is on. Undo first the execution that set "
                "it, or lift it."
            )
        if "BlockPublicPolicy" in as_list(observed.get("AccountPublicAccessBlock")):
            return "S3 refuses a public policy while the account's BlockPublicPolicy is on. Lift it first."
    if not after.get("Grants"):
        return None
    if _CASES["acls-disabled"].holds(observed):
        return f"{_CASES['acls-disabled'].reason} They cannot be added again until ACLs are enabled."
    if after.get("BlockPublicAcls", observed.get("BlockPublicAcls")):
        return (
            "S3 refuses to add public grants while BlockPublicAcls is on. Undo first the execution that "
            "set it, or lift it."
        )
    if "BlockPublicAcls" in as_list(observed.get("AccountPublicAccessBlock")):
        return "S3 refuses to add public grants while the account's BlockPublicAcls is on. Lift it first."
    return None


def _apply(clients: Clients, resource: Resource, call: Call, changes: Sequence[Change]) -> None:
    match call.operation:
        case "PutBucketAcl":
            _put_acl(clients, call, changes[0])
        case "PutBucketEncryption":
            _put_encryption(clients, resource, call, changes[0])
        case "PutBucketPolicy":
            bucket_objects.put_policy(clients, call, changes[0])
        case "PutBucketLogging":
            bucket_objects.put_logging(clients, resource, call, changes[0])
        case "PutBucketLifecycleConfiguration":
            bucket_objects.put_rules(clients, call, changes[0])
        case _:
            send(clients, resource, call, changes)


def _put_acl(clients: Clients, call: Call, change: Change) -> None:
    """Put the ACL as it now is, less the grants that the policies forbid; to undo that, with them again."""
    s3 = clients("s3")
    acl = s3.get_bucket_acl(**call.parameters)
    labels = [_label(grant) for grant in acl["Grants"]]
    kept = change.want.target([label for label in labels if label])
    remaining = as_list(kept)
    grants = [
        grant
        for grant, label in zip(acl["Grants"], labels, strict=True)
        if label is None or label in remaining
    ]
    grants += [_grant(label) for label in remaining if label not in labels]
    if grants != acl["Grants"]:
        policy = {"Owner": acl["Owner"], "Grants": grants}
        s3.put_bucket_acl(**call.parameters, AccessControlPolicy=policy)


def _put_encryption(clients: Clients, resource: Resource, call: Call, change: Change) -> None:
    """Put the rule as it now is, with the algorithm changed: the call replaces the whole rule."""
    rule = _Reader(clients, resource, Shared(())).encryption_rule()
    by_default = dict(rule.get("ApplyServerSideEncryptionByDefault", {}))
    algorithm = change.want.target(by_default.get("SSEAlgorithm"))
    if algorithm != by_default.get("SSEAlgorithm"):
        rule["ApplyServerSideEncryptionByDefault"] = {**by_default, "SSEAlgorithm": algorithm}
        clients("s3").put_bucket_encryption(
            **call.parameters, ServerSideEncryptionConfiguration={"Rules": [rule]}
        )


def _is_directory(observed: Observed) -> bool:
    # S3 User Guide, Directory bucket naming rules; table buckets are reserved likewise.
    return str(observed["Bucket"]).endswith(("--x-s3", "--table-s3"))


def _is_public(policy: Value) -> bool:
    return isinstance(policy, str) and bool(resource_policy.public_statements(resource_policy.parse(policy)))


def _public_policy_blocked(observed: Observed) -> bool:
    blocks = as_list(observed.get("AccountPublicAccessBlock"))
    return observed.get("BlockPublicPolicy") is True or "BlockPublicPolicy" in blocks


def _held(observed: Observed) -> Mapping[str, str]:
    policy = observed.get("Policy")
    if why := resource_policy.held_for(policy, "S3"):
        return {"Policy": why}
    if observed.get("PolicyIsPublic") is False and _is_public(policy):
        return {
            "Policy": "S3 itself says that the policy is not public (GetBucketPolicyStatus), and Rightstate "
            "reads it otherwise. Decide by hand."
        }
    return {}


_CASES = {
    "directory-bucket": Case(
        reason="Directory and table buckets have neither ACLs nor this setting; the policy is about "
        "general purpose buckets.",
        holds=_is_directory,
        reads=("Bucket",),
    ),
    "website": Case(
        reason="The bucket serves a static website, which the parameter exempt_websites exempts.",
        holds=lambda observed: observed.get("Website") is True,
        reads=("Website",),
        switch="exempt_websites",
    ),
    "account-blocks": Case(
        reason="The account blocks public access to all its buckets.",
        holds=lambda observed: observed.get("AccountPublicAccessBlock") == list(_BLOCKS),
        reads=("AccountPublicAccessBlock",),
        switch="accept_account_level",
    ),
    "public-policies-restricted": Case(
        reason="Mitigated: S3 lets only the account and AWS services use a public policy "
        "(RestrictPublicBuckets of the bucket or the account).",
        holds=lambda observed: (
            observed.get("RestrictPublicBuckets") is True
            or "RestrictPublicBuckets" in as_list(observed.get("AccountPublicAccessBlock"))
        ),
        reads=("RestrictPublicBuckets", "AccountPublicAccessBlock"),
    ),
    "only-s3-says-public": Case(
        reason="S3 says that the policy is public (GetBucketPolicyStatus), and Rightstate finds no statement "
        "that is. Look at the policy by hand.",
        holds=lambda observed: (
            observed.get("PolicyIsPublic") is True and not _is_public(observed.get("Policy"))
        ),
        reads=("PolicyIsPublic", "Policy"),
    ),
    "public-policy-refused": Case(
        reason="S3 refuses to write the policy while a statement is public and BlockPublicPolicy is on. "
        "Enable s3-policy-not-public, or take the statement out.",
        holds=lambda observed: _public_policy_blocked(observed) and _is_public(observed.get("Policy")),
        reads=("BlockPublicPolicy", "AccountPublicAccessBlock", "Policy"),
        unless_written="Policy",
    ),
    "trail-bucket": Case(
        reason="S3 buckets that trails deliver to",
        holds=lambda observed: (
            observed.get("TrailBucket") is True or observed["Bucket"] == observed.get("trail_bucket")
        ),
        reads=("TrailBucket", "Bucket"),
        parameters=("trail_bucket",),
    ),
    "log-bucket": Case(
        reason="The bucket is the one that the logs go to. Each log would make another one.",
        holds=lambda observed: observed["Bucket"] == observed.get("target_bucket"),
        reads=("Bucket",),
        parameters=("target_bucket",),
    ),
    "acls-disabled": Case(
        reason="ACLs are disabled on the bucket (BucketOwnerEnforced), so no grant has any effect.",
        holds=lambda observed: observed.get("ObjectOwnership") == "BucketOwnerEnforced",
        reads=("ObjectOwnership",),
    ),
    "public-acls-ignored": Case(
        reason="Mitigated: S3 ignores public ACLs (IgnorePublicAcls of the bucket or the account).",
        holds=lambda observed: (
            observed.get("IgnorePublicAcls") is True
            or "IgnorePublicAcls" in as_list(observed.get("AccountPublicAccessBlock"))
        ),
        reads=("IgnorePublicAcls", "AccountPublicAccessBlock"),
    ),
    "mfa-delete": Case(
        reason="MFA delete is on: only the root user with its MFA device can change versioning.",
        holds=lambda observed: (
            observed.get("MFADelete") == "Enabled" and observed.get("Versioning") != "Enabled"
        ),
        reads=("MFADelete", "Versioning"),
    ),
    "dotted-name": Case(
        reason="Transfer Acceleration needs a bucket name that is a DNS label: without dots, underscores and "
        "upper case.",
        holds=lambda observed: not _ACCELERATED.fullmatch(str(observed["Bucket"])),
        reads=("Bucket",),
    ),
    "acceleration-unavailable": Case(
        reason="Transfer Acceleration does not exist in the bucket's region.",
        holds=lambda observed: observed.get("Acceleration") == "unavailable",
        reads=("Acceleration",),
    ),
}


RESOURCE_TYPE = ResourceType(
    name="s3-bucket",
    title="S3 bucket",
    service="s3",
    policies=POLICIES,
    settings={
        "Bucket": Setting(),
        "Arn": Setting(),
        **{
            name: Setting(
                read=f"GetPublicAccessBlock:PublicAccessBlockConfiguration.{name}",
                write=f"PutPublicAccessBlock:PublicAccessBlockConfiguration.{name}",
                # CloudTrail's names of the calls (S3 User Guide, "Amazon S3 CloudTrail events").
                set_back_by=("PutBucketPublicAccessBlock", "DeleteBucketPublicAccessBlock"),
            )
            for name in _BLOCKS
        },
        "AccountPublicAccessBlock": Setting(
            read="s3control.GetPublicAccessBlock:PublicAccessBlockConfiguration"
        ),
        "Website": Setting(read="GetBucketWebsite:IndexDocument"),
        "Grants": Setting(read="GetBucketAcl:Grants[]", write="PutBucketAcl:AccessControlPolicy.Grants[]"),
        "ObjectOwnership": Setting(
            read="GetBucketOwnershipControls:OwnershipControls.Rules[].ObjectOwnership"
        ),
        "Versioning": Setting(
            read="GetBucketVersioning:Status",
            write="PutBucketVersioning:VersioningConfiguration.Status",
        ),
        "MFADelete": Setting(read="GetBucketVersioning:MFADelete"),
        "SSEAlgorithm": Setting(
            read="GetBucketEncryption:ServerSideEncryptionConfiguration.Rules[]"
            ".ApplyServerSideEncryptionByDefault.SSEAlgorithm",
            write="PutBucketEncryption:ServerSideEncryptionConfiguration.Rules[]"
            ".ApplyServerSideEncryptionByDefault.SSEAlgorithm",
        ),
        "Acceleration": Setting(
            read="GetBucketAccelerateConfiguration:Status",
            write="PutBucketAccelerateConfiguration:AccelerateConfiguration.Status",
        ),
        "Policy": Setting(
            read="GetBucketPolicy:Policy",
            write="PutBucketPolicy:Policy",
            set_back_by=("PutBucketPolicy", "DeleteBucketPolicy"),
        ),
        "PolicyIsPublic": Setting(read="GetBucketPolicyStatus:PolicyStatus.IsPublic"),
        "LogBucket": Setting(
            read="GetBucketLogging:LoggingEnabled.TargetBucket",
            write="PutBucketLogging:BucketLoggingStatus.LoggingEnabled.TargetBucket",
        ),
        "EnabledLifecycleRules": Setting(
            read="GetBucketLifecycleConfiguration:Rules[].ID",
            write="PutBucketLifecycleConfiguration:LifecycleConfiguration.Rules[].ID",
            set_back_by=("PutBucketLifecycle", "DeleteBucketLifecycle"),
        ),
        "TrailBucket": Setting(read="cloudtrail.DescribeTrails:trailList[].S3BucketName"),
    },
    in_code={
        **{
            name: InCode(
                f"AWS::S3::Bucket/PublicAccessBlockConfiguration.{name}",
                f"aws_s3_bucket_public_access_block.{argument}",
            )
            for name, argument in {
                "BlockPublicAcls": "block_public_acls",
                "IgnorePublicAcls": "ignore_public_acls",
                "BlockPublicPolicy": "block_public_policy",
                "RestrictPublicBuckets": "restrict_public_buckets",
            }.items()
        },
        # A template and an ACL of Terraform's name who may do what in another form.
        "Grants": InCode(
            "AWS::S3::Bucket/AccessControl", "aws_s3_bucket_acl.access_control_policy.grant", named_only=True
        ),
        "Versioning": InCode(
            "AWS::S3::Bucket/VersioningConfiguration.Status",
            "aws_s3_bucket_versioning.versioning_configuration.status",
        ),
        "SSEAlgorithm": InCode(
            "AWS::S3::Bucket/BucketEncryption.ServerSideEncryptionConfiguration[]"
            ".ServerSideEncryptionByDefault.SSEAlgorithm",
            "aws_s3_bucket_server_side_encryption_configuration.rule"
            ".apply_server_side_encryption_by_default.sse_algorithm",
        ),
        "Acceleration": InCode(
            "AWS::S3::Bucket/AccelerateConfiguration.AccelerationStatus",
            "aws_s3_bucket_accelerate_configuration.status",
        ),
        "Policy": InCode(
            "AWS::S3::BucketPolicy/PolicyDocument", "aws_s3_bucket_policy.policy", named_only=True
        ),
        "LogBucket": InCode(
            "AWS::S3::Bucket/LoggingConfiguration.DestinationBucketName",
            "aws_s3_bucket_logging.target_bucket",
        ),
        "EnabledLifecycleRules": InCode(
            "AWS::S3::Bucket/LifecycleConfiguration.Rules[].Id",
            "aws_s3_bucket_lifecycle_configuration.rule.id",
            named_only=True,
        ),
    },
    cases=_CASES,
    facts=("Bucket", "Arn"),
    arn="arn:{partition}:s3:::{id}",
    # S3 User Guide, Bucket naming rules; buckets of us-east-1 older than 2018 may have up to 255
    # characters, upper case and underscores.
    id_pattern=r"(?!.*\.\.)[A-Za-z0-9_][A-Za-z0-9._-]{1,253}[A-Za-z0-9_]",
    config_type="AWS::S3::Bucket",
    listing=_LISTING,
    rules=(
        Rule(
            "BucketCalls",
            "s3",
            (
                "CreateBucket",
                "DeleteBucketEncryption",
                "DeleteBucketLifecycle",
                "DeleteBucketOwnershipControls",
                "DeleteBucketPolicy",
                "DeleteBucketPublicAccessBlock",
                "DeleteBucketWebsite",
                "PutAccelerateConfiguration",
                "PutBucketAccelerateConfiguration",
                "PutBucketAcl",
                "PutBucketEncryption",
                "PutBucketLifecycle",
                "PutBucketLogging",
                "PutBucketOwnershipControls",
                "PutBucketPolicy",
                "PutBucketPublicAccessBlock",
                "PutBucketVersioning",
                "PutBucketWebsite",
            ),
            Subject(("requestParameters.bucketName",)),
        ),
        Rule(
            "AccountCalls",
            "s3",
            ("DeleteAccountPublicAccessBlock", "PutAccountPublicAccessBlock"),
            Subject(kind="group"),
            name="s3-account",
        ),
    ),
    find=_find,
    tags=_tags,
    calls=_calls,
    apply=_apply,
    members=_members,
    held=_held,
    read_actions=(
        "cloudtrail:DescribeTrails",
        "s3:GetAccelerateConfiguration",
        "s3:GetAccountPublicAccessBlock",
        "s3:GetBucketAcl",
        "s3:GetBucketLocation",
        "s3:GetBucketLogging",
        "s3:GetBucketObjectLockConfiguration",
        "s3:GetBucketOwnershipControls",
        "s3:GetBucketPolicy",
        "s3:GetBucketPolicyStatus",
        "s3:GetBucketPublicAccessBlock",
        "s3:GetBucketRequestPayment",
        "s3:GetBucketTagging",
        "s3:GetBucketVersioning",
        "s3:GetBucketWebsite",
        "s3:GetEncryptionConfiguration",
        "s3:GetLifecycleConfiguration",
        "s3:ListAllMyBuckets",
    ),
    write_actions=(
        "s3:DeleteBucketPolicy",
        "s3:PutAccelerateConfiguration",
        "s3:PutBucketAcl",
        "s3:PutBucketLogging",
        "s3:PutBucketPolicy",
        "s3:PutBucketPublicAccessBlock",
        "s3:PutBucketVersioning",
        "s3:PutEncryptionConfiguration",
        "s3:PutLifecycleConfiguration",
    ),
    write_resources=("arn:{partition}:s3:::{id}",),
    restore=_restore,
    restore_reads=(*_BLOCKS, "AccountPublicAccessBlock", "ObjectOwnership"),
    # S3 User Guide: once set, neither goes back to never set; it can be suspended.
    nearest={"Versioning": "Suspended", "Acceleration": "Suspended"},
    irrecoverable=_irrecoverable,
    gone=("NoSuchBucket",),
    # "A conflicting conditional operation is currently in progress" (S3 error responses).
    busy_errors=("OperationAborted",),
)
