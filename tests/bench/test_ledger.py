from pathlib import Path

from tests.bench.ledger import audited, write
from tests.unit.event_store.sample_ledger import new_workspace


def test_the_ledger_that_is_written_passes_the_audit_that_is_measured(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path / "speed")
    write(workspace, 1_000)

    said = list(audited(tmp_path / "speed"))

    assert said[0].split()[1:3] == ["1,006", "entries,"]
    assert "MiB in the other process" in said[-1]
