"""The outer face: HTTP, web pages, the command line, and the database with the desired state."""
