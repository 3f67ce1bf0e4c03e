"""The parts of the page, each against an oracle: the standard library, our domain, other people's vectors.

The browser evaluates the page's own functions; what they are given and what they answer goes as JSON.
"""

import base64
import hashlib
import json
import random
import uuid
from typing import Any

import pytest

from custody.domain import canonical
from custody.domain.errors import MalformedData
from custody.domain.paths import escape_text
from custody.domain.proofs.checkpoint import Checkpoint, parse_note, parse_vkey
from custody.domain.proofs.merkle import Frontier
from custody.domain.public_keys import LOW_ORDER_KEYS
from tests.page.browser import Page
from tests.vectors.shared_vectors import vector_folder

REFUSES = """(parse) => (given) => {
  try { return [parse(given)]; } catch (error) { if (error instanceof Malformed) return null; throw error; }
}"""
FOLDERS = """async (pieces) => {
  const file = (name) => ({ isFile: true, name, file: (resolve) => resolve(new File(["x"], name)) });
  const folder = (name, inside) => ({ isFile: false, name, createReader: () => {
    const rest = inside();
    return { readEntries: (resolve) => resolve(rest.shift()) };
  } });
  const files = [];
  const piece = (count) => Array.from({ length: count }, (_, number) => file(`f${count}${number}`));
  await walk(folder("top", () => pieces.map(piece)), "top", files);
  return files.map(({ path, file }) => [path, file.size]);
}"""
VERIFY = """async ([key, signature, message]) =>
  verifySignature({ raw: fromHex(key) }, fromHex(signature), fromHex(message))"""
SAMPLES = [
    *(b"{}", b"[]", b'""', b"0", b"-1", b"true", b"null", b"9007199254740991", b"-9007199254740991"),
    *(
        b"",
        b" ",
        b"{} ",
        b" {}",
        b"{}{}",
        b"[1,]",
        b"[,1]",
        b"{,}",
        b"[1 ,2]",
        b'{"a" :1}',
        b"\xef\xbb\xbf{}",
    ),
    *(b"-0", b"00", b"01", b"1.0", b"1e3", b"1E3", b"+1", b"9007199254740992", b"-9007199254740992"),
    *(b"NaN", b"Infinity", b"-", b"tru", b"nullx", b"1" * 400, b"TRUE", b"0x10"),
    *(b'{"a":1,"b":2}', b'{"b":1,"a":2}', b'{"a":1,"a":2}', b'{"a":1,"a":1}', b'{"":1,"a":{"A":[]}}'),
    *(b'{"a":1,"B":2}', b'{"\xc3\xa9":1}', b'{"__proto__":1,"constructor":2}', b'{"a\\u0001":1}', b"{1:2}"),
    *(
        b'"\\u001f"',
        b'"\\u001F"',
        b'"\\n"',
        b'"\\u000a"',
        b'"\\/"',
        b'"/"',
        b'"\\u0041"',
        b'"\\x41"',
        b'"\\"',
    ),
    *(b'"\xc3\xa9"', b'"\xff"', b'"\xed\xa0\x80"', b'"\\ud800"', b'"\\ud83d\\ude00"', b'"\xf0\x9f\x98\x80"'),
    *(b'"\n"', b'"\x7f"', b'"\\u007f"', b'"\\b\\t\\n\\f\\r\\u0000"', b'"\\\\\\""', b'"a', b'"\\u00"', b"'a'"),
    *(b"[" * depth + b"]" * depth for depth in (31, 32, 33, 100_000)),
    *(b'{"a":' * depth + b"1" + b"}" * depth for depth in (32, 33)),
]


def asked(page: Page, function: str, given: list[Any]) -> list[Any]:
    """Return what a function of the page makes of each thing given."""
    answers: list[Any] = page.evaluate(f"Promise.all({json.dumps(given)}.map({function}))")
    return answers


def judged(function: Any, given: bytes) -> list[Any] | None:
    try:
        return [function(given)]
    except MalformedData:
        return None


def test_sha_256_is_that_of_the_standard_library_however_it_is_cut(page: Page) -> None:
    chance = random.Random(4)
    contents = [chance.randbytes(length) for length in (*range(131), 1000, 65_537)]
    function = """(text) => {
      const bytes = fromHex(text), hash = new Sha256();
      for (let at = 0, step = 1; at < bytes.length; at += step, step = (step * 7) % 191) {
        hash.update(bytes.subarray(at, at + step));
      }
      return [toHex(hash.digest()), toHex(sha256(bytes))];
    }"""
    answers = asked(page, function, [content.hex() for content in contents])
    assert answers == [[hashlib.sha256(content).hexdigest()] * 2 for content in contents]


def test_the_length_of_a_large_file_is_counted_in_more_than_32_bits(page: Page) -> None:
    half = 1 << 28  # twice this many bytes are 2^32 bits
    answer = page.evaluate(
        f"(() => {{ const hash = new Sha256(), piece = new Uint8Array({half}); "
        f"return toHex(hash.update(piece).update(piece).digest()); }})()"
    )
    assert answer == hashlib.sha256(bytes(2 * half)).hexdigest()


def test_json_is_read_and_refused_as_the_domain_does(page: Page) -> None:
    answers = asked(
        page, f"({REFUSES})((text) => CanonicalJson.parse(fromHex(text)))", [d.hex() for d in SAMPLES]
    )
    assert answers == [judged(canonical.decode, sample) for sample in SAMPLES]


def test_json_with_any_byte_changed_is_read_and_refused_as_the_domain_does(page: Page) -> None:
    chance = random.Random(8785)
    whole = canonical.encode(
        {"a": [1, -20, True, None, "é\u2028\U0001f600"], "b": {"": '\x00\n"\\', "x": [[], {}]}, "c": 10**15}
    )
    changed = [
        whole[:at] + bytes([chance.choice(b'"\\,:{}[]0123456789-utfnrbe \n\xc3\xff')]) + whole[at + skip :]
        for at in range(len(whole))
        for skip in (0, 1, 2)
    ]
    answers = asked(
        page, f"({REFUSES})((text) => CanonicalJson.parse(fromHex(text)))", [d.hex() for d in changed]
    )
    assert answers == [judged(canonical.decode, sample) for sample in changed]
    assert None in answers
    assert [answer for answer in answers if answer is not None]


def test_reference_outputs_of_rfc_8785_are_read_and_refused_as_the_domain_does(page: Page) -> None:
    folder = vector_folder("rfc8785/test/assets/outhex")
    samples = [bytes.fromhex(file.read_text()) for file in sorted(folder.iterdir())]
    answers = asked(
        page, f"({REFUSES})((text) => CanonicalJson.parse(fromHex(text)))", [d.hex() for d in samples]
    )
    assert answers == [judged(canonical.decode, sample) for sample in samples]


def test_json_is_written_as_the_domain_writes_it(page: Page) -> None:
    documents = [judged(canonical.decode, sample) for sample in SAMPLES]
    read = [document[0] for document in documents if document is not None]
    answers = asked(page, "(text) => canonicalJson(CanonicalJson.parse(toBytes(text)))",
                    [canonical.encode(value).decode() for value in read])  # fmt: skip
    assert answers == [canonical.encode(value).decode() for value in read]


def test_names_in_a_ledgers_space_are_those_of_rfc_9562(page: Page) -> None:
    space = uuid.UUID("df04118e-78b2-4a39-94dd-baddd4f7c23b")
    names = ["session/" + "a" * 64, "", "Ä"]
    answers = asked(page, f"(name) => uuid5('{space}', name)", names)
    assert answers == [str(uuid.uuid5(space, name)) for name in names]


def test_base64_has_one_spelling(page: Page) -> None:
    samples = [
        "",
        "AA==",
        "AB==",
        "AAA=",
        "AAB=",
        "AAAA",
        "AA",
        "A",
        "AAA",
        "AA=",
        "A A=",
        "AA==\n",
        "-_-_",
        "====",
    ]
    answers = asked(page, f"({REFUSES})((text) => toHex(fromBase64(text)))", samples)
    expected = []
    for text in samples:
        try:
            data = base64.b64decode(text, validate=True)
            expected.append([data.hex()] if base64.b64encode(data).decode() == text else None)
        except ValueError:
            expected.append(None)
    assert answers == expected


def test_text_is_escaped_as_the_domain_does(page: Page) -> None:
    characters = [
        chr(code) for code in (*range(0x300), *range(0x2000, 0x2070), 0xFEFF, 0xFFF9, 0xE0001, 0x1F600)
    ]
    samples = [*characters, "plain text", "\ud800", "a\u202eb\x00c\x7f\x9b"]
    assert asked(page, "escapeText", samples) == [
        escape_text(sample) if sample != "\ud800" else "\\ud800" for sample in samples
    ]


def note_variants() -> list[bytes]:
    text = Checkpoint(origin="custody.invalid/x", size=30, root=bytes(32)).text()
    line = "— custody.invalid/x " + base64.b64encode(bytes(68)).decode() + "\n"
    good = text + b"\n" + line.encode()
    return [
        good,
        text + b"\n" + line.encode() * 16,
        text + b"\n" + line.encode() * 17,
        *(
            good.replace(b"\n30\n", size)
            for size in (b"\n030\n", b"\n0\n", b"\n-1\n", b"\n9223372036854775807\n")
        ),
        *(
            good.replace(b"\n30\n", size)
            for size in (b"\n9223372036854775808\n", b"\n30\nmore\n", b"\n\n", b"\n 30\n")
        ),
        good.replace("—".encode(), b"-"),
        good.replace(b"AAAA", b"AAA", 1),
        good.replace(b"\n\n", b"\n"),
        good.replace(b"\n\n", b"\n\n\n"),
        good.replace(b"\n\n", b"\r\n\r\n"),
        good[:-1],
        good + b"\n",
        good.replace(b"invalid", b"inv\xffalid"),
        *(
            good.replace(b"/x", b"/" + odd.encode())
            for odd in ("+", "\x00", "\t", "\u00a0", "\u2003", "é", "\x85", " ")
        ),
        b"",
        b"\n\n",
    ]


def test_notes_are_read_and_refused_as_the_domain_does(page: Page) -> None:
    def read(data: bytes) -> list[object]:
        note = parse_note(data)
        checkpoint = Checkpoint.parse(note.text)
        return [checkpoint.origin, str(checkpoint.size), checkpoint.root.hex(), len(note.signatures)]

    function = f"""({REFUSES})((text) => {{
      const note = readNote(fromHex(text));
      return [note.origin, note.sizeText, note.root, note.signatures.length];
    }})"""
    samples = note_variants()
    assert asked(page, function, [sample.hex() for sample in samples]) == [
        judged(read, each) for each in samples
    ]


def test_the_published_example_of_a_signed_note_opens_with_its_verifier_key(page: Page) -> None:
    folder = vector_folder("c2sp")
    vkey = parse_vkey((folder / "signed-note-example.vkey").read_text())
    note = parse_note((folder / "signed-note-example.note").read_bytes())
    [line] = [line for line in note.signatures if line.name == vkey.name]
    assert asked(
        page, "(text) => readVerifierKey(text).origin", [(folder / "signed-note-example.vkey").read_text()]
    ) == [vkey.name]
    triple = [vkey.public_raw.hex(), line.signature.hex(), note.text.hex()]
    assert asked(page, VERIFY, [triple, [*triple[:2], b"other".hex()]]) == [True, False]


def test_keys_of_low_order_and_other_spellings_are_refused(page: Page) -> None:
    prime = 2**255 - 19
    beyond = [(prime + more).to_bytes(32, "little") for more in range(19)]
    signed = [bytes([*raw[:31], raw[31] | 0x80]) for raw in beyond]
    function = f"({REFUSES})((text) => requireSoundKey(fromHex(text)) ?? true)"
    bad = [*sorted(LOW_ORDER_KEYS), *beyond, *signed, bytes(31), bytes(33)]
    assert asked(page, function, [raw.hex() for raw in bad]) == [None] * len(bad)
    good = [
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        (prime - 2).to_bytes(32, "little").hex(),
    ]
    assert asked(page, function, good) == [[True]] * 2


def test_the_browser_judges_signatures_as_wycheproof_says(page: Page) -> None:
    suite = json.loads((vector_folder("wycheproof") / "testvectors_v1" / "ed25519_test.json").read_bytes())
    cases = [(group["publicKey"]["pk"], case) for group in suite["testGroups"] for case in group["tests"]]
    given = [[key, case["sig"], case["msg"]] for key, case in cases]
    answers = asked(page, VERIFY, given)
    assert ["valid" if good else "invalid" for good in answers] == [case["result"] for _, case in cases]


def test_the_tree_is_that_of_rfc_6962(page: Page) -> None:
    leaves = [hashlib.sha256(b"%d" % number).digest() for number in range(70)]
    expected, frontier = [Frontier().root().hex()], Frontier()
    for leaf in leaves:
        frontier.append(leaf)
        expected.append(frontier.root().hex())
    function = """(leaves) => {
      const tree = new Tree();
      return [tree.root(), ...leaves.map((leaf) => (tree.append(fromHex(leaf)), tree.root()))];
    }"""
    assert asked(page, function, [[leaf.hex() for leaf in leaves]]) == [expected]


def test_inclusion_is_judged_as_the_reference_does(page: Page) -> None:
    files = sorted(vector_folder("rfc6962-merkle/testdata/inclusion").rglob("*.json"))
    cases = [json.loads(file.read_bytes()) for file in files]

    def in_hex(text: str) -> str:
        return base64.b64decode(text or "").hex()

    given = [
        [
            in_hex(c["leafHash"]),
            int(c["leafIdx"]),
            int(c["treeSize"]),
            [in_hex(n) for n in c["proof"] or []],
            in_hex(c["root"]),
        ]
        for c in cases
    ]
    function = (
        "([leaf, index, size, path, root]) => isIncluded(fromHex(leaf), index, size, path.map(fromHex), root)"
    )
    assert asked(page, function, given) == [not case["wantErr"] for case in cases]
    assert len(cases) == 98


@pytest.mark.parametrize("pieces", [[2, 0], [1, 1, 0], [0]])
def test_folders_are_also_read_the_way_other_browsers_give_them(pieces: list[int], page: Page) -> None:
    answer = page.evaluate(f"({FOLDERS})({pieces})")
    assert len(answer) == sum(pieces)
    assert all(path.startswith("top/f") and size == 1 for path, size in answer)
