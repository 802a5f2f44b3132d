#!/bin/sh
# Start a nameserver's container: the control plane's public key comes in ZONEWRIGHT_KEY, host keys are kept in a
# volume, so that their fingerprints outlive the container. Ends when named or sshd ends: the engine starts it anew.
set -eu
here=/usr/local/lib/zonewright-image
[ -n "${ZONEWRIGHT_KEY:-}" ] || {
    echo "Set ZONEWRIGHT_KEY to the line that \`zonewright nameserver key\` prints." >&2
    exit 64
}
printf '%s\n' "$ZONEWRIGHT_KEY" >/run/zonewright-key.pub
for kind in ed25519 ecdsa rsa; do
    [ -e "/etc/ssh/keys/ssh_host_${kind}_key" ] ||
        ssh-keygen -q -t "$kind" -N '' -f "/etc/ssh/keys/ssh_host_${kind}_key"
    cp -p "/etc/ssh/keys/ssh_host_${kind}_key" "/etc/ssh/keys/ssh_host_${kind}_key.pub" /etc/ssh/
done
sh "$here/nameserver.sh" --agent "$here/agent.pyz" --key /run/zonewright-key.pub
install -d -o root -g bind -m 775 /var/lib/bind /run/named
setpriv --reuid=bind --regid=bind --init-groups /usr/local/lib/zonewright/before-named
mkdir -p /run/sshd
/usr/sbin/sshd -D -e &
sshd=$!
(umask 027 && exec /usr/sbin/named -f -u bind -c /var/lib/bind/zonewright/named.conf) &
named=$!
trap 'kill "$sshd" "$named" 2>/dev/null' TERM INT
while kill -0 "$sshd" 2>/dev/null && kill -0 "$named" 2>/dev/null; do sleep 1; done
kill "$sshd" "$named" 2>/dev/null || :
wait
