"""The time stamping authorities that are trusted: the workspace's, or those that a person brought along.

Knows files. Trusts nothing by itself: neither the ledger nor the system's own certificates are asked.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from custody.cli.brought_files import file_content
from custody.cli.workspace import Workspace, shown
from custody.domain.errors import CannotTell, MalformedData, UsageError
from custody.domain.paths import printable
from custody.domain.proofs.time_stamp import MAX_ATTACHMENT_BYTES
from custody.infrastructure.crypto.authorities import Authorities, load_certificates, load_revocation_list


def trusted_authorities(workspace: Workspace | None, brought: Sequence[str]) -> Authorities:
    """Return the authorities in the files named, or, where none is, those in the workspace's folder, if any.

    Raises UsageError for a file named that holds neither certificate nor revocation list, CannotTell for one
    that cannot be read, and for a damaged one in the folder.
    """
    return _brought(brought) if brought or workspace is None else _own(workspace.authorities)


def _brought(files: Sequence[str]) -> Authorities:
    found = Authorities()
    for file in files:
        content = file_content(file, MAX_ATTACHMENT_BYTES)
        try:
            found = _with(found, content)
        except MalformedData as error:
            raise UsageError(
                f"--authority names neither a certificate nor a revocation list: "
                f"{printable(os.fsencode(file))}",
                hint="give the authority's certificate in PEM or DER, such as its CA's",
            ) from error
    return found


def _own(folder: Path) -> Authorities:
    try:
        files = sorted(file for file in folder.iterdir() if file.suffix in {".pem", ".crl"})
    except FileNotFoundError:
        files = []
    except OSError as error:
        raise CannotTell(f"the authorities cannot be read: {shown(folder)}: {error.strerror}") from error
    found = Authorities()
    for file in files:
        try:
            found = _with(found, file_content(str(file), MAX_ATTACHMENT_BYTES))
        except MalformedData as error:
            raise CannotTell(
                f"{shown(file)} holds neither a certificate nor a revocation list",
                hint="take the file away, or get it anew from the authority",
            ) from error
    return found


def _with(known: Authorities, content: bytes) -> Authorities:
    """Return the authorities and what the content adds. Raises MalformedData when it is neither."""
    try:
        certificates = load_certificates(content)
    except MalformedData:
        lists = (*known.revocation_lists, load_revocation_list(content))
        return Authorities(known.certificates, lists)
    return Authorities((*known.certificates, *certificates), known.revocation_lists)
