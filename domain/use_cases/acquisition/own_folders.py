"""Folders of ours that no entry knows: made just before an interruption, their records lost with it."""

from typing import Final

from custody.domain.identifiers import transfer_id
from custody.domain.paths import RawPath, join
from custody.domain.ports import ReadModel
from custody.domain.use_cases.acquisition.job_site import JobSite

MAX_DEPTH_LOOKED_AT: Final = 64


def made_before_interruption(model: ReadModel, site: JobSite, path: RawPath) -> bool:
    """Tell whether a folder that stands without an entry may count as made by this job.

    Only when the inventory was interrupted, and only a folder that holds nothing but folders, links and what
    this job knows: then nobody else kept anything in it.
    """
    return site.resumed and _holds_only_ours(model, site, path, MAX_DEPTH_LOOKED_AT)


def _holds_only_ours(model: ReadModel, site: JobSite, path: RawPath, depth: int) -> bool:
    paths = [join(path, entry) for entry in site.destination.names(path)]
    known = model.find([transfer_id(site.id, below) for below in paths])
    for below in paths:
        standing = site.destination.standing(below)
        if transfer_id(site.id, below) in known or standing is None or standing.kind == "link":
            continue
        if standing.kind != "directory" or not depth or not _holds_only_ours(model, site, below, depth - 1):
            return False
    return True
