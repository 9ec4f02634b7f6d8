#!/usr/bin/env bash
# Every live reader brings every frame, once, in order, with a stamp and a direction.
. "$SUPPORT/lib.sh"
need capinfos editcap tcpdump tshark
make_link out0 in0

# The socket of recv is small where net.core.rmem_max holds: no more than it takes.
received_all() {
  awk 'NR > 1 && $6 == 1 && $7 > 0 {exit 1}' /proc/net/packet
}

send_in_parts() {
  local count=$1 part=250 first
  shift
  for ((first = 1; first <= count; first += part)); do
    send out0 $part --sequence-start "$first" "$@"
    wait_until "the recorder has read" received_all
  done
}

# record READER COUNT SIZE PPS
record() {
  local reader=$1 count=$2 size=$3 pps=$4 name="$1 $3 B" file=$work/$1.pcapng
  start_recorder --reader "$reader" --ring 256MiB -i in0 -w "$file" --json
  if [ "$reader" = recv ] && grep -q rmem_max "$work/err"; then
    count=1000
    send_in_parts "$count" -s "$size" -p 20000
  else
    send out0 "$count" -s "$size" -p "$pps"
  fi
  stop_recorder
  assert_eq "$name: exit code" 0 "$status"
  assert_ledger_closes "$name"
  assert_info_agrees "$name" "$file"
  assert_eq "$name: seen" "$count" "$(json .seen)"
  assert_eq "$name: written" "$count" "$(json .written)"
  assert_eq "$name: packets of the file" "$(packets "$file")" "$(json '.files[0].packets')"
  assert_eq "$name: bytes of the file" "$(stat -c %s "$file")" "$(json '.files[0].size_bytes')"
  assert_eq "$name: software stamps" "$count" "$(json .stamps.software)"
  assert_eq "$name: reader" "$reader" "$(json '.interfaces[0].reader')"
  assert_sequences "$name" "$file" 1 "$count"
  fields "$file" frame.time_epoch frame.packet_flags_direction frame.len frame.cap_len >"$work/fields"
  assert_eq "$name: direction, length" "0x00000001	$size	$size" "$(cut -f 2- "$work/fields" | sort -u)"
  cut -f 1 "$work/fields" >"$work/stamps"
  assert_eq "$name: stamps with nanoseconds" yes \
    "$(awk '!/000$/ {fine++} END {print (fine > NR / 2) ? "yes" : "no"}' "$work/stamps")"
  assert "$name: stamps rise" sort -c "$work/stamps"
}

for reader in v3 v2 recv; do
  record $reader 20000 60 200000
  record $reader 2000 1400 50000
done

# A ring that is smaller than asked is told: at once, in the report and in the file.
: >"$work/err"
setpriv --bounding-set=-net_admin --inh-caps=-net_admin \
  "$WIRETAPE" record --reader recv --ring 1GiB -i in0 -w "$work/less.pcapng" --json \
  -a duration:0.1 >"$work/out" 2>"$work/err"
assert_eq "smaller ring: exit code" 0 $?
assert_file_has "$work/err" '1073741824 bytes asked, [0-9]+ got'
assert_eq "smaller ring: in the report" true "$(json '(.notes | any(test("1073741824 bytes asked")))
  and (.interfaces[0] | .ring_bytes < .ring_bytes_asked and .ring_bytes_asked == 1073741824)')"
assert_eq "smaller ring: in the file" true "$("$WIRETAPE" info --json "$work/less.pcapng" | jq '
  .sections[0].interfaces[0].statistics.notes | any(test("1073741824 bytes asked"))')"
