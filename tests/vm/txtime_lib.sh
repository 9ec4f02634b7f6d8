# shellcheck shell=bash
# Shared by the scripts about launch times: a tape is replayed from nic0, packets are handed
# over a tenth of a second early, and what arrives at nic1 is compared with the tape. An
# emulated processor stands still for milliseconds now and then, so what is asked for is far
# from both. Set packets first.
. "$VM/lib.sh"
need awk
links_up nic0 nic1
lead_ms=100

undo() {
  tc qdisc del dev nic0 root 2>/dev/null
}

start_recorder -i nic1 -w "$RESULTS/tape.pcapng"
replay gen:count=$packets,pps=100,gaps=random,size=200 -i nic0 --pace sleep --json
assert_eq "the tape: exit code" 0 "$code"
stop_after $packets

us='def us: if . == null then "-" else . / 1000 | round end; '

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
  note "$name: $(value "$name" "$us"'"\(.sent) sent, \(.late_launches) late, \(.refused) refused, \(.proof.dropped) dropped; driver: error p50 \(.proof.error.p50_ns | us) p99 \(.proof.error.p99_ns | us) us"'), $(
    value "$name.compare" "$us"'"arrival: p50 \(.timing.error.p50_ns | us) p99 \(.timing.error.p99_ns | us) us"')"
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

# tc_count FILTER: the sum over those qdiscs of nic0 that keep launch times, and taprio, which drops
# by itself what would not end within its cycle: one packet in 600. mqprio counts what is
# dropped below once more.
tc_count() {
  tc -s -j qdisc show dev nic0 | jq "map(select(.kind | IN(\"etf\", \"fq\", \"taprio\")) | $1) | add"
}

# counted_alike NAME: what the kernel has reported to the sender is what it has counted.
counted_alike() {
  assert_eq "$1: tc counts the same drops" "$(value "$1" '.proof.dropped + .refused')" "$(tc_count .drops)"
}

# propose KIND: the tc commands that are proposed for that.
propose() {
  "$WIRETAPE" replay --check -i nic0 | sed -n "/^  $1 /,/^  [a-z]/ s/^    tc /tc /p"
}

# refuses NAME PATTERN: nobody would keep launch times, which the kernel takes all the same.
refuses() {
  replay "$RESULTS/tape.pcapng" -i nic0 --pace txtime --json
  assert_eq "$1: exit code" 1 "$code"
  assert_eq "$1: it prints the error alone" "error 1" \
    "$(sent '. as $all | keys - ["wiretape", "command", "schema"] | "\(join(" ")) \($all.error.exit)"')"
  assert_file_has "$work/complaints" "$2"
}
