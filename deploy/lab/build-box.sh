#!/bin/sh
# Build a Vagrant box for libvirt out of the lab's Debian: a kernel, the account Vagrant logs in with, and everything
# that provisioning installs, for its ordinary calls of apt-get and pip. In it neither needs a network.
#
#   build-box.sh BOX SUITE PACKAGES...     PYTHON=... has pip, for fetching the packages of requirements.lock
set -eu

HERE=$(cd -P "$(dirname "$0")" && pwd)
LOCK=$HERE/../../requirements.lock
BASE=udev,kmod,sudo,rsync,ca-certificates,iputils-ping,apparmor,linux-image-cloud-amd64,initramfs-tools,zstd
WHEELS=/var/lib/lab-wheels
box=$1
suite=$2
shift 2
work=$(mktemp -d "$box.XXXXXX")
trap 'rm -rf "$work"' EXIT
root=$work/root

say() { printf 'build-box.sh: %s\n' "$*"; }

# What the root gets beyond that of `make lab`; the network as Vagrant's boxes have it: eth0 by DHCP.
cat >"$work/hook" <<HOOK
set -eu
root=\$1
chroot "\$root" useradd --create-home --shell /bin/bash vagrant
echo 'vagrant ALL=(ALL) NOPASSWD: ALL' >"\$root/etc/sudoers.d/vagrant"
chmod 440 "\$root/etc/sudoers.d/vagrant"
chroot "\$root" install -d -o vagrant -g vagrant -m 700 /home/vagrant/.ssh
chroot "\$root" install -o vagrant -g vagrant -m 600 /dev/stdin /home/vagrant/.ssh/authorized_keys \\
    <"$(dpkg -L vagrant | grep '/keys/vagrant\.pub$')"
echo /dev/vda / ext4 rw,noatime,errors=remount-ro 0 1 >"\$root/etc/fstab"
echo debian >"\$root/etc/hostname"
printf '127.0.0.1 localhost\n127.0.1.1 debian\n' >"\$root/etc/hosts"
cat >"\$root/etc/systemd/network/10-eth0.network" <<NETWORK
[Match]
Name=eth0
[Network]
DHCP=ipv4
IPv6AcceptRA=no
[DHCPv4]
ClientIdentifier=mac
NETWORK
chroot "\$root" systemctl --quiet enable systemd-networkd
chroot "\$root" systemctl --quiet mask systemd-networkd-wait-online.service
printf 'MODULES=list\nCOMPRESS=zstd\n' >"\$root/etc/initramfs-tools/conf.d/lab"
printf 'virtio_pci\nvirtio_blk\nvirtio_net\next4\n' >"\$root/etc/initramfs-tools/modules"
chroot "\$root" update-initramfs -u >/dev/null
printf '[global]\nno-index = true\nfind-links = $WHEELS\n' >"\$root/etc/pip.conf"
HOOK

# By the hashes of the lock file, for the root's Python and a processor like this machine's.
wheels() {
    version=$(chroot "$root" python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    machine=$(uname -m)
    "${PYTHON:-python3}" -m pip download --quiet --no-input --disable-pip-version-check --no-deps --require-hashes \
        --only-binary :all: --implementation cp --python-version "$version" \
        --abi "cp${version%.*}${version#*.}" --abi abi3 --abi none --platform "manylinux2014_$machine" \
        --platform "manylinux_2_17_$machine" --platform "manylinux_2_28_$machine" --dest "$root$WHEELS" -r "$LOCK"
}

# The kernel is started without a boot loader: no loop device is needed, and seconds are saved in an emulated machine.
image() {
    cp "$root"/boot/vmlinuz-* "$work/vmlinuz"
    cp "$root"/boot/initrd.img-* "$work/initrd.img"
    truncate -s 5G "$work/raw"
    mkfs.ext4 -q -d "$root" "$work/raw"
    qemu-img convert -O qcow2 -c "$work/raw" "$work/box.img"
    echo '{"provider": "libvirt", "format": "qcow2", "virtual_size": 5}' >"$work/metadata.json"
    cat >"$work/Vagrantfile" <<'VAGRANTFILE'
Vagrant.configure("2") do |config|
  config.ssh.insert_key = false # these machines are reached from inside their own network namespace only
  config.vm.provider :libvirt do |machine|
    machine.disk_driver cache: "unsafe" # nobody misses these machines after a power failure
    machine.kernel = File.expand_path("vmlinuz", __dir__)
    machine.initrd = File.expand_path("initrd.img", __dir__)
    machine.cmd_line = "root=/dev/vda rw console=ttyS0 net.ifnames=0 quiet mitigations=off"
  end
end
VAGRANTFILE
}

say "a Debian $suite"
LAB_ALSO=$BASE LAB_HOOK=$work/hook sh "$HERE/build-root.sh" "$root" "$suite" "$@"
say "the Python packages"
wheels
say "the image"
image
tar -C "$work" -cf "$work/box" metadata.json Vagrantfile box.img vmlinuz initrd.img
mv "$work/box" "$box"
