#!/bin/sh
# Back up zonewright's database to /var/backups/zonewright and keep the last 14; control.sh installs it for a timer.
# A backup appears under its name only when it is whole and was read back.
#
# To restore one: stop zonewright-api and zonewright-control, then
#   PostgreSQL:  pg_restore --clean --if-exists --single-transaction --dbname "$ZONEWRIGHT_DATABASE_URL" FILE
#   SQLite:      put FILE in the place of zonewright.db and delete zonewright.db-wal and zonewright.db-shm
# `zonewright migrate`, and start them again. Serials do not go back: what the nameservers answer counts, too.
# Beside the database, DATA/settings.toml and DATA/ssh (the control plane's key, the pinned host keys) are worth keeping.
set -eu
umask 077

FOLDER=${ZONEWRIGHT_BACKUPS:-/var/backups/zonewright}
DATA=${ZONEWRIGHT_DATA:-/var/lib/zonewright}
URL=${ZONEWRIGHT_DATABASE_URL:-}
KEEP=14

now=$(date -u +%Y%m%dT%H%M%SZ)
partial=$FOLDER/.partial
trap 'rm -f "$partial"' EXIT

case $URL in
    postgresql*)
        name=zonewright-$now.dump
        libpq=$(printf '%s' "$URL" | sed 's/^postgresql[^:]*:/postgresql:/')
        pg_dump --format=custom --no-owner --dbname="$libpq" --file="$partial"
        pg_restore --list "$partial" >/dev/null
        ;;
    *)
        name=zonewright-$now.db
        file=${URL#sqlite:///}
        python3 -I - "${file:-$DATA/zonewright.db}" "$partial" <<'PYTHON'
import contextlib
import sqlite3
import sys
from pathlib import Path

source, target = sys.argv[1:]
with (
    contextlib.closing(sqlite3.connect(f"{Path(source).absolute().as_uri()}?mode=rw", uri=True)) as database,
    contextlib.closing(sqlite3.connect(target)) as copy,
):
    database.backup(copy)
    copy.execute("PRAGMA journal_mode = DELETE")
    (answer,) = copy.execute("PRAGMA integrity_check").fetchone()
    sys.exit(None if answer == "ok" else f"The copy is not whole: {answer}")
PYTHON
        ;;
esac
sync "$partial"
mv "$partial" "$FOLDER/$name"
echo "backup: $FOLDER/$name"

find "$FOLDER" -maxdepth 1 -type f \( -name 'zonewright-*.dump' -o -name 'zonewright-*.db' \) | sort -r |
    tail -n "+$((KEEP + 1))" | while read -r old; do rm -f "$old"; done
