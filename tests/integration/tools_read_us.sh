#!/usr/bin/env bash
# Other people's programs read our files without a word, and we read theirs.
. "$SUPPORT/lib.sh"
need tshark capinfos tcpdump editcap mergecap
make_link out0 in0
make_link out1 in1

# silently NAME COMMAND...: exits with 0 and says nothing on standard error.
silently() {
  local name=$1
  shift
  "$@" >"$work/other.out" 2>"$work/other.err" || fail "$name: exit code $?"
  if others_complain >"$work/complaints"; then
    fail "$name complains: $(cat "$work/complaints")"
  fi
}

# read_by_all FILE PACKETS
read_by_all() {
  local file=$1 count=$2 name
  name=$(basename "$1")
  silently "tshark $name" tshark -n -r "$file"
  assert_eq "tshark $name: packets" "$count" "$(wc -l <"$work/other.out")"
  silently "capinfos $name" capinfos -Mc "$file"
  assert_eq "capinfos $name: packets" "$count" \
    "$(awk '/^Number of packets/ {print $NF}' "$work/other.out")"
  silently "editcap $name" editcap "$file" "$work/edited.pcapng"
  assert_eq "editcap $name: packets" "$count" "$(packets "$work/edited.pcapng")"
  assert_eq "info on editcap's $name: packets" "$count" \
    "$("$WIRETAPE" info --json "$work/edited.pcapng" | jq .packets)"
  # It says on standard error what it reads from.
  tcpdump_reads "$file" >"$work/other.out" 2>"$work/other.err" || fail "tcpdump $name"
  if grep -v '^reading from file\|^Warning: setgid/setuid failed' "$work/other.err"; then
    fail "tcpdump $name complains"
  fi
  assert_eq "tcpdump $name: packets" "$count" "$(wc -l <"$work/other.out")"
}

started=$(date +%s)
start_recorder -i in0 -w "$work/one.pcapng"
send out0 500
stop_recorder
ended=$(date +%s)
read_by_all "$work/one.pcapng" 500

start_recorder -i in0 -i in1 -w "$work/two.pcapng"
send out0 300
send out1 200 -s 1000
stop_recorder
read_by_all "$work/two.pcapng" 500
assert_eq "packets of in0, by tshark" 300 "$(fields "$work/two.pcapng" frame.interface_name | grep -c '^in0$')"
assert_eq "packets of in1, by tshark" 200 "$(fields "$work/two.pcapng" frame.interface_name | grep -c '^in1$')"

silently mergecap mergecap -w "$work/merged.pcapng" "$work/one.pcapng" "$work/two.pcapng"
assert_eq "merged packets, by capinfos" 1000 "$(packets "$work/merged.pcapng")"
assert_eq "merged packets, by info" 1000 "$("$WIRETAPE" info --json "$work/merged.pcapng" | jq .packets)"
assert "info of two files" "$WIRETAPE" info "$work/one.pcapng" "$work/merged.pcapng" >/dev/null

# Statistics: one block an interface at the end, of the time of the recording.
info=$("$WIRETAPE" info --json "$work/two.pcapng")
assert_eq "statistics blocks" 2 "$(jq .statistics_blocks <<<"$info")"
assert_eq "received and delivered" "300 300 200 200" \
  "$(jq -r '[.sections[0].interfaces[].statistics | .ifrecv, .usrdeliv] | join(" ")' <<<"$info")"
assert_eq "statistics span the recording" true "$("$WIRETAPE" info --json "$work/one.pcapng" | jq "
  .last_ns as \$last | .first_ns as \$first | .sections[0].interfaces[0].statistics |
  .start_ns / 1e9 >= $started and .start_ns <= \$first and .end_ns >= \$last and .end_ns / 1e9 <= $ended + 1")"
assert_eq "capinfos sees them" 1 "$(capinfos -M "$work/one.pcapng" 2>/dev/null | grep -c 'Number of stat entries = 1')"

# Drop counts on packets are visible to Wireshark.
start_recorder --reader recv --ring 16KiB -i in0 -w "$work/drops.pcapng" --json
kill -STOP "$recorder"
send out0 2000 -p max
kill -CONT "$recorder"
send out0 10 --sequence-start 2001 -p 100
stop_recorder
silently "tshark drops" tshark -n -r "$work/drops.pcapng" -Y 'frame.drop_count > 0' -T fields -e frame.drop_count
assert "packets were dropped" test "$(json .lost.ring)" -gt 0
assert_eq "drop counts, by tshark" "$(json .lost.ring)" "$(awk '{sum += $1} END {print sum + 0}' "$work/other.out")"
