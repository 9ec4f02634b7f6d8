#!/usr/bin/env bash
# Memberships in multicast groups last as long as the recording; what does not arrive is said.
. "$SUPPORT/lib.sh"
make_link out0 in0
file=$work/file.pcapng

says() { grep -q -e "$1" "$work/err"; }

# says_times COUNT PATTERN
says_times() { [ "$(grep -c -e "$2" "$work/err")" = "$1" ]; }

# member GROUP INTERFACE: IPv4, from any source. The kernel prints its bytes as a number.
member() {
  local hex
  # shellcheck disable=SC2046
  hex=$(printf '%02X' $(tr . ' ' <<<"$1"))
  # As a number of a machine that has the lowest byte first, or last.
  awk -v name="$2" -v big="$hex" -v little="${hex:6:2}${hex:4:2}${hex:2:2}${hex:0:2}" '
    $1 ~ /^[0-9]+$/ {device = $2}
    device == name && ($1 == big || $1 == little) {found = 1}
    END {exit !found}' /proc/net/igmp
}

# member_of_source GROUP SOURCE INTERFACE [6]: in hex, IPv4 with 0x; included, not excluded.
member_of_source() {
  awk -v group="$1" -v source="$2" -v name="$3" '
    $2 == name && $3 == group && $4 == source && $5 == 1 && $6 == 0 {found = 1}
    END {exit !found}' "/proc/net/mcfilter${4-}"
}

# member6 GROUP INTERFACE: in hex.
member6() {
  awk -v name="$2" -v group="$1" '$2 == name && $3 == group {found = 1} END {exit !found}' \
    /proc/net/igmp6
}

not() { ! "$@"; }

# From any source and from one, while it records.
any='239\.1\.1\.1 on in0'
one='232\.1\.1\.1@192\.0\.2\.1 on in0'
assert "before: no member" not member 239.1.1.1 in0
start_recorder -i in0 -w "$file" --json --join 239.1.1.1 --join 232.1.1.1@192.0.2.1 udp
assert "a member" member 239.1.1.1 in0
assert "a member of the source" member_of_source 0xe8010101 0xc0000201 in0
assert "a member of no other source" not member_of_source 0xe8010101 0xc0000209 in0
wait_until "silence is said" says "joined $any, but nothing has arrived for it for 5 s"
wait_until "silence of the source is said" says "joined $one, but nothing has arrived"
# Another source's packets are not the group's.
send out0 10 --group 232.1.1.1 --source 192.0.2.9
send out0 10 --group 239.1.1.1 --source 192.0.2.9
wait_until "arrival is said" says "$any: arrives after [0-9]* s"
assert "the other source is not taken for it" not says "$one: arrives"
send out0 10 --group 232.1.1.1 --source 192.0.2.1
wait_until "arrival from the source is said" says "$one: arrives after [0-9]* s"
wait_until "silence is said again" says_times 2 "joined $any, but nothing has arrived"
send out0 10 --group 239.1.1.1
wait_until "arrival is said again" says "$any: packets arrive again, after [0-9]* s"
assert "still a member" member 239.1.1.1 in0
stop_recorder
assert_eq "silence: exit code" 0 "$status"
assert_eq "silence: packets" 40 "$(json .written)"
assert_eq "silence: a degraded state, once for each" "1 1" "$(json '
  [[.notes[] | select(test("joined 239.1.1.1 on in0"))], [.notes[] | select(test("joined 232.1.1.1@"))]] |
  map(length) | join(" ")')"
assert_eq "silence: told in the file" true "$("$WIRETAPE" info --json "$file" |
  jq '.sections[0].interfaces[0].statistics.notes | any(test("joined 239.1.1.1 on in0"))')"
assert_ledger_closes "silence"
assert "after: no member" not member 239.1.1.1 in0
assert "after: no member of the source" not member_of_source 0xe8010101 0xc0000201 in0

# SIGTERM ends the membership too. On two interfaces, in one file.
make_link out1 in1
start_recorder -i in0 -i in1 -w "$file" --json --join 239.1.1.2
assert "two interfaces: a member on the first" member 239.1.1.2 in0
assert "two interfaces: a member on the second" member 239.1.1.2 in1
stop_recorder TERM
assert_eq "SIGTERM: exit code" 0 "$status"
assert "SIGTERM: no member" not member 239.1.1.2 in0
assert "SIGTERM: no member on the second" not member 239.1.1.2 in1

# What arrives all the time is no news.
start_generator out0 -c 0 -p 1000 --group 239.1.1.3
start_recorder -i in0 -w "$file" --json --join 239.1.1.3 -a duration:7
wait_until "the recording ends" ended "$recorder"
await_recorder
stop_generator
assert_eq "steady: exit code" 0 "$status"
assert_eq "steady: no silence in the report" false "$(json '.notes | any(test("joined"))')"
assert "steady: nothing is said of it" not says '239\.1\.1\.3 on'

# More groups than a filter takes, each noticed by itself.
joins=()
for i in $(seq 1 40); do joins+=(--join "239.2.0.$i"); done
start_recorder -i in0 -w "$file" --json "${joins[@]}"
for i in 1 32 33 40; do assert "many: member of $i" member 239.2.0.$i in0; done
wait_until "many: silence is said" says 'joined 239\.2\.0\.40 on in0'
send out0 10 --group 239.2.0.40
wait_until "many: arrival is said" says '239\.2\.0\.40 on in0: arrives'
assert_eq "many: silent ones" 40 "$(grep -c 'but nothing has arrived' "$work/err")"
assert_eq "many: arrived ones" 1 "$(grep -c ': arrives' "$work/err")"
stop_recorder
assert_eq "many: exit code" 0 "$status"

# The interface disappears and comes back: joined again.
make_link out2 in2
start_recorder -i in2 -i in0 -w "$file" --json --join 239.1.1.4
assert "at first: a member" member 239.1.1.4 in2
ip link del in2
wait_until "it says that in2 is gone" says 'in2 has disappeared'
make_link out2 in2
wait_until "it says that it has joined again" says 'joined the groups on in2 again'
assert "again a member" member 239.1.1.4 in2
wait_until "silence after that is said" says 'joined 239\.1\.1\.4 on in2, but nothing'
send out2 10 --group 239.1.1.4
wait_until "arrival after that is said" says '239\.1\.1\.4 on in2: arrives'
stop_recorder
assert_eq "back again: exit code" 0 "$status"

# IPv6.
if [ -w /proc/sys/net/ipv6/conf/in0/disable_ipv6 ]; then
  "$WIRETAPE" record -i in0 -w "$work/absent" --join ff15::1 >"$work/out" 2>"$work/err"
  assert_eq "IPv6 switched off: exit code" 1 $?
  assert_file_has "$work/err" 'ff15::1 on in0: IPv6 is switched off there'
  echo 0 >/proc/sys/net/ipv6/conf/out0/disable_ipv6
  echo 0 >/proc/sys/net/ipv6/conf/in0/disable_ipv6
  start_recorder -i in0 -w "$file" --json --join ff12::1 --join ff35::2@2001:db8::1 udp
  assert "IPv6: a member" member6 ff120000000000000000000000000001 in0
  assert "IPv6: a member of the source" member_of_source ff350000000000000000000000000002 \
    20010db8000000000000000000000001 in0 6
  wait_until "IPv6: silence is said" says 'joined ff12::1 on in0, but nothing'
  wait_until "IPv6: silence of the source is said" says 'joined ff35::2@2001:db8::1 on in0'
  arrives_or_send() {
    says 'ff12::1 on in0: arrives' || ! echo hello 2>/dev/null >/dev/udp/ff12::1%out0/5000
  }
  until_arrival() { arrives_or_send && says 'ff12::1 on in0: arrives'; }
  wait_until "IPv6: arrival is said" until_arrival
  assert "IPv6: not of the source" not says 'ff35::2@.*: arrives'
  stop_recorder
  assert_eq "IPv6: exit code" 0 "$status"
  assert "IPv6: no member any more" not member6 ff120000000000000000000000000001 in0
else
  echo "note: IPv6 cannot be switched on here: not tested"
fi

refused 'cannot join 239.1.1.1 on sim: the interface is simulated' -i sim --reader sim --join 239.1.1.1
ip link set in1 down
refused 'cannot join 239.1.1.1 on in1: the interface is down' -i in1 --join 239.1.1.1
ip link set lo up
refused 'cannot join 239.1.1.1 on lo: the interface is not one for multicast' -i lo --join 239.1.1.1
if [ -w /proc/sys/net/ipv4/igmp_max_memberships ]; then
  limit=$(cat /proc/sys/net/ipv4/igmp_max_memberships)
  echo 0 >/proc/sys/net/ipv4/igmp_max_memberships
  refused 'net.ipv4.igmp_max_memberships' -i in0 --join 239.1.1.1
  echo "$limit" >/proc/sys/net/ipv4/igmp_max_memberships
fi
# Many groups take few descriptors: one of these is joined by two interfaces, 512 groups each.
make_link out3 in3
ip link set in1 up
many=()
for ((i = 0; i < 500; i++)); do many+=(--join "239.3.$((i / 200)).$((i % 200 + 1))"); done
for ((i = 0; i < 12; i++)); do many+=(--join "239.4.1.1@192.0.2.$((i + 1))"); done
(ulimit -Sn 64 && ulimit -Hn 256 && exec "$WIRETAPE" record -i in1 -i in3 -w "$file" "${many[@]}") 2>"$work/err" &
recorder=$!
await_recording
for interface in in1 in3; do
  assert "many groups: the last on $interface" member 239.3.2.100 $interface
  assert "many groups: the last source on $interface" \
    member_of_source 0xef040101 0xc000020c $interface
done
stop_recorder
assert_eq "many groups: exit code" 0 "$status"
(ulimit -n 24 && exec "$WIRETAPE" record -i in1 -i in3 -w "$file" "${many[@]}") 2>"$work/err"
assert_eq "too few descriptors: exit code" 1 $?
assert_file_has "$work/err" 'Too many open files; a process may have 24 here: ulimit -n$'

for wrong in 192.0.2.1 239.1.1 239.1.1.1@ 239.1.1.1@2001:db8::1 ''; do
  "$WIRETAPE" record -i in0 -w "$work/absent" --join "$wrong" >"$work/out" 2>"$work/err"
  assert_eq "--join '$wrong': exit code" 2 $?
  assert_file_has "$work/err" '--join: '
done
"$WIRETAPE" record -i in0 -w "$work/absent" --join ff15:0::1 --join ff15::1 >"$work/out" 2>"$work/err"
assert_eq "twice: exit code" 2 $?
assert_file_has "$work/err" 'ff15::1 is given to --join twice'
