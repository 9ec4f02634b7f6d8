#!/usr/bin/env bash
# schemas.sh WIRETAPE: write docs/schema from the program's tables.
set -eu
cd "$(dirname "$0")/../../docs/schema"
"$1" schema | while read -r name _; do
  "$1" schema "$name" >"$name.json"
done
