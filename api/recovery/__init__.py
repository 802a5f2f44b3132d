"""Backups, restoring them, and rebuilding zones from a nameserver's files.

stream    the backup file: lines of JSON, gzip, a digest at its end; knows no database
dump      from one moment of a database into a backup
load      from a backup into an empty database, and what must be set anew there
places    where a restored database goes, and what is done with the one that is there
files     settings.toml and the control plane's SSH files
rebuild   zones and records from zone files
"""
