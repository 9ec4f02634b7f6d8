#!/usr/bin/env bash
# Packets whose time has passed: they leave at once, and are counted; and what etf drops is
# reported, one for one.
packets=120
. "$VM/txtime_lib.sh"

# is_under_way NIC COUNT: so many have come there.
is_under_way() {
  [ "$(received nic1)" -ge "$1" ]
}

# signal SIGNAL: to the sender.
signal() {
  local pid
  for pid in $(pidof wiretape); do
    [ "$pid" = "$recorder" ] || kill "-$1" "$pid"
  done
}

# stalls NAME OPTION...: plays, and the sender stands still in the middle of it.
stalls() {
  local before
  before=$(received nic1)
  (
    wait_until "it is under way" is_under_way $((before + 10))
    signal STOP
    sleep 0.4
    signal CONT
  ) &
  plays "$@"
}

tc qdisc replace dev nic0 root fq flow_limit 10000
stalls fq_late --pace txtime --txtime-lead ${lead_ms}ms
assert "fq: some are late" test "$(value fq_late .late_launches)" -gt 10
assert_eq "fq: nothing is dropped" "0 0" "$(value fq_late .proof.dropped) $(tc_count .drops)"

tc qdisc replace dev nic0 root etf clockid CLOCK_TAI delta 50000000
stalls etf_late --pace txtime --txtime-lead ${lead_ms}ms
assert "etf: some are late" test "$(value etf_late .late_launches)" -gt 10
assert "etf: late ones leave" test "$(value etf_late '.late_launches - .proof.dropped')" -gt 0
counted_alike etf_late

# A timer that may fire a nanosecond late fires too late.
undo
tc qdisc replace dev nic0 root etf clockid CLOCK_TAI delta 1
plays etf_drops --pace txtime --txtime-lead ${lead_ms}ms
assert "etf: some are dropped" test "$(value etf_drops .proof.dropped)" -gt 10
counted_alike etf_drops
assert_eq "the proof file knows which" "$(value etf_drops .proof.dropped)" \
  "$(grep -c ,dropped, "$RESULTS/etf_drops.csv")"
