#!/bin/sh
# Make a Debian 12, Debian 13 or Ubuntu 24.04 host the control host: zonewright from this checkout in /opt/zonewright,
# its database, the API and the control plane as services, a daily backup. Needs root; run again (from a newer
# checkout: an upgrade) it changes only what differs.
#
#   control.sh              with PostgreSQL on this host
#   control.sh --sqlite     with SQLite: for a few thousand zones, and nothing else to look after
#   control.sh --database URL     with a PostgreSQL elsewhere, a database of that URL being there
#   control.sh --packages   only print the packages it installs
#
# The API answers on 127.0.0.1:8053; deploy/nginx/ has examples of what puts TLS in front. Logs: journalctl -u 'zonewright-*'.
set -eu
umask 022

ACCOUNT=zonewright
ETC=/etc/zonewright
ENVIRONMENT=$ETC/zonewright.env
OPT=/opt/zonewright
LIB=/usr/local/lib/zonewright
DATA=/var/lib/zonewright
BACKUPS=/var/backups/zonewright
UNITS="zonewright-api.service zonewright-control.service zonewright-backup.service zonewright-backup.timer"
API=127.0.0.1:8053
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
HERE=$(cd -P "$(dirname "$0")" && pwd)
SOURCE=$(cd -P "$HERE/../.." && pwd)
cd / # the account may not be able to read the folder this is called in

say() { printf 'control.sh: %s\n' "$*"; }
fail() {
    printf 'control.sh: %s\n' "$*" >&2
    exit 1
}
usage() { sed -n '2,/^set -eu/{/^#/s/^# \{0,1\}//p;}' "$HERE/${0##*/}"; }
needs_root() { [ "$(id -u)" = 0 ] || fail "this needs root"; }
systemd_runs() { [ -d /run/systemd/system ]; }
as_account() { runuser -u "$ACCOUNT" -- "$@"; }

# ---- the command line -----------------------------------------------------------------------------------

database=local
only_packages=
case " $* " in *" -h "* | *" --help "* | *" --packages "*) ;; *) needs_root ;; esac
while [ $# -gt 0 ]; do
    case $1 in
        --sqlite) database=sqlite ;;
        --database)
            [ $# -ge 2 ] || fail "--database takes a URL: postgresql://USER:PASSWORD@HOST/NAME"
            case $2 in
                *[\"\$\`\\]*) fail "The URL has a character in it that must be percent-encoded." ;;
                postgresql://*) database=$2 ;;
                *) fail "The database's URL begins with postgresql://" ;;
            esac
            shift
            ;;
        --packages) only_packages=yes ;;
        -h | --help)
            usage
            exit
            ;;
        *) fail "There is no option $1. See: $0 --help" ;;
    esac
    shift
done
PACKAGES="python3 python3-venv bind9-utils openssh-client"
[ "$database" != local ] || PACKAGES="$PACKAGES postgresql"
if [ -n "$only_packages" ]; then
    printf '%s\n' "$PACKAGES"
    exit
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# install_file MODE GROUP PATH <content: true when it was changed.
install_file() {
    cat >"$work/file"
    if cmp -s "$work/file" "$3" && [ "$(stat -c '%a %U:%G' "$3")" = "$1 root:$2" ]; then return 1; fi
    mkdir -p "${3%/*}"
    install -o root -g "$2" -m "$1" "$work/file" "$3.new"
    mv -f "$3.new" "$3"
    say "wrote $3"
}

# ---- packages and the account ---------------------------------------------------------------------------

apt_get() {
    DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 apt-get -qq -y --no-install-recommends \
        -o DPkg::Lock::Timeout=600 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold \
        "$@" </dev/null >"$work/apt" 2>&1 && return 0
    tail -n 20 "$work/apt" >&2
    return 1
}

install_packages() {
    missing=
    for package in $PACKAGES; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    say "installing$missing"
    apt_get update || fail "The lists of packages could not be fetched; apt-get's words are above."
    # shellcheck disable=SC2086  # the names are words of their own
    apt_get install $missing || fail "The packages could not be installed; apt-get's words are above."
}

account() {
    if ! id "$ACCOUNT" >/dev/null 2>&1; then
        useradd --system --user-group --home-dir "$DATA" --no-create-home --shell /bin/sh "$ACCOUNT"
        say "made the account $ACCOUNT"
    fi
    install -d -o "$ACCOUNT" -g "$ACCOUNT" -m 750 "$DATA"
    install -d -o "$ACCOUNT" -g "$ACCOUNT" -m 700 "$BACKUPS"
    install -d -o root -g root -m 755 "$ETC" "$OPT" "$OPT/releases" "$LIB"
}

# ---- the program: each release in a folder of its own, `venv` names the one in use ----------------------

sources() {
    (cd "$SOURCE" && find api nameserver bind-templates setup.cfg pyproject.toml requirements.lock README.md LICENSE \
        -type f ! -path '*/__pycache__/*' | sort)
}

install_release() {
    python3 -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' || fail "Python 3.11 or newer is needed."
    digest=$(sources | (cd "$SOURCE" && xargs -d '\n' sha256sum) | { cat && python3 --version; } | sha256sum | cut -c 1-16)
    release=$OPT/releases/$digest
    if [ ! -e "$release/complete" ]; then
        say "installing zonewright in $release"
        rm -rf "$release"
        mkdir "$work/source"
        sources | (cd "$SOURCE" && tar -c -T - -f -) | tar -x --no-same-owner -C "$work/source" -f -
        python3 -m venv "$release"
        pip_install --require-hashes -r "$SOURCE/requirements.lock" || fail "The Python packages could not be installed."
        pip_install --no-deps --no-build-isolation "$work/source" || fail "zonewright could not be installed."
        touch "$release/complete"
    fi
    [ "$(readlink "$OPT/venv")" != "releases/$digest" ] || return 0
    as_account "$release/bin/zonewright" --version >/dev/null || fail "The new release does not run; the old one is still in use."
    changed=yes
    previous=$(readlink "$OPT/venv") || previous=
}

use_release() {
    [ -n "$changed" ] || return 0
    ln -sfn "releases/$digest" "$OPT/venv.new"
    mv -Tf "$OPT/venv.new" "$OPT/venv"
    for old in "$OPT"/releases/*; do
        case ${old##*/} in "$digest" | "${previous##*/}") ;; *) rm -rf "$old" ;; esac
    done
}

pip_install() { "$release/bin/python" -m pip install -q --no-input --disable-pip-version-check "$@" </dev/null; }

# What goes to a nameserver, with the key that `zonewright nameserver key` prints.
provisioning_files() {
    "$OPT/venv/bin/python" -I -c 'import pathlib, sys
from nameserver.agent.zipapp import build
build(pathlib.Path(sys.argv[1]))' "$work/agent.pyz" || fail "The agent could not be packed."
    install_file 755 root "$OPT/provision/agent.pyz" <"$work/agent.pyz" || :
    install_file 755 root "$OPT/provision/nameserver.sh" <"$HERE/nameserver.sh" || :
    install_file 755 root /usr/local/bin/zonewright <<FILE || :
#!/bin/sh
# zonewright's commands on this host's installation, as its account.
[ "\$(id -un)" = $ACCOUNT ] || exec runuser -u $ACCOUNT -- "\$0" "\$@"
cd $DATA || exit 1
set -a
. $ENVIRONMENT
set +a
exec $OPT/venv/bin/zonewright "\$@"
FILE
}

# ---- the database ---------------------------------------------------------------------------------------

as_postgres() { (cd / && runuser -u postgres -- "$@"); }

local_database() {
    ! systemd_runs || systemctl enable --quiet --now postgresql
    tries=0
    until as_postgres psql -qAtc 'SELECT 1' >/dev/null 2>&1; do
        tries=$((tries + 1))
        [ $tries -lt 60 ] || fail "PostgreSQL does not answer on this host."
        sleep 0.5
    done
    [ -n "$(as_postgres psql -qAtc "SELECT 1 FROM pg_roles WHERE rolname = '$ACCOUNT'")" ] || as_postgres createuser "$ACCOUNT"
    [ -n "$(as_postgres psql -qAtc "SELECT 1 FROM pg_database WHERE datname = '$ACCOUNT'")" ] ||
        as_postgres createdb --owner="$ACCOUNT" --encoding=UTF8 --template=template0 "$ACCOUNT"
}

# Written once: which database it is, and whatever is added there by hand, stays.
environment() {
    case $database in
        sqlite) url= ;;
        # The account is known to PostgreSQL by the socket it comes over: there is no password.
        local) url="postgresql://$ACCOUNT@/$ACCOUNT?host=/var/run/postgresql" ;;
        *) url=$database ;;
    esac
    if [ -e "$ENVIRONMENT" ]; then
        # shellcheck source=/dev/null
        [ "$(. "$ENVIRONMENT" && printf '%s' "${ZONEWRIGHT_DATABASE_URL:-}")" = "$url" ] ||
            fail "$ENVIRONMENT names another database than this call; moving from one to another is not done by this script."
        chown "root:$ACCOUNT" "$ENVIRONMENT"
        chmod 640 "$ENVIRONMENT"
        return 0
    fi
    {
        printf '%s\n' "# zonewright's settings on this host: 'zonewright settings' lists them all, and how they stand."
        printf 'ZONEWRIGHT_DATA=%s\n' "$DATA"
        [ -z "$url" ] || printf 'ZONEWRIGHT_DATABASE_URL="%s"\n' "$url"
    } | install_file 640 "$ACCOUNT" "$ENVIRONMENT" || :
}

# shellcheck disable=SC2016  # for the shell of the account
migrate() {
    if [ -n "$changed" ] && [ -n "$previous" ]; then
        say "backing up the database before the upgrade"
        as_account sh -c 'set -a; . "$1"; exec "$2" "$3/bin/zonewright"' backup "$ENVIRONMENT" "$LIB/backup" "$release"
    fi
    as_account sh -c 'set -a; . "$1"; cd "$2"; exec "$3/bin/zonewright" migrate' migrate "$ENVIRONMENT" "$DATA" "$release"
}

# ---- services -------------------------------------------------------------------------------------------

services() {
    for unit in $UNITS; do
        if install_file 644 root "/etc/systemd/system/$unit" <"$HERE/../systemd/$unit"; then changed=yes; fi
    done
    if ! systemd_runs; then
        say "there is no systemd here: starting zonewright-api and zonewright-control is left to you"
        return 0
    fi
    systemctl daemon-reload
    systemctl enable --quiet zonewright-api zonewright-control zonewright-backup.timer
    systemctl start zonewright-backup.timer
    if [ -n "$changed" ]; then systemctl restart zonewright-api zonewright-control; else systemctl start zonewright-api zonewright-control; fi
    wait_for_services
}

wait_for_services() {
    tries=0
    until python3 -c "import socket; socket.create_connection(('${API%:*}', ${API#*:}), 2)" 2>/dev/null &&
        systemctl --quiet is-active zonewright-api zonewright-control; do
        tries=$((tries + 1))
        [ $tries -lt 60 ] || {
            journalctl --no-pager --quiet -n 15 -u zonewright-api -u zonewright-control >&2 || :
            fail "The services do not run; their last words are above."
        }
        sleep 0.5
    done
}

changed=
previous=
install_packages
account
[ "$database" != local ] || local_database
environment
install_release
install_file 755 root "$LIB/backup" <"$HERE/backup.sh" || :
migrate
use_release
provisioning_files
services
say "the control host is ready: $("$OPT/venv/bin/zonewright" --version), the API on $API"
say "next: zonewright account create YOU@EXAMPLE.ORG; zonewright token create; zonewright nameserver key >key.pub"
say "for each nameserver: scp $OPT/provision/nameserver.sh $OPT/provision/agent.pyz key.pub root@HOST:"
