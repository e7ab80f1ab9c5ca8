"""Simulated accounts, and what moto lacks."""

import sys

# moto.cloudformation imports jsonschema, which takes four seconds to build a grammar of IRIs. Without this
# module it does not check IRIs (jsonschema/_format.py), and nothing here has any.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
