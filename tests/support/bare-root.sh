#!/usr/bin/env bash
# Run a command in this tree, as it is copied into a new Debian 12 made by debootstrap: a
# machine that has nothing. As root, in a chroot that goes away afterwards. The packages come
# from where this machine's come from.
#
#   tests/support/bare-root.sh ./quickstart.sh
set -eu
[ "$(id -u)" = 0 ] || { echo "SKIP: making a Debian takes root"; exit 77; }
if [ -z "${WT_BARE_ROOT:-}" ]; then
  # In a mount namespace, so that its mounts go when it ends, however it ends.
  WT_BARE_ROOT=$(mktemp -d) || exit
  export WT_BARE_ROOT
  trap 'rm -rf --one-file-system "$WT_BARE_ROOT"' EXIT
  unshare -m -p -f --kill-child "$0" "$@"
  exit
fi

root=$WT_BARE_ROOT
tree=$(cd "$(dirname "$0")/../.." && pwd)
mount --bind "$root" "$root"
debootstrap --variant=minbase bookworm "$root" http://deb.debian.org/debian >"$root.log" 2>&1 ||
  { tail -n 3 "$root.log"; rm -f "$root.log"; echo "SKIP: no Debian can be made"; exit 77; }
rm -f "$root.log"
cp /etc/resolv.conf "$root/etc/"
cp -r /etc/apt/apt.conf.d /etc/apt/sources.list* "$root/etc/apt/" 2>/dev/null || true
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
mkdir "$root/tree"
(cd "$tree" && tar -c --exclude=./build .) | tar -x -C "$root/tree"
env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot "$root" \
  sh -c 'cd /tree && exec "$@"' sh "$@"
