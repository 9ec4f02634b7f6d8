#!/usr/bin/env bash
# A folder may include only folders to its left. Run with the source tree as $1.
set -u
cd "$1" || exit 1
order="ring stamp writer feed capture replay cli"
allowed="" bad=0 checked=0
for folder in $order; do
  allowed="$allowed $folder"
  while IFS=: read -r file line text; do
    checked=$((checked + 1))
    target=$(sed -E 's|.*#include <wiretape/([a-z]+)/.*|\1|' <<<"$text")
    case " $allowed " in
      *" $target "*) ;;
      *) echo "$file:$line: $folder/ may not include $target/"; bad=1 ;;
    esac
  done < <(grep -nE '#include <wiretape/' "$folder"/*.[ch] /dev/null)
  # Quoted includes stay inside the folder.
  grep -nE '#include ".*/' "$folder"/*.[ch] /dev/null && { echo "$folder/: include by <wiretape/…>"; bad=1; }
done
[ "$checked" -gt 50 ] || { echo "only $checked includes found: does this test still see them?"; bad=1; }
# ring/ makes no system calls: it needs none of these headers.
grep -nE '#include <(sys/|unistd|fcntl|poll|time|pthread|stdio)' ring/*.[ch] | grep -v 'ring/error\.c.*stdio' &&
  { echo "ring/ may not make system calls or print"; bad=1; }
echo "$checked includes checked"
exit $bad
