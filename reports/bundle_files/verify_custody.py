#!/usr/bin/env python3
# fmt: off
"""Verifies what Custody hands over, with Python's standard library alone and none of Custody's code.

    python3 verify_custody.py WHAT [--key KEY]... [--checkpoint NOTE]... [--files FOLDER]

WHAT is a bundle (unpacked), an exported ledger (log.jsonl) or the proof of a file. KEY is a public key that you
trust: a .pem or .vkey file, or the verifier key itself. Without one nothing is proved: whoever made WHAT may have
made its keys as well. NOTE is a checkpoint that somebody else kept. FOLDER has copies under the names that they had
at their destination; their digests are compared with the entries.

Exit codes: 0 OK, 1 CHANGED (something is wrong), 4 CANNOT TELL, 2 a wrong command line. The formats are in Custody's
docs/reference: entry-format, keys, bundle-format, proof-format. What is not judged here is said with each result.
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
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, Optional

# ---- Ed25519 (RFC 8032 section 5.1). A point is (X, Y, Z, T) with x = X/Z, y = Y/Z, xy = T/Z.
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
BASE = bytes([0x58]) + bytes([0x66]) * 31  # y = 4/5, x even
Point = tuple[int, int, int, int]

def add(p: Point, q: Point) -> Point:  # section 5.1.4; serves for doubling as well
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P

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
def sound_point(raw: bytes) -> Point | None:
    point = decompress(raw) if len(raw) == 32 else None
    return None if point is None or of_small_order(point) else point

@lru_cache(maxsize=64)
def multiples(raw: bytes, sign: int) -> list[list[Point]] | None:  # [i][j] = j·256^i·(±point), so that a byte takes one addition
    point, table = sound_point(raw), []
    if point is None:
        return None
    point = sign * point[0], point[1], 1, sign * point[3]
    for _ in range(32):
        row: list[Point] = [(0, 1, 1, 0)]
        for _ in range(256):
            row.append(add(row[-1], point))
        point = row.pop()
        table.append(row)
    return table

def verify(raw: bytes, signature: bytes, message: bytes) -> bool:  # section 5.1.7: R must be the encoding of [S]B − [k]A
    base, minus_a, r = multiples(BASE, 1), multiples(raw, -1), (0, 1, 1, 0)
    s = int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or base is None or minus_a is None or s >= L:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + raw + message).digest(), "little") % L
    for table, factor in (base, s), (minus_a, k):
        for row, byte in zip(table, factor.to_bytes(32, "little")):
            r = add(r, row[byte])
    x, y = (r[axis] * pow(r[2], -1, P) % P for axis in (0, 1))
    return (y | (x & 1) << 255).to_bytes(32, "little") == signature[:32] and not of_small_order(r)

# ---- The forms: canonical JSON, base64, entries, keys, signed notes. ValueError for any other form.
PAYLOAD_TYPE = "application/vnd.custody.entry+json"
STATEMENT_TYPE = "application/vnd.custody.key-statement+json"
UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
FORMS = {"actor": "[0-9a-f]{64}", "at": r"[0-9]{4}-\S{5}T\S{8}\.[0-9]{6}Z", "ledger": UUID,
         "previous": "[0-9a-f]{64}", "salt": "[0-9a-f]{32}", "stream": f"[a-z]+/{UUID}", "type": "[A-Za-z0-9/]+"}
FIELDS = {*FORMS, "data", "position", "revision", "v"}
SPKI = bytes.fromhex("302a300506032b6570032100")  # SubjectPublicKeyInfo of Ed25519 up to the key (RFC 8410)
MAX_ENTRY, MAX_NOTE, MAX_DEPTH, MAX_INTEGER = 60 * 1024, 256 * 1024, 32, 2**53 - 1
Body = dict[str, Any]

def require(condition: object, what: str) -> None:
    if not condition:
        raise ValueError(what)
def encode(value: object) -> bytes:  # canonical JSON without fractions (RFC 8785)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8")
def decode(data: bytes) -> Any:  # written again it must have the same bytes
    try:
        value = json.loads(data.decode("utf-8"), parse_float=int, parse_constant=int)  # int refuses both
        again = encode(value)
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
def signed_bytes(kind: str, payload: bytes) -> bytes:  # DSSE's pre-authentication encoding
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind.encode(), len(payload), payload)

def open_entry(line: bytes) -> tuple[Body, str, bytes, bytes]:  # the body; whose signature, the signature, what it is over
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
        require(re.fullmatch(FORMS["actor"], signature["keyid"]), "not the id of a key")
        datetime.fromisoformat(body["at"][:-1])
        numbers = [body[name] for name in ("v", "position", "revision")]
    except (TypeError, AttributeError, KeyError):
        raise ValueError("not an entry") from None
    require(all(type(n) is int for n in numbers) and numbers[0] == 1 and numbers[1] >= 0 < numbers[2], "not its numbers")
    require(len(blob) == 64, "not a signature of Ed25519")
    return body, signature["keyid"], blob, signed_bytes(PAYLOAD_TYPE, payload)
def read_pem(text: str) -> bytes:
    found = re.search("-----BEGIN PUBLIC KEY-----(.*?)-----END PUBLIC KEY-----", text, re.DOTALL)
    spki = unbase64("".join(found[1].split())) if found else b""
    require(spki[:-32] == SPKI, "not an Ed25519 public key in PEM")
    return spki[-32:]
def key_id(raw: bytes) -> str:
    return hashlib.sha256(SPKI + raw).hexdigest()
def sound_key(pem: object) -> bytes:  # the key, or nothing for one that is not fit for use
    try:
        raw = read_pem(str(pem))
    except ValueError:
        return b""
    return raw if sound_point(raw) else b""
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

def root_by_path(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes | None:  # RFC 9162 section 2.1.3.1, from the top
    if size <= 1 or not path:
        return leaf if (index, size, path) == (0, 1, []) else None
    middle, other = 1 << (size - 1).bit_length() - 1, path[-1]  # the left subtree is the largest complete one
    if index < middle:
        left = root_by_path(leaf, index, middle, path[:-1])
        return left and node_hash(left, other)
    right = root_by_path(leaf, index - middle, size - middle, path[:-1])
    return right and node_hash(other, right)

# ---- What is found
class Refused(Exception):
    """Nothing can be decided about this."""

class Report:
    def __init__(self) -> None:
        self.findings: list[tuple[Optional[int], str, str]] = []  # position, code, message; the first thousand
        self.notes: list[str] = []
        self.failed: set[str] = set()
        self.undecided: set[str] = set()
    def note(self, check: str, code: str, position: int | None, message: str) -> None:
        self.failed.add(check)
        self.findings += [(position, code, message)] if len(self.findings) < 1000 else []
    def verdict(self, check: str) -> str:
        return "failed" if check in self.failed else "indeterminate" if check in self.undecided else "passed"

# ---- Who may record what: roles of which one is needed, the kind of the stream, the types of entries. Others nobody may record.
ALL_ROLES = frozenset({"examiner", "reviewer", "custodian", "administrator"})
TABLE = """
any                             session     SessionOpened SessionClosed
any                             key         KeyRotated
any                             ledger      CosignatureGiven
any                             checkpoint  CheckpointStamped CheckpointCosigned
administrator                   ledger      LedgerOpened
administrator                   key         KeyEnrolled KeyRevoked
examiner,custodian              case        CaseOpened CaseClosed
examiner,custodian              exhibit     ExhibitRegistered ExhibitReleased
examiner,custodian              exhibit     CustodyOffered CustodyAccepted CustodyDeclined CustodyRefused
examiner,reviewer,custodian     case        NoteAdded
examiner,reviewer,custodian     file        CopyReverified CopyRefuted
examiner,reviewer,custodian     report      ReportIssued BundleExported
examiner                        batch       BatchQueued BatchStarted BatchPaused BatchResumed BatchStopped BatchCompleted
examiner                        job         JobQueued JobStarted JobResumed JobCompleted JobFailed InventoryTaken InventoryChanged
examiner                        file        FileQueued FileCopying FileProgressed FileFsynced FileVerified FileQualified FileFailed
examiner                        file        FileResumed FileSkipped MetadataLost LinkRecorded SpecialFileSkipped DirectoryCreated
"""
ROWS = [(roles.split(","), stream, kind) for roles, stream, *kinds in map(str.split, TABLE.strip().splitlines()) for kind in kinds]
STREAM = {kind: stream for _, stream, kind in ROWS}
ROLES = {kind: ALL_ROLES if roles == ["any"] else frozenset(roles) for roles, _, kind in ROWS}
PERSONAL = {kind for kind in STREAM if STREAM[kind] in {"session", "key", "exhibit"}} | {"LedgerOpened"}  # not for session keys

@dataclass
class Holder:  # of a key of the ledger
    name: object
    roles: frozenset[str]
    since: int
    waiting: str = ""  # the key that this one replaces, until that was rotated
    ended: str = ""  # rotated or revoked, at the position `until`
    until: float = float("inf")

class Keyring:  # follows who may record what; what a key may not do has no effect
    def __init__(self, trusted: dict[str, bytes]) -> None:
        self.trusted = trusted  # keys whose signatures count because they were brought along,
        self.enrolled: dict[str, bytes] = {}  # because a key that counts enrolled them,
        self.delegated = "", b"", ""  # or for a session: the key, its bytes, and the key that opened the session
        self.holders: dict[str, Holder] = {}
        self.opener, self.session, self.past = "", "", {""}  # who opened the ledger; a stream; keys of sessions that are over
    def counting(self, key: str) -> bytes | None:
        return self.trusted.get(key) or self.enrolled.get(key)
    def verifier(self, key: str) -> bytes | None:  # what the signatures of a key are verified with, if they count
        mine, raw, holder = self.delegated
        return self.counting(key) or (raw if key == mine and self.counting(holder) else None)
    def admit(self, body: Body, position: int) -> str:  # the code of what speaks against the next entry, or nothing
        kind, data, actor = body["type"], body["data"], body["actor"]
        if self.holders:
            return self.refusal(kind, data, actor) or self.take(body, position)
        if kind == "LedgerOpened" and position == 0:
            self.opener = actor
        elif kind == "KeyEnrolled" and position == 1 and data.get("key") == actor == self.opener:  # it signs its own enrolment
            if key_id(sound_key(data.get("public_key"))) != actor:
                return "weak-key"
            self.holders[actor] = Holder(data.get("examiner"), ALL_ROLES, 1)
        return ""
    def refusal(self, kind: str, data: Body, actor: str) -> str:
        holder = self.holders.get(actor)
        if holder is None and actor == self.delegated[0]:
            holder = self.holders[self.delegated[2]]
            if kind in PERSONAL:
                return "session-key-beyond"
        if holder is None:
            return "session-key-outside" if actor in self.past else "key-not-enrolled"
        if holder.waiting or holder.ended:
            return "key-not-enrolled" if holder.waiting else f"{holder.ended}-key"
        may = holder.roles & ROLES[kind] or (kind == "KeyEnrolled" and data.get("replaces") == actor)
        return "" if may else "role-missing"
    def take(self, body: Body, position: int) -> str:
        kind, data, actor, key = body["type"], body["data"], body["actor"], str(body["data"].get("key"))
        holder, successor = self.holders.get(key), self.holders.get(str(data.get("successor")))
        if kind == "KeyEnrolled":
            return self.enrol(body, position, key)
        if kind == "KeyRotated":
            if key != actor or holder is None or successor is None or successor.waiting != key:
                return "rotation-unfounded"
            successor.waiting, holder.ended, holder.until = "", "rotated", position
        elif kind == "KeyRevoked":
            if holder is None or holder.ended == "revoked":
                return "revocation-unfounded"
            holder.ended, holder.until = "revoked", min(holder.until, position)
        elif kind == "SessionOpened":
            sound, named = self.open_session(body), data.get("examiner") == self.holders[actor].name
            return "" if sound and named else "session-name" if sound else "session-key-unfounded"
        elif kind == "SessionClosed" and body["stream"] == self.session:
            self.close_session()
        return ""
    def enrol(self, body: Body, position: int, key: str) -> str:
        data, actor, raw = body["data"], body["actor"], sound_key(body["data"].get("public_key"))
        said = {"enrolled_by": actor, "enrolment": {name: data[name] for name in data if name != "proof"}, "ledger": body["ledger"]}
        asked = data["roles"] if isinstance(data.get("roles"), list) else []
        roles, place = ALL_ROLES.intersection(map(str, asked)), data.get("replaces", actor)
        if key_id(raw) != key:
            return "weak-key"
        try:  # the new key must have signed what is said of it
            proved = verify(raw, unbase64(str(data.get("proof"))), signed_bytes(STATEMENT_TYPE, encode(said)))
        except ValueError:
            proved = False
        if not proved:
            return "enrolment-unproven"
        same = "replaces" not in data or roles == self.holders[actor].roles
        if key in self.holders or not roles or len(roles) != len(asked) or place != actor or not same:
            return "enrolment-unfounded"
        self.holders[key] = Holder(data.get("examiner"), roles, position, actor if "replaces" in data else "")
        if self.counting(actor):
            self.enrolled[key] = raw
        return ""
    def open_session(self, body: Body) -> bool:  # a session may have a key of its own; its stream is then named after that key
        self.close_session()
        self.session, pem = body["stream"], body["data"].get("session_key")
        raw = sound_key(pem)
        key, space = key_id(raw), uuid.UUID(body["ledger"])
        if raw and key not in self.holders and self.session == f"session/{uuid.uuid5(space, 'session/' + key)}":
            self.delegated = key, raw, body["actor"]
        return pem is None or self.delegated[0] == key
    def close_session(self) -> None:
        self.past.add(self.delegated[0])
        self.session, self.delegated = "", ("", b"", "")

CITING = {"BatchQueued": "batch instruction_sha256", "CheckpointStamped": "certificates revocation_lists",
          "CustodyOffered": "manifest_sha256"}  # types of entries that cite documents, and in which fields
WITHHELD = ("entries are withheld, any of which may have ended a key or a session: "
            "who might sign is judged by the disclosed ones alone")

class Ledger:  # takes the entries in order
    def __init__(self, report: Report, keys: dict[str, bytes], notes: dict[str, Note], *, proof: bool = False) -> None:
        self.report, self.notes, self.proof, self.tree, self.ring = report, notes, proof, Tree(), Keyring(keys)
        self.wanted, self.roots = {note.size for note in notes.values()}, {0: self.tree.root()}
        self.before: bytes | None = bytes(32)  # the leaf hash before; empty: of no entry; None: not known
        self.origin, self.read, self.shift, self.withheld, self.unknown = "", 0, 0, 0, (-1, "")
        self.revisions: dict[str, int] = {}  # by stream
        self.copies: dict[str, tuple[bytes, str, int]] = {}  # by stream: path, SHA-256, position
        self.issued: set[str] = set()  # SHA-256 of reports
        self.cited: set[str] = set()  # and of documents
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
            body, signer, signature, signed = open_entry(line)
        except ValueError as error:
            self.before = b""
            self.report.undecided |= {"signatures", "authorisation"}
            note("structure", "malformed-entry", position, f"the entry cannot be read: {error}")
            return
        self.before, shift = leaf_hash(line), body["position"] - position
        if shift != self.shift:
            self.report.undecided.add("authorisation")
            note("structure", "misplaced-entry", position, f"this is the entry of position {body['position']}")
        if before is not None and body["previous"] != before.hex():
            note("chain", "chain-broken", position, "this entry was not made after the one that stands before it")
        self.shift, self.origin = shift, self.origin or "custody.invalid/" + body["ledger"]
        if self.origin != "custody.invalid/" + body["ledger"]:
            note("structure", "foreign-entry", position, f"the entry belongs to another ledger: {body['ledger']}")
        if body["actor"] != signer:
            note("structure", "actor-mismatch", position, "its actor is not the key that is said to have signed it")
        self.check_signature(signer, position, signature, signed)
        self.authorise(body, position)
        self.follow(body, position)
    def check_signature(self, signer: str, position: int, signature: bytes, signed: bytes) -> None:
        if raw := self.ring.verifier(signer):
            if not verify(raw, signature, signed):
                self.report.note("signatures", "bad-signature", position, "the entry was changed after it was signed")
        elif self.ring.trusted:
            if self.unknown != (position - 1, signer):  # a run of them is said once
                self.report.note("signatures", "unknown-key", position, f"signed by a key that is not trusted: {signer}")
            self.unknown = position, signer
    def authorise(self, body: Body, position: int) -> None:
        kind, data, stream, note = body["type"], body["data"], body["stream"].partition("/")[0], self.report.note
        if kind not in STREAM:
            self.report.undecided.add("authorisation")
            note("structure", "malformed-event", position, f"there is no such type of event: {kind}")
        elif STREAM[kind] != stream:
            note("structure", "wrong-stream", position, f"{kind} belongs to a {STREAM[kind]}, not to a {stream}")
        if kind == "KeyEnrolled" and key_id(sound_key(data.get("public_key"))) != data.get("key"):
            note("structure", "key-mismatch", position, "the enrolled public key is not the one that its key id stands for")
        if self.proof:
            _ = kind == "SessionOpened" and self.ring.open_session(body)
        elif kind in STREAM and (code := self.ring.admit(body, position)):
            note("authorisation", code, position, f"its key may not record this {kind}: {body['actor']}")
    def follow(self, body: Body, position: int) -> None:  # what entries say, and say of one another
        kind, data, stream, note = body["type"], body["data"], body["stream"], self.report.note
        expected, self.revisions[stream] = self.revisions.get(stream, 0) + 1, body["revision"]
        if body["revision"] > expected and (self.withheld or self.proof):
            self.report.undecided |= {"structure", "authorisation"} if stream.startswith("key/") else {"structure"}
            self.report.notes.append(f"before position {position}, entries of {stream} are withheld")
        elif body["revision"] != expected:
            note("structure", "revision-gap", position, f"revision {body['revision']} of its stream, not {expected}")
        begins = {0: ("LedgerOpened", data.get("ledger") == body["ledger"]), 1: ("KeyEnrolled", data.get("key") == body["actor"])}
        if (kind, True) != begins.get(position, (kind, kind != "LedgerOpened")):
            note("structure", "no-genesis", position, "a ledger begins with its opening and its first key, and only once")
        if kind == "ReportIssued":
            self.issued.add(str(data.get("sha256")))
        elif kind in CITING:
            cited = [data.get(name, []) for name in CITING[kind].split()]
            self.cited.update(map(str, (name for names in cited for name in (names if isinstance(names, list) else [names]))))
        elif kind in {"FileCopying", "FileFailed"}:
            self.copies.pop(stream, None)  # no copy is claimed any more
        elif kind in {"FileVerified", "FileQualified", "FileSkipped"} and isinstance(data.get("digests"), dict):
            path = data.get("path_b64") or base64.b64encode(str(data.get("path")).encode()).decode()
            self.copies[stream] = base64.b64decode(str(path)), str(data["digests"].get("sha256")), position
    def conclude(self) -> None:  # every checkpoint against the tree
        covered, ring, report = [-1], self.ring, self.report
        keys = {**ring.trusted, **ring.enrolled}
        for where, found in sorted(self.notes.items(), key=lambda item: item[1].size):
            signer = next((key for key, raw in keys.items() if found.signed_by(raw)), "")
            holder, ours = ring.holders.get(signer), found.origin == (self.origin or found.origin)
            if not ours and where.startswith("the note "):  # it was brought along; nobody said that it is of this ledger
                report.undecided.add("checkpoints")
                report.notes.append(f"{where} is of another ledger and says nothing of this one: {found.origin}")
                continue
            if keys and not signer:
                report.note("checkpoints", "checkpoint-signature", None, f"{where} is not signed by a trusted key")
                continue
            covered.append(found.size)
            if not ours:
                report.note("checkpoints", "checkpoint-origin", None, f"{where} is of another ledger: {found.origin}")
            elif found.size > self.tree.size:
                report.note("checkpoints", "cut", self.tree.size, f"{self.tree.size} entries, but {where} covers {found.size}")
            elif self.roots.get(found.size) != found.root:
                report.note("checkpoints", "checkpoint-root", None, f"these are not the entries that {where} was signed over")
            active = holder and not holder.waiting and found.size <= holder.until and (holder.since < found.size or holder.since == 1)
            if signer and ring.holders and not active:
                report.note("authorisation", "checkpoint-key", None, f"{where} was signed by a key not active then: {signer}")
        report.undecided |= ({"checkpoints"} if covered == [-1] else set()) | (set() if ring.holders else {"authorisation"})
        report.notes += [WITHHELD] if self.withheld else []
        if (tail := self.tree.size - max(0, *covered)) > 0:
            report.notes.append(f"behind the last checkpoint, not covered by it: {tail} entries")

# ---- A bundle, an export, a proof, the copies
NAME = re.compile("[A-Za-z0-9_][A-Za-z0-9._-]{0,99}(/[A-Za-z0-9_][A-Za-z0-9._-]{0,99}){0,7}")

def lines_of(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while line := file.readline(MAX_ENTRY + 2):
            require(line.endswith(b"\n"), f"{path.name} has a line that is too long or has no end")
            yield line[:-1]
def entries_of(entries: Path, leaves: Path) -> Iterator[tuple[Optional[bytes], bytes]]:
    lines, position = lines_of(entries), 0
    for line in lines_of(leaves) if leaves.exists() else ():
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
def beginning_of(path: Path) -> bytes:  # all of a file that is as small as it should be
    with path.open("rb") as file:
        return file.read(MAX_NOTE + 1)

def files_of(folder: Path, report: Report) -> dict[str, str]:  # name → SHA-256 of what is there
    found = {path.relative_to(folder).as_posix(): path for above, below, names in os.walk(folder)
             for path in (Path(above, name) for name in (*names, *below)) if path.is_symlink() or not path.is_dir()}
    for name in (name for name, path in found.items() if not stat.S_ISREG(path.lstat().st_mode)):
        raise Refused(f"a bundle has no links and no special files, but this is one: {name}")
    digests = {name: sha256_of(path) for name, path in found.items() if NAME.fullmatch(name)}
    if len(digests) < len(found):
        report.notes.append(f"files that have no name of a bundle and were not looked at: {len(found) - len(digests)}")
    if missing := {"bundle.json", "checkpoint", "entries.ndjson", "SHA256SUMS"} - digests.keys():
        raise Refused(f"this is no bundle, it has no {', '.join(sorted(missing))}")
    if b'"format":"custody.bundle/1"' not in beginning_of(folder / "bundle.json"):
        raise Refused("bundle.json does not say that this is a custody.bundle/1")
    return digests

def check_bundle(folder: Path, digests: dict[str, str], ledger: Ledger) -> None:
    faults, listed = [], {"SHA256SUMS"}
    for line in lines_of(folder / "SHA256SUMS"):
        digest, two, name = line.decode().partition("  ")
        require(two and re.fullmatch("[0-9a-f]{64}", digest), "SHA256SUMS has a line of another form")
        listed.add(name)
        if digests.get(name) != digest:
            faults.append(("bundle-file-differs" if name in digests else "bundle-file-missing", name))
    if others := digests.keys() - listed:
        ledger.report.notes.append(f"files that SHA256SUMS does not list: {len(others)}")
    about = decode(beginning_of(folder / "bundle.json").removesuffix(b"\n"))
    said = ["custody.invalid/" + str(about.get("ledger")), about.get("entries"), about.get("withheld"), about.get("size")]
    found = [ledger.origin, ledger.read, ledger.withheld, ledger.tree.size]
    faults += [("bundle-numbers", "bundle.json says another ledger or other numbers than were found")] if said != found else []
    for name, digest in digests.items():
        if name.startswith("reports/") and digest not in ledger.issued:
            faults.append(("report-unknown", f"no disclosed entry issued {name}"))
        if name.startswith("documents/") and name != "documents/" + digest:
            faults.append(("document-differs", f"not the document of that SHA-256: {name}"))
    for cited in () if ledger.withheld else (cited for cited in ledger.cited if "documents/" + cited not in digests):
        faults.append(("document-missing", f"an entry cites a document that is not there: {cited}"))
    for code, message in faults:
        ledger.report.note("structure", code, None, message)

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
        if path.startswith(b"/") or b".." in path.split(b"/") or b"\0" in path or place.is_symlink() or not place.is_file():
            missing += 1
        elif sha256_of(place) == digest:
            equal += 1
        else:
            report.note("evidence", "copy-differs", position, f"not as recorded: {os.fsdecode(path)}")
    report.notes.append(f"copies with the recorded SHA-256: {equal}; recorded copies that are not in the folder: {missing}")
    report.undecided |= {"evidence"} if missing or not equal else set()

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

def judge(what: Path, keys: dict[str, bytes], files: dict[str, bytes], report: Report) -> Ledger:
    digests = files_of(what, report) if what.is_dir() else {}
    proof = what.is_file() and beginning_of(what).startswith(b'{"checkpoint":')
    if not keys:  # those that come along can refute, and prove nothing
        report.undecided |= {"signatures", "authorisation", "checkpoints"}
        report.notes.append("no key was given: keys that come along are those of the bundle, nobody vouches for them")
        pems = (name for name in digests if re.fullmatch(r"keys/[0-9a-f]{64}\.pem", name))
        keys = {key_id(raw): raw for raw in (sound_key(beginning_of(what / name).decode("latin-1")) for name in pems) if raw}
    for name in sorted(name for name in digests if re.fullmatch(r"checkpoint|checkpoints/[0-9]+\.note", name)):
        files[name] = beginning_of(what / name)
    ledger = Ledger(report, keys, read_notes({} if proof else files, report), proof=proof)  # a proof has its own note
    try:
        if proof:
            check_proof(what.read_bytes(), ledger)
        else:
            ledger.admit(entries_of(what / "entries.ndjson", what / "leaves.txt") if digests else entries_of(what, what / "none"))
        if digests:
            check_bundle(what, digests, ledger)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        report.note("structure", "malformed-proof" if proof else "malformed-bundle", None, str(error))
    ledger.conclude()
    return ledger

NOT_SHOWN = """
who was at the keyboard: a signature shows which key was used, not by whom
anything behind the last checkpoint that somebody else holds: a cut there leaves no trace
that the clock was right, and that the sources were what they seemed to be before they were read
anchors: whether time stamps and cosignatures of witnesses hold, and whom to trust for them
completeness: whether every session was closed, and how much is anchored
custody: whether exhibits were handed over as the entries say
whether each event has the fields of its type, and claims of copies rest on earlier entries; tiles; read models
""".strip().splitlines()  # but for the first three, 'custody audit' does
def shown(text: object) -> str:  # nothing that could move a cursor, hide or reorder text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(text))[:300]

def main(arguments: Optional[list[str]] = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0], epilog="See the head of this file.")
    parser.add_argument("what", help="a bundle's folder, an exported ledger, or a proof")
    for option, text in ("--key", "trust this public key"), ("--checkpoint", "a note kept elsewhere"), ("--files", "copies"):
        parser.add_argument(option, action="append", default=[], help=text)
    words, report = parser.parse_args(arguments), Report()
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
    checks = "structure signatures chain tree checkpoints" if ledger.proof else "structure signatures authorisation chain checkpoints"
    verdicts = {check: report.verdict(check) for check in checks.split() + ["evidence"] * bool(words.files)}
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
