"""Rightstate's library: what the Lambda functions and the command line share."""

__version__ = "0.1.0"
