"""The deployed hub: its stack, executions, contacts and admission list."""
