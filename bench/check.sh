#!/usr/bin/env bash
# How fast wiretape check reads a recording that is in the page cache, one processor, next to cat,
# wiretape info and capinfos: ns a packet, and memory, also of a file ten times smaller.
set -u
here=$(cd "$(dirname "$0")" && pwd)
top=$(dirname "$here")
usage() {
  cat <<'EOT'
Usage: bench/check.sh [-n ROUNDS] [-c PACKETS] [-s "1000 16000"] [-d FOLDER] [-w WIRETAPE]
  -n  rounds; the table has the fastest [3]
  -c  packets of 60 bytes; 104 bytes each in the file, which has to fit into memory [40000000]
  -s  streams, one after the other; each a channel, of which there may be 16384 ["1000 16000"]
  -d  where the file goes [/var/tmp]
  -w  the program [build/release/cli/wiretape]
EOT
}
rounds=3 count=40000000 streams="1000 16000" folder=/var/tmp
wiretape=$top/build/release/cli/wiretape maker=$top/build/release/bench/bench_feed_tape
while getopts n:c:s:d:w:h option; do
  case $option in
    n) rounds=$OPTARG ;; c) count=$OPTARG ;; s) streams=$OPTARG ;; d) folder=$OPTARG ;;
    w) wiretape=$OPTARG ;; h) usage; exit 0 ;; *) usage >&2; exit 2 ;;
  esac
done
for program in "$wiretape" "$maker"; do
  [ -x "$program" ] || { echo "no program at $program" >&2; exit 1; }
done
work=$(mktemp -d "$folder/wiretape-bench.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP
cpu=$(($(nproc) > 1 ? 1 : 0))

# feeds COUNT: a channel for each group.
feeds() {
  awk -v count="$1" 'BEGIN {for (i = 0; i < count; i++)
    printf "c%d pitch A=239.0.%d.%d:5000\n", i, i / 256, i % 256}'
}

# measure NAME PACKETS COMMAND...: the fastest of the rounds, by the processor's time.
measure() {
  local name=$1 packets=$2 i
  shift 2
  for ((i = 0; i < rounds; i++)); do
    /usr/bin/time -f '%U %S %M %e' -o "$work/time" taskset -c $cpu "$@" >"$work/out" 2>&1
    # Some numbers are missing.
    case $? in 0 | 3) ;; *) cat "$work/out" >&2; echo 0 0 0 0; continue ;; esac
    tail -n 1 "$work/time"
  done | awk -v name="$name" -v packets="$packets" '
    {ns = ($1 + $2) * 1e9 / packets; if (!best || ns < best) {best = ns; memory = $3; wall = $4}}
    END {if (!best) best = 1e-9
      printf "%-34s %8.1f %9.1f %9.2f %10.1f\n", name, best, 1e3 / best, wall, memory / 1024}'
}

command -v /usr/bin/time >/dev/null || { echo "needs /usr/bin/time (Debian: time)" >&2; exit 1; }
for number in $streams; do
  feeds "$number" >"$work/feeds"
  "$maker" "$count" "$number" "$work/tape.pcapng" || exit 1
  "$maker" $((count / 10)) "$number" "$work/tenth.pcapng" || exit 1
  cat "$work"/*.pcapng >/dev/null
  echo "$number streams, $count packets, $(stat -c %s "$work/tape.pcapng") bytes"
  printf '%-34s %8s %9s %9s %10s\n' '' 'ns each' 'Mpps' 'wall s' 'MiB'
  measure "cat >/dev/null" "$count" cat "$work/tape.pcapng"
  measure "wiretape check --no-feeds" "$count" "$wiretape" check --no-feeds "$work/tape.pcapng"
  measure "wiretape check --feeds" "$count" "$wiretape" check --feeds "$work/feeds" "$work/tape.pcapng"
  measure "wiretape check --feeds, a tenth" $((count / 10)) "$wiretape" check --feeds "$work/feeds" \
    "$work/tenth.pcapng"
  measure "wiretape info" "$count" "$wiretape" info "$work/tape.pcapng"
  if command -v capinfos >/dev/null; then
    measure "capinfos -c" "$count" capinfos -c "$work/tape.pcapng"
  fi
done
