"""Copies and links looked at again, and compared with what the ledger says."""
