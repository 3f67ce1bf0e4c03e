import base64
import json
from pathlib import Path

import pytest

from custody.domain.proofs import merkle
from tests.vectors.shared_vectors import vector_folder

FOLDER = vector_folder("rfc6962-merkle/testdata/inclusion")
CASES = sorted(FOLDER.rglob("*.json"))


def test_all_inclusion_vectors_were_found() -> None:
    assert len(CASES) == 98


@pytest.mark.parametrize("path", CASES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_inclusion_proofs_are_judged_as_the_reference_does(path: Path) -> None:
    case = json.loads(path.read_bytes())
    verified = merkle.verify_inclusion(
        leaf=base64.b64decode(case["leafHash"]),
        index=int(case["leafIdx"]),
        size=int(case["treeSize"]),
        proof=[base64.b64decode(node) for node in case["proof"] or []],
        root=base64.b64decode(case["root"]),
    )
    assert verified is not case["wantErr"]
