"""Tokens made by ``openssl ts``, taken apart: what they say, and what cryptography says of them."""

import hashlib
import random
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import cms, tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from custody.domain.errors import AuthorityFailed, MalformedData
from custody.domain.proofs.time_stamp import StampEvidence, StampRequest, TokenFacts, judge_token
from custody.infrastructure.crypto.authorities import (
    Authorities,
    is_only_for_stamps,
    load_certificates,
    load_revocation_list,
)
from custody.infrastructure.crypto.revocation import list_urls
from custody.infrastructure.crypto.time_stamps import MAX_REPLY_BYTES, Rfc3161, TokenReader
from tests.fakes.stamp_authority import FAR_OFF, LONG_AGO, POLICY, Root, StampAuthority, new_key
from tests.unit.one_file_stamps import require_agreement

IMPRINT = hashlib.sha256(b"a note").digest()
REQUEST = StampRequest(IMPRINT, 2**63 + 5)
SOON = datetime.now(UTC) + timedelta(days=1)
EARLIER = datetime.now(UTC) - timedelta(days=1)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> StampAuthority:
    return StampAuthority(tmp_path_factory.mktemp("authority") / "a")


@pytest.fixture(scope="module")
def token(authority: StampAuthority) -> bytes:
    return stamped(authority)


def stamped(authority: StampAuthority) -> bytes:
    protocol = Rfc3161()
    return protocol.open_reply(authority.reply(protocol.make_request(REQUEST)))


def read(
    token: bytes, root: Root, *, kept: tuple[bytes, ...] = (), lists: tuple[bytes, ...] = ()
) -> TokenFacts:
    """What a token says; the verifier in one file must come to the same verdict."""
    require_agreement(token, [root.certificate], IMPRINT, kept=kept, lists=lists)
    reader = TokenReader(Authorities((root.certificate,)))
    return reader(StampEvidence(token=token, certificates=kept, revocation_lists=lists))


def outcome(facts: TokenFacts) -> str:
    return judge_token(facts, IMPRINT, REQUEST.nonce).outcome


def test_a_token_of_openssl_says_what_it_is_and_holds(authority: StampAuthority, token: bytes) -> None:
    before = datetime.now(UTC) - timedelta(minutes=5)
    facts = read(token, authority.root)
    assert outcome(facts) == "good"
    assert (facts.imprint, facts.nonce) == (IMPRINT, REQUEST.nonce)
    assert (facts.policy, facts.authority, facts.serial) == (POLICY, "CN=Test TSA", "2")
    assert facts.accuracy == timedelta(seconds=1.5)
    assert before < facts.generated_at < datetime.now(UTC) + timedelta(seconds=1)
    assert facts.latest - facts.earliest == timedelta(seconds=3)
    root = authority.root.certificate.public_bytes(serialization.Encoding.DER)
    assert facts.anchor_sha256 == hashlib.sha256(root).hexdigest()


def test_a_token_signed_with_rsa_holds(tmp_path: Path) -> None:
    key = rsa.generate_private_key(65537, 2048)
    authority = StampAuthority(tmp_path / "a", key=key)
    assert outcome(read(stamped(authority), authority.root)) == "good"


def test_a_root_of_the_same_name_vouches_for_nothing(token: bytes) -> None:
    facts = read(token, Root())
    assert (facts.trust, facts.chain, outcome(facts)) == ("not-trusted", (), "not-trusted")


def test_without_any_trusted_certificate_nobody_vouches(token: bytes) -> None:
    facts = TokenReader(Authorities())(StampEvidence(token=token))
    assert (facts.trust, facts.anchor_sha256) == ("not-trusted", None)


def test_a_token_leads_over_a_certificate_that_was_kept_beside_it(tmp_path: Path) -> None:
    top = Root("Top")
    middle = Root("Middle")
    authority = StampAuthority(tmp_path / "a", root=middle)
    bridge = top.issue("Middle", middle.key, ca=True)
    token = stamped(authority)
    assert read(token, top).trust == "not-trusted"
    kept = (bridge.public_bytes(serialization.Encoding.DER),)
    assert len(read(token, top, kept=kept).chain) == 3


def test_certificates_that_sign_one_another_in_circles_end_soon(tmp_path: Path) -> None:
    one, other = Root("One"), Root("Other")
    authority = StampAuthority(tmp_path / "a", root=one)
    circle = [other.issue("One", one.key, ca=True) for _ in range(10)]
    circle += [one.issue("Other", other.key, ca=True) for _ in range(10)]
    kept = tuple(certificate.public_bytes(serialization.Encoding.DER) for certificate in circle)
    token = stamped(authority)
    begun = time.process_time()
    assert read(token, Root("Trusted"), kept=kept).trust == "not-trusted"
    assert time.process_time() - begun < 2


@pytest.mark.parametrize("valid", [(LONG_AGO, EARLIER), (SOON, FAR_OFF)], ids=["expired", "not yet valid"])
def test_a_stamp_from_outside_of_the_validity_of_its_certificate_does_not_hold(
    tmp_path: Path, valid: tuple[datetime, datetime]
) -> None:
    authority = StampAuthority(tmp_path / "a", valid=valid)
    assert outcome(read(stamped(authority), authority.root)) == "outside-validity"


def test_a_stamp_holds_only_while_the_root_was_valid(tmp_path: Path) -> None:
    authority = StampAuthority(tmp_path / "a", root=Root(valid=(LONG_AGO, EARLIER)))
    assert outcome(read(stamped(authority), authority.root)) == "outside-validity"


def test_a_certificate_that_is_trusted_itself_needs_no_chain(authority: StampAuthority, token: bytes) -> None:
    reader = TokenReader(Authorities((authority.certificate,)))
    assert outcome(reader(StampEvidence(token=token))) == "good"


def test_no_flipped_bit_makes_a_token_say_something_else(authority: StampAuthority, token: bytes) -> None:
    good, reader = read(token, authority.root), TokenReader(Authorities((authority.root.certificate,)))
    said = (good.imprint, good.generated_at, good.accuracy, good.serial, good.policy, good.authority)
    draw = random.Random(4)
    for _ in range(500):
        changed = bytearray(token)
        changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
        try:
            facts = reader(StampEvidence(token=bytes(changed)))
        except MalformedData:
            continue
        now = (facts.imprint, facts.generated_at, facts.accuracy, facts.serial, facts.policy, facts.authority)
        assert outcome(facts) != "good" or now == said


@pytest.mark.parametrize(
    "rubbish",
    [
        b"", b"\x30", b"\x30\x80" * 4000, b"\x30\x00", b"\x02\x01\x05", b"text",
        b"\x30\x84\xff\xff\xff\xff", b"\0" * 25_000,
    ],
    ids=range(8),
)  # fmt: skip
def test_what_is_no_token_is_refused_and_nothing_worse(rubbish: bytes, authority: StampAuthority) -> None:
    for take in (Rfc3161().open_reply, Rfc3161().parse_request, lambda raw: read(raw, authority.root)):
        with pytest.raises(MalformedData):
            take(rubbish)


def test_a_token_cut_anywhere_is_refused(authority: StampAuthority, token: bytes) -> None:
    for end in range(0, len(token), 37):
        with pytest.raises(MalformedData):
            read(token[:end], authority.root)


def changed(token: bytes, change: object) -> bytes:
    info = cms.ContentInfo.load(token)
    change(info["content"])  # type: ignore[operator]
    return bytes(info.dump(force=True))


def with_certificates(*certificates: x509.Certificate) -> object:
    def change(data: cms.SignedData) -> None:
        encoded = [one.public_bytes(serialization.Encoding.DER) for one in certificates]
        data["certificates"] = cms.CertificateSet([cms.Certificate.load(one) for one in encoded])

    return change


def test_the_certificate_must_be_the_one_that_the_signature_names(
    authority: StampAuthority, token: bytes
) -> None:
    """Same key, issuer and serial number, but another certificate: ESSCertIDv2 tells them apart."""
    serial = authority.certificate.serial_number
    twin = authority.root.issue("Test TSA", authority.key, (LONG_AGO, SOON), serial=serial)
    facts = read(changed(token, with_certificates(twin, authority.root.certificate)), authority.root)
    assert (facts.signature, facts.certificate_bound) == ("good", False)
    assert outcome(facts) == "unbound-certificate"
    both = changed(token, with_certificates(twin, authority.certificate))
    assert outcome(read(both, authority.root)) == "good"


def test_a_token_without_its_certificate_does_not_hold(authority: StampAuthority, token: bytes) -> None:
    bare = changed(token, with_certificates(authority.root.certificate))
    facts = read(bare, authority.root)
    assert (facts.signature, facts.authority) == ("bad", "")
    kept = (authority.certificate.public_bytes(serialization.Encoding.DER),)
    assert outcome(read(bare, authority.root, kept=kept)) == "good"


def test_more_certificates_than_any_chain_needs_are_refused(authority: StampAuthority, token: bytes) -> None:
    many = tuple(
        authority.root.issue(f"n{number}", authority.key).public_bytes(serialization.Encoding.DER)
        for number in range(25)
    )
    with pytest.raises(MalformedData, match="certificates"):
        read(token, authority.root, kept=many)


def test_a_second_signature_is_refused(authority: StampAuthority, token: bytes) -> None:
    def twice(data: cms.SignedData) -> None:
        data["signer_infos"] = cms.SignerInfos([data["signer_infos"][0], data["signer_infos"][0]])

    with pytest.raises(MalformedData, match="one signature"):
        read(changed(token, twice), authority.root)


@pytest.mark.parametrize(
    ("masked_with", "expected"), [("sha256", "good"), ("sha1", "unknown-algorithm")], ids=["one", "two"]
)
def test_a_token_signed_with_pss_holds_if_it_uses_one_hash(
    tmp_path: Path, masked_with: str, expected: str
) -> None:
    key = rsa.generate_private_key(65537, 2048)
    authority = StampAuthority(tmp_path / "a", key=key)

    def sign_anew(data: cms.SignedData) -> None:
        signer = data["signer_infos"][0]
        message = b"\x31" + signer["signed_attrs"].dump()[1:]
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
        signer["signature"] = key.sign(message, pss, hashes.SHA256())
        signer["signature_algorithm"] = {
            "algorithm": "rsassa_pss",
            "parameters": {
                "hash_algorithm": {"algorithm": "sha256"},
                "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": masked_with}},
                "salt_length": 32,
            },
        }

    assert outcome(read(changed(stamped(authority), sign_anew), authority.root)) == expected


def test_a_signer_named_by_its_key_identifier_is_found(authority: StampAuthority, token: bytes) -> None:
    def rename(data: cms.SignedData) -> None:
        known = authority.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        data["signer_infos"][0]["sid"] = cms.SignerIdentifier("subject_key_identifier", known.value.digest)

    assert outcome(read(changed(token, rename), authority.root)) == "good"


def test_a_list_within_the_token_counts(authority: StampAuthority, token: bytes) -> None:
    def enclose(data: cms.SignedData) -> None:
        crl = cms.CertificateList.load(authority.root.revocation_list())
        data["crls"] = cms.RevocationInfoChoices([cms.RevocationInfoChoice("crl", crl)])

    assert read(changed(token, enclose), authority.root).revocation == "not-revoked"


def test_where_lists_are_to_be_had_is_told(tmp_path: Path) -> None:
    place = "http://127.0.0.1/ca.crl"
    authority = StampAuthority(tmp_path / "a", lists_at=place)
    assert list_urls(read(stamped(authority), authority.root).chain) == (place,)


def test_an_algorithm_from_the_future_is_left_open(authority: StampAuthority, token: bytes) -> None:
    def newer(data: cms.SignedData) -> None:
        data["signer_infos"][0]["digest_algorithm"] = {"algorithm": "sha3_256"}

    facts = read(changed(token, newer), authority.root)
    assert outcome(facts) == "unknown-algorithm"
    assert judge_token(facts, IMPRINT).verdict == "indeterminate"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("gen_time", datetime(1969, 1, 1, tzinfo=UTC)),
        ("gen_time", datetime(9999, 1, 1, tzinfo=UTC)),
        ("accuracy", {"seconds": 86_401}),
        ("accuracy", {"seconds": -1}),
        ("accuracy", {"seconds": 10**40}),
        ("extensions", [{"extn_id": "1.2.3", "critical": True, "extn_value": b"x"}]),
    ],
)
def test_a_time_that_cannot_be_reckoned_with_is_refused(
    authority: StampAuthority, token: bytes, field: str, value: object
) -> None:
    def change(data: cms.SignedData) -> None:
        info = tsp.TSTInfo.load(bytes(data["encap_content_info"]["content"]))
        info[field] = value
        data["encap_content_info"]["content"] = cms.ParsableOctetString(info.dump())

    with pytest.raises(MalformedData):
        read(changed(token, change), authority.root)


def test_an_imprint_of_another_algorithm_is_none(authority: StampAuthority, token: bytes) -> None:
    def change(data: cms.SignedData) -> None:
        info = tsp.TSTInfo.load(bytes(data["encap_content_info"]["content"]))
        info["message_imprint"] = {"hash_algorithm": {"algorithm": "sha512"}, "hashed_message": IMPRINT}
        data["encap_content_info"]["content"] = cms.ParsableOctetString(info.dump())

    facts = read(changed(token, change), authority.root)
    assert (facts.imprint, outcome(facts)) == (None, "wrong-imprint")


def test_a_request_is_read_back_as_it_was_made() -> None:
    protocol = Rfc3161()
    assert protocol.parse_request(protocol.make_request(REQUEST)) == REQUEST


def test_a_request_without_a_nonce_is_none_of_ours(tmp_path: Path) -> None:
    imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": IMPRINT}
    bare = tsp.TimeStampReq({"version": "v1", "message_imprint": imprint}).dump()
    with pytest.raises(MalformedData):
        Rfc3161().parse_request(bare)


def test_an_authority_that_refuses_says_why(authority: StampAuthority) -> None:
    """openssl refuses a digest that its configuration does not name."""
    imprint = {"hash_algorithm": {"algorithm": "sha512"}, "hashed_message": bytes(64)}
    request = tsp.TimeStampReq({"version": "v1", "message_imprint": imprint}).dump()
    with pytest.raises(AuthorityFailed, match=r"rejection .*bad_alg"):
        Rfc3161().open_reply(authority.reply(request))


def test_a_reply_over_the_limit_is_refused() -> None:
    with pytest.raises(MalformedData, match="limit"):
        Rfc3161().open_reply(bytes(MAX_REPLY_BYTES + 1))


def test_a_granted_reply_without_a_token_is_none() -> None:
    with pytest.raises(MalformedData, match="no token"):
        Rfc3161().open_reply(bytes.fromhex("30053003020100"))


COMPROMISED, REPLACED = x509.ReasonFlags.key_compromise, x509.ReasonFlags.superseded


@pytest.mark.parametrize(
    ("when", "reason", "expected"),
    [
        (EARLIER, REPLACED, "revoked"),  # it should not have stamped any more
        (SOON, REPLACED, "good"),  # withdrawn later, without a doubt about the key
        (SOON, COMPROMISED, "revoked"),  # nobody knows who stamped
        (SOON, None, "revoked"),
    ],
)
def test_what_a_revocation_means_for_stamps_depends_on_its_reason(
    authority: StampAuthority, token: bytes, when: datetime, reason: x509.ReasonFlags | None, expected: str
) -> None:
    crl = authority.root.revocation_list([(authority.certificate, when, reason)])
    assert outcome(read(token, authority.root, lists=(crl,))) == expected


def test_a_list_that_does_not_name_the_certificate_shows_that_it_was_not_revoked(
    authority: StampAuthority, token: bytes
) -> None:
    crl = authority.root.revocation_list()
    facts = read(token, authority.root, lists=(crl,))
    assert (facts.revocation, facts.revocation_lists) == ("not-revoked", (crl,))
    assert read(token, authority.root).revocation == "not-shown"


def test_a_list_that_the_auditor_brought_counts(authority: StampAuthority, token: bytes) -> None:
    crl = load_revocation_list(authority.root.revocation_list())
    reader = TokenReader(Authorities((authority.root.certificate,), (crl,)))
    assert reader(StampEvidence(token=token)).revocation == "not-revoked"


@pytest.mark.parametrize(
    "extension",
    [
        x509.DeltaCRLIndicator(1),
        x509.IssuingDistributionPoint(None, None, False, True, None, False, False),  # of authorities alone
        x509.IssuingDistributionPoint(None, None, False, False, None, False, True),  # of attributes alone
        x509.IssuingDistributionPoint(
            [x509.UniformResourceIdentifier("http://other.example/")], None, False, False, None, False, False
        ),
    ],
    ids=["delta", "authorities", "attributes", "another part"],
)
def test_a_list_of_another_scope_shows_nothing(
    authority: StampAuthority, token: bytes, extension: x509.ExtensionType
) -> None:
    crl = authority.root.revocation_list(extensions=[extension])
    assert read(token, authority.root, lists=(crl,)).revocation == "not-shown"


def test_an_older_or_forged_list_shows_nothing(authority: StampAuthority, token: bytes) -> None:
    old = authority.root.revocation_list(next_update=EARLIER)
    forged = authority.root.revocation_list(key=new_key())
    foreign = Root("Other").revocation_list()
    assert read(token, authority.root, lists=(old, forged, foreign)).revocation == "not-shown"


def test_an_older_list_that_names_the_certificate_counts(authority: StampAuthority, token: bytes) -> None:
    old = authority.root.revocation_list(
        [(authority.certificate, LONG_AGO, COMPROMISED)], next_update=EARLIER
    )
    assert outcome(read(token, authority.root, lists=(old,))) == "revoked"


@pytest.mark.parametrize(
    ("usages", "critical", "fit"),
    [
        ([ExtendedKeyUsageOID.TIME_STAMPING], True, True),
        ([ExtendedKeyUsageOID.TIME_STAMPING], False, False),
        ([ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.CODE_SIGNING], True, False),
        ([ExtendedKeyUsageOID.SERVER_AUTH], True, False),
        ([], True, False),
    ],
)
def test_only_a_critical_usage_of_time_stamping_alone_is_fit(
    usages: list[x509.ObjectIdentifier], critical: bool, fit: bool
) -> None:
    certificate = Root().issue("t", new_key(), usages=usages, critical=critical)
    assert is_only_for_stamps(certificate) is fit


def test_certificates_are_read_from_pem_and_der_and_nothing_else() -> None:
    one, other = Root("One"), Root("Other")
    assert load_certificates(one.pem + other.pem) == (one.certificate, other.certificate)
    assert load_certificates(one.certificate.public_bytes(serialization.Encoding.DER)) == (one.certificate,)
    for content in (b"", b"text", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"):
        with pytest.raises(MalformedData):
            load_certificates(content)
        with pytest.raises(MalformedData):
            load_revocation_list(content)
