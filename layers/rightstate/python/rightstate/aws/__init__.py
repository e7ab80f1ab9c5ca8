"""Credentials, clients and errors of AWS."""
