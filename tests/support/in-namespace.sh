#!/usr/bin/env bash
# Run a command in a network (and, as an ordinary user, user) namespace of its own,
# which goes away with it. Exit code 77 where the machine does not allow that.
set -u
if [ "$(id -u)" = 0 ]; then
  enter=(unshare -n -m)
else
  enter=(unshare -U -r -n -m)
fi
if ! "${enter[@]}" true 2>/dev/null; then
  echo "SKIP: this machine does not let us make network namespaces (${enter[*]})"
  exit 77
fi
exec "${enter[@]}" "$@"
