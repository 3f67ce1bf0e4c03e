"""Time stamp tokens taken apart by the page, against ``openssl ts`` and the audit's own reader as oracle."""

import hashlib
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import cms, tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from custody.domain.errors import MalformedData
from custody.domain.proofs.time_stamp import StampEvidence, StampRequest, judge_token, time_text
from custody.infrastructure.crypto.authorities import Authorities, der, load_revocation_list
from custody.infrastructure.crypto.time_stamps import Rfc3161, TokenReader
from tests.fakes.stamp_authority import FAR_OFF, LONG_AGO, Key, Root, StampAuthority, new_key
from tests.page.browser import Page
from tests.page.same_ledgers import EPOCH
from tests.page.test_known_answers import asked

IMPRINT = hashlib.sha256(b"a note").digest()
NOW = datetime.now(UTC)
SOON, EARLIER = NOW + timedelta(days=1), NOW - timedelta(days=1)

READ = """async ([token, certificates, lists, trusted, trustedLists, imprint]) => {
  const [kept, keptLists] = [certificates.map(fromHex), lists.map(fromHex)];
  const evidence = { token: fromHex(token), certificates: kept, lists: keptLists };
  const authorities = { certificates: trusted.map(fromHex).map(readCertificate),
    lists: trustedLists.map(fromHex).map(readRevocationList) };
  try {
    const facts = await tokenFacts(evidence, authorities);
    const accuracy = facts.accuracy === null ? null : Number(facts.accuracy);
    const said = { ...facts, time: timeText(facts.time), accuracy };
    delete said.earliest;
    delete said.latest;
    return { ...said, verdict: judgeToken(facts, imprint).verdict };
  } catch (error) {
    if (error instanceof Unjudged) return { verdict: "indeterminate", because: error.message };
    if (error instanceof Malformed) return { verdict: "failed", because: error.message };
    throw error;
  }
}"""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A token, what was kept beside it, and whom the auditor trusts."""

    token: bytes
    trusted: tuple[x509.Certificate, ...]
    kept: tuple[bytes, ...] = ()
    lists: tuple[bytes, ...] = ()
    brought: tuple[bytes, ...] = ()

    def for_the_page(self) -> list[Any]:
        def in_hex(parts: Sequence[bytes]) -> list[str]:
            return [part.hex() for part in parts]

        trusted = [der(one) for one in self.trusted]
        parts = (self.kept, self.lists, trusted, self.brought)
        return [self.token.hex(), *map(in_hex, parts), IMPRINT.hex()]

    def by_the_audit(self) -> dict[str, object]:
        lists = tuple(map(load_revocation_list, self.brought))
        reader = TokenReader(Authorities(self.trusted, lists))
        evidence = StampEvidence(token=self.token, certificates=self.kept, revocation_lists=self.lists)
        try:
            facts = reader(evidence)
        except MalformedData:
            return {"verdict": "failed"}
        return {
            "policy": facts.policy,
            "imprint": facts.imprint.hex() if facts.imprint else None,
            "serial": facts.serial,
            "time": time_text(facts.generated_at),
            "accuracy": facts.accuracy_microseconds,
            "authority": facts.authority,
            "signature": facts.signature,
            "bound": facts.certificate_bound,
            "onlyForStamps": facts.only_for_stamps,
            "trust": facts.trust,
            "revocation": facts.revocation,
            "anchor": facts.anchor_sha256,
            "verdict": judge_token(facts, IMPRINT).verdict,
        }


def stamped(authority: StampAuthority, imprint: bytes = IMPRINT) -> bytes:
    protocol = Rfc3161()
    return protocol.open_reply(authority.reply(protocol.make_request(StampRequest(imprint, 2**63 + 5))))


def assert_alike(page: Page, *cases: Case) -> list[str]:
    """See that page and audit say the same of each; returns the verdicts."""
    said = asked(page, READ, [case.for_the_page() for case in cases])
    for case, one in zip(cases, said, strict=True):
        expected = case.by_the_audit()
        shared = {name: value for name, value in expected.items() if name in one or name == "anchor"}
        assert {name: one.get(name) for name in shared} == shared, one
    return [one["verdict"] for one in said]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> StampAuthority:
    return StampAuthority(tmp_path_factory.mktemp("authority") / "a")


@pytest.fixture(scope="module")
def good(authority: StampAuthority) -> Case:
    return Case(token=stamped(authority), trusted=(authority.root.certificate,))


KEYS: dict[str, Callable[[], Key]] = {
    "RSA of 2048 bits": lambda: rsa.generate_private_key(65537, 2048),
    "RSA of 3072 bits": lambda: rsa.generate_private_key(65537, 3072),
    "RSA of 1024 bits": lambda: rsa.generate_private_key(65537, 1024),
    "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "P-521": lambda: ec.generate_private_key(ec.SECP521R1()),
}


@pytest.mark.parametrize("roots_key", ["RSA of 2048 bits", "P-256", "P-384"])
@pytest.mark.parametrize("key", [name for name in KEYS if "1024" not in name])
@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
def test_a_token_of_openssl_holds(key: str, roots_key: str, digest: str, page: Page, tmp_path: Path) -> None:
    authority = StampAuthority(tmp_path / "a", root=Root(key=KEYS[roots_key]()), key=KEYS[key]())
    settings = authority.folder / "tsa.cnf"
    settings.write_text(settings.read_text().replace("signer_digest = sha256", f"signer_digest = {digest}"))
    assert assert_alike(page, Case(token=stamped(authority), trusted=(authority.root.certificate,))) == [
        "passed"
    ]


def test_a_root_whose_key_is_too_short_vouches_for_nothing(page: Page, tmp_path: Path) -> None:
    authority = StampAuthority(tmp_path / "a", root=Root(key=KEYS["RSA of 1024 bits"]()))
    case = Case(token=stamped(authority), trusted=(authority.root.certificate,))
    assert assert_alike(page, case) == ["indeterminate"]


def test_a_key_on_a_curve_that_browsers_lack_cannot_be_told(page: Page, tmp_path: Path) -> None:
    authority = StampAuthority(tmp_path / "a", key=ec.generate_private_key(ec.SECP256K1()))
    case = Case(token=stamped(authority), trusted=(authority.root.certificate,))
    assert case.by_the_audit()["verdict"] == "passed"
    [said] = asked(page, READ, [case.for_the_page()])
    assert (said["verdict"], said["signature"]) == ("indeterminate", "unknown-algorithm")


def test_an_old_name_of_the_certificate_by_sha_1_still_binds(page: Page, tmp_path: Path) -> None:
    authority = StampAuthority(tmp_path / "a")
    settings = authority.folder / "tsa.cnf"
    settings.write_text(settings.read_text().replace("ess_cert_id_alg = sha256", "ess_cert_id_alg = sha1"))
    case = Case(token=stamped(authority), trusted=(authority.root.certificate,))
    assert assert_alike(page, case) == ["passed"]


def test_whom_the_auditor_trusts_decides(page: Page, authority: StampAuthority, good: Case) -> None:
    verdicts = assert_alike(
        page,
        good,
        Case(token=good.token, trusted=()),
        Case(token=good.token, trusted=(Root().certificate,)),  # of the same name
        Case(token=good.token, trusted=(authority.certificate,)),
        Case(token=good.token, trusted=(Root().certificate, authority.root.certificate)),
    )
    assert verdicts == ["passed", "indeterminate", "indeterminate", "passed", "passed"]


def test_a_stamp_of_something_else_is_refuted(page: Page, authority: StampAuthority) -> None:
    other = hashlib.sha256(b"another note").digest()
    case = Case(token=stamped(authority, other), trusted=(authority.root.certificate,))
    assert assert_alike(page, case) == ["failed"]


@pytest.mark.parametrize("valid", [(LONG_AGO, EARLIER), (SOON, FAR_OFF)], ids=["expired", "not yet valid"])
def test_a_certificate_counts_only_while_it_was_valid(
    valid: tuple[datetime, datetime], page: Page, tmp_path: Path
) -> None:
    leaf = StampAuthority(tmp_path / "leaf", valid=valid)
    root = StampAuthority(tmp_path / "root", root=Root(valid=valid))
    cases = [Case(token=stamped(one), trusted=(one.root.certificate,)) for one in (leaf, root)]
    assert assert_alike(page, *cases) == ["failed", "failed"]


def bridges(tmp_path: Path) -> list[Case]:
    """Chains over certificates in the middle: a good one, and those that may not stand there."""
    top, middle = Root("Top"), Root("Middle")
    token = stamped(StampAuthority(tmp_path / "a", root=middle))
    good = top.issue("Middle", middle.key, ca=True)
    no_authority = top.issue("Middle", middle.key, usages=())
    expired = top.issue("Middle", middle.key, (LONG_AGO, EARLIER), ca=True)
    one, other = Root("Middle", key=middle.key), Root("Other")
    circle = [other.issue("Middle", one.key, ca=True) for _ in range(10)]
    circle += [one.issue("Other", other.key, ca=True) for _ in range(10)]
    kept = [[good], [no_authority], [expired], circle, [no_authority, good], [good, *circle]]
    return [
        Case(token=token, trusted=(top.certificate,), kept=tuple(map(der, certificates)))
        for certificates in kept
    ]


def test_a_chain_leads_only_over_certificates_that_may_sign_others(page: Page, tmp_path: Path) -> None:
    verdicts = assert_alike(page, *bridges(tmp_path))
    assert verdicts == ["passed", "indeterminate", "failed", "indeterminate", "passed", "passed"]


def issued_with(root: Root, key: Key, *extensions: tuple[x509.ExtensionType, bool]) -> x509.Certificate:
    """A certificate of an authority of the name Middle with extensions of its own."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(Root("Middle", key=key).certificate.subject)
        .issuer_name(root.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(LONG_AGO)
        .not_valid_after(FAR_OFF)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(root.key, hashes.SHA256())


CA = (x509.BasicConstraints(ca=True, path_length=None), True)
UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b"\x05\x00")


@pytest.mark.parametrize(
    ("extensions", "verdict"),
    [
        ((CA,), "passed"),
        (((x509.BasicConstraints(ca=True, path_length=0), False),), "passed"),
        ((), "indeterminate"),
        ((CA, (UNKNOWN, True)), "indeterminate"),
        ((CA, (UNKNOWN, False)), "passed"),
        ((CA, (x509.NameConstraints([x509.DNSName("example.org")], None), True)), "passed"),
        ((CA, (x509.CertificatePolicies([]), False)), "passed"),
    ],
)  # fmt: skip
def test_the_extensions_of_an_authority_are_heeded(
    extensions: tuple[tuple[x509.ExtensionType, bool], ...], verdict: str, page: Page, tmp_path: Path
) -> None:
    top, key = Root("Top"), new_key()
    token = stamped(StampAuthority(tmp_path / "a", root=Root("Middle", key=key)))
    middle = issued_with(top, key, *extensions)
    case = Case(token=token, trusted=(top.certificate,), kept=(der(middle),))
    assert assert_alike(page, case) == [verdict]


def test_no_more_may_stand_below_an_authority_than_it_says(page: Page, tmp_path: Path) -> None:
    top, key, low = Root("Top"), new_key(), Root("Low")
    narrow = issued_with(top, key, (x509.BasicConstraints(ca=True, path_length=0), True))
    below = Root("Middle", key=key).issue("Low", low.key, ca=True)
    token = stamped(StampAuthority(tmp_path / "a", root=low))
    case = Case(token=token, trusted=(top.certificate,), kept=(der(narrow), der(below)))
    assert assert_alike(page, case) == ["indeterminate"]


def revocations(authority: StampAuthority) -> dict[str, bytes]:
    """Lists of every kind, of which some take the stamps their worth."""
    leaf, root, reason = authority.certificate, authority.root, x509.ReasonFlags
    distribution = x509.IssuingDistributionPoint
    other = [x509.UniformResourceIdentifier("http://other.example/")]
    lists = {"empty": root.revocation_list(), "old": root.revocation_list(next_update=EARLIER)}
    lists["forged"] = root.revocation_list(key=new_key())
    lists["foreign"] = Root("Other").revocation_list()
    for name in (None, *reason):
        if name is reason.remove_from_crl:
            continue
        for when in (EARLIER, SOON):
            lists[f"{name} {when:%d}"] = root.revocation_list([(leaf, when, name)])
    lists["old but named"] = root.revocation_list(
        [(leaf, LONG_AGO, reason.key_compromise)], next_update=EARLIER
    )
    scopes = [
        x509.DeltaCRLIndicator(1),
        distribution(None, None, False, True, None, False, False),
        distribution(None, None, True, False, None, False, False),
        distribution(None, None, False, False, None, True, False),
        distribution(None, None, False, False, None, False, True),
        distribution(other, None, False, False, None, False, False),
        distribution(None, None, False, False, frozenset([reason.superseded]), False, False),
    ]
    for number, scope in enumerate(scopes):
        for revoked in ((), [(leaf, EARLIER, reason.key_compromise)]):
            lists[f"scope {number} {bool(revoked)}"] = root.revocation_list(revoked, extensions=[scope])
    return lists


def test_revocation_lists_say_what_they_say_to_the_audit(
    page: Page, authority: StampAuthority, good: Case
) -> None:
    lists = revocations(authority)
    kept = [Case(token=good.token, trusted=good.trusted, lists=(one,)) for one in lists.values()]
    brought = [Case(token=good.token, trusted=good.trusted, brought=(one,)) for one in lists.values()]
    both = [
        Case(token=good.token, trusted=good.trusted, lists=(lists["empty"], one)) for one in lists.values()
    ]
    verdicts = assert_alike(page, *kept, *brought, *both)
    assert {"passed", "failed"} == set(verdicts)


def test_a_list_of_the_place_that_a_certificate_names_covers_it(page: Page, tmp_path: Path) -> None:
    place = "http://127.0.0.1/ca.crl"
    authority = StampAuthority(tmp_path / "a", lists_at=place)
    point = x509.IssuingDistributionPoint(
        [x509.UniformResourceIdentifier(place)], None, False, False, None, False, False
    )
    case = Case(
        token=stamped(authority),
        trusted=(authority.root.certificate,),
        lists=(authority.root.revocation_list(extensions=[point]),),
    )
    [said] = asked(page, READ, [case.for_the_page()])
    assert said["revocation"] == "not-revoked"
    assert_alike(page, case)


def changed(token: bytes, change: Callable[[cms.SignedData], None]) -> bytes:
    info = cms.ContentInfo.load(token)
    change(info["content"])
    return bytes(info.dump(force=True))


def with_info(field: str, value: object) -> Callable[[cms.SignedData], None]:
    def change(data: cms.SignedData) -> None:
        info = tsp.TSTInfo.load(bytes(data["encap_content_info"]["content"]))
        info[field] = value
        data["encap_content_info"]["content"] = cms.ParsableOctetString(info.dump())

    return change


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("gen_time", datetime(1969, 1, 1, tzinfo=UTC)),
        ("gen_time", datetime(9999, 1, 1, tzinfo=UTC)),
        ("gen_time", datetime(2026, 2, 28, 1, 2, 3, 456789, tzinfo=UTC)),
        ("accuracy", {"seconds": 86_401}),
        ("accuracy", {"seconds": 86_400}),
        ("accuracy", {"seconds": -1}),
        ("accuracy", {"seconds": 10**40}),
        ("accuracy", {"millis": 3, "micros": 4}),
        ("extensions", [{"extn_id": "1.2.3", "critical": True, "extn_value": b"x"}]),
        ("message_imprint", {"hash_algorithm": {"algorithm": "sha512"}, "hashed_message": IMPRINT}),
        ("serial_number", 2**159 + 1),
    ],
)
def test_what_a_token_says_is_read_as_the_audit_reads_it(
    field: str, value: object, page: Page, good: Case
) -> None:
    """Also of one whose signature no longer fits."""
    token = changed(good.token, with_info(field, value))
    assert assert_alike(page, Case(token=token, trusted=good.trusted)) == ["failed"]


@pytest.mark.parametrize(("mask", "verdict"), [("sha256", "passed"), ("sha1", "indeterminate")])
def test_pss_counts_if_it_uses_one_hash(mask: str, verdict: str, page: Page, tmp_path: Path) -> None:
    key = rsa.generate_private_key(65537, 2048)
    authority = StampAuthority(tmp_path / "a", key=key)

    def sign_anew(data: cms.SignedData) -> None:
        signer = data["signer_infos"][0]
        message = b"\x31" + signer["signed_attrs"].dump()[1:]
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
        signer["signature"] = key.sign(message, pss, hashes.SHA256())
        parameters = {
            "hash_algorithm": {"algorithm": "sha256"},
            "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": mask}},
            "salt_length": 32,
        }
        signer["signature_algorithm"] = {"algorithm": "rsassa_pss", "parameters": parameters}

    token = changed(stamped(authority), sign_anew)
    assert assert_alike(page, Case(token=token, trusted=(authority.root.certificate,))) == [verdict]


def other_signers(authority: StampAuthority) -> list[Callable[[cms.SignedData], None]]:
    """Tokens whose signer is named or bound otherwise, or not at all."""
    certificate = authority.certificate
    twin = authority.root.issue("Test TSA", authority.key, (LONG_AGO, SOON), serial=certificate.serial_number)

    def holding(*certificates: x509.Certificate) -> Callable[[cms.SignedData], None]:
        def change(data: cms.SignedData) -> None:
            data["certificates"] = cms.CertificateSet(
                [cms.Certificate.load(der(one)) for one in certificates]
            )

        return change

    def rename(data: cms.SignedData) -> None:
        known = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        data["signer_infos"][0]["sid"] = cms.SignerIdentifier("subject_key_identifier", known.value.digest)

    def newer(data: cms.SignedData) -> None:
        data["signer_infos"][0]["digest_algorithm"] = {"algorithm": "sha3_256"}

    def twice(data: cms.SignedData) -> None:
        data["signer_infos"] = cms.SignerInfos([data["signer_infos"][0], data["signer_infos"][0]])

    def enclose(data: cms.SignedData) -> None:
        crl = cms.CertificateList.load(authority.root.revocation_list())
        data["crls"] = cms.RevocationInfoChoices([cms.RevocationInfoChoice("crl", crl)])

    root = authority.root.certificate
    return [holding(twin, root), holding(twin, certificate), holding(root), rename, newer, twice, enclose]


def test_the_signer_is_found_and_bound_as_the_audit_finds_it(
    page: Page, authority: StampAuthority, good: Case
) -> None:
    changes = other_signers(authority)
    cases = [Case(token=changed(good.token, change), trusted=good.trusted) for change in changes]
    passed, failed, undecided = "passed", "failed", "indeterminate"
    assert assert_alike(page, *cases) == [failed, passed, failed, passed, undecided, failed, passed]


@pytest.mark.parametrize("key", ["RSA of 2048 bits", "P-256"])
def test_no_flipped_byte_passes_or_throws(key: str, page: Page, tmp_path: Path) -> None:
    """Where both still pass a token, nobody had signed that byte; of what is BER then nothing is said."""
    authority = StampAuthority(tmp_path / "a", key=KEYS[key]())
    token, trusted = stamped(authority), (authority.root.certificate,)
    chance = random.Random(4)
    flipped = [
        Case(token=bytes([*token[:at], byte ^ chance.randrange(1, 256), *token[at + 1 :]]), trusted=trusted)
        for at, byte in enumerate(token)
    ]
    said = asked(page, READ, [case.for_the_page() for case in flipped])
    pairs = [
        (one["verdict"], case.by_the_audit()["verdict"]) for one, case in zip(said, flipped, strict=True)
    ]
    stricter = [ours for ours, theirs in pairs if theirs == "passed" and ours == "failed"]
    assert len(stricter) <= 2  # the tags of two parts that the audit's reader has no use for
    assert "passed" not in {ours for ours, theirs in pairs if theirs != "passed"}
    assert sum(ours == theirs for ours, theirs in pairs) > 0.9 * len(token)


RUBBISH = [
    b"", b"\x30", b"\x30\x80" * 4000, b"\x30\x00", b"\x02\x01\x05", b"text", b"\x30\x84\xff\xff\xff\xff",
    b"\0" * 25_000, b"\x30\x82\x00\x00", b"\x1f\x81\x00",
]  # fmt: skip


def test_what_is_no_token_never_passes_and_never_throws(page: Page, good: Case) -> None:
    cut = [good.token[:end] for end in range(0, len(good.token), 11)]
    cases = [Case(token=one, trusted=good.trusted) for one in (*RUBBISH, *cut)]
    kept = [Case(token=good.token, trusted=good.trusted, kept=(one,)) for one in RUBBISH]
    lists = [Case(token=good.token, trusted=good.trusted, lists=(one,)) for one in RUBBISH]
    said = asked(page, READ, [case.for_the_page() for case in (*cases, *kept, *lists)])
    assert {one["verdict"] for one in said} <= {"failed", "indeterminate"}


def test_more_certificates_than_any_chain_needs_are_refused(
    page: Page, authority: StampAuthority, good: Case
) -> None:
    many = tuple(der(authority.root.issue(f"n{number}", authority.key)) for number in range(25))
    assert assert_alike(page, Case(token=good.token, trusted=good.trusted, kept=many)) == ["failed"]


def test_a_browser_that_takes_any_signature_for_a_good_one_is_not_believed(page: Page, good: Case) -> None:
    page.evaluate("void (crypto.subtle.verify = () => Promise.resolve(true))")
    [said] = asked(page, READ, [good.for_the_page()])
    assert said["verdict"] == "indeterminate"


def test_names_of_every_kind_of_text_are_read_as_the_audit_reads_them(page: Page) -> None:
    kinds = [
        (x509.name._ASN1Type.UTF8String, "Zürich ☂"),
        (x509.name._ASN1Type.PrintableString, "Plain"),
        (x509.name._ASN1Type.BMPString, "Wide ☂"),
        (x509.name._ASN1Type.UniversalString, "Wider 😀"),
    ]
    attributes = [x509.NameAttribute(x509.NameOID.COMMON_NAME, text, kind) for kind, text in kinds]
    attributes.append(x509.NameAttribute(x509.NameOID.EMAIL_ADDRESS, "a@example.org"))
    name = x509.Name(attributes)
    [text] = asked(
        page, "(name) => readName(readDer(fromHex(name), SEQUENCE)).text", [name.public_bytes().hex()]
    )
    assert text == "CN=Zürich ☂, CN=Plain, CN=Wide ☂, CN=Wider 😀, 1.2.840.113549.1.9.1=a@example.org"


def test_numbers_and_times_of_asn_1_are_read_in_their_one_form(page: Page) -> None:
    function = """(text) => {
      const value = () => readDer(fromHex(text), fromHex(text)[0]);
      const read = { 2: (one) => String(integerOf(one)), 6: oidOf, 23: (one) => timeText(timeOf(one)),
        24: (one) => timeText(timeOf(one)) };
      try { const one = value(); return read[one.tag](one); } catch (error) {
        if (error instanceof Malformed) return "malformed";
        if (error instanceof Unjudged) return "unjudged";
        throw error;
      }
    }"""

    def of(tag: int, content: bytes) -> str:
        return bytes([tag, len(content), *content]).hex()

    cases = {
        of(2, b"\x00"): "0", of(2, b"\x7f"): "127", of(2, b"\x80"): "-128", of(2, b"\x00\x80"): "128",
        of(2, b"\xff\x7f"): "-129", of(2, b""): "malformed", of(2, b"\x00\x01"): "malformed",
        of(2, b"\xff\x80"): "malformed", of(6, b"\x2a\x03"): "1.2.3", of(6, b"\x88\x37"): "2.999",
        of(6, b"\x2a\x80\x01"): "malformed", of(6, b"\x2a\x81"): "malformed", of(6, b""): "malformed",
        of(23, b"500101000000Z"): "1950-01-01T00:00:00.000000Z",
        of(23, b"491231235959Z"): "2049-12-31T23:59:59.000000Z", of(23, b"260230000000Z"): "malformed",
        of(23, b"2601010000Z"): "malformed",
        of(24, b"20260301211000.0000005Z"): "2026-03-01T21:10:00.000000Z",
        of(24, b"20260301211000.0000015Z"): "2026-03-01T21:10:00.000001Z",
        of(24, b"20260301211000.9999999Z"): "2026-03-01T21:10:01.000000Z",
        of(24, b"19691231235959.25Z"): "1969-12-31T23:59:59.250000Z", of(24, b"20260301211060Z"): "malformed",
        of(24, b"20260301211000+0100"): "malformed", "028101ff": "unjudged", "30800000": "unjudged",
        "0280": "malformed", "02820001ff": "unjudged", "0203ff": "malformed",
    }  # fmt: skip
    assert dict(zip(cases, asked(page, function, list(cases)), strict=True)) == cases


def test_times_are_carried_without_loss(page: Page) -> None:
    times = ["1970-01-01T00:00:00.000001Z", "2026-03-01T21:10:00.123456Z", "9998-12-31T23:59:59.999999Z"]
    micro = [str((datetime.fromisoformat(time) - EPOCH) // timedelta(microseconds=1)) for time in times]
    assert json.dumps(asked(page, "(text) => timeText(BigInt(text))", micro)) == json.dumps(times)
