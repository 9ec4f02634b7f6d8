#!/usr/bin/env bash
# Run a command in a network and mount (and, as an ordinary user, user) namespace of its
# own, which goes away with it. In a chroot whose root is no mount point the mounts cannot
# be kept from the rest of the machine: the command gets a network namespace and
# NO_MOUNTS, which says why. Exit code 77 where no network namespace is to be had.
set -u
if [ "$(id -u)" = 0 ]; then
  enter=(unshare -n)
else
  enter=(unshare -U -r -n)
fi
if ! why=$("${enter[@]}" true 2>&1); then
  echo "SKIP: this machine does not let us make network namespaces (${enter[*]}: ${why##*unshare: })"
  exit 77
fi
if why=$("${enter[@]}" -m true 2>&1); then
  enter+=(-m)
else
  export NO_MOUNTS="no mount namespace of our own (${why##*unshare: })"
fi
exec "${enter[@]}" "$@"
