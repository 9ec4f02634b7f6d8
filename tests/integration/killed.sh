#!/usr/bin/env bash
# SIGKILL at any moment: what had been written is there, also for others; repair makes
# the file whole and names what is missing.
. "$SUPPORT/lib.sh"
need tshark capinfos
make_link out0 in0
kills=${KILLS:-10} seed=${SEED:-$RANDOM}
RANDOM=$seed
echo "SEED=$seed"
file=$work/file.pcapng

# The sum that its ledger has just said is written.
poke() {
  : >"$work/err"
  wait_until "it prints the ledger" printed_ledger
  reported=$(sed -nE 's/.*in0: seen [0-9]+ = written ([0-9]+) .*/\1/p' "$work/err" | tail -n 1)
}

# Poked again and again: the last ledger is from just before the end.
arrived_while_poked() {
  poke
  arrived in0 "$1"
}

# gaps FILE: what is missing before a packet beyond its own drop count, a line each.
gaps() {
  numbers "$1" frame.drop_count |
    awk -F'\t' '{gap = $1 - last - 1 - $2; if (gap) print gap; last = $1}'
}

# kill_once NAME RATE OPTION...: a recorder with these.
kill_once() {
  local name=$1 pps=$2 before after target
  shift 2
  rm -f "$file"
  start_recorder -i in0 -w "$file" "$@"
  start_generator out0 -s $((RANDOM % 2 ? 1400 : 100)) -p "$pps" -c 0
  target=$(($(received in0) + 1 + RANDOM % 40000))
  wait_until "the load goes on" arrived_while_poked $target
  # Without the shell's remark on it.
  {
    kill -KILL "$recorder"
    await_recorder
    stop_generator
  } 2>"$work/shell.err"
  assert_eq "$name: ended by" 137 "$status"

  # Others read what is whole from the beginning on, and stop there.
  before=$(timeout 60 tshark -n -r "$file" -T fields -e frame.number 2>"$work/other.err" | wc -l)
  grep -vE 'Running as user|cut short in the middle|appears to be damaged or corrupt|pcapng' "$work/other.err" |
    grep . && fail "$name: tshark says more of the file as it was left"

  timeout 60 "$WIRETAPE" repair --json "$file" >"$work/repaired" 2>"$work/repair.err"
  assert_eq "$name: repair: exit code, $(cat "$work/repair.err")" 0 $?
  after=$(packets "$file")
  if others_complain >"$work/complaints"; then fail "$name: capinfos complains: $(cat "$work/complaints")"; fi
  assert_eq "$name: packets as repair says" "$after" "$(jq .packets "$work/repaired")"
  assert "$name: none is gone by the repair" test "$after" -ge "$before"
  assert "$name: none is gone that was written" test "$after" -ge "$reported"
  gaps "$file" >"$work/gaps"
  if others_complain >"$work/complaints"; then fail "$name: tshark complains: $(cat "$work/complaints")"; fi
  assert_eq "$name: gaps in the sequence are the holes of the report" \
    "$(jq -r '.holes[].packets | select(. > 0)' "$work/repaired")" "$(cat "$work/gaps")"
  assert_eq "$name: read by us" "$after" "$("$WIRETAPE" info --json "$file" | jq .packets)"
  # Once is enough.
  cp "$file" "$work/once"
  timeout 60 "$WIRETAPE" repair "$file" >"$work/repaired" 2>&1 || fail "$name: repaired again: $(cat "$work/repaired")"
  assert "$name: a second repair changes nothing" cmp "$work/once" "$file"
}

ways=(
  "--layout inplace --io uring"
  "--layout compact --io pwrite"
  "--layout inplace --io pwrite"
  "--layout compact --io uring"
  "--layout inplace --io uring --direct off"
)
for ((i = 0; i < kills && failures < 10; i++)); do
  way=${ways[i % ${#ways[@]}]}
  # Now and then as fast as it goes.
  rate=$((i % 3 == 2 ? 0 : 50000))
  # shellcheck disable=SC2086 # these are words
  kill_once "kill $i ($way)" ${rate/#0/max} $way
done
