"""A public cluster that nobody upgrades, and that keeps neither logs nor automated snapshots."""

import boto3

from rightstate_cli.simulation.examples import Example


def _create(session: boto3.Session, name: str, policy: str) -> str:
    redshift = session.client("redshift")
    redshift.create_cluster(
        ClusterIdentifier=name,
        NodeType="dc2.large",  # the last kind of node that could do without automated snapshots
        ClusterType="single-node",
        MasterUsername="master",
        MasterUserPassword="Planted-secret-of-a-cluster-1",
        PubliclyAccessible=True,
        AllowVersionUpgrade=False,
    )
    # Not when it is created: moto takes that 0 for an absence.
    redshift.modify_cluster(ClusterIdentifier=name, AutomatedSnapshotRetentionPeriod=0)
    return name


EXAMPLE = Example(
    name="analytics",
    policy="redshift-no-public-access",
    event="ModifyCluster",
    recorded=(
        "CreateCluster",
        "ModifyCluster",
    ),
    create=_create,
)
