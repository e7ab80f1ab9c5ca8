"""The policies of S3 general purpose buckets."""

from rightstate.policy import Parameter, Policy, Reversibility, Risk, Severity
from rightstate.wants import Exactly, Lacks, OneOf, PolicyText, Present

_STORAGE = "AWS - Storage and Databases"
_ALGORITHMS = ("AES256", "aws:kms", "aws:kms:dsse")

# What Prowler's checks of that name look for in an ACL.
_PROWLER = {"list": ("READ", "READ_ACP", "FULL_CONTROL"), "write": ("WRITE", "WRITE_ACP", "FULL_CONTROL")}
_PUBLIC_GRANTS = tuple(
    f"{group} {permission}"
    for group in ("AllUsers", "AuthenticatedUsers")
    for permission in ("FULL_CONTROL", "READ", "READ_ACP", "WRITE", "WRITE_ACP")
)
_BLOCKED = {
    "BlockPublicAcls": Exactly(value=True),
    "IgnorePublicAcls": Exactly(value=True),
    "BlockPublicPolicy": Exactly(value=True),
    "RestrictPublicBuckets": Exactly(value=True),
}
_TARGET_BUCKET = Parameter(
    example="access-logs-{account}-{region}",
    why="The bucket that gets the logs, one for each region. Its policy lets logging.s3.amazonaws.com put "
    "objects. It has SSE-S3 as default encryption, no default retention and no Requester Pays. Rightstate "
    "neither makes nor changes it.",
)
_TRAIL_BUCKET = Parameter(
    why="A further bucket of the account, e.g. one that the trails of other accounts deliver to.",
)
_CONFIG_RULES = {
    "S3.2": ("S3_BUCKET_PUBLIC_READ_PROHIBITED",),
    "S3.3": ("S3_BUCKET_PUBLIC_WRITE_PROHIBITED",),
    "S3.12": ("S3_BUCKET_ACL_PROHIBITED",),
}


def _acl(
    name: str,
    alias: str,
    title: str,
    grantee: str,
    permission: str,
    security_hub: str,
) -> Policy:
    kinds = [kind for kind, given in _PROWLER.items() if permission in given]
    return Policy(
        id=f"s3-acl-no-{name}",
        aliases=(alias,),
        title=title,
        category=_STORAGE,
        risk=Risk.BREAKS_ACCESS,
        # S3 calls a grant to any signed-in AWS user public too, and AWS rates public access to
        # objects as critical (Security Hub S3.2, S3.3), which S3.12 about ACLs as such is not.
        severity=Severity.CRITICAL,
        # FULL_CONTROL includes every other permission (S3 User Guide, ACL overview).
        wants={"Grants": Lacks(items=tuple(sorted({f"{grantee} {permission}", f"{grantee} FULL_CONTROL"})))},
        not_applicable=("directory-bucket", "acls-disabled"),
        compliant_when=("public-acls-ignored",),
        side_effects="Anybody who relied on the grant, without signing in or from another account, loses "
        "access at once. Every other grant stays.",
        reversibility=Reversibility.FULLY,
        undo_note="The removed grants are in the ledger. S3 refuses to add a public grant again while "
        "BlockPublicAcls is on.",
        security_hub=(security_hub,),
        prowler=tuple(f"s3_bucket_public_{kind}_acl" for kind in kinds),
        config_rules=_CONFIG_RULES[security_hub],
        notes="Buckets made since April 2023 have ACLs disabled unless somebody enabled them.",
    )


POLICIES = (
    Policy(
        id="s3-block-public-access",
        aliases=("S3busketpublicaccess",),
        title="Ensure that S3 buckets are not publicly accessible",
        category="AWS - Monitoring",
        risk=Risk.BREAKS_ACCESS,
        severity=Severity.HIGH,
        wants=_BLOCKED,
        parameters={
            "accept_account_level": Parameter(
                default=True,
                why="S3 enforces the stricter of bucket and account, so the account's block is enough.",
            ),
            "exempt_websites": Parameter(
                default=False,
                why="A caller of PutBucketWebsite could make a bucket exempt. Set it where that is as "
                "restricted as the settings are.",
            ),
        },
        not_applicable=("directory-bucket",),
        exempt_when=("website",),
        compliant_when=("account-blocks",),
        side_effects="A public site, public downloads, and access of other accounts through a public "
        "policy stop at once.",
        reversibility=Reversibility.FULLY,
        undo_note="The ledger has the four values as they were.",
        security_hub=("S3.8",),
        prowler=(
            "s3_bucket_level_public_access_block",
            "s3_bucket_public_access",
        ),
        config_rules=("S3_BUCKET_LEVEL_PUBLIC_ACCESS_PROHIBITED",),
        notes="The IAM action of PutPublicAccessBlock is s3:PutBucketPublicAccessBlock.",
    ),
    Policy(
        id="s3-versioning",
        aliases=("S3VersioningEnabled",),
        title="Ensure S3 buckets have versioning enabled",
        category="AWS - Business Continuity",
        risk=Risk.COST,
        severity=Severity.LOW,
        wants={"Versioning": Exactly(value="Enabled")},
        not_applicable=("directory-bucket", "mfa-delete"),
        side_effects="Old versions are kept and paid for until a lifecycle rule expires them.",
        reversibility=Reversibility.PARTLY,
        undo_note="Versioning is suspended again. A bucket that never had versioning cannot go back to that.",
        security_hub=("S3.14",),
        prowler=("s3_bucket_object_versioning",),
        config_rules=("S3_BUCKET_VERSIONING_ENABLED",),
        notes="S3 asks to wait 15 minutes after enabling before relying on it.",
    ),
    Policy(
        id="s3-default-encryption",
        aliases=("S3EncryptionEnabled",),
        title="Ensure Amazon S3 buckets have Default Encryption feature enabled",
        category=_STORAGE,
        risk=Risk.OBSOLETE,
        # As Prowler rates it; AWS has retired Security Hub S3.4.
        severity=Severity.MEDIUM,
        wants={
            "SSEAlgorithm": OneOf(
                allowed_from="allowed_algorithms", otherwise_from="target", ranking=_ALGORITHMS
            )
        },
        parameters={
            "allowed_algorithms": Parameter(
                default=list(_ALGORITHMS),
                choices=_ALGORITHMS,
                why="Any encryption will do. Leave AES256 out, and change the target, to ask for KMS.",
            ),
            "target": Parameter(
                default="AES256", choices=_ALGORITHMS, why="Needs no key and no right to one."
            ),
        },
        not_applicable=("directory-bucket",),
        side_effects="None with AES256: only new objects are concerned. With KMS, readers and writers "
        "need rights to the key.",
        reversibility=Reversibility.FULLY,
        undo_note="The ledger has the algorithm as it was.",
        security_hub=("S3.4",),
        prowler=("s3_bucket_default_encryption",),
        config_rules=("S3_BUCKET_SERVER_SIDE_ENCRYPTION_ENABLED",),
        notes="Cannot fail with its defaults: S3 encrypts every bucket since 2023-01-05. It finds "
        "something only where allowed_algorithms leaves AES256 out. Security Hub has retired S3.4.",
    ),
    Policy(
        id="s3-transfer-acceleration",
        aliases=("S3TransferAccelerateConfig",),
        title="Ensure that Amazon S3 buckets use Transfer Acceleration feature for faster data transfers",
        category=_STORAGE,
        risk=Risk.COST,
        # About speed, no control and no check.
        severity=Severity.INFORMATIONAL,
        wants={"Acceleration": Exactly(value="Enabled")},
        not_applicable=("directory-bucket", "dotted-name", "acceleration-unavailable"),
        side_effects="Each GB sent over the accelerated endpoint is charged; other transfers are not.",
        reversibility=Reversibility.PARTLY,
        undo_note="Versioning is suspended again. A bucket that never had versioning cannot go back to that.",
        notes="It makes transfers faster, not safer. Takes up to 30 minutes to have an effect.",
    ),
    Policy(
        id="s3-tls-only",
        title="Ensure S3 bucket policy denies requests that do not use TLS",
        category="AWS - Data Protection",
        risk=Risk.BREAKS_ACCESS,
        severity=Severity.MEDIUM,
        wants={"Policy": PolicyText(tls_only=True)},
        parameters={
            "exempt_websites": Parameter(
                default=True,
                why="The website endpoint of S3 only knows HTTP, so the statement switches a website off.",
            ),
        },
        not_applicable=("directory-bucket", "public-policy-refused"),
        exempt_when=("website",),
        side_effects="Every client that uses http:// loses access at once: old appliances, presigned http "
        "URLs. Each statement that there is stays.",
        reversibility=Reversibility.FULLY,
        undo_note="The policy's text as it was is in the ledger.",
        security_hub=("S3.5",),
        prowler=("s3_bucket_secure_transport_policy",),
        config_rules=("S3_BUCKET_SSL_REQUESTS_ONLY",),
        notes="A Deny for a part of the bucket, or with a further condition, is not enough. It stays, and "
        "the whole one is added.",
    ),
    Policy(
        id="s3-policy-not-public",
        title="Ensure S3 bucket policy grants no public access",
        category=_STORAGE,
        risk=Risk.BREAKS_ACCESS,
        severity=Severity.CRITICAL,
        wants={"Policy": PolicyText(public="nothing")},
        not_applicable=("directory-bucket", "only-s3-says-public"),
        compliant_when=("public-policies-restricted",),
        side_effects="Anonymous readers lose access at once: public websites, downloads, CloudFront without "
        "origin access control. Statements that are not public stay, and so do principals that a public "
        "statement names.",
        reversibility=Reversibility.FULLY,
        undo_note="The policy's text as it was is in the ledger. S3 refuses it while BlockPublicPolicy "
        "is on.",
        security_hub=("S3.2", "S3.3"),
        prowler=("s3_bucket_public_access",),
        config_rules=("S3_BUCKET_PUBLIC_READ_PROHIBITED", "S3_BUCKET_PUBLIC_WRITE_PROHIBITED"),
        notes="s3-block-public-access masks public statements, this policy removes them. "
        "docs/public-policies.md says what is public.",
    ),
    Policy(
        id="s3-policy-no-public-write",
        title="Ensure S3 bucket policy grants no public write access",
        category=_STORAGE,
        risk=Risk.BREAKS_ACCESS,
        severity=Severity.CRITICAL,
        wants={"Policy": PolicyText(public="read")},
        not_applicable=("directory-bucket",),
        compliant_when=("public-policies-restricted",),
        side_effects="Anonymous writers lose access at once. If a wildcard such as s3:* lets them read too, "
        "readers lose it with them.",
        reversibility=Reversibility.FULLY,
        undo_note="The policy's text as it was is in the ledger. S3 refuses it while BlockPublicPolicy "
        "is on.",
        security_hub=("S3.3",),
        prowler=("s3_bucket_policy_public_write_access",),
        config_rules=("S3_BUCKET_PUBLIC_WRITE_PROHIBITED",),
        notes="Named actions that write are taken out of a public statement, and its others stay.",
    ),
    Policy(
        id="s3-access-logging",
        title="Ensure S3 buckets have server access logging enabled",
        category="AWS - Audit and Logging",
        risk=Risk.COST,
        severity=Severity.MEDIUM,
        wants={"LogBucket": Present(otherwise_from="target_bucket")},
        parameters={"target_bucket": _TARGET_BUCKET},
        not_applicable=("directory-bucket", "log-bucket"),
        side_effects="Each request writes a line into a log object, which is charged as a request and "
        "stored. Logs arrive within hours, and S3 does not promise all of them.",
        reversibility=Reversibility.FULLY,
        undo_note="That logging was off is in the ledger. Logs that were written stay.",
        security_hub=("S3.9",),
        prowler=("s3_bucket_server_access_logging_enabled",),
        config_rules=("S3_BUCKET_LOGGING_ENABLED",),
        notes="Logs that already go to another bucket are left alone. The prefix is the bucket's name and a "
        "slash.",
    ),
    Policy(
        id="s3-lifecycle",
        title="Ensure S3 buckets have a lifecycle configuration",
        category=_STORAGE,
        risk=Risk.IRREVERSIBLE,
        severity=Severity.LOW,
        wants={"EnabledLifecycleRules": Present(otherwise=("rightstate-abort-incomplete-uploads",))},
        not_applicable=("directory-bucket",),
        side_effects="An upload in parts that is not finished after 7 days is aborted, and its parts are "
        "deleted. No object expires or changes its storage class.",
        reversibility=Reversibility.PARTLY,
        undo_note="The rule is taken out again, but parts that it has deleted are lost.",
        security_hub=("S3.13",),
        prowler=("s3_bucket_lifecycle_enabled",),
        config_rules=("S3_LIFECYCLE_POLICY_CHECK",),
        notes="The rule is added to those that there are. Any enabled rule is enough.",
    ),
    Policy(
        id="cloudtrail-bucket-not-public",
        title="Ensure the S3 bucket used to store CloudTrail logs is not publicly accessible",
        category="AWS - Audit and Logging",
        risk=Risk.BREAKS_ACCESS,
        severity=Severity.CRITICAL,
        scope="trail-bucket",
        wants={**_BLOCKED, "Grants": Lacks(items=_PUBLIC_GRANTS)},
        parameters={"trail_bucket": _TRAIL_BUCKET},
        side_effects="Trails go on delivering. If the bucket's policy is public, other accounts that it "
        "names lose access too (RestrictPublicBuckets).",
        reversibility=Reversibility.FULLY,
        undo_note="The four values and the removed grants as they were are in the ledger.",
        security_hub=("CloudTrail.6",),
        prowler=("cloudtrail_logs_s3_bucket_is_not_publicly_accessible",),
        notes="Public statements of the bucket's policy are those of s3-policy-not-public.",
    ),
    Policy(
        id="cloudtrail-bucket-access-logging",
        title="Ensure S3 bucket access logging is enabled on the CloudTrail S3 bucket",
        category="AWS - Audit and Logging",
        risk=Risk.COST,
        severity=Severity.LOW,
        scope="trail-bucket",
        # Of the two policies that switch logging on, the one that is about fewer buckets decides where to.
        wants={"LogBucket": Present(otherwise_from="target_bucket", rank=1)},
        parameters={"target_bucket": _TARGET_BUCKET, "trail_bucket": _TRAIL_BUCKET},
        not_applicable=("log-bucket",),
        side_effects="Each delivery of a trail writes a line into a log object, which is charged as a "
        "request and stored.",
        reversibility=Reversibility.FULLY,
        undo_note="That logging was off is in the ledger. Logs that were written stay.",
        security_hub=("CloudTrail.7",),
        prowler=("cloudtrail_logs_s3_bucket_access_logging_enabled",),
        notes="Logs that already go to another bucket are left alone.",
    ),
    _acl(
        "public-full-control",
        "S3notPublictoInternet",
        "Ensure that your AWS S3 buckets are not publicly exposed to the Internet",
        "AllUsers",
        "FULL_CONTROL",
        "S3.3",
    ),
    _acl(
        "public-read",
        "S3notPublicRead",
        "Ensure AWS S3 buckets do not allow public READ access",
        "AllUsers",
        "READ",
        "S3.2",
    ),
    _acl(
        "public-read-acp",
        "S3notPublicReadACP",
        "Ensure AWS S3 buckets do not allow public READ_ACP access",
        "AllUsers",
        "READ_ACP",
        "S3.2",
    ),
    _acl(
        "public-write",
        "S3notPublicWrite",
        "Ensure AWS S3 buckets do not allow public WRITE access",
        "AllUsers",
        "WRITE",
        "S3.3",
    ),
    _acl(
        "public-write-acp",
        "S3notPublicWriteACP",
        "Ensure AWS S3 buckets do not allow public WRITE_ACP access",
        "AllUsers",
        "WRITE_ACP",
        "S3.3",
    ),
    _acl(
        "authenticated-full-control",
        "S3bucketNoPublicAAUFull",
        "Ensure S3 buckets do not allow FULL_CONTROL access to AWS authenticated users via S3 ACLs",
        "AuthenticatedUsers",
        "FULL_CONTROL",
        "S3.12",
    ),
    _acl(
        "authenticated-read",
        "S3bucketNoPublicAAURead",
        "Ensure S3 buckets do not allow READ access to AWS authenticated users through ACLs",
        "AuthenticatedUsers",
        "READ",
        "S3.12",
    ),
    _acl(
        "authenticated-read-acp",
        "S3bucketNoPublicAAUReadACP",
        "Ensure AWS S3 buckets do not allow READ_ACP access to AWS authenticated users using ACLs",
        "AuthenticatedUsers",
        "READ_ACP",
        "S3.12",
    ),
    _acl(
        "authenticated-write",
        "S3bucketNoPublicAAUWrite",
        "Ensure S3 buckets do not allow WRITE access to AWS authenticated users through S3 ACLs",
        "AuthenticatedUsers",
        "WRITE",
        "S3.12",
    ),
    _acl(
        "authenticated-write-acp",
        "S3bucketNoPublicAAUWriteACP",
        "Ensure S3 buckets do not allow WRITE_ACP access to AWS authenticated users using S3 ACLs",
        "AuthenticatedUsers",
        "WRITE_ACP",
        "S3.12",
    ),
)
