"""Shape: which keys a body or a query has and of which kind, one noun a file. Meaning is nameserver.rules'."""
