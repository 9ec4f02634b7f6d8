#!/usr/bin/env bash
# How long packets take to the program, with each reader; the retire timeout shows.
. "$SUPPORT/lib.sh"
make_link out0 in0

# latency OPTION...: output in $work/out and $work/err, exit code in $code.
latency() {
  timeout 100 "$WIRETAPE" stamp latency --ring 16MiB "$@" >"$work/out" 2>"$work/err"
  code=$?
}

# of READER FILTER: of what was measured with it.
of() {
  jq -r ".readers[] | select(.reader == \"$1\") | $2" "$work/out"
}

p50() {
  of "$1" .spans.software_to_application.p50_ns
}

# All readers in turn: with v3 packets wait for the retire timeout.
start_generator out0 -c 0 -p 100
latency -i in0 -n 60 --retire-timeout 200 --json udp
assert_eq "all readers: exit code" 0 $code
# Without privileges outside of the namespace the socket's buffer is smaller than asked.
assert_eq "all readers: nothing to complain about" "" "$(grep -v 'net.core.rmem_max' "$work/err")"
assert_eq "all readers: each in turn" "v3 v2 recv" "$(json '[.readers[].reader] | join(" ")')"
assert_eq "all readers: what was asked" "in0 udp" "$(json '[.interface, .filter] | join(" ")')"
for reader in v3 v2 recv; do
  assert_eq "$reader: packets, end, loss" "60 packets 0" \
    "$(of $reader '[.packets, .end, .lost_total] | join(" ")')"
  assert_eq "$reader: the stamps are all packets" 60 "$(of $reader '.stamps | add')"
  assert_eq "$reader: the spans are all packets" 60 "$(of $reader '[.spans[] | .count // 0] | add')"
  assert_eq "$reader: percentiles are in order" true "$(of $reader '.spans.software_to_application |
    [.min_ns, .p50_ns, .p90_ns, .p99_ns, .p99_9_ns, .max_ns] | . == sort and .[0] > 0')"
  assert_eq "$reader: the rows are all packets" true "$(of $reader '.spans.software_to_application |
    .count == ([.histogram[].count] | add)')"
done
assert_eq "retire timeouts" "200000000 0 0" "$(json '[.readers[].retire_timeout_ns] | join(" ")')"
assert "v3: half of the packets wait longer than 20 ms" test "$(p50 v3)" -gt 20000000
assert "v2 is faster than v3" test "$(p50 v2)" -lt "$(p50 v3)"
assert "recv is faster than v3" test "$(p50 recv)" -lt "$(p50 v3)"

# For people.
latency -i in0 -n 20 --reader v2 --reader v3 --retire-timeout 10
assert_eq "text: exit code" 0 $code
assert_file_has "$work/out" '^v2 on in0: ring of [0-9]+ KiB, slots of .* at once'
assert_file_has "$work/out" '^v3 on in0: ring of 16384 KiB, .* retire timeout 10 ms'
assert_file_has "$work/out" '^  20 packets in .*ended: packets'
assert_file_has "$work/out" '^software stamp to application, 20 packets'
assert_file_has "$work/out" '[0-9] [mu]?s to .* #+$'
assert_file_has "$work/out" 'p50 .* p90 .* p99 .* p99\.9 .* max '
assert_eq "text: no line is wider than a terminal" 0 "$(awk 'length > 80' "$work/out" | wc -l)"

# A time instead of a number.
latency -i in0 -a duration:0.5 --reader v3 --json
assert_eq "duration: exit code" 0 $code
assert_eq "duration: all that was seen was measured" "duration true" \
  "$(of v3 '[.end, .packets == .seen and .packets > 0] | join(" ")')"

# SIGINT and SIGTERM print what there is, and leave out the readers that are to come.
sees_packets() {
  [ "$(awk 'NR > 1' /proc/net/packet | wc -l)" -ge 2 ] && arrived in0 "$1"
}
for signal in INT TERM; do
  "$WIRETAPE" stamp latency -i in0 --ring 16MiB -n 1000000000 --reader v2 --reader recv --json \
    >"$work/out" 2>"$work/err" &
  measuring=$!
  wait_until "it has a socket" sees_packets 0
  wait_until "packets arrive" sees_packets $(($(received in0) + 50))
  kill -$signal $measuring
  await_end "the measurement" $measuring
  assert_eq "SIG$signal: exit code" 0 "$status"
  assert_eq "SIG$signal: what there is" "v2 stopped true" \
    "$(json '.readers | map(.reader, .end, .packets > 0) | join(" ")')"
done

# The interface disappears, at once or after it went down, which is all that the kernel tells.
listens() { ip -d link show in1 | grep -q 'promiscuity 1'; }
for first in up down; do
  make_link out1 in1
  "$WIRETAPE" stamp latency -i in1 --ring 16MiB --json >"$work/out" 2>"$work/err" &
  measuring=$!
  wait_until "it listens" listens
  ip link set in1 $first
  ip link del in1
  await_end "the measurement" $measuring
  assert_eq "$first and gone: exit code" 1 "$status"
  assert_file_has "$work/err" 'in1 has disappeared'
done
stop_generator

# Nothing arrives: said after a while; at the end nothing was measured, which is a failure.
latency -i in0 --reader v2 --reader recv -a duration:0.2 --json
assert_eq "nothing: exit code" 1 $code
assert_eq "nothing: both were tried" "0 0" "$(json '[.readers[].packets] | join(" ")')"
assert_file_has "$work/err" 'v2: no packet has arrived on in0'
assert_file_has "$work/err" 'recv: no packet has arrived on in0'
assert "nothing: no talk of seconds" test "$(grep -c 'still waiting' "$work/err")" = 0
latency -i in0 --reader v3 -a duration:6
assert_eq "silence: exit code" 1 $code
assert_eq "silence: said once" 1 "$(grep -c 'v3: nothing has arrived on in0 for 5 s' "$work/err")"

# Without privileges over the simulation.
latency -i sim:pps=10000,count=500 --reader sim --json
assert_eq "sim: exit code" 0 $code
assert_eq "sim: all measured" "500 source finished" "$(of sim '[.packets, .end] | join(" ")')"

# Whoever reads has gone: an error of writing, as with every other command.
mkfifo "$work/fifo"
: <"$work/fifo" &
reader=$!
{
  wait_until "the reader has gone" ended "$reader"
  timeout 100 "$WIRETAPE" stamp latency -i sim:pps=10000,count=500 --reader sim 2>"$work/err"
  echo $? >"$work/code"
} >"$work/fifo"
assert_eq "a closed pipe: exit code" 1 "$(cat "$work/code")"
assert_file_has "$work/err" 'cannot write to standard output'

# Mistakes.
latency -i nosuch
assert_eq "no such interface: exit code" 1 $code
assert_eq "no such interface: said once" 1 "$(grep -c 'nosuch' "$work/err")"
setpriv --bounding-set=-net_raw --inh-caps=-net_raw "$WIRETAPE" stamp latency -i in0 \
  >"$work/out" 2>"$work/err"
assert_eq "no permission: exit code" 1 $?
assert_file_has "$work/err" 'CAP_NET_RAW'
minutes=$(for ((i = 0; i < 1500; i++)); do printf 'host 198.51.%d.%d or ' $((i / 250)) $((i % 250 + 1)); done)
"$WIRETAPE" stamp latency -i in0 "${minutes}arp" >"$work/out" 2>"$work/err" & measuring=$!
# shellcheck disable=SC2317 # called by wait_until
compiles() { local tasks=("/proc/$measuring/task/"*); [ ${#tasks[@]} -ge 2 ]; }
# shellcheck disable=SC2317
has_ended() { ! kill -0 $measuring 2>/dev/null; }
wait_until "a filter that takes minutes: it is compiled" compiles
kill -TERM $measuring
wait_until "a filter that takes minutes: it ends" has_ended || kill -KILL $measuring
wait $measuring
assert_eq "a filter that takes minutes: exit code" 1 $?
assert_file_has "$work/err" "stopped while the filter was compiled"

latency -i in0 'not a filter'
assert_eq "wrong filter: exit code" 1 $code
assert_file_has "$work/err" "filter 'not a filter'"
for wrong in '' '-i' '-i in0 -n 0' '-i in0 -a 5' '-i in0 -a packets:5' '-i in0 --reader v9' \
  '-i in0 --retire-timeout 0' '-i in0 --ring x' '-i in0 --nonsense'; do
  # shellcheck disable=SC2086
  latency $wrong
  assert_eq "'$wrong': exit code" 2 $code
  assert_file_has "$work/err" 'stamp latency --help'
done
