"""Reports and exports, made only from the records of a ledger."""
