#!/usr/bin/env bash
# The file cannot be written, or not any more.
. "$SUPPORT/lib.sh"
need tshark capinfos
make_link out0 in0

# Full from the start: not even the header fits.
mkdir "$work/disk"
mount -t tmpfs -o size=64k wiretape-test "$work/disk" || skip "cannot mount a tmpfs"
head -c 65536 /dev/zero >"$work/disk/filler"
timeout 30 "$WIRETAPE" record -i in0 -w "$work/disk/none.pcapng" >"$work/out" 2>"$work/err"
assert_eq "no room at all: exit code" 1 $?
assert_file_has "$work/err" 'No space left on device'
assert "no room at all: no file" test ! -e "$work/disk/none.pcapng"
umount "$work/disk"

# The file may not grow any more. There is no room for the closing blocks either.
: >"$work/err"
(ulimit -f 100; exec "$WIRETAPE" record -i in0 -w "$work/limited.pcapng" --json) >"$work/out" 2>"$work/err" &
recorder=$!
await_recording
"$WIRETAPE" generate -i out0 -q -c 0 -p 20000 &
generator=$!
await_recorder
kill $generator
wait $generator
assert_eq "ulimit -f: exit code" 1 "$status"
assert_file_has "$work/err" 'File too large'
assert_ledger_closes "ulimit -f"
assert_eq "ulimit -f: packets" "$(json .written)" "$(packets "$work/limited.pcapng")"
assert_eq "ulimit -f: ends on a whole block" true "$("$WIRETAPE" info --json "$work/limited.pcapng" | jq .complete)"

# A device that takes nothing.
timeout 30 "$WIRETAPE" record -i in0 -w /dev/full >"$work/out" 2>"$work/err"
assert_eq "/dev/full: exit code" 1 $?
assert_file_has "$work/err" 'No space left on device'

# refused PATH PATTERN
refused() {
  timeout 30 "$WIRETAPE" record -i in0 -w "$1" >"$work/out" 2>"$work/err"
  assert_eq "-w $1: exit code" 1 $?
  assert_file_has "$work/err" "$2"
}
refused "$work" 'Is a directory'
refused "$work/no/such/folder" 'No such file or directory'
mount -t tmpfs -o ro wiretape-test "$work/disk"
refused "$work/disk/file" 'Read-only file system'
umount "$work/disk"

# Without the capability: says which, and what to do; touches no file.
echo keep >"$work/kept"
setpriv --bounding-set=-net_raw --inh-caps=-net_raw \
  "$WIRETAPE" record -i in0 -w "$work/kept" >"$work/out" 2>"$work/err"
assert_eq "no CAP_NET_RAW: exit code" 1 $?
assert_file_has "$work/err" 'CAP_NET_RAW.*setcap cap_net_raw'
assert_eq "no CAP_NET_RAW: the file there was" keep "$(cat "$work/kept")"
