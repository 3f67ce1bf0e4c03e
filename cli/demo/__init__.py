"""The demonstration: its stage, the falsifications, and what catches each of them."""
