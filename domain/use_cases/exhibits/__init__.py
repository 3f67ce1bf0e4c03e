"""Cases, exhibits, and hand-overs of exhibits between people."""
