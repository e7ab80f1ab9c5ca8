"""What moto lacks of the AWS that remediations read and write; each gap says what AWS does.

The smallest fills there can be, for simulated accounts (the demo, the tests, the benchmark) and nothing else.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from moto import backend_index, backends
from moto.autoscaling.responses import AutoScalingResponse
from moto.awslambda.models import LambdaBackend
from moto.cloudformation.responses import CloudFormationResponse
from moto.cloudtrail.models import Trail
from moto.config.models import ConfigBackend
from moto.core.responses import ActionResult
from moto.ec2.models.instances import InstanceBackend, MetadataOptions, Reservation
from moto.ec2.responses.elastic_block_store import ElasticBlockStore
from moto.ec2.responses.monitoring import Monitoring
from moto.elasticache.models import ElastiCacheBackend, ReplicationGroup
from moto.elasticache.responses import ElastiCacheResponse
from moto.elb.exceptions import LoadBalancerNotFoundError
from moto.elb.models import ELBBackend
from moto.elbv2.models import ELBv2Backend
from moto.iam import models as iam_models
from moto.opensearch.responses import OpenSearchServiceResponse
from moto.rds.models import DBCluster, DBInstance
from moto.rds.responses import RDSResponse
from moto.rds.utils import FilterDef
from moto.s3.responses import S3Response
from moto.secretsmanager.exceptions import InvalidRequestException
from moto.secretsmanager.models import SecretsManagerBackend
from moto.sqs.models import Queue, SQSBackend

from rightstate_cli.simulation import moto_access_analyzer, moto_unknown_calls


@contextmanager
def fill() -> Iterator[None]:
    """Fill the gaps while it lasts."""
    with ExitStack() as stack:
        for owner, name, replacement in (*_FILLS, *moto_unknown_calls.FILLS):
            stack.enter_context(patch.object(owner, name, replacement, create=True))
        yield


# --- RDS ---

# DescribeDBInstances shows what ModifyDBInstance's EnablePerformanceInsights has set. moto keeps it under the
# request's name and shows nothing.
_performance_insights = property(lambda self: getattr(self, "enable_performance_insights", False))

# DescribeDBParameters lists every parameter of the group's family, whether set or not, and whether it may be.
# moto lists only what was set.
_FAMILY_PARAMETERS = {
    "block_encryption_mode": "aes-128-ecb,aes-192-ecb,aes-256-ecb,aes-128-cbc,aes-192-cbc,aes-256-cbc",
    "ssl_fips_mode": "0,1,2",
}


def _describe_db_parameters(self: RDSResponse) -> ActionResult:
    answer: Any = _describe_set_parameters(self)
    group = self.backend.db_parameter_groups[self.params["DBParameterGroupName"]]
    own = {parameter["ParameterName"]: parameter for parameter in answer.result["Parameters"]}
    family = _FAMILY_PARAMETERS if (group.family or "").startswith("mysql8") else {}
    wholes = [
        {
            "ParameterName": name,
            "AllowedValues": allowed,
            "IsModifiable": True,
            "ApplyType": "dynamic",
            "Source": "user" if name in own else "engine-default",
            **own.pop(name, {}),
        }
        for name, allowed in family.items()
    ]
    return ActionResult({"Parameters": [*wholes, *own.values()]})


_describe_set_parameters = RDSResponse.describe_db_parameters


# It gives parameters their values of the engine's default back. moto does not know the call.
def _reset_db_parameter_group(self: RDSResponse) -> ActionResult:
    group = self.backend.db_parameter_groups[self.params["DBParameterGroupName"]]
    for parameter in self.params["Parameters"]:
        group.parameters.pop(parameter["ParameterName"], None)
    return ActionResult({"DBParameterGroupName": group.name})


# What RDS can export (DBEngineVersion.ExportableLogTypes). moto does not know the call.
_EXPORTABLE = {
    "mysql": ["audit", "error", "general", "iam-db-auth-error", "slowquery"],
    "mariadb": ["audit", "error", "general", "slowquery"],
    "oracle": ["alert", "audit", "listener", "oemagent", "trace"],
    "postgres": ["postgresql", "upgrade"],
    "sqlserver": ["agent", "error"],
    "aurora-mysql": ["audit", "error", "general", "iam-db-auth-error", "instance", "slowquery"],
    "aurora-postgresql": ["iam-db-auth-error", "instance", "postgresql"],
}


def _describe_db_engine_versions(self: RDSResponse) -> ActionResult:
    engine, version = self.params["Engine"], self.params["EngineVersion"]
    exportable = _EXPORTABLE.get(engine) or _EXPORTABLE[engine.split("-")[0]]
    found = {"Engine": engine, "EngineVersion": version, "ExportableLogTypes": exportable}
    return ActionResult({"DBEngineVersions": [found]})


# DescribeDBClusters shows what ModifyDBCluster's EnableIAMDatabaseAuthentication and
# CloudwatchLogsExportConfiguration have set. moto keeps both under the request's names and shows nothing.
_cluster_iam_authentication = property(fset=lambda self, value: setattr(self, "iam_auth", value))


def _change_log_exports(self: DBCluster, configuration: dict[str, list[str]]) -> None:
    exported = {*self.enabled_cloudwatch_logs_exports, *configuration.get("EnableLogTypes", ())}
    self.enabled_cloudwatch_logs_exports = sorted(exported - {*configuration.get("DisableLogTypes", ())})


_cluster_log_exports = property(fset=_change_log_exports)


# DescribeDBClusters filters by the resource id too. moto knows that filter of instances alone.
_CLUSTER_FILTERS = {
    **DBCluster.SUPPORTED_FILTERS,
    "db-cluster-resource-id": FilterDef(["db_cluster_resource_id"], "DB Cluster Resource Ids"),
}


# --- Elastic Load Balancing ---


# A Classic Load Balancer that does not exist is answered with LoadBalancerNotFound; moto trips over it.
def _get_classic_load_balancer(self: ELBBackend, name: str) -> Any:
    if name not in self.load_balancers:
        raise LoadBalancerNotFoundError(name)
    return self.load_balancers[name]


# The ARN says which kind a load balancer is: loadbalancer/app/, net/ or gwy/. moto makes app/ of every one.
def _create_load_balancer(self: ELBv2Backend, *args: Any, **kwargs: Any) -> Any:
    made = _create_as_app(self, *args, **kwargs)
    kind = {"network": "net", "gateway": "gwy"}.get(made.type, "app")
    was, made.arn = made.arn, made.arn.replace("loadbalancer/app/", f"loadbalancer/{kind}/")
    self.load_balancers[made.arn] = self.load_balancers.pop(was)
    self.tagging_service.copy_tags(was, made.arn)
    return made


_create_as_app = ELBv2Backend.create_load_balancer

# --- ElastiCache ---


# ModifyReplicationGroup sets AutoMinorVersionUpgrade too. moto forgets it.
def _modify_replication_group(self: ElastiCacheResponse) -> ActionResult:
    answer = _modify_replication_group_but_upgrades(self)
    upgrades = self._get_bool_param("AutoMinorVersionUpgrade")
    if upgrades is not None:
        group = self.elasticache_backend.replication_groups[self._get_param("ReplicationGroupId")]
        group.auto_minor_version_upgrade = upgrades
    return answer


_modify_replication_group_but_upgrades = ElastiCacheResponse.modify_replication_group


# DescribeCacheClusters lists the nodes of replication groups too. moto makes none.
def _describe_cache_clusters(self: ElastiCacheBackend, cache_cluster_id: str | None = None) -> list[Any]:
    if cache_cluster_id:
        return _describe_made_clusters(self, cache_cluster_id)
    groups: list[ReplicationGroup] = list(self.replication_groups.values())
    nodes = [
        SimpleNamespace(
            cache_cluster_id=node,
            replication_group_id=group.replication_group_id,
            cache_cluster_status="available",
            engine=group.engine,
            engine_version=group.engine_version,
        )
        for group in groups
        for node in group.member_clusters
    ]
    return [*_describe_made_clusters(self), *nodes]


_describe_made_clusters = ElastiCacheBackend.describe_cache_clusters

# --- EC2 ---


# Both calls answer with the transition (pending, disabling), which takes seconds. moto knows neither call.
def _monitoring(answered: str, soon: str) -> Callable[[Monitoring], ActionResult]:
    def respond(self: Monitoring) -> ActionResult:
        instances = [self.ec2_backend.get_instance(each) for each in self._get_param("InstanceIds")]
        for instance in instances:
            instance.monitoring_state = soon
        found = [{"InstanceId": each.id, "Monitoring": {"State": answered}} for each in instances]
        return ActionResult({"InstanceMonitorings": found})

    return respond


# DescribeInstances filters by reservation-id. moto does not know this filter.
def _all_reservations(self: InstanceBackend, filters: Mapping[str, Any] | None = None) -> list[Reservation]:
    others = dict(filters or {})
    ids = others.pop("reservation-id", None)
    return [each for each in _filtered_reservations(self, others) if ids is None or each.id in ids]


_filtered_reservations = InstanceBackend.all_reservations


# DescribeSnapshots lists those of the owners that are named, or those that everybody may restore. moto lists
# all, Amazon's too.
def _describe_snapshots(self: ElasticBlockStore) -> ActionResult:
    answer: Any = _describe_all_snapshots(self)
    owners = [self.current_account if each == "self" else each for each in self._get_param("OwnerIds", [])]
    public = "all" in self._get_param("RestorableByUserIds", [])
    found = [
        each
        for each in answer.result["Snapshots"]
        if (not owners or each.owner_id in owners)
        and (not public or "all" in each.create_volume_permission_groups)
    ]
    return ActionResult({"Snapshots": found})


_describe_all_snapshots = ElasticBlockStore.describe_snapshots


# ModifyInstanceMetadataOptions leaves what it does not name. moto forgets it.
def _modify_metadata_options(self: InstanceBackend, instance_id: str, **given: Any) -> MetadataOptions:
    options: MetadataOptions = self.get_instance(instance_id).metadata_options
    for name, value in given.items():
        if value is not None and name != "dry_run":
            setattr(options, _OPTIONS.get(name, name), value)
    return options


_OPTIONS = {
    "hop_limit": "http_put_response_hop_limit",
    "http_protocol": "http_protocol_ipv6",
    "metadata_tags": "instance_metadata_tags",
}

# --- Auto Scaling ---


# Both calls take a DefaultCooldown of 0 or more. moto makes 300 of 0, and leaves it out of an update.
def _with_cooldown(
    respond: Callable[[AutoScalingResponse], ActionResult],
) -> Callable[[AutoScalingResponse], ActionResult]:
    def respond_with_cooldown(self: AutoScalingResponse) -> ActionResult:
        answer = respond(self)
        cooldown = self._get_int_param("DefaultCooldown")
        if cooldown is not None:
            group = self.autoscaling_backend.autoscaling_groups[self._get_param("AutoScalingGroupName")]
            group.default_cooldown = cooldown
        return answer

    return respond_with_cooldown


# --- CloudTrail ---


# An empty text takes a trail's key and its log group away. moto keeps the text.
def _update_trail(self: Trail, **given: Any) -> None:
    _update_trail_with_texts(self, **given)
    for name in ("kms_key_id", "cw_log_group_arn", "cw_role_arn"):
        setattr(self, name, getattr(self, name) or None)


_update_trail_with_texts = Trail.update

# --- AWS Config ---


# A recorder keeps how often it records, which is at once if nothing else is said. moto forgets it.
def _put_configuration_recorder(self: ConfigBackend, config_recorder: dict[str, Any]) -> None:
    _put_recorder_without_mode(self, config_recorder)
    recorder: Any = self.recorders[config_recorder["name"]]
    recorder.recording_mode = config_recorder.get("recordingMode", {"recordingFrequency": "CONTINUOUS"})


_put_recorder_without_mode = ConfigBackend.put_configuration_recorder

# Config's service-linked role is AWSServiceRoleForConfig. moto writes it without a capital.
_SERVICE_NAMES = {**iam_models.SERVICE_NAME_CONVERSION, "config": "Config"}

# --- CloudFormation ---


# It sets what DescribeStacks shows as EnableTerminationProtection. moto knows that only from CreateStack.
def _update_termination_protection(self: CloudFormationResponse) -> ActionResult:
    stack = self.cloudformation_backend.get_stack(self._get_param("StackName"))
    stack.enable_termination_protection = self._get_param("EnableTerminationProtection")
    return ActionResult({"StackId": stack.stack_id})


# --- Lambda ---


# RemovePermission takes the revision that GetPolicy has told. moto compares that with a list of it.
def _remove_permission(
    self: LambdaBackend, function_name: str, sid: str, revision: str | list[str] = ""
) -> None:
    one = revision[0] if isinstance(revision, list) else revision
    _remove_permission_of_no_revision(self, function_name, sid, one)


_remove_permission_of_no_revision = LambdaBackend.remove_permission

# --- OpenSearch Service ---


# An empty access policy takes the policy away. moto leaves the policy as it is then.
def _update_domain_config(self: OpenSearchServiceResponse) -> str:
    answer = _update_domain_config_but_not_to_nothing(self)
    if self._get_param("AccessPolicies") == "":
        self.opensearch_backend.domains[self._get_param("DomainName")].access_policies = ""
    return answer


_update_domain_config_but_not_to_nothing = OpenSearchServiceResponse.update_domain_config

# --- Secrets Manager ---


# RotateSecret keeps the function that the secret has. With RotateImmediately off it only tests that function,
# with a version that is gone in the end. moto forgets the function, and leaves the version.
def _rotate_secret(
    self: SecretsManagerBackend,
    secret_id: str,
    client_request_token: str | None = None,
    rotation_lambda_arn: str | None = None,
    rotation_rules: dict[str, Any] | None = None,
    rotate_immediately: bool = True,
) -> str:
    if rotate_immediately:
        return _rotate_secret_at_once(
            self, secret_id, client_request_token, rotation_lambda_arn, rotation_rules, True
        )
    secret: Any = self.secrets[secret_id]
    secret.rotation_lambda_arn = rotation_lambda_arn or secret.rotation_lambda_arn
    if not secret.rotation_lambda_arn:
        raise InvalidRequestException("No Lambda rotation function ARN is associated with this secret.")
    secret.auto_rotate_after_days = (rotation_rules or {}).get("AutomaticallyAfterDays", 0)
    secret.rotation_requested = secret.rotation_enabled = True
    return str(secret.to_short_dict())


_rotate_secret_at_once = SecretsManagerBackend.rotate_secret

# --- SQS ---


# SetQueueAttributes changes the attributes that it names. moto takes the policy away where it is not named.
def _set_queue_attributes(self: SQSBackend, queue_name: str, attributes: dict[str, Any]) -> Queue:
    queue = self.get_queue(queue_name)
    kept = {} if "Policy" in attributes else {"Policy": queue.policy}
    return _set_all_queue_attributes(self, queue_name, {**kept, **attributes})


_set_all_queue_attributes = SQSBackend.set_queue_attributes

# --- S3 ---


# With MaxBuckets ListBuckets answers in pages, and says the region of each bucket. moto cuts the list off and
# says neither that nor a region.
def _all_buckets(self: S3Response) -> Any:
    most = self._get_param("max-buckets")
    if not most:
        return _all_buckets_at_once(self)
    self.data["Action"] = "ListAllMyBuckets"
    self._authenticate_and_authorize_s3_action()
    after = self._get_param("continuation-token") or ""
    region, prefix = self._get_param("bucket-region"), self._get_param("prefix")
    found = self.backend.list_buckets(prefix=prefix, bucket_region=region, max_buckets=None)
    left = sorted((each for each in found if each.name > after), key=lambda bucket: bucket.name)
    page = left[: int(most)]
    self.data["Action"] = "ListBuckets"
    buckets = [
        {"Name": each.name, "CreationDate": each.creation_date_ISO8601, "BucketRegion": each.region_name}
        for each in page
    ]
    more = {"ContinuationToken": page[-1].name} if len(left) > len(page) else {}
    return self.serialized(ActionResult({"Buckets": buckets, **more}))


_all_buckets_at_once = S3Response.all_buckets


_FILLS: list[tuple[Any, str, Any]] = [
    (
        backend_index,
        "backend_url_patterns",
        [*backend_index.backend_url_patterns, moto_access_analyzer.PATTERN],
    ),
    (backends, "_import_backend", moto_access_analyzer.import_backend),
    (Trail, "update", _update_trail),
    (ConfigBackend, "put_configuration_recorder", _put_configuration_recorder),
    (iam_models, "SERVICE_NAME_CONVERSION", _SERVICE_NAMES),
    (DBInstance, "performance_insights_enabled", _performance_insights),
    (DBCluster, "enable_iam_database_authentication", _cluster_iam_authentication),
    (DBCluster, "cloudwatch_logs_export_configuration", _cluster_log_exports),
    (DBCluster, "SUPPORTED_FILTERS", _CLUSTER_FILTERS),
    (RDSResponse, "describe_db_parameters", _describe_db_parameters),
    (RDSResponse, "reset_db_parameter_group", _reset_db_parameter_group),
    (RDSResponse, "describe_db_engine_versions", _describe_db_engine_versions),
    (ElastiCacheResponse, "modify_replication_group", _modify_replication_group),
    (ElastiCacheBackend, "describe_cache_clusters", _describe_cache_clusters),
    (ELBBackend, "get_load_balancer", _get_classic_load_balancer),
    (ELBv2Backend, "create_load_balancer", _create_load_balancer),
    (Monitoring, "monitor_instances", _monitoring("pending", "enabled")),
    (Monitoring, "unmonitor_instances", _monitoring("disabling", "disabled")),
    (ElasticBlockStore, "describe_snapshots", _describe_snapshots),
    (InstanceBackend, "all_reservations", _all_reservations),
    (InstanceBackend, "modify_instance_metadata_options", _modify_metadata_options),
    *(
        (AutoScalingResponse, name, _with_cooldown(getattr(AutoScalingResponse, name)))
        for name in ("create_auto_scaling_group", "update_auto_scaling_group")
    ),
    (LambdaBackend, "remove_permission", _remove_permission),
    (OpenSearchServiceResponse, "update_domain_config", _update_domain_config),
    (SecretsManagerBackend, "rotate_secret", _rotate_secret),
    (SQSBackend, "set_queue_attributes", _set_queue_attributes),
    (S3Response, "all_buckets", _all_buckets),
    (CloudFormationResponse, "update_termination_protection", _update_termination_protection),
]
