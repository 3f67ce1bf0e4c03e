"""Entries of the ledger: canonical JSON, the signed envelope, and the event inside."""
