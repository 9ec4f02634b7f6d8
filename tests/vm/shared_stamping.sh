#!/usr/bin/env bash
# vm: -n igb,e1000e
# Of several that have one NIC stamp for them the last puts back what was there before the first,
# received and sent packets apart. nic0 can stamp PTP packets only, nic1 all.
. "$VM/stamping_lib.sh"

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
assert_forgotten "after both"

# Each half goes when nobody needs it.
start_recorder -i nic0 -w "$work/half.pcapng" --stamp hw
timeout 30 "$WIRETAPE" replay gen:count=20,pps=100,size=100 -i nic0 --tx-stamp hw --pace sleep --json \
  >"$work/sent" 2>"$work/complaints"
sent -c '.. | objects | select(has("put_back"))'
assert_stamping "after the replay, while it records" nic0 0 12
assert_file_has $state/*."$(cat /sys/class/net/nic0/ifindex)" '^made 0 12 0'
stop_recorder
assert_stamping "after replay and recording" nic0 0 0
assert_forgotten "after replay and recording"
