"""A batch over days: sources grow and change, copies vanish, the power fails at any moment."""

import hashlib
import tempfile
from itertools import groupby
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from custody.domain.events import BatchQueued, FileVerified
from custody.domain.identifiers import Stream
from custody.domain.use_cases.batches.run_batch import start
from custody.domain.use_cases.workshop import BatchResult, RunSettings
from tests.fakes.power_cut import Fuse, MortalBench, PowerCut
from tests.fakes.workbench import tree

NAMES = st.sampled_from(["a", "b", "d/a", "d/b", "d/e/c"])
CONTENTS = st.sampled_from(["", "short", "other", "a long one" * 7_000]).map(str.encode)
SETTINGS = RunSettings(window_files=2, sample_files=1, retry_pause_seconds=0.0)


class Batch(RuleBasedStateMachine):
    """The same plan over and over, on a small tree."""

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="batch-machine-")
        self.bench = MortalBench(Path(self.folder.name), settings=SETTINGS)
        self.mtime = 1_700_000_000
        self.versions: dict[str, set[bytes]] = {}
        self.precious: dict[Path, bytes] = {}
        self.settled = False  # nothing was touched since the present run began
        self.before = tree(self.bench.source)
        self.seen = 0

    def teardown(self) -> None:
        if hasattr(self, "bench"):
            self.bench.close()
            self.folder.cleanup()

    # What people do between the runs.

    @rule(name=NAMES, content=CONTENTS)
    def write_source(self, name: str, content: bytes) -> None:
        self.mtime += 1
        self.bench.write(name, content, mtime=self.mtime)
        self.versions.setdefault(name, set()).add(content)
        self._touched()

    @precondition(lambda self: self._sources())
    @rule(data=st.data())
    def remove_source(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from(self._sources())).unlink()
        self._touched()

    @precondition(lambda self: self._copies())
    @rule(data=st.data())
    def delete_copy(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from(self._copies())).unlink()
        self._touched()

    @precondition(lambda self: self._uncopied())
    @rule(data=st.data(), content=CONTENTS)
    def put_a_file_of_somebody_else(self, data: st.DataObject, content: bytes) -> None:
        place = data.draw(st.sampled_from(self._uncopied()))
        place.write_bytes(content)
        self.precious[place] = content
        self._touched()

    # Runs.

    @rule(calls=st.integers(1, 60), after=st.booleans())
    def run_until_the_power_fails(self, calls: int, after: bool) -> None:
        self._begin_run()
        try:
            result = start(self.bench.fused(Fuse(calls, after=after)), self.bench.plan())
        except PowerCut:
            self.bench.die()
            self.bench = MortalBench(self.bench.folder, settings=SETTINGS)
            self._nothing_torn_stands_under_its_own_name()
        else:
            self._ended(result)
        self._every_new_claim_is_true()

    @rule()
    def run_to_the_end(self) -> None:
        self._begin_run()
        conflicts = self._conflicts()
        result = self.bench.run()
        self.latest = result.status
        if self.settled and not conflicts and not self.precious:
            assert result.status == "completed", result
        self._ended(result)
        self._every_new_claim_is_true()

    @rule()
    def run_twice(self) -> None:
        self.run_to_the_end()
        whole = self.settled and self.latest == "completed"
        copies = {path: path.read_bytes() for path in self._copies()}
        result = self.bench.run()
        now = {path: path.read_bytes() for path in self._copies()}
        assert copies.items() <= now.items()
        # What came to the source behind an interrupted inventory waited for this second run.
        assert not whole or (result.files.verified == 0 and now == copies)
        self._ended(result)

    # What must hold.

    @invariant()
    def nothing_was_done_to_the_source(self) -> None:
        if hasattr(self, "bench"):
            assert tree(self.bench.source) == self.before

    @invariant()
    def no_file_of_somebody_else_was_touched(self) -> None:
        if hasattr(self, "bench"):
            assert {path: path.read_bytes() for path in self.precious} == self.precious

    @invariant()
    def the_ledger_is_without_gaps(self) -> None:
        if not hasattr(self, "bench"):
            return
        recorded = self.bench.recorded()
        assert [one.position for one in recorded] == list(range(len(recorded)))
        ordered = sorted(recorded, key=lambda one: (str(one.stream), one.position))
        for _, group in groupby(ordered, key=lambda one: one.stream):
            revisions = [one.revision for one in group]
            assert revisions == list(range(1, len(revisions) + 1))

    @invariant()
    def the_same_plan_is_the_same_batch(self) -> None:
        if hasattr(self, "bench"):
            assert len(self.bench.events(BatchQueued)) <= 1

    def _begin_run(self) -> None:
        batches = self.bench.ledger.read_model.batches()
        if not batches or not batches[0].run or batches[0].state in {"completed", "incomplete"}:
            self.settled = True  # a new run takes a new inventory

    def _ended(self, result: BatchResult) -> None:
        assert not list(self.bench.destination.rglob("*.part"))
        (job,) = self.bench.jobs()
        rows = self.bench.ledger.read_model.transfers(job.id, states=("verified", "skipped"))
        for row in rows:
            if row.run == result.run:
                copy = (self.bench.destination / row.path.decode()).read_bytes()
                assert row.digests == {"sha256": hashlib.sha256(copy).hexdigest()}
        if result.status == "completed" and self.settled:
            for source in self._sources():
                copy = self._copy_of(source)
                assert copy.read_bytes() == source.read_bytes()
                name = str(source.relative_to(self.bench.folder)).encode()
                if self.bench.row(name).state == "verified":
                    assert copy.stat().st_mtime_ns == source.stat().st_mtime_ns

    def _every_new_claim_is_true(self) -> None:
        recorded = self.bench.recorded()
        for one in recorded[self.seen :]:
            if isinstance(one.event, FileVerified):
                copy = (self.bench.destination / one.event.path.decode()).read_bytes()
                assert one.event.digests == {"sha256": hashlib.sha256(copy).hexdigest()}
                assert copy in self.versions[one.event.path.decode().removeprefix("source/")]
                assert one.stream == Stream("file", one.stream.id)
        self.seen = len(recorded)

    def _nothing_torn_stands_under_its_own_name(self) -> None:
        for copy in self._copies():
            assert (
                copy.read_bytes() in self.versions[str(copy.relative_to(self.bench.destination / "source"))]
            )

    def _conflicts(self) -> bool:
        return any(
            self._copy_of(source).exists() and self._copy_of(source).read_bytes() != source.read_bytes()
            for source in self._sources()
        )

    def _touched(self) -> None:
        self.settled = False
        self.before = tree(self.bench.source)

    def _sources(self) -> list[Path]:
        return sorted(path for path in self.bench.source.rglob("*") if path.is_file())

    def _copy_of(self, source: Path) -> Path:
        return self.bench.destination / "source" / source.relative_to(self.bench.source)

    def _copies(self) -> list[Path]:
        """The copies that the pipeline made."""
        found = sorted(path for path in self.bench.destination.rglob("*") if path.is_file())
        return [path for path in found if path not in self.precious and path.suffix != ".part"]

    def _uncopied(self) -> list[Path]:
        places = map(self._copy_of, self._sources())
        return [place for place in places if place.parent.is_dir() and not place.exists()]


TestBatch = Batch.TestCase
TestBatch.settings = settings(
    max_examples=10, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
)
