"""Zones to elsewhere: the formats a zone can be written in, and what each of them cannot hold."""
