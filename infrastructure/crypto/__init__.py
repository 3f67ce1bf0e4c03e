"""Keys and signatures: key files, Ed25519, X.509 and time stamps."""
