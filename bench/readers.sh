#!/usr/bin/env bash
# The three live readers, and tcpdump and dumpcap where installed, on the same veth load,
# taking turns: rate, loss, CPU per packet. Medians of ROUNDS; a table, and JSON beside it.
set -u
here=$(cd "$(dirname "$0")" && pwd)
usage() {
  cat <<'EOF'
Usage: bench/readers.sh [-n ROUNDS] [-s "60 1400"] [-c COUNT] [-o JSON_FILE] [-w WIRETAPE]
  -n  rounds; the table has the medians [3]
  -s  frame sizes in bytes, without FCS ["60 1400"]
  -c  frames per run [2000000 for frames below 512 B, else 1000000]
  -p  packets per second [max]
  -o  where the JSON goes [build/bench/readers.json]
  -w  the program [build/release/cli/wiretape]
The sender is bound to the first processor and the recorder to the second. Everything
happens in a network namespace of its own; run as root or as an ordinary user.
EOF
}
top=$(dirname "$here")
rounds=3 sizes="60 1400" count="" pps=max json=$top/build/bench/readers.json
wiretape=${WIRETAPE:-$top/build/release/cli/wiretape}
while getopts n:s:c:p:o:w:h option; do
  case $option in
    n) rounds=$OPTARG ;; s) sizes=$OPTARG ;; c) count=$OPTARG ;; p) pps=$OPTARG ;;
    o) json=$OPTARG ;; w) wiretape=$OPTARG ;; h) usage; exit 0 ;; *) usage >&2; exit 2 ;;
  esac
done
[ -x "$wiretape" ] || { echo "no program at $wiretape; build it with: cmake --preset release && cmake --build --preset release" >&2; exit 1; }
command -v jq >/dev/null || { echo "jq is missing: apt-get install jq" >&2; exit 1; }
if [ -z "${WT_BENCH_INSIDE:-}" ]; then
  WT_BENCH_INSIDE=1 exec "$here/../tests/support/in-namespace.sh" "$here/readers.sh" \
    -n "$rounds" -s "$sizes" ${count:+-c "$count"} -p "$pps" -o "$json" -w "$wiretape"
fi

work=$(mktemp -d "${TMPDIR:-/var/tmp}/wiretape-bench.XXXXXX")
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$work"' EXIT
for file in all default; do
  echo 1 > /proc/sys/net/ipv6/conf/$file/disable_ipv6 2>/dev/null
done
ip link add wtb0 type veth peer name wtb1 && ip link set wtb0 up && ip link set wtb1 up || exit 1
sender_cpu=0 recorder_cpu=$(($(nproc) > 1 ? 1 : 0))

# The processor time of a process and its threads, in clock ticks.
ticks() { awk '{ sub(/^.*\) /, ""); print $12 + $13 }' "/proc/$1/stat"; }

# Without a process for every look.
exec {never}<> <(:)
pause() { read -rt "$1" -u "$never"; }
wait_until() { # DEADLINE_SECONDS COMMAND...
  local end=$((SECONDS + $1)); shift
  until "$@"; do [ $SECONDS -lt $end ] || return 1; pause 0.02; done
  return 0
}
# A packet socket that is bound to the interface and running.
is_recording() {
  awk -v index_="$(ip -o link show wtb1 | cut -d: -f1)" \
    '$5 == index_ && $6 == 1 { found = 1 } END { exit !found }' /proc/net/packet
}
has_settled() { # no processor time used since the last look
  local now; now=$(ticks "$pid") || return 0
  [ "$now" = "${last:-}" ] && return 0
  last=$now; pause 0.3; return 1
}

# The command line of a recorder, in the array `command`.
recorder() {
  case $1 in
    v3 | v2 | recv) command=("$wiretape" record -q --json -i wtb1 -w "$work/tape" --reader "$1") ;;
    tcpdump) command=(tcpdump -q -n -i wtb1 -B 262144 -w "$work/tape") ;;
    dumpcap) command=(dumpcap -q -i wtb1 -B 256 -w "$work/tape") ;;
  esac
}

# One run: a line "who size sent written rate_pps ticks".
run() {
  local who=$1 size=$2 frames=$3 before after sent rate written
  rm -f "$work"/tape
  recorder "$who"
  taskset -c $recorder_cpu "${command[@]}" > "$work/out" 2> "$work/err" & pid=$!
  wait_until 20 is_recording || { echo "$who did not start: $(cat "$work/err")" >&2; exit 1; }
  last=""; wait_until 20 has_settled
  before=$(ticks $pid)
  taskset -c $sender_cpu "$wiretape" generate -q --json -i wtb0 --size "$size" --count "$frames" \
    --pps "$pps" > "$work/sent" || exit 1
  last=""; wait_until 30 has_settled
  after=$(ticks $pid)
  kill -INT $pid; wait $pid
  sent=$(jq .sent "$work/sent")
  rate=$(jq '.sent * 1e9 / .duration_ns' "$work/sent")
  case $who in
    v3 | v2 | recv)
      written=$(jq .written "$work/out")
      jq -e '.seen == .written + ([.lost[]] | add)' "$work/out" > /dev/null ||
        { echo "the ledger of $who does not close" >&2; exit 1; } ;;
    tcpdump) written=$(awk '/packets captured/ { print $1 }' "$work/err") ;;
    dumpcap) written=$(grep -aoE 'Packets captured: [0-9]+' "$work/err" | tail -n 1 | cut -d' ' -f3) ;;
  esac
  echo "$who $size $sent ${written:-0} ${rate%.*} $((after - before))"
}

programs="v3 v2 recv"
for tool in tcpdump dumpcap; do
  if command -v $tool > /dev/null; then programs="$programs $tool"; else echo "no $tool here: left out" >&2; fi
done
for size in $sizes; do
  frames=${count:-$((size < 512 ? 2000000 : 1000000))}
  for round in $(seq 0 "$rounds"); do
    for who in $programs; do
      line=$(run "$who" "$size" "$frames") || exit 1
      # The first round warms up: memory that the machine has never touched is slow.
      [ "$round" = 0 ] || echo "$line" >> "$work/runs"
      echo "round $round: $line" >&2
    done
  done
done

mkdir -p "$(dirname "$json")"
jq -Rn --argjson hz "$(getconf CLK_TCK)" --arg kernel "$(uname -sr)" \
  --arg cpu "$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)" --argjson rounds "$rounds" '
  def median: sort | .[(length / 2 | floor)];
  [inputs | split(" ") | {recorder: .[0], frame_bytes: (.[1] | tonumber), sent: (.[2] | tonumber),
     written: (.[3] | tonumber), pps: (.[4] | tonumber), cpu_s: ((.[5] | tonumber) / $hz)}]
  | {kernel: $kernel, cpu: $cpu, rounds: $rounds,
     results: (group_by([.frame_bytes, (.recorder | IN("tcpdump", "dumpcap")), .recorder]) | map({
       recorder: .[0].recorder, frame_bytes: .[0].frame_bytes,
       mpps: (map(.pps) | median / 1e6),
       loss_pct: (map(100 * (.sent - .written) / .sent) | median),
       worst_loss_pct: (map(100 * (.sent - .written) / .sent) | max),
       cpu_ns_per_packet: (map(.cpu_s * 1e9 / .sent) | median)})),
     runs: .}' "$work/runs" > "$json"
printf '%-8s %7s %10s %9s %9s %16s\n' recorder frame rate loss worst CPU/packet
jq -r '.results[] | [.recorder, .frame_bytes, .mpps, .loss_pct, .worst_loss_pct, .cpu_ns_per_packet] | @tsv' "$json" |
  while IFS=$'\t' read -r who size mpps loss worst cpu; do
    printf '%-8s %5s B %5.3f Mpps %7.2f %% %7.2f %% %10.0f ns\n' "$who" "$size" "$mpps" "$loss" "$worst" "$cpu"
  done
echo "medians of $rounds rounds, taking turns; $(jq -r '.cpu + ", " + .kernel' "$json"); JSON in $json"
