"""Verifies an exported ledger with the standard library and openssl; shares no code with Custody.

python3 verify_ledger.py log.jsonl checkpoint.note key.pem [key.pem ...]
"""

import base64
import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

TYPE = b"application/vnd.custody.entry+json"
ENVELOPE = {"payload", "payloadType", "signatures"}
FIELDS = {"actor", "at", "data", "ledger", "position", "previous", "revision", "salt", "stream", "type", "v"}
folder = Path(tempfile.mkdtemp())


def require(condition, message):
    if not condition:
        sys.exit(f"REFUTED  {message}")


def sha256(data):
    return hashlib.sha256(data).digest()


def canonical(value):
    # Enough for this format: member names are ASCII and there are no floating-point numbers.
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def refuse(token):
    raise ValueError(f"{token} has no place in an entry")


def parsed(data):
    return json.loads(data, parse_float=refuse, parse_constant=refuse)


def signed(pem, message, signature):
    (folder / "message").write_bytes(message)
    (folder / "signature").write_bytes(signature)
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", pem, "-rawin"]
    command += ["-in", str(folder / "message"), "-sigfile", str(folder / "signature")]
    return subprocess.run(command, capture_output=True).returncode == 0


def spki(pem):
    lines = Path(pem).read_text("ascii").split("\n")
    return base64.b64decode("".join(line for line in lines if line and not line.startswith("-")))


def root(peaks):
    found = peaks[-1]
    for left in reversed(peaks[:-1]):
        found = sha256(b"\x01" + left + found)
    return found


log, note, *pems = sys.argv[1:]
# Trust: only these keys count, whatever the ledger says of others.
keys = {sha256(spki(pem)).hex(): pem for pem in pems}
previous, revisions, peaks, count = bytes(32), {}, [], 0


def read_checkpoint(content):
    """The text, a blank line, one signature line."""
    text, _, signatures = content.rpartition(b"\n\n")
    origin, size, root64 = text.decode().split("\n")
    dash, name, blob = signatures.decode().removesuffix("\n").split(" ")
    blob = base64.b64decode(blob, validate=True)
    require((dash, name) == ("\u2014", origin), "the checkpoint is signed under another name than its origin")
    for pem in pems:
        key_hash = sha256(name.encode() + b"\n\x01" + spki(pem)[-32:])[:4]
        if key_hash == blob[:4] and signed(pem, text + b"\n", blob[4:]):
            return origin, int(size), base64.b64decode(root64, validate=True)
    return require(False, "no trusted key signed the checkpoint")


def check(position, line):
    global previous, count
    # 1. the envelope, in canonical form
    envelope = parsed(line)
    require(canonical(envelope) == line and len(line) <= 61440, f"{position}: not canonical, or too long")
    require(envelope.keys() == ENVELOPE and envelope["payloadType"].encode() == TYPE, f"{position}: no entry")
    [signature] = envelope["signatures"]
    require(signature.keys() == {"keyid", "sig"}, f"{position}: no entry")
    # 2. the signature, over the pre-authentication encoding of the body
    body = base64.b64decode(envelope["payload"], validate=True)
    require(signature["keyid"] in keys, f"{position}: signed by a key that is not trusted")
    pae = b"DSSEv1 %d %s %d %s" % (len(TYPE), TYPE, len(body), body)
    sig = base64.b64decode(signature["sig"], validate=True)
    require(signed(keys[signature["keyid"]], pae, sig), f"{position}: bad signature")
    # 3. the body, in canonical form, at its place
    entry = parsed(body)
    require(canonical(entry) == body and entry.keys() == FIELDS, f"{position}: the body is malformed")
    require(entry["v"] == 1 and entry["actor"] == signature["keyid"], f"{position}: version or actor differs")
    require(entry["position"] == position, f"{position}: made for position {entry['position']}")
    require(entry["previous"] == previous.hex(), f"{position}: not chained to the entry before")
    require(origin == "custody.invalid/" + entry["ledger"], f"{position}: of another ledger")
    revisions[entry["stream"]] = revisions.get(entry["stream"], 0) + 1
    require(entry["revision"] == revisions[entry["stream"]], f"{position}: revision out of order")
    # 4. the leaf, and the tree over all leaves so far (RFC 6962 section 2.1)
    previous = carry = sha256(b"\x00" + line)
    merges = count
    while merges & 1:
        carry, merges = sha256(b"\x01" + peaks.pop() + carry), merges >> 1
    peaks.append(carry)
    count += 1


origin, size, root_signed = read_checkpoint(Path(note).read_bytes())
root_found = sha256(b"") if size == 0 else None
with open(log, "rb") as lines:
    for position, line in enumerate(lines):
        require(line.endswith(b"\n"), f"{position}: the line has no end")
        try:
            check(position, line[:-1])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            require(False, f"{position}: malformed: {error}")
        if count == size:
            root_found = root(peaks)
require(count >= size, f"cut: {count} entries, the checkpoint covers {size}")
require(root_found == root_signed, "the entries are not those of the checkpoint")
print(f"OK  {count} entries, checkpoint of {size}, root {root_found.hex()}")
