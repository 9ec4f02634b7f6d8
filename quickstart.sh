#!/usr/bin/env bash
# From a fresh checkout on Debian 12 to a recorded tape: installs what is missing,
# builds, makes a network of its own and records live traffic there; where no network
# can be made (a container) it records from a simulated interface. Then it records numbers
# of which some are missing, and asks whose loss that was. Touches no interface of this
# machine. Needs no root once the packages are installed.
set -eu
cd "$(dirname "$0")"
. cmake/dependencies.sh

packets=200000 frame_bytes=200 pps=100000
out=build/quickstart
program=$out/cli/wiretape
tape=$out/tape.pcapng
gaps=$out/gaps.pcapng
# A channel with two sides, A and B: of 10,001 messages A lacks ten, and nobody sends the 5000th.
side_a=239.1.1.1:5000 side_b=239.1.1.2:5000
channel=moldudp64@A=$side_a,B=$side_b,name=itch

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

# start OPTION...: a recorder in the background, as $recorder, when it has begun.
start() {
  printf '%s$ %s record %s &%s\n' "$dim" "$program" "$*" "$plain"
  "$program" record "$@" 2>"$out/record.log" &
  recorder=$!
  wait_for 20 recording || true
  if recorder_gone; then
    cat "$out/record.log" >&2
    die "the recorder did not start"
  fi
  cat "$out/record.log"
}

# It ends with the last packet. Should one be missing, it is told to stop.
finish() {
  wait_for 10 recorder_gone || kill -INT "$recorder"
  wait "$recorder" || die "the recorder failed: $(tail -n 1 "$out/record.log")"
  sed '0,/^recording /d' "$out/record.log"
}

# Inside the namespace: what a person would do with two terminals.
record() {
  make_network
  start -i wt1 -w "$tape" -c "$packets"
  run "$program" generate -i wt0 --count "$packets" --size "$frame_bytes" --pps "$pps"
  finish
}

# Two terminals again, and a feed: ten messages are missing on side A, one on both.
lose() {
  make_network
  start -i wt1 -w "$gaps" -c 19990 --feed "$channel" udp
  run "$program" generate -i wt0 --feed moldudp64 --side "A=$side_a" --side "B=$side_b" \
    --skip A:1000-1009 --skip 5000 --count 20000 --pps 20000
  finish
}

# That tape, as far as it can be had without the kernel's packets.
simulate() {
  run "$program" record --reader sim -i "sim:count=$packets,size=$frame_bytes,pps=$pps" -w "$tape"
}

# Three messages are never sent; ten the simulated NIC loses and counts.
simulate_loss() {
  run "$program" record --reader sim -i sim:count=4900,pps=10000,skipped=3@2500,missed=10@4000 \
    -w "$gaps" --feed moldudp64@233.252.0.1:26477,name=itch
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

# ask: exit code 3 is the answer that something is missing.
ask() {
  heading "Whose loss it was"
  run "$program" check "$gaps" || [ $? = 3 ]
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
The tapes are $tape and $gaps; open them in Wireshark.
To record from an interface of this machine, let the program do so once, as root:
  setcap cap_net_raw,cap_net_admin+ep $program
then, as yourself:
  $program record -D
  $program record -i eth0 -w eth0.pcapng
  $program feeds -i eth0                                # which feeds of market data arrive there
The manual: man docs/wiretape.1   The tests: ./check.sh   More: README.md
END
}

case "${1:-}" in
"")
  wt_install_missing "$wt_packages_build" "$wt_packages_show" || exit 1
  heading "Building"
  build
  rm -f "$tape" "$gaps"
  # Tried first, since rights, veth or packet sockets may be missing.
  if why=$(tests/support/in-namespace.sh "$BASH" ./quickstart.sh --try-network 2>&1); then
    heading "Recording $packets packets in a network of its own"
    tests/support/in-namespace.sh "$BASH" ./quickstart.sh --in-namespace record
    look
    heading "Recording a feed of which some is missing"
    tests/support/in-namespace.sh "$BASH" ./quickstart.sh --in-namespace lose
  else
    heading "Recording $packets simulated packets"
    why=${why##*$'\n'}
    not_shown "${why#SKIP: }"
    simulate
    look
    heading "Recording a simulated feed of which some is missing"
    simulate_loss
  fi
  ask
  next
  ;;
--in-namespace) "$2" ;;
--try-network) make_network && "$program" record -q -i wt1 -w /dev/null -a duration:0.1 ;;
-h | --help) sed -n '2,/^set /{s/^# //p}' "$0" ;;
*) die "there are no options" ;;
esac
