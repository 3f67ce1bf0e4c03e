"""A witness in memory: a key of its own that cosigns, and notes with its lines."""

from custody.domain.proofs.checkpoint import ORIGIN_PREFIX, parse_note
from custody.domain.proofs.cosignature import (
    TrustedWitnesses,
    cosignature_line,
    cosigned_message,
    parse_witness_vkey,
    trusting,
    witness_vkey,
)
from custody.infrastructure.crypto.ed25519 import Ed25519Signer
from custody.infrastructure.crypto.key_files import new_private_key

WITNESS = Ed25519Signer(new_private_key())
OTHER_WITNESS = Ed25519Signer(new_private_key())
NAME = f"{ORIGIN_PREFIX}0b5f9a52-7f50-4d36-8ac6-0f7f6ad0ac5e"
TIME = 1_679_315_147


def trusted(*signers: Ed25519Signer, name: str = NAME) -> TrustedWitnesses:
    return trusting(parse_witness_vkey(witness_vkey(name, signer.public_raw)) for signer in signers)


WITNESSES = trusted(WITNESS)


def line_over(text: bytes, signer: Ed25519Signer = WITNESS, *, time: int = TIME, name: str = NAME) -> str:
    return cosignature_line(name, signer.public_raw, time, signer.sign(cosigned_message(time, text)))


def cosigned(note: bytes, signer: Ed25519Signer = WITNESS, *, time: int = TIME, name: str = NAME) -> bytes:
    return note + f"{line_over(parse_note(note).text, signer, time=time, name=name)}\n".encode()
