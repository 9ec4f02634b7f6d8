#!/usr/bin/env bash
# What the machine refuses is done without: said once, in words, and nothing is missing.
. "$SUPPORT/lib.sh"
need capinfos editcap mergecap setpriv tcpdump tshark
make_link out0 in0
[ -x "${NO_URING:-}" ] || skip "NO_URING is not the program that refuses io_uring"

# phrases: of what is said on standard input, those that tell which state it is.
phrases() {
  sed -nE 's/.*(io_uring is refused|direct I\/O is refused|could not be registered).*/\1/p' | paste -sd ,
}

# record NAME STATES FILE COMMAND...: COMMAND runs "$WIRETAPE record" with options. The
# recording is complete, and has these states and no others.
record() {
  local name=$1 states=$2 file=$3
  shift 3
  : >"$work/err"
  "$@" -i in0 -w "$file" --ring 16MiB --json >"$work/out" 2>"$work/err" &
  recorder=$!
  await_recording
  send out0 5000 -s 400 -p 20000
  stop_recorder
  assert_eq "$name: exit code" 0 "$status"
  assert_eq "$name: written" 5000 "$(json .written)"
  assert_eq "$name: lost" 0 "$(json '[.lost[]] | add')"
  assert_ledger_closes "$name"
  assert_info_agrees "$name" "$file"
  assert_eq "$name: packets" 5000 "$(packets "$file")"
  assert_sequences "$name" "$file" 1 5000
  assert_eq "$name: states" "$states" "$(json '.notes[]' | phrases)"
  assert_eq "$name: states on standard error" "$states" "$(phrases <"$work/err")"
  [ -n "$states" ] || assert_eq "$name: no state" "[]" "$(json '.notes | tojson')"
  if others_complain >"$work/complaints"; then fail "$name: editcap complains: $(cat "$work/complaints")"; fi
  tshark_finds "$name: packets by tshark" "$file" frame.number 5000 "wc -l"
  rm "$file"
}

# refused NAME PATTERN COMMAND...: it was asked for, and so it is an error, which names it.
refused() {
  local name=$1 pattern=$2
  shift 2
  timeout 100 "$@" -i in0 --ring 16MiB >"$work/out" 2>"$work/err"
  assert_eq "$name: exit code" 1 $?
  assert_file_has "$work/err" "$pattern"
}

# Somebody without rights on the machine may lock less than a ring anyway.
unregistered=""
if [ "$(ulimit -l)" != unlimited ] && ! grep -qE '^ +0 +0 +4294967295$' /proc/self/uid_map; then
  unregistered="could not be registered"
fi

"$NO_URING" setup EPERM true || skip "seccomp filters are not allowed here"
file=$work/file.pcapng
# Of a real disk, which takes direct I/O.
record "nothing refused" "$unregistered" "$file" "$WIRETAPE" record

# By the kernel's switch or a container, by an old kernel, by a limit; at once or when it
# is used.
for error in EPERM ENOSYS ENOMEM; do
  record "io_uring: $error" "io_uring is refused" "$file" "$NO_URING" setup $error "$WIRETAPE" record
  assert_eq "io_uring: $error: written with" pwrite "$(json .io)"
done
for call in enter register; do
  record "$call of io_uring" "io_uring is refused" "$file" "$NO_URING" $call EPERM "$WIRETAPE" record
done
record "pwrite wanted" "" "$file" "$NO_URING" setup EPERM "$WIRETAPE" record --io pwrite
refused "io_uring wanted" "io_uring is refused" "$NO_URING" setup EPERM "$WIRETAPE" record --io uring -w "$file"
assert "io_uring wanted: no file" test ! -e "$file"

# The ring counts as locked memory once it is registered; as root that takes giving up
# the right to lock any amount.
limited() {
  ulimit -l 64 && exec setpriv --bounding-set=-ipc_lock --inh-caps=-ipc_lock "$@"
}
record "ulimit -l" "could not be registered" "$file" limited "$WIRETAPE" record
assert_eq "ulimit -l: written with" io_uring "$(json .io)"
assert "ulimit -l: says how much" grep -q 'ulimit -l is 64 KiB' "$work/err"

# A file system that has no direct I/O.
mkdir "$work/disk"
mount -t ramfs wiretape-test "$work/disk" || skip "the rest: cannot mount a ramfs"
for io in uring pwrite; do
  states="direct I/O is refused"
  [ $io = pwrite ] || states=${unregistered:+$unregistered,}$states
  record "direct I/O, $io" "$states" "$work/disk/file.pcapng" "$WIRETAPE" record --io $io
  assert_eq "direct I/O, $io: direct" false "$(json .direct)"
done
record "page cache wanted" "" "$work/disk/file.pcapng" "$WIRETAPE" record --direct off
refused "direct I/O wanted" "direct I/O is refused" "$WIRETAPE" record --direct on -w "$work/disk/file.pcapng"

record "both" "io_uring is refused,direct I/O is refused" "$work/disk/file.pcapng" \
  "$NO_URING" setup EPERM "$WIRETAPE" record

assert_tshark_finds
