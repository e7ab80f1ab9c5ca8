"""Settings, ledger and guards as an operator reads and writes them, wherever they are kept."""
