"""Bundles that somebody brought along: every name, size and byte in them may be hostile."""
