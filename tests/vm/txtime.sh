#!/usr/bin/env bash
# Launch times by etf (CLOCK_TAI) and fq (CLOCK_MONOTONIC), beside the same without them.
packets=150
. "$VM/txtime_lib.sh"

plays spin --pace spin
refuses "nobody keeps launch times" 'nic0 has qdisc fq_codel, which ignores launch times'
replay "$RESULTS/tape.pcapng" -i nic0 --pace auto --json
assert_eq "auto paces otherwise" "0 spin" "$code $(sent .pace)"

# As it is proposed, but with more time for a processor that stands still.
assert_eq "etf is proposed" "tc qdisc replace dev nic0 root etf clockid CLOCK_TAI delta 200000" \
  "$(propose etf)"
eval "$(propose etf | sed 's/200000/20000000/')"
plays etf --pace txtime --txtime-lead ${lead_ms}ms
kept etf
counted_alike etf

eval "$(propose fq)"
plays fq --pace txtime --txtime-lead ${lead_ms}ms
kept fq
assert_eq "fq: nothing is dropped" "0 0" "$(value fq .proof.dropped) $(tc_count .drops)"

eval "$(propose undo)"
refuses "after the undoing" 'nic0 has qdisc fq_codel, which ignores launch times'
