"""Judging a ledger: one check in each module, put together by the auditor. Opens no file."""
