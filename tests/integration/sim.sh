#!/usr/bin/env bash
# The simulated kernel, without any privileges: the same program, the same books.
. "$SUPPORT/lib.sh"
need capinfos editcap mergecap tcpdump tshark
file=$work/file.pcapng

unprivileged=(setpriv --bounding-set=-all --inh-caps=-all --no-new-privs)
"${unprivileged[@]}" true 2>/dev/null || unprivileged=()

# record INTERFACE [OPTION]...
simulate() {
  "${unprivileged[@]}" "$WIRETAPE" record --reader sim --ring 16MiB -w "$file" --json -i "$@" \
    >"$work/out" 2>"$work/err"
  status=$?
}

for layout in v3 v2; do
  for size in 60 64 1400 9000; do
    name="$layout $size B"
    simulate "sim:layout=$layout,size=$size,count=5000,pps=200000"
    assert_eq "$name: exit code" 0 "$status"
    assert_eq "$name: reason" "source finished" "$(json .end)"
    assert_eq "$name: seen" 5000 "$(json .seen)"
    assert_ledger_closes "$name"
    assert_info_agrees "$name" "$file"
    assert_eq "$name: packets" "$(json .written)" "$(packets "$file")"
    [ "$(json .lost.ring)" != 0 ] || assert_sequences "$name" "$file" 1 5000
    tshark_finds "$name: lengths" "$file" "frame.len frame.cap_len" "$size	$size"
  done
done

# As fast as it can into a small ring: it loses, and says what.
for layout in v3 v2; do
  simulate "sim:layout=$layout,count=500000,pps=max" --ring 64KiB --fail-on-loss
  assert_eq "$layout too fast: exit code" 3 "$status"
  assert_eq "$layout too fast: seen" 500000 "$(json .seen)"
  assert_ledger_closes "$layout too fast"
  assert_eq "$layout too fast: packets" "$(json .written)" "$(packets "$file")"
done

simulate sim:count=100 -c 10
assert_eq "count: written" 10 "$(json .written)"
assert_eq "count: reason" packets "$(json .end)"
assert_ledger_closes count
simulate sim:size=1000,count=10 -s 100
tshark_finds "snaplen: lengths" "$file" "frame.len frame.cap_len" "1000	100"
assert_eq "snaplen: cut" 10 "$(json .truncated)"

# A filter runs in the recorder: what it rejects is neither seen nor lost. The low byte of the
# sequence number is at 59 of the frame.
for layout in v3 v2; do
  simulate sim:count=100000,size=200,layout=$layout 'ether[59] & 3 = 0 and udp'
  assert_eq "$layout, filter: exit code" 0 "$status"
  assert_eq "$layout, filter: seen" 25000 "$(json .seen)"
  assert_eq "$layout, filter: packets" 25000 "$(packets "$file")"
  assert_ledger_closes "$layout, filter"
  assert_eq "$layout, filter: each fourth" "4 8 12" \
    "$(numbers "$file" | head -n 3 | paste -sd ' ')"
  simulate sim:count=1000,size=200,layout=$layout tcp
  assert_eq "$layout, nothing passes: exit code" 0 "$status"
  assert_eq "$layout, nothing passes: seen" 0 "$(json .seen)"
  assert_ledger_closes "$layout, nothing passes"
  simulate sim:count=1000,size=200,layout=$layout -s 30 'udp port 26477'
  tshark_finds "$layout, filter and snaplen: lengths" "$file" "frame.len frame.cap_len" "200	30"
done

# Nothing is written for what it does not understand.
rm -f "$file"
for bad in sim:size=1 sim:speed=3 sim:count simulation eth0 sim:pps=0 sim:layout=v1; do
  simulate "$bad"
  assert_eq "$bad: exit code" 1 "$status"
  assert_file_has "$work/err" 'simulated'
done
simulate sim udp prot 7
assert_eq "bad filter: exit code" 1 "$status"
assert "no file for mistakes" test ! -e "$file"

assert_tshark_finds
