"""The tags that tests put on a resource, as services take them."""

TAGS = {"team": "payments", "owner": "ana"}
LISTED = [{"Key": key, "Value": value} for key, value in TAGS.items()]
