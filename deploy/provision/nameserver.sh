#!/bin/sh
# Make a Debian 12, Debian 13 or Ubuntu 24.04 host a nameserver of zonewright: BIND 9, hardened and answering for no
# zone yet; the account `zonewright`, whose key can run the agent and nothing else; the agent. Needs root; run again
# it changes only what differs: that is how the agent or a key is upgraded.
#
#   nameserver.sh --agent FILE --key FILE [--name NAME] [--control ADDRESS]... [--replace]
#
#   --agent FILE       the agent, one file (agent.pyz)
#   --key FILE         the control plane's public key (`zonewright nameserver key`); a file of several lines lets
#                      several in, and keys that were let in before and are not in it are let in no more
#   --name NAME        what this host is called in the script's own words (default: its host name)
#   --control ADDRESS  an address or network of the control plane: rate limiting leaves it alone, and the key is
#                      accepted from these only. May be given several times; without it from everywhere
#   --replace          take over a named that serves zones of another origin already; without it that is refused
#   --packages         only print the packages it installs
#
# To a server:  scp nameserver.sh agent.pyz key.pub root@HOST:  then there:  sh nameserver.sh --agent agent.pyz --key key.pub
# It opens no firewall: 53/udp and 53/tcp for everybody, 22/tcp for the control plane.
set -eu
umask 022

PACKAGES="bind9 bind9-utils openssh-server python3 util-linux"
ACCOUNT=zonewright
ETC=/etc/zonewright
LIB=/usr/local/lib/zonewright
DATA=/var/lib/bind/zonewright # below /var/lib/bind Debian's AppArmor profile lets named read and write
KEYS=$ETC/authorized_keys/$ACCOUNT
UNIT=/etc/systemd/system/named.service.d/zonewright.conf
SSHD=/etc/ssh/sshd_config.d/zonewright.conf
APPARMOR=/etc/apparmor.d/local/usr.sbin.named
OURS="BEGIN zonewright"
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH

say() { printf 'nameserver.sh: %s\n' "$*"; }
fail() {
    printf 'nameserver.sh: %s\n' "$*" >&2
    exit 1
}
usage() { sed -n '2,/^set -eu/{/^#/s/^# \{0,1\}//p;}' "$0"; }
needs_root() { [ "$(id -u)" = 0 ] || fail "this needs root"; }
systemd_runs() { [ -d /run/systemd/system ]; }

# ---- the command line -----------------------------------------------------------------------------------

agent=
key=
name=$(uname -n)
controls=
replace=
case ${1:-} in -h | --help | --packages) ;; *) needs_root ;; esac
while [ $# -gt 0 ]; do
    case $1 in
        --agent | --key | --name | --control)
            [ $# -ge 2 ] || fail "$1 takes a value. See: sh nameserver.sh --help"
            case $1 in
                --agent) agent=$2 ;;
                --key) key=$2 ;;
                --name) name=$2 ;;
                --control)
                    case $2 in
                        '' | *[!0-9A-Fa-f.:/]*) fail "$2 is no address and no network." ;;
                    esac
                    controls="$controls $2"
                    ;;
            esac
            shift
            ;;
        --replace) replace=yes ;;
        --packages)
            printf '%s\n' "$PACKAGES"
            exit
            ;;
        -h | --help)
            usage
            exit
            ;;
        *) fail "There is no option $1. See: sh nameserver.sh --help" ;;
    esac
    shift
done

if [ -z "$agent" ] || [ -z "$key" ]; then fail "--agent and --key are needed. See: sh nameserver.sh --help"; fi
[ -r "$agent" ] || fail "There is no file $agent."
[ -r "$key" ] || fail "There is no file $key."
command -v apt-get >/dev/null || fail "This is for Debian 12, Debian 13 and Ubuntu 24.04; there is no apt-get here."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# Each line of the file must be a public key as ssh-keygen prints it, without options of its own.
grep -v -e '^#' -e '^[[:space:]]*$' "$key" >"$work/keys" || fail "There is no key in $key."
if grep -qvE '^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)|sk-[a-z0-9@.-]+) [A-Za-z0-9+/=]+( [^"]*)?$' "$work/keys"; then
    fail "$key holds a line that is no public key."
fi

# ---- files: written only where they differ --------------------------------------------------------------

# install_file MODE GROUP PATH <content: true when it was changed.
install_file() {
    cat >"$work/file"
    if cmp -s "$work/file" "$3" && [ "$(stat -c '%a %U:%G' "$3")" = "$1 root:$2" ]; then return 1; fi
    mkdir -p "${3%/*}"
    install -o root -g "$2" -m "$1" "$work/file" "$3.new"
    mv -f "$3.new" "$3"
    say "wrote $3"
}

# ---- packages -------------------------------------------------------------------------------------------

missing_packages() {
    # shellcheck disable=SC2086  # the names are words of their own
    present=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $PACKAGES 2>/dev/null | sed -n 's/^installed //p')
    for package in $PACKAGES; do
        printf '%s\n' "$present" | grep -qxF "$package" || printf ' %s' "$package"
    done
}

apt_get() {
    # A server that has just been started may be upgrading itself: its lock is waited for.
    DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 apt-get -qq -y --no-install-recommends \
        -o DPkg::Lock::Timeout=600 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold \
        -o APT::Update::Error-Mode=any "$@" </dev/null >"$work/apt" 2>&1 && return 0
    tail -n 20 "$work/apt" >&2
    return 1
}

install_packages() {
    missing=$(missing_packages)
    [ -n "$missing" ] || return 0
    say "installing$missing"
    apt_get update || fail "The lists of packages could not be fetched; apt-get's words are above."
    # shellcheck disable=SC2086
    apt_get install $missing || fail "The packages could not be installed; apt-get's words are above."
}

# A named that serves something is not taken over by accident.
refuse_a_busy_named() {
    [ ! -e "$UNIT" ] && [ -z "$replace" ] && [ -e /etc/bind/named.conf ] || return 0
    zones=$(named-checkconf -l /etc/bind/named.conf 2>/dev/null | awk '{ print $1 }' |
        grep -vxE '\.|localhost|(0|127|255)\.in-addr\.arpa|([0-9a-f]\.)+ip6\.arpa' | head -n 3 | tr '\n' ' ') || :
    [ -z "$zones" ] || fail "named serves zones here that are not zonewright's (${zones% }). They would be served no more: --replace if that is meant."
}

# ---- the account and its folders ------------------------------------------------------------------------

account() {
    # A shell, because sshd runs an account's forced command through it; the home is root's, so nothing is put there.
    if ! id "$ACCOUNT" >/dev/null 2>&1; then
        useradd --system --user-group --home-dir "/var/lib/$ACCOUNT" --no-create-home --shell /bin/sh "$ACCOUNT"
        say "made the account $ACCOUNT"
    fi
    [ -d "/var/lib/$ACCOUNT" ] || install -d -o root -g root -m 755 "/var/lib/$ACCOUNT"
    # No password, and not locked either: with UsePAM off sshd lets a locked account in with no key.
    case $(getent shadow "$ACCOUNT" | cut -d : -f 2) in '*') ;; *) usermod -p '*' "$ACCOUNT" ;; esac
    # In group bind it reads what named writes, and writes what named reads; named's key is that group's.
    id -nG "$ACCOUNT" | tr ' ' '\n' | grep -qx bind || usermod --append --groups bind "$ACCOUNT"
    install -d -o root -g root -m 755 "$ETC" "$ETC/authorized_keys" "$LIB"
}

# Made here and never copied anywhere. It lies where AppArmor lets every named read.
rndc_key() {
    if [ ! -s /etc/bind/zonewright.key ]; then
        (umask 077 && rndc-confgen -A hmac-sha256 -k zonewright | sed -n '/^key "zonewright"/,/^};/p' >"$work/rndc.key")
        grep -q secret "$work/rndc.key" || fail "rndc-confgen made no key."
        install -o root -g bind -m 640 "$work/rndc.key" /etc/bind/zonewright.key
        say "made named's key"
    fi
    chown root:bind /etc/bind/zonewright.key
    chmod 640 /etc/bind/zonewright.key
    [ "$(readlink "$ETC/rndc.key")" = /etc/bind/zonewright.key ] || ln -sfn /etc/bind/zonewright.key "$ETC/rndc.key"
}

# ---- the agent ------------------------------------------------------------------------------------------

agent_files() {
    install_file 755 root "$LIB/agent.pyz" <"$agent" || :
    install_file 755 root "$LIB/agent" <<'FILE' || :
#!/bin/sh
# The only program that the key of the account zonewright can run (sshd gives it no argument); it must be asked for
# by this name, so that whoever asks for a shell or a file is told.
if [ $# = 0 ] && [ "${SSH_ORIGINAL_COMMAND:-}" != zonewright-agent ]; then
    echo "This key runs zonewright-agent and nothing else." >&2
    exit 126
fi
umask 002
cd /
exec /usr/bin/python3 -I /usr/local/lib/zonewright/agent.pyz --config /etc/zonewright/agent.json "$@"
FILE
    install_file 644 root "$ETC/agent.json" <<FILE || :
{
  "directory": "$DATA",
  "zones": "zones",
  "named_conf": "$DATA/named.conf",
  "state": "$DATA/state",
  "rndc": {"port": 953, "key_file": "$ETC/rndc.key"},
  "dns": {"address": "127.0.0.1", "port": 53},
  "statistics_port": 8553,
  "named_checkconf": null
}
FILE
    from=$(printf '%s' "$controls" | sed 's/^ //; s/ /,/g')
    sed "s|^|restrict,${from:+from=\"$from\",}command=\"$LIB/agent\" |" "$work/keys" |
        install_file 644 root "$KEYS" || :
    /usr/bin/python3 -I -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "The agent needs Python 3.11 or newer; this host's is $(/usr/bin/python3 --version)."
    /usr/bin/python3 -I "$LIB/agent.pyz" --help >/dev/null || fail "$agent is not the agent."
}

# ---- named ----------------------------------------------------------------------------------------------

# Until the control plane sends its own, and whenever the one in use is lost or no longer understood.
first_named_conf() {
    exempt=$(for each in $controls; do printf ' %s;' "$each"; done)
    install_file 644 root "$ETC/named.conf.first" <<FILE || :
// Until the control plane puts its own in place: an authoritative nameserver, nothing else.
include "$ETC/rndc.key";
controls { inet 127.0.0.1 port 953 allow { 127.0.0.1; } keys { "zonewright"; }; };
statistics-channels { inet 127.0.0.1 port 8553 allow { 127.0.0.1; }; };
options {
    directory "$DATA";
    pid-file "named.pid";
    session-keyfile "session.key";
    listen-on { any; };
    listen-on-v6 { any; };
    recursion no;
    allow-query { any; };
    allow-transfer { none; };
    allow-update { none; };
    notify no;
    dnssec-validation no;
    empty-zones-enable no;
    minimal-responses yes;
    minimal-any yes;
    version none;
    hostname none;
    server-id none;
    zone-statistics yes;
    allow-new-zones yes;
    lmdb-mapsize 512M;
    check-names primary ignore;
    max-records-per-type 200;
    max-types-per-name 200;
    rate-limit { responses-per-second 25; window 5; exempt-clients { 127.0.0.0/8; ::1;$exempt }; };
};
logging {
    channel file { file "named.log" versions 3 size 10m; severity info; print-time iso8601; print-category yes; print-severity yes; };
    channel problems { file "problems.log" versions 3 size 10m; severity warning; print-time iso8601; print-category yes; print-severity yes; };
    category default { file; problems; };
    category zoneload { problems; };
    category lame-servers { null; };
    category rate-limit { null; };
};
FILE
}

before_named() {
    install_file 755 root "$LIB/before-named" <<'FILE' || :
#!/bin/sh
# Runs as the account `bind`, before each start of named: whatever was lost is made again, so that named starts.
# Never as root: the folder is bind's and zonewright's, and root would follow a link that one of them laid there.
umask 002
data=/var/lib/bind/zonewright
first=/etc/zonewright/named.conf.first
conf=$data/named.conf
for folder in $data $data/zones $data/state; do
    [ -d $folder ] || mkdir -m 2775 $folder
done
cd $data || exit 1
put_first() { cp $first $conf.new && mv -f $conf.new $conf; }
[ -s $conf ] || put_first
# One line that this BIND does not understand (an upgrade may drop an option) would leave every zone down.
if ! named-checkconf $conf >/dev/null && named-checkconf $first >/dev/null; then
    echo "named.conf is not valid for this BIND: the first one is used until the control plane sends another" >&2
    mv -f $conf $conf.refused
    put_first
fi
/usr/local/lib/zonewright/agent repair || echo "the zone database could not be tested; named is started all the same" >&2
chmod g+w state/* 2>/dev/null # the agent, another account of the group, writes on in these
exit 0
FILE
}

unit() {
    # ExecStop is rndc with Debian's own key; without it systemd sends SIGTERM, which named takes as `stop`.
    install_file 644 root "$UNIT" <<FILE && units_changed=yes
# Written by zonewright's nameserver.sh.
[Unit]
StartLimitIntervalSec=0

[Service]
UMask=0027
ExecStartPre=+/usr/bin/install -d -o root -g bind -m 0775 /var/lib/bind
ExecStartPre=-/usr/bin/setpriv --reuid=bind --regid=bind --init-groups $LIB/before-named
ExecStart=
ExecStart=/usr/sbin/named -f -u bind -c $DATA/named.conf
ExecReload=
ExecReload=/usr/sbin/rndc -k $ETC/rndc.key reconfig
ExecStop=
Restart=always
RestartSec=1
TimeoutStartSec=15min
TimeoutStopSec=60
OOMScoreAdjust=-500
LimitCORE=0
LimitNOFILE=65536
CapabilityBoundingSet=CAP_NET_BIND_SERVICE CAP_SETUID CAP_SETGID CAP_SYS_CHROOT CAP_SYS_RESOURCE CAP_DAC_READ_SEARCH
ProtectSystem=full
ProtectHome=yes
PrivateTmp=yes
FILE
    return 0
}

# Files that named's profile does not know: it locks its zone database and itself, and reads its key by our name for it. Other people's lines in the file stay.
apparmor() {
    [ -e /etc/apparmor.d/usr.sbin.named ] || return 0
    [ ! -e "$APPARMOR" ] || sed "/^# $OURS/,/^# END zonewright/d" "$APPARMOR" >"$work/apparmor"
    {
        [ ! -e "$work/apparmor" ] || cat "$work/apparmor"
        printf '# %s\n' "$OURS"
        printf '%s/_default.nzd-lock rwk,\n%s/rndc.key r,\n/{,var/}run/named/named.lock rwk,\n' "$DATA" "$ETC"
        printf '# END zonewright\n'
    } >"$work/profile"
    install_file 644 root "$APPARMOR" <"$work/profile" || return 0
    restart=yes
    if [ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" = Y ] && command -v apparmor_parser >/dev/null; then
        apparmor_parser -r /etc/apparmor.d/usr.sbin.named || fail "AppArmor does not take named's profile."
    fi
}

# ---- sshd -----------------------------------------------------------------------------------------------

sshd_settings() {
    # Only what concerns our account: nobody else's way in is changed.
    install_file 644 root "$SSHD" <<FILE && sshd_changed=yes
# Written by zonewright's nameserver.sh: the account runs the agent, whatever a key's line or the caller says.
Match User $ACCOUNT
    AuthenticationMethods publickey
    PubkeyAuthentication yes
    PasswordAuthentication no
    KbdInteractiveAuthentication no
    AuthorizedKeysFile $KEYS
    AuthorizedKeysCommand none
    AuthorizedPrincipalsFile none
    ForceCommand $LIB/agent
    DisableForwarding yes
    AllowTcpForwarding no
    AllowStreamLocalForwarding no
    AllowAgentForwarding no
    X11Forwarding no
    PermitTunnel no
    PermitListen none
    PermitOpen none
    PermitTTY no
    PermitUserRC no
    Banner none
    MaxSessions 2
    ClientAliveInterval 5
    ClientAliveCountMax 3
Match all
FILE
    mkdir -p /run/sshd # where a socket starts sshd it may not be there yet
    sshd -t || fail "sshd does not take $SSHD; nothing was reloaded."
    in_force=$(sshd -T -C "user=$ACCOUNT,host=localhost,addr=127.0.0.1")
    for line in "forcecommand $LIB/agent" "authorizedkeysfile $KEYS" "permittty no" "disableforwarding yes"; do
        printf '%s\n' "$in_force" | grep -qixF "$line" ||
            fail "sshd does not do what $SSHD says ($line): does /etc/ssh/sshd_config include that folder, at its top?"
    done
    for list in allowusers allowgroups denyusers denygroups; do
        if printf '%s\n' "$in_force" | grep -q "^$list "; then
            say "sshd has a list of its own ($list): see that it lets $ACCOUNT in"
        fi
    done
    return 0
}

# ---- starting -------------------------------------------------------------------------------------------

start_named() {
    systemctl daemon-reload
    systemctl enable --quiet named
    systemctl reset-failed named 2>/dev/null || :
    # A new first named.conf is for the next start; only a change of the unit or of what it may read restarts named.
    if [ -n "$units_changed$restart" ] || ! systemctl --quiet is-active named; then systemctl restart named || :; fi
    tries=0
    until rndc -k "$ETC/rndc.key" status >"$work/status" 2>&1; do
        tries=$((tries + 1))
        [ $tries -lt 150 ] || {
            journalctl --no-pager --quiet --lines 5 --unit named >&2 || :
            fail "named does not answer rndc: $(tail -n 1 "$work/status")"
        }
        sleep 0.2
    done
}

start_sshd() {
    for unit in ssh.socket ssh.service; do
        if systemctl --quiet is-enabled "$unit" 2>/dev/null; then break; fi
    done
    systemctl enable --quiet --now "$unit"
    [ -z "$sshd_changed" ] || systemctl try-reload-or-restart ssh.service
}

units_changed=
restart=
sshd_changed=
install_packages
refuse_a_busy_named
account
rndc_key
agent_files
first_named_conf
before_named
unit
apparmor
sshd_settings
if systemd_runs; then
    start_named
    start_sshd
else
    install -d -o root -g bind -m 775 /var/lib/bind
    setpriv --reuid=bind --regid=bind --init-groups "$LIB/before-named"
    say "there is no systemd here: starting sshd, and named as $UNIT has it, is left to you"
fi
say "$name is provisioned: $(named -v)"
for file in /etc/ssh/ssh_host_*_key.pub; do
    [ ! -e "$file" ] || say "its host key: $(ssh-keygen -lf "$file" | cut -d ' ' -f 2,4)"
done
