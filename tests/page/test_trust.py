"""Whom the person in front of the page trusts beside the ledger's own key, and what anchors are worth."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.fakes.stamp_authority import Root
from tests.integration.honest_ledgers import Honest, cosigned, stamped
from tests.page.conftest import Outcome, Verifier
from tests.page.test_bundles import trusted_by
from tests.page.test_proofs_and_exports import NO_ED25519


@dataclass(frozen=True)
class Anchored:
    """A ledger that others vouch for, as a bundle and as an export."""

    honest: Honest
    bundle: Path
    export: Path
    trust: list[Path]


def handed_out(honest: Honest) -> Anchored:
    bundle, export = honest.export("whole"), honest.custody.home / "log.jsonl"
    export.write_text(honest.custody("log", "export").out)
    return Anchored(honest, bundle, export, trusted_by(honest))


@pytest.fixture(scope="module")
def with_stamp(tmp_path_factory: pytest.TempPathFactory) -> Anchored:
    return handed_out(stamped(tmp_path_factory.mktemp("stamped") / "h"))


@pytest.fixture(scope="module")
def with_cosignature(tmp_path_factory: pytest.TempPathFactory) -> Anchored:
    return handed_out(cosigned(tmp_path_factory.mktemp("cosigned") / "h"))


def anchors(outcome: Outcome) -> tuple[str, str, list[tuple[str, int | None]]]:
    return outcome.word, outcome.verdicts["anchors"], outcome.findings


def shown(verify: Verifier) -> list[str]:
    lines: str = verify.page.evaluate("document.getElementById('trust-chosen').innerText")
    return lines.splitlines()


def test_a_good_anchor_is_told_with_its_maker_and_time(
    verify: Verifier, with_stamp: Anchored, with_cosignature: Anchored
) -> None:
    outcome = verify(with_stamp.bundle, trust=with_stamp.trust)
    assert anchors(outcome) == ("OK", "passed", [])
    assert any("entries existed at" in note and "CN=Test TSA" in note for note in outcome.notes)
    outcome = verify(with_cosignature.bundle, trust=with_cosignature.trust)
    assert anchors(outcome) == ("OK", "passed", [])
    assert any("cosigned the first" in note for note in outcome.notes)


def test_a_certificate_is_taken_in_der_and_among_others_in_pem(
    verify: Verifier, with_stamp: Anchored, tmp_path: Path
) -> None:
    key, authority = with_stamp.trust
    other = Root("Other").pem
    (tmp_path / "several.pem").write_bytes(b"subject=Other\n" + other + b"\n" + authority.read_bytes())
    assert anchors(verify(with_stamp.bundle, trust=[key, tmp_path / "several.pem"])) == ("OK", "passed", [])
    assert [line.split(",")[0] for line in shown(verify)[1:]] == [
        "several.pem: certificate of CN=Other",
        "several.pem: certificate of CN=Test Root",
    ]
    root = x509.load_pem_x509_certificate(authority.read_bytes())
    (tmp_path / "root.der").write_bytes(root.public_bytes(Encoding.DER))
    assert anchors(verify(with_stamp.bundle, trust=[key, tmp_path / "root.der"])) == ("OK", "passed", [])


def test_an_authority_of_the_same_name_leaves_the_stamp_open(
    verify: Verifier, with_stamp: Anchored, tmp_path: Path
) -> None:
    (tmp_path / "namesake.pem").write_bytes(Root().pem)
    outcome = verify(with_stamp.bundle, trust=[with_stamp.honest.key, tmp_path / "namesake.pem"])
    assert anchors(outcome) == ("CANNOT TELL", "indeterminate", [])


@pytest.mark.parametrize(
    "content",
    [
        b"\x30",
        b"\x30\x80\x00\x00",
        b"\x30\x03\x02\x01\x05",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",
        b"-----BEGIN X509 CRL-----\nno base64!\n-----END X509 CRL-----\n",
        b"\x30\x84\x00\x40\x00\x00" + bytes(4_194_298),
        bytes(5_000_000),
    ],
    ids=range(8),
)
def test_what_is_no_certificate_is_named_and_not_used(
    content: bytes, verify: Verifier, with_stamp: Anchored, tmp_path: Path
) -> None:
    (tmp_path / "thing").write_bytes(content)
    verify.choose(with_stamp.bundle, trust=[with_stamp.honest.key, tmp_path / "thing"])
    assert shown(verify)[1].startswith("thing: not used: ")
    assert anchors(verify.check()) == ("CANNOT TELL", "indeterminate", [])


def test_a_list_of_another_authority_is_taken_and_shows_nothing(
    verify: Verifier, with_stamp: Anchored, tmp_path: Path
) -> None:
    (tmp_path / "other.crl").write_bytes(Root("Other").revocation_list())
    outcome = verify(with_stamp.bundle, trust=[*with_stamp.trust, tmp_path / "other.crl"])
    assert anchors(outcome) == ("OK", "passed", [])
    assert shown(verify)[-1] == "other.crl: revocation list of CN=Other"
    assert any("no list shows" in note for note in outcome.notes)


@pytest.mark.parametrize("which", ["with_stamp", "with_cosignature"])
def test_an_export_without_the_checkpoint_that_is_anchored_leaves_it_open(
    which: str, verify: Verifier, request: pytest.FixtureRequest
) -> None:
    """Its checkpoints are not in it: that one is not at hand speaks against nobody."""
    made: Anchored = request.getfixturevalue(which)
    notes = sorted((made.honest.custody.workspace / "checkpoints").glob("*.note"), key=lambda n: int(n.stem))
    without = verify(made.export, trust=[*made.trust, notes[0]])
    assert anchors(without) == ("CANNOT TELL", "indeterminate", [])
    assert anchors(verify(made.export, trust=[*made.trust, *notes])) == ("OK", "passed", [])


def test_a_browser_without_ed25519_leaves_cosignatures_open(
    verify: Verifier, with_cosignature: Anchored
) -> None:
    verify.page.before_scripts(NO_ED25519)
    outcome = verify(with_cosignature.bundle, trust=with_cosignature.trust)
    assert anchors(outcome) == ("CANNOT TELL", "indeterminate", [])
    assert not any("cosigned" in note for note in outcome.notes)


def test_an_authority_does_not_stand_in_for_a_witness(
    verify: Verifier, with_cosignature: Anchored, with_stamp: Anchored
) -> None:
    outcome = verify(with_cosignature.bundle, trust=[with_cosignature.honest.key, with_stamp.trust[1]])
    assert anchors(outcome) == ("CANNOT TELL", "indeterminate", [])
