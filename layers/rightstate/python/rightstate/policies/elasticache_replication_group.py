"""The policies of ElastiCache replication groups."""

from rightstate.policy import Policy, Reversibility, Risk, Severity
from rightstate.services.elasticache import RETENTION, RETENTION_PARAMETERS, WITHOUT_OTHERS
from rightstate.wants import AtLeast, Exactly

_BUSINESS_CONTINUITY = "AWS - Business Continuity"

POLICIES = (
    Policy(
        id="elasticache-auto-minor-version-upgrade",
        title="Ensure ElastiCache replication groups upgrade minor versions automatically",
        category=_BUSINESS_CONTINUITY,
        risk=Risk.SAFE,
        severity=Severity.HIGH,
        wants={"AutoMinorVersionUpgrade": Exactly(value=True)},
        not_applicable=("deleting", "old-engine"),
        side_effects="None now. From then on the nodes are replaced one by one in the maintenance window "
        "when AWS upgrades a minor version. The primary fails over then, which takes seconds.",
        reversibility=Reversibility.FULLY,
        undo_note="It is switched off again.",
        security_hub=("ElastiCache.2",),
        prowler=("elasticache_redis_cluster_auto_minor_version_upgrades",),
        config_rules=("ELASTICACHE_AUTO_MINOR_VERSION_UPGRADE_CHECK",),
        notes=WITHOUT_OTHERS,
    ),
    Policy(
        id="elasticache-automatic-backups",
        title="Ensure ElastiCache replication groups keep automatic backups",
        category=_BUSINESS_CONTINUITY,
        risk=Risk.COST,
        severity=Severity.HIGH,
        wants={RETENTION: AtLeast(minimum_from="min_retention_days", raise_to_from="target_retention_days")},
        parameters=RETENTION_PARAMETERS,
        not_applicable=("deleting", "global-secondary"),
        side_effects="Backup storage is charged. A node that is short of memory gets slower while a backup "
        "is made. Without cluster mode the backups are made of a replica, if there is one.",
        reversibility=Reversibility.PARTLY,
        undo_note="Backups older than the shorter period are deleted. The node that backups are made of "
        "stays set. It needs --consent.",
        security_hub=("ElastiCache.1",),
        config_rules=("ELASTICACHE_REDIS_CLUSTER_AUTOMATIC_BACKUP_CHECK",),
        notes="Prowler's elasticache_redis_cluster_backup_enabled asks for more than 7 days: set both "
        f"parameters to 8 for it. {WITHOUT_OTHERS}",
    ),
    Policy(
        id="elasticache-automatic-failover",
        title="Ensure ElastiCache replication groups fail over automatically",
        category=_BUSINESS_CONTINUITY,
        risk=Risk.SAFE,
        severity=Severity.MEDIUM,
        wants={"AutomaticFailover": Exactly(value="enabled")},
        not_applicable=("deleting",),
        held_when=("one-node", "global-datastore"),
        side_effects="None until the primary fails. Then a replica becomes the primary. Clients have to use "
        "the primary endpoint: who connects to a node by name does not follow.",
        reversibility=Reversibility.FULLY,
        undo_note="It is switched off again, unless Multi-AZ has been enabled since.",
        security_hub=("ElastiCache.3",),
        prowler=("elasticache_redis_cluster_automatic_failover_enabled",),
        config_rules=("ELASTICACHE_REPL_GRP_AUTO_FAILOVER_ENABLED",),
        notes=f"With cluster mode it is always enabled. Multi-AZ is left as it is. {WITHOUT_OTHERS}",
    ),
)
