import io
import json
import re

import pytest

from custody.cli.meter import Amount, Meter
from custody.cli.options import Choices
from custody.cli.output import Output
from custody.cli.progress import LINE_SECONDS, shown_progress
from custody.cli.wording import columns

MEGABYTE = 1_000_000


class FakeClock:
    def __init__(self) -> None:
        self.seconds = 100.0

    def monotonic(self) -> float:
        return self.seconds


def output(*, environment: dict[str, str] | None = None, **choices: bool) -> Output:
    return Output(Choices(**choices), environment or {})  # type: ignore[arg-type]  # flags only


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_total_is_half_full_when_everything_is_copied_and_nothing_read_back() -> None:
    meter = Meter(FakeClock())
    meter.plan(1, 10 * MEGABYTE)

    meter.advance(b"a", "copy", 10 * MEGABYTE, 0)

    assert meter.bytes_done * 2 == meter.bytes


def test_a_flush_moves_no_bytes_of_its_own() -> None:
    meter = Meter(FakeClock())
    meter.plan(1, 10)

    meter.advance(b"a", "flush", 10, 0)

    assert (meter.bytes_done, meter.phase) == (0, "flush")


def test_the_total_is_full_once_everything_was_read_back() -> None:
    meter = Meter(FakeClock())
    meter.plan(1, 10)

    meter.advance(b"a", "copy", 10, 0)
    meter.advance(b"a", "read back", 10, 0)

    assert meter.bytes_done == meter.bytes


def test_what_was_never_planned_is_not_counted_as_done() -> None:
    meter = Meter(FakeClock())
    meter.finish(b"b", "skipped")
    meter.plan(2, 10)

    meter.finish(b"a", "verified")

    assert (meter.files_done, meter.files) == (1, 2)


def test_a_retried_file_never_makes_the_total_more_than_full() -> None:
    meter = Meter(FakeClock())
    meter.plan(1, 10)

    for _ in range(5):
        meter.advance(b"a", "copy", 10, 0)

    assert meter.bytes_done == meter.bytes


def test_the_total_is_the_expected_one_from_the_beginning_and_does_not_grow_job_by_job() -> None:
    meter = Meter(FakeClock(), expected=Amount(3, 30))
    meter.plan(1, 10)
    meter.plan(2, 20)

    assert (meter.files, meter.bytes) == (3, 60)


def test_what_is_found_beyond_the_expected_makes_the_total_larger() -> None:
    meter = Meter(FakeClock(), expected=Amount(1, 10))
    meter.plan(2, 25)

    assert (meter.files, meter.bytes) == (2, 50)


def test_a_file_that_failed_after_its_copy_is_not_done_and_may_pass_again() -> None:
    meter = Meter(FakeClock())
    meter.plan(2, 20)
    meter.advance(b"a", "copy", 10, 10)
    meter.finish(b"a", "failed")

    assert (meter.bytes_done, meter.files_done, meter.failed) == (0, 0, 1)

    meter.advance(b"a", "copy", 10, 10)
    meter.advance(b"a", "read back", 10, 10)
    meter.finish(b"a", "verified")

    assert (meter.bytes_done, meter.files_done, meter.failed) == (20, 1, 0)


def test_of_empty_files_the_part_done_is_told_by_their_number() -> None:
    meter = Meter(FakeClock())
    meter.plan(4, 0)

    meter.finish(b"a", "verified")

    assert meter.percent == 25


def test_the_rate_and_the_time_left_follow_from_what_was_done() -> None:
    clock = FakeClock()
    meter = Meter(clock)
    meter.plan(1, 50 * MEGABYTE)
    meter.advance(b"a", "copy", 0, 0)
    clock.seconds += 10
    meter.advance(b"a", "copy", 25 * MEGABYTE, 0)

    assert (round(meter.rate), meter.eta_seconds) == (2_500_000, 30)


def test_the_time_that_listing_the_sources_took_is_not_in_the_rate() -> None:
    clock = FakeClock()
    meter = Meter(clock)
    meter.plan(1, 50 * MEGABYTE)
    clock.seconds += 3600
    meter.advance(b"a", "copy", 0, 0)
    clock.seconds += 10
    meter.advance(b"a", "copy", 25 * MEGABYTE, 0)

    assert round(meter.rate) == 2_500_000


def test_there_is_no_time_left_to_tell_before_a_rate_is_known() -> None:
    clock = FakeClock()
    meter = Meter(clock)
    meter.plan(1, 50)
    assert meter.eta_seconds is None

    meter.advance(b"a", "copy", 10, 0)
    clock.seconds += 0.5

    assert meter.eta_seconds is None


def test_without_a_terminal_a_line_comes_every_ten_seconds_on_stderr(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = FakeClock()
    with shown_progress(output(), clock, verbose=0) as progress:
        progress.plan(files=1, size=100 * MEGABYTE)
        for _ in range(25):
            clock.seconds += 1
            progress.advance(b"clip.mov", "copy", MEGABYTE)

    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == int(25 / LINE_SECONDS)
    assert re.search(r"5 %, 0/1 file, 10\.0 MB of 200\.0 MB, .*copy clip\.mov", err)


def test_a_failed_file_is_said_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    with shown_progress(output(), FakeClock(), verbose=0) as progress:
        progress.finished(b"a\x1b[2J", "failed", "Input/output error")

    assert capsys.readouterr().err == "FAILED   a\\x1b[2J: Input/output error\n"


def test_a_verified_file_is_said_only_when_more_is_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    for verbose in (0, 1):
        with shown_progress(output(), FakeClock(), verbose=verbose) as progress:
            progress.finished(b"a", "verified")

    assert capsys.readouterr().err == "VERIFIED a\n"


def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with shown_progress(output(quiet=True), FakeClock(), verbose=0) as progress:
        progress.plan(files=1, size=1)
        progress.note("something")
        progress.finished(b"a", "failed", "reason")

    assert capsys.readouterr() == ("", "")


def test_json_progress_is_one_object_a_second_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    clock = FakeClock()
    with shown_progress(output(json=True), clock, verbose=0) as progress:
        progress.plan(files=1, size=10)
        for _ in range(4):
            clock.seconds += 0.5
            progress.advance(b"caf\xe9", "read back", 1)

    out, err = capsys.readouterr()
    objects = [json.loads(line) for line in out.splitlines()]
    assert err == ""
    assert [one["type"] for one in objects] == ["progress"] * 3
    assert objects[-1]["path"] == "caf\\xe9"
    assert objects[-1]["path_b64"] == "Y2Fm6Q=="
    assert objects[-1]["phase"] == "read back"
    assert (objects[-1]["bytes_done"], objects[-1]["bytes_total"]) == (4, 20)


def test_a_terminal_gets_bars_and_is_left_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    clock = FakeClock()
    with shown_progress(output(), clock, verbose=0) as progress:
        progress.plan(files=1, size=10 * MEGABYTE)
        clock.seconds += 1
        progress.advance(b"clip.mov", "copy", 4 * MEGABYTE, 10 * MEGABYTE)

    shown = terminal.getvalue()
    assert "clip.mov" in shown
    assert "copy" in shown
    assert "20 %" in shown
    assert shown.rstrip("\r\n").endswith("\x1b[2K")


def test_bars_of_a_large_batch_stay_within_eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    clock = FakeClock()
    expected = Amount(1_000_000, 40_000_000 * MEGABYTE)
    with shown_progress(output(), clock, verbose=0, expected=expected) as progress:
        progress.plan(files=1_000_000, size=40_000_000 * MEGABYTE)
        progress.advance(b"clip.mov", "read back", 0, 0)
        clock.seconds += 100
        progress.advance(("証拠" * 20).encode(), "read back", 99_990 * MEGABYTE, 99_999 * MEGABYTE)
        progress.finished(b"word " * 40, "failed", "Input/output error")

    lines = [re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line) for line in re.split("[\r\n]+", terminal.getvalue())]
    assert any("/1000000" in line and "left" in line for line in lines)
    assert max(columns(line) for line in lines) <= 80


@pytest.mark.parametrize("environment", [{"TERM": "dumb"}, {"CI": "1"}])
def test_a_terminal_that_only_prints_lines_gets_lines(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    clock = FakeClock()
    with shown_progress(output(environment=environment), clock, verbose=0) as progress:
        clock.seconds += 11
        progress.plan(files=1, size=10)

    assert "\x1b" not in terminal.getvalue()
    assert terminal.getvalue().count("\n") == 1
