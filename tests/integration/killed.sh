#!/usr/bin/env bash
# SIGKILL at any moment: what had been written is there, also for others; repair makes
# the file whole and names what is missing.
. "$SUPPORT/lib.sh"
need tshark capinfos editcap tcpdump
make_link out0 in0
kills=${KILLS:-6} seed=${SEED:-$RANDOM}
RANDOM=$seed
echo "SEED=$seed"
file=$work/file.pcapng

# The sum that its ledger has just said is written.
poke() {
  : >"$work/err"
  wait_until "it prints the ledger" printed_ledger
  note_reported
}

note_reported() {
  reported=$(sed -nE 's/.*in0: seen [0-9]+ = written ([0-9]+) .*/\1/p' "$work/err" | tail -n 1)
}

# Poked again and again: the last ledger is from just before the end.
arrived_while_poked() {
  poke
  arrived in0 "$1"
}

# gaps FILE: what is missing before a packet beyond its own drop count, a line each.
gaps() {
  fields "$1" frame.drop_count >"$work/drops"
  mv "$work/other.err" "$work/tshark.err"
  numbers "$1" | paste - "$work/drops" | awk -F'\t' '{gap = $1 - last - 1 - $2; if (gap) print gap; last = $1}'
  cat "$work/tshark.err" >>"$work/other.err"
}

# kill_it NAME: without the shell's remark on it.
kill_it() {
  {
    kill -KILL "$recorder"
    if [ -e "$work/frozen" ]; then thaw; fi
    await_recorder
    stop_generator
  } 2>"$work/shell.err"
  assert_eq "$1: ended by" 137 "$status"
}

# Others read what is whole from the beginning on, and stop there.
read_as_left() {
  before=$(numbers "$file" | wc -l)
  if others_complain | grep -vE 'cut short in the middle|appears to be damaged or corrupt|^\(pcapng: '; then
    fail "$1: editcap says more of the file as it was left"
  fi
}

# repair_it NAME: and what must be true of it.
repair_it() {
  local name=$1 after
  timeout 100 "$WIRETAPE" repair --json "$file" >"$work/repaired" 2>"$work/repair.err"
  assert_eq "$name: repair: exit code, $(cat "$work/repair.err")" 0 $?
  after=$(packets "$file")
  if others_complain >"$work/complaints"; then fail "$name: capinfos complains: $(cat "$work/complaints")"; fi
  assert_eq "$name: packets as repair says" "$after" "$(jq .packets "$work/repaired")"
  assert_eq "$name: packets for us" "$after" "$("$WIRETAPE" info --json "$file" | jq .packets)"
  assert "$name: none is gone by the repair" test "$after" -ge "$before"
  assert "$name: none is gone that was written" test "$after" -ge "$reported"
  gaps "$file" >"$work/gaps"
  if others_complain >"$work/complaints"; then fail "$name: tshark complains: $(cat "$work/complaints")"; fi
  # Behind the last packet no gap can be seen.
  assert_eq "$name: gaps in the sequence are the holes of the report" \
    "$(jq -r '.holes[] | select(.packets > 0 and .before_ns != null).packets' "$work/repaired")" \
    "$(cat "$work/gaps")"
  # Once is enough.
  cp "$file" "$work/once"
  timeout 100 "$WIRETAPE" repair "$file" >"$work/repaired" 2>&1 || fail "$name: repaired again: $(cat "$work/repaired")"
  assert "$name: a second repair changes nothing" cmp "$work/once" "$file"
}

# kill_under_load NAME RATE OPTION...: at any moment.
kill_under_load() {
  local name=$1 pps=$2 target
  shift 2
  rm -f "$file"
  start_recorder -i in0 -w "$file" "$@"
  start_generator out0 -s $((RANDOM % 2 ? 1400 : 100)) -p "$pps" -c 0
  target=$(($(received in0) + 1 + RANDOM % 40000))
  wait_until "the load goes on" arrived_while_poked $target
  kill_it "$name"
  read_as_left "$name"
  repair_it "$name"
}

# kill_queues NAME RATE OPTION...: two queues, each file of which is repaired by itself.
kill_queues() {
  local name=$1 pps=$2 after=0 one target
  shift 2
  rm -f "$work"/lanes_q?.pcapng
  start_recorder -i in0 -w "$work/lanes.pcapng" --queues 2 --fanout lb "$@"
  start_generator out0 -s $((RANDOM % 2 ? 1400 : 100)) -p "$pps" -c 0
  target=$(($(received in0) + 1 + RANDOM % 40000))
  wait_until "the load goes on" arrived_while_poked $target
  kill_it "$name"
  for one in "$work"/lanes_q?.pcapng; do
    timeout 100 "$WIRETAPE" repair --json "$one" >"$work/repaired" 2>"$work/repair.err"
    assert_eq "$name: repair ${one##*/}: exit code, $(cat "$work/repair.err")" 0 $?
    assert_eq "$name: packets as repair says" "$(jq .packets "$work/repaired")" "$(packets "$one")"
    after=$((after + $(jq .packets "$work/repaired")))
    cp "$one" "$work/once"
    timeout 100 "$WIRETAPE" repair "$one" >"$work/repaired" 2>&1 || fail "$name: repaired again: $(cat "$work/repaired")"
    assert "$name: a second repair changes nothing" cmp "$work/once" "$one"
  done
  assert "$name: none is gone that was written: $after of $reported" test "$after" -ge "$reported"
  assert_eq "$name: numbers that are there twice" "" \
    "$({ numbers "$work/lanes_q0.pcapng"; numbers "$work/lanes_q1.pcapng"; } | sort -n | uniq -d | head -n 3)"
}

# Many blocks handed over, none of which the disk has taken. With all that it can hand over
# on their way it waits for the disk, and does not answer.
many_in_flight() {
  local end=$((SECONDS + 3))
  : >"$work/err"
  until printed_ledger; do
    [ $SECONDS -lt $end ] || return 0
    pause
  done
  note_reported
  [ "$(sed -nE 's/.* ([0-9]+) writes in flight.*/\1/p' "$work/err" | tail -n 1)" -ge "$1" ]
}

# kill_in_stall NAME WRITES OPTION...: with as many on their way to a disk that stalls.
kill_in_stall() {
  local name=$1 writes=$2
  shift 2
  rm -f "$file"
  start_recorder -i in0 -w "$file" --ring 64MiB "$@"
  start_generator out0 -s 1400 -p 20000 -c 0
  wait_until "it writes" arrived in0 $(($(received in0) + 5000))
  poke
  freeze 30
  wait_until "writes pile up" many_in_flight "$writes"
  kill_it "$name"
  read_as_left "$name"
  repair_it "$name"
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
  kill_under_load "kill $i ($way)" ${rate/#0/max} $way
  # shellcheck disable=SC2086
  ((i % 2)) || kill_queues "kill $i, two queues ($way)" ${rate/#0/max} $way
done

# Of what was on its way some arrives and some does not: holes with good blocks behind them.
make_disk 1024
file=$work/disk/file.pcapng
for layout in inplace compact; do
  kill_in_stall "killed in a stall, $layout, io_uring" 6 --layout $layout --io uring
  kill_in_stall "killed in a stall, $layout, pwrite" 2 --layout $layout --io pwrite
done
