"""Honest ledgers in which keys, anchors and exhibits changed hands: the audit and the one file both say OK.

The page is asked about the same bundles in tests/page.
"""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from custody.domain.use_cases.audit_bundle import MAY_BE_WITHHELD
from custody.reports.bundle_files import verify_custody
from tests.integration.honest_ledgers import HONEST, Honest

SHARED = {"structure", "signatures", "authorisation", "chain", "checkpoints"}


def verdicts_of(text: str) -> dict[str, str]:
    found = dict(re.findall(r"^  (\w+) +(passed|failed|indeterminate)$", text, re.MULTILINE))
    return {check: verdict for check, verdict in found.items() if check in SHARED | {"anchors"}}


@pytest.mark.parametrize("make", HONEST, ids=[make.__name__ for make in HONEST])
def test_an_honest_bundle_is_ok(
    make: Callable[[Path], Honest], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    honest = make(tmp_path)
    for name, *words in (("whole",), ("part", "--case", honest.case)):
        bundle = honest.export(name, *words)
        trust = ["--key", str(honest.key), *honest.trust]
        audited = honest.custody("audit", str(bundle), *trust)
        one_file = verify_custody.main([str(bundle), *trust])
        out = capsys.readouterr().out

        assert (audited.code, one_file) == (0, 0), audited.out + out
        checks = SHARED | ({"anchors"} if honest.trust else set())
        assert verdicts_of(audited.out) == verdicts_of(out) == dict.fromkeys(checks, "passed")
        for text in (audited.out, out):
            assert (MAY_BE_WITHHELD in text) is (name == "part" and "withheld" in out.splitlines()[0])


@pytest.mark.parametrize("make", HONEST, ids=[make.__name__ for make in HONEST])
def test_nothing_is_ok_by_the_keys_of_the_bundle(
    make: Callable[[Path], Honest], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    honest = make(tmp_path)
    bundle = honest.export("whole")

    assert verify_custody.main([str(bundle)]) == 4
    verdicts = verdicts_of(capsys.readouterr().out)
    assert {check for check, verdict in verdicts.items() if verdict == "indeterminate"} == {
        "signatures", "authorisation", "checkpoints", *(["anchors"] if honest.trust else [])
    }  # fmt: skip
