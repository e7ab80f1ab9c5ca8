"""What the tests know of Kinesis data streams."""

from tests.support.answers import of_one
from tests.support.installation import STRANGER
from tests.support.kms import KEY, through
from tests.support.tags import TAGS
from tests.types import Busy, Expected

# Its own, and one that another account shares.
_KEYS = (KEY, KEY.replace("{account}", STRANGER))

EXPECTED = Expected(
    arn="arn:{partition}:kinesis:{region}:{account}:stream/{id}",
    read=of_one("kinesis", "StreamName", "describe_stream_summary"),
    tag=lambda session, name, arn: session.client("kinesis").add_tags_to_stream(StreamName=name, Tags=TAGS),
    beside={"kinesis:StartStreamEncryption": _KEYS, "kinesis:StopStreamEncryption": _KEYS},
    instead={
        "kinesis:DisableEnhancedMonitoring": ["*"],
        "kinesis:EnableEnhancedMonitoring": ["*"],
    },
    dependent=through("kinesis", "kms:DescribeKey"),
    busy=Busy("DescribeStreamSummary", ("StreamDescriptionSummary", "StreamStatus"), "UPDATING"),
    read_one_by_one=("kinesis:DescribeStreamSummary",),
)
