#!/usr/bin/env bash
# vm: -n igb,e1000e
# A recorder that is killed leaves the NIC's stamping on; the next one puts back what was there
# before the first, unless somebody else has changed it between. nic0 can stamp PTP packets only,
# nic1 all.
. "$VM/stamping_lib.sh"

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
assert_forgotten "after the next"

# Twice, and the second time both halves: a replay that has packets sent with stamps.
record_both
stop_recorder KILL
record_both
# In real time: it is killed while it waits for the second packet.
"$WIRETAPE" replay gen:count=2,pps=0.01 -i nic0 --tx-stamp hw --pace sleep 2>"$work/complaints" &
player=$!
sends() { grep -q '^made 1 12 0' $state/*."$(cat /sys/class/net/nic0/ifindex)" 2>/dev/null; }
wait_until "the replay has switched stamps on" sends
stop_recorder KILL
kill -KILL "$player"
await_end "the replay" "$player"
both "after all were killed" 1 12 1 1
record_both
stop_recorder
both "after the next that is not killed" 0 0 1 12
assert_forgotten "after the next that is not killed"

# What somebody else sets while nobody lives is his.
record_both
stop_recorder KILL
set_stamping nic0 1 4
set_stamping nic1 0 0
record_both
stop_recorder
both "after somebody has set it between" 1 4 0 0
assert_forgotten "after somebody has set it between"
