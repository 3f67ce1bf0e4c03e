"""Cases, exhibits and hand-overs: who holds what, and by whose signatures."""
