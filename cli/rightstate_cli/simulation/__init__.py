"""Simulated accounts, and what moto lacks."""
