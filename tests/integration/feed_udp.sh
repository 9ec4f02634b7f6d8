#!/usr/bin/env bash
# Feeds on a UDP socket, whose packets have rebuilt headers: a channel matches whether it names the
# interface or not, and what the socket had no room for is the ring's loss.
. "$SUPPORT/lib.sh"
make_link out0 in0
ip address add 10.0.0.2/24 dev in0
file=$work/file.pcapng
socket=239.7.0.1:20000@in0

# emit OPTION...: of stream 0.
emit() {
  "$FEED_SEND" -n 1 "$@" out0 || fail "feed_send $*"
}

# start ADDRESS: follow a channel that is there.
start() {
  rm -f "$file" "$work/events" "$work/checked"
  start_recorder -u $socket --ring 256KiB -w "$file" --feed "moldudp64@$1,name=x" \
    --events "$work/events" --json
}

gaps() {
  grep '"event":"gap"' "$1"
}

# expect NAME VERDICT MISSING: one gap, to `record` and to `check`.
expect() {
  "$WIRETAPE" check --events "$work/checked" "$file" >"$work/check.out" 2>&1
  assert_eq "$1: the gap" "$2 $3 $socket" \
    "$(gaps "$work/events" | jq -r '"\(.verdict) \(.missing) \(.interface)"')"
  assert_eq "$1: check finds the same" "$(gaps "$work/events")" "$(gaps "$work/checked")"
  assert_ledger_closes "$1"
}

for address in 239.7.0.1:20000 239.7.0.1:20000@in0; do
  start $address
  emit -c 50 -s 20:3
  stop_after 47
  expect "$address, upstream" upstream 3
done

# More than a socket's buffer has room for, while the recorder stands still.
all_written() {
  counted "$1" && ! grep -q 'waiting in the ring' "$work/err"
}
start 239.7.0.1:20000
emit -c 50
wait_until "they are written" all_written 50
kill -STOP "$recorder"
wait_until "the recorder stands still" stopped "$recorder"
emit -f 51 -c 8000 -p 40000
kill -CONT "$recorder"
wait_until "the socket is empty" all_written 8050
emit -f 8051 -c 50
stop_after 8100
assert "some were lost" test "$(json .lost.ring)" -gt 0
expect "ring" ring "$(json .lost.ring)"

# Another interface is none of its.
"$WIRETAPE" record -u $socket -w "$file" --feed moldudp64@239.7.0.1:20000@out0 >"$work/out" 2>"$work/err"
assert_eq "another interface: exit code" 2 $?
assert_file_has "$work/err" "is on out0, which is not recorded; there is $socket"
