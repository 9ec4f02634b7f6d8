#!/usr/bin/env bash
# The same packets in two captures: what other people's programs have taken out, doubled, moved and
# delayed is found again.
. "$SUPPORT/lib.sh"
need capinfos tshark editcap mergecap text2pcap

# compare ARGUMENT...: exit code in $code, output in $work/out and $work/err.
compare() {
  timeout 100 "$WIRETAPE" compare "$@" >"$work/out" 2>"$work/err"
  code=$?
}

# expect WHAT CODE FILTER EXPECTED ARGUMENT...: of the JSON object.
expect() {
  local what=$1 expected_code=$2 filter=$3 expected=$4
  shift 4
  compare --json "$@"
  assert_eq "$what: exit code" "$expected_code" "$code"
  assert_eq "$what" "$expected" "$(jq -r "$filter" "$work/out")"
}

counts='[.matched, .lost, .doubled, .extra, .reordered] | join(" ")'

# edit OPTION... IN OUT
edit() {
  editcap "$@" 2>"$work/other.err" || fail "editcap $*: $(cat "$work/other.err")"
}

# ---- both ends of a link ----

make_link out0 in0
start_recorder -i out0 -w "$work/a.pcapng" -i in0 -w "$work/b.pcapng" -q
# Past the queueing discipline a recorder on the same interface would see nothing.
send out0 500 -p 5000 --qdisc
wait_until "all have arrived" arrived in0 500
stop_recorder
assert_eq "the recorder" 0 "$status"
a=$work/a.pcapng b=$work/b.pcapng

expect "both ends" 0 "$counts" "500 0 0 0 0" "$a" "$b"
assert_eq "both ends: counts of the sides" "500 500" "$(json '[.a.packets, .b.packets] | join(" ")')"
assert_eq "both ends: all have times" "500 500 499" \
  "$(json '[.timing | .packets, .error.count, .gap_error.count] | join(" ")')"
assert_eq "both ends: the rows are all packets" true "$(json '.timing |
  (.error.count == ([.error.histogram[].count] | add)) and .align == "median"')"
assert_eq "both ends: percentiles are in order" true "$(json '.timing.error |
  [.min_ns, .p50_ns, .p90_ns, .p99_ns, .p99_9_ns, .max_ns] | . == sort')"
compare "$a" "$b"
assert_eq "for people: exit code" 0 "$code"
assert_file_has "$work/out" '^A: .*/a.pcapng: 500 packets$'
assert_file_has "$work/out" '^matched 500, lost 0, doubled 0, extra 0, reordered 0$'
assert_file_has "$work/out" 'reference: the median, [+-][0-9]+\.[0-9]{9} s$'
assert_file_has "$work/out" '^error, 500 packets'
assert_file_has "$work/out" '^error of the time .*, 499 gaps'
assert_file_has "$work/out" '^lasted 0\.[0-9]{9} s, 0\.[0-9]{9} s in B: [+-][0-9.]+ %, [+-][0-9]+ ns$'
assert_eq "for people: no line is wider than a terminal" 0 \
  "$(awk '!/^A:|^B:/ && length > 100' "$work/out" | wc -l)"
compare -q "$a" "$b"
assert_eq "quiet" "0 0" "$code $(cat "$work/out" "$work/err" | wc -c)"

# ---- what others made of it ----

# dump STEP_US HEADER [TAIL]: 200 packets for text2pcap, each STEP_US after the other and none like
# another: the HEADER, 50 bytes and the TAIL.
dump() {
  seq 1 200 | awk -v step="$1" -v header="$2" -v tail="${3:-}" '{
    printf "%d.%06d\n0000 %s", 1700000000 + int($1 * step / 1000000), $1 * step % 1000000, header
    for (i = 0; i < 50; i++) printf " %02x", ($1 * (i + 1)) % 256
    print " " tail
  }'
}

# make NAME STEP_US HEADER [TAIL]
make() {
  dump "${@:2}" | text2pcap -q -F pcapng -t %s.%f - "$work/$1.pcapng" 2>"$work/other.err" ||
    fail "text2pcap: $(cat "$work/other.err")"
  assert_eq "$1: packets" 200 "$(packets "$work/$1.pcapng")"
}

ethernet='01 00 5e 00 00 01 02 00 00 00 00 01'
make made 1000 "$ethernet 12 34"
made=$work/made.pcapng

edit "$made" "$work/lost.pcapng" 10 20-24 200
expect "lost" 3 "$counts" "193 7 0 0 0" "$made" "$work/lost.pcapng"
assert_eq "lost: in a row" "5 20" "$(json '[.longest_loss, .longest_loss_from] | join(" ")')"
assert_eq "lost: examples" "10 20 21 22 23 24 200" "$(json '[.examples.lost[].a] | join(" ")')"
expect "extra" 3 "$counts" "193 0 0 7 0" "$work/lost.pcapng" "$made"
assert_eq "extra: examples" "10 20 21 22 23 24 200" "$(json '[.examples.extra[].b] | join(" ")')"
compare -v "$made" "$work/lost.pcapng"
assert_file_has "$work/out" 'lost are 3\.5 % of A; at most 5 in a row, from packet 20 of A on'
assert_file_has "$work/out" '^  lost: packet 10 of A, [0-9]{4}-[0-9-]+T.*Z$'
compare "$made" "$work/lost.pcapng"
assert_eq "without -v no examples" 0 "$(grep -c '^  lost: ' "$work/out")"

edit -r "$made" "$work/some.pcapng" 5-8
mergecap -a -w "$work/doubled.pcapng" "$made" "$work/some.pcapng"
expect "doubled" 3 "$counts" "200 0 4 0 0" "$made" "$work/doubled.pcapng"
assert_eq "doubled: an example" "5 201" "$(json '.examples.doubled[0] | [.a, .b] | join(" ")')"
expect "as often in both" 0 "$counts" "204 0 0 0 0" "$work/doubled.pcapng" "$work/doubled.pcapng"
edit "$made" "$work/others.pcapng" 5-8
mergecap -a -w "$work/reordered.pcapng" "$work/others.pcapng" "$work/some.pcapng"
expect "reordered" 3 "$counts" "200 0 0 0 4" "$made" "$work/reordered.pcapng"
assert_eq "reordered: by how much" 195 "$(json .displacement)"
expect "nothing is the same" 3 "$counts" "0 4 0 196 0" "$work/some.pcapng" "$work/others.pcapng"
assert_eq "nothing is the same: no times" null "$(json .timing)"

# ---- times ----

edit -t 100.25 "$made" "$work/later.pcapng"
expect "all later" 0 '.timing | [.reference_ns, .error.max_ns, .gap_error.max_ns] | join(" ")' \
  "100250000000 0 0" "$made" "$work/later.pcapng"
edit -t -31536000 "$made" "$work/earlier.pcapng"
expect "a year earlier" 0 '.timing | [.reference_ns, .difference.mean_ns] | join(" ")' \
  "-31536000000000000 -31536000000000000" "$made" "$work/earlier.pcapng"
# Half of them by 2 ms, as two recorders whose clocks disagree.
edit -r "$made" "$work/first.pcapng" 1-120
edit -r "$made" "$work/second.pcapng" 121-200
edit -t 0.002 "$work/second.pcapng" "$work/late.pcapng"
mergecap -a -w "$work/both.pcapng" "$work/first.pcapng" "$work/late.pcapng"
late=("$made" "$work/both.pcapng")
expect "some late" 0 '.timing | [.difference.p50_ns, .difference.p99_ns, .difference.mean_ns,
  .error.max_ns, .gap_error.max_ns] | join(" ")' "0 2000000 800000 2000000 2000000" "${late[@]}"
assert_eq "some late: lasted longer" 2000000 "$(json .timing.duration.slower_ns)"
for align in first:0:2000000 median:0:2000000 min:0:2000000 none:0:2000000; do
  IFS=: read -r name reference error <<<"$align"
  expect "align $name" 0 '.timing | [.align, .reference_ns, .error.max_ns] | join(" ")' \
    "$name $reference $error" --align "$name" "${late[@]}"
done
edit -t 5 "$work/both.pcapng" "$work/both_later.pcapng"
expect "align none, seconds later" 0 '.timing.error | [.min_ns, .max_ns] | join(" ")' \
  "5000000000 5002000000" --align none "$made" "$work/both_later.pcapng"
expect "within the tolerance" 0 .timing.over_tolerance 0 --tolerance 2ms "${late[@]}"
expect "not within the tolerance" 4 .timing.over_tolerance 80 --tolerance 1999us "${late[@]}"
compare --tolerance 1ms "${late[@]}"
assert_file_has "$work/out" '^errors larger than 1\.00 ms: 80 packets$'
compare --tolerance 3ms "${late[@]}"
assert_file_has "$work/out" '^no error is larger than 3\.00 ms$'
expect "a loss comes before the tolerance" 3 .lost 7 --tolerance 1ns "$made" "$work/lost.pcapng"

# At twice the speed.
make faster 500 "$ethernet 12 34"
expect "twice as fast" 0 '.timing | [.error.max_ns, .gap_error.max_ns, .duration.a_ns, .duration.b_ns] |
  join(" ")' "0 0 99500000 99500000" --speed 2 "$made" "$work/faster.pcapng"
expect "as fast" 0 '.timing.duration | [.a_ns, .b_ns, .slower_percent] | join(" ")' \
  "199000000 99500000 -50" "$made" "$work/faster.pcapng"

# Files whose stamps are in microseconds, and standard input.
edit -F pcap "$b" "$work/us.pcap"
expect "microseconds" 0 '.timing.error.max_ns < 1000 and .matched == 500' true --align none "$b" \
  "$work/us.pcap"
edit -F nsecpcap "$b" "$work/ns.pcap"
expect "nanoseconds" 0 .timing.error.max_ns 0 --align none - "$work/ns.pcap" <"$b"
expect "the other one" 0 .timing.error.max_ns 0 --align none "$work/ns.pcap" - <"$b"

# ---- what has to be the same ----

edit -C 14 -L -T rawip "$b" "$work/raw.pcapng"
expect "raw IP as frames" 3 "$counts" "0 500 0 500 0" "$a" "$work/raw.pcapng"
assert_file_has "$work/err" 'link type 1 and B 101.*--ignore-link'
expect "raw IP" 0 "$counts" "500 0 0 0 0" --ignore-link "$a" "$work/raw.pcapng"
assert_eq "raw IP: no warning" "" "$(cat "$work/err")"
expect "raw IP: payload" 0 "$counts" "500 0 0 0 0" --payload "$work/raw.pcapng" "$a"

ip='45 00 00 4e 00 00 00 00' addresses='c0 00 02 01 c0 00 02 02 10 00 20 00 00 3a 00 00'
make near 1000 "$ethernet 08 00 $ip 40 11 12 34 $addresses"
make far 1000 "02 02 02 02 02 02 03 03 03 03 03 03 81 00 00 05 08 00 $ip 3f 11 13 34 $addresses"
near=("$work/near.pcapng" "$work/far.pcapng")
expect "behind a router" 3 .lost 200 "${near[@]}"
expect "behind a router: the network layer" 3 .lost 200 --ignore-link "${near[@]}"
expect "behind a router: without the TTL" 0 .matched 200 --ignore-link --ignore-ttl "${near[@]}"
expect "behind a router: payload" 0 '[.matched, .content.scope] | join(" ")' "200 payload" \
  --payload "${near[@]}"

# ARP as it was sent, 42 bytes, and as it arrives.
short='08 06 00 01 08 00 06 04 00 01'
for side in a b; do
  seq 1 200 | awk -v short="$ethernet $short" -v side=$side '{
    printf "0000 %s %02x", short, $1
    for (i = 0; i < (side == "a" ? 19 : 37); i++) printf " %s", i < 19 ? "07" : "00"
    print ""
  }' | text2pcap -q -F pcapng - "$work/short_$side.pcapng" 2>"$work/other.err" || fail text2pcap
done
expect "padding" 0 .matched 200 "$work/short_a.pcapng" "$work/short_b.pcapng"
expect "padding, the other way" 0 .matched 200 "$work/short_b.pcapng" "$work/short_a.pcapng"

edit -s 60 "$b" "$work/cut.pcapng"
expect "cut short" 3 '[.matched, .a.truncated, .b.truncated] | join(" ")' "0 0 500" "$a" "$work/cut.pcapng"
assert_file_has "$work/err" 'warning: .*the first 60 bytes, to be compared with --bytes'
expect "cut short: the first bytes" 0 .matched 500 --bytes 60 "$a" "$work/cut.pcapng"
assert_eq "cut short: no warning" "" "$(cat "$work/err")"
expect "cut short alike" 0 .matched 500 "$work/cut.pcapng" "$work/cut.pcapng"
assert_eq "cut short alike: no warning" "" "$(cat "$work/err")"

mergecap -a -w "$work/mixed.pcapng" "$made" "$b"
expect "mixed" 3 .extra 200 "$a" "$work/mixed.pcapng"
expect "filter" 0 '[.matched, .b.filtered, .a.filtered] | join(" ")' "500 200 0" -f udp "$a" \
  "$work/mixed.pcapng"
expect "filter of one" 0 '[.matched, .a.filter, .b.filter] | join(" ")' "500  udp" \
  --filter-b udp "$a" "$work/mixed.pcapng"
expect "filter of the other" 0 .matched 500 --filter-a udp "$work/mixed.pcapng" "$a"
expect "a filter that nothing passes" 3 "$counts" "0 0 0 0 0" -f tcp "$a" "$b"
expect "nothing to compare within a tolerance" 3 "$counts" "0 0 0 0 0" -f tcp --tolerance 1s "$a" "$b"
assert_file_has "$work/err" 'a.pcapng: no packet passes the filter'
compare -f 'port' "$a" "$b"
assert_eq "wrong filter: exit code" 1 "$code"
assert_file_has "$work/err" "a.pcapng: filter 'port'"

# ---- files that end early ----

bytes=$(stat -c %s "$work/ns.pcap")
head -c $((bytes - 10)) "$work/ns.pcap" >"$work/short.pcap"
expect "cut off" 3 '[.lost, .b.cut_off, .b.problem] | join(" ")' "1 true " "$b" "$work/short.pcap"
assert_file_has "$work/err" 'warning: .*short.pcap: the file is cut off'
expect "cut off A" 3 '[.extra, .a.cut_off] | join(" ")' "1 true" "$work/short.pcap" "$b"
(head -c $((bytes / 2)) "$work/ns.pcap" && head -c 3000 /dev/zero | tr '\0' '\377') >"$work/broken.pcap"
expect "broken" 1 '.b.cut_off == false and .b.problem != null and .matched > 200' true "$b" \
  "$work/broken.pcap"
assert_file_has "$work/err" 'broken.pcap: .*only what is before was used'

# ---- mistakes ----

compare "$a" "$work/absent"
assert_eq "no such file: exit code" 1 "$code"
assert_file_has "$work/err" 'absent: cannot open it'
assert_eq "no such file: nothing printed" "" "$(cat "$work/out")"
timeout 100 "$WIRETAPE" compare "$a" "$b" --json >/dev/full 2>"$work/err"
assert_eq "a full disk: exit code" 1 $?
for wrong in '' 'a' 'a b c' '- -' 'a b --bytes 0' 'a b --align max' 'a b --speed 0' 'a b --speed -1' \
  'a b --speed x' 'a b --tolerance 0us' 'a b --tolerance x' \
  'a b -f udp --filter-a udp' 'a b --nonsense' 'a b --bytes'; do
  # shellcheck disable=SC2086
  compare $wrong
  assert_eq "'$wrong': exit code" 2 "$code"
  assert_file_has "$work/err" 'compare --help'
done
