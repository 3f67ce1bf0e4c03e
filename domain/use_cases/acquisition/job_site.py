"""A job being worked on, and the requests that its rows become."""

from dataclasses import dataclass

from custody.domain.copying.orders import CopyItem, Mark, Operation
from custody.domain.identifiers import JobId
from custody.domain.paths import RawPath
from custody.domain.ports import Destination
from custody.domain.projections.rows import TransferRow


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSite:
    """One job being worked on: its identity in this run, and its opened destination."""

    id: JobId
    run: int
    destination_path: RawPath
    destination: Destination
    algorithms: tuple[str, ...]
    salvage: bool = False
    read_source_twice: bool = False
    resumed: bool = False  # the inventory may be older than the machine's last start


def source_root(row: TransferRow) -> RawPath:
    """Return the folder that the row's path is below: the source without the path."""
    return RawPath(row.source[: -len(row.path) - 1] or b"/")


def copy_item(
    row: TransferRow, site: JobSite, operation: Operation, temporary: bytes, resume_at: Mark | None = None
) -> CopyItem:
    """Return the request that a row becomes."""
    reading_back = operation is Operation.READ_BACK
    return CopyItem(
        transfer=row.id,
        operation=operation,
        source_root=source_root(row),
        destination=site.destination_path,
        path=row.path,
        destination_identity=site.destination.identity,
        temporary=temporary,
        size=row.size,
        mtime_ns=row.mtime_ns,
        atime_ns=row.atime_ns,
        mode=row.mode,
        # Device numbers change when the machine is started again or the medium plugged in anew.
        device=0 if site.resumed else row.device,
        inode=0 if site.resumed else row.inode,
        algorithms=site.algorithms,
        expected=row.digests if reading_back else None,
        resume_at=resume_at,
        salvage=site.salvage and operation is Operation.COPY,
        read_twice=site.read_source_twice and not reading_back,
    )
