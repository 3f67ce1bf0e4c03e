"""Whose key may record what: roles, enrolment, rotation, revocation."""
