#!/bin/sh
# Get this machine ready to run zonewright, or to work on it: the system's packages that are missing, then
# the Python environment in .venv, with exactly the versions of the lock file. Run again, it changes nothing.
#
#   deploy/setup.sh             what running, testing and changing the code takes
#   deploy/setup.sh --run       only what running it takes
#   deploy/setup.sh --packages  only the system's packages, no .venv (the part that needs root)
#   deploy/setup.sh --help
#
# It starts no daemon and leaves none enabled that it installed itself. PYTHON=… names another interpreter.
set -eu

ROOT=$(cd -P "$(dirname "$0")/.." && pwd)
VENV=$ROOT/.venv
STAMP=$VENV/setup.stamp

RUN_PACKAGES="bind9 bind9-utils bind9-dnsutils openssh-client"
LAB_PACKAGES="iproute2 nftables util-linux procps systemd-container mmdebstrap dpkg-dev"
DEV_PACKAGES="$RUN_PACKAGES $LAB_PACKAGES make git openssh-server postgresql dnsperf shellcheck"
# Asked for only where the system has it: what `make test` can do without, and says so.
OPTIONAL_PACKAGES="vagrant"
# For the tests of the pages. On Ubuntu the package of that name only fetches a snap.
DEBIAN_PACKAGES="chromium"
PYTHON_PACKAGES="python3 python3-venv" # asked for only where no good Python is found

# The units those packages bring and start at boot.
UNITS="named.service ssh.service ssh.socket postgresql.service"
UNIT_FOLDERS="/etc/systemd/system /usr/lib/systemd/system /lib/systemd/system"

RELEASE=/etc/os-release
POLICY=/usr/sbin/policy-rc.d
CLUSTER=/etc/postgresql-common/createcluster.d/zonewright-setup.conf
MARK="made by zonewright's deploy/setup.sh for the time of an installation"

say() { printf 'setup: %s\n' "$*"; }
fail() {
    printf 'setup: %s\n' "$*" >&2
    exit 1
}
usage() { sed -n '2,/^set -eu/{/^#/s/^# \{0,1\}//p;}' "$0"; }
exists() { command -v "$1" >/dev/null 2>&1; }

# ---- the system's packages ------------------------------------------------------------------------------

packages() {
    if exists dpkg-query && exists apt-get; then
        debian_packages
    else
        other_system
    fi
}

debian_packages() {
    missing=$(missing_packages)
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" = 0 ]; then
        install_packages
        return
    fi
    line="sh '$ROOT/deploy/setup.sh' --packages$([ "$group" = dev ] || printf ' --run')"
    if exists sudo; then
        say "asking sudo for the right to install$missing"
        sudo sh "$ROOT/deploy/setup.sh" --packages "--$group" && return
        fail "The packages could not be installed with sudo. Run this as root, then start again: $line"
    fi
    fail "Packages are missing:$missing. Installing them takes root. Run this as root, then start again: $line"
}

# Each with a blank before it. One call, whatever the number of packages.
missing_packages() {
    if [ "$group" = run ]; then wanted=$RUN_PACKAGES; else wanted="$DEV_PACKAGES$(debians_own)$(optional_packages)"; fi
    venv_works || [ -n "$(find_python)" ] || wanted="$wanted $PYTHON_PACKAGES"
    # shellcheck disable=SC2086  # the names are words of their own
    present=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $wanted 2>/dev/null | sed -n 's/^installed //p')
    for package in $wanted; do
        printf '%s\n' "$present" | grep -qxF "$package" || printf ' %s' "$package"
    done
}

debians_own() { ! grep -qsx ID=debian "$RELEASE" || printf ' %s' "$DEBIAN_PACKAGES"; }

optional_packages() {
    for package in $OPTIONAL_PACKAGES; do
        if ! exists "$package" && exists apt-cache && apt-cache show "$package" >/dev/null 2>&1; then
            printf ' %s' "$package"
        fi
    done
}

install_packages() {
    say "installing$missing"
    units_before=$(units_present)
    log=$(mktemp)
    guard
    # shellcheck disable=SC2086
    install_now $missing
    unguard
    missing=$(missing_packages)
    [ -z "$missing" ] || fail "apt-get reported success, and these packages are still missing:$missing"
}

# The lists of packages are fetched only where they lack one of ours, or name a version that is gone.
install_now() {
    if apt_get install --simulate "$@" >"$log" 2>&1 && apt_get install "$@" >"$log" 2>&1; then return 0; fi
    say "fetching the lists of packages"
    apt_get update >"$log" 2>&1 || not_installed "The lists of packages could not be fetched."
    apt_get install "$@" >"$log" 2>&1 || not_installed "apt-get could not install $*. On Ubuntu they need 'universe'."
}

not_installed() {
    tail -n 20 "$log" >&2
    fail "$1 The lines above are what apt-get said last."
}

apt_get() {
    DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 apt-get -q -y --no-install-recommends \
        -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@" </dev/null
}

# While packages are installed: no service is started, and PostgreSQL makes no cluster of its own. Both files
# are ours and go away whatever happens; one that an earlier run was killed over is taken for ours, too.
guard() {
    trap unguard EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    if [ ! -e "$POLICY" ] || grep -qF "$MARK" "$POLICY"; then
        printf '#!/bin/sh\n# %s\nexit 101\n' "$MARK" >"$POLICY"
        chmod 755 "$POLICY"
    fi
    mkdir -p "${CLUSTER%/*}"
    printf '# %s\ncreate_main_cluster = false\n' "$MARK" >"$CLUSTER"
}

unguard() {
    disable_new_units
    if [ -e "$POLICY" ] && grep -qF "$MARK" "$POLICY"; then rm -f "$POLICY"; fi
    rm -f "$CLUSTER" "$log"
    rmdir "${CLUSTER%/*}" "${CLUSTER%/*/*}" 2>/dev/null || :
    trap - EXIT HUP INT TERM
}

units_present() {
    for unit in $UNITS; do
        for folder in $UNIT_FOLDERS; do
            [ -e "$folder/$unit" ] || continue
            printf ' %s ' "$unit"
            break
        done
    done
}

# policy-rc.d keeps a service from starting now, not at the next boot. One that was there before stays as it was.
disable_new_units() {
    for unit in $(units_present); do
        case $units_before in *" $unit "*) continue ;; esac
        disable "$unit" >/dev/null 2>&1 || say "$unit may start at boot: it could not be disabled"
        [ ! -d /run/systemd/system ] || systemctl stop --quiet "$unit" || :
    done
}

disable() { if exists systemctl; then systemctl disable "$1"; else update-rc.d "${1%.*}" disable; fi; }

# Not Debian: what to install is said, and the Python environment made all the same.
other_system() {
    absent=
    programs="named named-checkzone named-checkconf rndc dig ssh"
    [ "$group" = run ] || programs="$programs make git pg_ctl"
    for program in $programs; do
        (PATH=$PATH:/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin exists "$program") || absent="$absent $program"
    done
    [ -n "$absent" ] || return 0
    if [ "$(uname -s)" = Darwin ]; then
        say "These programs are not in PATH:$absent. Install them with: brew install bind python postgresql"
    else
        say "These programs are not in PATH:$absent. Install BIND 9.18 or newer, OpenSSH and, for the tests, PostgreSQL."
    fi
}

# ---- the Python environment -----------------------------------------------------------------------------

good_python() { "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
    for python in ${PYTHON:-python3.11 python3.12 python3.13 python3}; do
        if good_python "$python"; then
            command -v "$python"
            return
        fi
    done
}

# Does it run, and was it made for this folder? (A copied one has the other folder's name in its scripts.)
venv_works() {
    grep -qsF "$VENV/bin/python" "$VENV/bin/pip" &&
        "$VENV/bin/python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

digest() { cat "$ROOT/requirements.lock" "$ROOT/requirements-dev.lock" "$ROOT/setup.cfg" "$ROOT/pyproject.toml" | cksum; }

environment() {
    # An environment that can run the tests stays one: --run takes nothing out of it.
    [ "$(sed -n 1p "$STAMP" 2>/dev/null)" != dev ] || group=dev
    if [ "$group" = dev ]; then lock=requirements-dev.lock; else lock=requirements.lock; fi
    want=$(printf '%s\n%s' "$group" "$(digest)")
    if venv_works; then
        [ "$(cat "$STAMP" 2>/dev/null)" != "$want" ] || return 0
    else
        make_venv
    fi
    [ -w "$VENV" ] || fail "$VENV is not yours to write to. Run this as the account it belongs to, or delete it."
    rm -f "$STAMP"
    say "installing the Python packages of $lock"
    # The lock file is complete, so pip resolves nothing: an old pip would choose again for a package with an extra.
    pip install --no-deps --require-hashes -r "$ROOT/$lock" || fail "The Python packages of $lock could not be installed."
    say "installing zonewright itself into .venv"
    pip install --no-deps --no-build-isolation -e "$ROOT" || fail "zonewright could not be installed into .venv."
    printf '%s\n' "$want" >"$STAMP"
}

make_venv() {
    python=$(find_python)
    [ -n "$python" ] || fail "zonewright needs Python 3.11 or newer with its venv module. Install one, or set PYTHON=/path/to/it."
    say "making the Python environment .venv with $python"
    "$python" -m venv --clear "$VENV" || fail "$python could not make an environment in $VENV."
}

pip() { "$VENV/bin/python" -m pip -qq --no-input --disable-pip-version-check "$@" </dev/null; }

# ---- the command line -----------------------------------------------------------------------------------

group=dev
only_packages=
for argument in "$@"; do
    case $argument in
        --run) group=run ;;
        --dev) group=dev ;;
        --packages) only_packages=yes ;;
        -h | --help)
            usage
            exit
            ;;
        *) fail "There is no option $argument. See: $0 --help" ;;
    esac
done

packages
[ -n "$only_packages" ] || environment
