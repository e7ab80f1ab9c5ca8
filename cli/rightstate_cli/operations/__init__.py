"""What commands do with a hub or with the ledger of this machine."""
