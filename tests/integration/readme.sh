#!/usr/bin/env bash
# What stands in README.md can be pasted, top to bottom, into one shell: each command ends well,
# and prints what is printed there, but for numbers and their units.
. "$SUPPORT/lib.sh"
need tshark capinfos gzip
readme=$(cd "$SUPPORT/../.." && pwd)/README.md

# Build, test and measure: too long for here, and checked elsewhere.
elsewhere='^(\./quickstart\.sh|\./check\.sh|bench/|build/)'

# The commands into $work/paste, one a line: "number<tab>command"; what is to be printed after a
# prompt into $work/expected.number. Blocks without prompts are commands alone.
awk -v work="$work" -v elsewhere="$elsewhere" '
  /^```/ {
    inside = !inside
    prompts = inside && $0 == "```console"
    pasted = inside && ($0 == "```console" || $0 == "```")
    drawing = 0
    next
  }
  !inside || !pasted { next }
  # A diagram is a block that begins with spaces.
  !prompts && /^ / { drawing = 1 }
  drawing || $0 == "" { next }
  !prompts { if ($0 !~ elsewhere) print ++count "\t" $0 >(work "/paste"); next }
  /^\$ / { print ++count "\t" substr($0, 3) >(work "/paste"); printf "" >(work "/expected." count); next }
  { print >(work "/expected." count) }' "$readme"
commands=$(wc -l <"$work/paste")
assert "there are commands in README.md" test "$commands" -ge 25

# One shell for all of them, with the program where quickstart.sh leaves it.
mkdir -p "$work/tree/build/quickstart/cli"
ln -s "$WIRETAPE" "$work/tree/build/quickstart/cli/wiretape"
{
  echo "cd $work/tree; PATH=$work/tree/build/quickstart/cli:\$PATH"
  while IFS=$'\t' read -r number command; do
    # The braces keep $! and variables in this shell.
    printf '{ %s\n} >%s 2>&1 </dev/null; echo $? >%s\n' "$command" "$work/printed.$number" "$work/status.$number"
  done <"$work/paste"
} >"$work/script"
timeout 100 bash "$work/script" || fail "the commands take too long"

# Words remain; numbers, their units and the spaces between are one machine's.
words() {
  sed -E 's/[0-9]+([.,:-][0-9]+)*/N/g; s/N [kM]?pps/N pps/g; s/N (ns|us|ms|s)\b/N s/g; s/N [kMG]?(b|B|bytes)\b/N B/g
    s/N [kMG]\b/N/g; s/[[:space:]]+/ /g' "$1"
}

while IFS=$'\t' read -r number command; do
  printed=$work/printed.$number
  assert_eq "$command: exit code" 0 "$(cat "$work/status.$number" 2>/dev/null)"
  [ "$(cat "$work/status.$number" 2>/dev/null)" = 0 ] || tail -n 5 "$printed" >&2
  [ -e "$work/expected.$number" ] || continue
  # A machine's shortcomings are reported in lines of their own, as is tshark's fear of root. A line
  # that begins with the time of day is about a feed.
  grep -vE '^wiretape: ([^0-9]|[0-9]+[^0-9:])|^Running as user ' "$printed" >"$work/own"
  words "$work/own" >"$work/got"
  words "$work/expected.$number" >"$work/wanted"
  cmp -s "$work/wanted" "$work/got" && continue
  fail "$command: prints something else than README.md says:"
  diff "$work/wanted" "$work/got" >&2
done <"$work/paste"
