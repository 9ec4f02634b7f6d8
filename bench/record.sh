#!/usr/bin/env bash
# wiretape and other recorders on the same load, taking turns: what each loses, what it
# costs, what it puts on disk. Packets are counted in the files, whatever a recorder says.
. "$(dirname "$0")/lib.sh"
usage() {
  cat <<'EOT'
Usage: bench/record.sh [OPTION]...
  -n ROUNDS   the table has the medians; one more warms up [3]
  -l LOADS    "veth ifb": a pair of devices; a device that drops what was seen, for
              higher rates ["veth"]
  -s SIZES    frame sizes in bytes, without FCS: each with each of the rates
  -r RATES    packets per second, or max
              [60 B, 512 B and 1400 B at max and 200000, 200 B at max and 300000]
  -c COUNT    frames per run [2000000 at max, else what 5 seconds take]
  -t TOOLS    ["wiretape tcpdump dumpcap netsniff-ng"; what is not installed is left out]
  -x OPTIONS  more options for wiretape; again for a wiretape more: -x '' -x '--io pwrite'
  -f CHANNELS PITCH on this many groups in place of MoldUDP64 on one; wiretape takes turns with
              itself, which follows them all (--no-join --feeds: groups that are joined
              go to the IP stack, too, which slows the sender)
  -b PROGRAM  another build of wiretape, which takes its turns as "before"
  -d DIR      where the recorders write; one file of at most 6 GB at a time [/var/tmp]
  -o FILE     where the JSON goes [build/bench/record.json]
  -w PROGRAM  [build/release/cli/wiretape]
The sender is bound to the first processor and the recorder to the second; each recorder
has a ring of 256 MiB. CPU is the recorder's process with all its threads, without its
start, for each packet in its file. Everything happens in a network namespace of its own;
run as root or as an ordinary user.
EOT
}
rounds=3 links=veth sizes="" rates="" count="" tools="wiretape $others" before_program=""
folder=${TMPDIR:-/var/tmp} json=$top/build/bench/record.json arguments=("$@")
while getopts n:l:s:r:c:t:x:f:b:d:o:w:h option; do
  case $option in
    n) rounds=$OPTARG ;; l) links=$OPTARG ;; s) sizes=$OPTARG ;; r) rates=$OPTARG ;; c) count=$OPTARG ;;
    t) tools=$OPTARG ;; x) variants+=("$OPTARG") ;; f) channels=$OPTARG ;;
    b) before_program=$OPTARG ;; d) folder=$OPTARG ;; o) json=$OPTARG ;;
    w) wiretape=$OPTARG ;; h) usage; exit 0 ;; *) usage >&2; exit 2 ;;
  esac
done
enter_namespace "${arguments[@]}"
[ ${#variants[@]} -gt 0 ] || variants=("")
[ "$channels" = 0 ] || variants+=("--no-join --feeds")
# shellcheck disable=SC2086 # these are words
choose_recorders $tools
[ -z "$before_program" ] || recorders+=(before)
make_work_folder "$folder"
[ "$channels" = 0 ] || feeds_file > "$work/feeds"

# "SIZE RATE" of each load.
combinations() {
  local size rate
  if [ -z "$sizes$rates" ]; then
    printf '%s\n' "60 max" "60 200000" "200 max" "200 300000" "512 max" "512 200000" "1400 max" "1400 200000"
    return
  fi
  for size in ${sizes:-60 200 512 1400}; do
    for rate in ${rates:-max 200000}; do echo "$size $rate"; done
  done
}

for link in $links; do
  make_link "$link"
  while read -r size rate <&3; do
    frames=${count:-$((${rate/max/400000} * 5))}
    rounds_of "$rounds" "$size" "$frames" "$rate"
  done 3< <(combinations)
done
report "$rounds" "$json"
