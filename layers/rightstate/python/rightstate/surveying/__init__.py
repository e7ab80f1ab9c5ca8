"""Observing all resources of a type at once, and what was seen."""
