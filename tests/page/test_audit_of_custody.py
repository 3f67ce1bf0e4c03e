"""The audit's own tests of custody, asked of the page as well: see ``same_ledgers``."""

from tests.page.same_ledgers import asked_of_the_page
from tests.unit.test_audit_custody import *  # noqa: F403 - all of its tests and fixtures

__all__ = ["asked_of_the_page"]
