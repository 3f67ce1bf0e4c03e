#!/usr/bin/env python3
# fmt: off
"""Verifies what Custody hands over, with Python's standard library alone and none of Custody's code.

    python3 verify_custody.py WHAT [--key KEY]... [--checkpoint NOTE]... [--files FOLDER]

WHAT is a bundle (unpacked), an exported ledger (log.jsonl) or the proof of a file. KEY is a public key that you
trust: a .pem or .vkey file, or the verifier key itself. Without one nothing is proved: whoever made WHAT may have
made its keys as well. NOTE is a checkpoint that somebody else kept. FOLDER has copies under the names that they had
at their destination; their digests are compared with the entries.

Exit codes: 0 OK, 1 CHANGED (something is wrong), 4 CANNOT TELL, 2 a wrong command line. The formats are in Custody's
docs/reference: entry-format, bundle-format, proof-format. Not judged here, but by `custody audit`: whether each event
has the fields of its type, whether claims of copies rest on earlier entries, time stamps, cosignatures, hand-overs, tiles.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import re
import stat
import sys
from collections import deque
from concurrent.futures import Future, ProcessPoolExecutor
from datetime import datetime
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Optional, Tuple

# ---- Ed25519 (RFC 8032 section 5.1). A point is (X, Y, Z, T) with x = X/Z, y = Y/Z, xy = T/Z.
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
BASE = bytes([0x58]) + bytes([0x66]) * 31  # y = 4/5, x even
Point = Tuple[int, int, int, int]
Table = List[List[Tuple[int, int, int]]]

def add(p: Point, q: Point) -> Point:  # section 5.1.4; serves for doubling as well
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P

def affine(p: Point) -> tuple[int, int]:
    inverse = pow(p[2], -1, P)
    return p[0] * inverse % P, p[1] * inverse % P

def decompress(raw: bytes) -> Point | None:  # section 5.1.3; None for what is not the one encoding of a point
    sign, y = raw[31] >> 7, int.from_bytes(raw, "little") % 2**255
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    if y >= P or x * x % P != square or (x == 0 and sign):
        return None
    x = P - x if x % 2 != sign else x
    return x, y, 1, x * y % P

def of_small_order(p: Point) -> bool:  # eight times p is nothing: under such a key one signature fits many messages
    for _ in range(3):
        p = add(p, p)
    return p[0] == 0 and p[1] == p[2]

@lru_cache(maxsize=64)
def multiples(raw: bytes, negative: bool) -> Table | None:  # [i][j] = j·256^i·point (or −point) as (y−x, y+x, 2dxy)
    point = decompress(raw) if len(raw) == 32 else None
    if point is None or of_small_order(point):
        return None
    if negative:
        point = P - point[0], point[1], 1, P - point[3]
    table: Table = [[] for _ in range(32)]
    for row in table:
        multiple: Point = (0, 1, 1, 0)
        for _ in range(256):
            x, y = affine(multiple)
            row.append((y - x, y + x, 2 * D * x * y % P))
            multiple = add(multiple, point)
        point = multiple
    return table

def add_multiple(p: Point, table: Table, factor: int) -> Point:  # p + factor·point: an addition for each byte
    x, y, z, t = p
    for row, byte in zip(table, factor.to_bytes(32, "little")):
        minus, plus, xy2d = row[byte]
        a, b, c, d = (y - x) * minus, (y + x) * plus, t * xy2d, 2 * z
        e, f, g, h = (b - a) % P, (d - c) % P, (d + c) % P, (b + a) % P
        x, y, z, t = e * f % P, g * h % P, f * g % P, e * h % P
    return x, y, z, t

def verify(raw: bytes, signature: bytes, message: bytes) -> bool:  # section 5.1.7: R must be the encoding of [S]B − [k]A
    base, minus_a = multiples(BASE, False), multiples(raw, True)
    s = int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or base is None or minus_a is None or s >= L:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + raw + message).digest(), "little") % L
    r = add_multiple(add_multiple((0, 1, 1, 0), base, s), minus_a, k)
    x, y = affine(r)
    return (y | (x & 1) << 255).to_bytes(32, "little") == signature[:32] and not of_small_order(r)

def bad_ones(batch: list[tuple[int, bytes, bytes, bytes]]) -> list[int]:  # runs in a process of its own
    return [position for position, *signed in batch if not verify(*signed)]

# ---- The forms: canonical JSON, base64, entries, keys, signed notes. ValueError for any other form.
PAYLOAD_TYPE = "application/vnd.custody.entry+json"
UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
FORMS = {"actor": "[0-9a-f]{64}", "at": r"[0-9]{4}-\S{5}T\S{8}\.[0-9]{6}Z", "ledger": UUID,
         "previous": "[0-9a-f]{64}", "salt": "[0-9a-f]{32}", "stream": f"[a-z]+/{UUID}", "type": "[A-Za-z0-9/]+"}
FIELDS = {*FORMS, "data", "position", "revision", "v"}
SPKI = bytes.fromhex("302a300506032b6570032100")  # SubjectPublicKeyInfo of Ed25519 up to the key (RFC 8410)
MAX_ENTRY, MAX_NOTE, MAX_DEPTH, MAX_INTEGER = 60 * 1024, 256 * 1024, 32, 2**53 - 1
Body = Dict[str, Any]

def require(condition: object, what: str) -> None:
    if not condition:
        raise ValueError(what)

def decode(data: bytes) -> Any:  # canonical JSON without fractions (RFC 8785): written again it has the same bytes
    try:
        value = json.loads(data.decode("utf-8"), parse_float=int, parse_constant=int)  # int refuses both
        again = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8")
    except RecursionError:
        raise ValueError("nested too deeply") from None
    require(again == data, "not canonical JSON")
    check_subset(value, MAX_DEPTH)
    return value

def check_subset(value: object, depth: int) -> None:
    if isinstance(value, int):
        require(abs(value) <= MAX_INTEGER, "an integer beyond 2^53-1")
    elif isinstance(value, (dict, list)):
        require(depth > 0, "nested too deeply")
        require(isinstance(value, list) or all(map(str.isascii, value)), "a name that is not ASCII")
        for member in value.values() if isinstance(value, dict) else value:
            check_subset(member, depth - 1)

def unbase64(text: str) -> bytes:
    data = base64.b64decode(text, validate=True)
    require(base64.b64encode(data).decode() == text, "base64 not in its canonical form")
    return data

def open_entry(line: bytes) -> tuple[Body, bytes, bytes]:  # the body, the signature, and the bytes it is over (DSSE)
    require(len(line) <= MAX_ENTRY, "longer than an entry may be")
    try:
        envelope = decode(line)
        (signature,) = envelope["signatures"]
        payload, blob = unbase64(envelope["payload"]), unbase64(signature["sig"])
        body: Body = decode(payload)
        require(envelope.keys() == {"payload", "payloadType", "signatures"}, "no envelope")
        require(envelope["payloadType"] == PAYLOAD_TYPE and signature.keys() == {"keyid", "sig"}, "no envelope of an entry")
        require(body.keys() == FIELDS and body["data"].keys() is not None, "not the fields of an entry")
        require(all(re.fullmatch(form, body[name]) for name, form in FORMS.items()), "a field is not in its form")
        datetime.fromisoformat(body["at"][:-1])
        numbers = [body[name] for name in ("v", "position", "revision")]
    except (TypeError, AttributeError, KeyError):
        raise ValueError("not an entry") from None
    require(all(type(n) is int for n in numbers) and numbers[0] == 1 and numbers[1] >= 0 < numbers[2], "not its numbers")
    require(len(blob) == 64, "not a signature of Ed25519")
    require(body["actor"] == signature["keyid"], "its actor is not the key that is said to have signed it")
    return body, blob, b"DSSEv1 %d %b %d %b" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)

def read_pem(text: str) -> bytes:
    found = re.search("-----BEGIN PUBLIC KEY-----(.*?)-----END PUBLIC KEY-----", text, re.DOTALL)
    spki = unbase64("".join(found[1].split())) if found else b""
    require(spki[:-32] == SPKI, "not an Ed25519 public key in PEM")
    return spki[-32:]

def key_id(raw: bytes) -> str:
    return hashlib.sha256(SPKI + raw).hexdigest()

def key_hash(name: str, raw: bytes) -> bytes:  # what stands for name and key in a note (C2SP signed-note)
    return hashlib.sha256(name.encode() + b"\n\x01" + raw).digest()[:4]

def read_key(value: str) -> bytes:
    text = Path(value).read_text("utf-8") if "+" not in value or os.path.exists(value) else value
    if "-----BEGIN" in text:
        return read_pem(text)
    name, hexadecimal, key = text.removesuffix("\n").split("+", 2)
    raw = unbase64(key)[1:]
    require(unbase64(key)[:1] == b"\x01" and key_hash(name, raw).hex() == hexadecimal, "not an Ed25519 verifier key")
    return raw

class Note:  # a checkpoint as a signed note; reading it verifies nothing
    def __init__(self, data: bytes) -> None:
        text, blank, lines = data.decode("utf-8").rpartition("\n\n")
        require(blank and len(data) <= MAX_NOTE and not re.search(r"[\x00-\x09\x0b-\x1f]", text + lines), "no signed note")
        parts = re.fullmatch(r"([^\n]+)\n(0|[1-9][0-9]{0,18})\n([^\n]+)", text)
        found = [re.fullmatch("— ([^ ]+) ([^ ]+)", line) for line in lines.removesuffix("\n").split("\n")]
        if parts is None or not lines.endswith("\n") or len(found) > 16:
            raise ValueError("not a checkpoint")
        self.text, self.origin, self.size, self.root = text.encode() + b"\n", parts[1], int(parts[2]), unbase64(parts[3])
        self.signatures = [(line[1], unbase64(line[2])) for line in found if line]
        require(len(self.root) == 32 and len(self.signatures) == len(found), "not a checkpoint")

    def signed_by(self, raw: bytes) -> bool:  # one bad signature in the key's name spoils the note
        mine = (self.origin, key_hash(self.origin, raw))
        ours = [blob[4:] for name, blob in self.signatures if (name, blob[:4]) == mine]
        return bool(ours) and all(verify(raw, signature, self.text) for signature in ours)

# ---- The tree (RFC 6962 section 2.1)
def leaf_hash(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()

def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()

class Tree:
    def __init__(self) -> None:
        self.size = 0
        self.peaks: list[bytes] = []  # the roots of the complete subtrees, largest first

    def append(self, leaf: bytes) -> None:  # joins as many of them as the size has 1 bits at its end
        merges, self.size = self.size, self.size + 1
        while merges & 1:
            leaf, merges = node_hash(self.peaks.pop(), leaf), merges >> 1
        self.peaks.append(leaf)

    def root(self) -> bytes:
        root = self.peaks[-1] if self.peaks else hashlib.sha256(b"").digest()
        for left in reversed(self.peaks[:-1]):
            root = node_hash(left, root)
        return root

def root_by_path(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes | None:  # RFC 9162 section 2.1.3.2
    fn, sn = index, size - 1
    for sibling in path:
        if sn == 0:
            return None
        if fn & 1 or fn == sn:
            leaf = node_hash(sibling, leaf)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            leaf = node_hash(leaf, sibling)
        fn, sn = fn >> 1, sn >> 1
    return leaf if sn == 0 and index < size else None

# ---- What is found
def shown(text: object) -> str:  # nothing that could move a cursor, hide or reorder text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(text))[:300]

class Refused(Exception):
    """Nothing can be decided about this."""

class Report:
    def __init__(self) -> None:
        self.findings: list[tuple[Optional[int], str, str]] = []
        self.notes: list[str] = []
        self.failed: set[str] = set()
        self.undecided: set[str] = set()

    def note(self, check: str, code: str, position: int | None, message: str) -> None:
        self.failed.add(check)
        if len(self.findings) < 1000:
            self.findings.append((position, code, message))

    def verdict(self, check: str) -> str:
        return "failed" if check in self.failed else "indeterminate" if check in self.undecided else "passed"

ALL_ROLES = frozenset({"examiner", "reviewer", "custodian", "administrator"})
MAY_RECORD = {  # roles, of which one is needed, and the types of entries; others nobody may record
    " ".join(ALL_ROLES): "SessionOpened SessionClosed KeyRotated CheckpointStamped CheckpointCosigned",
    "administrator": "LedgerOpened KeyEnrolled KeyRevoked",
    "examiner custodian": "CaseOpened CaseClosed ExhibitRegistered ExhibitReleased CustodyOffered CustodyAccepted CustodyDeclined",
    "examiner reviewer custodian": "NoteAdded CopyReverified CopyRefuted ReportIssued BundleExported",
    "examiner": "BatchQueued BatchStarted BatchPaused BatchResumed BatchStopped BatchCompleted JobQueued JobStarted JobResumed "
                "JobCompleted JobFailed InventoryTaken InventoryChanged FileQueued FileCopying FileProgressed FileFsynced "
                "FileVerified FileQualified FileFailed FileResumed FileSkipped MetadataLost LinkRecorded SpecialFileSkipped "
                "DirectoryCreated",
}
ROLES_FOR = {kind: frozenset(roles.split()) for roles, kinds in MAY_RECORD.items() for kind in kinds.split()}
LONG_TERM = {"LedgerOpened", "KeyEnrolled", "KeyRotated", "KeyRevoked", "SessionOpened", "SessionClosed"}

class Keyring:  # who may record what, at each position; what a key may not do has no effect
    def __init__(self, keys: dict[str, bytes]) -> None:
        self.keys = keys  # that count for signatures; a key that counts lets those count that it enrols
        self.roles: dict[str, frozenset[str]] = {}  # of the keys that are enrolled
        self.names: dict[str, object] = {}  # and of the people who hold them
        self.ended: dict[str, str] = {}  # rotated or revoked
        self.waiting: dict[str, str] = {}  # a successor, until the key that it replaces was rotated
        self.session = ("", "")  # a key for one session alone, and whose it is
        self.past: set[str] = set()  # such keys of earlier sessions

    def fault(self, body: Body, position: int) -> str:  # the code of what speaks against an entry, or nothing
        kind, data, actor = body["type"], body["data"], body["actor"]
        holder = self.session[1] if actor == self.session[0] else actor
        if not self.roles:
            self.roles = {actor: ALL_ROLES} if position == 1 and kind == "KeyEnrolled" else {}
            self.names[actor] = data.get("examiner")
        elif holder != actor and kind in LONG_TERM:
            return "session-key-beyond"
        elif holder not in self.roles or holder in self.waiting:
            return "session-key-outside" if actor in self.past else "key-not-enrolled"
        elif holder in self.ended:
            return self.ended[holder] + "-key"
        elif not self.roles[holder] & ROLES_FOR.get(kind, frozenset()) and (kind, data.get("replaces")) != ("KeyEnrolled", actor):
            return "role-missing"
        elif kind == "KeyEnrolled":
            return self.enrol(body, str(data.get("key")))
        elif kind == "KeyRotated":
            if data.get("key") != actor or self.waiting.pop(str(data.get("successor")), "") != actor:
                return "rotation-unfounded"
            self.ended[actor] = "rotated"
        elif kind == "KeyRevoked":
            if data.get("key") not in self.roles:
                return "revocation-unfounded"
            self.ended[data["key"]] = "revoked"
        elif kind in {"SessionOpened", "SessionClosed"}:
            code = self.delegate(actor, data)
            return "session-name" if kind == "SessionOpened" and data.get("examiner") != self.names[actor] else code
        return ""

    def delegate(self, actor: str, data: Body) -> str:  # a session's own key counts until the next begins or this one ends
        self.past.add(self.session[0])
        self.keys.pop(self.session[0], None)
        raw = read_pem(data["session_key"]) if "session_key" in data else b""
        self.session = (key_id(raw), actor) if raw else ("", "")
        if raw and (self.session[0] in self.roles or self.session[0] in self.keys):
            self.session = ("", "")
            return "session-key-unfounded"
        if raw and actor in self.keys:
            self.keys[key_id(raw)] = raw
        return ""

    def enrol(self, body: Body, key: str) -> str:  # the new key must have signed what is said of it
        data, actor, raw = body["data"], body["actor"], read_pem(str(body["data"].get("public_key")))
        said = {"enrolled_by": actor, "enrolment": {**data}, "ledger": body["ledger"]}
        proof = unbase64(str(said["enrolment"].pop("proof", "")))
        statement = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        kind, roles = "application/vnd.custody.key-statement+json", data.get("roles")
        if not verify(raw, proof, b"DSSEv1 %d %b %d %b" % (len(kind), kind.encode(), len(statement), statement)):
            return "enrolment-unproven"
        if key in self.roles or not isinstance(roles, list) or not roles or not ALL_ROLES.issuperset(roles):
            return "enrolment-unfounded"
        self.roles[key], self.names[key] = frozenset(roles), data.get("examiner")
        if "replaces" in data:
            if data["replaces"] != actor or self.roles[key] != self.roles[actor]:
                return "enrolment-unfounded"
            self.waiting[key] = actor
        if actor in self.keys:
            self.keys[key] = raw
        return ""

class Ledger:  # takes the entries in order
    def __init__(self, report: Report, keys: dict[str, bytes], notes: dict[str, Note], *, proof: bool = False) -> None:
        self.report, self.keys, self.notes, self.proof, self.tree = report, dict(keys), notes, proof, Tree()
        self.wanted, self.roots = {note.size for note in notes.values()}, {0: self.tree.root()}
        self.before: bytes | None = bytes(32)  # the leaf hash before; empty: of no entry; None: not known
        self.origin, self.read, self.shift, self.withheld, self.unknown = "", 0, 0, 0, (-1, "")
        self.revisions: dict[str, int] = {}  # by stream
        self.copies: dict[str, tuple[bytes, str, int]] = {}  # by stream: path, SHA-256, position
        self.ring = Keyring(self.keys)
        self.issued: set[str] = set()  # SHA-256 of reports
        self.cited: set[str] = set()  # and of documents
        self.batch: list[tuple[int, bytes, bytes, bytes]] = []  # signatures to verify
        self.answers: deque[Future[list[int]]] = deque()
        self.pool: ProcessPoolExecutor | None = None

    def admit(self, entries: Iterable[tuple[Optional[bytes], bytes]]) -> None:  # entry (None: withheld) and leaf hash
        for entry, leaf in entries:
            if entry is None:
                self.before, self.withheld = leaf, self.withheld + 1
            else:
                self.take(entry, self.tree.size)
            self.tree.append(leaf)
            if self.tree.size in self.wanted:
                self.roots[self.tree.size] = self.tree.root()

    def take(self, line: bytes, position: int) -> None:
        before, self.read, note = self.before, self.read + 1, self.report.note
        try:
            body, signature, signed = open_entry(line)
        except ValueError as error:
            self.before = b""
            self.report.undecided |= {"signatures", "authorisation"}
            note("structure", "malformed-entry", position, f"the entry cannot be read: {error}")
            return
        self.before, shift = leaf_hash(line), body["position"] - position
        if shift != self.shift:
            note("structure", "misplaced-entry", position, f"this is the entry of position {body['position']}")
        if before is not None and body["previous"] != before.hex():
            note("chain", "chain-broken", position, "this entry was not made after the one that stands before it")
        self.shift, self.origin = shift, self.origin or "custody.invalid/" + body["ledger"]
        if self.origin != "custody.invalid/" + body["ledger"]:
            note("structure", "foreign-entry", position, f"the entry belongs to another ledger: {body['ledger']}")
        self.check_signature(body["actor"], position, signature, signed)
        self.follow(body, position)

    def follow(self, body: Body, position: int) -> None:  # what entries say, and say of one another
        kind, data, actor, stream, note = body["type"], body["data"], body["actor"], body["stream"], self.report.note
        expected, self.revisions[stream] = self.revisions.get(stream, 0) + 1, body["revision"]
        if body["revision"] > expected and (self.withheld or self.proof):
            self.report.undecided.add("structure")
            self.report.notes.append(f"before position {position}, entries of {stream} are withheld")
        elif body["revision"] != expected:
            note("structure", "revision-gap", position, f"revision {body['revision']} of its stream, not {expected}")
        begins = {0: ("LedgerOpened", data.get("ledger") == body["ledger"]), 1: ("KeyEnrolled", data.get("key") == actor)}
        if (kind, True) != begins.get(position, (kind, kind != "LedgerOpened")):
            note("structure", "no-genesis", position, "a ledger begins with its opening and its first key, and only once")
        try:
            require(kind != "KeyEnrolled" or key_id(read_pem(data["public_key"])) == data["key"], "not the key of its id")
            if self.proof and kind in {"SessionOpened", "SessionClosed"}:
                self.ring.delegate(actor, data)
            elif code := "" if self.proof else self.ring.fault(body, position):
                note("authorisation", code, position, f"its key may not record this {kind}: {actor}")
        except (ValueError, TypeError, KeyError) as error:
            note("structure", "key-mismatch", position, f"a key in the entry cannot be used: {error}")
        if kind == "ReportIssued":
            self.issued.add(str(data.get("sha256")))
        elif kind == "BatchQueued":
            self.cited.update(str(data[name]) for name in ("batch", "instruction_sha256") if name in data)
        elif kind in {"FileCopying", "FileFailed"}:
            self.copies.pop(stream, None)  # no copy is claimed any more
        elif kind in {"FileVerified", "FileQualified", "FileSkipped"}:
            path = data.get("path_b64") or base64.b64encode(str(data.get("path")).encode()).decode()
            digests = data.get("digests")
            if isinstance(digests, dict):
                self.copies[stream] = base64.b64decode(str(path)), str(digests.get("sha256")), position

    def check_signature(self, actor: str, position: int, signature: bytes, signed: bytes) -> None:
        if actor in self.keys:
            self.batch.append((position, self.keys[actor], signature, signed))
        elif self.keys:
            if self.unknown != (position - 1, actor):  # a run of them is said once
                self.report.note("signatures", "unknown-key", position, f"signed by a key that is not trusted: {actor}")
            self.unknown = position, actor
        if len(self.batch) == 256:  # more than that are verified on all cores
            self.pool = self.pool or ProcessPoolExecutor()
            self.answers.append(self.pool.submit(bad_ones, self.batch))
            self.batch = []
        while len(self.answers) > 4 * (os.cpu_count() or 1):
            self.refute(self.answers.popleft().result())

    def refute(self, positions: Iterable[int]) -> None:
        for position in positions:
            self.report.note("signatures", "bad-signature", position, "the entry was changed after it was signed")

    def conclude(self) -> None:  # the signatures left, then every checkpoint against the tree
        self.answers.extend([self.pool.submit(bad_ones, self.batch)] if self.pool else [])
        self.refute(bad_ones(self.batch) if not self.pool else (at for answer in self.answers for at in answer.result()))
        sound, note = [], self.report.note
        for where, found in sorted(self.notes.items(), key=lambda item: item[1].size):
            if self.keys and not any(found.signed_by(raw) for raw in self.keys.values()):
                note("checkpoints", "checkpoint-signature", None, f"{where} is not signed by a trusted key")
                continue
            sound.append(found)
            if found.origin != (self.origin or found.origin):
                note("checkpoints", "checkpoint-origin", None, f"{where} is of another ledger: {found.origin}")
            elif found.size > self.tree.size:
                note("checkpoints", "cut", self.tree.size, f"{self.tree.size} entries, but {where} covers {found.size}")
            elif self.roots.get(found.size) != found.root:
                note("checkpoints", "checkpoint-root", None, f"these are not the entries that {where} was signed over")
        if not sound:
            self.report.undecided.add("checkpoints")
        if (tail := self.tree.size - max((found.size for found in sound), default=0)) > 0:
            self.report.notes.append(f"behind the last checkpoint, not covered by it: {tail} entries")

# ---- A bundle, an export, a proof, the copies
NAME = re.compile("[A-Za-z0-9_][A-Za-z0-9._-]{0,99}(/[A-Za-z0-9_][A-Za-z0-9._-]{0,99}){0,7}")

def lines_of(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while line := file.readline(MAX_ENTRY + 2):
            require(line.endswith(b"\n"), f"{path.name} has a line that is too long or has no end")
            yield line[:-1]

def entries_of(entries: Path, leaves: Path | None = None) -> Iterator[tuple[Optional[bytes], bytes]]:
    lines, position = lines_of(entries), 0
    for line in lines_of(leaves) if leaves and leaves.exists() else ():
        parts = re.fullmatch(rb"(0|[1-9][0-9]{0,18}) ([0-9a-f]{64})", line)
        require(parts and int(parts[1]) >= position, "leaves.txt is not in its form")
        for entry in islice(lines, int(parts[1]) - position if parts else 0):
            yield entry, leaf_hash(entry)
            position += 1
        require(parts and int(parts[1]) == position, f"the entry of position {position} is neither given nor withheld")
        yield None, bytes.fromhex(line[-64:].decode())
        position += 1
    yield from ((entry, leaf_hash(entry)) for entry in lines)

def sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()

def files_of(folder: Path, report: Report) -> dict[str, str]:  # name → SHA-256 of what is there
    found = {path.relative_to(folder).as_posix(): path for above, below, names in os.walk(folder)
             for path in (Path(above, name) for name in (*names, *below)) if path.is_symlink() or not path.is_dir()}
    for name, path in found.items():
        if not stat.S_ISREG(path.lstat().st_mode):
            raise Refused(f"a bundle has no links and no special files, but this is one: {name}")
    digests = {name: sha256_of(path) for name, path in found.items() if NAME.fullmatch(name)}
    if len(digests) < len(found):
        report.notes.append(f"files that have no name of a bundle and were not looked at: {len(found) - len(digests)}")
    return digests

def check_bundle(folder: Path, digests: dict[str, str], ledger: Ledger) -> None:
    note, listed = ledger.report.note, set()
    for line in lines_of(folder / "SHA256SUMS"):
        digest, two, name = line.decode().partition("  ")
        require(two and re.fullmatch("[0-9a-f]{64}", digest), "SHA256SUMS has a line of another form")
        listed.add(name)
        if digests.get(name) != digest:
            code = "bundle-file-differs" if name in digests else "bundle-file-missing"
            note("structure", code, None, f"SHA256SUMS has another digest, or the file is not there: {name}")
    if others := digests.keys() - listed - {"SHA256SUMS"}:
        ledger.report.notes.append(f"files that SHA256SUMS does not list: {len(others)}")
    about = decode(beginning_of(folder / "bundle.json").removesuffix(b"\n"))
    said = ["custody.invalid/" + str(about.get("ledger")), about.get("entries"), about.get("withheld"), about.get("size")]
    if said != [ledger.origin, ledger.read, ledger.withheld, ledger.tree.size]:
        note("structure", "bundle-numbers", None, "bundle.json says another ledger or other numbers than were found")
    for name in (name for name in digests if name.startswith("reports/") and digests[name] not in ledger.issued):
        note("structure", "report-unknown", None, f"no disclosed entry issued this report: {name}")
    for name in (name for name in digests if name.startswith("documents/") and name != "documents/" + digests[name]):
        note("structure", "document-differs", None, f"this is not the document of that SHA-256: {name}")
    for cited in () if ledger.withheld else (cited for cited in ledger.cited if "documents/" + cited not in digests):
        note("structure", "document-missing", None, f"an entry cites a document that is not there: {cited}")

def read_notes(files: dict[str, bytes], report: Report) -> dict[str, Note]:
    notes: dict[str, Note] = {}
    for where, content in files.items():
        try:
            notes[where] = Note(content)
            if where.startswith("checkpoints/") and where != f"checkpoints/{notes[where].size}.note":
                report.note("checkpoints", "checkpoint-size", None, f"{where} is of size {notes[where].size}")
        except ValueError as error:
            report.note("checkpoints", "malformed-checkpoint", None, f"{where}: {error}")
    return notes

def check_proof(data: bytes, ledger: Ledger) -> None:
    document, last = decode(data.removesuffix(b"\n")), -1
    require(document.keys() == {"checkpoint", "entries", "format"} and document["format"] == "custody.proof/1", "no proof")
    signed = ledger.notes["the checkpoint"] = Note(document["checkpoint"].encode())
    ledger.origin = signed.origin
    for item in document["entries"]:
        position, entry, path = item["position"], item["entry"].encode(), [bytes.fromhex(node) for node in item["path"]]
        require(type(position) is int and position > last and all(len(node) == 32 for node in path), "no proof of an entry")
        if root_by_path(leaf_hash(entry), position, signed.size, path) != signed.root:
            ledger.report.note("tree", "not-included", position, "the path does not lead from the entry to the signed root")
        ledger.before = ledger.before if position == last + 1 else None
        ledger.take(entry, position)
        last = position
    require(last >= 0, "a proof of nothing")
    ledger.tree.size, ledger.roots[signed.size] = signed.size, signed.root  # the paths were held against it just now

def check_copies(folder: Path, ledger: Ledger) -> None:
    equal, missing, report = 0, 0, ledger.report
    for path, digest, position in ledger.copies.values():
        place = Path(folder, os.fsdecode(path))
        inside = not path.startswith(b"/") and b".." not in path.split(b"/") and b"\0" not in path
        if not inside or not place.is_file() or place.is_symlink():
            missing += 1
        elif sha256_of(place) != digest:
            report.note("evidence", "copy-differs", position, f"not as recorded: {os.fsdecode(path)}")
        else:
            equal += 1
    report.notes.append(f"copies with the recorded SHA-256: {equal}; recorded copies that are not in the folder: {missing}")
    if missing or not equal:
        report.undecided.add("evidence")

def read_bundle(folder: Path, digests: dict[str, str], files: dict[str, bytes], keys: dict[str, bytes]) -> None:
    if missing := {"bundle.json", "checkpoint", "entries.ndjson", "SHA256SUMS"} - digests.keys():
        raise Refused(f"this is no bundle, it has no {', '.join(sorted(missing))}")
    if b'"format":"custody.bundle/1"' not in beginning_of(folder / "bundle.json"):
        raise Refused("bundle.json does not say that this is a custody.bundle/1")
    for name in sorted(name for name in digests if re.fullmatch(r"checkpoint|checkpoints/[0-9]+\.note", name)):
        files[name] = beginning_of(folder / name)
    for name in () if keys else (name for name in digests if re.fullmatch(r"keys/[0-9a-f]{64}\.pem", name)):
        raw = read_pem(beginning_of(folder / name).decode())
        keys[key_id(raw)] = raw

def beginning_of(path: Path) -> bytes:  # all of a file that is as small as it should be
    with path.open("rb") as file:
        return file.read(MAX_NOTE + 1)

def judge(what: Path, keys: dict[str, bytes], files: dict[str, bytes], report: Report) -> Ledger:
    if not keys:
        report.undecided |= {"signatures", "checkpoints"}
        report.notes.append("no key was given: keys that come along are those of the bundle, nobody vouches for them")
    proof = what.is_file() and beginning_of(what).startswith(b'{"checkpoint":')
    digests, ledger = files_of(what, report) if what.is_dir() else {}, Ledger(report, {}, {})
    try:
        if what.is_dir():
            read_bundle(what, digests, files, keys)
        ledger = Ledger(report, keys, read_notes(files, report), proof=proof)
        if proof:
            check_proof(what.read_bytes(), ledger)
        elif what.is_dir():
            ledger.admit(entries_of(what / "entries.ndjson", what / "leaves.txt"))
            check_bundle(what, digests, ledger)
        else:
            ledger.admit(entries_of(what))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        report.note("structure", "malformed-proof" if proof else "malformed-bundle", None, str(error))
    ledger.conclude()
    return ledger

NOT_SHOWN = ("who was at the keyboard: a signature shows which key was used, not by whom",
             "anything behind the last checkpoint that somebody else holds: a cut there leaves no trace",
             "that the clock was right, and that the sources were what they seemed to be before they were read",
             "what time stamps, cosignatures and hand-overs in it are worth, and what claims of copies rest on: 'custody audit'")

def main(arguments: Optional[List[str]] = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0], epilog="See the head of this file.")
    parser.add_argument("what", help="a bundle's folder, an exported ledger, or a proof")
    for option, text in (("--key", "trust this public key"), ("--checkpoint", "a note kept elsewhere"), ("--files", "copies")):
        parser.add_argument(option, action="append", default=[], help=text)
    words, report, checks = parser.parse_args(arguments), Report(), ["structure", "signatures", "authorisation", "chain", "tree", "checkpoints"]
    try:
        keys = {key_id(raw): raw for raw in map(read_key, words.key)}
        brought = {f"the note {name}": Path(name).read_bytes() for name in words.checkpoint}
    except (OSError, ValueError) as error:
        parser.error(f"a key or checkpoint cannot be read: {shown(error)}")
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a terminal may know less than UTF-8
    try:
        ledger = judge(Path(words.what), keys, brought, report)
        for folder in words.files:
            check_copies(Path(folder), ledger)
    except (OSError, Refused) as error:
        print(f"CANNOT TELL  {shown(error)}")
        return 4
    checks += ["evidence"] if words.files else []
    verdicts = {check: report.verdict(check) for check in checks if check != "authorisation" or not ledger.proof}
    code = 1 if "failed" in verdicts.values() else 4 if "indeterminate" in verdicts.values() else 0
    withheld = f", {ledger.withheld} withheld" if ledger.withheld else ""
    print(f"{ {0: 'OK', 1: 'CHANGED', 4: 'CANNOT TELL'}[code]}  {ledger.read} entries{withheld}, {len(report.findings)} findings")
    for position, code_word, message in sorted(report.findings, key=lambda found: (found[0] is None, found[0] or 0)):
        print(f"  {'at no one position' if position is None else f'position {position}'}  {code_word}: {shown(message)}")
    print(*(f"  {check:<13}  {verdict}" for check, verdict in verdicts.items()), sep="\n")
    print(*(f"  note: {shown(note)}" for note in report.notes[:100]), "  this does not show:", sep="\n")
    print(*(f"   - {limit}" for limit in NOT_SHOWN), sep="\n")
    return code

if __name__ == "__main__":
    sys.exit(main())
