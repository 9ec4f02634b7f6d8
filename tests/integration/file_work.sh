#!/usr/bin/env bash
# Files are made, finished and deleted by threads: the recording thread makes no call that waits
# for a file system, and calls that take two seconds cost no packet.
. "$SUPPORT/lib.sh"
need strace capinfos
strace -o /dev/null true 2>/dev/null || skip "strace may not look at processes here"
make_link out0 in0
files=$work/files

# trace_recorder STRACE_OPTION... -- OPTION...: record under strace, whose lines are in $work/calls.
trace_recorder() {
  local traced=()
  while [ "$1" != -- ]; do
    traced+=("$1")
    shift
  done
  shift
  rm -rf "$files" && mkdir "$files"
  : >"$work/err"
  strace -f -qq -o "$work/calls" "${traced[@]}" -- "$WIRETAPE" record -i in0 -w "$files/tape.pcapng" --json "$@" \
    >"$work/out" 2>"$work/err" &
  tracer=$!
  wait_until "strace starts it" started
  await_recording
}

# The recorder is a child of strace, which has others at first.
started() {
  local child
  ended "$tracer" && return
  for child in $(cat "/proc/$tracer/task/$tracer/children" 2>/dev/null); do
    recorder=$child
    [ "$(status_of "$child" Name)" != wiretape ] || return 0
  done
  return 1
}

stop_traced() {
  kill -INT "$recorder"
  await_end "the recorder" "$tracer"
  assert_eq "$1: exit code" 0 "$status"
  assert_ledger_closes "$1"
  assert_eq "$1: lost" 0 "$(json '[.lost[]] | add')"
}

# The recording thread is the one that asks the packet socket for its statistics.
waits=open,openat,openat2,creat,unlink,unlinkat,rename,renameat,renameat2,link,linkat,stat,lstat,newfstatat,statx,statfs
waits+=,fstatfs,truncate,ftruncate,fallocate,fsync,fdatasync,flock,access,faccessat,faccessat2,fchmod,readlink,getdents64
trace_recorder -e "trace=$waits,getsockopt" -- -b packets:2000 -b files:2 --min-free 1MiB
send out0 15000 -s 200 -p 10000
stop_traced "calls"
assert_eq "calls: written" 15000 "$(json .written)"
thread=$(awk '/PACKET_STATISTICS/ {print $1; exit}' "$work/calls")
assert "calls: a recording thread" test -n "$thread"
# From its first look at the socket, when it records, to the signal.
awk '/--- SIGINT/ {exit} /PACKET_STATISTICS/ {recording = 1} recording' "$work/calls" >"$work/recording"
assert_eq "calls: that wait for a file system, of the recording thread" "" \
  "$(awk -v thread="$thread" '$1 == thread' "$work/recording" | grep -E "^[0-9]+ +(${waits//,/|})\(" | head -5)"
for call in openat unlinkat renameat2 fstatfs ftruncate; do
  assert "calls: $call, of another thread" grep -qE " $call\(" "$work/recording"
done

# Files of more than 32 MiB go in steps. 28 MB/s, of which the ring holds nine seconds.
make_disk 512
files=$work/disk/files
slow=unlinkat,statfs,fstatfs,ftruncate
trace_recorder -e trace=$slow -e inject=$slow:delay_enter=2000000 -- --ring 256MiB -b filesize:40MB -b files:2 \
  --min-free 1MiB
send out0 100000 -s 1400 -p 20000
stop_traced "slow calls"
assert_eq "slow calls: written" 100000 "$(json .written)"
assert "slow calls: files were deleted" test "$(json '[.files[] | select(.deleted)] | length')" -ge 1
