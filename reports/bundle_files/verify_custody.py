#!/usr/bin/env python3
# fmt: off
"""Verifies what Custody hands over, with Python's standard library alone and none of Custody's code.

    python3 verify_custody.py WHAT [--key KEY]... [--checkpoint NOTE]... [--witness KEY]... [--authority FILE]...
                              [--files FOLDER]

WHAT is a bundle (unpacked), an exported ledger (log.jsonl) or the proof of a file. KEY is a public key that you
trust: a .pem or .vkey file, or the verifier key itself. Without one nothing is proved: whoever made WHAT may have
made its keys as well. NOTE is a checkpoint that somebody else kept. A witness is known by its verifier key, a time
stamping authority by a certificate (PEM or DER), such as its root's; FILE may be a revocation list as well. What
others than those stamped or cosigned is left open. FOLDER has copies under the names that they had at their
destination; their digests are compared with the entries.

In order: 1. Ed25519, 2. the forms, 3. the tree, 4. what is found, 5. who may record what, 6. the fields of events,
7. cosignatures, 8. DER, 9. RSA and ECDSA, 10. certificates, 11. time stamps, 12. what others vouch for, 13. hand-overs,
14. claims of copies, 15. lists of files, 16. the ledger, 17. bundles, exports, proofs and copies, 18. the answer.

Exit codes: 0 OK, 1 CHANGED (something is wrong), 4 CANNOT TELL, 2 a wrong command line. The formats are in Custody's
docs/reference: entry-format, keys, bundle-format, proof-format. What is not judged here is said with each result.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import json
import os
import re
import stat
import sys
import uuid
from array import array
from collections import deque
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Optional

# ---- 1. Ed25519 (RFC 8032 section 5.1). A point is (X, Y, Z, T) with x = X/Z, y = Y/Z, xy = T/Z.
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

# ---- 2. The forms: canonical JSON, base64, entries, keys, signed notes. ValueError for any other form.
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
def decode(data: bytes, depth: int = MAX_DEPTH) -> Any:  # written again it must have the same bytes
    try:
        value = json.loads(data.decode("utf-8"), parse_float=int, parse_constant=int)  # int refuses both
        again = encode(value)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    require(again == data, "not canonical JSON")
    check_subset(value, depth)
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
def pem_of(pem: str, key: str) -> bytes:  # the key in an entry, if it has this id
    try:
        raw = read_pem(pem) if len(pem) <= 4096 and re.fullmatch(r"\s*-----BEGIN .*-----\s*", pem, re.DOTALL) else b""
    except ValueError:
        return b""
    return raw if key_id(raw) == key else b""
SIGNS, COSIGNS = b"\x01", b"\x04"  # signature types (C2SP signed-note, tlog-cosignature)
def key_hash(name: str, raw: bytes, kind: bytes = SIGNS) -> bytes:  # what stands for name and key in a note
    return hashlib.sha256(name.encode() + b"\n" + kind + raw).digest()[:4]
def read_key(value: str, kind: bytes = SIGNS) -> tuple[str, bytes]:  # the name, where there is one, and the key
    text = Path(value).read_text("utf-8") if "+" not in value or os.path.exists(value) else value
    if "-----BEGIN" in text and kind == SIGNS:
        return "", read_pem(text)
    name, hexadecimal, key = text.removesuffix("\n").split("+", 2)
    raw = unbase64(key)[1:]
    require(unbase64(key)[:1] == kind and key_hash(name, raw, kind).hex() == hexadecimal, "not an Ed25519 verifier key of this use")
    require(is_name(name) and (kind == SIGNS or sound_point(raw)), "not a name, or not a key to trust")
    return name, raw
def is_name(name: str) -> bool:  # that a note can carry
    return name != "" and not re.search(r"[\x00-\x1f+\ud800-\udfff]|\s", name)
def signature_line(line: str) -> tuple[str, bytes]:  # the name; key hash and signature
    parts = re.fullmatch("— ([^ ]+) ([A-Za-z0-9+/]+={0,2})", line)
    blob = unbase64(parts[2]) if parts else b""
    if parts is None or len(blob) <= 4 or not is_name(parts[1]):
        raise ValueError("not a signature line of a note")
    return parts[1], blob

class Note:  # a checkpoint as a signed note; reading it verifies nothing
    def __init__(self, data: bytes) -> None:
        text, blank, lines = data.decode("utf-8").rpartition("\n\n")
        require(blank and len(data) <= MAX_NOTE and not re.search(r"[\x00-\x09\x0b-\x1f]", text + lines), "no signed note")
        parts = re.fullmatch(r"([^\n]+)\n(0|[1-9][0-9]{0,18})\n([^\n]+)", text)
        if parts is None or not lines.endswith("\n") or lines.count("\n") > 16 or not is_name(parts[1]):
            raise ValueError("not a checkpoint")
        self.text, self.origin, self.size, self.root = text.encode() + b"\n", parts[1], int(parts[2]), unbase64(parts[3])
        self.sha256, self.signatures = hashlib.sha256(data).hexdigest(), list(map(signature_line, lines.removesuffix("\n").split("\n")))
        require(len(self.root) == 32 and self.size < 2**63, "not a checkpoint")
    def signed_by(self, raw: bytes) -> bool:  # one bad signature in the key's name spoils the note
        mine = (self.origin, key_hash(self.origin, raw))
        ours = [blob[4:] for name, blob in self.signatures if (name, blob[:4]) == mine]
        return bool(ours) and all(verify(raw, signature, self.text) for signature in ours)

# ---- 3. The tree (RFC 6962 section 2.1)
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

# ---- 4. What is found
class Refused(Exception):
    """Nothing can be decided about this."""

class Report:
    def __init__(self) -> None:
        self.findings: list[tuple[Optional[int], str, str]] = []  # position, code, message; the first thousand
        self.notes: dict[str, None] = {}  # in order, each once; the first thousand
        self.judged: set[str] = set()  # of the checks that are not made in any case
        self.failed: set[str] = set()
        self.undecided: set[str] = set()
    def note(self, check: str, code: str, position: int | None, message: str) -> None:
        self.failed.add(check)
        self.findings += [(position, code, message)] if len(self.findings) < 1000 else []
    def say(self, message: str) -> None:
        self.notes.update({message: None} if len(self.notes) < 1000 else {})
    def leave_open(self, check: str, message: str) -> None:
        self.undecided.add(check)
        self.say(f"{check}: {message}")
    def verdict(self, check: str) -> str:
        return "failed" if check in self.failed else "indeterminate" if check in self.undecided else "passed"

# ---- 5. Who may record what: roles of which one is needed, the kind of the stream, the types of entries. Others nobody may record.
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

# ---- 6. The fields of each type of event: a text each, unless KINDS says otherwise; those with a question mark may be missing.
KINDS = """
number  accuracy_microseconds at_position attempt bytes changed cites copying count directories disclosed errno exit failed
number  files fsynced gid index jobs links milliseconds missing mode offset position qualified queued resumed_at run size
number  skipped source_count source_readings special time tried uid unreadable unreadable_bytes unreadable_count
number  utc_offset_seconds verified zeros_bytes zeros_count
wide    atime_ns ctime_ns device inode mtime_ns
flag    clock_synchronised existed incomplete made_destination protected reopened
id      job ledger
path    destination instruction moved_to path source target temporary
paths   sources
texts   algorithms attributes certificates revocation_lists roles
pairs   zeros
map     digests form
"""
KIND = {name: kind for kind, *names in map(str.split, KINDS.strip().splitlines()) for name in names}
EVENT_FIELDS = """
LedgerOpened        ledger format tool version
KeyEnrolled         key public_key examiner badge? agency? protected roles? replaces? proof?
KeyRotated          key successor
KeyRevoked          key reason
SessionOpened       command examiner badge? agency? host system tool version boot_id? zone utc_offset_seconds
SessionOpened       clock_synchronised? session_key?
SessionClosed       exit
CaseOpened          case_number title? reopened?
CaseClosed          case_number reason?
NoteAdded           case_number exhibit? text
ExhibitRegistered   case_number exhibit description? make? model? serial? seal? condition? holder? holder_name?
ExhibitReleased     case_number exhibit to reason? place?
CustodyOffered      case_number exhibit receiver receiver_key receiver_name? giver_name manifest_sha256 files bytes
CustodyOffered      purpose? place? comments?
CustodyAccepted     case_number exhibit by offer answer position? offer_entry? giver_key?
CustodyDeclined     case_number exhibit by offer answer position? offer_entry? giver_key?
CustodyRefused      case_number exhibit offer changed missing unreadable message
ReportIssued        kind at_position sha256 size batch?
BundleExported      size disclosed case_number? exhibit? sums_sha256 zip_sha256?
BatchQueued         batch name jobs instruction? instruction_sha256?
BatchStarted        run
BatchPaused         run reason
BatchResumed        run ended verified fsynced copying queued failed qualified?
BatchStopped        run reason tried failed
BatchCompleted      run queued verified skipped failed special bytes milliseconds incomplete qualified?
JobQueued           batch index name case_number exhibit? destination sources source_count algorithms form
JobStarted          run made_destination?
JobResumed          run made_destination?
JobCompleted        run queued verified skipped special bytes milliseconds
JobFailed           run reason queued verified skipped failed special bytes milliseconds qualified?
InventoryTaken      run files directories links special unreadable bytes digest
InventoryChanged    run change path source size? mtime_ns?
FileQueued          job run path source size mtime_ns atime_ns ctime_ns mode uid gid device inode links
FileCopying         attempt temporary resumed_at?
FileProgressed      attempt size digests
FileFsynced         attempt size digests source_readings? unreadable:pairs? unreadable_count? unreadable_bytes? zeros?
FileFsynced         zeros_count? zeros_bytes?
FileVerified        path size digests read_back
FileQualified       path size digests read_back unreadable:pairs unreadable_count unreadable_bytes
FileFailed          job run path source stage error errno? offset? message attempt moved_to?
FileResumed         run found
FileSkipped         job run path source size mtime_ns ctime_ns reason cites? digests read_back?
MetadataLost        run path attributes count reason
LinkRecorded        job run path source target mtime_ns
SpecialFileSkipped  job run path source kind mode
DirectoryCreated    job run path source mode mtime_ns existed
CopyReverified      path size digests read_back
CopyRefuted         path finding message size? digests? errno?
CheckpointCosigned  size root note_sha256 witness key_hash time cosignature
CosignatureGiven    origin size root note time cosignature
CheckpointStamped   size note_sha256 generated_at accuracy_microseconds? authority serial policy token
CheckpointStamped   certificates? revocation_lists?
"""
FIELDS_OF: dict[str, dict[str, tuple[str, bool]]] = {}  # type → field → its kind, and whether it must be there
for _type, *_names in map(str.split, EVENT_FIELDS.strip().splitlines()):
    for _name in _names:
        _field, _, _kind = _name.rstrip("?").partition(":")
        FIELDS_OF.setdefault(_type, {})[_field] = _kind or KIND.get(_field, "text"), not _name.endswith("?")
FITS: dict[str, Callable[[Any], object]] = {
    "text": lambda value: isinstance(value, str),
    "number": lambda value: type(value) is int,
    "wide": lambda value: isinstance(value, str) and re.fullmatch("0|-?[1-9][0-9]{0,19}", value),
    "flag": lambda value: isinstance(value, bool),
    "id": lambda value: isinstance(value, str) and re.fullmatch(UUID, value),
    "paths": lambda value: isinstance(value, list) and all(one.keys() <= {"path", "path_b64"} and is_path(one, "path") for one in value),
    "texts": lambda value: isinstance(value, list) and all(isinstance(one, str) for one in value),
    "pairs": lambda value: isinstance(value, list) and all([type(part) for part in one] == [int, int] for one in value),
    "map": lambda value: isinstance(value, dict) and all(isinstance(one, str) for one in value.values()),
}

def raw_path(data: Body, name: str) -> bytes:  # a path is bytes: in base64 beside it, where they are no plain text
    shown, encoded = data[name], data.get(f"{name}_b64", "")
    require(isinstance(shown, str) and isinstance(encoded, str), f"{name} is no path")
    return base64.b64decode(encoded, validate=True) if f"{name}_b64" in data else str(shown).encode()
def is_path(data: Body, name: str) -> bool:
    try:
        return isinstance(raw_path(data, name), bytes)
    except (KeyError, ValueError):
        return False
def check_fields(event: str, data: Body) -> None:
    form = FIELDS_OF[event]
    others = data.keys() - form.keys() - {f"{name}_b64" for name, (kind, _) in form.items() if kind == "path" and name in data}
    require(not others, f"{event} has unknown fields: {', '.join(sorted(others))}")
    for name, (kind, needed) in form.items():
        require(name in data or not needed, f"{event} lacks the field {name}")
        try:
            right = name not in data or (is_path(data, name) if kind == "path" else FITS[kind](data[name]))
        except (TypeError, AttributeError):
            right = False
        require(right, f"the field {name} of {event} is not in its form")

# ---- 7. Cosignatures of witnesses (C2SP tlog-cosignature): a line of a note, whose signature type is 0x04
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
Line = tuple[str, bytes]  # of a note: the name and the key hash that it bears
Witnesses = dict[Line, bytes]  # the key of each, as brought along: no ledger says whom to trust
MAX_SECOND = 253402300799  # the last one of the year 9999

def time_cosigned(blob: bytes) -> int:  # 4 bytes of key hash, 8 of time, 64 of signature; the time in seconds since 1970
    time = int.from_bytes(blob[4:12], "big")
    require(len(blob) == 76 and time <= MAX_SECOND, "not a cosignature")
    return time
def is_cosigned(raw: bytes, blob: bytes, text: bytes) -> bool:
    try:
        return verify(raw, blob[12:], b"cosignature/v1\ntime %d\n" % time_cosigned(blob) + text)
    except ValueError:
        return False
def second(time: int) -> str:
    return f"{EPOCH + timedelta(seconds=time):%Y-%m-%dT%H:%M:%SZ}"

# ---- 8. DER (X.690 section 10): values in which each has one encoding. ValueError for what is none.
class Unknown(ValueError):
    """An algorithm or an encoding that is not known here: nothing is decided by what has it."""

class Value(NamedTuple):
    tag: int
    body: bytes
    raw: bytes  # tag and length before the body

def values(data: bytes) -> list[Value]:
    found, at = [], 0
    while at < len(data):
        require(at + 1 < len(data), "cut off")
        start, tag, size, at = at, data[at], data[at + 1], at + 2
        if size >= 0x80:  # the length of the length; none: the value ends where a mark stands, which only BER has
            encoded, at = data[at:at + size - 0x80], at + size - 0x80
            require(len(encoded) == size - 0x80 <= 4 and tag & 31 != 31, "not DER")
            size = int.from_bytes(encoded, "big")
            if size < 0x80 or not encoded[0]:
                raise Unknown("BER where DER should be")
        require(at + size <= len(data) and tag & 31 != 31, "cut off")
        found.append(Value(tag, data[at:at + size], data[start:at + size]))
        at += size
    return found
def one_value(data: bytes) -> Value:
    (value,) = values(data)
    return value

class Parts:  # of a value: taken one after the other
    def __init__(self, value: Value, tag: int = 0x30) -> None:
        require(value.tag == tag, f"not a value of tag {tag:#x}")
        self.left = deque(values(value.body))
    def take(self, *tags: int) -> Value:
        require(self.left and self.left[0].tag in tags, "a part is missing")
        return self.left.popleft()
    def maybe(self, tag: int) -> Value | None:
        return self.take(tag) if self.left and self.left[0].tag == tag else None
    def rest(self) -> Value:  # the next one, whatever its tag
        require(self.left, "a part is missing")
        return self.left.popleft()
    def end(self) -> None:
        require(not self.left, "more parts than there should be")

def integer(value: Value, tag: int = 0x02) -> int:
    require(value.tag == tag and value.body, "not an integer")
    if len(value.body) > 1 and value.body[0] in {0, 255} and value.body[0] >> 7 == value.body[1] >> 7:
        raise Unknown("an integer that is longer than it need be")
    return int.from_bytes(value.body, "big", signed=True)
def oid(value: Value) -> str:  # an object identifier, with dots
    require(value.tag == 0x06 and 0 < len(value.body) <= 64 and value.body[-1] < 0x80, "not an object identifier")
    numbers, number = [], 0
    for byte in value.body:
        number = number << 7 | byte & 0x7F
        if byte < 0x80:
            numbers.append(number)
            number = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:])))
def algorithm_of(value: Value) -> tuple[str, Value | None]:  # AlgorithmIdentifier: the kind, and its parameters
    parts = Parts(value)
    name, parameters = oid(parts.take(0x06)), parts.rest() if parts.left else None
    parts.end()
    return name, None if parameters is None or parameters.raw == b"\x05\x00" else parameters
def octets(value: Value, tag: int = 0x04) -> bytes:
    require(value.tag == tag, "no octet string")
    return value.body
def bits(value: Value) -> bytes:  # a bit string of whole bytes
    require(value.tag == 0x03 and value.body[:1] == b"\0", "no bit string of bytes")
    return value.body[1:]
def moment(value: Value) -> datetime:  # UTCTime has two digits of the year (RFC 5280 section 4.1.2.5.1)
    text = value.body.decode("ascii")
    parts = re.fullmatch(r"([0-9]{2}|[0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})(?:\.([0-9]+))?Z", text)
    short = value.tag == 0x17
    if parts is None or value.tag not in {0x17, 0x18} or (len(parts[1]) == 2) is not short or (short and parts[7]):
        raise ValueError("no time in UTC")
    year = int(parts[1]) + (0 if not short else 2000 if int(parts[1]) < 50 else 1900)
    rest = [int(parts[index]) for index in range(2, 7)]
    return datetime(year, rest[0], rest[1], rest[2], rest[3], rest[4], int((parts[7] or "")[:6].ljust(6, "0")), timezone.utc)

# ---- 9. Signatures of certificates and stamps: RSA (RFC 8017) and ECDSA (FIPS 186-5 section 6.4.2), with SHA-2
HASHES = {"2.16.840.1.101.3.4.2.1": "sha256", "2.16.840.1.101.3.4.2.2": "sha384", "2.16.840.1.101.3.4.2.3": "sha512"}
DIGEST_INFO = {"sha256": "3031300d060960864801650304020105000420", "sha384": "3041300d060960864801650304020205000430",
               "sha512": "3051300d060960864801650304020305000440"}  # before the digest (RFC 8017 section 9.2, note 1)
RSA, RSA_PSS, MGF1, EC = "1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10", "1.2.840.113549.1.1.8", "1.2.840.10045.2.1"
SIGNED_WITH = {"1.2.840.113549.1.1.11": ("rsa", "sha256"), "1.2.840.113549.1.1.12": ("rsa", "sha384"),
               "1.2.840.113549.1.1.13": ("rsa", "sha512"), "1.2.840.10045.4.3.2": ("ec", "sha256"),
               "1.2.840.10045.4.3.3": ("ec", "sha384"), "1.2.840.10045.4.3.4": ("ec", "sha512")}

class Curve(NamedTuple):  # y² = x³ − 3x + b over the integers modulo p; G generates the n points (SP 800-186 section 3.2.1)
    p: int
    b: int
    n: int
    g: tuple[int, int]

CURVES = {
    "1.2.840.10045.3.1.7": Curve(  # P-256
        2**256 - 2**224 + 2**192 + 2**96 - 1,
        0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
        0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
        (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
         0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5)),
    "1.3.132.0.34": Curve(  # P-384
        2**384 - 2**128 - 2**96 + 2**32 - 1,
        0xB3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875AC656398D8A2ED19D2A85C8EDD3EC2AEF,
        0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
        (0xAA87CA22BE8B05378EB1C71EF320AD746E1D3B628BA79B9859F741E082542A385502F25DBF55296C3A545E3872760AB7,
         0x3617DE4A96262C6F5D9E98BF9292DC29F8F41DBD289A147CE9DA3113B5F0B8C00A60B1CE1D7E819D7A431D7C90EA0E5F)),
    "1.3.132.0.35": Curve(  # P-521
        2**521 - 1,
        0x51953EB9618E1C9A1F929A21A0B68540EEA2DA725B99B315F3B8B489918EF109E156193951EC7E937B1652C0BD3BB1BF073573DF883D2C34F1EF451FD46B503F00,
        2**521 - 0x5AE79787C40D069948033FEB708F65A2FC44A36477663B851449048E16EC79BF7,
        (0xC6858E06B70404E9CD9E3ECB662395B4429C648139053FB521F828AF606B4D3DBAA14B5E77EFE75928FE1DC127A2FFA8DE3348B3C1856A429BF97E7E31C2E5BD66,
         0x11839296A789A3BC0045C8A5FB42C7D1BD998F54449579B446817AFBD17273E662C97EE72995EF42640C550B9013FAD0761353C7086A272C24088BE94769FD16650)),
}
Affine = Optional[tuple[int, int]]  # a point of a curve; None is the one at infinity

class PublicKey(NamedTuple):
    kind: str  # rsa, ec
    numbers: tuple[int, int]  # modulus and exponent, or the point
    curve: Curve | None = None

def key_of(spki: Value) -> tuple[str, Value | None, bytes]:  # its kind, with parameters, and its bytes
    parts = Parts(spki)
    name, parameters = algorithm_of(parts.take(0x30))
    key = bits(parts.take(0x03))
    parts.end()
    require(name != EC or (parameters and parameters.tag in {0x06, 0x30}), "a key of no curve")
    return name, parameters, key
def public_key(spki: Value) -> PublicKey:  # SubjectPublicKeyInfo (RFC 3279 section 2.3)
    name, parameters, key = key_of(spki)
    if name == RSA:
        modulus, exponent = map(integer, values(one_value(key).body))
        if not (2**2047 <= modulus < 2**16384 and 2 < exponent < 2**64 and exponent & modulus & 1):
            raise Unknown("an RSA key of a size that is not known here")
        return PublicKey("rsa", (modulus, exponent))
    curve = CURVES.get(oid(parameters)) if name == EC and parameters and parameters.tag == 0x06 else None
    if curve is None or key[:1] != b"\x04":
        raise Unknown("a kind of key that is not known here")
    length = (curve.p.bit_length() + 7) // 8
    x, y = int.from_bytes(key[1:1 + length], "big"), int.from_bytes(key[1 + length:], "big")
    require(len(key) == 1 + 2 * length and max(x, y) < curve.p and (x**3 - 3 * x + curve.b - y * y) % curve.p == 0, "no point of its curve")
    return PublicKey("ec", (x, y), curve)

def verify_rsa(key: PublicKey, signature: bytes, digest: bytes, name: str, salt: int | None = None) -> bool:
    modulus, exponent = key.numbers
    length, number = (modulus.bit_length() + 7) // 8, int.from_bytes(signature, "big")
    if len(signature) != length or number >= modulus:
        return False
    encoded = pow(number, exponent, modulus).to_bytes(length, "big")
    if salt is not None:
        return fits_pss(encoded, digest, name, salt, modulus.bit_length() - 1)
    info = bytes.fromhex(DIGEST_INFO[name]) + digest
    return encoded == b"\0\x01" + b"\xff" * (length - len(info) - 3) + b"\0" + info  # section 9.2
def fits_pss(encoded: bytes, digest: bytes, name: str, salt: int, size: int) -> bool:  # section 9.1.2, of so many bits
    hashed, wanted = len(digest), encoded[-1 - len(digest):-1]
    block = encoded[len(encoded) - (size + 7) // 8:-1 - hashed]
    pad, count = len(block) - salt - 1, -(-len(block) // hashed)
    if int.from_bytes(encoded, "big") >> size or encoded[-1] != 0xBC or salt < 0 or pad < 0:
        return False
    mask = b"".join(hashlib.new(name, wanted + number.to_bytes(4, "big")).digest() for number in range(count))  # MGF1, B.2.1
    plain = int.from_bytes(block, "big") ^ int.from_bytes(mask[:len(block)], "big")
    opened = (plain % 2 ** (size - 8 * hashed - 8)).to_bytes(len(block), "big")
    own = hashlib.new(name, bytes(8) + digest + opened[pad + 1:]).digest()
    return opened.startswith(bytes(pad) + b"\x01") and own == wanted
def plus(curve: Curve, one: Affine, other: Affine) -> Affine:
    if one is None or other is None:
        return one or other
    (x1, y1), (x2, y2) = one, other
    if x1 == x2 and (y1 + y2) % curve.p == 0:
        return None
    rise, run = (3 * x1 * x1 - 3, 2 * y1) if one == other else (y2 - y1, x2 - x1)
    slope = rise * pow(run, -1, curve.p) % curve.p
    x = (slope * slope - x1 - x2) % curve.p
    return x, (slope * (x1 - x) - y1) % curve.p
def verify_ecdsa(key: PublicKey, signature: bytes, digest: bytes) -> bool:
    curve = key.curve
    try:
        parts = Parts(one_value(signature))
        r, s = integer(parts.take(0x02)), integer(parts.take(0x02))
        parts.end()
    except ValueError:
        return False
    if curve is None or not (0 < r < curve.n and 0 < s < curve.n):
        return False
    number = int.from_bytes(digest, "big") >> max(0, 8 * len(digest) - curve.n.bit_length())
    u, v = number * pow(s, -1, curve.n) % curve.n, r * pow(s, -1, curve.n) % curve.n
    sums = {(1, 0): curve.g, (0, 1): key.numbers, (1, 1): plus(curve, curve.g, key.numbers), (0, 0): None}
    point: Affine = None
    for bit in reversed(range(curve.n.bit_length())):  # u·G + v·Q, both multiplied in one go
        point = plus(curve, plus(curve, point, point), sums[u >> bit & 1, v >> bit & 1])
    return point is not None and point[0] % curve.n == r

# ---- 10. Certificates and revocation lists (RFC 5280)
LETTERS = {"2.5.4.3": "CN", "2.5.4.10": "O", "2.5.4.11": "OU", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST"}
BASIC, KEY_USAGE, EXTENDED, KEY_IDENTIFIER, LIST_POINTS = "2.5.29.19", "2.5.29.15", "2.5.29.37", "2.5.29.14", "2.5.29.31"
UNDERSTOOD = {BASIC, KEY_USAGE, EXTENDED, KEY_IDENTIFIER, "2.5.29.35", "2.5.29.17", "1.3.6.1.5.5.7.1.1"}  # may be critical
NAME_CONSTRAINTS, LIST_SCOPE, LIST_REASON = "2.5.29.30", "2.5.29.28", "2.5.29.21"
MAX_CHAIN, MAX_NAMESAKES, MAX_CERTIFICATES = 4, 3, 24  # else certificates that sign one another in circles could go on without end
Name = list[frozenset[tuple[str, str]]]

def name_of(value: Value) -> Name:  # RelativeDistinguishedNames, each a set of types and texts
    return [frozenset(attribute(part) for part in values(octets(one, 0x31))) for one in values(octets(value, 0x30))]
TEXTS = {0x04, 0x0C, 0x12, 0x13, 0x14, 0x16, 0x1A, 0x1C, 0x1E}
def attribute(value: Value) -> tuple[str, str]:
    parts = Parts(value)
    kind, text = oid(parts.take(0x06)), parts.take(0x03, *TEXTS)
    parts.end()
    if text.tag == 0x03:
        return kind, bits(text).hex()
    return kind, text.body.decode({0x1E: "utf-16-be", 0x1C: "utf-32-be"}.get(text.tag, "utf-8"))
def name_text(value: Value) -> str:
    return ", ".join(f"{LETTERS.get(kind, kind)}={text}" for one in values(value.body) for kind, text in map(attribute, values(one.body)))

def extensions_of(value: Value | None, tag: int = 0x30) -> dict[str, tuple[bool, bytes]]:  # kind → whether it is critical, and what it says
    found: dict[str, tuple[bool, bytes]] = {}
    for one in values(octets(value, tag)) if value else ():
        parts = Parts(one)
        name, critical = oid(parts.take(0x06)), parts.maybe(0x01)
        require(name not in found and (critical is None or critical.body == b"\xff"), "an extension is not in its form")
        found[name] = critical is not None, octets(parts.take(0x04))
        parts.end()
    return found
class Certificate:  # section 4.1; reading it verifies nothing
    def __init__(self, raw: bytes) -> None:
        whole = Parts(one_value(raw))
        body, self.algorithm, self.signature = whole.take(0x30), whole.take(0x30), bits(whole.take(0x03))
        whole.end()
        parts, self.raw, self.signed = Parts(body), raw, body.raw
        version = parts.maybe(0xA0)
        self.version = integer(one_value(version.body)) if version else 0
        require(self.version in {0, 2}, "a certificate of another version")
        self.number, algorithm = parts.take(0x02), parts.take(0x30)
        _ = algorithm_of(algorithm), algorithm_of(self.algorithm)
        self.issuer, validity, self.subject, self.spki = (parts.take(0x30) for _ in range(4))
        limits = values(validity.body)
        self.begin, self.end = map(moment, limits)
        _ = parts.maybe(0x81), parts.maybe(0x82)
        extensions = parts.maybe(0xA3)
        self.extensions = extensions_of(one_value(extensions.body) if extensions else None)
        parts.end()
        self.issuer_name, self.subject_name, _ = name_of(self.issuer), name_of(self.subject), key_of(self.spki)
        known = all(name in UNDERSTOOD for name, (critical, _) in self.extensions.items() if critical)
        early = any(one.tag == 0x18 and moment(one).year < 2050 for one in limits)  # section 4.1.2.5
        self.sound = (not early and self.version == 2 and algorithm.raw == self.algorithm.raw and known
                      and 0 < integer(self.number) < 2**160 and self.issuer_name != [] and NAME_CONSTRAINTS not in self.extensions)
    def said(self, extension: str) -> Value | None:
        return one_value(self.extensions[extension][1]) if extension in self.extensions else None
    def may(self, *usages: int) -> bool:  # bits of keyUsage, of which one suffices (section 4.2.1.3); without it the key may all
        usage = self.said(KEY_USAGE)
        flags = octets(usage, 0x03)[1:] if usage else b"\xff\xff"
        return any(flags[bit // 8:] and flags[bit // 8] << bit % 8 & 0x80 for bit in usages)
    def ca(self) -> tuple[bool, int | None]:  # whether it is an authority's, and how many may stand below it (section 4.2.1.9)
        said = self.said(BASIC)
        parts = Parts(said) if said else None
        is_ca, limit = (parts.maybe(0x01), parts.maybe(0x02)) if parts else (None, None)
        return bool(is_ca and any(is_ca.body)), integer(limit) if limit else None
    def for_stamps_alone(self) -> bool:  # RFC 3161 section 2.3
        critical, said = self.extensions.get(EXTENDED, (False, b""))
        return critical and list(map(oid, values(one_value(said).body))) == ["1.3.6.1.5.5.7.3.8"]
    def valid_at(self, time: datetime) -> bool:
        return self.begin <= time.replace(microsecond=0) <= self.end

def pss_parameters(value: Value | None) -> tuple[str, int]:  # the one hash that is used throughout, and the salt's length (RFC 4055)
    parts = Parts(value) if value else None
    own, masks, salt = (parts.maybe(tag) if parts else None for tag in (0xA0, 0xA1, 0xA2))
    name = algorithm_of(one_value(own.body))[0] if own else ""
    kind, hashed = algorithm_of(one_value(masks.body)) if masks else ("", None)
    if name not in HASHES or kind != MGF1 or hashed is None or algorithm_of(hashed)[0] != name:
        raise Unknown("parameters of PSS that are not known here")
    return HASHES[name], integer(one_value(salt.body)) if salt else 20
@lru_cache(maxsize=1024)
def is_signed(issuer: Certificate, algorithm: Value, signed: bytes, signature: bytes) -> bool:  # a certificate or list
    key, (name, parameters) = public_key(issuer.spki), algorithm_of(algorithm)
    salt, (kind, digest) = None, SIGNED_WITH.get(name, ("", ""))
    if name == RSA_PSS:
        kind, (digest, salt) = "rsa", pss_parameters(parameters)
    if not kind or kind != key.kind:
        raise Unknown("signed with an algorithm that is not known here")
    hashed = hashlib.new(digest, signed).digest()
    return verify_ecdsa(key, signature, hashed) if kind == "ec" else verify_rsa(key, signature, hashed, digest, salt)

def issued(issuer: Certificate, certificate: Certificate, time: datetime, below: int) -> bool:  # section 6.1.3 and 6.1.4
    try:
        is_ca, limit = issuer.ca()
        return (issuer.subject.raw == certificate.issuer.raw and issuer.sound and issuer.valid_at(time) and issuer.subject_name != []
                and is_ca and (limit is None or below <= limit) and issuer.may(5)
                and is_signed(issuer, certificate.algorithm, certificate.signed, certificate.signature))
    except ValueError:
        return False
def chain_at(certificate: Certificate, links: list[Certificate], trusted: list[Certificate], time: datetime, below: int = 0) -> list[Certificate]:
    if any(one.raw == certificate.raw for one in trusted):  # the way to one that was brought along; nothing, if there is none
        return [certificate]
    for issuer in (*trusted, *links) if below <= MAX_CHAIN else ():
        if issued(issuer, certificate, time, below) and (rest := chain_at(issuer, links, trusted, time, below + 1)):
            return [certificate, *rest]
    return []
def signer_chain(leaf: Certificate, others: list[Certificate], trusted: list[Certificate], time: datetime) -> list[Certificate]:
    names = [one.subject_name for one in others]
    links = [one for at, one in enumerate(others) if names[at] != one.issuer_name and names[:at].count(names[at]) < MAX_NAMESAKES]
    try:
        fit = leaf.sound and leaf.valid_at(time) and leaf.may(0, 1) and public_key(leaf.spki).kind != ""
    except ValueError:
        return []
    return chain_at(leaf, links, trusted, time) if fit else []

WITHDRAWN_ONLY = {bytes((0x0A, 1, reason)) for reason in (0, 3, 4, 5)}  # without a doubt about what was signed before
class RevocationList:  # section 5.1
    def __init__(self, raw: bytes) -> None:
        whole = Parts(one_value(raw))
        body, self.algorithm, self.signature = whole.take(0x30), whole.take(0x30), bits(whole.take(0x03))
        whole.end()
        parts, self.raw, self.signed = Parts(body), raw, body.raw
        _ = parts.maybe(0x02)
        self.same_algorithm, self.issuer = parts.take(0x30).raw == self.algorithm.raw, name_of(parts.take(0x30))
        made, following = parts.take(0x17, 0x18), parts.maybe(0x17) or parts.maybe(0x18)
        self.latest, listed = moment(following or made), parts.maybe(0x30)
        extensions = parts.maybe(0xA0)
        self.extensions = extensions_of(one_value(extensions.body) if extensions else None)
        self.entries = values(listed.body) if listed else []
        parts.end()
    def is_about(self, certificate: Certificate, issuer: Certificate) -> bool:  # section 6.3.3
        try:
            named = self.issuer == certificate.issuer_name == issuer.subject_name and issuer.may(6) and self.same_algorithm
            covers = named and all(name == LIST_SCOPE and in_scope(one_value(said), certificate) for name, (critical, said) in self.extensions.items() if critical)
            return covers and is_signed(issuer, self.algorithm, self.signed, self.signature)
        except Unknown:
            if any(entry.body.startswith(certificate.number.raw) for entry in self.entries):
                raise
            return False
        except ValueError:
            return False
    def takes_stamps(self, certificate: Certificate, time: datetime) -> bool:  # RFC 3161 section 4
        found = False
        for entry in self.entries:
            if entry.body.startswith(certificate.number.raw):
                parts = Parts(entry)
                _, when, more = parts.take(0x02), moment(parts.take(0x17, 0x18)), parts.maybe(0x30)
                _, said = extensions_of(more).get(LIST_REASON, (False, b""))
                found = found or said not in WITHDRAWN_ONLY or when <= time
        return found
def in_scope(said: Value, certificate: Certificate) -> bool:  # issuingDistributionPoint (section 5.2.5)
    parts = Parts(said)
    point, users, authorities, reasons, indirect, attributes = (parts.maybe(tag) for tag in (0xA0, 0x81, 0x82, 0x83, 0x84, 0x85))
    parts.end()
    limited = reasons or any(any(one.body) for one in (indirect, attributes) if one)
    wrong = users if certificate.ca()[0] else authorities
    if limited or (wrong and any(wrong.body)):
        return False
    return point is None or any(name.raw in list_points(certificate) for name in full_names(point))
def full_names(point: Value) -> list[Value]:  # DistributionPointName: of its two alternatives the full one
    name = one_value(point.body)
    return values(name.body) if name.tag == 0xA0 else []
def list_points(certificate: Certificate) -> set[bytes]:  # where a certificate says that its lists are (section 4.2.1.13)
    said = certificate.said(LIST_POINTS)
    points = [Parts(one).maybe(0xA0) for one in values(said.body)] if said else []
    return {name.raw for point in points if point for name in full_names(point)}

class Authorities:  # whom the auditor trusts to stamp, and lists that they brought along
    def __init__(self) -> None:
        self.certificates: list[Certificate] = []
        self.lists: list[RevocationList] = []
    def add(self, content: bytes) -> None:
        blocks = pem_blocks(content)
        for kind, raw in blocks:
            if "CRL" in kind:
                self.lists.append(RevocationList(raw))
            else:
                self.certificates.append(Certificate(raw))
        if not blocks:
            try:
                self.certificates.append(Certificate(content))
            except ValueError:
                self.lists.append(RevocationList(content))
def pem_blocks(content: bytes) -> list[tuple[str, bytes]]:  # of a text in PEM (RFC 7468); of DER none
    text = content.decode("latin-1") if content.lstrip().startswith(b"-----BEGIN") else ""
    found = re.findall("-----BEGIN (CERTIFICATE|X509 CRL)-----(.*?)-----END \\1-----", text, re.DOTALL)
    return [(kind, base64.b64decode("".join(block.split()), validate=True)) for kind, block in found]
def der_of(content: bytes) -> bytes:
    return next((raw for _, raw in pem_blocks(content)), content)

# ---- 11. Time stamps (RFC 3161, RFC 5816): a token is CMS SignedData (RFC 5652 section 5) with one signature over TSTInfo
SIGNED_DATA, TST_INFO = "1.2.840.113549.1.7.2", "1.2.840.113549.1.9.16.1.4"
CONTENT_TYPE, MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
BINDINGS = {"1.2.840.113549.1.9.16.2.12": "1.3.14.3.2.26", "1.2.840.113549.1.9.16.2.47": "2.16.840.1.101.3.4.2.1"}  # ESSCertID, …v2: its hash
SIGNER_KINDS = {RSA: "rsa", **{name: kind for name, (kind, _) in SIGNED_WITH.items()}}
MAX_TOKEN, MAX_ATTACHMENTS, MAX_ATTACHMENT = 24 * 1024, 16, 4 * 1024 * 1024

def choices(value: Value | None) -> list[Value]:  # CertificateChoices or RevocationInfoChoice (section 10.2): others than X.509's have tags
    found = values(value.body) if value else []
    require(all(one.tag in {0x30, 0xA0, 0xA1, 0xA2, 0xA3} for one in found), "a certificate or list of no known form")
    return found
class Token:  # reading it verifies nothing
    def __init__(self, token: bytes, certificates: list[bytes], lists: list[bytes]) -> None:
        outer = Parts(one_value(token))
        require(len(token) <= MAX_TOKEN and oid(outer.take(0x06)) == SIGNED_DATA, "no signed data")
        data = Parts(one_value(outer.take(0xA0).body))
        outer.end()
        require(integer(data.take(0x02)) >= 3, "another version")  # RFC 5652 section 5.1
        _ = [algorithm_of(one) for one in values(data.take(0x31).body)]
        content = Parts(data.take(0x30))
        require(oid(content.take(0x06)) == TST_INFO, "no time stamp in it")
        self.content = octets(one_value(content.take(0xA0).body))
        kept, known, signers = data.maybe(0xA0), data.maybe(0xA1), values(data.take(0x31).body)
        data.end()
        require(len(signers) == 1, "not exactly one signature")
        within = [one.raw for one in choices(kept) if one.tag == 0x30]
        self.certificates = [Certificate(raw) for raw in dict.fromkeys((*within, *map(der_of, certificates)))]
        require(len(self.certificates) <= MAX_CERTIFICATES, "more certificates than any chain needs")
        within = [one.raw for one in choices(known) if one.tag == 0x30]
        self.lists = [RevocationList(raw) for raw in (*within, *map(der_of, lists))]
        self.read_content()
        self.read_signer(signers[0])
        self.signer, self.bound = self.signing_certificate()
        self.authority = name_text(self.signer.subject) if self.signer else ""
    def read_content(self) -> None:  # RFC 3161 section 2.4.2
        info = Parts(one_value(self.content))
        require(integer(info.take(0x02)) == 1, "another version")
        self.policy, imprint = oid(info.take(0x06)), Parts(info.take(0x30))
        algorithm, digest = algorithm_of(imprint.take(0x30))[0], octets(imprint.take(0x04))
        imprint.end()
        self.imprint = digest if HASHES.get(algorithm) == "sha256" else b""
        self.serial, self.at = str(integer(info.take(0x02))), moment(info.take(0x18))
        require(1970 <= self.at.year < 9999, "its time is none that can be reckoned with")
        accuracy, self.accuracy = info.maybe(0x30), timedelta()
        self.microseconds: int | None = None
        if accuracy:
            parts = Parts(accuracy)
            found = [(parts.maybe(tag), tag) for tag in (0x02, 0x80, 0x81)]
            seconds, millis, micros = (integer(one, tag) if one else 0 for one, tag in found)
            parts.end()
            self.microseconds = (seconds * 1000 + millis) * 1000 + micros
            require(0 <= self.microseconds <= 86400 * 10**6, "its accuracy is none")
            self.accuracy = timedelta(microseconds=self.microseconds)
        _ = info.maybe(0x01), info.maybe(0x02), info.maybe(0xA0)  # ordering, nonce, tsa
        extensions = info.maybe(0xA1)
        info.end()
        require(not any(critical for critical, _ in extensions_of(extensions, 0xA1).values()), "a critical extension that is not known here")
    def read_signer(self, signer: Value) -> None:  # SignerInfo (RFC 5652 section 5.3)
        parts = Parts(signer)
        _, self.sid = integer(parts.take(0x02)), parts.take(0x30, 0x80)
        self.digest, attributes = algorithm_of(parts.take(0x30))[0], parts.take(0xA0)
        self.algorithm, self.signature = algorithm_of(parts.take(0x30)), octets(parts.take(0x04))
        _ = parts.maybe(0xA1)
        parts.end()
        self.signed = b"\x31" + attributes.raw[1:]  # section 5.4: signed as the SET OF that it is
        self.attributes: dict[str, Value] = {}
        for one in values(attributes.body):
            pair = Parts(one)
            name, found = oid(pair.take(0x06)), values(pair.take(0x31).body)
            pair.end()
            require(name not in self.attributes and len(found) == 1, "a signed attribute stands twice")
            self.attributes[name] = found[0]
        require({CONTENT_TYPE, MESSAGE_DIGEST} <= self.attributes.keys(), "a signed attribute is missing")
    def signing_certificate(self) -> tuple[Certificate | None, bool]:  # and whether the signed attributes mean it
        fitting = [one for one in self.certificates if self.is_named(one)]
        bound = [one for one in fitting if self.is_bound(one)]
        return next(iter((*bound, *fitting)), None), bool(bound)
    def is_named(self, certificate: Certificate) -> bool:  # RFC 5652 section 5.3
        if self.sid.tag == 0x30:
            return self.sid.body == certificate.issuer.raw + certificate.number.raw
        known = certificate.said(KEY_IDENTIFIER)
        return known is not None and octets(known) == self.sid.body
    def is_bound(self, certificate: Certificate) -> bool:  # RFC 2634 section 5.4, RFC 5035 section 3
        found = []
        for kind in BINDINGS.keys() & self.attributes.keys():
            first = Parts(Parts(Parts(self.attributes[kind]).take(0x30)).take(0x30))
            algorithm = first.maybe(0x30) if kind == "1.2.840.113549.1.9.16.2.47" else None
            name = algorithm_of(algorithm)[0] if algorithm else BINDINGS[kind]
            digest, serial = octets(first.take(0x04)), first.maybe(0x30)
            first.end()
            same = {"1.3.14.3.2.26": "sha1", **HASHES}.get(name, "")
            found.append(same != "" and hashlib.new(same, certificate.raw).digest() == digest
                         and (serial is None or values(serial.body)[1:] == [certificate.number]))
        return bool(found) and all(found)
    def is_signed(self, signer: Certificate) -> bool:
        if self.digest not in HASHES:
            raise Unknown("signed with an algorithm that is not known here")
        name, kind = HASHES[self.digest], SIGNER_KINDS.get(self.algorithm[0], "")
        content_type, digest = oid(self.attributes[CONTENT_TYPE]), octets(self.attributes[MESSAGE_DIGEST])
        if (content_type, digest) != (TST_INFO, hashlib.new(name, self.content).digest()):
            return False
        key, salt, hashed = public_key(signer.spki), None, hashlib.new(name, self.signed).digest()
        if self.algorithm[0] == RSA_PSS:
            kind, (own, salt) = "rsa", pss_parameters(self.algorithm[1])
            kind = kind if own == name else ""
        if not kind or kind != key.kind:
            raise Unknown("signed with an algorithm that is not known here")
        return verify_ecdsa(key, self.signature, hashed) if kind == "ec" else verify_rsa(key, self.signature, hashed, name, salt)
    def refusal(self, imprint: bytes, trusted: Authorities) -> tuple[str, str]:  # code and reason; Unknown if nothing is decided
        if self.imprint != imprint:
            return "stamp-of-another-checkpoint", "it is of something else than this checkpoint's note"
        if self.signer is None or not self.is_signed(self.signer):
            return "stamp-signature", "its signature does not hold: it was changed, or never signed"
        signer, others = self.signer, self.certificates
        if not self.bound or not signer.for_stamps_alone():
            return "stamp-certificate", "the certificate that signed is not the one it names, or not for time stamps alone"
        chain = signer_chain(signer, others, trusted.certificates, self.at)
        if not chain and any(signer_chain(signer, others, trusted.certificates, time) for time in (signer.begin, signer.end)):
            return "stamp-outside-validity", "the authority's certificate was not valid at the stamped time"
        if not chain:
            raise Unknown(f"the authority is not trusted here: {self.authority}")
        for certificate, issuer in zip(chain, islice(chain, 1, None)):  # RFC 5280 section 6.3
            usable = [one for one in (*self.lists, *trusted.lists) if one.is_about(certificate, issuer)]
            if any(one.takes_stamps(certificate, self.at) for one in usable):
                return "stamp-revoked", "the authority's certificate was revoked, and its stamps with it"
        return "", ""

# ---- 12. What others vouch for: cosignatures and stamps that entries record, and lines of witnesses on notes
TOLERANCE = timedelta(minutes=5)  # how far the clock of a workstation may be off

def time_text(time: datetime) -> str:  # as entries carry it
    return time.isoformat(timespec="microseconds").replace("+00:00", "Z")

class GoodStamp(NamedTuple):
    position: int
    size: int
    root: bytes
    token: Token

@dataclass
class Trust:  # what was brought along; nothing else is believed
    keys: dict[str, bytes] = field(default_factory=dict)
    witnesses: Witnesses = field(default_factory=dict)
    authorities: Authorities = field(default_factory=Authorities)

class Anchors:
    def __init__(self, report: Report, trust: Trust, notes: dict[str, Note], document: Callable[[str], bytes | None], whole: bool) -> None:
        self.report, self.trust, self.notes, self.document, self.whole = report, trust, notes, document, whole
        self.by_digest = {note.sha256: note for note in notes.values()}
        self.latest, self.floor = ("", 0), ""  # the latest claimed time, and where; before which time no entry can claim to be
        self.not_before: datetime | None = None
        self.marks: dict[int, tuple[str, int, datetime | None]] = {}  # how these stood at the end of a checkpoint
        self.stamps: list[GoodStamp] = []
        self.seen: dict[tuple[int, bytes, Line], tuple[str, str, int]] = {}  # lines on notes: the origin, where, when
        self.good: dict[Line, tuple[int, int]] = {}  # by witness the largest size, and when
        self.blamed: set[object] = set()
        for where, note in notes.items():
            self.read_lines(where, note)
    def refute(self, code: str, position: int | None, message: str) -> None:
        self.report.note("anchors", code, position, message)
    def read_lines(self, where: str, note: Note) -> None:
        for name, blob in note.signatures:
            raw = self.trust.witnesses.get((name, blob[:4]))
            if raw and is_cosigned(raw, blob, note.text):
                self.seen.setdefault((note.size, note.root, (name, blob[:4])), (note.origin, where, time_cosigned(blob)))
            elif raw:
                self.refute("cosignature-forged", None, f"on {where}: witness {name} did not make this cosignature")
    def admit(self, body: Body, position: int, roots: dict[int, bytes], event: bool) -> None:  # whether its fields have their form
        at, kind = body["at"], body["type"]
        self.latest = max(self.latest, (at, position), key=lambda one: one[0])
        if event and kind == "CheckpointCosigned":
            self.take_cosignature(body, position, roots)
        elif event and kind == "CheckpointStamped":
            self.take_stamp(body["data"], position)
        if at < self.floor:
            self.outside(position, self.floor, f"claims {at}, but stands behind a stamp of {time_text(self.not_before or EPOCH)}")
    def mark(self, size: int) -> None:
        self.marks[size] = (*self.latest, self.not_before)
    def kept(self, data: Body, position: int, code: str) -> Note | None:
        note = self.by_digest.get(data["note_sha256"])
        if note is None and self.whole:
            self.refute(code, position, "no checkpoint is kept whose note is the one that it is said to be of")
        elif note is None:
            self.report.leave_open("anchors", f"the note of {data['size']} entries was not given, which others vouched for")
        return note
    def take_cosignature(self, body: Body, position: int, roots: dict[int, bytes]) -> None:
        data = body["data"]
        try:
            name, blob = signature_line(data["cosignature"])
            require((name, blob[:4].hex(), time_cosigned(blob)) == (data["witness"], data["key_hash"], data["time"]), "another line")
        except ValueError:
            return self.refute("cosignature-malformed", position, "the entry says otherwise than its cosignature, or that is none")
        note = self.kept(data, position, "cosignature-without-checkpoint")
        if note is None:
            return None
        said = "custody.invalid/" + body["ledger"], data["size"], data["root"]
        if said != (note.origin, note.size, note.root.hex()):
            return self.refute("cosignature-of-another-checkpoint", position, "the note is of another ledger, size or root than the entry says")
        if note.size > position:
            return self.refute("cosignature-too-early", position, f"a cosignature of {note.size} entries, of which the entry is one")
        raw = self.trust.witnesses.get((name, blob[:4]))
        if raw is None:
            return self.report.leave_open("anchors", f"cosignatures of a witness that is not trusted here: {name}")
        if not is_cosigned(raw, blob, note.text):
            return self.refute("cosignature-forged", position, f"witness {name} did not make this cosignature of this checkpoint")
        if roots.get(note.size) == note.root:  # else there is a finding about the checkpoint
            self.hold((name, blob[:4]), note.size, data["time"])
        return None
    def hold(self, witness: Line, size: int, time: int) -> None:
        self.report.judged.add("anchors")
        self.good[witness] = max(self.good.get(witness, (0, 0)), (size, time))
    def take_stamp(self, data: Body, position: int) -> None:
        note = self.kept(data, position, "stamp-without-checkpoint")
        if note is None:
            return None
        if note.size != data["size"] or note.size > position:
            return self.refute("stamp-size", position, f"a stamp of {note.size} entries, said to be of {data['size']}, cannot stand here")
        try:
            kept = [[one for one in map(self.document, data.get(name, [])[:MAX_ATTACHMENTS]) if one and len(one) <= MAX_ATTACHMENT]
                    for name in ("certificates", "revocation_lists")]
            token = Token(unbase64(data["token"]), *kept)
        except Unknown as error:
            return self.report.leave_open("anchors", f"a stamp was not judged: {error}")
        except ValueError as error:
            return self.refute("stamp-malformed", position, f"the stamp cannot be read: {error}")
        found = time_text(token.at), token.microseconds, token.authority, token.serial, token.policy
        said = [data.get(name) for name in ("generated_at", "accuracy_microseconds", "authority", "serial", "policy")]
        if said != list(found):
            return self.refute("stamp-differs", position, "the entry says otherwise than its stamp about time, authority, number or policy")
        try:
            code, reason = token.refusal(bytes.fromhex(note.sha256), self.trust.authorities)
        except Unknown as error:
            return self.report.leave_open("anchors", f"a stamp does not count: {error}")
        except ValueError as error:
            code, reason = "stamp-malformed", f"it cannot be read: {error}"
        if code:
            return self.refute(code, position, f"the stamp does not hold: {reason}")
        self.stamps.append(GoodStamp(position, note.size, note.root, token))
        if self.not_before is None or token.at - token.accuracy > self.not_before:
            self.not_before = token.at - token.accuracy
            self.floor = time_text(self.not_before - TOLERANCE)
        return None
    def conclude(self, origin: str, roots: dict[int, bytes]) -> None:  # now that all roots are known
        for (size, root, witness), (named, where, time) in self.seen.items():
            if named == (origin or named) and roots.get(size) == root:
                self.hold(witness, size, time)
            elif named == (origin or named):  # one of another ledger says nothing of this one
                self.refute("cosigned-otherwise", None, f"{where}: witness {witness[0]} cosigned {size} entries that are not these")
        for (name, _), (size, time) in self.good.items():
            self.report.say(f"witness {name} cosigned the first {size} entries at {second(time)}, by its own clock")
        for stamp in self.stamps:
            if roots.get(stamp.size) != stamp.root:
                self.report.leave_open("anchors", f"the stamp at position {stamp.position} is of a checkpoint that the entries do not make")
                continue
            self.report.judged.add("anchors")
            latest = stamp.token.at + stamp.token.accuracy
            self.report.say(f"stamped: the first {stamp.size} entries existed at {time_text(latest)}, by {stamp.token.authority}")
            self.compare(stamp, latest)
    def compare(self, stamp: GoodStamp, latest: datetime) -> None:
        at, position, not_before = self.marks.get(stamp.size, ("", 0, None))
        if at > time_text(latest + TOLERANCE):
            self.outside(position, position, f"claims {at}, but existed already at {time_text(latest)}")
        if not_before is not None and not_before > latest + TOLERANCE:
            self.refute("stamps-contradict", stamp.position, f"its checkpoint holds a stamp of {time_text(not_before)}, and it says {time_text(latest)}")
    def outside(self, position: int, cause: object, claim: str) -> None:  # once for each cause
        if cause not in self.blamed:
            self.blamed.add(cause)
            self.refute("claimed-time-outside-window", position, f"the entry {claim}")

# ---- 13. Hand-overs: custody moves only with the signed answer of the receiver
ANSWER_TYPE = "application/vnd.custody.answer+json"
ANSWER_FORMS: dict[str, Callable[[Any], object]] = {  # those that must be there; badge, agency, place and comments may be
    **dict.fromkeys(("case_number", "exhibit", "name"), FITS["text"]), "at": lambda value: re.fullmatch(FORMS["at"], value),
    **dict.fromkeys(("key", "offer", "manifest_sha256"), lambda value: re.fullmatch("[0-9a-f]{64}", value)),
    **dict.fromkeys(("files", "position", "size"), lambda value: type(value) is int and value >= 0),
    "answer": lambda value: value in {"accepted", "declined"}, "format": lambda value: value == "custody.answer/1",
    "ledger": FITS["id"], "read_back": lambda value: all(type(count) is int and count >= 0 for count in value.values()),
}

def open_answer(data: bytes) -> tuple[Body, bytes, bytes]:  # what was answered; the signature, and what it is over
    require(len(data) <= MAX_ENTRY, "longer than an answer may be")
    envelope = decode(data, 3)
    try:
        (signature,) = envelope["signatures"]
        payload, blob = unbase64(envelope["payload"]), unbase64(signature["sig"])
        require(envelope.keys() == {"payload", "payloadType", "signatures"} and signature.keys() == {"keyid", "sig"}, "no envelope")
        require(envelope["payloadType"] == ANSWER_TYPE and len(blob) == 64, "no envelope of an answer")
        said: Body = decode(payload)
        others = {name: said[name] for name in said.keys() - ANSWER_FORMS.keys()}
        require(others.keys() <= {"badge", "agency", "place", "comments"} and all(map(FITS["text"], others.values())), "no answer")
        require(all(fits(said[name]) for name, fits in ANSWER_FORMS.items()) and said["key"] == signature["keyid"], "no answer")
    except (TypeError, AttributeError, KeyError):
        raise ValueError("not an answer") from None
    return said, blob, signed_bytes(ANSWER_TYPE, payload)

@dataclass
class Exhibit:
    registered: bool = False
    custodian: str = ""
    open_offer: int | None = None  # the position of an offer that waits for its answer
    answered: set[str] = field(default_factory=set)  # leaf hashes of offers, of any ledger
    released: bool = False

@dataclass
class Offer:
    leaf: str
    body: Body
    signature: bytes
    signed: bytes
    position: int
    jobs: list[tuple[bytes, bytes]] = field(default_factory=list)  # of the exhibit until then: id and destination
    accepted: str | None = None  # the list that came with the exhibit when it was accepted here last

class Custody:
    def __init__(self, report: Report, keys: dict[str, bytes]) -> None:
        self.report, self.keys = report, keys
        self.exhibits: dict[tuple[str, str], Exhibit] = {}
        self.jobs: dict[tuple[str, str], list[tuple[bytes, bytes]]] = {}
        self.offers: dict[str, Offer] = {}
        self.accepted: dict[tuple[str, str], str] = {}
        self.successors: dict[str, str] = {}  # of rotated keys: the person is the same
        self.cited: set[str] = set()  # SHA-256 of the lists of what was accepted
    def heir_of(self, key: str) -> str:  # the last successor; the way there is walked once, a hostile ledger may make it long
        passed = []
        while key in self.successors:
            passed.append(key)
            key = self.successors[key]
        self.successors.update(dict.fromkeys(passed, key))
        return key
    def admit(self, body: Body, position: int, entry: Offer) -> None:  # the entry as the offer that it may be
        kind, data, actor = body["type"], body["data"], body["actor"]
        if kind == "KeyRotated" and data["key"] not in self.successors and self.heir_of(data["successor"]) != data["key"]:
            self.successors[data["key"]] = data["successor"]
        name = data.get("case_number", ""), data.get("exhibit", "")
        if body["stream"].partition("/")[0] not in {"exhibit", "job"}:
            return  # an event in a stream of another kind has its own finding
        if kind == "JobQueued" and "exhibit" in data:
            job = uuid.UUID(body["stream"].partition("/")[2]).bytes, raw_path(data, "destination")
            self.jobs.setdefault(name, []).append(job)
        if STREAM[kind] != "exhibit":
            return
        exhibit = self.exhibits.setdefault(name, Exhibit())
        exhibit.custodian = self.heir_of(exhibit.custodian)
        for check, code, message in self.objections(body, entry, name, exhibit):
            self.report.note(check, code, position, f"exhibit {name[1]} of case {name[0]}: {message}")
        if kind == "ExhibitRegistered" and not exhibit.registered:
            exhibit.registered, exhibit.custodian = True, data.get("holder", actor)
        elif kind == "CustodyOffered":
            exhibit.open_offer = body["position"]
        elif kind in {"CustodyAccepted", "CustodyDeclined"}:
            closes = kind == "CustodyAccepted" or data.get("position") == exhibit.open_offer
            exhibit.open_offer = None if closes else exhibit.open_offer
            exhibit.custodian = data["by"] if kind == "CustodyAccepted" else exhibit.custodian
            exhibit.answered.add(data["offer"])
        elif kind == "ExhibitReleased":
            exhibit.released, exhibit.open_offer = True, None
    def objections(self, body: Body, entry: Offer, name: tuple[str, str], exhibit: Exhibit) -> Iterator[tuple[str, str, str]]:
        kind, data, stream = body["type"], body["data"], f"exhibit/{len(name[0])}/{name[0]}/{name[1]}"
        if body["stream"] != f"exhibit/{uuid.uuid5(uuid.UUID(body['ledger']), stream)}":
            yield "structure", "wrong-exhibit-stream", "the entry is not in its stream"
        if kind == "ExhibitRegistered" and exhibit.registered:
            yield "structure", "second-registration", "it is registered again"
        elif kind in {"ExhibitReleased", "CustodyOffered"}:
            yield from self.parting(exhibit, body["actor"])
        elif kind in {"CustodyAccepted", "CustodyDeclined"}:
            offer = self.offer_answered(data)
            if kind == "CustodyAccepted" and offer:
                self.cited.add(offer.body["data"]["manifest_sha256"])
                self.accepted[name] = offer.body["data"]["manifest_sha256"]
            yield from self.answering(kind, data, name, exhibit, offer)
        if kind == "CustodyOffered":
            if not pem_of(data["receiver_key"], data["receiver"]):
                yield "authorisation", "receiver-key-mismatch", "the receiver's public key is not the one of its key id"
            entry.jobs, entry.accepted = list(self.jobs.get(name, ())), self.accepted.get(name)
            self.offers[entry.leaf] = entry
    def parting(self, exhibit: Exhibit, actor: str) -> Iterator[tuple[str, str, str]]:
        if not exhibit.registered:
            yield "structure", "exhibit-unregistered", "it was never registered"
        if exhibit.released:
            yield "structure", "exhibit-released", "it was released before"
        if exhibit.open_offer is not None:
            yield "structure", "offer-open", f"the offer of position {exhibit.open_offer} is not answered yet"
        if exhibit.registered and actor != exhibit.custodian:
            yield "authorisation", "not-by-custodian", f"key {actor} gives away what key {exhibit.custodian} holds"
    def offer_answered(self, data: Body) -> Offer | None:  # one of this ledger, or one of another that the answer carries
        if "offer_entry" not in data:
            offer = self.offers.get(data["offer"])
            return offer if offer and offer.body["position"] == data.get("position") else None
        try:
            line = data["offer_entry"].encode()
            body, signer, signature, signed = open_entry(line)
            require(body["type"] == "CustodyOffered" and signer == body["actor"], "no offer by who signed it")
            check_fields(body["type"], body["data"])
        except ValueError:
            return None
        offer = Offer(leaf_hash(line).hex(), body, signature, signed, body["position"])
        return offer if offer.leaf == data["offer"] else None
    def answering(self, kind: str, data: Body, name: tuple[str, str], exhibit: Exhibit, offer: Offer | None) -> Iterator[tuple[str, str, str]]:
        made = offer.body["data"] if offer else {}
        if offer is None or (made["case_number"], made["exhibit"]) != name:
            yield "structure", "answer-without-offer", "there is no such offer"
            return
        by, giver, local = data["by"], offer.body["actor"], "offer_entry" not in data
        if offer.leaf in exhibit.answered:
            yield "structure", "second-answer", "the offer was answered before"
        elif local and exhibit.open_offer != offer.body["position"]:
            yield "structure", "offer-lapsed", "the offer is open no more"
        if exhibit.released:
            yield "structure", "exhibit-released", "it was released before"
        givers = {giver, exhibit.custodian} if local else {giver}  # their key may have been rotated
        if by != made["receiver"] and (kind == "CustodyAccepted" or by not in givers):
            yield "authorisation", "answer-by-another", f"offered to key {made['receiver']}, answered by key {by}"
        if not exhibit.registered:
            yield "structure", "exhibit-unregistered", "it was never registered"
        elif not local and giver != exhibit.custodian:
            yield "authorisation", "not-by-custodian", f"offered by key {giver}, held by key {exhibit.custodian}"
        if not local and not verify(pem_of(data.get("giver_key", ""), giver), offer.signature, offer.signed):
            yield "authorisation", "forged-hand-over", "the giver's signature does not fit the offer"
        yield from self.unsigned(kind, data, offer)
    def unsigned(self, kind: str, data: Body, offer: Offer) -> Iterator[tuple[str, str, str]]:
        made, by = offer.body["data"], data["by"]
        try:
            said, signature, signed = open_answer(data["answer"].encode())
        except ValueError as error:
            yield "authorisation", "forged-hand-over", f"the answer cannot be read: {error}"
            return
        word = "accepted" if kind == "CustodyAccepted" else "declined"
        wanted = {"answer": word, "key": by, "offer": offer.leaf, "ledger": offer.body["ledger"], "position": offer.body["position"],
                  "size": made["bytes"], **{name: made[name] for name in ("case_number", "exhibit", "manifest_sha256", "files")}}
        if any(said[name] != value for name, value in wanted.items()):
            yield "authorisation", "answer-differs", "the signed answer is not to this offer, or says otherwise than the entry"
        receiving = by == made["receiver"]
        raw = pem_of(made["receiver_key"], by) if receiving else self.keys.get(by, b"")
        if (raw or receiving) and not verify(raw, signature, signed):  # else a withdrawal, whose entry bears the same key's signature
            yield "authorisation", "forged-hand-over", "the signature under the answer does not fit it"

# ---- 14. What is claimed of copies must rest on what was recorded before
NOTHING_LEFT = {"temporary", "prefix", "nothing", "missing"}  # found of an interrupted file: no copy under its own name
BEGUN, PUBLISHED = b"begun", b"published"  # of a copy under way; any other: a digest of what was flushed

def flushed(kind: str, data: Body) -> bytes:
    zeroed = 0 if kind == "FileVerified" else data.get("unreadable_bytes", 0)
    return hashlib.sha256(encode([data["size"], data["digests"], zeroed])).digest()
def copy_after(kind: str, data: Body, copy: bytes) -> bytes:  # what is known of a file's copy after one more event
    if kind == "FileCopying":
        return BEGUN
    if kind in {"FileFsynced", "FileVerified", "FileQualified"}:
        return flushed(kind, data)
    if kind == "FileResumed":
        published = data["found"] == "published" and copy in {BEGUN, PUBLISHED}
        return b"" if data["found"] in NOTHING_LEFT else PUBLISHED if published else copy
    if kind == "FileFailed":
        return b"" if "moved_to" in data or copy == BEGUN else copy
    return b"" if kind in {"FileQueued", "FileSkipped"} else copy
def join(folder: bytes, path: bytes) -> bytes:
    return folder.rstrip(b"/") + b"/" + path
def is_stream_of(stream: str, job: bytes, path: bytes) -> bool:  # a file's stream is named after its job and path
    return stream == f"file/{uuid.UUID(bytes=hashlib.sha256(job + path).digest()[:16])}"

class Claims:
    def __init__(self, report: Report, entry_at: Callable[[int], Body | None]) -> None:
        self.report, self.entry_at = report, entry_at
        self.copies: dict[str, bytes] = {}  # by stream
        self.jobs: dict[bytes, bytes] = {}  # id → destination
        self.gaps: set[str] = set()  # streams of which entries are withheld
        self.last = b""  # the job that was found last: files of one job stand together
    def admit(self, body: Body, position: int, withheld: int) -> None:
        kind, data, stream = body["type"], body["data"], body["stream"]
        copy = self.copies.pop(stream, b"")
        if kind == "JobQueued":
            self.jobs[uuid.UUID(stream.partition("/")[2]).bytes] = raw_path(data, "destination")
        code, rests_on, message = self.fault(kind, data, stream, position, copy)
        if rests_on == "withheld" or (withheld and (rests_on == "jobs" or (rests_on == "history" and stream in self.gaps))):
            self.report.leave_open("structure", "claims of copies rest on withheld entries")
        elif code:
            self.report.note("structure", code, position, message)
        if after := copy_after(kind, data, copy):
            self.copies[stream] = after
    def fault(self, kind: str, data: Body, stream: str, position: int, copy: bytes) -> tuple[str, str, str]:  # and what would bear it out
        if kind == "FileFsynced" and not copy:
            return "claim-unfounded", "history", "a copy is claimed as flushed whose copying was never begun"
        if kind in {"FileVerified", "FileQualified"} and copy in {b"", BEGUN, PUBLISHED}:
            return "claim-unfounded", "history", "a copy is claimed as verified that was never claimed as flushed"
        if kind in {"FileVerified", "FileQualified"}:
            if copy != flushed(kind, data) or not data["digests"]:
                return "claim-unfounded", "history", "the copy claimed as verified is not the one that was flushed"
            if not self.owned(stream, raw_path(data, "path"), self.jobs):
                return "claim-unfounded", "jobs", "a copy is claimed as verified under a path that is not its stream's"
        return self.fault_of_skipped(data, stream, position) if kind == "FileSkipped" else ("", "", "")
    def fault_of_skipped(self, data: Body, stream: str, position: int) -> tuple[str, str, str]:
        path, job, cites = raw_path(data, "path"), uuid.UUID(data["job"]).bytes, data.get("cites")
        if job not in self.jobs or not is_stream_of(stream, job, path):
            return "claim-unfounded", "jobs", "a copy is claimed as proved that no job of this ledger has in this stream"
        if cites is None:
            read = "read_back" in data and data["digests"]
            return ("", "", "") if read else ("claim-unfounded", "history", "an equal file is claimed, but neither read nor cited")
        proof = self.entry_at(cites) if 0 <= cites < position else {}
        if proof is None:
            return "citation-unfounded", "withheld", ""
        found, copy = proof.get("data", {}), join(self.jobs[job], path)
        if proof.get("type") not in {"FileVerified", "FileSkipped"} or (proof["type"] == "FileSkipped" and "cites" in found):
            return "citation-unfounded", "", f"a copy is claimed as proved by the entry of position {cites}, which proves none"
        shared = data["digests"].keys() & found["digests"].keys()
        same = found["size"] == data["size"] and shared and all(found["digests"][name] == data["digests"][name] for name in shared)
        if not same or not self.stands_at(proof["stream"], raw_path(found, "path"), copy):
            return "citation-unfounded", "", f"a copy is claimed as proved by the entry of position {cites}, which proves another one"
        return "", "", ""
    def stands_at(self, stream: str, path: bytes, copy: bytes) -> bool:  # whether a stream's path has its copy there, in some job
        folder = copy[:-len(path) - 1]
        return copy.endswith(b"/" + path) and self.owned(stream, path, [job for job, to in self.jobs.items() if to.rstrip(b"/") == folder])
    def owned(self, stream: str, path: bytes, jobs: Collection[bytes]) -> bool:
        if self.last not in jobs or not is_stream_of(stream, self.last, path):
            self.last = next((job for job in jobs if is_stream_of(stream, job, path)), b"")
        return self.last != b""

# ---- 15. The list of files that goes along with a hand-over: it must be what the ledger proved of the exhibit
DIGEST_FORMS = {"md5": 32, "sha1": 40, "sha256": 64, "sha512": 128}  # digits
MAX_LIST = 64 * 1024 * 1024

def listed_files(content: bytes) -> Iterator[Body]:  # the head, then the files in the order of their paths
    require(len(content) <= MAX_LIST and content.endswith(b"\n"), "a list is lines of text")
    last, number = b"", 0
    for number, line in enumerate(io.BytesIO(content)):
        require(len(line) <= MAX_ENTRY, "a line is too long")
        found = decode(line[:-1], 2)
        wanted = {"digests", "entry", "path", "size"} if number else {"case_number", "exhibit", "format", "ledger"}
        require(isinstance(found, dict) and found.keys() - {"path_b64"} == wanted, "a line does not have its fields")
        if number:
            require(is_path(found, "path") and is_file(found) and last < raw_path(found, "path"), "a file is not in its form or place")
            last = raw_path(found, "path")
        else:
            texts = all(isinstance(found[name], str) for name in wanted)
            require(texts and found["format"] == "custody.manifest/1" and re.fullmatch(UUID, found["ledger"]), "no list of files")
        yield found
def is_file(found: Body) -> bool:
    digests, parts = found["digests"], raw_path(found, "path").split(b"/")
    fits = isinstance(digests, dict) and "sha256" in digests and all(
        isinstance(value, str) and re.fullmatch(f"[0-9a-f]{{{DIGEST_FORMS.get(name, 0)}}}", value) and value for name, value in digests.items())
    numbers = all(type(found[name]) is int and found[name] >= 0 for name in ("size", "entry"))
    return fits and numbers and not {b"", b".", b".."}.intersection(parts) and b"\0" not in raw_path(found, "path")
def list_fault(offer: Offer, content: bytes, entry_at: Callable[[int], Body | None]) -> str:  # what is wrong with it, if anything is
    made, folder = offer.body["data"], None
    try:
        head, *_ = islice(listed_files(content), 1)
        sums = [(1, one["size"]) for one in islice(listed_files(content), 1, None)]
    except ValueError as error:
        return f"it cannot be read: {error}"
    if (head["case_number"], head["exhibit"]) != (made["case_number"], made["exhibit"]):
        return "it is of another exhibit"
    if [len(sums), sum(size for _, size in sums)] != [made["files"], made["bytes"]]:
        return "it has another number of files or bytes than the offer says"
    if head["ledger"] != offer.body["ledger"]:
        return "" if made["manifest_sha256"] == offer.accepted else "it is of another ledger, and did not come with the exhibit"
    for one in islice(listed_files(content), 1, None):
        proof, path = entry_at(one["entry"]) if one["entry"] < offer.position else {}, raw_path(one, "path")
        places = folders_of(proof, one, path, offer.jobs) if proof else set()
        folder = folder or next(iter(places), None)
        if folder not in places:
            return f"entry {one['entry']} does not prove {path!r} as listed"
    return ""
def folders_of(proof: Body, listed: Body, path: bytes, jobs: list[tuple[bytes, bytes]]) -> set[bytes]:  # in which an entry proves a file
    data = proof.get("data", {})
    if proof.get("type") not in {"FileVerified", "FileQualified", "FileSkipped"}:
        return set()
    if (data["size"], data["digests"]) != (listed["size"], listed["digests"]):
        return set()
    copies = [join(to, raw_path(data, "path")) for job, to in jobs if is_stream_of(proof["stream"], job, raw_path(data, "path"))]
    return {copy[:-len(path) - 1] for copy in copies if copy.endswith(b"/" + path)}

# ---- 16. The ledger
CITING = {"BatchQueued": "batch instruction_sha256", "CheckpointStamped": "certificates revocation_lists",
          "CustodyOffered": "manifest_sha256"}  # types of entries that cite documents, and in which fields
WITHHELD = ("entries are withheld, any of which may have ended a key or a session: "
            "who might sign is judged by the disclosed ones alone")

class Ledger:  # takes the entries in order
    def __init__(self, report: Report, trust: Trust, notes: dict[str, Note], folder: Path | None, *, proof: bool = False) -> None:
        self.report, self.notes, self.folder, self.proof = report, notes, folder, proof
        self.tree, self.ring, self.custody, self.claims = Tree(), Keyring(trust.keys), Custody(report, trust.keys), Claims(report, self.entry_at)
        self.anchors = Anchors(report, trust, {} if proof else notes, self.document, folder is not None)
        self.stopped = proof  # no claim and no hand-over is judged behind what is missing or unreadable
        self.places = array("q")  # where in their file the entries begin; -1: withheld
        self.again: BinaryIO | None = None  # that file, for entries that are looked at once more
        self.wanted, self.roots = {note.size for note in notes.values()}, {0: self.tree.root()}
        self.before: bytes | None = bytes(32)  # the leaf hash before; empty: of no entry; None: not known
        self.origin, self.read, self.shift, self.withheld, self.unknown = "", 0, 0, 0, (-1, "")
        self.revisions: dict[str, int] = {}  # by stream
        self.copies: dict[str, tuple[bytes, str, int]] = {}  # by stream: path, SHA-256, position
        self.issued: set[str] = set()  # SHA-256 of reports
        self.cited: set[str] = set()  # and of documents
        self.plans: set[str] = set()  # of those a bundle of one case may lack: they may be of other cases, too
    def admit(self, path: Path, leaves: Path) -> None:
        start = 0
        with path.open("rb") as self.again:
            for entry, leaf in entries_of(path, leaves):  # entry (None: withheld) and leaf hash
                self.places.append(-1 if entry is None else start)
                if entry is None:
                    self.before, self.withheld = leaf, self.withheld + 1
                else:
                    start += len(entry) + 1
                    self.take(entry, self.tree.size)
                self.tree.append(leaf)
                if self.tree.size in self.wanted:
                    self.roots[self.tree.size] = self.tree.root()
                    if entry is None:  # what a stamp says of the entries before does not depend on the last of them
                        self.anchors.mark(self.tree.size)
            self.check_lists()
    def entry_at(self, position: int) -> Body | None:  # once more; None: withheld, nothing in it: not there or not readable
        start = self.places[position] if position < len(self.places) else 0
        if start < 0 or self.again is None or position >= len(self.places):
            return None if start < 0 else {}
        self.again.seek(start)
        try:
            body = open_entry(self.again.readline(MAX_ENTRY + 2)[:-1])[0]
            check_fields(body["type"], body["data"])
        except (ValueError, KeyError):
            return {}
        return body
    def document(self, sha256: str, limit: int = MAX_ATTACHMENT) -> bytes | None:
        place = self.folder / "documents" / sha256 if self.folder and re.fullmatch("[0-9a-f]{64}", sha256) else None
        if place is None or not place.is_file():
            return None
        with place.open("rb") as file:
            return file.read(limit + 1)
    def check_lists(self) -> None:
        for offer in self.custody.offers.values():
            content = self.document(offer.body["data"]["manifest_sha256"], MAX_LIST)
            if content is None or hashlib.sha256(content).hexdigest() != offer.body["data"]["manifest_sha256"]:
                continue  # that has its own finding, where there are documents at all
            if fault := list_fault(offer, content, self.entry_at):
                self.report.note("structure", "manifest-differs", offer.position, f"the files that were offered are not those of the exhibit: {fault}")
    def take(self, line: bytes, position: int) -> None:
        before, self.read, note = self.before, self.read + 1, self.report.note
        try:
            body, signer, signature, signed = open_entry(line)
        except ValueError as error:
            self.before, self.stopped = b"", True
            self.report.undecided |= {"signatures", "authorisation"}
            note("structure", "malformed-entry", position, f"the entry cannot be read: {error}")
            return
        self.before, shift = leaf_hash(line), body["position"] - position
        if shift != self.shift:
            self.report.undecided.add("authorisation")
            self.stopped = True
            note("structure", "misplaced-entry", position, f"this is the entry of position {body['position']}")
        if before is not None and body["previous"] != before.hex():
            note("chain", "chain-broken", position, "this entry was not made after the one that stands before it")
        self.shift, self.origin = shift, self.origin or "custody.invalid/" + body["ledger"]
        if self.origin != "custody.invalid/" + body["ledger"]:
            note("structure", "foreign-entry", position, f"the entry belongs to another ledger: {body['ledger']}")
        if body["actor"] != signer:
            note("structure", "actor-mismatch", position, "its actor is not the key that is said to have signed it")
        self.check_signature(signer, position, signature, signed)
        event = self.read_event(body, position)
        self.follow_stream(body, position)
        if event:
            self.authorise(body, position)
            self.follow(body, position)
        self.stopped = self.stopped or not event
        if not self.stopped:
            self.claims.admit(body, position, self.withheld)
            self.custody.admit(body, position, Offer(self.before.hex(), body, signature, signed, position))
        if not self.proof:
            self.anchors.admit(body, position, self.roots, event)
            if position + 1 in self.wanted:
                self.anchors.mark(position + 1)
    def check_signature(self, signer: str, position: int, signature: bytes, signed: bytes) -> None:
        if raw := self.ring.verifier(signer):
            if not verify(raw, signature, signed):
                self.report.note("signatures", "bad-signature", position, "the entry was changed after it was signed")
        elif self.ring.trusted:
            if self.unknown != (position - 1, signer):  # a run of them is said once
                self.report.note("signatures", "unknown-key", position, f"signed by a key that is not trusted: {signer}")
            self.unknown = position, signer
    def read_event(self, body: Body, position: int) -> bool:
        try:
            require(body["type"] in STREAM, f"there is no such type of event: {body['type']}")
            check_fields(body["type"], body["data"])
        except ValueError as error:
            self.report.undecided.add("authorisation")
            self.report.note("structure", "malformed-event", position, f"the event cannot be read: {error}")
            return False
        return True
    def authorise(self, body: Body, position: int) -> None:
        kind, data, stream, note = body["type"], body["data"], body["stream"].partition("/")[0], self.report.note
        if STREAM[kind] != stream:
            note("structure", "wrong-stream", position, f"{kind} belongs to a {STREAM[kind]}, not to a {stream}")
        if kind == "KeyEnrolled" and key_id(sound_key(data.get("public_key"))) != data.get("key"):
            note("structure", "key-mismatch", position, "the enrolled public key is not the one that its key id stands for")
        if self.proof:
            _ = kind == "SessionOpened" and self.ring.open_session(body)
        elif code := self.ring.admit(body, position):
            note("authorisation", code, position, f"its key may not record this {kind}: {body['actor']}")
    def follow_stream(self, body: Body, position: int) -> None:
        stream, note = body["stream"], self.report.note
        expected, self.revisions[stream] = self.revisions.get(stream, 0) + 1, body["revision"]
        if body["revision"] > expected and (self.withheld or self.proof):
            self.report.undecided |= {"structure", "authorisation"} if stream.startswith("key/") else {"structure"}
            self.claims.gaps.add(stream)
            self.report.say(f"before position {position}, entries of {stream} are withheld")
        elif body["revision"] != expected:
            note("structure", "revision-gap", position, f"revision {body['revision']} of its stream, not {expected}")
    def follow(self, body: Body, position: int) -> None:  # what entries say, and say of one another
        kind, data, stream, note = body["type"], body["data"], body["stream"], self.report.note
        begins = {0: ("LedgerOpened", data.get("ledger") == body["ledger"]), 1: ("KeyEnrolled", data.get("key") == body["actor"])}
        if (kind, True) != begins.get(position, (kind, kind != "LedgerOpened")):
            note("structure", "no-genesis", position, "a ledger begins with its opening and its first key, and only once")
        if kind == "ReportIssued" and data["at_position"] >= position:
            note("structure", "report-of-later-entries", position, f"a report of the entries up to {data['at_position']}")
        if kind == "BundleExported" and data["size"] > position:
            note("structure", "bundle-of-later-entries", position, f"a bundle of {data['size']} entries")
        if kind == "ReportIssued":
            self.issued.add(str(data.get("sha256")))
        elif kind in CITING:
            cited = [data.get(name, []) for name in CITING[kind].split()]
            documents = self.plans if kind == "BatchQueued" else self.cited
            documents.update(name for names in cited for name in (names if isinstance(names, list) else [names]))
        elif kind in {"FileCopying", "FileFailed"}:
            self.copies.pop(stream, None)  # no copy is claimed any more
        elif kind in {"FileVerified", "FileQualified", "FileSkipped"}:
            self.copies[stream] = raw_path(data, "path"), str(data["digests"].get("sha256")), position
    def conclude(self) -> None:  # every checkpoint against the tree
        covered, ring, report = [-1], self.ring, self.report
        keys = {**ring.trusted, **ring.enrolled}
        for where, found in sorted(self.notes.items(), key=lambda item: item[1].size):
            signer = next((key for key, raw in keys.items() if found.signed_by(raw)), "")
            holder, ours = ring.holders.get(signer), found.origin == (self.origin or found.origin)
            if not ours and where.startswith("the note "):  # it was brought along; nobody said that it is of this ledger
                report.undecided.add("checkpoints")
                report.say(f"{where} is of another ledger and says nothing of this one: {found.origin}")
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
        self.anchors.conclude(self.origin, self.roots)
        report.undecided |= ({"checkpoints"} if covered == [-1] else set()) | (set() if ring.holders else {"authorisation"})
        if self.withheld:
            report.say(WITHHELD)
        if (tail := self.tree.size - max(0, *covered)) > 0:
            report.say(f"behind the last checkpoint, not covered by it: {tail} entries")

# ---- 17. A bundle, an export, a proof, the copies
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
        report.say(f"files that have no name of a bundle and were not looked at: {len(found) - len(digests)}")
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
        ledger.report.say(f"files that SHA256SUMS does not list: {len(others)}")
    about = decode(beginning_of(folder / "bundle.json").removesuffix(b"\n"))
    said = ["custody.invalid/" + str(about.get("ledger")), about.get("entries"), about.get("withheld"), about.get("size")]
    found = [ledger.origin, ledger.read, ledger.withheld, ledger.tree.size]
    faults += [("bundle-numbers", "bundle.json says another ledger or other numbers than were found")] if said != found else []
    for name, digest in digests.items():
        if name.startswith("reports/") and digest not in ledger.issued:
            faults.append(("report-unknown", f"no disclosed entry issued {name}"))
        if name.startswith("documents/") and name != "documents/" + digest:
            faults.append(("document-differs", f"not the document of that SHA-256: {name}"))
    needed = ledger.cited | ledger.custody.cited | (set() if ledger.withheld else ledger.plans)
    for cited in (cited for cited in needed if "documents/" + cited not in digests):
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
    report.say(f"copies with the recorded SHA-256: {equal}; recorded copies that are not in the folder: {missing}")
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

def judge(what: Path, trust: Trust, files: dict[str, bytes], report: Report) -> Ledger:
    digests = files_of(what, report) if what.is_dir() else {}
    proof = what.is_file() and beginning_of(what).startswith(b'{"checkpoint":')
    if not trust.keys:  # those that come along can refute, and prove nothing
        report.undecided |= {"signatures", "authorisation", "checkpoints"}
        report.say("no key was given: keys that come along are those of the bundle, nobody vouches for them")
        pems = (name for name in digests if re.fullmatch(r"keys/[0-9a-f]{64}\.pem", name))
        trust.keys = {key_id(raw): raw for raw in (sound_key(beginning_of(what / name).decode("latin-1")) for name in pems) if raw}
    for name in sorted(name for name in digests if re.fullmatch(r"checkpoint|checkpoints/[0-9]+\.note", name)):
        files[name] = beginning_of(what / name)
    notes = read_notes({} if proof else files, report)  # a proof has its own note
    ledger = Ledger(report, trust, notes, what if digests else None, proof=proof)
    try:
        if proof:
            check_proof(what.read_bytes(), ledger)
        else:
            ledger.admit(what / "entries.ndjson" if digests else what, what / "leaves.txt")
        if digests:
            check_bundle(what, digests, ledger)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        report.note("structure", "malformed-proof" if proof else "malformed-bundle", None, str(error))
    ledger.conclude()
    return ledger

# ---- 18. The answer
NOT_SHOWN = """
who was at the keyboard: a signature shows which key was used, not by whom
anything behind the last checkpoint that somebody else holds: a cut there leaves no trace
that the clock was right, and that the sources were what they seemed to be before they were read
what a policy may ask for besides: that every session was closed, by how many others how much is anchored, and since when
tiles and read models: they are made from the entries, and prove nothing by themselves
""".strip().splitlines()  # but for the first three, 'custody audit' does
def shown(text: object) -> str:  # nothing that could move a cursor, hide or reorder text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(text))[:300]

def main(arguments: Optional[list[str]] = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0], epilog="See the head of this file.")
    parser.add_argument("what", help="a bundle's folder, an exported ledger, or a proof")
    for option, text in (("--key", "trust this public key"), ("--checkpoint", "a note kept elsewhere"), ("--files", "copies"),
                         ("--witness", "trust this witness"), ("--authority", "trust this time stamping authority")):
        parser.add_argument(option, action="append", default=[], help=text)
    words, report = parser.parse_args(arguments), Report()
    try:
        trust = Trust({key_id(raw): raw for _, raw in map(read_key, words.key)})
        for name, raw in (read_key(value, COSIGNS) for value in words.witness):
            trust.witnesses[name, key_hash(name, raw, COSIGNS)] = raw
        for name in words.authority:
            trust.authorities.add(Path(name).read_bytes())
        brought = {f"the note {name}": Path(name).read_bytes() for name in words.checkpoint}
    except (OSError, ValueError) as error:
        parser.error(f"a key, checkpoint, witness or authority cannot be read: {shown(error)}")
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a terminal may know less than UTF-8
    try:
        ledger = judge(Path(words.what), trust, brought, report)
        for folder in words.files:
            check_copies(Path(folder), ledger)
    except (OSError, Refused) as error:
        print(f"CANNOT TELL  {shown(error)}")
        return 4
    checks = "structure signatures chain tree checkpoints" if ledger.proof else "structure signatures authorisation chain checkpoints"
    more = ["anchors"] * ("anchors" in report.judged | report.failed | report.undecided) + ["evidence"] * bool(words.files)
    verdicts = {check: report.verdict(check) for check in checks.split() + more}
    code = 1 if "failed" in verdicts.values() else 4 if "indeterminate" in verdicts.values() else 0
    withheld = f", {ledger.withheld} withheld" if ledger.withheld else ""
    print(f"{ {0: 'OK', 1: 'CHANGED', 4: 'CANNOT TELL'}[code]}  {ledger.read} entries{withheld}, {len(report.findings)} findings")
    for position, code_word, message in sorted(report.findings, key=lambda found: (found[0] is None, found[0] or 0)):
        print(f"  {'at no one position' if position is None else f'position {position}'}  {code_word}: {shown(message)}")
    print(*(f"  {check:<13}  {verdict}" for check, verdict in verdicts.items()), sep="\n")
    print(*(f"  note: {shown(note)}" for note in list(report.notes)[:100]), "  this does not show:", sep="\n")
    print(*(f"   - {limit}" for limit in NOT_SHOWN), sep="\n")
    return code

if __name__ == "__main__":
    sys.exit(main())
