"""The audit's own tests of claims, asked of the page as well: see ``same_ledgers``."""

from tests.page.same_ledgers import asked_of_the_page
from tests.unit.test_audit_claims import *  # noqa: F403 - all of its tests and fixtures

__all__ = ["asked_of_the_page"]
