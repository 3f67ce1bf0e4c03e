"""Paths, identifiers, algorithms and errors."""

import inspect
from uuid import UUID

import pytest

from custody.domain import digest, errors, paths
from custody.domain.errors import (
    CannotTell,
    CustodyError,
    Halted,
    MalformedData,
    NotAllowed,
    Refused,
    UsageError,
)
from custody.domain.events import decode
from custody.domain.identifiers import (
    BatchId,
    JobId,
    KeyId,
    LedgerId,
    Stream,
    batch_stream,
    case_stream,
    exhibit_stream,
    job_id,
    key_stream,
    parse_stream,
    transfer_id,
)

LEDGER = LedgerId(UUID("6f1d7f54-22a4-4c2e-9a0d-5d7b6f0f4a11"))
BATCH = BatchId("ab" * 32)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"plain", "plain"),
        ("Müller 証拠".encode(), "Müller 証拠"),
        (b"a\xffb", r"a\xffb"),
        (b"a\nb", r"a\x0ab"),
        ("a\u202egpj".encode(), r"a\u202egpj"),
        ("\U000e0001".encode(), r"\U000e0001"),
        (b"", ""),
        (b"a\x85", r"a\x85"),
        ("\x85".encode(), r"\x85"),
    ],
)
def test_a_name_is_shown_without_doing_harm(raw: bytes, shown: str) -> None:
    assert paths.printable(raw) == shown


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        (b"a/b", {"path": "a/b"}),
        (b"", {"path": ""}),
        (b"\xff", {"path": r"\xff", "path_b64": "/w=="}),
        (b"a\nb", {"path": r"a\x0ab", "path_b64": "YQpi"}),
    ],
)
def test_a_path_is_kept_with_its_bytes_only_where_these_cannot_be_shown(
    raw: bytes, kept: dict[str, str]
) -> None:
    assert paths.to_json("path", raw) == kept
    assert paths.from_json(kept["path"], kept.get("path_b64")) == raw


@pytest.mark.parametrize(
    ("shown", "encoded"),
    [
        (5, None),
        (None, None),
        ("x", "no base64!"),
        ("x", "/w="),
        ("\udcff", None),
        (r"\xff", 7),
    ],
)
def test_a_path_whose_kept_form_cannot_be_decoded_is_refused(shown: object, encoded: object) -> None:
    with pytest.raises(MalformedData):
        paths.from_json(shown, encoded)


@pytest.mark.parametrize("path", [b"a", b"a/b", b"...", b"a/..b", b"\xff/\n", b" "])
def test_a_path_below_a_folder_is_taken_as_it_is(path: bytes) -> None:
    assert paths.below(path) == path


@pytest.mark.parametrize("path", [b"", b"/", b"/a", b"a/", b"a//b", b".", b"..", b"a/../b", b"a/.", b"a\0b"])
def test_a_path_that_could_lead_elsewhere_is_refused(path: bytes) -> None:
    with pytest.raises(Refused, match="not a safe path"):
        paths.below(path)


def test_paths_are_put_together_and_taken_apart() -> None:
    assert paths.join(b"/a", b"b/c") == b"/a/b/c"
    assert paths.join(b"/", b"b") == b"/b"
    assert (paths.parent(b"/a/b"), paths.parent(b"a"), paths.parent(b"/a")) == (b"/a", b"", b"")
    assert (paths.name(b"/a/b"), paths.name(b"a")) == (b"b", b"a")


@pytest.mark.parametrize(
    ("path", "folder", "within"),
    [
        (b"/a/b", b"/a", True),
        (b"/a", b"/a", True),
        (b"/ab", b"/a", False),
        (b"/a", b"/a/b", False),
        (b"/a", b"/", True),
    ],
)
def test_a_path_lies_within_a_folder_by_whole_names(path: bytes, folder: bytes, within: bool) -> None:
    assert paths.is_within(path, folder) is within


# Computed once with hashlib and uuid by hand: an id must never change between versions.
def test_the_ids_of_jobs_and_transfers_are_derived_and_never_change() -> None:
    job = job_id(LEDGER, BATCH, 0)
    assert str(job) == "4ae8afd0-d4c3-57a4-8d83-e85758e75136"
    assert str(transfer_id(job, b"DCIM/\xff.mov")) == "dfc6d5a7-0993-a440-666c-6a8ab1c8441d"
    assert job_id(LEDGER, BATCH, 1) != job
    assert transfer_id(job, b"a") != transfer_id(JobId(LEDGER), b"a")


def test_a_stream_is_written_as_kind_and_uuid_and_read_back() -> None:
    for stream in (
        batch_stream(LEDGER, BATCH),
        case_stream(LEDGER, "2026-1"),
        exhibit_stream(LEDGER, "2026-1", "A"),
        key_stream(LEDGER, KeyId("cd" * 32)),
        Stream("file", transfer_id(JobId(LEDGER), b"a")),
    ):
        assert parse_stream(str(stream)) == stream


@pytest.mark.parametrize(
    "text",
    [
        "",
        "file",
        "file/",
        "file/x",
        f"FILE/{LEDGER}",
        f"person/{LEDGER}",
        f"file/{str(LEDGER).upper()}",
        f"file/{LEDGER.hex}",
        f"file/{{{LEDGER}}}",
        f"file/{LEDGER}/",
        f"/{LEDGER}",
    ],
)
def test_anything_but_a_stream_is_refused(text: str) -> None:
    with pytest.raises(MalformedData, match="not a stream"):
        parse_stream(text)


def test_an_exhibit_is_never_mistaken_for_one_of_another_case() -> None:
    assert exhibit_stream(LEDGER, "1", "2/3") != exhibit_stream(LEDGER, "1/2", "3")


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        ([], ("sha256",)),
        (["md5"], ("md5", "sha256")),
        (["SHA-256", "sha256", " Sha1 "], ("sha1", "sha256")),
        (["sha512"], ("sha256", "sha512")),
    ],
)
def test_sha256_is_always_computed(names: list[str], chosen: tuple[str, ...]) -> None:
    assert digest.algorithms(names) == chosen


@pytest.mark.parametrize("name", ["", "none", "crc32", "sha3-256", "blake2b"])
def test_an_unknown_algorithm_is_refused_with_those_there_are(name: str) -> None:
    with pytest.raises(UsageError, match="unknown hash algorithm") as refused:
        digest.algorithms([name])
    assert refused.value.hint == "choose from md5, sha1, sha256, sha512"


ERRORS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, CustodyError)]


def test_an_error_says_what_happened_what_was_done_and_what_to_do() -> None:
    error = Refused("what", done="done", hint="hint")
    assert (str(error), error.what, error.done, error.hint) == ("what", "what", "done", "hint")
    assert (Refused("x").done, Refused("x").hint) == ("", "")


def test_every_kind_of_error_has_a_code_of_its_own() -> None:
    codes = [kind.code for kind in ERRORS]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize(
    ("kind", "parent"),
    [
        (errors.WrongPassphrase, NotAllowed),
        (errors.KeyUnusable, NotAllowed),
        (errors.MalformedData, CannotTell),
        (errors.LedgerUnreadable, CannotTell),
        (errors.NotFound, CannotTell),
        (errors.WorkspaceMissing, CannotTell),
        (errors.PassphraseMissing, CannotTell),
        (errors.DestinationFailed, Halted),
        (errors.LedgerFailed, Halted),
    ],
)
def test_errors_are_told_apart_by_whose_fault_they_are(
    kind: type[CustodyError], parent: type[CustodyError]
) -> None:
    assert kind.__bases__ == (parent,)


@pytest.mark.parametrize("stretches", ["[1,2]", [[1]], [[1, 2, 3]], [[1, "2"]], [[True, 2]], [1, 2], None])
def test_unreadable_stretches_in_another_form_are_refused(stretches: object) -> None:
    data = {
        "path": "a", "size": 9, "digests": {}, "read_back": "direct", "unreadable": stretches,
        "unreadable_count": 1, "unreadable_bytes": 2,
    }  # fmt: skip
    with pytest.raises(MalformedData):
        decode("FileQualified", data)  # type: ignore[arg-type]
