#!/usr/bin/env bash
# A NIC's stamps of what it receives, on their way into the file: a recording has those that
# there are, converted, and marks the others as what they are.
. "$VM/lib.sh"
links_up nic0 nic1

# ---- a tape with two PTP messages among other packets ----

# Of 32 bits, as pcap has them here.
le32() {
  printf '%02x%02x%02x%02x' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24 & 255))
}

# record NUMBER BYTES-IN-HEX: 2 ms apart.
record() {
  local length=$((${#2} / 2))
  echo "$(le32 1700000000)$(le32 $(($1 * 2000)))$(le32 $length)$(le32 $length)$2"
}

zeros() {
  printf '%0*d' $(($1 * 2)) 0
}

# A Sync of PTPv2, whose type is 0, in Ethernet and in UDP.
sync=0002002c00000200$(zeros 36)
ethernet=011b19000000525400000000
in_ethernet=${ethernet}88f7$sync$(zeros 2)
in_udp=01005e000181525400000000080045000048000100000111cf220a000001e0000181013f013f00340000$sync
other=52540000000152540000000088b5

make_tape() {
  local hex i
  hex=d4c3b2a1$(printf '%s' 02000400)$(le32 0)$(le32 0)$(le32 262144)$(le32 1)
  for ((i = 0; i < packets; i++)); do
    case $i in
    3) hex+=$(record $i "$in_ethernet") ;;
    7) hex+=$(record $i "$in_udp") ;;
    *) hex+=$(record $i "$other$(zeros 45)$(printf %02x $i)") ;;
    esac
  done
  printf "$(sed 's/../\\x&/g' <<<"$hex")" >"$1"
}
packets=12
make_tape "$RESULTS/tape.pcap"

# ---- recorded by each reader ----

# QEMU's igb keeps the stamp of the first PTP message until it is reset.
reset_nic() {
  ip link set "$1" down
  links_up "$1"
}

# By how many seconds the NIC's clock is set right before the packets come.
declare -A moved=([auto_v2]=3.5 [hw_recv]=-2.25)

for name in hw_v3 auto_v2 hw_recv; do
  reset_nic nic1
  start_recorder -i nic1 --stamp ${name%_*} --reader ${name#*_} --json -w "$RESULTS/$name.pcapng"
  [ -z "${moved[$name]:-}" ] || phc_ctl nic1 -q -- adj "${moved[$name]}" >/dev/null
  replay "$RESULTS/tape.pcap" -i nic0 --pace sleep --json --proof "$RESULTS/$name.csv"
  assert_eq "$name: replayed" 0 "$code"
  stop_after $packets
  cp "$work/sent" "$RESULTS/$name.sent"
  cp "$work/out" "$RESULTS/$name.json"
  echo "${moved[$name]:-}" >"$RESULTS/$name.moved"
  assert_eq "$name: put back" none "$("$WIRETAPE" stamp caps --json nic1 | jq -r '.interfaces[0].active.rx_filter')"
done
