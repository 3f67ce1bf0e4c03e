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

# The checkpoint: text, blank line, signature line.
content = Path(note).read_bytes()
text, _, signatures = content.rpartition(b"\n\n")
origin, size, root64 = text.decode().split("\n")
_, name, blob = signatures.decode().rstrip("\n").split(" ")
blob = base64.b64decode(blob)
require(name == origin, "the checkpoint is signed under another name than its origin")
for pem in pems:
    raw = spki(pem)[-32:]
    if sha256(name.encode() + b"\n\x01" + raw)[:4] == blob[:4] and signed(pem, text + b"\n", blob[4:]):
        break
else:
    require(False, "no trusted key signed the checkpoint")

# The entries.
previous, revisions, peaks, count, root_at_checkpoint = bytes(32), {}, [], 0, None
for position, line in enumerate(Path(log).read_bytes().split(b"\n")[:-1]):
    # 1. the envelope, in canonical form
    envelope = json.loads(line)
    require(canonical(envelope) == line, f"{position}: the envelope is not canonical")
    require(envelope["payloadType"].encode() == TYPE, f"{position}: another type")
    [signature] = envelope["signatures"]
    # 2. the signature, over the pre-authentication encoding of the body
    body = base64.b64decode(envelope["payload"], validate=True)
    require(signature["keyid"] in keys, f"{position}: signed by a key that is not trusted")
    pae = b"DSSEv1 %d %s %d %s" % (len(TYPE), TYPE, len(body), body)
    sig = base64.b64decode(signature["sig"], validate=True)
    require(signed(keys[signature["keyid"]], pae, sig), f"{position}: bad signature")
    # 3. the body, in canonical form, at its place
    entry = json.loads(body)
    require(canonical(entry) == body and entry.keys() == FIELDS, f"{position}: the body is malformed")
    require(entry["position"] == position, f"{position}: made for position {entry['position']}")
    require(entry["previous"] == previous.hex(), f"{position}: not chained to the entry before")
    require(entry["actor"] == signature["keyid"], f"{position}: actor and key differ")
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
    if count == int(size):
        root_at_checkpoint = root(peaks)

require(count >= int(size), f"cut: {count} entries, the checkpoint covers {size}")
require(root_at_checkpoint == base64.b64decode(root64), "the entries are not those of the checkpoint")
print(f"OK  {count} entries, checkpoint of {size}, root {root_at_checkpoint.hex()}")
