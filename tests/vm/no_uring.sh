#!/usr/bin/env bash
# Kernels that have no io_uring, for all or for some: the recording says so, and loses nothing.
. "$VM/lib.sh"
links_up nic0 nic1
[ -x "$NO_URING" ] || skip "NO_URING is not the program that refuses io_uring"
switch=/proc/sys/kernel/io_uring_disabled
[ -w $switch ] || skip "the kernel cannot switch io_uring off"

chmod 777 "$RESULTS"

# record NAME COMMAND...: COMMAND runs "$WIRETAPE record" with options.
record() {
  local name=$1
  shift
  : >"$work/err"
  "$@" -i nic1 -w "$RESULTS/$name.pcapng" --ring 32MiB --json >"$work/out" 2>"$work/err" &
  recorder=$!
  await_recording
  # counted() begins it anew, with a hole.
  cp "$work/err" "$RESULTS/$name.err"
  send nic0 500 -p 2000
  wait_until "$name: 500 packets" counted 500
  stop_recorder
  echo "$status" >"$RESULTS/$name.code"
  cp "$work/out" "$RESULTS/$name.out"
  tr -d '\0' <"$work/err" >>"$RESULTS/$name.err"
}

# refused NAME COMMAND...: io_uring was asked for.
refused() {
  local name=$1
  shift
  timeout 30 "$@" -i nic1 -w "$RESULTS/$name.pcapng" --ring 32MiB --io uring \
    >"$RESULTS/$name.out" 2>"$RESULTS/$name.err"
  echo $? >"$RESULTS/$name.code"
}

record allowed "$WIRETAPE" record
echo 2 >$switch
record disabled "$WIRETAPE" record
record unwanted "$WIRETAPE" record --io pwrite
refused wanted "$WIRETAPE" record
# Whoever has CAP_SYS_ADMIN may, with 1.
echo 1 >$switch
record administrator "$WIRETAPE" record
user_with net_raw
record user "${as_user[@]}" "$WIRETAPE" record
echo 0 >$switch
record absent "$NO_URING" setup ENOSYS "$WIRETAPE" record
refused wanted_absent "$NO_URING" setup ENOSYS "$WIRETAPE" record
note "guest: $SECONDS s"
