#!/usr/bin/env bash
# What README.md and docs/*.md name of the code is there: paths, functions (`name()`), and names with
# our prefix. Run with the source tree as $1.
set -u
cd "$1" || exit 1
bad=0 checked=0

# named PATTERN: what stands in backticks and is like it. Examples have "name" or "NN" in them.
named() {
  grep -ohE "\`$1\`" README.md docs/*.md | tr -d '`()' | grep -vE 'NN|_name\.|/name\.' | sort -u
}

# missing NAME WHAT
missing() {
  echo "$(grep -lF "\`$1" README.md docs/*.md | paste -sd ' '): there is no $2 $1"
  bad=1
}

# Names in the code, a line each.
words=$(find . -path ./build -prune -o -name '*.[ch]' -exec cat {} + | grep -oE '[A-Za-z_][A-Za-z_0-9]*' | sort -u)

while read -r path; do
  checked=$((checked + 1))
  [ -e "$path" ] || missing "$path" path
done < <(named '[a-z]+/[A-Za-z_0-9./-]+' | grep -v '^build')
while read -r name; do
  checked=$((checked + 1))
  grep -qxF "$name" <<<"$words" || missing "$name" function
done < <(named '[a-z_0-9]+\(\)'; named '(wt|WT)_[a-z_0-9]+')
[ "$checked" -gt 150 ] || { echo "only $checked names found: does this test still see them?"; bad=1; }
echo "$checked names checked"
exit $bad
