"""The policies of S3 general purpose buckets."""

from rightstate.policy import Parameter, Policy, Reversibility, Risk, Severity
from rightstate.wants import Exactly, Lacks, OneOf

_STORAGE = "AWS - Storage and Databases"
_ALGORITHMS = ("AES256", "aws:kms", "aws:kms:dsse")

# What Prowler's checks of that name look for in an ACL.
_PROWLER = {"list": ("READ", "READ_ACP", "FULL_CONTROL"), "write": ("WRITE", "WRITE_ACP", "FULL_CONTROL")}
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
        wants={
            "BlockPublicAcls": Exactly(value=True),
            "IgnorePublicAcls": Exactly(value=True),
            "BlockPublicPolicy": Exactly(value=True),
            "RestrictPublicBuckets": Exactly(value=True),
        },
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
