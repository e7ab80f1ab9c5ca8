"""The policies of VPC security groups."""

from rightstate.policy import Parameter, Policy, Reversibility, Risk, Severity
from rightstate.wants import Empty, NoPublicPorts, Value

_NETWORKING = "AWS - Networking"
_UNDO = (
    "Each rule as it was is in the ledger. It comes back under a new rule id (sgr-...), so what refers "
    "to the old id, such as Terraform's state, has to import it."
)
_DATABASES = (
    *("1433", "1434", "1521", "2483", "2484", "3306", "5432", "5601", "6379", "7000", "7001", "7199", "9042"),
    *("9092", "9160", "9200", "9300", "11211", "27017", "27018"),
)
# Security Hub EC2.19 lists these ports.
_HIGH_RISK = (
    *(
        "20",
        "21",
        "22",
        "23",
        "25",
        "110",
        "135",
        "143",
        "445",
        "1433",
        "1434",
        "3000",
        "3306",
        "3389",
        "4333",
    ),
    *("5000", "5432", "5500", "5601", "8080", "8088", "8888", "9200", "9300"),
)
_LEGACY = ("20", "21", "23", "88", "139", "389", "445", "464", "636", "749", "750")


def _closed(
    name: str,
    title: str,
    ports: tuple[str, ...],
    severity: Severity,
    notes: str,
    security_hub: tuple[str, ...] = (),
    prowler: tuple[str, ...] = (),
    config_rules: tuple[str, ...] = (),
) -> Policy:
    listed: Value = list(ports)
    return Policy(
        id=f"security-group-no-public-{name}",
        title=title,
        category=_NETWORKING,
        risk=Risk.BREAKS_ACCESS,
        severity=severity,
        wants={
            "PublicIngress": NoPublicPorts(
                ports_from="ports",
                protocols_from="protocols",
                any_address_only_from="any_address_only",
                on_range_from="on_range",
            )
        },
        parameters={
            "ports": Parameter(
                default=listed, pattern="[0-9]{1,5}", why="The ports that the internet must not reach."
            ),
            "protocols": Parameter(
                default=["tcp"], choices=("tcp", "udp"), why="tcp,udp closes both, as CIS asks."
            ),
            "any_address_only": Parameter(
                default=True,
                why="false also counts networks that are nearly the internet: public ones with a prefix "
                "shorter than /8 (IPv6: /32). It finds 0.0.0.0/1 beside 128.0.0.0/1.",
            ),
            "on_range": Parameter(
                default="narrow",
                choices=("narrow", "revoke"),
                why="A rule may admit more ports than these. narrow keeps the others, as rules of their own; "
                "revoke removes the whole rule.",
            ),
            "keep_all_protocols": Parameter(
                default=True,
                why="A rule that admits all protocols is only reported, because without it ESP, GRE and ICMP "
                "stop too. false removes it.",
            ),
        },
        not_applicable=("of-another-account",),
        held_when=("all-protocols",),
        side_effects="Clients on the internet cannot open connections to these ports any more. Rules for "
        "groups, prefix lists and your own networks stay. A group has 60 inbound rules unless the quota was "
        "raised. If the pieces of a rule do not fit, nothing is changed.",
        reversibility=Reversibility.FULLY,
        undo_note=_UNDO,
        security_hub=security_hub,
        prowler=prowler,
        config_rules=config_rules,
        notes=notes,
    )


POLICIES = (
    Policy(
        id="security-group-default-closed",
        title="Ensure the default security group of every VPC has no rules",
        category=_NETWORKING,
        risk=Risk.BREAKS_ACCESS,
        severity=Severity.HIGH,
        scope="default-group",
        wants={"PublicIngress": Empty(), "OtherIngress": Empty(), "Egress": Empty()},
        parameters={
            "only_unused": Parameter(
                default=True,
                why="A group that a network interface uses is reported only, because its traffic would stop. "
                "false closes it too.",
            )
        },
        not_applicable=("of-another-account",),
        held_when=("in-use",),
        side_effects="What is in the group loses all traffic that it admitted. What is launched later "
        "without a group gets this one, and reaches nothing.",
        reversibility=Reversibility.FULLY,
        undo_note=_UNDO,
        security_hub=("EC2.2",),
        prowler=("ec2_securitygroup_default_restrict_traffic",),
        config_rules=("VPC_DEFAULT_SECURITY_GROUP_CLOSED",),
        notes="A network interface in the group is the only sound sign that it is used.",
    ),
    _closed(
        "ssh",
        "Ensure security groups do not open SSH to the internet",
        ("22",),
        Severity.HIGH,
        "Security Hub EC2.53 and EC2.54 ask for this and for security-group-no-public-rdp.",
        security_hub=("EC2.13",),
        prowler=(
            "ec2_instance_port_ssh_exposed_to_internet",
            "ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_22",
        ),
        config_rules=("INCOMING_SSH_DISABLED",),
    ),
    _closed(
        "rdp",
        "Ensure security groups do not open RDP to the internet",
        ("3389",),
        Severity.HIGH,
        "RDP also runs over UDP: protocols=tcp,udp closes both.",
        security_hub=("EC2.14",),
        prowler=(
            "ec2_instance_port_rdp_exposed_to_internet",
            "ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_3389",
        ),
    ),
    _closed(
        "high-risk-ports",
        "Ensure security groups do not open high-risk ports to the internet",
        _HIGH_RISK,
        Severity.CRITICAL,
        "The ports are those of Security Hub EC2.19. 3000, 5000, 8080, 8088 and 8888 often serve real sites: "
        "leave them out of `ports` where they do.",
        security_hub=("EC2.19",),
        prowler=("ec2_securitygroup_allow_ingress_from_internet_to_high_risk_tcp_ports",),
    ),
    _closed(
        "database-ports",
        "Ensure security groups do not open database, cache and broker ports to the internet",
        _DATABASES,
        # As Prowler rates these ten checks.
        Severity.CRITICAL,
        "It judges every group, also one that no public instance uses. Memcached also listens on UDP.",
        prowler=tuple(
            f"ec2_instance_port_{service}_exposed_to_internet"
            for service in (
                *("cassandra", "elasticsearch_kibana", "kafka", "memcached", "mongodb", "mysql", "oracle"),
                *("postgresql", "redis", "sqlserver"),
            )
        ),
    ),
    _closed(
        "legacy-service-ports",
        "Ensure security groups do not open file-sharing, directory, FTP and Telnet ports to the internet",
        _LEGACY,
        # As Prowler rates these five checks.
        Severity.CRITICAL,
        "Public FTP needs a passive range too, which this policy does not know. Kerberos also uses UDP.",
        prowler=tuple(
            f"ec2_instance_port_{service}_exposed_to_internet"
            for service in ("cifs", "ftp", "kerberos", "ldap", "telnet")
        ),
    ),
)
