"""The ledger on disk: schema, codec, recorder, reader and read models."""
