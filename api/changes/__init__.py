"""Use cases that write: one function, one transaction. No SSH and no rndc here: only the wish changes."""
