#!/usr/bin/env bash
# vm: -n igb,e1000e
# A recorder that is killed leaves the NIC's stamping on; the next one puts back what was there
# before the first. Of several users of one NIC the last puts it back. nic0 can stamp PTP packets
# only, nic1 all.
. "$VM/lib.sh"
links_up nic0 nic1
state=/run/wiretape

set_stamping() {
  hwstamp_ctl -i "$1" -t "$2" -r "$3" >/dev/null || fail "cannot set $1 to -t $2 -r $3"
}

# is WHEN NIC TX RX
is() {
  assert_eq "$1: $2" "-t $3 -r $4" \
    "$(hwstamp_ctl -i "$2" | awk '/^tx_type/ {tx = $2} /^rx_filter/ {print "-t", tx, "-r", $2}')"
}

both() {
  is "$1" nic0 "$2" "$3"
  is "$1" nic1 "$4" "$5"
}

record_both() {
  start_recorder -i nic0 -i nic1 -w "$work/out.pcapng" --stamp hw --json
}

# Nothing is left to be put back.
forgotten() {
  assert_eq "$1: bytes that are remembered" 0 "$(cat $state/* | wc -c)"
}

# ---- killed ----

set_stamping nic1 1 12
record_both
both "while it records" 0 12 1 1
stop_recorder KILL
assert_eq "it was killed" 137 "$status"
both "after it was killed" 0 12 1 1
cat $state/*
record_both
stop_recorder
assert_eq "the next: exit code" 0 "$status"
both "after the next" 0 0 1 12
forgotten "after the next"

# Twice, and the second time both halves: a replay that has packets sent with stamps.
record_both
stop_recorder KILL
record_both
# In real time: it is killed while it waits for the second packet.
"$WIRETAPE" replay gen:count=2,pps=0.01 -i nic0 --tx-stamp hw --pace sleep 2>"$work/complaints" &
player=$!
sends() { grep -q '^made 1 12 0' $state/*.2; }
wait_until "the replay has switched stamps on" sends
stop_recorder KILL
kill -KILL "$player"
await_end "the replay" "$player"
both "after all were killed" 1 12 1 1
record_both
stop_recorder
both "after the next that is not killed" 0 0 1 12
forgotten "after the next that is not killed"

# What somebody else sets while nobody lives is his.
record_both
stop_recorder KILL
set_stamping nic0 1 4
set_stamping nic1 0 0
record_both
stop_recorder
both "after somebody has set it between" 1 4 0 0
forgotten "after somebody has set it between"

# ---- several at once ----

set_stamping nic0 0 0
record_both
first=$recorder
record_both
second=$recorder
both "while both record" 0 12 0 1
recorder=$first
stop_recorder
both "while the second records on" 0 12 0 1
recorder=$second
stop_recorder
both "after both" 0 0 0 0
forgotten "after both"

# Each half goes when nobody needs it.
start_recorder -i nic0 -w "$work/out.pcapng" --stamp hw
timeout 30 "$WIRETAPE" replay gen:count=20,pps=100,size=100 -i nic0 --tx-stamp hw --pace sleep --json \
  >"$work/sent" 2>"$work/complaints"
note "replay: $(jq -c '[.interfaces[] | .nic // .tx_stamps // .]' "$work/sent" | head -c 600)"
is "after the replay, while it records" nic0 0 12
assert_file_has $state/*.2 '^made 0 12 0'
stop_recorder
is "after replay and recording" nic0 0 0
forgotten "after replay and recording"
