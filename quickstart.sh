#!/usr/bin/env bash
# From a fresh checkout on Debian 12 to a recorded tape: installs what is missing,
# builds, makes a network of its own and records live traffic there. Touches no
# interface of this machine. Needs no root once the packages are installed.
set -eu
cd "$(dirname "$0")"
. cmake/dependencies.sh

packets=200000 frame_bytes=200 pps=100000
out=build/quickstart
program=$out/cli/wiretape
tape=$out/tape.pcapng

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
  bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' plain=$'\e[0m'
else
  bold="" dim="" red="" plain=""
fi

heading() { printf '\n%s== %s%s\n' "$bold" "$1" "$plain"; }
die() { printf '%squickstart: %s%s\n' "$red" "$1" "$plain" >&2; exit 1; }

# Show a command as one would type it, then run it.
run() {
  printf '%s$ %s%s\n' "$dim" "$*" "$plain"
  "$@"
}

# wait_for SECONDS COMMAND...: until it succeeds; fails when the time is over.
wait_for() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.02
  done
}

build() {
  local log=$out/build.log
  mkdir -p "$out"
  # Tests are for check.sh, which installs what they need.
  if ! { cmake --preset release -B "$out" -DWT_TESTS=OFF -DWT_BENCH=OFF &&
    cmake --build "$out" --target wiretape; } >"$log" 2>&1; then
    tail -n 30 "$log" >&2
    die "the build failed; all of it is in $log"
  fi
  echo "$program: $("$program" --version | head -n 1)"
}

both_ends_up() { [ "$(ip -o link show up type veth | grep -c LOWER_UP)" = 2 ]; }

make_network() {
  # Without IPv6's own chatter the tape holds what was sent and nothing else.
  ip link add wt0 type veth peer name wt1
  ip link set wt0 addrgenmode none up
  ip link set wt1 addrgenmode none up
  wait_for 10 both_ends_up || die "the veth pair does not come up"
}

recorder_gone() { ! kill -0 "$recorder" 2>/dev/null; }
file_begun() { [ -s "$tape" ] || recorder_gone; }
# It answers SIGUSR1 with the ledger so far: then it is recording.
recorder_answers() { grep -q '^after ' "$out/record.log" || recorder_gone; }

# Inside the namespace: what a person would do with two terminals.
record() {
  make_network
  rm -f "$tape"
  local command=("$program" record -i wt1 -w "$tape" -c "$packets")
  printf '%s$ %s &%s\n' "$dim" "${command[*]}" "$plain"
  "${command[@]}" 2>"$out/record.log" &
  recorder=$!
  wait_for 20 file_begun || true
  recorder_gone || kill -USR1 "$recorder"
  wait_for 20 recorder_answers || true
  if recorder_gone; then
    cat "$out/record.log" >&2
    die "the recorder did not start"
  fi
  run "$program" generate -i wt0 --count "$packets" --size "$frame_bytes" --pps "$pps"
  # It ends with the last packet. Should one be missing, it is told to stop.
  wait_for 10 recorder_gone || kill -INT "$recorder"
  wait "$recorder" || die "the recorder failed: $(tail -n 1 "$out/record.log")"
  sed -n "\|^$tape: |,\$p" "$out/record.log"
}

look() {
  heading "What Wireshark's tools say"
  run capinfos -c -d -u -a -e "$tape"
  run tshark -n -r "$tape" -c 5
  heading "What is in the file beside the packets"
  run "$program" info "$tape"
}

next() {
  heading "Next"
  cat <<END
The tape is $tape; open it in Wireshark.
To record from an interface of this machine, let the program do so once, as root:
  setcap cap_net_raw,cap_net_admin+ep $program
then, as yourself:
  $program record -D
  $program record -i eth0 -w eth0.pcapng
The manual: man docs/wiretape.1   The tests: ./check.sh   More: README.md
END
}

case "${1:-}" in
"")
  wt_install_missing "$wt_packages_build" "$wt_packages_show" || exit 1
  heading "Building"
  build
  heading "Recording $packets packets in a network of its own"
  status=0
  tests/support/in-namespace.sh "$BASH" ./quickstart.sh --in-namespace || status=$?
  [ "$status" != 77 ] || die "no network namespace to be had here; as root it works"
  [ "$status" = 0 ] || exit "$status"
  look
  next
  ;;
--in-namespace) record ;;
-h | --help) sed -n '2,/^set /{s/^# //p}' "$0" ;;
*) die "there are no options" ;;
esac
