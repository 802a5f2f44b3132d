#!/bin/sh
# Back up zonewright to /var/backups/zonewright and keep the last 14; control.sh installs it for a timer.
# The files hold the control plane's private key: they are readable by their owner only. Keep copies elsewhere, safe.
#
# To restore one: stop zonewright-api and zonewright-control, then `zonewright restore FILE` (docs/howto/production.md).
set -eu
umask 077

FOLDER=${ZONEWRIGHT_BACKUPS:-/var/backups/zonewright}
PROGRAM=${1:-/opt/zonewright/venv/bin/zonewright}
KEEP=14

"$PROGRAM" backup "$FOLDER/zonewright-$(date -u +%Y%m%dT%H%M%SZ).backup"

find "$FOLDER" -maxdepth 1 -type f -name 'zonewright-*.backup' | sort -r |
    tail -n "+$((KEEP + 1))" | while read -r old; do rm -f "$old"; done
