"""Approved plans, carried out by the hub; and events sent to its bus again."""
