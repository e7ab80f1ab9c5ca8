"""The policies of the settings of Systems Manager."""

from rightstate.policy import Parameter, Policy, Reversibility, Risk, Severity
from rightstate.wants import Exactly, Present

HOST_MANAGEMENT_ROLE = "service-role/AWSSystemsManagerDefaultEC2InstanceManagementRole"
"""How the role is called that instances take (Systems Manager User Guide, Default Host Management
Configuration)."""

POLICIES = (
    Policy(
        id="ssm-block-public-document-sharing",
        title="Ensure public sharing of SSM documents is blocked",
        category="AWS - Governance",
        risk=Risk.SAFE,
        severity=Severity.CRITICAL,
        wants={"PublicSharing": Exactly(value="Disable")},
        side_effects="From then on nobody can make a document of the region public. Those that are "
        "public stay so.",
        reversibility=Reversibility.FULLY,
        undo_note="The setting as it was, or its default, is set.",
        security_hub=("SSM.7",),
        config_rules=("SSM_AUTOMATION_BLOCK_PUBLIC_SHARING",),
        notes="ssm-document-not-public is about documents that are public already.",
    ),
    Policy(
        id="ssm-default-host-management",
        title="Ensure Systems Manager default host management is configured",
        category="AWS - Compute",
        risk=Risk.BREAKS_ACCESS,
        severity=Severity.MEDIUM,
        wants={"HostManagementRole": Present(otherwise_from="role_name")},
        parameters={
            "role_name": Parameter(
                example=HOST_MANAGEMENT_ROLE,
                pattern=HOST_MANAGEMENT_ROLE + r"[A-Za-z0-9_+=,.@-]{0,16}",
                why="The role that instances take, with its path. It has the name that AWS gives it, or "
                "a longer one: Rightstate may pass no other. ssm.amazonaws.com may assume it, and it has "
                "the policy AmazonSSMManagedEC2InstanceDefaultPolicy.",
            )
        },
        side_effects="Every instance of the region with IMDSv2 and SSM Agent 3.2.582.0 or later becomes "
        "a managed node within half an hour. People with rights to Systems Manager can run commands there. "
        "Instances with a profile of their own keep it.",
        reversibility=Reversibility.FULLY,
        undo_note="The setting as it was, or its default, is set.",
        security_hub=("SSM.1",),
        notes="It changes no instance. Rightstate does not make the role.",
    ),
)
