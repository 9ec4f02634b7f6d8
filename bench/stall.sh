#!/usr/bin/env bash
# A disk that stalls for SECONDS while packets come at MB_PER_SECOND: what is lost, how
# long a write took, how full the ring was. Takes root, for a file system to freeze.
. "$(dirname "$0")/lib.sh"
usage() {
  cat <<'EOT'
Usage: bench/stall.sh [OPTION]...
  -t SECONDS  how long the disk stalls [10]
  -m MB       per second, 1400-byte frames [100]
  -r SIZE     the ring [2GiB]
  -x OPTIONS  more options for wiretape; again for another run: -x '' -x '--io pwrite'
  -d DIR      where the disk's image is; it grows to what is recorded [/var/tmp]
  -o FILE     where the JSON goes [build/bench/stall.json]
  -w PROGRAM  [build/release/cli/wiretape]
The load begins 3 seconds before and goes on for 5 seconds after.
EOT
}
seconds=10 mb=100 ring=2GiB folder=${TMPDIR:-/var/tmp} json=$top/build/bench/stall.json arguments=("$@")
while getopts t:m:r:x:d:o:w:h option; do
  case $option in
    t) seconds=$OPTARG ;; m) mb=$OPTARG ;; r) ring=$OPTARG ;; x) variants+=("$OPTARG") ;;
    d) folder=$OPTARG ;; o) json=$OPTARG ;; w) wiretape=$OPTARG ;; h) usage; exit 0 ;; *) usage >&2; exit 2 ;;
  esac
done
enter_namespace "${arguments[@]}"
[ ${#variants[@]} -gt 0 ] || variants=("")
size=1400 pps=$((mb * 1000000 / 1400)) frames=$((mb * 1000000 / 1400 * (seconds + 8)))
make_work_folder "$folder"
needs_room $size $frames
make_link veth

# The image is in the folder that goes away, and must not be in use then.
finish() {
  touch "$work/thaw"
  [ ! -e "$work/frozen" ] || wait_until 30 test -e "$work/thawed"
  for child in $(jobs -p); do kill -KILL "$child"; done 2> /dev/null
  wait 2> /dev/null
  umount "$work/disk" 2> /dev/null
  clean_up
}
trap finish EXIT
mkdir "$work/disk"
truncate -s $((frames * 1600 + 1000000000)) "$work/image"
timeout 60 mkfs.ext4 -q -F "$work/image" || die "cannot make an ext4"
mount -o loop "$work/image" "$work/disk" || die "cannot mount a loop device; be root"

has_received() { # COUNT
  [ "$(awk -v name="$recording:" '$1 == name { print $3 }' /proc/net/dev)" -ge "$1" ]
}

# stall OPTIONS: one run, as JSON in $work/run.
stall() {
  local before file=$work/disk/tape
  before=$(awk -v name="$recording:" '$1 == name { print $3 }' /proc/net/dev)
  # shellcheck disable=SC2086 # these are words
  taskset -c $recorder_cpu "$wiretape" record --json -i "$recording" --ring "$ring" $1 -w "$file" \
    > "$work/out" 2> "$work/err" & pid=$!
  wait_until 60 is_recording && ! ended $pid || die "the recorder did not start: $(cat "$work/err")"
  last="" && wait_until 60 has_settled
  send $size $frames $pps &
  local sender=$!
  wait_until 60 has_received $((before + pps * 3)) || die "the load does not come"
  "$top/tests/support/freeze.sh" "$work/disk" "$work" "$seconds" || die "cannot freeze the file system"
  wait_until $((seconds + 60)) test -e "$work/thawed" || die "the file system stays frozen"
  rm "$work/frozen"
  wait_until $((seconds + 60)) ended $sender && wait $sender || die "the load did not end"
  last="" && wait_until 120 has_settled || die "the recorder does not come to rest"
  kill -INT $pid
  wait_until 120 ended $pid || die "the recorder does not end"
  wait $pid
  jq --arg options "$1" --argjson sent "$(jq .sent "$work/sent")" --argjson stalled "$(cat "$work/thawed")" \
    --argjson found "$(count_packets "$file")" --arg warning "$(grep -E 'ring of .* full' "$work/err" | head -n 1)" '
    {options: $options, sent: $sent, written, in_file: $found, lost: ([.lost[]] | add), stalled_ms: $stalled,
     longest_write_ms: (.writes.longest_ns / 1e6), slow_writes: .writes.slow, in_flight_most: .writes.in_flight_most,
     ring_high_water_pct: .ring.high_water_percent, ring_high_water_ms: (.ring.high_water_ns / 1e6), io, direct, warning: $warning}' "$work/out" > "$work/run" ||
    die "no result: $(cat "$work/err")"
  rm -f "$file"
}

for options in "${variants[@]}"; do
  stall "$options"
  jq -r '"wiretape \(.options): sent \(.sent), in the file \(.in_file), lost \(.lost)\n" +
    "  the disk stalled for \(.stalled_ms) ms; longest write \(.longest_write_ms | floor) ms, at most \(.in_flight_most) in flight\n" +
    "  ring at most \(.ring_high_water_pct | floor) % full, \(.ring_high_water_ms | floor) ms of traffic\n" +
    "  " + (if .warning == "" then "no warning" else .warning end)' "$work/run"
  cat "$work/run" >> "$work/runs"
done
mkdir -p "$(dirname "$json")"
jq -s --argjson mb "$mb" --arg ring "$ring" --arg kernel "$(uname -sr)" \
  '{kernel: $kernel, mb_per_s: $mb, ring: $ring, runs: .}' "$work/runs" > "$json" && echo "JSON in $json"
