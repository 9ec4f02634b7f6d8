#!/usr/bin/env bash
# What stamps depend on, said by `wiretape stamp caps`, `cross` and `watch`.
. "$SUPPORT/lib.sh"
ip link set lo up
make_link v0 v1
watcher=""

# stamp ARGUMENT...: exit code in $code, output in $work/out and $work/err.
stamp() {
  timeout 100 "$WIRETAPE" stamp "$@" >"$work/out" 2>"$work/err" </dev/null
  code=$?
}

# wrong PATTERN ARGUMENT...: exit code 2, told on standard error, with a hint.
wrong() {
  local pattern=$1
  shift
  stamp "$@"
  assert_eq "stamp $*: exit code" 2 "$code"
  assert_file_has "$work/err" "$pattern"
  assert_file_has "$work/err" '--help'
  assert_eq "stamp $*: standard output" "" "$(cat "$work/out")"
}

# refused PATTERN ARGUMENT...: exit code 1 and the reason.
refused() {
  local pattern=$1
  shift
  stamp "$@"
  assert_eq "stamp $*: exit code" 1 "$code"
  assert_file_has "$work/err" "$pattern"
}

# ---- help and usage ----

wiretape_usage() { timeout 100 "$WIRETAPE" stamp >"$work/out" 2>"$work/err"; }
wiretape_usage
assert_eq "stamp alone: exit code" 2 $?
assert_file_has "$work/err" '^Usage: wiretape stamp'
for face in caps cross watch; do
  for option in -h --help; do
    stamp $face $option
    assert_eq "$face $option: exit code" 0 "$code"
    assert_file_has "$work/out" "^Usage: wiretape stamp $face"
    assert_eq "$face $option: standard error" "" "$(cat "$work/err")"
    assert_eq "$face: lines wider than a terminal" "" "$(grep -E '.{91}' "$work/out")"
  done
  wrong 'no IFACE' $face
  wrong "no option '--nonsense'" $face --nonsense
  "$WIRETAPE" stamp $face --help >/dev/full 2>"$work/err"
  assert_eq "$face --help to a full device: exit code" 1 $?
done
wrong "no 'stamp nonsense'" nonsense
wrong "leave out 'lo'" caps -a lo
wrong "'pmm=3' is no setting; there are ppm" caps sim:pmm=3
wrong "'ppm=x': ppm is how much" caps lo sim:ppm=x
wrong "'pmm=3' is no setting" cross sim:pmm=3
wrong "samples: 'x' is not a whole number" cross -n x sim
wrong "samples: '-1' is not a whole number" cross -n -1 sim
wrong "every: '0'" cross --every 0 sim
wrong 'needs a value' cross sim -n
wrong 'one clock at a time' cross sim lo
wrong "events: '0' is not a whole number from 1" watch -n 0 lo
wrong "'5' is not duration" watch -a 5 lo
wrong "autostop: 'duration:0': '0': the time has to be longer than 0" watch -a duration:0 lo
wrong 'one IFACE' watch lo v0

# ---- caps ----

stamp caps v0 lo
assert_eq "caps: exit code" 0 "$code"
assert_eq "caps: interfaces" "v0 lo" "$(grep -E '^[^ ]' "$work/out" | xargs)"
assert_file_has "$work/out" '^  PTPv2 +software: it has no hardware stamps'
assert_file_has "$work/out" '^  clock +none$'
assert_file_has "$work/out" '^  software +yes +yes$'
assert_file_has "$work/out" '^  hardware +no +no$'
assert_eq "caps: lines wider than a terminal" "" "$(grep -E '.{81}' "$work/out")"

stamp caps --json v0 sim:netlink=no,rx-filter=all
assert_eq "caps --json: exit code" 0 "$code"
assert_eq "caps --json: v0" '["v0",null,"software",null,[],"Operation not supported"]' \
  "$(jq -c '.interfaces[0] | [.interface, .problem, .ptp_v2, .phc_index, .rx_filters, .active.problem]' "$work/out")"
assert_eq "caps --json: sim" '["sim","ioctl","hardware",0,"/dev/ptp0",["none","all"],"all","off"]' \
  "$(jq -c '.interfaces[1] | [.interface, .asked_by, .ptp_v2, .phc_index, .clock, .rx_filters,
                    .active.rx_filter, .active.tx_type]' "$work/out")"

stamp caps --json --all
assert_eq "caps --all: exit code" 0 "$code"
assert_eq "caps --all: interfaces" "lo v0 v1" "$(jq -r '.interfaces[].interface' "$work/out" | sort | xargs)"

refused "no interface 'absent'" caps absent v0
assert_file_has "$work/out" '^v0$'
refused "no interface 'absent'" caps --json absent
assert_eq "caps --json of an absent one" '["absent",true]' \
  "$(jq -c '.interfaces[0] | [.interface, (.problem | contains("no interface"))]' "$work/out")"

# ---- cross ----

refused 'v0 has no PTP hardware clock' cross v0
refused "no interface 'absent'" cross absent
refused 'no clock /dev/ptp-none' cross /dev/ptp-none
refused 'is no PTP hardware clock' cross /dev/null
refused 'no PTP hardware clock' cross sim:phc=no

stamp cross -n 3 --every 20 sim:tai=37,offset=37000000000,precise=no,bracket=700
assert_eq "cross: exit code" 0 "$code"
assert_file_has "$work/out" '^/dev/ptp0 .*TAI - UTC is 37 s$'
assert_eq "cross: samples" 3 "$(grep -c '^20.*Z .* 700 ns  extended  *+3[67]\.[0-9]*' "$work/out")"
assert_file_has "$work/out" '^3 samples in 0\.[0-9]* s: .*brackets 700 to 700 ns, 0 steps$'

stamp cross -n 1 sim:extended=no,precise=no
assert_file_has "$work/out" 'TAI - UTC is not told'
assert_file_has "$work/out" ' basic '

# A clock that runs fast by 200 ppm, whatever else happens on this machine. jq's numbers hold
# times of our days to 256 ns.
stamp cross -n 4 --every 50 --json sim:ppm=200,offset=5
assert_eq "cross --json: exit code" 0 "$code"
assert_eq "cross --json: objects" 4 "$(jq -c . "$work/out" | wc -l)"
assert_eq "cross --json: the rate is within its error" true "$(jq -s '.[0].ppm == null and
  .[1].ppm != null and .[1].ppm_error == null and .[2].ppm_error != null and
  (.[3] | (.ppm - 200 | fabs) <= .ppm_error) and all(.[]; .method == "precise" and
    .bracket_ns == 0 and .tai_offset_ns == null and (.offset_ns - (.phc_ns - .utc_ns) | fabs) <= 1024)' "$work/out")"

# Until it is interrupted, and then a summary.
: >"$work/out"
"$WIRETAPE" stamp cross -n 0 --every 10 sim >"$work/out" 2>"$work/err" &
watcher=$!
sampled() { [ "$(grep -c '^20' "$work/out")" -ge 3 ]; }
wait_until "there are samples" sampled
kill -INT "$watcher"
await_end "cross" "$watcher"
assert_eq "cross, interrupted: exit code" 0 "$status"
assert_file_has "$work/out" '^[0-9]+ samples in '

# ---- watch ----

refused "no interface 'absent'" watch absent

lines_of() { grep -cE "^20[0-9T:.-]+Z  $1" "$work/out"; }
says() { [ "$(lines_of "$1")" -ge 1 ]; }
# start_watch ARGUMENT...: it watches when this returns.
start_watch() {
  : >"$work/out"
  "$WIRETAPE" stamp watch "$@" >"$work/out" 2>"$work/err" &
  watcher=$!
  wait_until "it says what stands now" grep -q 'now' "$work/out"
}

start_watch v0
ip link set v0 mtu 1400
wait_until "mtu" says 'settings +mtu 1500 -> 1400$'
ip link set v0 down
wait_until "down" says 'link-down +link up -> down$'
ip link set v0 name v9
wait_until "renamed" says 'renamed +renamed v0 -> v9$'
ip link set v9 up
wait_until "up" says 'link-up +link down -> up$'
wait_until "carrier" says 'carrier-on +carrier off -> on$'
if command -v ethtool >/dev/null; then
  ethtool -K v9 gro on >"$work/ethtool" 2>&1 || fail "ethtool: $(cat "$work/ethtool")"
  wait_until "features" says 'settings +ethtool: features changed$'
fi
ip link del v9
wait_until "gone" says 'gone +v9 is gone: it was index [0-9]+$'
make_link v0 v1
wait_until "back" says 'back +v0 is back: index [0-9]+ -> [0-9]+$'
kill -TERM "$watcher"
await_end "watch" "$watcher"
assert_eq "watch, terminated: exit code" 0 "$status"
assert_eq "watch: standard error" "" "$(cat "$work/err")"
assert_eq "watch: lines of now" 1 "$(lines_of 'now +index [0-9]+, link up, carrier on, mtu 1500')"

start_watch -n 2 --json v0
ip link set v0 mtu 1300
ip link set v0 mtu 1200
await_end "watch -n 2" "$watcher"
assert_eq "watch -n 2: exit code" 0 "$status"
assert_eq "watch --json: objects" '["now","settings mtu 1500 -> 1300","settings mtu 1300 -> 1200"]' \
  "$(jq -sc '[.[] | if .change == "now" then .change else .change + " " + .text end]' "$work/out")"
assert_eq "watch --json: now" '["v0",1500,true,null]' \
  "$(jq -sc '.[0] | [.interface, .mtu, .up, .clock]' "$work/out")"

stamp watch -a duration:0.3 v0
assert_eq "watch for a while: exit code" 0 "$code"
assert_eq "watch for a while: lines" 1 "$(wc -l <"$work/out")"

# ---- a standard output that takes nothing ----

for command in 'caps v0' 'caps --json v0' 'cross -n 1 sim' 'cross -n 0 --json sim' 'watch v0' 'watch -j v0'; do
  # shellcheck disable=SC2086
  timeout 100 "$WIRETAPE" stamp $command >/dev/full 2>"$work/err"
  assert_eq "$command to a full device: exit code" 1 $?
  assert_file_has "$work/err" 'cannot write to standard output'
done
