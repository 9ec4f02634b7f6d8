#!/usr/bin/env bash
# What the machine refuses is done without: said once, in words, and nothing is missing.
. "$SUPPORT/lib.sh"
need tshark capinfos setpriv
make_link out0 in0
[ -x "${NO_URING:-}" ] || skip "NO_URING is not the program that refuses io_uring"

# record NAME EXPECTED_STATE FILE COMMAND...: COMMAND runs "$WIRETAPE record" with
# options. The recording is complete, and there is one state like this, or none if "".
record() {
  local name=$1 state=$2 file=$3
  shift 3
  : >"$work/err"
  "$@" -i in0 -w "$file" --ring 16MiB --json >"$work/out" 2>"$work/err" &
  recorder=$!
  await_recording
  send out0 20000 -s 400 -p 20000
  stop_recorder
  assert_eq "$name: exit code" 0 "$status"
  assert_eq "$name: written" 20000 "$(json .written)"
  assert_eq "$name: lost" 0 "$(json '[.lost[]] | add')"
  assert_ledger_closes "$name"
  assert_info_agrees "$name" "$file"
  assert_eq "$name: packets" 20000 "$(packets "$file")"
  assert_sequences "$name" "$file" 1 20000
  assert_eq "$name: degraded: $(json .degraded)" "$state" "$(json --arg state "$state" '.degraded[]' |
    grep -oE -e "${state:-.*}")"
  [ -z "$state" ] || assert_eq "$name: on standard error" 1 "$(grep -cE -e "$state" "$work/said")"
  rm "$file"
}

# refused NAME PATTERN COMMAND...: it was asked for, and so it is an error, which names it.
refused() {
  local name=$1 pattern=$2
  shift 2
  timeout 30 "$@" -i in0 --ring 16MiB >"$work/out" 2>"$work/err"
  assert_eq "$name: exit code" 1 $?
  assert_file_has "$work/err" "$pattern"
}

without_uring() { "$NO_URING" "$@"; }

"$NO_URING" setup EPERM true || skip "seccomp filters are not allowed here"
file=$work/file.pcapng

record "nothing refused" "" "$file" "$WIRETAPE" record
for error in EPERM ENOSYS ENOMEM; do
  record "io_uring: $error" "io_uring is refused" "$file" "$NO_URING" setup $error "$WIRETAPE" record
done
record "io_uring, later" "io_uring is refused" "$file" "$NO_URING" enter EPERM "$WIRETAPE" record
record "pwrite wanted" "" "$file" "$NO_URING" setup EPERM "$WIRETAPE" record --io pwrite
refused "io_uring wanted" "io_uring is refused" "$NO_URING" setup EPERM "$WIRETAPE" record --io uring -w "$file"
assert "io_uring wanted: no file" test ! -e "$file"

# Memory that is not registered costs time only.
record "registering" "could not be registered" "$file" "$NO_URING" register EPERM "$WIRETAPE" record
