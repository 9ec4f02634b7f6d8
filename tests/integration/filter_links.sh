#!/usr/bin/env bash
# A filter means the same on every type of link, whether the interface is up or not.
. "$SUPPORT/lib.sh"
need tshark capinfos mergecap

# counts: of each line, the smallest first.
counts() { sort -n | uniq -c | awk '{print $1, $2}' | paste -sd ' '; }

# make_tun NAME TYPE: packets arrive there by tun.
make_tun() {
  coproc TUN { exec "$TUN_LINK" "$1" "$2" 2>"$work/tun.err"; }
  local answer=""
  read -r answer <&"${TUN[0]}"
  [ "$answer" = ready ] || skip "no tun interface can be made: $(cat "$work/tun.err")"
  ip link set "$1" up
}

# tun COMMAND
tun() {
  local answer=""
  echo "$*" >&"${TUN[1]}"
  read -r answer <&"${TUN[0]}"
  assert_eq "tun $*" "done" "$answer"
}

end_tun() {
  local pid=$TUN_PID
  eval "exec ${TUN[1]}>&-"
  wait "$pid" 2>/dev/null
}

# NONE, TUNNEL, SIT, PPP, TUNNEL6, IPGRE, RAWIP
for type in 65534 768 776 512 769 778 519; do
  make_tun tun0 "$type"
  [ "$type" = 512 ] && readers="v3 v2 recv" || readers=v3
  for reader in $readers; do
    start_recorder --reader "$reader" -i tun0 -w "$work/file.pcapng" --json udp port 9999
    tun send 20 9999 100
    tun send 10 8888 100
    stop_recorder
    assert_eq "$type, $reader: exit code" 0 "$status"
    assert_ledger_closes "$type, $reader"
    assert_eq "$type, $reader: seen" 20 "$(json .seen)"
    tshark_finds "$type, $reader: packets" "$work/file.pcapng" udp.dstport "20 9999" counts
  done
  # There are no VLAN tags.
  refused "VLAN" -i tun0 vlan 100 and udp
  end_tun
done

# While it was down it has become another kind of link, whose packets do not belong into the file.
make_tun tun0 512
start_recorder -i tun0 -w "$work/file.pcapng" --json udp
tun send 5 9999 100
ip link set tun0 down
wait_until "it is seen to be down" grep -q "tun0 went down" "$work/err"
tun type 1
ip link set tun0 up
tun send 7 9999 100
wait_until "another kind of link is named" grep -q "another kind of link" "$work/err"
await_recorder
assert_eq "another kind: exit code is no success" true "$([ "$status" != 0 ] && echo true)"
assert_ledger_closes "another kind"
assert_eq "another kind: written" 5 "$(json .written)"
end_tun

# VLAN tags, which the kernel takes out of the frame.
make_link out0 in0

"$WIRETAPE" record -q --reader sim -i sim:count=50,size=100 -w "$work/50.pcapng"
"$WIRETAPE" record -q --reader sim -i sim:count=20,size=100 -w "$work/20.pcapng"

# tagged COUNT VLAN
tagged() {
  replay "$work/$1.pcapng" -i out0 -t asap -r "vlan=$2"
  assert_eq "replay: exit code" 0 "$code"
}

in0_is_up() {
  runs in0 && runs out0 && grep -q "in0 is up again" "$work/err"
}

for reader in v3 v2 recv; do
  for filter in "vlan 100 and udp" "not vlan" udp; do
    ip link set in0 down
    start_recorder --reader $reader -i in0 -w "$work/vlan.pcapng" --json $filter
    ip link set in0 up
    wait_until "in0 is up" in0_is_up
    tagged 50 100
    tagged 20 7
    send out0 30
    stop_recorder
    case $filter in
      udp) expected="30  20 7 50 100" ;;
      not*) expected="30 " ;;
      *) expected="50 100" ;;
    esac
    tshark_finds "$reader, '$filter', down at the start" "$work/vlan.pcapng" vlan.id "$expected" counts
  done
done

# longer INSTRUCTIONS FILTER: the same filter, after many conditions that are met.
longer() {
  seq 0 "$1" | awk -v rest="$2" '{
    printf "not (host 192.0.2.%d and port %d) and\n", 1 + $1 / 10, $1 % 10 * 1000 + 514
  } END {print "(" rest ")"}'
}

# What is too long for the kernel runs in the recorder, with the same result; also where the
# snaplen would cut off what it has to see.
for reader in v3 v2 recv; do
  for filter in "vlan 100 and udp" "port 26477"; do
    longer 260 "$filter" >"$work/filter"
    start_recorder --reader $reader -s 18 -i in0 -w "$work/long.pcapng" --json -F "$work/filter"
    tagged 50 100
    tagged 20 7
    send out0 30
    send out0 10 --port 1
    stop_recorder
    case $filter in
      vlan*) expected=50 ;;
      *) expected=100 ;;
    esac
    assert_eq "$reader, long '$filter': exit code" 0 "$status"
    assert_ledger_closes "$reader, long '$filter'"
    assert_info_agrees "$reader, long '$filter'" "$work/long.pcapng"
    assert_eq "$reader, long '$filter': seen" "$expected" "$(json .seen)"
    tshark_finds "$reader, long '$filter': packets of 18 bytes" "$work/long.pcapng" frame.cap_len \
      "$expected 18" counts
    assert_eq "$reader, long '$filter': it is said" true \
      "$(json '.notes | any(test("filter runs in the recorder.*net.core.optmem_max"))')"
  done
done

# At a limit, and in a flood of what it rejects.
longer 260 "port 1002" >"$work/filter"
start_recorder -i in0 -w "$work/long.pcapng" --json -c 500 -F "$work/filter"
start_generator out0 -c 0 -p 50000 --port 1001
send out0 600 --port 1002 -p 2000
await_recorder
stop_generator
assert_eq "long filter, -c: exit code" 0 "$status"
assert_ledger_closes "long filter, -c"
assert_eq "long filter, -c: written" 500 "$(json .written)"
tshark_finds "long filter, -c: ports" "$work/long.pcapng" udp.dstport 1002

# libpcap's compiler takes minutes for this; a signal is not kept waiting, with stamps of a NIC
# to put back neither.
seq 0 1499 | awk '{printf "%shost 198.51.%d.%d", $1 ? " or " : "", $1 / 250, $1 % 250 + 1}' \
  >"$work/filter"
for stamp in sw auto; do
  for signal in TERM INT; do
    launch_recorder -i in0 -w "$work/never.pcapng" --stamp $stamp -F "$work/filter"
    wait_until "it compiles" catches_pokes
    kill -$signal "$recorder"
    await_recorder
    assert_eq "$signal while compiling, --stamp $stamp: exit code" $((128 + $(kill -l $signal))) "$status"
    assert "no file" test ! -e "$work/never.pcapng"
  done
done

assert_tshark_finds
