#!/bin/sh
# Build the root file system of the lab's hosts: a plain Debian with systemd, sshd and Python, as a rented server has
# them. It carries an apt repository with the packages that provisioning asks for, and its apt knows no other, so
# `apt-get update && apt-get install bind9` runs for real in a host without any network.
#
#   build-root.sh FOLDER SUITE PACKAGES...
#
# LAB_ALSO=PACKAGE,... are in it from the start, too; LAB_HOOK=FILE is a script for sh that completes it: $1 is the root.
set -eu

root=$1
suite=$2
shift 2
BASE=systemd,systemd-sysv,dbus,openssh-server,python3,iproute2,procps,util-linux${LAB_ALSO:+,$LAB_ALSO}
REPOSITORY=/var/lib/lab-packages

# Where this machine's own apt gets the suite from; where it has another one, mmdebstrap's own choice.
sources() {
    # shellcheck disable=SC2016  # the names in $(…) are apt's
    apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' 2>/dev/null |
        awk -v suite="$suite" '$2 ~ "^" suite "(-updates|-security)?$" { print "deb", $1, $2, "main" }' | sort -u
}

hook=$(mktemp)
trap 'rm -f "$hook"' EXIT
cat >"$hook" <<HOOK
set -eu
root=\$1
mkdir -p "\$root$REPOSITORY"
rm -f "\$root"/var/cache/apt/archives/*.deb
DEBIAN_FRONTEND=noninteractive chroot "\$root" apt-get install -qq -y --no-install-recommends --download-only $* >/dev/null
mv "\$root"/var/cache/apt/archives/*.deb "\$root$REPOSITORY/"
(cd "\$root$REPOSITORY" && dpkg-scanpackages -m . /dev/null 2>/dev/null >Packages)
rm -f "\$root"/etc/apt/sources.list.d/*
echo 'deb [trusted=yes] file:$REPOSITORY ./' >"\$root/etc/apt/sources.list"
rm -rf "\$root"/var/lib/apt/lists/* "\$root"/var/cache/apt/*.bin
rm -rf "\$root"/usr/share/doc/* "\$root"/usr/share/man/* "\$root"/usr/share/locale/*
# Each host makes its own at its first boot.
rm -f "\$root"/etc/ssh/ssh_host_*
: >"\$root/etc/machine-id"
: >"\$root/etc/resolv.conf"
cat >"\$root/etc/systemd/system/ssh-host-keys.service" <<UNIT
[Unit]
Before=ssh.service
[Service]
Type=oneshot
ExecStart=/usr/bin/ssh-keygen -A
[Install]
WantedBy=multi-user.target
UNIT
printf 'UseDNS no\n' >"\$root/etc/ssh/sshd_config.d/lab.conf"
chroot "\$root" systemctl --quiet enable ssh-host-keys ssh
for unit in apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer \
    dpkg-db-backup.timer systemd-timesyncd.service; do
    chroot "\$root" systemctl --quiet mask "\$unit" 2>/dev/null || :
done
HOOK

lines=$(sources)
printf '%s\n' "$lines" | grep -q " $suite main$" || lines=
# With `-` as the mirror it reads the lines from its input; without one it writes its own.
printf '%s\n' "$lines" | mmdebstrap --quiet --variant=minbase --include="$BASE" --skip=cleanup/apt/lists \
    --customize-hook="sh $hook \"\$1\"" \
    ${LAB_HOOK:+--customize-hook="sh '$LAB_HOOK' \"\$1\""} "$suite" "$root" ${lines:+-}
