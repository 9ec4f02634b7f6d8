#!/usr/bin/env bash
# Run a command as root: as it is for root, else as the root of a user namespace, or,
# where the machine does not allow that, as the user after all. Tests that then lack
# the right to something skip themselves and say so.
set -u
if [ "$(id -u)" != 0 ] && unshare -U -r true 2>/dev/null; then
  exec unshare -U -r "$@"
fi
exec "$@"
