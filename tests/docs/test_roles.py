import re
from pathlib import Path

from custody.domain.keys.roles import MAY_RECORD, ROLES

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "keys.md"
ROW = re.compile(
    r"^\| ((?:anyone|examiner|reviewer|custodian|administrator)[a-z, ]*) \| (`.*) \|$", re.MULTILINE
)


def test_the_page_of_keys_has_the_table_of_roles() -> None:
    said = {
        name: frozenset(ROLES if roles == "anyone" else roles.split(", "))
        for roles, names in ROW.findall(PAGE.read_text())
        for name in re.findall(r"`(\w+)`", names)
    }

    assert said == MAY_RECORD
