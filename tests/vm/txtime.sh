#!/usr/bin/env bash
# Launch times, by the qdiscs that keep them: with each, a tape is replayed from nic0, packets
# are handed over a tenth of a second early, and what arrives at nic1 is compared with the
# tape. An emulated processor stands still for milliseconds now and then, so the same is done
# without launch times, and what is asked for is far from both.
. "$VM/lib.sh"
need awk
links_up nic0 nic1
packets=200 lead_ms=100

undo() {
  tc qdisc del dev nic0 root 2>/dev/null
}

start_recorder -i nic1 -w "$RESULTS/tape.pcapng"
replay gen:count=$packets,pps=100,gaps=random,size=200 -i nic0 --pace sleep --json
assert_eq "the tape: exit code" 0 "$code"
stop_after $packets

# value FILE FILTER
value() {
  jq -r "$2" "$RESULTS/$1.json"
}

# plays NAME OPTION...: the tape, and what arrives of it is in NAME.pcapng. Without a tolerance,
# only drops make an exit code of 4.
plays() {
  local name=$1
  shift
  start_recorder -i nic1 -w "$RESULTS/$name.pcapng"
  replay "$RESULTS/tape.pcapng" -i nic0 --json --proof "$RESULTS/$name.csv" "$@"
  cp "$work/sent" "$RESULTS/$name.json"
  assert_eq "$name: exit code ($(cat "$work/complaints"))" \
    "$(value "$name" 'if .proof.dropped > 0 then 4 else 0 end')" "$code"
  stop_after "$(value "$name" '.sent - .proof.dropped')"
  "$WIRETAPE" compare "$RESULTS/tape.pcapng" "$RESULTS/$name.pcapng" --json --align min \
    >"$RESULTS/$name.compare.json"
  judge "$name"
}

# judge NAME: each packet has arrived once and in order or is known to be dropped, and the
# driver was given it when it was due.
judge() {
  local name=$1
  note "$name: $(value "$name" '"\(.sent) sent, \(.late_launches) late, \(.refused) refused, \(.proof.dropped) dropped; driver: error p50 \(.proof.error.p50_ns / 1000 | round) p99 \(.proof.error.p99_ns / 1000 | round) us"'), $(
    value "$name.compare" '"arrival: p50 \(.timing.error.p50_ns / 1000 | round) p99 \(.timing.error.p99_ns / 1000 | round) us"')"
  assert_eq "$name: sent" $packets "$(value "$name" .sent)"
  assert_eq "$name: what has not arrived is what was dropped" "$(value "$name" .proof.dropped)" \
    "$(value "$name.compare" .lost)"
  assert_eq "$name: doubled, reordered" "0 0" "$(value "$name.compare" '"\(.doubled) \(.reordered)"')"
  assert_eq "$name: by the driver's stamps" "$(value "$name" '.sent - .proof.dropped')" \
    "$(value "$name" .proof.sources.software)"
}

# kept NAME: packets were handed over early, and left when they were due.
kept() {
  local early
  early=$(awk -F, 'NR > 1 {print $4 - $5}' "$RESULTS/$1.csv" | sort -n |
    awk '{v[NR] = $1} END {print int(v[int((NR + 1) / 2)] / 1000)}')
  note "$1: handed over $early us before they were due, in the median"
  assert "$1: handed over early" test "$early" -gt $((lead_ms * 500))
  assert "$1: not sent early" test "$(value "$1" '.proof.error.min_ns')" -gt -2000000
  assert "$1: the median is on time" test "$(value "$1" '.proof.error.p50_ns')" -lt $((lead_ms * 100000))
}

# dropped_by KIND: packets, as tc counts them.
dropped_by() {
  tc -s -j qdisc show dev nic0 | jq "[.[] | select(.kind == \"$1\") | .drops] | add"
}

# ---- none ----

plays spin --pace spin

# The kernel takes launch times here, too, and does nothing with them.
replay "$RESULTS/tape.pcapng" -i nic0 --pace txtime --json
assert_eq "nobody keeps launch times: exit code" 1 "$code"
assert_file_has "$work/complaints" 'nic0 has qdisc fq_codel, which ignores launch times'

# ---- etf, with the commands that are proposed ----

propose() {
  "$WIRETAPE" replay --check -i nic0 | grep -A 3 "^  $1 " | sed -n 's/^    tc /tc /p'
}

propose etf
tc qdisc replace dev nic0 root etf clockid CLOCK_TAI delta 20000000 || skip "no etf"
plays etf --pace txtime --txtime-lead ${lead_ms}ms
kept etf
assert_eq "etf: tc counts the same drops" "$(value etf '.proof.dropped + .refused')" "$(dropped_by etf)"

# ---- fq ----

eval "$(propose fq)"
plays fq --pace txtime --txtime-lead ${lead_ms}ms
kept fq
assert_eq "fq: nothing is dropped" "0 0" "$(value fq .proof.dropped) $(dropped_by fq)"
