"""Everything that touches evidence: reading sources, writing copies, publishing, reading back."""
