"""Where the ledger is kept, and the key that signs for it."""
