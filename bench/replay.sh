#!/usr/bin/env bash
# wiretape and tcpreplay play the same tape on the same veth, taking turns; the kernel stamps
# each packet at the far end, and `wiretape compare` judges both. Then as fast as they can.
. "$(dirname "$0")/lib.sh"
usage() {
  cat <<'EOT'
Usage: bench/replay.sh [OPTION]...
  -n ROUNDS   the tables have the medians [3]
  -1          the sender has one processor for all of its threads, and top speed is left out; the tapes are
              "20us:100000 500us:5000" unless -g says otherwise
  -g GAPS     mean gaps of the tapes, exponential, with :COUNT packets; "" leaves this part out ["20us 5us"]
  -c COUNT    packets of a tape that -g gives no number [100000]
  -s SIZE     bytes of a frame, without FCS [200]
  -S SIZES    frames as fast as can be; "" leaves this part out ["60 200"]
  -l LINKS    for that: ifb, where every packet is dropped at once, and veth ["ifb veth"]
  -t TOOLS    ["wiretape tcpreplay"; what is not installed is left out]
  -x OPTIONS  more options for wiretape replay; again for a wiretape more: -x '' -x '--fifo 50'
  -b PROGRAM  another build of wiretape, which takes its turns as "before"
  -o FILE     where the JSON goes [build/bench/replay.json]
  -w PROGRAM  [build/release/cli/wiretape]
The sender is bound to the first processor, with -1 all of its program, the recorder at the far end to the second. All in a
network namespace of its own; run as root or as an ordinary user.
EOT
}
rounds=3 count=100000 size=200 links="ifb veth" tools="wiretape tcpreplay" before="" alone=""
json=$top/build/bench/replay.json arguments=("$@")
while getopts n:1g:c:s:S:l:t:x:b:o:w:h option; do
  case $option in
    n) rounds=$OPTARG ;; 1) alone=1 ;; b) before=$OPTARG ;; g) gaps=$OPTARG ;; c) count=$OPTARG ;; s) size=$OPTARG ;; S) sizes=$OPTARG ;;
    l) links=$OPTARG ;; t) tools=$OPTARG ;; x) variants+=("$OPTARG") ;; o) json=$OPTARG ;;
    w) wiretape=$OPTARG ;; h) usage; exit 0 ;; *) usage >&2; exit 2 ;;
  esac
done
if [ -n "$alone" ]; then
  : "${gaps=20us:100000 500us:5000}" "${sizes=}"
else
  : "${gaps=20us 5us}" "${sizes=60 200}"
fi
enter_namespace "${arguments[@]}"
[ ${#variants[@]} -gt 0 ] || variants=("")
make_work_folder "${TMPDIR:-/var/tmp}"
maker=$top/build/release/bench/bench_tape
[ -x "$maker" ] || die "no program at $maker; build it with: cmake --preset release && cmake --build --preset release"

players=()
for tool in $tools; do
  case $tool in
    wiretape) players+=("${variants[@]/#/wiretape }") ;;
    tcpreplay)
      if command -v tcpreplay > /dev/null; then players+=(tcpreplay); else echo "no tcpreplay here: left out" >&2; fi ;;
    *) die "there is no replayer '$tool'; there are wiretape and tcpreplay" ;;
  esac
done
players=("${players[@]% }")
[ -z "$before" ] || players+=(before)

# Put the command line of a player in the array `command`; further arguments are the player's.
player() {
  local who=$1
  shift
  case $who in
    wiretape*)
      # shellcheck disable=SC2206 # these are words
      command=("$wiretape" replay --json -i "$sending" ${who#wiretape} "$@") ;;
    before) command=("$before" replay --json -i "$sending" "$@") ;;
    tcpreplay) command=(tcpreplay -i "$sending" "$@") ;;
  esac
  case $alone$who in
    wiretape* | before) command+=(--cpu "$sender_cpu") ;;
    *) command=(taskset -c "$sender_cpu" "${command[@]}") ;;
  esac
}

# play WHO TAPE: on time, recorded at the far end; a line of JSON in $work/runs.
play() {
  local who=$1 gap=$2 tape=$3 status=0
  rm -f "$work/tape.pcapng"
  taskset -c $recorder_cpu "$wiretape" record -q -i "$recording" --ring 64MiB -w "$work/tape.pcapng" \
    > /dev/null 2> "$work/err" & pid=$!
  { wait_until 30 is_recording && settle recorder; } || die "the recorder did not start: $(cat "$work/err")"
  player "$who" "$tape"
  timeout 300 "${command[@]}" > "$work/said" 2> "$work/said.err" || die "$who failed: $(cat "$work/said.err")"
  settle recorder
  kill -INT $pid
  wait $pid || die "the recorder failed: $(cat "$work/err")"
  # Exit code 3 says that packets are missing, which the table shows.
  "$wiretape" compare --json "$tape" "$work/tape.pcapng" > "$work/compared" 2> "$work/err" || status=$?
  [ $status = 0 ] || [ $status = 3 ] || die "compare failed: $(cat "$work/err")"
  case $who in wiretape* | before) ;; *) echo null > "$work/said" ;; esac
  jq -c --arg who "$who" --arg gap "$gap" --slurpfile said "$work/said" '
    {who: $who, gap: $gap, compared: del(.timing.error.histogram, .timing.gap_error.histogram, .examples),
     said: ($said[0] | if . then {proof: (.proof | walk(if type == "object" then del(.histogram) else . end)),
       machine, lead_ns, call_ns} else null end)}' "$work/compared" >> "$work/runs"
  tail -n 1 "$work/runs" | jq -r '"\(.gap) \(.who): error p50 \(.compared.timing.error.p50_ns) ns, p99 \(.compared.timing.error.p99_ns) ns"' >&2
}

# sprint WHO LINK SIZE TAPE: as fast as can be.
sprint() {
  local who=$1 link=$2 size=$3 tape=$4 pps
  case $who in
    wiretape* | before) player "$who" --timing asap --loop 4 "$tape" ;;
    tcpreplay) player "$who" --preload-pcap --topspeed --loop 4 "$tape" ;;
  esac
  timeout 300 "${command[@]}" > "$work/said" 2> "$work/said.err" || die "$who failed: $(cat "$work/said.err")"
  case $who in
    wiretape* | before) pps=$(jq ".packets_per_second // .pps" "$work/said") ;;
    tcpreplay) pps=$(awk '/^Rated/ { print $(NF - 1) }' "$work/said") ;;
  esac
  jq -nc --arg who "$who" --arg link "$link" --argjson size "$size" --argjson pps "${pps:-null}" \
    '{who: $who, link: $link, frame_bytes: $size, pps: $pps}' >> "$work/sprints"
}

: > "$work/runs"
: > "$work/sprints"
make_link veth
for tape in $gaps; do
  gap=${tape%:*} packets=$count
  [ "$gap" = "$tape" ] || packets=${tape#*:}
  "$maker" "$packets" "$size" "$gap" "$work/on_time.pcap" || die "no tape"
  for round in $(seq "$rounds"); do
    for who in "${players[@]}"; do play "$who" "$gap" "$work/on_time.pcap"; done
  done
done
for kind in ${sizes:+$links}; do
  make_link "$kind"
  for bytes in $sizes; do
    "$maker" 500000 "$bytes" 1us "$work/fast.pcap" || die "no tape"
    for round in $(seq "$rounds"); do
      for who in "${players[@]}"; do sprint "$who" "$kind" "$bytes" "$work/fast.pcap"; done
    done
  done
done

mkdir -p "$(dirname "$json")"
jq -n --slurpfile runs "$work/runs" --slurpfile sprints "$work/sprints" --arg kernel "$(uname -sr)" \
  --arg cpu "$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)" --argjson cores "$(nproc)" '
  def median: sort | .[(length / 2 | floor)];
  def spread(f): map(f) | {median: median, worst: max};
  {$kernel, $cpu, $cores,
   on_time: [$runs | group_by([.gap, .who])[] | {gap: .[0].gap, who: .[0].who,
     lost: (map(.compared.lost) | add), doubled: (map(.compared.doubled) | add),
     reordered: (map(.compared.reordered) | add),
     slower_percent: (map(.compared.timing | (.duration // .lasted).slower_percent) | sort_by(fabs) | .[(length / 2 | floor)]),
     error_p50_ns: spread(.compared.timing.error.p50_ns), error_p99_ns: spread(.compared.timing.error.p99_ns),
     gap_p50_ns: spread(.compared.timing.gap_error.p50_ns), gap_p90_ns: spread(.compared.timing.gap_error.p90_ns),
     gap_p99_ns: spread(.compared.timing.gap_error.p99_ns),
     own: (if .[0].said then {
       error_p50_ns: spread(.said.proof.error.p50_ns), error_p99_ns: spread(.said.proof.error.p99_ns),
       undisturbed_error_p50_ns: spread(.said.proof.undisturbed_error.p50_ns),
       undisturbed_error_p99_ns: spread(.said.proof.undisturbed_error.p99_ns),
       undisturbed_gap_p50_ns: spread(.said.proof.undisturbed_gap_error.p50_ns),
       undisturbed_gap_p90_ns: spread(.said.proof.undisturbed_gap_error.p90_ns),
       undisturbed_gap_p99_ns: spread(.said.proof.undisturbed_gap_error.p99_ns),
       undisturbed_share: (map(.said.proof.undisturbed_error.count / .said.proof.departures) | median),
       interrupted_percent: (map(100 * .said.machine.interrupted_ns / .said.proof.planned_ns) | median),
       call_ns: (map(.said.call_ns) | median)} else null end)}],
   as_fast_as_can_be: [$sprints | group_by([.link, .frame_bytes, .who])[] | {link: .[0].link,
     frame_bytes: .[0].frame_bytes, who: .[0].who, mpps: (map(.pps / 1e6) | median)}],
   runs: $runs, sprints: $sprints}' > "$json" || die "no results"

if [ -s "$work/runs" ]; then
  printf '%-5s %-22s %10s %10s %10s %10s %10s %10s %6s\n' gap "" "time off" "error p50" p99 "gap p50" p90 p99 lost
  jq -r 'def us: . / 1000 | if . < 1000 then "\(. * 100 | round / 100) us" else "\(. / 10 | round / 100) ms" end;
    .on_time[] | ([.gap, .who, "\(.slower_percent * 1e5 | round / 1e5) %", (.error_p50_ns.median | us), (.error_p99_ns.median | us),
      (.gap_p50_ns.median | us), (.gap_p90_ns.median | us), (.gap_p99_ns.median | us), .lost + .doubled + .reordered]),
      (.own // empty | ["-", "  undisturbed \(.undisturbed_share * 1000 | round / 10) %", "-",
        (.undisturbed_error_p50_ns.median | us), (.undisturbed_error_p99_ns.median | us),
        (.undisturbed_gap_p50_ns.median | us), (.undisturbed_gap_p90_ns.median | us),
        (.undisturbed_gap_p99_ns.median | us), "-"],
       ["-", "  taken away \(.interrupted_percent * 10 | round / 10) %", "-", "-", "-", "-", "-", "-", "-"]) | @tsv' "$json" |
    while IFS=$'\t' read -r gap who off e50 e99 g50 g90 g99 lost; do
      printf '%-5s %-22s %10s %10s %10s %10s %10s %10s %6s\n' "$gap" "$who" "$off" "$e50" "$e99" "$g50" "$g90" "$g99" "$lost"
    done
fi
if [ -s "$work/sprints" ]; then
  printf '\n%-5s %7s  %-20s %10s\n' link frame "" "top speed"
  jq -r '.as_fast_as_can_be[] | [.link, .frame_bytes, .who, (.mpps * 100 | round / 100)] | @tsv' "$json" |
    while IFS=$'\t' read -r link bytes who mpps; do
      printf '%-5s %5s B  %-20s %5s Mpps\n' "$link" "$bytes" "$who" "$mpps"
    done
fi
echo "medians of $rounds rounds, taking turns; $(jq -r '"\(.cores) x \(.cpu), \(.kernel)"' "$json"); JSON in $json"
