"""Who copies in the benchmark, each with the commands that an examiner would type for the same guarantee.

Every peer copies, makes the copy durable, hashes both sides and compares. Between the two stages of a peer
its copy leaves the page cache, outside the timing, so that its second stage reads the disk as Custody's
read-back does. Paths come by environment: ``SRC``, ``DST`` (an empty folder), ``COPY`` (where the copy will
lie), ``LISTS`` (an empty folder for lists of hashes). Knows nothing of measuring.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

COPY_WITH_CP: Final = 'cp -a "$SRC" "$DST/"; sync -f "$DST"'
# Sorted, so that the two lists can be compared as bytes.
FILES: Final = "find . -type f -print0 | LC_ALL=C sort -z | xargs -0 -r"


class Role(StrEnum):
    """What a contestant's time is compared with."""

    US = "us"
    VARIANT = "variant"
    PEER = "peer"
    FLOOR = "floor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """A route to a copy: its shell commands, stage by stage."""

    name: str
    role: Role
    stages: tuple[str, ...]
    needs: tuple[str, ...] = ()
    copy_name: str = ""  # where in DST the copy lies, if not under the source's own name
    leaves_in_source: tuple[str, ...] = ()
    kinds: frozenset[str] = frozenset("ABC")

    def stage_scripts(self) -> list[str]:
        return [f"set -eu\n{stage}" for stage in self.stages]


US: Final = Contestant(
    name="custody",
    role=Role.US,
    stages=('exec "$CUSTODY" -q -w "$WORKSPACE" copy "$SRC" --to "$DST" --case 2026-0001 --hash sha256',),
    kinds=frozenset({"A", "B", "C", "growth"}),
)
US_WITH_MD5: Final = Contestant(
    name="custody, SHA-256 + MD5",
    role=Role.VARIANT,
    stages=('exec "$CUSTODY" -q -w "$WORKSPACE" copy "$SRC" --to "$DST" --case 2026-0001 --hash sha256,md5',),
    kinds=frozenset({"A"}),
)
CP: Final = Contestant(name="cp + sync, unverified", role=Role.FLOOR, stages=(COPY_WITH_CP,), needs=("cp",))

COREUTILS: Final = Contestant(
    name="cp + sha256sum",
    role=Role.PEER,
    stages=(
        COPY_WITH_CP,
        f'cd "$SRC"; {FILES} sha256sum > "$LISTS/source"; cd "$COPY"; sha256sum --quiet -c "$LISTS/source"',
    ),
    needs=("cp", "sha256sum"),
)
OPENSSL: Final = Contestant(
    name="cp + openssl",
    role=Role.PEER,
    stages=(
        COPY_WITH_CP,
        f"""
        cd "$SRC"; {FILES} openssl dgst -sha256 -r > "$LISTS/source"
        cd "$COPY"; {FILES} openssl dgst -sha256 -r > "$LISTS/copy"
        cmp "$LISTS/source" "$LISTS/copy"
        """,
    ),
    needs=("cp", "openssl"),
)
B3SUM: Final = Contestant(
    name="cp + b3sum",
    role=Role.PEER,
    stages=(
        COPY_WITH_CP,
        f'cd "$SRC"; {FILES} b3sum > "$LISTS/source"; cd "$COPY"; b3sum --quiet --check "$LISTS/source"',
    ),
    needs=("cp", "b3sum"),
)
HASHDEEP: Final = Contestant(
    name="cp + hashdeep",
    role=Role.PEER,
    stages=(
        COPY_WITH_CP,
        """
        cd "$SRC"; hashdeep -c sha256 -r -l . > "$LISTS/source"
        cd "$COPY"; hashdeep -c sha256 -r -l -a -k "$LISTS/source" .
        """,
    ),
    needs=("cp", "hashdeep"),
)
RSYNC: Final = Contestant(
    name="rsync, rsync -c",
    role=Role.PEER,
    stages=(
        'rsync -a "$SRC/" "$COPY/"; sync -f "$DST"',
        'differences=$(rsync -a -c --dry-run --itemize-changes "$SRC/" "$COPY/"); test -z "$differences"',
    ),
    needs=("rsync",),
)
RCLONE: Final = Contestant(
    name="rclone copy, check",
    role=Role.PEER,
    stages=(
        'rclone --config "" --quiet copy "$SRC" "$COPY"; sync -f "$DST"',
        'rclone --config "" --quiet check "$SRC" "$COPY"',
    ),
    needs=("rclone",),
)
# ``bagit.py`` bags in place and would move the source's files; so the manifest of the source is made through
# a link, by the tool's own function, and the copy becomes the bag's payload.
BAGIT: Final = Contestant(
    name="cp + bagit",
    role=Role.PEER,
    stages=(
        """
        python=$(head -n 1 "$(command -v bagit.py)" | cut -c 3-)
        cd "$DST"; ln -s "$SRC" data
        $python -c 'import bagit, os; bagit.make_manifests("data", os.cpu_count(), ["sha256"])'
        rm data; cp -a "$SRC" data
        printf 'BagIt-Version: 0.97\\nTag-File-Character-Encoding: UTF-8\\n' > bagit.txt
        sync -f .
        """,
        'bagit.py --validate --quiet --processes "$(nproc)" "$DST"',
    ),
    needs=("cp", "bagit.py"),
    copy_name="data",
)
# A second generation compares with the first, which travels with the copy; ``ascmhl diff`` would not hash.
ASCMHL: Final = Contestant(
    name="cp + ascmhl (xxh128)",
    role=Role.PEER,
    stages=(f'ascmhl create -n -h xxh128 "$SRC"; {COPY_WITH_CP}', 'ascmhl create -n -h xxh128 "$COPY"'),
    needs=("cp", "ascmhl"),
    leaves_in_source=("ascmhl",),
)

CONTESTANTS: Final = (
    US, CP, COREUTILS, US_WITH_MD5, OPENSSL, B3SUM, RSYNC, RCLONE, HASHDEEP, BAGIT, ASCMHL,
)  # fmt: skip


def entered(kind: str, only: frozenset[str], round_number: int) -> list[Contestant]:
    """Return who runs a workload, in the order of this round: each starts one place earlier in the next."""
    chosen = [one for one in CONTESTANTS if kind in one.kinds and (not only or matches(one, only))]
    turn = round_number % len(chosen) if chosen else 0
    return chosen[turn:] + chosen[:turn]


def matches(contestant: Contestant, only: frozenset[str]) -> bool:
    """Whether a word of the contestant's name was asked for; we ourselves always run."""
    return contestant.role is Role.US or any(word in contestant.name for word in only)
