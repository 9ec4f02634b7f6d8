#!/usr/bin/env bash
# Signals end a recording or ask how it goes; what is printed is what was asked for.
. "$SUPPORT/lib.sh"
need capinfos
make_link out0 in0
file=$work/file.pcapng

for signal in INT TERM HUP; do
  start_recorder -i in0 -w "$file" --json
  send out0 50
  stop_recorder $signal
  assert_eq "SIG$signal: exit code" 0 "$status"
  assert_eq "SIG$signal: packets" 50 "$(packets "$file")"
  assert_eq "SIG$signal: reason" stopped "$(json .end)"
  assert_ledger_closes "SIG$signal"
  assert_info_agrees "SIG$signal" "$file"
done

# nohup means it: SIGHUP changes nothing.
: >"$work/err"
(trap '' HUP; exec "$WIRETAPE" record -i in0 -w "$file" --json) >"$work/out" 2>"$work/err" &
recorder=$!
await_recording
kill -HUP "$recorder"
send out0 50
stop_recorder
assert_eq "ignored SIGHUP: packets" 50 "$(packets "$file")"

# SIGUSR1 prints the ledger, again and again, and recording goes on.
written() {
  : >"$work/err"
  kill -USR1 "$recorder"
  wait_until "the ledger is printed" grep -q "in0: seen" "$work/err"
  grep -q "in0: seen $1 = written $1 + lost 0" "$work/err"
}
start_recorder -i in0 -w "$file" -q
for count in 20 40 60; do
  send out0 20
  wait_until "the ledger has $count" written $count
done
: >"$work/err"
stop_recorder
assert_eq "SIGUSR1: packets" 60 "$(packets "$file")"
assert_eq "-q: says" "" "$(cat "$work/err" "$work/out")"

# --stats: a line a second, whole lines, also where it is no terminal.
lines() { [ "$(grep -c ' packets .*Mpps.*ring.*lost' "$work/err")" -ge "$1" ] && grep -q ' 50 packets ' "$work/err"; }
start_recorder -i in0 -w "$file" --stats 1
send out0 50
wait_until "two lines" lines 2
stop_recorder
assert_file_has "$work/err" '^[0-9.]+ s  50 packets  .*lost 0$'
assert_file_has "$work/err" 'ended: stopped$'
assert_eq "no JSON unasked" "" "$(cat "$work/out")"

# Without a terminal there is no progress line.
start_recorder -i in0 -w "$file"
stop_recorder
assert_eq "progress without terminal" 0 "$(grep -c 'Mpps.*ring' "$work/err")"

# On a terminal there is one, which the summary does not run into.
if command -v script >/dev/null; then
  script -qec "exec '$WIRETAPE' record --reader sim -i sim:pps=1000 -a duration:1.2 -w '$file'" \
    /dev/null >"$work/terminal" </dev/null
  tr '\r' '\n' <"$work/terminal" >"$work/lines"
  assert_file_has "$work/lines" ' packets .*Mpps.*ring'
  assert_file_has "$work/lines" '^/.*ended: duration'
fi

# With everything at once nothing is lost.
start_recorder -i in0 -w "$file" --json
for ((i = 0; i < 20; i++)); do kill -USR1 "$recorder"; done
kill -INT "$recorder"
kill -TERM "$recorder" 2>/dev/null
await_recorder
assert_eq "many signals: exit code" 0 "$status"
assert_info_agrees "many signals" "$file"

# What lies in a block that is not full is waited for, however long the kernel keeps it.
start_recorder -i in0 -w "$file" --json --retire-timeout 3500
send out0 50
stop_recorder
assert_sequences "long retire timeout" "$file" 1 50
assert_ledger_closes "long retire timeout"
