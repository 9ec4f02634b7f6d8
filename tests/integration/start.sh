#!/usr/bin/env bash
# When recording has begun is told, in every way there is, and what is sent from then on is
# recorded; what ends it before that leaves nothing.
. "$SUPPORT/lib.sh"
need capinfos
make_link out0 in0
make_link out1 in1
file=$work/file.pcapng

# ---- a line on standard error ----

begun() { grep -q '^recording ' "$work/err"; }

# begins OPTION...: and nothing that is sent as soon as it has said so is missed.
begins() {
  launch_recorder "$@"
  wait_until "it says that it records" begun
}

for reader in v3 v2 recv; do
  begins -i in0 -w "$file" --reader $reader
  send out0 50
  stop_recorder
  assert_sequences "$reader" "$file" 1 50
  assert_file_has "$work/err" "^recording in0 to $file$"
done

begins -i in0 -i in1 -w "$file"
send out0 20
send out1 30
stop_recorder
assert_eq "two interfaces" 50 "$(packets "$file")"
assert_file_has "$work/err" "^recording in0, in1 to $file$"

begins -i in0 -i in1 -w "$file" -w "$work/other.pcapng"
assert_eq "two files: both have begun" "recording in0 to $file
recording in1 to $work/other.pcapng" "$(cat "$work/err")"
send out0 20
send out1 30
stop_recorder
assert_eq "two files: the first" 20 "$(packets "$file")"
assert_eq "two files: the second" 30 "$(packets "$work/other.pcapng")"

ip link set lo up
begins -u 127.0.0.1:26477 -w "$file"
"$UDP_SEND" -c 50 127.0.0.1 26477
stop_recorder
assert_file_has "$work/err" "^recording 127.0.0.1:26477 to $file$"
assert_eq "UDP" 50 "$(packets "$file")"

begins -i in0 -w "$work/many.pcapng" -b packets:10
stop_recorder
assert_file_has "$work/err" "^recording in0 to $work/many.pcapng, in several files$"

"$WIRETAPE" record --reader sim -i sim:count=10 -w - >"$file" 2>"$work/err"
assert_file_has "$work/err" '^recording sim to standard output$'
assert_eq "a stream" 10 "$(packets "$file")"

assert_eq "-q: says" "" "$("$WIRETAPE" record -q --reader sim -i sim:count=10 -w "$file" 2>&1)"

# ---- a descriptor ----

mkfifo "$work/ready"
"$WIRETAPE" record -q --ring 16MiB -i in0 -w "$file" --ready-fd 7 7>"$work/ready" &
recorder=$!
assert_eq "--ready-fd: the line, and then its end" READY "$(timeout 100 cat "$work/ready")"
send out0 50
stop_recorder
assert_sequences "--ready-fd" "$file" 1 50

for fd in 1 9 x; do
  "$WIRETAPE" record --reader sim -i sim:count=1 -w "$work/absent" --ready-fd $fd 2>"$work/err" 9<&-
  assert_eq "--ready-fd $fd: exit code" 2 $?
done
"$WIRETAPE" record --reader sim -i sim:count=1 -w "$work/absent" --ready-fd 9 2>"$work/err" 9</dev/null
assert_eq "--ready-fd that is for reading: exit code" 2 $?
assert "--ready-fd that is none: no file" test ! -e "$work/absent"

# ---- in the background ----

gone() { ! kill -0 "$1" 2>/dev/null; }

# Standard output is a pipe here, which it has to let go of for this to go on.
recorder=$("$WIRETAPE" record --background -q --ring 16MiB -i in0 -w "$file" 2>"$work/err")
assert_eq "--background: exit code" 0 $?
send out0 50
assert_eq "--background: a session of its own" "$recorder" "$(ps -o sid= -p "$recorder" | tr -d ' ')"
assert_eq "--background: its output" /dev/null "$(readlink "/proc/$recorder/fd/1")"
kill "$recorder"
wait_until "the background recorder ends" gone "$recorder"
assert_sequences "--background" "$file" 1 50
assert_eq "--background -q: says" "" "$(cat "$work/err")"

# What is said later goes to files.
(cd "$work" && "$WIRETAPE" record --background --ring 16MiB -i in0 -w file.pcapng --json >out 2>err)
recorder=$(head -n 1 "$work/out")
send out0 50
kill -INT "$recorder"
wait_until "the background recorder ends" gone "$recorder"
assert_eq "--background: JSON" 50 "$(tail -n 1 "$work/out" | jq .written)"
assert_file_has "$work/err" '^recording in0 to file.pcapng$'
assert_file_has "$work/err" 'ended: stopped$'

# What goes wrong before that is told where it was started.
"$WIRETAPE" record --background -i absent -w "$work/absent" >"$work/out" 2>"$work/err"
assert_eq "--background, no interface: exit code" 1 $?
assert_file_has "$work/err" "there is no interface 'absent'"
assert_eq "--background, no interface: no process id" "" "$(cat "$work/out")"
"$WIRETAPE" record --background --reader sim -i sim:count=1 -w - >"$work/out" 2>"$work/err"
assert_eq "--background to standard output: exit code" 2 $?

# Of several recordings one cannot begin: none goes on.
mkfifo "$work/pipe"
timeout 100 "$WIRETAPE" record -i in0 -w "$file" -i in1 -w "$work/full/absent" 2>"$work/err"
assert_eq "one of two cannot begin: exit code" 1 $?

# ---- stopped before that ----

catches_stops() { catches "$recorder" TERM; }

# A pipe without a reader lets no recording begin.
for signal in INT TERM HUP; do
  for way in "" --background; do
    : >"$work/err"
    "$WIRETAPE" record --reader sim -i sim -w "$work/pipe" $way >"$work/out" 2>"$work/err" &
    recorder=$!
    wait_until "it catches signals" catches_stops
    # From a shell like this one SIGINT comes ignored, and ends it all the same.
    kill -$signal $recorder
    await_recorder
    assert_eq "SIG$signal $way before the start: exit code" $((128 + $(kill -l $signal))) "$status"
    assert_eq "SIG$signal $way before the start: says" "" "$(cat "$work/err" "$work/out")"
  done
done

# A filter of this length takes libpcap minutes.
seq 1500 | awk '{printf("%shost 198.51.%d.%d", NR == 1 ? "" : " or ", $1 / 250, $1 % 250 + 1)}' >"$work/filter"
for options in "-i in0" "-i in0 -i in1" "-i in0 --stamp auto" "-i in0 --background" "-u 127.0.0.1:26477"; do
  # shellcheck disable=SC2086
  "$WIRETAPE" record $options -w "$work/absent" -F "$work/filter" >"$work/out" 2>"$work/err" &
  recorder=$!
  wait_until "it catches signals" catches_stops
  kill -TERM $recorder
  await_recorder
  assert_eq "SIGTERM while $options is filtered: exit code" 143 "$status"
  assert_eq "SIGTERM while $options is filtered: says" "" "$(cat "$work/err" "$work/out")"
  assert "SIGTERM while $options is filtered: no file" test ! -e "$work/absent"
done

# At whatever moment it comes: either nothing has happened, or the tape is whole.
is_wiretape() { grep -qx wiretape "/proc/$recorder/comm"; }
for ((i = 0; i < 20; i++)); do
  rm -f "$file"
  launch_recorder -i in0 -w "$file" --json
  wait_until "the shell has started it" is_wiretape
  sleep "0.0$((i % 10))"
  kill "$recorder"
  await_recorder
  if [ -e "$file" ]; then
    assert_eq "stopped at the start: exit code" 0 "$status"
    assert_info_agrees "stopped at the start" "$file"
  else
    assert_eq "stopped before the start: exit code" 143 "$status"
  fi
done
