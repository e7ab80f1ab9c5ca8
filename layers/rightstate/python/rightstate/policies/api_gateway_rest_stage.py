"""The policies of stages of API Gateway REST APIs."""

from rightstate.policy import Parameter, Policy, Reversibility, Risk, Severity
from rightstate.wants import EachAtLeast

POLICIES = (
    Policy(
        id="api-gateway-rest-execution-logging",
        title="Ensure API Gateway REST stages log executions",
        category="AWS - Audit and Logging",
        risk=Risk.COST,
        severity=Severity.MEDIUM,
        wants={"LoggingLevels": EachAtLeast(ranking=("OFF", "ERROR", "INFO"), minimum_from="level")},
        parameters={
            "level": Parameter(
                default="ERROR",
                choices=("ERROR", "INFO"),
                why="What a stage and each of its methods logs at least.",
            )
        },
        held_when=("no-log-role",),
        side_effects="CloudWatch Logs charges for what is logged. Whole requests and responses are not "
        "logged: data tracing stays as it is.",
        reversibility=Reversibility.FULLY,
        undo_note="Each level is set back. One that had not been set is OFF, which is the same.",
        security_hub=("APIGateway.1",),
        prowler=("apigateway_restapi_logging_enabled",),
        config_rules=("API_GW_EXECUTION_LOGGING_ENABLED",),
        notes="The control also asks it of WebSocket APIs, which are another type.",
    ),
    Policy(
        id="api-gateway-rest-cache-encryption",
        title="Ensure API Gateway REST stages encrypt their caches",
        category="AWS - Data Protection",
        risk=Risk.SAFE,
        severity=Severity.MEDIUM,
        wants={"CachesEncrypted": EachAtLeast(ranking=("false", "true"), minimum="true")},
        not_applicable=("no-cache",),
        side_effects="None known. If API Gateway flushes the cache, the backend answers more requests "
        "until it is filled again.",
        reversibility=Reversibility.FULLY,
        undo_note="Responses are cached unencrypted again, of the methods of which they were.",
        security_hub=("APIGateway.5",),
        prowler=("apigateway_restapi_cache_encrypted",),
        config_rules=("API_GW_CACHE_ENABLED_AND_ENCRYPTED",),
        notes="Only methods that are cached are changed.",
    ),
)
