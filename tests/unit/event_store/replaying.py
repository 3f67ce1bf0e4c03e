"""The read models of a ledger beside those of a replay of its entries."""

from pathlib import Path

from custody.infrastructure.event_store import schema
from custody.infrastructure.event_store.engine import reading
from custody.infrastructure.event_store.ledger import SqlLedger
from custody.infrastructure.event_store.replay import Difference, replay_into, table_differences


def differences_of(ledger: SqlLedger, folder: Path) -> list[Difference]:
    """Every difference, by table and key; the replay is built in ``folder``."""
    replayed = replay_into(folder / "replayed.db", ledger.reader.recorded())
    try:
        with reading(ledger.reader.engine) as live, reading(replayed) as fresh:
            return [
                difference
                for table in schema.READ_MODEL_TABLES
                for difference in table_differences(table, live, fresh)
            ]
    finally:
        replayed.dispose()
