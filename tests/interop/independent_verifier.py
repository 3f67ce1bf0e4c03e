"""Verify an exported ledger with nothing of Custody's own code.

    python independent_verifier.py LOG PUBLIC_KEY.pem CHECKPOINT.note

LOG has one DSSE envelope a line, exactly the leaf bytes (`custody log export`). Checked, in this order:

1. the checkpoint: a C2SP signed note, signed by the key (Ed25519);
2. every line: a DSSE envelope signed by the key over the pre-authentication encoding;
3. every body: it stands at its position, belongs to the ledger of the checkpoint's origin, and `previous`
   is the leaf hash of the line before;
4. the root: RFC 6962 section 2.1 over the first `size` lines equals the checkpoint's root.

Exit code 0 when all holds, 1 with a line that says what does not. Standard library only, but for Ed25519,
which comes from the `cryptography` package.
"""

import base64
import hashlib
import json
import sys
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

PAYLOAD_TYPE = b"application/vnd.custody.entry+json"


class RefutedError(Exception):
    """Something does not hold."""


def require(condition: bool, what: str) -> None:
    if not condition:
        raise RefutedError(what)


def signed_by(key: Ed25519PublicKey, signature: bytes, message: bytes) -> bool:
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def read_key(path: Path) -> tuple[Ed25519PublicKey, str]:
    """Return the key and its id: hexadecimal SHA-256 of the SubjectPublicKeyInfo."""
    key = serialization.load_pem_public_key(path.read_bytes())
    require(isinstance(key, Ed25519PublicKey), "the key is not an Ed25519 key")
    spki = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return key, hashlib.sha256(spki).hexdigest()


def read_checkpoint(note: bytes, key: Ed25519PublicKey) -> tuple[str, int, bytes]:
    """Return origin, size and root of a note that the key signed."""
    text, _, lines = note.partition(b"\n\n")
    text += b"\n"
    origin, size, root = text.decode().splitlines()
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    key_hash = hashlib.sha256(origin.encode() + b"\n\x01" + raw).digest()[:4]
    good = False
    for line in lines.decode().splitlines():
        dash, name, blob = line.split(" ")
        signature = base64.b64decode(blob, validate=True)
        if (dash, name, signature[:4]) == ("\u2014", origin, key_hash):
            require(signed_by(key, signature[4:], text), "the checkpoint's signature is bad")
            good = True
    require(good, "the checkpoint is not signed by the key")
    return origin, int(size), base64.b64decode(root, validate=True)


def read_entry(line: bytes, key: Ed25519PublicKey, key_id: str) -> dict[str, object]:
    """Return the body of an envelope that the key signed."""
    envelope = json.loads(line)
    require(envelope["payloadType"].encode() == PAYLOAD_TYPE, "the payload is of another type")
    [signature] = envelope["signatures"]
    require(signature["keyid"] == key_id, "signed by another key")
    payload = base64.b64decode(envelope["payload"], validate=True)
    encoded = b"DSSEv1 %d %b %d %b" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE, len(payload), payload)
    require(
        signed_by(key, base64.b64decode(signature["sig"], validate=True), encoded), "the signature is bad"
    )
    return json.loads(payload)


def leaf_hash(line: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + line).digest()


def root_hash(leaves: list[bytes]) -> bytes:
    """RFC 6962 section 2.1, as the section writes it."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + root_hash(leaves[:split]) + root_hash(leaves[split:])).digest()


def verify(log: Path, key_file: Path, note: Path) -> int:
    key, key_id = read_key(key_file)
    origin, size, root = read_checkpoint(note.read_bytes(), key)
    leaves: list[bytes] = []
    previous = "0" * 64
    with log.open("rb") as lines:
        for position, line in enumerate(lines):
            require(line.endswith(b"\n"), "the last line is cut")
            entry = line[:-1]
            try:
                body = read_entry(entry, key, key_id)
                require(body["position"] == position, f"it says position {body['position']}")
                require(f"custody.invalid/{body['ledger']}" == origin, "it belongs to another ledger")
                require(body["previous"] == previous, "it was made after another entry")
            except (RefutedError, ValueError, KeyError, TypeError) as error:
                message = f"entry {position}: {error}"
                raise RefutedError(message) from error
            leaves.append(leaf_hash(entry))
            previous = leaves[-1].hex()
    require(len(leaves) >= size, f"the log has {len(leaves)} entries, the checkpoint covers {size}")
    require(root_hash(leaves[:size]) == root, "the root is not the one that was signed")
    print(f"{len(leaves)} entries verified, {size} of them under the checkpoint")
    return 0


def main() -> int:
    try:
        return verify(*map(Path, sys.argv[1:4]))
    except (RefutedError, ValueError) as error:
        print(f"refuted: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
