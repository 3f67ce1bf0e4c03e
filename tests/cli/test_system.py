import re
from datetime import UTC
from pathlib import Path

import pytest

from custody.infrastructure import system


def test_the_clock_is_aware_and_utc() -> None:
    assert system.SystemClock().now().tzinfo is UTC


def test_the_monotonic_clock_never_goes_back() -> None:
    clock = system.SystemClock()

    assert clock.monotonic() <= clock.monotonic()


def test_the_workstation_names_itself_and_its_tool() -> None:
    machine = system.workstation()

    assert machine.host
    assert machine.tool == "custody"
    assert re.match(r"\d+\.\d+", machine.version)
    assert abs(machine.utc_offset_seconds) <= 14 * 3600


def test_the_zone_is_the_one_of_the_tz_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", ":Europe/Berlin")

    assert system.workstation().zone == "Europe/Berlin"


def test_a_machine_without_a_boot_id_has_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(system, "_BOOT_ID", tmp_path / "missing")

    assert system.boot_id() is None


@pytest.mark.parametrize(("state", "known"), [(0, True), (5, False), (1, True)])
def test_the_kernel_tells_whether_the_clock_is_synchronised(
    state: int, known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system, "_adjtimex", lambda: state)

    assert system.clock_synchronised() is known


@pytest.mark.parametrize(("there", "known"), [(True, True), (False, None)])
def test_where_the_kernel_does_not_say_the_time_service_s_mark_does(
    there: bool, known: bool | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path
    monkeypatch.setattr(system, "_adjtimex", lambda: None)
    monkeypatch.setattr(system, "_TIMESYNCD_MARK", folder if there else folder / "missing")

    assert system.clock_synchronised() is known


def test_new_ids_and_names_are_new() -> None:
    assert system.new_ledger_id() != system.new_ledger_id()
    assert system.new_stream_id() != system.new_stream_id()
    assert re.fullmatch(r"[0-9a-f]{8}", system.new_name())
