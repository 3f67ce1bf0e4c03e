"""Names are bytes: whatever they are, they come back, and are shown without doing harm."""

import base64
import posixpath

from hypothesis import given
from hypothesis import strategies as st

from custody.domain import paths
from custody.domain.errors import MalformedData, Refused

NAMES = st.one_of(
    st.binary(max_size=40), st.text(max_size=20).map(lambda text: text.encode(errors="surrogatepass"))
)


@given(NAMES)
def test_every_path_comes_back_from_its_stored_form(raw: bytes) -> None:
    kept = paths.to_json("path", raw)
    assert paths.from_json(kept["path"], kept.get("path_b64")) == raw


@given(NAMES)
def test_what_is_shown_can_be_printed(raw: bytes) -> None:
    shown = paths.printable(raw)
    assert shown.isprintable()
    shown.encode()


@given(st.text(max_size=20) | st.integers(), st.none() | st.text(max_size=20))
def test_a_stored_path_is_the_bytes_of_its_base64_form_else_those_of_its_text(
    shown: object, encoded: object
) -> None:
    try:
        raw = paths.from_json(shown, encoded)
    except MalformedData:
        return
    assert raw == (base64.b64decode(encoded) if encoded is not None else shown.encode())


@given(st.binary(max_size=20) | st.text("./a\0", max_size=8).map(str.encode))
def test_a_path_taken_as_safe_stays_below_its_folder(path: bytes) -> None:
    try:
        safe = paths.below(path)
    except Refused:
        return
    whole = paths.join(b"/root", safe)
    assert posixpath.normpath(whole) == whole
    assert paths.is_within(whole, b"/root")
    assert whole != b"/root"
    assert b"\0" not in whole


@given(st.binary(min_size=1, max_size=20).filter(lambda name: b"/" not in name), st.binary(max_size=20))
def test_a_joined_path_is_taken_apart_again(name: bytes, folder: bytes) -> None:
    whole = paths.join(b"/" + folder.strip(b"/"), name)
    assert paths.name(whole) == name
    assert paths.join(paths.parent(whole) or b"/", paths.name(whole)) == whole
