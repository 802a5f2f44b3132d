"""What is read from the database, one noun a file; `control` is the control plane's side of it."""
