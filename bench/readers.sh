#!/usr/bin/env bash
# The three live readers, and tcpdump and dumpcap where installed, on the same veth load,
# taking turns: rate, loss, CPU per packet. Medians of ROUNDS; a table, and JSON.
. "$(dirname "$0")/lib.sh"
usage() {
  cat <<'EOT'
Usage: bench/readers.sh [-n ROUNDS] [-s "60 1400"] [-c COUNT] [-p PPS] [-o JSON_FILE] [-w WIRETAPE]
  -n  rounds; the table has the medians [3]
  -s  frame sizes in bytes, without FCS ["60 1400"]
  -c  frames per run [2000000 for frames below 512 B, else 1000000]
  -p  packets per second [max]
  -o  where the JSON goes [build/bench/readers.json]
  -w  the program [build/release/cli/wiretape]
The sender is bound to the first processor and the recorder to the second. Everything
happens in a network namespace of its own; run as root or as an ordinary user.
EOT
}
rounds=3 sizes="60 1400" count="" pps=max json=$top/build/bench/readers.json arguments=("$@")
while getopts n:s:c:p:o:w:h option; do
  case $option in
    n) rounds=$OPTARG ;; s) sizes=$OPTARG ;; c) count=$OPTARG ;; p) pps=$OPTARG ;;
    o) json=$OPTARG ;; w) wiretape=$OPTARG ;; h) usage; exit 0 ;; *) usage >&2; exit 2 ;;
  esac
done
enter_namespace "${arguments[@]}"
make_work_folder "${TMPDIR:-/var/tmp}"
make_link veth
choose_recorders v3 v2 recv tcpdump dumpcap
for size in $sizes; do
  rounds_of "$rounds" "$size" "${count:-$((size < 512 ? 2000000 : 1000000))}" "$pps"
done
report "$rounds" "$json"
