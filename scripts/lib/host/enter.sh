#!/usr/bin/env bash
# enter.sh TREE CMD…: becomes CMD with TREE as its root. Run as the first process of fresh mount, pid, uts
# and ipc namespaces (see namespaces.sh); whatever is mounted here goes with its last process.
#
# pivot_root, not chroot: in a chroot the kernel refuses user namespaces, which a real host allows.
set -euo pipefail
tree="$1"
shift

mount --make-rprivate /
mount --bind "$tree" "$tree"
cd "$tree"

# A /dev of our own: the nodes that programs expect, a private set of terminals, and /dev/shm open to all
# (transfer_vn's process pool needs it).
mount -t tmpfs -o mode=755,size=1m tmpfs dev
mkdir -p dev/pts dev/shm
for node in null:3 zero:5 full:7 random:8 urandom:9; do
  mknod -m 666 "dev/${node%:*}" c 1 "${node#*:}"
done
mknod -m 666 dev/tty c 5 0
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s /proc/self/fd/0 dev/stdin
ln -s /proc/self/fd/1 dev/stdout
ln -s /proc/self/fd/2 dev/stderr
mount -t tmpfs -o mode=1777 tmpfs dev/shm
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t tmpfs -o mode=755 tmpfs run
mkdir -m 1777 run/lock
mkdir -m 755 run/sshd
hostname "$(cat etc/hostname)"

mkdir -p .old
pivot_root . .old
cd /
umount -l /.old
rmdir /.old
exec "$@"
