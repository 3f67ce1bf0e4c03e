"""The plan, and batch files compiled to it."""

import json
from decimal import Decimal

import pytest

from custody.domain import canonical
from custody.domain.copying.plan import NEVER_STOP, JobPlan, Plan, copy_plan, shared_landings
from custody.domain.copying.template import TEMPLATE_FIELDS
from custody.domain.errors import MalformedData, UsageError
from custody.domain.instructions import MAX_INSTRUCTION_BYTES, BadInstruction, read_instruction
from custody.domain.instructions.compile import Draft, DraftJob, Mistake, compile_plan
from custody.domain.paths import RawPath

FOLDER = RawPath(b"/batches")
ROUNDED = (
    "a spreadsheet has rounded a long number and its last digits are lost; "
    "format the column as text and type it again"
)
_FIELDS = f"fields: {', '.join(TEMPLATE_FIELDS)}"
_B = f"has an unknown field 'b'; {_FIELDS}"
_Q = f"has a format for 'name', which is not a time, has an unknown date directive '%Q'; {_FIELDS}"
_LONG = f"makes a path over 4096 bytes or a name over 255; {_FIELDS}"
MANY = """
[defaults]
case_number = true
dvr_time = 'x'
hashes = ['a', 'b']
template = '{a}{b:%Q}'
[[job]]
files = ['/a']
[[job]]
files = ['/a']
template = '{name:%d}/{video_end:%Q}'
"""
TOML = b"""
[batch]
name = "Main Street robbery"
stop_when_failed_over = 0.5
[defaults]
output = "/mnt/evidence"
template = "{case_number}/{name}"
hashes = ["sha256", "md5"]
zip = false
case_number = "2026-0147"
[[job]]
name = "Camera 1"
files = ["/mnt/wb1/DCIM/cam01.mov", "local.mov"]
folders = ["/mnt/wb1/AUDIO"]
exhibit = "A-001"
video_start = 2026-03-01T21:10:00
notes = "first"
[[job]]
name = "Camera 2"
files = ["/mnt/wb2/a"]
hashes = []
template = ""
output = "/mnt/other"
"""


def read(text: str | bytes, name: str = "batch.toml") -> Plan:
    return read_instruction(name, text.encode() if isinstance(text, str) else text, folder=FOLDER)


def mistakes(text: str | bytes, name: str = "batch.toml") -> list[str]:
    with pytest.raises(BadInstruction) as bad:
        read(text, name)
    return [str(mistake) for mistake in bad.value.mistakes]


def with_job(lines: str, head: str = "") -> str:
    return f'{head}\n[[job]]\nfiles = ["/a"]\noutput = "/out"\ncase_number = "1"\n{lines}\n'


def test_a_toml_file_becomes_a_plan() -> None:
    plan = read(TOML)
    assert (plan.name, plan.stop_when_failed_over_permille) == ("Main Street robbery", 500)
    assert plan.jobs == (
        JobPlan(
            name="Camera 1",
            case_number="2026-0147",
            exhibit="A-001",
            destination=RawPath(b"/mnt/evidence/2026-0147/Camera 1"),
            sources=(
                RawPath(b"/batches/local.mov"),
                RawPath(b"/mnt/wb1/AUDIO"),
                RawPath(b"/mnt/wb1/DCIM/cam01.mov"),
            ),
            algorithms=("md5", "sha256"),
            form={
                "case_number": "2026-0147",
                "exhibit": "A-001",
                "notes": "first",
                "video_start": "2026-03-01T21:10:00",
            },
        ),
        JobPlan(
            name="Camera 2",
            case_number="2026-0147",
            exhibit=None,
            destination=RawPath(b"/mnt/other"),
            sources=(RawPath(b"/mnt/wb2/a"),),
            algorithms=("sha256",),
            form={"case_number": "2026-0147"},
        ),
    )


def test_the_same_file_twice_is_the_same_batch_and_another_is_another() -> None:
    assert read(TOML).id == read(TOML).id
    assert read(TOML).id != read(TOML.replace(b"first", b"second")).id


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_csv_file_becomes_the_plan_that_its_toml_twin_is(delimiter: str, ending: str) -> None:
    rows = [
        ["Name", "files", "output", "case_number", "hashes", "zip", "video_start"],
        ["one", '"/a\n/b"', "/out", "2026-1", "md5", "no", "2026-03-01 21:10"],
        ["", "", "", "", "", "", ""],
        ["two", '"/c; /d"', "/out", "2026-1", "", "", ""],
    ]
    text = "\ufeff" + ending.join(delimiter.join(row) for row in rows)
    twin = """
        [batch]
        name = "batch"
        [defaults]
        case_number = "2026-1"
        output = "/out"
        [[job]]
        name = "one"
        files = ["/a", "/b"]
        hashes = ["md5"]
        video_start = 2026-03-01T21:10:00
        [[job]]
        name = "two"
        files = ["/c", "/d"]
    """
    found = read(text, "batch.CSV")
    assert found.jobs == read(twin).jobs
    assert found.name == "batch.CSV"


@pytest.mark.parametrize("no", ["FALSE", "no", "No", ""])
def test_a_spreadsheet_may_write_no_in_its_own_way(no: str) -> None:
    assert read(f"files,output,case_number,zip\n/a,/out,1,{no}\n", "x.csv").jobs


def test_an_empty_value_of_a_job_is_a_missing_one() -> None:
    (job,) = read(with_job("exhibit = ' '\nname = ''\nhashes = ''")).jobs
    assert (job.name, job.exhibit, job.form, job.algorithms) == (
        "job 1",
        None,
        {"case_number": "1"},
        ("sha256",),
    )


def test_a_job_without_a_name_is_named_by_its_place() -> None:
    assert read(with_job("")).jobs[0].name == "job 1"
    assert read("files,output,case_number\n/a,/out,1\n", "x.csv").jobs[0].name == "row 2"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ["batch.toml: has no job"]),
        ("job = 5", ["job: is not a list of tables; write [[job]]"]),
        ("job = [5]", ["job: is not a list of tables; write [[job]]"]),
        (
            with_job("", "batch = 5\ndefaults = 6\nother = 7"),
            [
                "other: is not a table of a batch file",
                "batch: is not a table; write [batch]",
                "defaults: is not a table; write [defaults]",
            ],
        ),
        (
            with_job("", "[batch]\nnam = 'x'\nname = 5.5\nstop_when_failed_over = 2\n[defaults]\nfile = 'x'"),
            [
                "[batch], nam: is not a key of [batch]; did you mean 'name'?",
                "[batch], name: is not text; put it in quotes",
                "[batch], stop_when_failed_over: is not a number from 0 to 1",
                "[defaults], file: is not a key of a job; did you mean 'files'?",
            ],
        ),
        (
            with_job("colour = 'red'\nnotes = 1.5\nzip = true\nhashes = ['crc']\ntemplate = 5"),
            [
                "job 1, colour: is not a key of a job",
                "job 1, notes: is not text; put it in quotes",
                "job 1, zip: archives cannot be made yet; set it to false",
                "job 1, hashes: unknown hash algorithm: 'crc'; choose from md5, sha1, sha256, sha512",
                "job 1, template: is not text",
            ],
        ),
        (
            "[[job]]\nvideo_start = 'soon'",
            [
                "job 1, video_start: is not a date with a time, like 2026-03-01T21:10:00",
                "job 1, case_number: is missing",
                "job 1, files: there are no files and no folders to copy",
                "job 1, output: is missing or not a path",
            ],
        ),
        (
            "[[job]]\ncase_number = '1'\noutput = '/'\nfiles = ['/', '../x', \"a\\u0000b\", '/ok']",
            [
                "job 1, files: is the root of the file system",
                "job 1, files: has a '..' part: ../x",
                "job 1, files: holds a NUL character",
                "job 1, output: is the root of the file system",
            ],
        ),
        (
            "[[job]]\ncase_number = '1'\noutput = 5\nfiles = 'a'\nhashes = 'md5'",
            [
                "job 1, hashes: is not a list of names",
                "job 1, files: is not a list of paths",
                "job 1, output: is missing or not a path",
            ],
        ),
        (
            "[[job]]\ncase_number = '1'\noutput = '/o'\nfiles = ['']\nfolders = [5]",
            ["job 1, files: is not a list of paths", "job 1, folders: is not a list of paths"],
        ),
        (with_job("zip = []"), ["job 1, zip: archives cannot be made yet; set it to false"]),
        (with_job("template = []"), ["job 1, template: is not text"]),
        (with_job("template = ['x']"), ["job 1, template: is not text"]),
        (
            with_job("template = '{nothing}'"),
            [
                "job 1, template: the path template '{nothing}' has an unknown field 'nothing'; fields: "
                + ", ".join(TEMPLATE_FIELDS)
            ],
        ),
        (
            "[[job]]\nfiles = ['/a/x', '/b/x']\noutput = '/out'\ncase_number = '1'",
            ["job 1, sources: one would land where another source of this job does: /out/x"],
        ),
        (
            with_job("") + with_job(""),
            ["job 2, sources: one would land where a source of job 1 does: /out/a"],
        ),
        (
            MANY,
            [
                "[defaults], case_number: is not text; put it in quotes",
                "[defaults], dvr_time: is not a date with a time, like 2026-03-01T21:10:00",
                "[defaults], hashes: unknown hash algorithm: 'a'; choose from md5, sha1, sha256, sha512",
                "[defaults], hashes: unknown hash algorithm: 'b'; choose from md5, sha1, sha256, sha512",
                f"[defaults], template: the path template '{{a}}{{b:%Q}}' has an unknown field 'a', {_B}",
                "job 1, output: is missing or not a path",
                f"job 2, template: the path template '{{name:%d}}/{{video_end:%Q}}' {_Q}",
                "job 2, output: is missing or not a path",
            ],
        ),
        (
            "[defaults]\ntemplate = '{notes}'\n" + with_job(f"notes = '{'x' * 256}'"),
            [
                f"job 1, template: the path template '{{notes}}' {_LONG}",
            ],
        ),
        (
            "[[job]]\nfiles = ['/a']\noutput = '/o'\ncase_number = '  '",
            ["job 1, case_number: is missing"],
        ),
        (
            with_job("", "case_number = '1'"),
            ["case_number: stands in no table; put it below [[job]], or below [defaults] for all jobs"],
        ),
        (
            b"\n\n[[job]]\nname = '\xff'",
            ["line 4: is not UTF-8 text; save a table as 'CSV UTF-8'"],
        ),
        (with_job("stop = 1e99999999999999999999"), ["TOML: a number cannot be read"]),
        (
            with_job("case = 1", "[batch]\nstop_when_failed_over = 0x" + "f" * 5000),
            [
                "[batch], stop_when_failed_over: is not a number from 0 to 1",
                "job 1, case: is not a key of a job",
            ],
        ),
        (with_job("notes = 0x" + "f" * 9000), ["job 1, notes: is not text; put it in quotes"]),
        (
            with_job(
                "".join(f"{key} = '{'é' * 5000}'\n" for key in ("notes", "business_name", "location_address"))
            ),
            ["job 1, form: is longer than 24 KiB in all"],
        ),
    ],
)
def test_every_mistake_of_a_toml_file_is_named_with_its_place(text: str | bytes, found: list[str]) -> None:
    assert mistakes(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ["row 1: there is no header"]),
        (",,\n", ["row 1: there is no header"]),
        ("files,output,case_number", ["x.csv: has no job"]),
        (
            "files,colour,files,case_number,output\n/a,red,/b,1,/out",
            ["row 1, column 2: 'colour' is not a key of a job", "row 1, column 3: 'files' stands twice"],
        ),
        (
            "files,output,case_number\n/a,/out\n\n/b,/out,1,x\n/c,/out,1\n",
            ["row 2: has 2 cells, the header has 3", "row 4: has 4 cells, the header has 3"],
        ),
        ('files,output\n"/a,/out', ["row 2: the table is damaged from here on: unexpected end of data"]),
        ('"files', ["row 1: the table is damaged from here on: unexpected end of data"]),
        (
            'files,output,case_number\n/a,,1\n"/a"b,/out',
            [
                "row 3: the table is damaged from here on: ',' expected after '\"'",
                "row 2, output: is missing or not a path",
            ],
        ),
        (
            "files,output,case_number\n/a,/out,1\n/b,/out,1\n/c/a,/out,1\n",
            ["row 4, sources: one would land where a source of row 2 does: /out/a"],
        ),
        (
            "files,output,case_number\n/a,/out,2.02601E+11\n",
            [
                f"row 2, case_number: is 2.02601E+11: {ROUNDED}",
            ],
        ),
    ],
)
def test_every_mistake_of_a_csv_file_is_named_with_its_row(text: str, found: list[str]) -> None:
    assert mistakes(text, "x.csv") == found


@pytest.mark.parametrize("text", ["[[job]", "a = ", "a = 1\na = 2", "a" * 100, "x = " + "[" * 5000])
def test_a_file_that_is_no_toml_is_one_mistake(text: str) -> None:
    (mistake,) = mistakes(text)
    assert mistake.startswith("TOML: ")


def test_the_first_mistake_is_the_message_and_the_others_are_counted() -> None:
    with pytest.raises(BadInstruction, match=r"^2 mistakes in f; a: one$") as bad:
        raise BadInstruction("f", [Mistake("a", "one"), Mistake("b", "two")])
    assert bad.value.code == "batch-file"
    with pytest.raises(BadInstruction, match=r"^1 mistake in f"):
        raise BadInstruction("f", [Mistake("a", "one")])


@pytest.mark.parametrize("name", ["batch", "batch.json", "batch.toml.bak", "batch."])
def test_a_file_of_another_kind_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="not a batch file"):
        read(TOML, name)


def test_a_file_that_is_too_large_is_refused() -> None:
    with pytest.raises(UsageError, match="larger than 64 MiB"):
        read(b"#" * (MAX_INSTRUCTION_BYTES + 1))


@pytest.mark.parametrize(
    ("value", "permille"),
    [(0, 0), (1, 1000), (Decimal("0.5"), 500), (0.1, 100), ("0.25", 250), (Decimal("0.0009"), 0)],
)
def test_the_share_of_failures_is_kept_in_thousandths(value: object, permille: int) -> None:
    job = DraftJob("job 1", {"files": ["/a"], "output": "/out", "case_number": "1"})
    plan = compile_plan("f", Draft(batch={"stop_when_failed_over": value}, jobs=(job,)), folder=FOLDER)
    assert plan.stop_when_failed_over_permille == permille


@pytest.mark.parametrize("value", [-1, 1.5, "half", "NaN", "sNaN", "inf", True, [1], Decimal("Infinity")])
def test_what_is_no_share_is_a_mistake(value: object) -> None:
    job = DraftJob("job 1", {"files": ["/a"], "output": "/out", "case_number": "1"})
    with pytest.raises(BadInstruction, match="is not a number from 0 to 1"):
        compile_plan("f", Draft(batch={"stop_when_failed_over": value}, jobs=(job,)), folder=FOLDER)


def test_paths_are_cleaned_of_empty_and_dot_parts_and_taken_once() -> None:
    (job,) = read(with_job("folders = ['/x//./y/', '/x/y', 'z']")).jobs
    assert job.sources == (b"/a", b"/batches/z", b"/x/y")


# The plan itself.

PLAN = copy_plan(
    [RawPath(b"/mnt/b"), RawPath(b"/mnt/\xff"), RawPath(b"/mnt/b")],
    to=RawPath(b"/out"),
    case_number=" 2026-1 ",
    exhibit="A",
    hashes=["md5"],
    template="{case_number}/{exhibit}",
)


def test_copy_makes_a_plan_of_one_job() -> None:
    assert (
        Plan(
            name="copy",
            stop_when_failed_over_permille=NEVER_STOP,
            jobs=(
                JobPlan(
                    name="copy",
                    case_number="2026-1",
                    exhibit="A",
                    destination=RawPath(b"/out/2026-1/A"),
                    sources=(RawPath(b"/mnt/b"), RawPath(b"/mnt/\xff")),
                    algorithms=("md5", "sha256"),
                    form={"case_number": "2026-1", "exhibit": "A"},
                ),
            ),
        )
        == PLAN
    )


def test_copy_needs_neither_exhibit_nor_template() -> None:
    plan = copy_plan([RawPath(b"/a")], to=RawPath(b"/out"), case_number="1")
    assert (plan.jobs[0].exhibit, plan.jobs[0].destination) == (None, b"/out")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sources": []}, "no source was given"),
        ({"sources": [RawPath(b"/a/x"), RawPath(b"/b/x")]}, "would both land at /out/x"),
        ({"sources": [RawPath(b"/")]}, "the root of the file system"),
        ({"case_number": "  "}, "--case is empty"),
        ({"case_number": "a\0"}, "--case holds a NUL"),
        ({"exhibit": ""}, "--exhibit is empty"),
        ({"hashes": ["crc"]}, "unknown hash algorithm"),
        ({"template": "{x}"}, "unknown field"),
    ],
)
def test_copy_refuses_what_it_cannot_plan(changes: dict[str, object], words: str) -> None:
    given = {"sources": [RawPath(b"/a")], "to": RawPath(b"/out"), "case_number": "1"} | changes
    with pytest.raises(UsageError, match=words):
        copy_plan(given.pop("sources"), **given)


def test_a_plan_comes_back_from_its_bytes() -> None:
    for plan in (PLAN, read(TOML)):
        assert Plan.from_bytes(plan.to_bytes()) == plan


def test_the_id_of_a_plan_never_changes() -> None:
    assert (
        copy_plan([RawPath(b"/a")], to=RawPath(b"/out"), case_number="1").id
        == "6ff55ce7ea4cc46eb4f674e2e9136f5b72d3e4fafe66dcd7d2b82f23bc6fd688"
    )


def altered(**changes: object) -> bytes:
    value = json.loads(PLAN.to_bytes()) | changes
    return canonical.encode(value)


def altered_job(**changes: object) -> bytes:
    value = json.loads(PLAN.to_bytes())
    value["jobs"][0] |= changes
    return canonical.encode({key: item for key, item in value.items() if item != "gone"})


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"5",
        b'"x"',
        b"{}",
        PLAN.to_bytes()[:-1],
        PLAN.to_bytes() + b" ",
        altered(v=2),
        altered(more=1),
        altered(name=5),
        altered(stop_when_failed_over_permille="5"),
        altered(stop_when_failed_over_permille=True),
        altered(jobs=5),
        altered(jobs="x"),
        altered(jobs=[5]),
        altered_job(name=5),
        altered_job(sources="x"),
        altered_job(sources=[{"path": 5}]),
        altered_job(sources=[{"path": "a", "more": 1}]),
        altered_job(form=5),
        altered_job(form=None),
        altered_job(form=[]),
        altered_job(form={"a": 5}),
        altered_job(algorithms="ab"),
        altered_job(algorithms=[5]),
        altered_job(exhibit=None),
        altered_job(exhibit=5),
        altered_job(case_number=None),
        altered_job(destination="/out"),
    ],
)
def test_bytes_that_are_no_plan_are_refused(content: bytes) -> None:
    with pytest.raises(MalformedData):
        Plan.from_bytes(content)


def test_places_where_two_sources_would_land_are_named_with_their_jobs() -> None:
    plan = read(
        "[defaults]\ncase_number='1'\noutput='/o'\n"
        + "".join(f"[[job]]\nfiles=['/{n}/x{n}']\n" for n in range(3))
    )
    job = plan.jobs[0]
    assert list(shared_landings([("a", job), ("b", plan.jobs[1])])) == []
    assert list(shared_landings([("a", job), ("b", job), ("c", job)])) == [
        (b"/o/x0", "a", "b"), (b"/o/x0", "a", "c"),
    ]  # fmt: skip


def test_an_option_that_is_not_chosen_leaves_the_plan_as_it_was_before_there_was_one() -> None:
    plan = copy_plan([RawPath(b"/a")], to=RawPath(b"/out"), case_number="1")

    assert plan.to_bytes() == (
        b'{"jobs":[{"algorithms":["sha256"],"case_number":"1","destination":{"path":"/out"},'
        b'"form":{"case_number":"1"},"name":"copy","sources":[{"path":"/a"}]}],'
        b'"name":"copy","stop_when_failed_over_permille":1000,"v":1}'
    )


def test_a_chosen_option_makes_another_batch_and_is_kept() -> None:
    plain = copy_plan([RawPath(b"/a")], to=RawPath(b"/out"), case_number="1")
    chosen = copy_plan([RawPath(b"/a")], to=RawPath(b"/out"), case_number="1", read_source_twice=True)

    assert plain.id != chosen.id
    assert Plan.from_bytes(chosen.to_bytes()) == chosen


def test_a_kept_plan_has_an_option_only_as_true() -> None:
    chosen = copy_plan([RawPath(b"/a")], to=RawPath(b"/out"), case_number="1", read_source_twice=True)
    damaged = chosen.to_bytes().replace(b'"read_source_twice":true', b'"read_source_twice":false')

    with pytest.raises(MalformedData):
        Plan.from_bytes(damaged)


JOB = '[[job]]\nfiles=["/a"]\noutput="/o"\ncase_number="1"\n'


@pytest.mark.parametrize(
    ("value", "chosen"), [("true", True), ("false", False), ('"yes"', True), ('" No "', False), ('""', False)]
)
@pytest.mark.parametrize("option", ["read_source_twice", "salvage"])
def test_a_batch_file_chooses_options_for_a_job_or_for_all(option: str, value: str, *, chosen: bool) -> None:
    own = read(f"{JOB}{option} = {value}".encode())
    shared = read(f"[defaults]\n{option} = {value}\n{JOB}".encode())

    assert own.jobs == shared.jobs
    assert getattr(own.jobs[0], option) is chosen


@pytest.mark.parametrize("value", ["1", '"perhaps"', "[true]"])
def test_an_option_that_is_neither_true_nor_false_is_a_mistake(value: str) -> None:
    with pytest.raises(BadInstruction) as caught:
        read(f"{JOB}read_source_twice = {value}".encode())
    assert [str(mistake) for mistake in caught.value.mistakes] == [
        "job 1, read_source_twice: is neither true nor false"
    ]
