"""Honest bundles that earlier versions made must verify for ever, also by the page."""

from pathlib import Path

import pytest

from tests.page.conftest import Verifier

KEPT = sorted(path.parent for path in (Path(__file__).parents[1] / "attacks" / "kept").glob("*/bundle.zip"))


@pytest.mark.parametrize("folder", KEPT, ids=[folder.name for folder in KEPT])
def test_a_kept_bundle_passes_by_the_page(folder: Path, verify: Verifier) -> None:
    trust = [folder / name for name in ("trusted.pem", "witness.vkey", "authority.pem")]
    outcome = verify(folder / "bundle.zip", trust=trust)

    assert outcome.word == "OK", outcome.text
    assert outcome.verdicts["anchors"] == "passed"


@pytest.mark.parametrize("folder", KEPT, ids=[folder.name for folder in KEPT])
def test_its_stamp_counts_for_nothing_without_its_authority(folder: Path, verify: Verifier) -> None:
    outcome = verify(folder / "bundle.zip", trust=[folder / "trusted.pem", folder / "witness.vkey"])

    assert outcome.verdicts["anchors"] == "indeterminate"
