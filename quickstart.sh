#!/usr/bin/env bash
# From a fresh checkout on Debian 12 to a recorded tape: installs what is missing,
# builds, makes a network of its own and records live traffic there; where no network
# can be made (a container) it records from a simulated interface. Touches no interface
# of this machine. Needs no root once the packages are installed.
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
  if ! { cmake --preset release -B "$out" -DWT_TESTS=OFF -DWT_BENCH=OFF -DWT_WERROR=OFF &&
    cmake --build "$out" --target wiretape; } >"$log" 2>&1; then
    tail -n 30 "$log" >&2
    die "the build failed; all of it is in $log"
  fi
  echo "$program: $("$program" --version | head -n 1)"
}

both_ends_up() { [ "$(ip -o link show up type veth | grep -c LOWER_UP)" = 2 ]; }

make_network() {
  ip link add wt0 type veth peer name wt1
  # Without IPv6's own chatter the tape holds what was sent and nothing else.
  ip link set wt0 addrgenmode none up
  ip link set wt1 addrgenmode none up
  wait_for 10 both_ends_up || die "the veth pair does not come up"
}

recorder_gone() { ! kill -0 "$recorder" 2>/dev/null; }
recording() { grep -q '^recording ' "$out/record.log" || recorder_gone; }

# Inside the namespace: what a person would do with two terminals.
record() {
  make_network
  local command=("$program" record -i wt1 -w "$tape" -c "$packets")
  printf '%s$ %s &%s\n' "$dim" "${command[*]}" "$plain"
  "${command[@]}" 2>"$out/record.log" &
  recorder=$!
  wait_for 20 recording || true
  if recorder_gone; then
    cat "$out/record.log" >&2
    die "the recorder did not start"
  fi
  cat "$out/record.log"
  run "$program" generate -i wt0 --count "$packets" --size "$frame_bytes" --pps "$pps"
  # It ends with the last packet. Should one be missing, it is told to stop.
  wait_for 10 recorder_gone || kill -INT "$recorder"
  wait "$recorder" || die "the recorder failed: $(tail -n 1 "$out/record.log")"
  sed -n "\|^$tape: |,\$p" "$out/record.log"
}

# The same tape, as far as it can be had without the kernel's packets.
simulate() {
  run "$program" record --reader sim -i "sim:count=$packets,size=$frame_bytes,pps=$pps" -w "$tape"
}

# not_shown REASON: what simulate() leaves out, and the way to have it.
not_shown() {
  cat <<END
No network can be made here: $1.
So these packets are simulated. What that does not show: packets that the kernel carries from
one interface to another, and its timestamps.
END
  if [ "$(id -u)" = 0 ]; then
    echo "In a container, one option of its runner changes that: docker run --privileged (podman alike)."
  else
    echo "As root it can be made, or once users may make namespaces: sysctl user.max_user_namespaces."
  fi
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
  rm -f "$tape"
  # Tried first, since rights, veth or packet sockets may be missing.
  if why=$(tests/support/in-namespace.sh "$BASH" ./quickstart.sh --try-network 2>&1); then
    heading "Recording $packets packets in a network of its own"
    tests/support/in-namespace.sh "$BASH" ./quickstart.sh --in-namespace
  else
    heading "Recording $packets simulated packets"
    why=${why##*$'\n'}
    not_shown "${why#SKIP: }"
    simulate
  fi
  look
  next
  ;;
--in-namespace) record ;;
--try-network) make_network && "$program" record -q -i wt1 -w /dev/null -a duration:0.1 ;;
-h | --help) sed -n '2,/^set /{s/^# //p}' "$0" ;;
*) die "there are no options" ;;
esac
