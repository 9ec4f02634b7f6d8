#!/usr/bin/env bash
# circles.sh notices a circle between modules and one between rooms, and none where there is none.
set -u
here=$(cd "$(dirname "$0")" && pwd)
tree=$(mktemp -d) || exit 1
trap 'rm -rf "$tree"' EXIT
export WT_ARROWS_LEAST=1
mkdir -p "$tree/base/low" "$tree/ring"
echo '#include "two.h"' >"$tree/base/one.c"
echo '#include <wiretape/base/low/three.h>' >"$tree/base/two.h"
: >"$tree/base/one.h"
: >"$tree/base/low/three.h"
"$here/circles.sh" "$tree" || exit 1
echo '#include "one.h"' >"$tree/base/two_private.h"
"$here/circles.sh" "$tree" && exit 1
rm "$tree/base/two_private.h"
echo '#include <wiretape/base/one.h>' >"$tree/base/low/three.c"
"$here/circles.sh" "$tree" && exit 1
exit 0
