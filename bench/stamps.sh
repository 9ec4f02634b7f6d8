#!/usr/bin/env bash
# Cost and error of stamps: bench_stamps over a veth in a network namespace of
# its own.
. "$(dirname "$0")/lib.sh"
usage() {
  cat <<'EOT'
Usage: bench/stamps.sh [-n ROUNDS] [-s BYTES] [-c COUNT] [-p PPS]
  -n  rounds; the table has the medians [3]
  -s  frame size in bytes, without FCS [100]
  -c  frames per run [500000]
  -p  packets per second in the first of two tables, in the second as fast as can be [100000]
Run as root or as an ordinary user.
EOT
}
case ${1:-} in -h | --help) usage; exit 0 ;; esac
bench=$top/build/release/bench/bench_stamps
[ -x "$bench" ] || die "no program at $bench; build it with: cmake --preset release && cmake --build --preset release"
enter_namespace "$@"
make_link veth
"$bench" "$@" "$sending" "$recording" || exit
echo "$(nproc) x $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1), $(uname -sr); veth"
