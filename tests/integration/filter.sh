#!/usr/bin/env bash
# Filters choose as tcpdump's do, from the first packet; a snaplen cuts.
. "$SUPPORT/lib.sh"
need tshark capinfos mergecap
make_link out0 in0

send_three_ports() {
  send out0 30 --port 1001 -p max
  send out0 20 --port 1002 -p max
  send out0 10 --port 1003 -p max
}

# matched EXPECTED [OPTION]...: what of the traffic matches the filter.
matched() {
  local expected=$1 name="${*:2}"
  shift
  start_recorder -w "$work/file.pcapng" --json -i in0 "$@"
  send_three_ports
  stop_recorder
  assert_eq "'$name': exit code" 0 "$status"
  assert_ledger_closes "$name"
  assert_eq "'$name': packets" "$expected" "$(packets "$work/file.pcapng")"
  assert_eq "'$name': seen" "$expected" "$(json .seen)"
}

matched 60
matched 30 udp port 1001
matched 20 udp and dst port 1002
matched 50 not port 1003
matched 60 inbound
matched 0 outbound
matched 0 tcp
matched 0 vlan
matched 10 -f 'port 1003'
assert_eq "filter in the file" "port 1003" "$("$WIRETAPE" info --json "$work/file.pcapng" |
  jq -r '.sections[0].interfaces[0].filter')"
printf 'udp and\n  port 1002\n' >"$work/filter"
matched 20 -F "$work/filter"
matched 20 --reader v2 port 1002
matched 20 --reader recv port 1002

# A tag that the kernel takes out of the frame is filtered on and is in the file.
if ip link add link out0 name out0.5 type vlan id 5 2>/dev/null; then
  ip link set out0.5 up
  ip link add link out0 name out0.7 type vlan id 7 && ip link set out0.7 up
  for reader in v3 v2 recv; do
    for filter in 'vlan 5' 'vlan 5 and port 1001' ''; do
      start_recorder --reader $reader -i in0 -w "$work/vlan.pcapng" --json $filter
      send out0 10 --port 1001
      send out0.5 20 --port 1001
      send out0.7 30 --port 1001
      stop_recorder
      [ "$filter" = "" ] && expected="10  20 5 30 7" || expected="20 5"
      tshark_finds "$reader '$filter': packets with tags" "$work/vlan.pcapng" vlan.id "$expected" \
        "sort -n | uniq -c | awk '{print \$1, \$2}' | paste -sd ' '"
    done
  done
else
  echo "note: no VLAN interfaces here: tags are not tested"
fi

# cut READER SNAPLEN
cut_at() {
  local reader=$1 snaplen=$2
  start_recorder --reader "$reader" -s "$snaplen" -i in0 -w "$work/cut.pcapng" --json
  send out0 10 -s 60
  send out0 10 -s 64
  send out0 10 -s 1000
  stop_recorder
  tshark_finds "$reader -s $snaplen: lengths" "$work/cut.pcapng" "frame.len frame.cap_len" \
    "60 60,64 64,1000 64" "uniq | tr '\\t' ' ' | paste -sd ,"
  assert_eq "$reader -s $snaplen: cut" 10 "$(json .truncated)"
}
for reader in v3 v2 recv; do
  cut_at $reader 64
done

# Packets are flowing at a high rate when the recorder starts.
for reader in v3 v2 recv; do
  "$WIRETAPE" generate -i out0 -q -c 0 -p max --port 1001 &
  flood=$!
  "$WIRETAPE" generate -i out0 -q -c 0 -p 1000 --port 1002 &
  trickle=$!
  start_recorder --reader $reader -i in0 -w "$work/race.pcapng" --json port 1002
  stop_recorder
  kill $flood $trickle
  wait $flood $trickle
  assert_ledger_closes "$reader: start in a flood"
  tshark_finds "$reader: ports in the file" "$work/race.pcapng" udp.dstport \
    "$(json '.written | if . > 0 then 1002 else empty end')"
  assert_eq "$reader: packets" "$(json .written)" "$(packets "$work/race.pcapng")"
done

# Not a filter.
echo keep >"$work/kept"
"$WIRETAPE" record -i in0 -w "$work/kept" 'udp prot 7' >"$work/out" 2>"$work/err"
assert_eq "bad filter: exit code" 1 $?
assert_file_has "$work/err" "syntax error"
assert_eq "bad filter: the file there was" keep "$(cat "$work/kept")"
"$WIRETAPE" record -i in0 -w "$work/kept" -F "$work/absent" >"$work/out" 2>"$work/err"
assert_eq "no filter file: exit code" 1 $?
assert_file_has "$work/err" "absent.*No such file"
"$WIRETAPE" record -i in0 -w "$work/kept" -f udp tcp >"$work/out" 2>"$work/err"
assert_eq "two filters: exit code" 2 $?

# As many interfaces as there may be, each with a filter as long as a file can keep: a header of
# four megabytes is one chunk, and whoever reads tapes reads it.
printf '%65000s%s' '' 'udp port 5000' >"$work/long"
all=()
for ((i = 0; i < 64; i++)); do all+=(-i in0); done
start_recorder "${all[@]}" --ring 1MiB -w "$work/long.pcapng" --json -F "$work/long"
send out0 50 --port 5000
stop_after $((64 * 50))
assert_eq "long header: interfaces" 64 "$(json '.interfaces | length')"
assert_eq "long header: packets, by capinfos" $((64 * 50)) "$(packets "$work/long.pcapng")"
assert_info_agrees "long header" "$work/long.pcapng"
"$WIRETAPE" repair --dry-run "$work/long.pcapng" >"$work/out" || fail "long header: repair: exit code $?"
assert_file_has "$work/out" 'nothing to repair'
"$WIRETAPE" cut -q "$work/long.pcapng" -w "$work/cut.pcapng" || fail "long header: cut: exit code $?"
assert_eq "long header: cut" $((64 * 50)) "$(packets "$work/cut.pcapng")"

assert_tshark_finds
