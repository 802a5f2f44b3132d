#!/bin/bash
# Three hosts on this machine, without virtual machines: `control`, `ns1` and `ns2`, each with a network of its own
# that has no way out. ns1 and ns2 have their own Debian with systemd, sshd and named, set up by
# deploy/provision/nameserver.sh as a real server is; control sees this machine's files, so the project's .venv
# runs there. Needs root.
#
#   lab.sh up                    bring it up (the first time it builds a Debian, kept for later: lab.sh purge)
#   lab.sh down                  take it down: no process, mount, namespace or cgroup of it is left
#   lab.sh status                how each host is
#   lab.sh env                   its addresses and files, as lines for a shell
#   lab.sh exec HOST COMMAND...  run a command there, as root
#   lab.sh ssh HOST ...          what the control plane does: ssh from control, with its key and the pinned host key
#   lab.sh service HOST named|ssh start|stop|restart
#   lab.sh provision HOST [OPTION...]   run the provisioning script again, with further options
#   lab.sh reset HOST            throw the host away and set up a new one, which keeps only its ssh host key
#   lab.sh fault HOST KIND       link-down               its cable is out
#                                drop [WHAT]             packets to it vanish: all (the default), tcp/22, udp/53, ...
#                                loss PERCENT            some vanish, both ways
#                                delay MS                the round trip takes so much longer
#                                rate KBIT               a slow line, both ways
#                                freeze named|sshd       the process stands still
#                                kill named|sshd         ... dies (systemd starts it again)
#                                disk-full [KB]          nothing (or so much) is left on the disk of /var/lib/bind
#                                read-only               that disk cannot be written
#                                host-key                sshd has another host key
#   lab.sh heal HOST|all         undo every fault
#   lab.sh purge                 remove the Debian that was kept
#
# ZONEWRIGHT_LAB names another lab beside this one (zonewright-lab), ZONEWRIGHT_LAB_ENGINE is `nspawn` (systemd in each
# host), `chroot` (none) or `auto`, ZONEWRIGHT_LAB_SUITE the Debian release, ZONEWRIGHT_LAB_CACHE where it is kept.
set -euo pipefail

HERE=$(cd -P "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(cd -P "$HERE/../.." && pwd)
PROVISION=$HERE/../provision/nameserver.sh
LAB=${ZONEWRIGHT_LAB:-zonewright-lab}
STATE=/run/$LAB
SUITE=${ZONEWRIGHT_LAB_SUITE:-bookworm}
CACHE=${ZONEWRIGHT_LAB_CACHE:-${XDG_CACHE_HOME:+$XDG_CACHE_HOME/zonewright-lab}}
CACHE=${CACHE:-/var/cache/zonewright-lab}
ENGINE=${ZONEWRIGHT_LAB_ENGINE:-auto}
DISK=256m
NAMESERVERS=(ns1 ns2)
HOSTS=(control "${NAMESERVERS[@]}")
declare -A NUMBER=([control]=1 [ns1]=11 [ns2]=12)
CGROUPS=(/sys/fs/cgroup /sys/fs/cgroup/systemd /sys/fs/cgroup/unified)
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

say() { printf 'lab: %s\n' "$*"; }
fail() {
    printf 'lab: %s\n' "$*" >&2
    exit 1
}
unavailable() {
    printf 'lab: %s\n' "$*" >&2
    exit 69
}
usage() { sed -n '2,/^set -euo/{/^#/s/^# \{0,1\}//p;}' "${BASH_SOURCE[0]}"; }

namespace() { printf '%s-%s' "$LAB" "$1"; }
ipv4() { printf '10.53.0.%s' "${NUMBER[$1]}"; }
ipv6() { printf 'fd53::%s' "${NUMBER[$1]}"; }
is_host() { [ -n "${NUMBER[${1:-}]:-}" ] || fail "There is no host '${1:-}'; there are ${HOSTS[*]}."; }
is_nameserver() {
    is_host "${1:-}"
    [ "$1" != control ] || fail "This works on ${NAMESERVERS[*]} only."
}
is_up() { [ -e "$STATE/up" ]; }
must_be_up() { is_up || fail "The lab is not up: $0 up"; }

# ---- what it takes --------------------------------------------------------------------------------------

cached_root() {
    local key
    # shellcheck disable=SC2046  # each package is a word
    key=$({ cat "$HERE/build-root.sh" && echo "$SUITE" $(sh "$PROVISION" --packages); } | sha256sum | cut -c 1-16)
    printf '%s/%s-%s' "$CACHE" "$SUITE" "$key"
}

missing_packages() {
    local pair
    for pair in ip:iproute2 tc:iproute2 nft:nftables ssh:openssh-client nsenter:util-linux pgrep:procps python3:python3 \
        systemd-nspawn:systemd-container mmdebstrap:mmdebstrap dpkg-scanpackages:dpkg-dev; do
        case $pair in
            systemd-nspawn:*) [ "$ENGINE" != chroot ] || continue ;;
            mmdebstrap:* | dpkg-scanpackages:*) [ ! -d "$(cached_root)" ] || continue ;;
        esac
        command -v "${pair%:*}" >/dev/null || printf '%s\n' "${pair#*:}"
    done | sort -u | tr '\n' ' '
}

check() {
    local missing
    [ "$(id -u)" = 0 ] || unavailable "The lab needs root."
    missing=$(missing_packages)
    [ -z "$missing" ] || unavailable "Programs are missing. Install them with: apt-get install --no-install-recommends ${missing% }"
}

build_root() {
    local root partial
    root=$(cached_root)
    mkdir -p "$CACHE"
    (
        flock 9
        [ ! -d "$root" ] || exit 0
        say "building a Debian $SUITE in $root"
        partial=$root.partial
        rm -rf "$partial"
        # shellcheck disable=SC2046  # each package is a word
        sh "$HERE/build-root.sh" "$partial" "$SUITE" $(sh "$PROVISION" --packages) || exit 1
        mv "$partial" "$root"
    ) 9>"$CACHE/lock" || unavailable "The Debian for the hosts could not be built."
}

# ---- the network: a bridge in a namespace of its own, and one cable to each host -------------------------

network_up() {
    local host
    ip netns add "$LAB"
    ip -n "$LAB" link add bridge type bridge
    ip -n "$LAB" link set bridge up
    for host in "${HOSTS[@]}"; do cable_up "$host"; done
    mkdir -p "/etc/netns/$(namespace control)"
    hosts_file >"/etc/netns/$(namespace control)/hosts"
    : >"/etc/netns/$(namespace control)/resolv.conf"
}

cable_up() {
    local net
    net=$(namespace "$1")
    ip netns add "$net"
    ip -n "$net" link set lo up
    ip -n "$LAB" link add "to-$1" type veth peer name eth0 netns "$net"
    ip -n "$LAB" link set "to-$1" master bridge up
    ip -n "$net" address add "$(ipv4 "$1")/24" dev eth0
    ip -n "$net" address add "$(ipv6 "$1")/64" dev eth0 nodad
    ip -n "$net" link set eth0 up
}

hosts_file() {
    local host
    printf '127.0.0.1 localhost\n::1 localhost\n'
    for host in "${HOSTS[@]}"; do printf '%s %s\n%s %s\n' "$(ipv4 "$host")" "$host" "$(ipv6 "$host")" "$host"; done
}

network_down() {
    local net
    for net in "$LAB" "${HOSTS[@]/#/$LAB-}"; do
        [ ! -e "/run/netns/$net" ] || ip netns delete "$net"
        rm -rf "/etc/netns/$net"
    done
    rmdir /etc/netns 2>/dev/null || :
}

# ---- hosts ----------------------------------------------------------------------------------------------

# A process that ended and was not waited for yet (a zombie) does not run.
runs() { [ -n "${1:-}" ] && [ -r "/proc/$1/stat" ] && ! grep -q '^[0-9]* (.*) [ZX]' "/proc/$1/stat"; }

# The host's first process, as this machine numbers it.
leader() {
    local outer
    outer=$(cat "$STATE/$1/pid" 2>/dev/null) && runs "$outer" && pgrep -o -P "$outer"
}

inside() {
    local host=$1 first
    shift
    first=$(leader "$host") || fail "$host does not run."
    nsenter -t "$first" -m -u -i -n -p -r -w -- env -i HOME=/root LANG=C.UTF-8 TERM="${TERM:-dumb}" PATH="$PATH" "$@"
}

engine() { cat "$STATE/engine" 2>/dev/null || printf '%s' "$ENGINE"; }

file_system_up() {
    local host=$1 folder=$STATE/$1
    mkdir -p "$folder/upper" "$folder/work" "$folder/root" "$folder/disk"
    mount -t overlay "$LAB-$host" -o "lowerdir=$(cached_root),upperdir=$folder/upper,workdir=$folder/work" "$folder/root" ||
        return
    mount -t tmpfs "$LAB-$host-disk" -o "size=$DISK,mode=0755" "$folder/disk"
    mkdir -p "$folder/root/var/lib/bind"
    echo "$host" >"$folder/root/etc/hostname"
    hosts_file >"$folder/root/etc/hosts"
    [ ! -d "$STATE/host-keys/$host" ] || cp -p "$STATE/host-keys/$host"/* "$folder/root/etc/ssh/"
}

boot() {
    local host=$1 folder=$STATE/$1
    if [ "$(engine)" = nspawn ]; then boot_nspawn "$host"; else boot_chroot "$host"; fi >"$folder/console" 2>&1 </dev/null &
    echo $! >"$folder/pid"
}

# Where systemd does not run as this machine's first process, nspawn has nobody to ask for a cgroup: it gets one here,
# and each host one of its own, or the second would take the first one's.
boot_nspawn() {
    local host=$1 folder=$STATE/$1 alone=()
    if [ ! -d /run/systemd/system ]; then
        alone=(--keep-unit --register=no)
        own_cgroup "$host"
    fi
    exec setsid systemd-nspawn --quiet --boot "${alone[@]}" --directory="$folder/root" \
        --machine="$(namespace "$host")" --hostname="$host" --network-namespace-path="/run/netns/$(namespace "$host")" \
        --bind="$folder/disk:/var/lib/bind" --console=pipe --link-journal=no --resolv-conf=off --timezone=off
}

own_cgroup() {
    local cgroup
    for cgroup in "${CGROUPS[@]}"; do
        [ -w "$cgroup/cgroup.procs" ] || continue
        mkdir -p "$cgroup/$(namespace "$1")"
        echo "$BASHPID" >"$cgroup/$(namespace "$1")/cgroup.procs"
    done
}

# No systemd: this shell is the host's first process and keeps named running while /run/named-wanted is there.
boot_chroot() {
    local folder=$STATE/$1
    # shellcheck disable=SC2016  # for the shell in there
    exec setsid ip netns exec "$(namespace "$1")" unshare -m -u -i -p -f --kill-child /bin/sh -c '
        mount --bind "$1/disk" "$1/root/var/lib/bind"
        exec chroot "$1/root" /bin/sh -c "$2"
        ' lab "$folder" '
        mount -t proc proc /proc; mount -t tmpfs tmpfs /run; mount -t tmpfs tmpfs /tmp; chmod 1777 /tmp
        mount -t tmpfs tmpfs /dev; mkdir /dev/shm /dev/pts; mount -t devpts devpts /dev/pts
        for node in "null 3" "zero 5" "full 7" "random 8" "urandom 9"; do mknod -m 666 "/dev/${node% *}" c 1 "${node#* }"; done
        mknod -m 666 /dev/tty c 5 0; ln -s pts/ptmx /dev/ptmx; ln -s /proc/self/fd /dev/fd
        printf "#!/bin/sh\nexit 101\n" >/usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d
        hostname "$(cat /etc/hostname)"; mkdir -p /run/sshd /run/lock /run/named
        chmod 1777 /run/named
        ssh-keygen -q -A; /usr/sbin/sshd
        while :; do
            if [ -e /run/named-wanted ]; then
                install -d -o root -g bind -m 775 /var/lib/bind
                setpriv --reuid=bind --regid=bind --init-groups /usr/local/lib/zonewright/before-named
                (umask 027; exec named -f -u bind -c /var/lib/bind/zonewright/named.conf) &
                wait $!
            fi
            sleep 0.2
        done'
}

# sshd is the last thing a host starts.
booted() {
    local tries outer
    outer=$(cat "$STATE/$1/pid")
    for ((tries = 0; tries < 300; tries++)); do
        runs "$outer" || return 1
        # shellcheck disable=SC2016
        if [ -n "$(leader "$1")" ] && ip netns exec "$(namespace "$1")" \
            bash -c 'exec 3<>/dev/tcp/127.0.0.1/22 && read -r -t 2 line <&3 && [ -n "$line" ]' 2>/dev/null; then return 0; fi
        sleep 0.1
    done
    return 1
}

host_up() {
    file_system_up "$1" || return
    boot "$1"
    booted "$1" || {
        tail -n 5 "$STATE/$1/console" >&2
        return 1
    }
    mkdir -p "$STATE/host-keys/$1"
    cp -p "$STATE/$1/root/etc/ssh"/ssh_host_*_key* "$STATE/host-keys/$1/"
    provision "$1" >"$STATE/$1/provisioning" 2>&1 || {
        tail -n 15 "$STATE/$1/provisioning" >&2
        return 1
    }
}

provision() {
    local host=$1 folder=$STATE/$1/root/root/zonewright
    shift
    mkdir -p "$folder"
    cp "$PROVISION" "$STATE/agent.pyz" "$STATE/key.pub" "$folder/"
    inside "$host" sh -c 'cd /root/zonewright && exec sh nameserver.sh "$@"' provision --agent agent.pyz --key key.pub \
        --name "$host" --control "$(ipv4 control)" --control "$(ipv6 control)" "$@" || return
    [ "$(engine)" = nspawn ] || { service "$host" ssh restart && service "$host" named restart; }
}

host_down() {
    local host=$1 folder=$STATE/$1 outer first tries cgroup
    heal "$host" 2>/dev/null || :
    outer=$(cat "$folder/pid" 2>/dev/null) || outer=
    if runs "$outer"; then
        first=$(leader "$host") || first=
        if [ "$(engine)" = nspawn ]; then kill -TERM "$outer"; else kill -KILL ${first:+"$first"} 2>/dev/null || :; fi
        for ((tries = 0; tries < 100; tries++)); do
            runs "$outer" || break
            [ $tries -lt 60 ] || kill -KILL ${first:+"$first"} "$outer" 2>/dev/null || :
            sleep 0.1
        done
    fi
    for mounted in "$folder/disk" "$folder/root"; do
        ! mountpoint -q "$mounted" || umount "$mounted" || umount -l "$mounted"
    done
    rm -rf "$folder"
    rm -rf /run/systemd/nspawn/*/"$(namespace "$host")" /run/systemd/nspawn/*/"inode:"*"$(namespace "$host")" 2>/dev/null || :
    for cgroup in "${CGROUPS[@]}"; do
        cgroup=$cgroup/$(namespace "$host")
        [ ! -d "$cgroup" ] || for ((tries = 0; tries < 20; tries++)); do
            find "$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null && break
            sleep 0.1
        done
    done
}

# ---- the verbs ------------------------------------------------------------------------------------------

up() {
    check
    if is_up; then
        say "it is up already"
        return
    fi
    build_root
    down
    trap 'down' EXIT
    mkdir -p "$STATE"
    mount -t tmpfs "$LAB" -o mode=0700 "$STATE"
    agent_and_key
    network_up
    hosts_up
    for host in "${NAMESERVERS[@]}"; do known_host "$host"; done >"$STATE/known_hosts"
    touch "$STATE/up"
    trap - EXIT
    hint
}

agent_and_key() {
    PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$ROOT python3 -c '
import pathlib, sys
from nameserver.agent.zipapp import build
build(pathlib.Path(sys.argv[1]))' "$STATE/agent.pyz" || fail "The agent could not be packed."
    ssh-keygen -q -t ed25519 -N '' -C zonewright-lab -f "$STATE/key"
}

# With `auto` the first try is nspawn, the second chroot.
hosts_up() {
    local try tries=("$ENGINE")
    [ "$ENGINE" != auto ] || tries=(nspawn chroot)
    for try in "${tries[@]}"; do
        echo "$try" >"$STATE/engine"
        all_up && return
        for host in "${NAMESERVERS[@]}"; do host_down "$host"; done
        say "the hosts could not be brought up with $try" >&2
    done
    fail "The lab could not be brought up; what the hosts said last is above."
}

all_up() {
    local host job jobs=() status=0
    for host in "${NAMESERVERS[@]}"; do
        host_up "$host" &
        jobs+=($!)
    done
    for job in "${jobs[@]}"; do wait "$job" || status=1; done
    return $status
}

known_host() {
    local file
    for file in "$STATE/$1/root/etc/ssh"/ssh_host_*_key.pub; do
        printf '%s,%s,%s %s\n' "$1" "$(ipv4 "$1")" "$(ipv6 "$1")" "$(cut -d ' ' -f 1,2 "$file")"
    done
}

hint() {
    say "up, with $(engine): control $(ipv4 control), ns1 $(ipv4 ns1), ns2 $(ipv4 ns2); names resolve on control"
    say "  $0 exec control dig @ns1 version.bind ch txt      a command on a host"
    say "  $0 exec control .venv/bin/zonewright --help       the project on the control host"
    say "  $0 fault ns1 link-down; $0 heal ns1               break something, mend it"
    say "  $0 down                                           the end"
}

down() {
    local host
    [ "$(id -u)" = 0 ] || fail "The lab needs root."
    for host in "${NAMESERVERS[@]}"; do [ ! -d "$STATE/$host" ] || host_down "$host"; done
    heal control 2>/dev/null || :
    network_down
    ! mountpoint -q "$STATE" || umount "$STATE" || umount -l "$STATE"
    rmdir "$STATE" 2>/dev/null || :
}

status() {
    local host
    if ! is_up; then
        say "not up"
        return
    fi
    for host in "${NAMESERVERS[@]}"; do
        printf '%s  %s  %s  %s  named: %s  sshd: %s  faults: %s\n' "$host" "$(ipv4 "$host")" "$(ipv6 "$host")" "$(engine)" \
            "$(inside "$host" pidof named || echo none)" "$(inside "$host" pidof sshd || echo none)" \
            "$(sort -u "$STATE/$host/faults" 2>/dev/null | paste -sd , | grep . || echo none)"
    done
}

environment() {
    local host
    must_be_up
    for host in "${HOSTS[@]}"; do
        printf '%s_IPV4=%s\n%s_IPV6=%s\n' "${host^^}" "$(ipv4 "$host")" "${host^^}" "$(ipv6 "$host")"
    done
    printf 'NAMESPACE=%s\nENGINE=%s\n' "$(namespace control)" "$(engine)"
    printf 'KEY=%s\nKNOWN_HOSTS=%s\nAGENT=%s\n' "$STATE/key" "$STATE/known_hosts" "$STATE/agent.pyz"
}

run() {
    is_host "${1:-}"
    must_be_up
    local host=$1
    shift
    [ $# -gt 0 ] || fail "Which command? lab.sh exec HOST COMMAND..."
    if [ "$host" = control ]; then exec ip netns exec "$(namespace control)" "$@"; else inside "$host" "$@"; fi
}

ssh_to() {
    is_nameserver "${1:-}"
    must_be_up
    local host=$1
    shift
    exec ip netns exec "$(namespace control)" ssh -F none -i "$STATE/key" -o IdentitiesOnly=yes -o IdentityAgent=none \
        -o UserKnownHostsFile="$STATE/known_hosts" -o GlobalKnownHostsFile=none -o StrictHostKeyChecking=yes \
        -o BatchMode=yes -o ConnectTimeout=5 "zonewright@$host" "${@:-zonewright-agent}"
}

service() {
    local host=$1 unit=$2 verb=$3
    if [ "$(engine)" = nspawn ]; then
        inside "$host" systemctl "$verb" "$unit"
        return
    fi
    # shellcheck disable=SC2016  # for the shell in there
    case $verb:$unit in
        restart:*) service "$host" "$unit" stop && service "$host" "$unit" start ;;
        stop:named) inside "$host" sh -c 'rm -f /run/named-wanted; p=$(pidof named) && kill $p && while pidof named >/dev/null; do sleep 0.05; done; :' ;;
        start:named) inside "$host" sh -c 'touch /run/named-wanted; i=0; until rndc -k /etc/zonewright/rndc.key status >/dev/null 2>&1 || [ $((i += 1)) = 100 ]; do sleep 0.1; done' ;;
        stop:ssh) inside "$host" sh -c 'kill "$(cat /run/sshd.pid)"; while [ -e /run/sshd.pid ]; do sleep 0.05; done' ;;
        start:ssh) inside "$host" /usr/sbin/sshd ;;
        *) fail "Neither 'named' nor 'ssh', or neither 'start', 'stop' nor 'restart'." ;;
    esac
}

reset() {
    is_nameserver "${1:-}"
    must_be_up
    host_down "$1"
    host_up "$1" || fail "$1 could not be brought up again."
}

# ---- faults ---------------------------------------------------------------------------------------------

fault() {
    is_host "${1:-}"
    must_be_up
    local host=$1 kind=${2:-} net
    net=$(namespace "$host")
    shift 2 || fail "Which fault? See: $0 help"
    case $kind in
        link-down) ip -n "$LAB" link set "to-$host" down ;;
        drop) filter "$host" input "$(packets "${1:-all}") counter drop" ;;
        loss)
            filter "$host" input "numgen random mod 100 < ${1:?percent} counter drop"
            filter "$host" output "numgen random mod 100 < $1 counter drop"
            ;;
        rate)
            tc -n "$net" qdisc replace dev eth0 root tbf rate "${1:?kbit}kbit" burst 3000 limit 100000
            tc -n "$LAB" qdisc replace dev "to-$host" root tbf rate "${1}kbit" burst 3000 limit 100000
            ;;
        delay) delay "$host" "${1:?milliseconds}" ;;
        freeze | kill | disk-full | read-only | host-key)
            is_nameserver "$host"
            host_fault "$host" "$kind" "$@"
            ;;
        *) fail "There is no fault '$kind'. See: $0 help" ;;
    esac
    mkdir -p "$STATE/$host"
    echo "$kind${1:+ $1}" >>"$STATE/$host/faults"
}

host_fault() {
    local host=$1 kind=$2 used
    shift 2
    case $kind in
        freeze) signal "$host" STOP "${1:?named or sshd}" ;;
        kill) signal "$host" KILL "${1:?named or sshd}" ;;
        disk-full)
            used=$(df -k --output=used "$STATE/$host/disk" | tail -n 1)
            mount -o "remount,size=$((used + ${1:-0}))k" "$STATE/$host/disk"
            ;;
        # named keeps its log open for writing, so the mount itself cannot be made read-only: one on top of it can.
        read-only) inside "$host" sh -c 'mount --bind /var/lib/bind /var/lib/bind && mount -o remount,ro,bind /var/lib/bind' ;;
        host-key)
            inside "$host" sh -c 'rm -f /etc/ssh/ssh_host_*_key* && ssh-keygen -q -A'
            service "$host" ssh restart
            ;;
    esac
}

# The program's processes; sshd's own for each connection count, too.
signal() {
    case $3 in named | sshd) ;; *) fail "Neither 'named' nor 'sshd'." ;; esac
    # shellcheck disable=SC2016
    inside "$1" sh -c '[ "$2" != sshd ] || set -- "$1" "$2" sshd-session; s=$1; shift; p=$(pidof "$@") || exit 1
        for each in $p; do kill "-$s" "$each" 2>/dev/null || [ ! -e "/proc/$each" ] || exit 1; done' lab "$2" "$3"
}

filter() {
    ip netns exec "$(namespace "$1")" nft -f - <<RULES
table inet fault {
    chain $2 {
        type filter hook $2 priority -300
        $([ "$2" = input ] && echo iifname || echo oifname) eth0 $3
    }
}
RULES
}

packets() {
    case $1 in
        all) echo 'meta l4proto { tcp, udp, icmp, ipv6-icmp }' ;;
        tcp/[0-9]* | udp/[0-9]*) echo "${1%/*} dport ${1#*/}" ;;
        *) fail "Drop what? all, or tcp/PORT or udp/PORT." ;;
    esac
}

# netem where the kernel has it, else a relay between the cable and the bridge.
delay() {
    local host=$1 tries
    if tc -n "$(namespace "$host")" qdisc replace dev eth0 root netem delay "${2}ms" limit 100000 2>/dev/null; then return; fi
    [ ! -e "$STATE/$host/delay" ] || fail "$host is delayed already: heal it first."
    mkdir -p "$STATE/$host"
    ip -n "$LAB" link set "to-$host" nomaster
    ip -n "$LAB" link add "late-$host" type veth peer name "from-$host"
    ip -n "$LAB" link set "from-$host" master bridge up
    ip -n "$LAB" link set "late-$host" up
    setsid ip netns exec "$LAB" python3 "$HERE/delay.py" "to-$host" "late-$host" "$2" >"$STATE/$host/delay-log" 2>&1 </dev/null &
    echo $! >"$STATE/$host/delay"
    for ((tries = 0; tries < 50; tries++)); do
        ! grep -q ready "$STATE/$host/delay-log" || return 0
        sleep 0.1
    done
    fail "The delay does not work: $(tail -n 1 "$STATE/$host/delay-log")"
}

heal() {
    local host=$1 net relay
    is_host "$host"
    net=$(namespace "$host")
    [ -e "/run/netns/$net" ] || return 0
    if relay=$(cat "$STATE/$host/delay" 2>/dev/null); then
        kill "$relay" 2>/dev/null || :
        rm -f "$STATE/$host/delay"
        ip -n "$LAB" link delete "late-$host"
        ip -n "$LAB" link set "to-$host" master bridge
    fi
    ip -n "$LAB" link set "to-$host" up
    ip netns exec "$net" nft delete table inet fault 2>/dev/null || :
    tc -n "$net" qdisc delete dev eth0 root 2>/dev/null || :
    tc -n "$LAB" qdisc delete dev "to-$host" root 2>/dev/null || :
    if [ "$host" != control ] && leader "$host" >/dev/null; then heal_host "$host"; fi
    rm -f "$STATE/$host/faults"
}

heal_host() {
    local host=$1 faults
    faults=$(cat "$STATE/$host/faults" 2>/dev/null) || return 0
    case $faults in *freeze\ named*) signal "$host" CONT named || : ;; esac
    case $faults in *freeze\ sshd*) signal "$host" CONT sshd || : ;; esac
    case $faults in *disk-full*) mount -o "remount,size=$DISK" "$STATE/$host/disk" ;; esac
    case $faults in *read-only*) inside "$host" umount -l /var/lib/bind ;; esac
    case $faults in *host-key*)
        rm -f "$STATE/$host/root/etc/ssh"/ssh_host_*_key*
        cp -p "$STATE/host-keys/$host"/* "$STATE/$host/root/etc/ssh/"
        service "$host" ssh restart
        ;;
    esac
    inside "$host" pidof sshd >/dev/null || service "$host" ssh start
    inside "$host" pidof named >/dev/null || service "$host" named start
}

heal_named() {
    must_be_up
    [ "$1" = all ] && set -- "${HOSTS[@]}"
    for host; do heal "$host"; done
}

verb=${1:-help}
[ $# = 0 ] || shift
case $verb in
    up | down | status | fault | reset) "$verb" "$@" ;;
    check) check ;;
    env) environment ;;
    exec) run "$@" ;;
    ssh) ssh_to "$@" ;;
    service)
        is_nameserver "${1:-}"
        must_be_up
        service "$1" "${2:-}" "${3:-}"
        ;;
    provision)
        is_nameserver "${1:-}"
        must_be_up
        provision "$@"
        ;;
    heal) heal_named "${1:?HOST or all}" ;;
    purge)
        ! is_up || fail "The lab is up: $0 down first."
        rm -rf "$CACHE"
        ;;
    help | -h | --help) usage ;;
    *)
        usage >&2
        exit 2
        ;;
esac
