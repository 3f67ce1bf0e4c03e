"""Requests, replies and tokens of the time stamp protocol (RFC 3161, RFC 5816), taken apart by asn1crypto.

Knows the protocol's own structures. Deliberately judges nothing: it says what a token holds and what
cryptography says of it. Whatever is no token, or too large, is MalformedData and never another error.
"""

from datetime import datetime, timedelta
from typing import Final, cast

from asn1crypto import cms, core, tsp

from custody.domain.errors import AuthorityFailed, MalformedData
from custody.domain.proofs.time_stamp import MAX_TOKEN_BYTES, StampEvidence, StampRequest, TokenFacts
from custody.infrastructure.crypto.asn1_values import SAID, Asn1Value, reading, require
from custody.infrastructure.crypto.authorities import (
    Authorities,
    chain_at,
    der,
    is_only_for_stamps,
    load_certificates,
    load_revocation_list,
    name_text,
)
from custody.infrastructure.crypto.revocation import revocation_at
from custody.infrastructure.crypto.token_signature import open_token, signature_of, signing_certificate

MAX_REPLY_BYTES: Final = MAX_TOKEN_BYTES + 4096  # a status with a few sentences around the token
MAX_CERTIFICATES: Final = 24  # in a token and beside it
MAX_ACCURACY: Final = timedelta(days=1)  # a stamp that says no more than that says nothing here

_IMPRINT: Final = "sha256"
_GRANTED: Final = frozenset({"granted", "granted_with_mods"})
_YEARS: Final = range(1970, 9999)  # so that an accuracy can be taken off or added


class _Reply(core.Sequence):  # type: ignore[misc]  # asn1crypto has no types
    """TimeStampResp (RFC 3161 section 2.4.2); the library's own cannot do without a token."""

    _fields = [  # noqa: RUF012 - the library's way to declare fields
        ("status", tsp.PKIStatusInfo),
        ("time_stamp_token", cms.ContentInfo, {"optional": True}),
    ]


class TokenReader:
    """Takes tokens apart, for an auditor who trusts some authorities (``domain.time_stamp.ReadToken``)."""

    def __init__(self, authorities: Authorities) -> None:
        """Take whom the auditor trusts."""
        self._authorities = authorities

    def __call__(self, evidence: StampEvidence) -> TokenFacts:
        """Return the facts. Raises MalformedData for what is no token of RFC 3161."""
        with reading("the time stamp token"):
            return self._facts(evidence)

    def _facts(self, evidence: StampEvidence) -> TokenFacts:
        signed = open_token(evidence.token)
        kept = (load_certificates(one)[0] for one in evidence.certificates)
        others = tuple(dict.fromkeys((*signed.certificates, *kept)))
        if len(others) > MAX_CERTIFICATES:
            raise ValueError(f"more than {MAX_CERTIFICATES} certificates")
        moment, accuracy = _moment(signed.info), _accuracy(signed.info)
        signer, bound = signing_certificate(signed, others)
        trust, chain = chain_at(signer, others, self._authorities.certificates, moment)
        kept_lists = (load_revocation_list(one) for one in evidence.revocation_lists)
        lists = (*signed.revocation_lists, *kept_lists, *self._authorities.revocation_lists)
        revocation, used = revocation_at(chain, lists, moment)
        return TokenFacts(
            imprint=_imprint(signed.info["message_imprint"]),
            nonce=cast("int | None", signed.info["nonce"].native),
            generated_at=moment,
            accuracy=accuracy,
            serial=str(signed.info["serial_number"].native),
            policy=signed.info["policy"].dotted,
            authority=name_text(signer.subject) if signer else "",
            signature=signature_of(signed, signer),
            certificate_bound=bound,
            only_for_stamps=signer is not None and is_only_for_stamps(signer),
            trust=trust,
            revocation=revocation,
            chain=tuple(map(der, chain)),
            revocation_lists=tuple(dict.fromkeys(map(der, used))),
        )


class Rfc3161:
    """The protocol (``domain.use_cases.stamp_checkpoint.StampProtocol``)."""

    def make_request(self, request: StampRequest) -> bytes:
        """Return a TimeStampReq (RFC 3161 section 2.4.1) for a SHA-256 digest, certificates asked for."""
        algorithm = {"algorithm": _IMPRINT, "parameters": core.Null()}
        imprint = {"hash_algorithm": algorithm, "hashed_message": request.imprint}
        fields = {"version": "v1", "message_imprint": imprint, "nonce": request.nonce, "cert_req": True}
        return cast("Asn1Value", tsp.TimeStampReq(fields)).dump()

    def parse_request(self, raw: bytes) -> StampRequest:
        """Read a request that this program made. Raises MalformedData."""
        with reading("the time stamp request"):
            request = cast("Asn1Value", tsp.TimeStampReq.load(raw, strict=True))
            imprint, nonce = _imprint(request["message_imprint"]), request["nonce"].native
            if imprint is None or not isinstance(nonce, int):
                raise ValueError("it has no SHA-256 digest or no nonce")
            return StampRequest(imprint, nonce)

    def open_reply(self, raw: bytes) -> bytes:
        """Return the token in a TimeStampResp (RFC 3161 section 2.4.2).

        Raises AuthorityFailed when the authority refused, MalformedData for what is no reply.
        """
        if len(raw) > MAX_REPLY_BYTES:
            raise MalformedData(f"the time stamp reply is over the limit of {MAX_REPLY_BYTES} bytes")
        with reading("the time stamp reply"):
            reply = cast("Asn1Value", _Reply.load(raw, strict=True))
            status = reply["status"]
            if status["status"].native not in _GRANTED:
                reasons = (
                    status["status"].native,
                    status["status_string"].native,
                    status["fail_info"].native,
                )
                said = " ".join(str(reason) for reason in reasons if reason)[:SAID]
                raise AuthorityFailed(f"the authority refused to stamp: {said}")
            token = reply["time_stamp_token"]
            require(not isinstance(token, core.Void), "no token in it")
            return token.dump()


def _imprint(imprint: Asn1Value) -> bytes | None:
    if imprint["hash_algorithm"]["algorithm"].native != _IMPRINT:
        return None
    return bytes(imprint["hashed_message"])


def _moment(info: Asn1Value) -> datetime:
    moment = info["gen_time"].native
    if not isinstance(moment, datetime) or moment.tzinfo is None or moment.year not in _YEARS:
        raise ValueError("its time is none that can be reckoned with")
    return moment


def _accuracy(info: Asn1Value) -> timedelta | None:
    accuracy = info["accuracy"]
    if accuracy.native is None:
        return None
    seconds, millis, micros = (
        cast("int", accuracy[name].native or 0) for name in ("seconds", "millis", "micros")
    )
    stated = timedelta(seconds=seconds, milliseconds=millis, microseconds=micros)
    require(timedelta() <= stated <= MAX_ACCURACY, "its accuracy is none")
    return stated
