#!/usr/bin/env bash
# Into a pipe: live, to a reader that goes away, to one that stops reading.
. "$SUPPORT/lib.sh"
need tshark capinfos
make_link out0 in0
mkfifo "$work/fifo"

# pipe_to COMMAND...: record to standard output, which COMMAND reads; its own
# output is in $work/reader.out.
pipe_to() {
  : >"$work/err"
  rm -f "$work/pipe" && mkfifo "$work/pipe"
  "$@" <"$work/pipe" >"$work/reader.out" 2>"$work/other.err" &
  reader=$!
  "$WIRETAPE" record -i in0 -w - --json "${record_options[@]}" >"$work/pipe" 2>"$work/err" &
  recorder=$!
}
record_options=()

# The JSON is the last line of standard error.
json_of_err() {
  tail -n 1 "$work/err" >"$work/out"
  json "$1"
}

shown() { [ "$(wc -l <"$work/reader.out")" -ge "$1" ]; }

# Live: packets are shown while the recording goes on.
pipe_to tshark -n -l -r -
await_recording
send out0 5
wait_until "tshark shows five packets" shown 5
assert "the recording goes on" kill -0 "$recorder"
send out0 5
wait_until "tshark shows ten packets" shown 10
stop_recorder
assert_eq "live: exit code" 0 "$status"
await_end tshark "$reader"
assert_eq "live: tshark's exit code" 0 "$status"
assert_eq "live: packets" 10 "$(wc -l <"$work/reader.out")"
assert_eq "live: JSON on standard error" 10 "$(json_of_err .written)"
assert_ledger_closes "live"
if others_complain >"$work/complaints"; then
  fail "tshark complains: $(cat "$work/complaints")"
fi

# The reader goes away: that ends the recording, which is no error, but has its own exit code.
pipe_to head -c 1000
await_recording
"$WIRETAPE" generate -i out0 -q -c 0 -p 20000 &
generator=$!
await_recorder
kill $generator
wait $generator "$reader" # head has ended: that was the point
assert_eq "head: exit code" 5 "$status"
assert_eq "head: bytes" 1000 "$(wc -c <"$work/reader.out")"
assert_eq "head: reason" "pipe closed" "$(json_of_err .end)"
assert_ledger_closes "head"
assert "head: what it did not take is lost by the writer" test "$(json .lost.writer)" -gt 0

# What it did not take is a loss, and that counts for more.
record_options=(--fail-on-loss)
pipe_to head -c 1000
record_options=()
await_recording
"$WIRETAPE" generate -i out0 -q -c 0 -p 20000 &
generator=$!
await_recorder
kill $generator
wait $generator "$reader"
assert_eq "head and loss: exit code" 3 "$status"

# A reader that has stopped reading holds nobody up, nor a recording that is to end.
ledger_is_printed() { [ "$(grep -ac "in0: seen" "$work/err")" -ge "$1" ]; }
pipe_to sleep 600
await_recording
"$WIRETAPE" generate -i out0 -q -c 20000 -p max
for asked in 1 2 3; do
  kill -USR1 "$recorder"
  wait_until "stalled reader: SIGUSR1 is answered" ledger_is_printed $asked
done
began=$SECONDS
stop_recorder
assert "stalled reader: ends within seconds" test $((SECONDS - began)) -le 15
kill "$reader"
wait "$reader"
assert_eq "stalled reader: exit code" 1 "$status"
assert_eq "stalled reader: seen" 20000 "$(json_of_err .seen)"
assert_ledger_closes "stalled reader"

# Standard output is closed.
"$WIRETAPE" record -i in0 -w - --json >&- 2>"$work/err"
assert_eq "closed output: exit code" 1 $?
assert_file_has "$work/err" 'Bad file descriptor'

# A FIFO by its name.
tshark -n -r "$work/fifo" >"$work/reader.out" 2>"$work/other.err" &
reader=$!
start_recorder -i in0 -w "$work/fifo" --json
send out0 7
stop_recorder
assert_eq "fifo: exit code" 0 "$status"
await_end tshark "$reader"
assert_eq "fifo: packets" 7 "$(wc -l <"$work/reader.out")"
assert "fifo: is still there" test -p "$work/fifo"

# Nor does a reader of a FIFO that has stopped reading.
{ exec <"$work/fifo" && exec sleep 600; } &
reader=$!
start_recorder -i in0 -w "$work/fifo" --json
"$WIRETAPE" generate -i out0 -q -c 20000 -p max
kill -INT "$recorder"
await_recorder
assert_eq "stalled fifo: exit code" 1 "$status"
assert_eq "stalled fifo: seen" 20000 "$(json .seen)"
assert_ledger_closes "stalled fifo"
kill "$reader"
wait "$reader"

# Redirected to a file it is the same file.
: >"$work/err"
"$WIRETAPE" record -i in0 -w - >"$work/file.pcapng" 2>"$work/err" &
recorder=$!
await_recording
send out0 7
stop_recorder
assert_info_agrees "redirected" "$work/file.pcapng"
assert_eq "redirected: packets" 7 "$(packets "$work/file.pcapng")"
