# shellcheck shell=bash
# Shared by the integration tests, which source it first. They run in a network and
# mount namespace of their own and need $WIRETAPE. A failed assertion is printed and
# counted; the test goes on and exits with 1 at its end.
set -u
failures=0
recorder=""
work=$(mktemp -d)
# Nobody's input: whoever lacks a file and reads that instead would wait for ever.
exec </dev/null
# Nobody's settings of Wireshark, nobody's language.
export HOME=$work XDG_CONFIG_HOME=$work LC_ALL=C

clean_up() {
  local code=$? # of a test that ended early
  if [ -e "$work/frozen" ]; then thaw; fi
  for pid in $(jobs -p); do
    kill -CONT "$pid"
    kill -KILL "$pid"
  done 2>/dev/null
  wait 2>/dev/null
  if grep -q " $work/disk " /proc/mounts; then umount "$work/disk"; fi
  check_json || code=1
  # Undo changes outside of the namespace and folder.
  if declare -F undo >/dev/null; then undo; fi
  rm -rf "$work"
  [ "$failures" = 0 ] || code=1
  [ "$code" != 1 ] || say_link_drops
  exit "$code"
}
trap clean_up EXIT
trap 'exit 1' INT TERM HUP

skip() {
  echo "SKIP: $*"
  exit 77
}

need() {
  local tool
  for tool in "$@"; do
    command -v "$tool" >/dev/null || skip "$tool is not installed"
  done
}
need ip jq

# jq ARGUMENT...: what it reads of our JSON is kept, and compared with its schema at the end.
jq() {
  local argument stream=true lines
  for argument; do
    if [ "$argument" = -n ]; then stream=false; fi
    if [ -f "$argument" ]; then
      mapfile -t lines <"$argument"
      printf '%s\n' "${lines[@]}" >>"$work/all.json"
      stream=false
    fi
  done
  if $stream; then
    tee -a "$work/all.json" | command jq "$@"
  else
    command jq "$@"
  fi
}

# Whether all of that is as docs/schema says. In virtual machines nobody knows.
check_json() {
  command -v python3 >/dev/null || return 0
  [ ! -s "$work/all.json" ] || "$SUPPORT/json_check.py" "$work/all.json" >&2
}

fail() {
  echo "FAIL: $*" >&2
  failures=$((failures + 1))
}

# assert_eq WHAT EXPECTED ACTUAL
assert_eq() {
  [ "$2" = "$3" ] || fail "$1: expected '$2', got '$3'"
}

# assert WHAT COMMAND...
assert() {
  local what=$1
  shift
  "$@" || fail "$what: $*"
}

# assert_file_has FILE PATTERN
assert_file_has() {
  grep -qE -e "$2" "$1" && return
  fail "no line like '$2' in:"
  cat "$1" >&2
}

# wait_until WHAT COMMAND...: for longer than anything takes that is not stuck, on a busy machine, too.
wait_until() {
  local what=$1 deadline=$((SECONDS + 100))
  shift
  until "$@"; do
    if [ "$SECONDS" -ge "$deadline" ]; then
      fail "waited in vain: $what"
      return 1
    fi
    pause
  done
}

# What polls does so without a process for each look: with the shell's own commands, in files of /proc.
pause() {
  read -rt 0.02 -u "$silence" || :
}
exec {silence}<> <(:)

# Mounts without a mount namespace (in-namespace.sh) are made on the whole machine.
if [ -n "${NO_MOUNTS:-}" ]; then
  mount() { skip "cannot mount: $NO_MOUNTS"; }
fi

# make_disk MIB: a file system of our own at $work/disk, as disks have it. Each call
# begins a new one.
make_disk() {
  need mkfs.ext4
  mkdir -p "$work/disk"
  if grep -q " $work/disk " /proc/mounts; then umount "$work/disk"; fi
  rm -f "$work/image"
  truncate -s "$1M" "$work/image"
  timeout 100 mkfs.ext4 -q -F "$work/image" || skip "cannot make an ext4"
  # The loop device goes with the mount.
  mount -o loop "$work/image" "$work/disk" 2>"$work/mount.err" ||
    skip "cannot mount a loop device, which takes root: $(head -n 1 "$work/mount.err")"
}

# freeze SECONDS: whoever writes to $work/disk waits until thaw(), at most this long.
freeze() {
  need fsfreeze
  "$SUPPORT/freeze.sh" "$work/disk" "$work" "$1" 2>"$work/freeze.err" ||
    skip "cannot freeze a file system: $(head -n 1 "$work/freeze.err")"
}

# For how long it was frozen is in $stalled_ms.
thaw() {
  touch "$work/thaw"
  wait_until "the file system thaws" test -e "$work/thawed"
  stalled_ms=$(cat "$work/thawed")
  rm -f "$work/frozen"
}

# An IPv6 address would send packets that nobody asked for.
for scope in all default; do
  if [ -w /proc/sys/net/ipv6/conf/$scope/disable_ipv6 ]; then
    echo 1 >/proc/sys/net/ipv6/conf/$scope/disable_ipv6
  fi
done

# make_link A B: what is sent on A arrives at B. The kernel notices up to a second later that a
# link runs, and what is sent before is lost without a word.
make_link() {
  ip link add "$1" type veth peer name "$2" && ip link set "$1" up && ip link set "$2" up ||
    skip "cannot make a veth pair"
  wait_until "$1 runs" runs "$1"
  wait_until "$2 runs" runs "$2"
}

# What the kernel drops between the ends of a link, as its queue is full, no recorder can know of.
say_link_drops() {
  awk '$13 > 0 && !/\|/ {print "note: " $1 " dropped " $13 " packets that were sent"}' /proc/net/dev >&2
}

runs() {
  [[ $(ip -o link show dev "$1") == *'state UP'* ]]
}

# send INTERFACE COUNT [OPTION]...
send() {
  local interface=$1 count=$2
  shift 2
  "$WIRETAPE" generate -i "$interface" -c "$count" -q "$@" || fail "generate $interface $count $*"
}

# start_generator INTERFACE OPTION...: in the background, as $generator.
start_generator() {
  local interface=$1
  shift
  "$WIRETAPE" generate -i "$interface" -q "$@" &
  generator=$!
}

stop_generator() {
  kill "$generator" 2>/dev/null
  wait "$generator" 2>/dev/null
}

# received INTERFACE: packets that have arrived there so far.
received() {
  local name bytes packets rest
  while read -r name bytes packets rest; do
    if [ "$name" = "$1:" ]; then echo "$packets"; fi
  done </proc/net/dev
}

# arrived INTERFACE COUNT: as many, in all.
arrived() {
  [ "$(received "$1")" -ge "$2" ]
}

# The recorder's output is in $work/out and $work/err.

# Once the program itself runs and would notice a poke.
catches_pokes() { catches "$recorder" USR1; }

# catches PID SIGNAL: the program itself runs, and catches it. In this order: before, it is a shell
# that catches signals, too.
catches() {
  local caught
  [ "$(status_of "$1" Name)" = wiretape ] && caught=$(status_of "$1" SigCgt) &&
    [ $((0x${caught: -4} >> ($(kill -l "$2") - 1) & 1)) -ne 0 ]
}

# status_of PID NAME: the first word that the kernel says of it, nothing if there is no such process.
status_of() {
  local name value rest
  while read -r name value rest; do
    if [ "$name" = "$2:" ]; then
      echo "$value"
      return
    fi
  done 2>/dev/null <"/proc/$1/status"
}

# ended PID: a child of ours.
ended() {
  [[ $(status_of "$1" State) =~ ^Z?$ ]]
}

# stopped PID: it stands still.
stopped() {
  [ "$(status_of "$1" State)" = T ]
}

# It prints its ledger from the loop that records, so the gates are open.
printed_ledger() {
  local printed
  ended "$recorder" && return
  catches_pokes && kill -USR1 "$recorder" 2>/dev/null
  # Without a word about NULs, which it begins with where it was emptied.
  { printed=$(<"$work/err"); } 2>/dev/null
  [[ $'\n'$printed == *$'\nafter '* ]]
}

# await_recording: of the process $recorder, whose standard error is $work/err.
await_recording() {
  wait_until "the recorder records" printed_ledger
  ended "$recorder" || return 0
  fail "the recorder did not start:"
  cat "$work/err" >&2
}

# start_recorder OPTION...: it records when this returns.
start_recorder() {
  launch_recorder "$@"
  await_recording
}

# Start it without waiting. A small ring starts faster.
launch_recorder() {
  : >"$work/err"
  "$WIRETAPE" record --ring 16MiB "$@" >"$work/out" 2>"$work/err" &
  recorder=$!
}

# await_end WHAT PID: the exit code is in $status.
await_end() {
  wait_until "$1 ends" ended "$2" || kill -KILL "$2"
  wait "$2" 2>/dev/null
  status=$?
}

await_recorder() {
  await_end "the recorder" "$recorder"
}

# refused PATTERN OPTION...: exit code 1, an error like PATTERN, and no file.
refused() {
  local pattern=$1
  shift
  timeout 100 "$WIRETAPE" record -w "$work/absent" "$@" >"$work/out" 2>"$work/err"
  assert_eq "$*: exit code" 1 $?
  assert_file_has "$work/err" "$pattern"
  assert "$*: no file" test ! -e "$work/absent"
}

# stop_recorder [SIGNAL]
stop_recorder() {
  kill "-${1:-INT}" "$recorder" 2>/dev/null
  await_recorder
}

# counted COUNT: packets that the recorder knows of, lost ones included.
counted() {
  local words word before sum=0
  : >"$work/err"
  kill -USR1 "$recorder"
  wait_until "it prints the ledger" printed_ledger
  while read -ra words; do
    [[ "${words[*]}" == *': seen '* ]] || continue
    before=""
    for word in "${words[@]}"; do
      case $before in seen | 'the ring') sum=$((sum + ${word%%[!0-9]*})) ;; esac
      if [ "$before $word" = 'the ring' ]; then before='the ring'; else before=$word; fi
    done
  done <"$work/err"
  [ "$sum" -ge "$1" ]
}

# stop_after COUNT: once this many have come.
stop_after() {
  wait_until "the recorder has $1 packets" counted "$1"
  stop_recorder INT
  assert_eq "exit code" 0 "$status"
}

# json FILTER: of what the recorder printed at the end.
json() {
  jq -r "$1" "$work/out"
}

# The ledger in the JSON adds up, in total and for each interface.
assert_ledger_closes() {
  assert_eq "$1: ledger closes" true "$(jq '
    def closes: .seen == .written + (.lost | add) and (.unattributed // 0) == 0;
    closes and all(.interfaces[]; closes) and .written == ([.interfaces[].written] | add)' \
    "${2:-$work/out}")"
}

# assert_info_agrees NAME FILE...: the ledgers in each file close and match its packets.
assert_info_agrees() {
  local name=$1
  shift
  assert_eq "$name: files whose ledgers do not close, or match them" "$# " "$("$WIRETAPE" info --json "$@" | jq -rs '
    def agrees: .complete and all(.sections[].interfaces[].statistics; .ledger_closes and .ledger_matches_file);
    "\(length) \(map(select(agrees | not).path) | join(" "))"')"
}

# The sender's output is in $work/sent and $work/complaints.

# replay ARGUMENT...: the exit code is in $code.
replay() {
  timeout 100 "$WIRETAPE" replay "$@" >"$work/sent" 2>"$work/complaints"
  code=$?
}

# sent [OPTION]... FILTER: of what it printed at the end.
sent() {
  jq -r "$@" "$work/sent"
}

# tcpdump_reads FILE [FILTER]...: as nobody in particular. As root it would become somebody else,
# who may not look into $work and whom a user namespace does not let it become; where none can be
# made (a chroot) it is given the open file.
tcpdump_reads() {
  local file=$1 nobody=()
  shift
  if unshare -U true 2>/dev/null; then nobody=(unshare -U); fi
  "${nobody[@]}" tcpdump -n -r - "$@" <"$file"
}

# Their standard error, without the note about root.
others_complain() {
  grep -v 'Running as user .* This could be dangerous' "$work/other.err"
}

# packets FILE...: how many capinfos finds in each.
packets() {
  capinfos -Mc "$@" 2>"$work/other.err" | awk '/^Number of packets/ {print $NF}'
}

# fields FILE FIELD...: a line a packet, tabs in between. Without the options there are no hashes, and
# checksums are not looked at.
fields() {
  local file=$1 field list=()
  shift
  for field in "$@"; do list+=(-e "$field"); done
  tshark -n -r "$file" -o frame.generate_md5_hash:TRUE -o ip.check_checksum:TRUE \
    -o udp.check_checksum:TRUE -o tcp.check_checksum:TRUE -T fields "${list[@]}" 2>"$work/other.err"
}

# tshark_finds NAME FILE "FIELD..." EXPECTED [COMMAND]: of the packets' fields, through COMMAND (sort -u).
# assert_tshark_finds asks for all of them at the end: tshark takes longer to start than to read most
# files.
found_names=() found_fields=() found_expected=() found_commands=()
tshark_finds() {
  found_names+=("$1") found_fields+=("$3") found_expected+=("$4") found_commands+=("${5:-sort -u}")
  cp "$2" "$work/found.$((1000 + ${#found_names[@]})).pcapng"
}

assert_tshark_finds() {
  local i fields counts first=1 last files=("$work"/found.*.pcapng)
  mapfile -t fields < <(tr ' ' '\n' <<<"${found_fields[*]}" | sort -u)
  mapfile -t counts < <(packets "${files[@]}")
  mergecap -a -w "$work/found.pcapng" "${files[@]}" 2>"$work/other.err" || fail "mergecap"
  if others_complain; then fail "mergecap complains"; fi
  fields "$work/found.pcapng" "${fields[@]}" >"$work/found"
  if others_complain; then fail "tshark complains"; fi
  assert_eq "tshark: files, packets" "${#found_names[@]} $((${counts[*]/%/+}0))" \
    "${#files[@]} $(wc -l <"$work/found")"
  for i in "${!found_names[@]}"; do
    last=$((first + counts[i] - 1))
    awk -F'\t' -v first=$first -v last=$last -v all="${fields[*]}" -v wanted="${found_fields[i]}" '
      BEGIN {
        for (i = split(all, names, " "); i; i--) column[names[i]] = i
        count = split(wanted, names, " ")
      }
      NR > last {exit}
      NR >= first {for (i = 1; i <= count; i++) printf "%s%s", $column[names[i]], i < count ? "\t" : "\n"}' \
      "$work/found" >"$work/found.one"
    assert_eq "${found_names[i]}" "${found_expected[i]}" "$(eval "${found_commands[i]}" <"$work/found.one")"
    first=$((last + 1))
  done
}

# sequences FILE: of MoldUDP64, which begin 18 bytes into what is behind IPv4, with 20, and IPv6, with
# 40; 16 hex digits a line. tshark takes ten times as long.
sequences() {
  editcap -F pcap -s 80 "$1" - 2>"$work/other.err" | tcpdump -n -t -x -r - 2>/dev/null | awk '
    $1 == "0x0000:" {six = $2 ~ /^6/}
    $1 == "0x0020:" && !six {print $5 $6 $7 $8}
    $1 == "0x0030:" {first = $7 $8 $9}
    $1 == "0x0040:" && six {print first $2}'
}

# numbers FILE: the same in decimal.
numbers() {
  sequences "$1" | {
    mapfile -t digits
    [ ${#digits[@]} = 0 ] || printf '%d\n' "${digits[@]/#/0x}"
  }
}

# expected_sequences FIRST LAST
expected_sequences() {
  seq -f '%.0f' "$1" "$2" | awk '{printf "%016x\n", $1}'
}

# assert_sequences NAME FILE FIRST LAST: each once and in order.
assert_sequences() {
  sequences "$2" >"$work/got"
  expected_sequences "$3" "$4" >"$work/expected"
  cmp -s "$work/expected" "$work/got" && return
  fail "$1: sequence numbers are not $3 to $4 in order:"
  diff "$work/expected" "$work/got" | head -5 >&2
}
