# shellcheck shell=bash
# Shared by the benchmarks that run recorders side by side, which source it first: a
# network namespace of their own, a load in it, one recorder after the other, what each
# used and left on disk, a table and JSON of it all.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(dirname "$here")
wiretape=${WIRETAPE:-$top/build/release/cli/wiretape}
sender_cpu=0 recorder_cpu=$(($(nproc) > 1 ? 1 : 0))
work="" # where recorders write; it goes at the end
variants=() # more options of wiretape: one recorder each
channels=0 # 0: MoldUDP64 on one group; else PITCH on as many
most_bytes=6000000000 # of one file

die() {
  echo "${0##*/}: $*" >&2
  exit 1
}

# enter_namespace ARGUMENT...: those the script was started with. It goes on inside.
enter_namespace() {
  [ -x "$wiretape" ] ||
    die "no program at $wiretape; build it with: cmake --preset release && cmake --build --preset release"
  command -v jq > /dev/null || die "jq is missing: apt-get install jq"
  if [ -z "${WT_BENCH_INSIDE:-}" ]; then
    WT_BENCH_INSIDE=1 exec "$top/tests/support/in-namespace.sh" "$0" "$@"
  fi
}

# make_work_folder WHERE
make_work_folder() {
  [ -d "$1" ] || die "there is no folder $1"
  trap clean_up EXIT
  trap 'exit 1' INT TERM HUP
  work=$(mktemp -d "$1/wiretape-bench.XXXXXX") || exit 1
}

clean_up() {
  local pid
  for pid in $(jobs -p); do kill -KILL "$pid"; done 2> /dev/null
  wait 2> /dev/null
  [ -z "$work" ] || rm -rf "$work"
}

# Without a process for every look.
exec {never}<> <(:)
pause() { read -rt "$1" -u "$never"; }
wait_until() { # DEADLINE_SECONDS COMMAND...
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    [ $SECONDS -lt $end ] || return 1
    pause 0.02
  done
  return 0
}

# A child of ours.
ended() {
  local state
  state=$(sed -n 's/^State:\t\(.\).*/\1/p' "/proc/$1/status" 2> /dev/null)
  [ -z "$state" ] || [ "$state" = Z ]
}

# make_link veth|ifb: sets where to send and where to record, and how to send. What is
# sent to an ifb passes the recorder on its way out and is then dropped by the device.
# Nothing receives it, so the sender's processor has time for more of them.
make_link() {
  local file
  # An IPv6 address would send packets that nobody asked for.
  for file in all default; do
    echo 1 > /proc/sys/net/ipv6/conf/$file/disable_ipv6
  done 2> /dev/null
  case $1 in
    veth)
      sending=wtb0 recording=wtb1 way=()
      ip link show wtb0 > /dev/null 2>&1 || ip link add wtb0 type veth peer name wtb1 ||
        die "cannot make a veth pair" ;;
    ifb)
      sending=ifb0 recording=ifb0 way=(--qdisc)
      ip link show ifb0 > /dev/null 2>&1 || ip link add ifb0 type ifb || die "cannot make an ifb device" ;;
    *) die "there is no load '$1'; there are veth and ifb" ;;
  esac
  ip link set $sending up && ip link set $recording up || die "cannot bring the links up"
  # Not from /sys, which shows the devices of the namespace that mounted it.
  recording_index=$(ip -o link show "$recording" | cut -d: -f1)
  link=$1
}

# feeds_file: the channels that send() sends on, a line each.
feeds_file() {
  awk -v count="$channels" 'BEGIN {for (i = 1; i <= count; i++)
    printf "c%d pitch A=233.%d.%d.%d:26477\n", i, 252 + int(i / 65536), int(i / 256) % 256, i % 256}'
}

# send SIZE FRAMES PPS: what generate says is in $work/sent.
send() {
  # Slower than this something is stuck.
  local slowest=${3/max/50000} streams=()
  [ "$channels" = 0 ] || streams=(--feed pitch --streams "$channels")
  timeout $((60 + $2 / slowest)) taskset -c $sender_cpu "$wiretape" generate -q --json -i $sending \
    "${way[@]}" "${streams[@]}" --size "$1" --count "$2" --pps "$3" > "$work/sent" 2> "$work/sent.err" ||
    die "sending failed or took too long: $(cat "$work/sent.err")"
}

others="tcpdump dumpcap netsniff-ng"

# choose_recorders NAME...: sets the array `recorders`, without what is not installed.
# "wiretape" stands for all of its variants.
choose_recorders() {
  local name
  recorders=()
  for name; do
    case $name in
      wiretape) recorders+=("${variants[@]/#/wiretape }") ;;
      v3 | v2 | recv) recorders+=("wiretape --reader $name") ;;
      tcpdump | dumpcap | netsniff-ng)
        if command -v "$name" > /dev/null; then
          recorders+=("$name")
        else
          echo "no $name here: left out" >&2
        fi ;;
      *) die "there is no recorder '$name'; there are wiretape, ${others// /, }" ;;
    esac
  done
  recorders=("${recorders[@]% }")
}

# The command line of a recorder, in the array `command`. A ring of 256 MiB for each.
command_of() {
  case $1 in
    before) command=("$before_program" record -q --json -i "$recording" --ring 256MiB -w "$work/tape") ;;
    wiretape*)
      # shellcheck disable=SC2206 # these are words
      command=("$wiretape" record -q --json -i "$recording" --ring 256MiB ${1#wiretape} -w "$work/tape")
      [[ $1 != *--feeds* ]] || command=("${command[@]/#--feeds/--feeds=$work/feeds}")
      # A block of TPACKET_V2 has room for the largest frame; its ring is larger for that.
      [[ $1 != *"--reader v2"* ]] || command+=(--ring 512MiB) ;;
    tcpdump) command=(tcpdump -q -n -i "$recording" -B 262144 -w "$work/tape") ;;
    dumpcap) command=(dumpcap -q -i "$recording" -B 256 -w "$work/tape") ;;
    netsniff-ng) command=(netsniff-ng --in "$recording" --out "$work/tape" --silent -S 256MiB) ;;
  esac
}

# A packet that the recorder dropped is missing, or the channel's last.
all_followed() {
  jq -e --slurpfile sent "$work/sent" '([.lost[]] | add) as $lost | .feeds.feed_total |
    .matched + $lost >= $sent[0].sent and .missing <= $lost' "$work/out" > /dev/null
}

# How many packets a recorder says it wrote.
claimed_by() {
  case $1 in
    wiretape* | before)
      jq -e '.seen == .written + ([.lost[]] | add)' "$work/out" > /dev/null ||
        die "the ledger of $1 does not close"
      jq .written "$work/out" ;;
    tcpdump) awk '/packets captured/ { print $1 }' "$work/err" ;;
    dumpcap) grep -aoE 'Packets captured: [0-9]+' "$work/err" | tail -n 1 | cut -d' ' -f3 ;;
    netsniff-ng) tr '\r' '\n' < "$work/out" | awk '/packets passed filter/ { print $1 }' ;;
  esac
}

# How many there are. capinfos has no stake in it.
count_packets() {
  if command -v capinfos > /dev/null; then
    timeout 300 capinfos -Mc "$1" 2> /dev/null | awk '/^Number of packets/ { print $NF }'
  else
    timeout 300 "$wiretape" info --json "$1" | jq .packets
  fi
}

version_of() {
  case $1 in
    before) "$before_program" --version ;;
    wiretape*) "$wiretape" --version ;;
    *) "$1" --version 2>&1 ;;
  esac | head -n 1
}

# The processor time of a process and its threads, in clock ticks.
ticks() { awk '{ sub(/^.*\) /, ""); print $12 + $13 }' "/proc/$1/stat" 2> /dev/null; }

# A packet socket that is bound to the interface and running.
is_recording() {
  ended "$pid" && return
  awk -v index_="$recording_index" '$5 == index_ && $6 == 1 { found = 1 } END { exit !found }' /proc/net/packet
}

# No processor time used, nothing written and nothing waited for since the last look: a
# recorder that the disk holds up has not got to the end of its ring.
has_settled() {
  local now
  ended "$pid" && return
  now="$(ticks "$pid") $(stat -c %s "$work/tape" 2> /dev/null)"
  grep -qsE '^State:.D' "/proc/$pid"/task/*/status && now=""
  [ -n "$now" ] && [ "$now" = "$last" ] && return
  last=$now
  pause 0.3
  return 1
}

settle() {
  last=""
  wait_until 60 has_settled || die "$1 does not come to rest"
}

# needs_room SIZE FRAMES: before that much goes to disk.
needs_room() {
  local bytes=$((($1 + 160) * $2 + 300000000)) free
  free=$(df --output=avail -B 1 "$work" | tail -n 1)
  [ $bytes -le $most_bytes ] ||
    die "$2 frames of $1 B may be $((bytes / 1000000)) MB on disk; at most $((most_bytes / 1000000)) are allowed"
  [ $bytes -le "$free" ] ||
    die "$2 frames of $1 B may be $((bytes / 1000000)) MB; ${work%/*} has $((free / 1000000)) left"
}

# run WHO SIZE FRAMES PPS: one run, as JSON in $work/run. Fails where WHO does not start.
run() {
  local who=$1 size=$2 frames=$3 pps=$4 before after claimed found
  rm -f "$work"/tape*
  needs_room "$size" "$frames"
  command_of "$who"
  taskset -c $recorder_cpu "${command[@]}" > "$work/out" 2> "$work/err" & pid=$!
  wait_until 30 is_recording && settle "$who"
  # Also one that opens its socket, then its file, and then gives up.
  if ! wait_until 1 is_recording || ended $pid; then
    echo "$who did not start: $(tail -n 1 "$work/err")" >&2
    { kill -KILL $pid; } 2> /dev/null
    wait $pid 2> /dev/null
    return 1
  fi
  before=$(ticks $pid)
  send "$size" "$frames" "$pps"
  settle "$who"
  after=$(ticks $pid)
  kill -INT $pid
  wait_until 120 ended $pid || die "$who does not end"
  wait $pid || die "$who failed: $(cat "$work/err")"
  claimed=$(claimed_by "$who")
  found=$(count_packets "$work/tape")
  jq -c --arg link "$link" --arg who "$who" --arg pps "$pps" --arg claimed "${claimed:-0}" --arg found "${found:-0}" \
    --argjson size "$size" --argjson bytes "$(stat -c %s "$work/tape")" --argjson ticks $((after - before)) \
    --argjson hz "$(getconf CLK_TCK)" '
    {recorder: $who, load: $link, frame_bytes: $size, pps_asked: $pps, sent, pps: (.sent * 1e9 / .duration_ns),
     claimed: ($claimed | tonumber), in_file: ($found | tonumber), file_bytes: $bytes,
     cpu_s: ($ticks / $hz)}' "$work/sent" > "$work/run" || die "no result of $who"
  rm -f "$work"/tape*
}

# leave_out WHO: somebody else's program that does not run here. tcpdump gives up root's
# rights, which it cannot in a user namespace.
leave_out() {
  local name left=()
  case $1 in wiretape* | before) exit 1 ;; esac
  for name in "${recorders[@]}"; do [ "$name" = "$1" ] || left+=("$name"); done
  recorders=("${left[@]}")
  echo "$1: left out" >&2
}

# rounds_of ROUNDS SIZE FRAMES PPS: the recorders taking turns. The first round warms
# up: memory that the machine has never touched is slow.
rounds_of() {
  local rounds=$1 round who
  shift
  for round in $(seq 0 "$rounds"); do
    for who in "${recorders[@]}"; do
      run "$who" "$@" || { leave_out "$who"; continue; }
      jq -r --arg round "$round" '"round \($round): \(.load) \(.frame_bytes) B \(.recorder): " +
        "sent \(.sent), in the file \(.in_file)" +
        (if .claimed == .in_file then "" else " (it says \(.claimed))" end) + ", \(.cpu_s) s"' "$work/run" >&2
      [ "$round" = 0 ] || cat "$work/run" >> "$work/runs"
    done
  done
}

# machine WHERE_FILES_ARE
machine() {
  local who versions="{}"
  for who in "${recorders[@]}"; do
    versions=$(jq -c --arg who "${who%% *}" --arg version "$(version_of "$who")" '.[$who] = $version' <<< "$versions")
  done
  jq -n --arg kernel "$(uname -sr)" --arg cpu "$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)" \
    --argjson cores "$(nproc)" --arg files "$(df --output=fstype "$1" | tail -n 1)" --argjson versions "$versions" \
    --argjson memory "$(awk '/^MemTotal/ { print $2 * 1024 }' /proc/meminfo)" \
    '{kernel: $kernel, cpu: $cpu, cores: $cores, memory_bytes: $memory, file_system: $files, versions: $versions}'
}

# report ROUNDS JSON_FILE: all runs and their medians to the file, and a table. Processor
# time is for each packet in the file: to lose one is cheap.
report() {
  mkdir -p "$(dirname "$2")"
  jq -s --argjson machine "$(machine "$work")" --argjson rounds "$1" '
    def median: sort | .[(length / 2 | floor)];
    def loss_pct: 100 * (.sent - .in_file) / .sent;
    . as $runs
    | [$runs[] | [.load, .frame_bytes, .pps_asked, .recorder]] as $keys
    | $machine + {rounds: $rounds,
       results: [$runs | group_by([.load, .frame_bytes, .pps_asked, .recorder])
         | sort_by(.[0] as $r | $keys | index([[$r.load, $r.frame_bytes, $r.pps_asked, $r.recorder]]))[]
         | (.[0] | {recorder, load, frame_bytes, pps_asked}) + {
           mpps: (map(.pps) | median / 1e6),
           loss_pct: (map(loss_pct) | median),
           worst_loss_pct: (map(loss_pct) | max),
           cpu_ns_per_packet: (map(.cpu_s * 1e9 / ([.in_file, 1] | max)) | median),
           file_bytes_per_packet: (map(.file_bytes / ([.in_file, 1] | max)) | median),
           claims_true: all(.claimed == .in_file)}],
       runs: $runs}' "$work/runs" > "$2" || die "no results"
  local who load size mpps loss worst cpu bytes width
  width=$(jq '[.results[].recorder | length] | max' "$2")
  printf '%-4s %7s %10s  %-*s %9s %9s %12s %12s\n' load frame rate "$width" recorder loss worst CPU/packet file/packet
  jq -r '.results[] | [.load, .frame_bytes, .mpps, .recorder, .loss_pct, .worst_loss_pct, .cpu_ns_per_packet,
    .file_bytes_per_packet] | @tsv' "$2" |
    while IFS=$'\t' read -r load size mpps who loss worst cpu bytes; do
      printf '%-4s %5s B %5.3f Mpps  %-*s %7.2f %% %7.2f %% %9.0f ns %10.0f B\n' "$load" "$size" "$mpps" \
        "$width" "$who" "$loss" "$worst" "$cpu" "$bytes"
    done
  echo "medians of $1 rounds, taking turns; packets as counted in the files;" \
    "$(jq -r '"\(.cores) x \(.cpu), \(.kernel), \(.file_system)"' "$2"); JSON in $2"
}
