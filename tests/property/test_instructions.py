"""Whatever a batch file holds, it becomes a plan or a list of mistakes, never another error."""

import csv
import io
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from custody.domain.copying.plan import JobPlan, Plan
from custody.domain.errors import MalformedData, UsageError
from custody.domain.form import FIELDS
from custody.domain.instructions import BadInstruction, read_instruction
from custody.domain.instructions.compile import JOB_KEYS, Draft, DraftJob, compile_plan
from custody.domain.paths import RawPath

FOLDER = RawPath(b"/batches")
KEYS = st.sampled_from(sorted(JOB_KEYS)) | st.text(max_size=4)
PATHS = st.text("ab/.é", max_size=8)
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.datetimes() | PATHS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
GOOD = st.fixed_dictionaries(
    {"files": st.lists(PATHS.filter(bool), max_size=3), "output": PATHS, "case_number": st.text(max_size=5)},
    optional={
        "hashes": st.just(["md5"]),
        "name": st.text(max_size=5),
        "template": st.just("{name}/{exhibit}"),
    },
)
JOBS = st.lists(GOOD | st.dictionaries(KEYS, ANY, max_size=5), max_size=3)


def attempted(work: Callable[[], Plan]) -> Plan | UsageError:
    try:
        return work()
    except UsageError as error:
        return error


@given(st.dictionaries(KEYS, ANY, max_size=3), st.dictionaries(KEYS, ANY, max_size=3), JOBS)
def test_any_draft_becomes_a_plan_that_comes_back_or_a_list_of_mistakes(
    batch: dict[str, object], defaults: dict[str, object], jobs: list[dict[str, object]]
) -> None:
    draft = Draft(
        batch=batch, defaults=defaults, jobs=tuple(DraftJob(f"job {n}", job) for n, job in enumerate(jobs))
    )
    plan = attempted(lambda: compile_plan("f", draft, folder=FOLDER))
    if isinstance(plan, UsageError):
        assert isinstance(plan, BadInstruction)
        assert plan.mistakes
        return
    assert Plan.from_bytes(plan.to_bytes()) == plan
    for job in plan.jobs:
        assert job.case_number
        assert job.sources
        assert all(
            path.startswith(b"/") and b"/../" not in path + b"/" for path in (job.destination, *job.sources)
        )


@given(
    st.sampled_from([".toml", ".csv"]),
    st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode(errors="replace")),
)
def test_any_file_becomes_a_plan_or_a_usage_error(ending: str, content: bytes) -> None:
    found = attempted(lambda: read_instruction("f" + ending, content, folder=FOLDER))
    assert isinstance(found, Plan) or found.done == "nothing was written"


@given(
    st.lists(
        st.dictionaries(st.sampled_from(sorted(JOB_KEYS)), st.text(max_size=10), min_size=1),
        min_size=1,
        max_size=4,
    )
)
def test_any_table_of_job_keys_is_read_row_by_row(jobs: list[dict[str, str]]) -> None:
    header = sorted({key for job in jobs for key in job})
    out = io.StringIO()
    writer = csv.DictWriter(out, header, restval="", lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(jobs)
    content = out.getvalue().encode(errors="replace")
    found = attempted(lambda: read_instruction("f.csv", content, folder=FOLDER))
    if isinstance(found, BadInstruction):
        rows = {mistake.where.split(",")[0] for mistake in found.mistakes}
        assert rows <= {"f.csv", "CSV", "row 1", *(f"row {number}" for number in range(2, len(jobs) + 2))}


RAW = (
    st.binary(min_size=1, max_size=10)
    .filter(lambda path: b"/" not in path and b"\0" not in path)
    .map(lambda name: RawPath(b"/" + name))
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
JOB_PLANS = st.builds(
    JobPlan,
    name=TEXT,
    case_number=TEXT,
    exhibit=st.none() | TEXT,
    destination=RAW,
    sources=st.lists(RAW, max_size=3).map(tuple),
    algorithms=st.just(("sha256",)),
    form=st.dictionaries(st.sampled_from(FIELDS), TEXT),
    salvage=st.booleans(),
    read_source_twice=st.booleans(),
)
PLANS = st.builds(
    Plan,
    name=TEXT,
    stop_when_failed_over_permille=st.integers(0, 1000),
    jobs=st.lists(JOB_PLANS, max_size=3).map(tuple),
)


@given(PLANS)
def test_every_plan_comes_back_from_its_bytes(plan: Plan) -> None:
    assert Plan.from_bytes(plan.to_bytes()) == plan


@settings(max_examples=300)
@given(PLANS, st.data())
def test_a_changed_plan_is_refused_or_a_plan_that_comes_back(plan: Plan, data: st.DataObject) -> None:
    raw = bytearray(plan.to_bytes())
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        found = Plan.from_bytes(bytes(raw))
    except MalformedData:
        return
    assert Plan.from_bytes(found.to_bytes()) == found
    # Only the printed form of a path whose bytes stand beside it may change without changing the plan.
    assert found != plan or b"path_b64" in raw
