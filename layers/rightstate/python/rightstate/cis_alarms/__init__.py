"""Alarms on CloudTrail's events, as the CIS AWS Foundations Benchmark and Security Hub want them.

A metric filter of the log group that a trail delivers to counts certain events. An alarm on its metric tells
a topic. Only what is named rightstate-cloudwatch-… is ever written, because both calls replace what has the
same name. An alarm on the metric of somebody else's filter has a name of its own, to replace no other.
"""
