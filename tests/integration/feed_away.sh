#!/usr/bin/env bash
# While an interface is down, or not there, nobody knows what it would have received: numbers that
# are missing across that time are nobody's, to `record` and to `check` of its file.
. "$SUPPORT/lib.sh"
make_link out0 in0
file=$work/file.pcapng

# says PATTERN
says() {
  grep -q "$1" "$work/err"
}

# gaps FILE
gaps() {
  grep '"event":"gap"' "$1" | jq -c '[.first, .end, .verdict, .evidence.why]'
}

# gap_is NAME WHY
gap_is() {
  "$WIRETAPE" check --events "$work/checked" "$file" >"$work/check.out" 2>&1
  assert_eq "$1: exit code of check" 3 $?
  assert_eq "$1: recorded" "[6,11,\"unknown\",\"$2\"]" "$(gaps "$work/events")"
  assert_eq "$1: checked" "$(gaps "$work/events")" "$(gaps "$work/checked")"
}

start() {
  rm -f "$file" "$work/events" "$work/checked"
  start_recorder -i in0 -w "$file" --no-join --feed moldudp64@239.7.0.1:20000,name=x \
    --interface-gone wait --events "$work/events" --json
}

# emit FIRST
emit() {
  "$WIRETAPE" generate -i out0 -q -c 5 --sequence-start "$1" --group 239.7.0.1 --port 20000
}

start
emit 1
wait_until "they are recorded" counted 5
ip link set in0 down
wait_until "the recorder sees it" says 'waiting for in0 to come up'
ip link set in0 up
wait_until "in0 runs" runs in0
wait_until "the recorder sees it" says 'in0 is up again'
emit 11
stop_after 10
gap_is down "the interface was down"

start
emit 1
wait_until "they are recorded" counted 5
ip link del out0
wait_until "the recorder sees it" says 'waiting for in0 to come back'
make_link out0 in0
wait_until "the recorder sees it" says 'in0 is back'
emit 11
stop_after 10
gap_is gone "the interface had disappeared"
