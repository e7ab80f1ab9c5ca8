"""What the tests know of OpenSearch Service domains."""

from tests.support.answers import of_one
from tests.support.tags import LISTED
from tests.types import Busy, Expected

EXPECTED = Expected(
    arn="arn:{partition}:es:{region}:{account}:domain/{id}",
    read=of_one("opensearch", "DomainNames", "describe_domains", many=True),
    tag=lambda session, name, arn: session.client("opensearch").add_tags(ARN=arn, TagList=LISTED),
    busy=Busy("DescribeDomains", ("DomainStatusList", 0, "Processing"), True),
    names={
        "search": "search",
        "arn:aws:es:eu-west-1:111122223333:domain/search": "search",
    },
    elsewhere={
        "arn:aws:es:eu-west-1:999999999999:domain/search": "account",
        "arn:aws:es:us-east-1:111122223333:domain/search": "region",
        "arn:aws-cn:es:eu-west-1:111122223333:domain/search": "partition",
    },
    not_in_config="Config calls a domain by its account and name, which is neither a name nor an ARN.",
    iam_prefixes={"opensearch": "es"},
    listed=0.25,
)
