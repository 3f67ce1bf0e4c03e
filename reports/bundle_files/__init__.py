"""Files that go into every bundle as they are; ``verify_custody`` is a program of its own, for strangers."""
