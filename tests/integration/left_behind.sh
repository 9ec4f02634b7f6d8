#!/usr/bin/env bash
# Of a test that is killed nothing stays: no process, no namespace, no mount, no loop device, no
# folder. One that ends by itself and leaves something fails.
. "$SUPPORT/lib.sh"

# tidy ARGUMENT...: as a test of its own; it says where its folder is.
tidy() {
  "$SUPPORT/tidy.sh" "$@" >"$work/said" 2>&1
  code=$?
}

for expected in 0 1 77; do
  tidy bash -c "exit $expected"
  assert_eq "exit code" $expected $code
done
tidy bash -c 'mktemp'
assert_eq "a file is left: exit code" 1 $code
assert "a file is left" grep -q '^FAIL: left behind: ' "$work/said"
assert "it is gone all the same" test ! -e "$(head -n 1 "$work/said")"
tidy bash -c 'sleep 600 & echo $!'
assert_eq "a process is left: exit code" 1 $code
assert "a process is left" grep -q '^FAIL: left running: sleep 600' "$work/said"
assert "it is gone all the same" ended "$(head -n 1 "$work/said")"

# A test with all that one can make, which then waits for ever.
cat >"$work/victim.sh" <<'END'
. "$SUPPORT/lib.sh"
make_link out0 in0
unshare -n sleep 600 &
away=$!
setsid sleep 600 &
echo "$TMPDIR $away $!" >"$1"
if [ "$2" = frozen ]; then
  make_disk 16
  freeze 600
  touch "$work/disk/waits" &
fi
echo ready >>"$1"
sleep 600
END

no_process() {
  ! grep -qzsxF -e "TMPDIR=$folder" /proc/[0-9]*/environ
}

# The kernel lets go of it a moment after the last file on it is closed.
no_loop_device() { ! losetup -a 2>/dev/null | grep -q "$folder"; }

ready() {
  grep -qs ready "$work/victim" || ended "$1"
}

# killed NAME WHAT SIGNAL
killed() {
  local tidy
  rm -f "$work/victim"
  "$SUPPORT/tidy.sh" "$SUPPORT/in-namespace.sh" bash "$work/victim.sh" "$work/victim" "$2" >"$work/said" 2>&1 &
  tidy=$!
  wait_until "$1: it has made what it makes" ready $tidy
  if ended $tidy; then
    if grep '^SKIP: ' "$work/said"; then return; fi
    fail "$1: it ended: $(cat "$work/said")"
    return
  fi
  folder=$(cut -d ' ' -f 1 "$work/victim" | head -n 1)
  assert "$1: a folder" test -d "$folder"
  assert "$1: processes" eval '! no_process'
  kill "-$3" $tidy
  wait $tidy 2>/dev/null
  wait_until "$1: the folder goes" test ! -e "$folder"
  wait_until "$1: its processes go" no_process
  assert "$1: no mount" eval '! grep -q " $folder/" /proc/mounts'
  wait_until "$1: its loop device goes" no_loop_device
}

killed "SIGKILL" links KILL
killed "SIGTERM" links TERM
killed "SIGKILL, with a frozen disk" frozen KILL
