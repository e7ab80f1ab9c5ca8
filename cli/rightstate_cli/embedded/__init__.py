"""Rightstate without a hub: its engine and its tables, on the machine of whoever calls."""
