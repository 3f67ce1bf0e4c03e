"""Being a witness: cosigning another ledger's checkpoint, if that ledger only grew since the last time.

Knows the rules of C2SP tlog-witness. What was signed before is this ledger's own history, so that nothing
goes past it; a cosignature is recorded before it is given out.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Final, Literal, Protocol, TypeAlias

from custody.domain.entries.entry import Recorded
from custody.domain.errors import CannotTell, Refused, Tampered
from custody.domain.events import CosignatureGiven
from custody.domain.identifiers import FIRST_REVISION, LedgerId, Position, Stream, ledger_stream
from custody.domain.paths import escape_text
from custody.domain.ports import LedgerWriter, Recording
from custody.domain.proofs.checkpoint import Note, VerifySignature, key_hash, origin_of, parse_signature_line
from custody.domain.proofs.cosign_request import CosignRequest
from custody.domain.proofs.cosignature import as_cosignature
from custody.domain.proofs.merkle import EMPTY_ROOT, verify_consistency
from custody.domain.use_cases.signed_tree import ledger_lines
from custody.domain.verdict import Verdict

Outcome: TypeAlias = Literal["cosigned", "again", "unknown-key", "bad-signature", "forked", "inconsistent"]

VERDICTS: Final[dict[Outcome, Verdict]] = {
    "cosigned": "passed",
    "again": "passed",
    "unknown-key": "failed",
    "bad-signature": "failed",
    "forked": "failed",
    "inconsistent": "failed",
}

Cosign: TypeAlias = Callable[[bytes], str]
"""Called with a checkpoint's text; returns the line that cosigns it, without its newline."""

_NOTHING: Final = "Nothing was signed or recorded."


class OwnHistory(Protocol):
    """The witness's ledger, read by stream."""

    def history(self, stream: Stream) -> Iterable[Recorded]:
        """Return the events of one stream in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CosignResult:
    """What became of a request.

    ``note`` is the checkpoint with the cosignature; None when it was not given. ``last`` is what was cosigned
    for this ledger before, with its note; ``position`` is where the cosignature is recorded.
    """

    outcome: Outcome
    message: str
    request: CosignRequest
    last: CosignatureGiven | None = None
    note: bytes | None = None
    position: Position | None = None

    @property
    def verdict(self) -> Verdict:
        """Given → passed, what speaks against the other ledger → failed."""
        return VERDICTS[self.outcome]


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """Who cosigns: the ledger that remembers, and the functions of its key."""

    ledger: LedgerWriter
    own: OwnHistory
    verify: VerifySignature
    cosign: Cosign

    def answer(self, request: CosignRequest, keys: Collection[bytes]) -> CosignResult:
        """Cosign a request, or say why not; ``keys`` are those trusted for the ledger that it is about.

        Raises Refused for one of this very ledger or that does not go on from where the last one ended,
        CannotTell without a key to judge it by, Tampered when this ledger's own memory was touched.
        """
        origin = request.checkpoint.origin
        # 1. It must be of another ledger, one whose key is trusted here, and signed by that key.
        _require_other(origin, self.ledger.ledger)
        if not keys:
            raise CannotTell(
                f"no key is trusted for the ledger {escape_text(origin)}",
                done=_NOTHING,
                hint="get its verifier key from its keeper, and give it with --key or put it into 'ledgers'",
            )
        signed = ledger_lines(request.note, origin, keys)
        if (fault := _fault_of_signature(signed, origin, keys, self.verify)) is not None:
            return CosignResult(outcome=fault, message=_FAULTS[fault], request=request)
        # 2. It must go on from what was cosigned before.
        memory = self._memory(origin)
        last = memory.last
        if last is not None and last.size == request.checkpoint.size:
            return _same_size(request, last, memory.position)
        if (unproved := _fault_of_growth(request, last)) is not None:
            return CosignResult(outcome="inconsistent", message=unproved, request=request, last=last)
        # 3. It is recorded, durably, before anyone gets it.
        return self._give(request, signed, memory)

    def _memory(self, origin: str) -> "_Memory":
        """Return what was cosigned last for a ledger, if this ledger's own memory of it can be trusted."""
        history = list(self.own.history(ledger_stream(self.ledger.ledger)))
        following = FIRST_REVISION + len(history)
        if [one.revision for one in history] != list(range(FIRST_REVISION, following)):
            raise _touched()
        given = [one.position for one in history if _is_of(one, origin)]
        if not given:
            return _Memory(None, None, following)
        vouched = self.ledger.vouched(given[-1:]).get(given[-1])
        if vouched is None or not isinstance(vouched.event, CosignatureGiven):
            raise _touched()
        return _Memory(vouched.event, given[-1], following)

    def _give(self, request: CosignRequest, signed: Note, memory: "_Memory") -> CosignResult:
        line = self.cosign(signed.text)
        checkpoint, note = request.checkpoint, signed.to_bytes()
        event = CosignatureGiven(
            origin=checkpoint.origin,
            size=checkpoint.size,
            root=checkpoint.root.hex(),
            note=note.decode(),
            time=as_cosignature(parse_signature_line(line)).time,
            cosignature=line,
        )
        stream = ledger_stream(self.ledger.ledger)
        position = self.ledger.append([Recording(stream, memory.revision, event)])
        return CosignResult(
            outcome="cosigned",
            message=f"{checkpoint.size} entries of {escape_text(checkpoint.origin)}",
            request=request, last=memory.last, note=with_line(note, line), position=position,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Memory:
    """What was cosigned last for one ledger and where it is recorded, and the next revision of the stream."""

    last: CosignatureGiven | None
    position: Position | None
    revision: int


_FAULTS: Final[dict[Outcome, str]] = {
    "unknown-key": "the checkpoint is not signed by a key that is trusted for its ledger",
    "bad-signature": "the signature does not fit the checkpoint: it was changed after it was signed",
}


def with_line(note: bytes, line: str) -> bytes:
    """Return a note with one signature line more."""
    return note + f"{line}\n".encode()


def _is_of(recorded: Recorded, origin: str) -> bool:
    return isinstance(recorded.event, CosignatureGiven) and recorded.event.origin == origin


def _touched() -> Tampered:
    return Tampered(
        "what this ledger says of its earlier cosignatures cannot be trusted",
        done=_NOTHING,
        hint="run custody audit",
    )


def _require_other(origin: str, own: LedgerId) -> None:
    if origin == origin_of(own):
        raise Refused(
            "the checkpoint is of this very ledger, which cannot be its own witness",
            done=_NOTHING,
            hint="give the file to somebody else, who cosigns it in a workspace of their own",
        )


def _fault_of_signature(
    signed: Note, origin: str, keys: Collection[bytes], verify: VerifySignature
) -> Outcome | None:
    """Return what is wrong with the lines of trusted keys; one that fails refutes the whole note."""
    if not signed.signatures:
        return "unknown-key"
    signers = [raw for raw in keys if signed.signatures_by(origin, key_hash(origin, raw))]
    return None if all(signed.verified_by(origin, raw, verify) for raw in signers) else "bad-signature"


def _same_size(request: CosignRequest, last: CosignatureGiven, position: Position | None) -> CosignResult:
    """Answer about a size that was cosigned: the same root gets the same line, another one is a fork."""
    size = request.checkpoint.size
    if request.checkpoint.root.hex() != last.root:
        message = f"its ledger was forked: it signed two roots for {size} entries"
        return CosignResult(outcome="forked", message=message, request=request, last=last)
    note = with_line(last.note.encode(), last.cosignature)
    message = f"{size} entries of {escape_text(last.origin)}, as recorded before"
    return CosignResult(
        outcome="again", message=message, request=request, last=last, note=note, position=position
    )


def _fault_of_growth(request: CosignRequest, last: CosignatureGiven | None) -> str | None:
    """Return why a proof does not hold; None when it does.

    Raises Refused for a request that proves nothing about what was cosigned last.
    """
    checkpoint = request.checkpoint
    known = last.size if last else 0
    if checkpoint.size < known:
        raise Refused(
            f"the checkpoint has {checkpoint.size} entries; {known} of this ledger were cosigned already",
            done=_NOTHING,
            hint="ask its keeper for a newer checkpoint",
        )
    if request.old_size != known:
        raise Refused(
            f"the proof begins at {request.old_size} entries, but {known} were cosigned last",
            done=_NOTHING,
            hint=f"ask its keeper for 'custody checkpoint export --since {known}'",
        )
    old_root = bytes.fromhex(last.root) if last else EMPTY_ROOT
    if verify_consistency(
        old_size=known, new_size=checkpoint.size, old_root=old_root, new_root=checkpoint.root,
        proof=request.proof,
    ):  # fmt: skip
        return None
    return (
        f"the proof does not lead from the {known} entries that were cosigned to these {checkpoint.size}: "
        "it is damaged, or its ledger was forked"
    )
