#!/usr/bin/env bash
# What was recorded is sent again over a link and recorded again, in each way there is.
. "$SUPPORT/lib.sh"
. "$SUPPORT/resend.sh"
need tshark capinfos
make_tape

# ---- ways to send ----

for tx in socket ring; do
  for pace in spin sleep; do
    resend "$tx, $pace" 400 --tx $tx --pace $pace "$tape"
    same "$tape" 400
    planned "$lasts"
    assert_eq "$name: as asked" "$tx $pace" "$(sent '"\(.tx) \(.pace)"')"
    assert_eq "$name: departures are by the driver's stamps" "400 400 0" \
      "$(sent '.proof | "\(.departures) \(.sources.software) \(.sources.handover)"')"
    assert_eq "$name: errors of all" "400 399" \
      "$(sent '.proof | "\(.error.histogram | map(.count) | add) \(.gap_error.count)"')"
  done
  resend "$tx, as fast as possible" 400 --tx $tx -t asap "$tape"
  same "$tape" 400
  assert_eq "$name: no schedule, no proof" "none null" "$(sent '"\(.pace) \(.proof)"')"
done
resend "through the qdisc" 400 --qdisc -t asap "$tape"
same "$tape" 400
resend "no stamps" 400 --tx-stamp off -t gap:10us "$tape"
assert_eq "$name" "400 0 false" \
  "$(sent '"\(.proof.sources | "\(.handover) \(.software)") \(.interfaces[0].driver_stamps)"')"

if tc qdisc replace dev out0 root fq 2>"$work/other.err"; then
  resend "launch times, kept by fq" 400 --pace txtime "$tape"
  same "$tape" 400
  assert_eq "$name: as asked" "txtime fq" "$(sent '"\(.pace) \(.interfaces[0].qdisc)"')"
  tc qdisc del dev out0 root
else
  echo "launch times: not tried, there is no fq: $(cat "$work/other.err")"
fi

name="a driver without stamps"
if ip link add ifb0 type ifb 2>"$work/other.err"; then
  ip link set ifb0 up
  replay -i ifb0 --json -t gap:10us "$tape"
  assert_eq "$name: exit code" 0 "$code"
  assert_eq "$name: departures are hand-overs" "400 400 0" \
    "$(sent '.proof | "\(.departures) \(.sources.handover) \(.sources.software)"')"
  assert_eq "$name: says so" true "$(sent '.notes | any(test("on ifb0 are hand-over times"))')"
else
  echo "$name: not tried: $(cat "$work/other.err")"
fi

# ---- the object ----

resend "fields" 400 -t gap:10us "$tape"
assert_eq "$name: those that are missing" "[]" "$(sent -c '["pace", "tx", "sent", "sent_bytes", "read",
  "loops", "refused", "undone", "late_launches", "starved", "starved_ns", "starved_packets", "unproved", "padded", "truncated",
  "stamped_payloads", "unstamped", "out_of_order", "stepped_back", "gaps_capped", "saturated",
  "start_ns", "duration_ns", "packets_per_second", "bits_per_second", "lead_ns", "stopped", "skipped", "rewritten",
  "machine", "interfaces", "files", "notes", "proof"] - keys')"
assert_eq "$name: bytes" "$((150 * 64 + 50 * 1514 + 200 * 200))" "$(sent .sent_bytes)"
assert_eq "$name: the interface's share" "out0 400 true" \
  "$(sent '.interfaces[0] | "\(.interface) \(.sent) \(.driver_stamps)"')"
assert_eq "$name: the file's share" "$tape 400 false null" \
  "$(sent '.files[0] | "\(.path) \(.packets) \(.cut_off) \(.problem)"')"
assert_eq "$name: nothing was out of the ordinary" "400 0 false" "$(sent '"\(.read) \(
  [.undone, .unproved, .padded, .truncated, .unstamped, .skipped[], (.rewritten[] | numbers)] | add) \(.stopped)"')"
replay -i out0 "$tape" -t gap:10us
assert_eq "for people: standard output" "" "$(cat "$work/sent")"
assert_file_has "$work/complaints" '^sent 400 packets, 125300 bytes in [0-9.]+ s: .*pps, .*b/s$'
assert_file_has "$work/complaints" "departures by the driver's stamp 400$"
assert_file_has "$work/complaints" '^error: from when a packet was due to when it left, 400 packets$'
replay -i out0 "$tape" -t gap:10us -q
assert_eq "quiet" "0" "$(cat "$work/sent" "$work/complaints" | wc -c)"

# ---- the proof ----

resend "proof" 400 --proof "$work/proof.csv" "$tape"
assert_eq "$name: header" "number,interface,bytes,due_ns,handover_ns,departed_ns,error_ns,source,disturbed" \
  "$(head -n 1 "$work/proof.csv")"
tail -n +2 "$work/proof.csv" >"$work/lines"
assert_eq "$name: numbers" "$(seq 0 399)" "$(cut -d , -f 1 "$work/lines")"
assert_eq "$name: lengths" "$(fields "$tape" frame.len)" "$(cut -d , -f 3 "$work/lines")"
assert_eq "$name: due times are the tape's" "$(cat "$work/times")" "$(cut -d , -f 4 "$work/lines")"
# The stamp is by another clock than the hand-over, which may be set meanwhile.
assert_eq "$name: lines that are wrong" "" "$(awk -F , 'NF != 9 || $2 != "out0" || $7 != $6 - $4 ||
  $8 != "software" || $9 !~ /^[01]$/ || $6 < $5 - 1000000' "$work/lines")"
assert_eq "$name: the worst is that of the report" "$(sent '.proof | "\(.worst_number) \(.worst_ns)"')" \
  "$(awk -F , '{size = $7 < 0 ? -$7 : $7} size > worst {worst = size; line = $1 " " $7} END {print line}' \
    "$work/lines")"
assert_eq "$name: over tolerance as in the report" "$(sent .proof.over_tolerance)" \
  "$(awk -F , '$7 > 1000000 || $7 < -1000000' "$work/lines" | wc -l)"
