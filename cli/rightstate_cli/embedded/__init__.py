"""Rightstate without a hub: its engine and its tables, on the user's own machine."""
