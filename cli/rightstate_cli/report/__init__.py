"""The report: what the ledger has of a period, as a page for people and as files for other tools.

`source` reads the ledger, `ordered` puts it in the order of time, `writer` writes the directory.
"""
