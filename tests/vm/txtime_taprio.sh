#!/usr/bin/env bash
# Launch times by etf beneath taprio and mqprio.
packets=100
. "$VM/txtime_lib.sh"

# Without a speed of the link taprio takes 10 Mbit/s, and drops what would not end within a cycle.
has_speed() {
  [ "$(cat /sys/class/net/nic0/speed 2>/dev/null)" -ge 100 ] 2>/dev/null
}

add_taprio() {
  wait_until "nic0 has a speed" has_speed
  tc qdisc replace dev nic0 parent root handle 100 taprio num_tc 2 \
    map 0 0 0 1 0 0 0 0 0 0 0 0 0 0 0 0 queues 1@0 1@1 base-time 0 \
    sched-entry S 3 1000000 "$@" clockid CLOCK_TAI 2>"$work/tc.err" || fail "taprio: $(cat "$work/tc.err")"
}

# add_etf PARENT OPTION...
add_etf() {
  local parent=$1
  shift
  tc qdisc replace dev nic0 parent "$parent" etf clockid CLOCK_TAI delta 20000000 "$@" || fail "etf"
}

add_taprio
refuses "taprio alone" 'nic0 has qdisc taprio without etf on the queues of priority 0'
add_etf 100:2
plays taprio_etf --pace txtime --txtime-lead ${lead_ms}ms
kept taprio_etf
counted_alike taprio_etf

undo
add_taprio flags 0x1 txtime-delay 20000000
refuses "taprio with txtime-assist alone" 'give those queues etf with skip_sock_check'
add_etf 100:1 skip_sock_check
add_etf 100:2 skip_sock_check
plays taprio_assist --pace txtime --txtime-lead ${lead_ms}ms
kept taprio_assist
counted_alike taprio_assist

# Only packets of one priority come to the etf.
undo
tc qdisc replace dev nic0 parent root handle 100 mqprio num_tc 2 \
  map 1 1 1 0 1 1 1 1 1 1 1 1 1 1 1 1 queues 1@0 1@1 hw 0
add_etf 100:1
plays mqprio_etf --pace txtime --txtime-lead ${lead_ms}ms
kept mqprio_etf
counted_alike mqprio_etf
assert_eq "mqprio: all went through the etf, or were dropped there" \
  "$(value mqprio_etf '.sent + .refused')" "$(tc_count '.packets + .drops')"
