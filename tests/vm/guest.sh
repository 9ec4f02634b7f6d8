# shellcheck shell=bash
# A guest that runs one script after the other, in a folder of its own; sourced after
# initramfs.sh. Whoever calls these has the lock of the folder:
#
#   qemu      the process
#   made-of   what it was booted with
#   busy      it has a script, or whoever gave it one did not come back for the results
#   job.in, job.out   to and from the port of init's that is called job
#   said      what all scripts have printed
#   console, errors   what the kernel and QEMU have printed

# lives FOLDER
lives() {
  local pid
  pid=$(cat "$1/qemu" 2>/dev/null) && grep -qsF "$1/" "/proc/$pid/cmdline"
}

# stop_guest FOLDER
stop_guest() {
  local pid
  if lives "$1"; then
    pid=$(cat "$1/qemu")
    kill "$pid"
    while kill -0 "$pid"; do sleep 0.05; done
  fi 2>/dev/null
  rm -f "$1"/{qemu,made-of,busy,job.in,job.out}
}

# aborted FOLDER: QEMU has failed an assertion of its own, which says nothing of what ran in it. With
# two processors it does now and then, when one of them moves a device in memory.
aborted() {
  grep -q 'Assertion .* failed' "$1/errors"
}

# made_of QEMU NICS WORDS: changes with everything that is in the guest.
made_of() {
  local name programs=()
  for name in WIRETAPE NO_URING RESTAMP UDP_SEND PHC_PROBE; do
    [ -z "${!name:-}" ] || programs+=("${!name}")
  done
  echo "$@"
  find "${programs[@]}" "$here" "$here/../support" -type f -exec cat {} + | sha256sum
}

# devices NICS: in ${devices[@]}. Addresses of their own, in hexadecimal: igb's virtual functions
# are two devices more, 16 further up, and would collide with those of the next, or leave the bus.
devices() {
  local models model index=0
  devices=()
  IFS=, read -ra models <<<"$1"
  for model in "${models[@]}"; do
    devices+=(-netdev "hubport,id=port$index,hubid=0"
      -device "$model,netdev=port$index,mac=52:54:00:00:00:0$index,romfile=,addr=$(printf %x $((5 + index * 3)))")
    index=$((index + 1))
  done
}

# Security modules, what they measure, and what guards against other guests take a slow guest's
# time and change nothing for the tests.
words="console=ttyS0 loglevel=4 panic=-1 quiet no_timer_check net.ifnames=0 lsm=capability
  mitigations=off cryptomgr.notests rcupdate.rcu_expedited=1 initcall_blacklist=jent_mod_init,init_encrypted"

# boot_guest FOLDER QEMU NICS WORDS: it runs on when this returns, but not for ever.
boot_guest() {
  local folder=$1 root=$cache/$2/root made
  made=$(made_of "${@:2}")
  mkdir -p "$folder/files" && make_initramfs "$folder/initramfs" "$folder/files" || return
  rm -rf "$folder"/{files,said,console,errors}
  mkfifo "$folder/job.in" "$folder/job.out"
  devices "$3"
  # shellcheck disable=SC2086 # words
  LD_LIBRARY_PATH=$root/usr/lib/x86_64-linux-gnu:$root/lib/x86_64-linux-gnu \
    setsid timeout 1800 "$root/usr/bin/qemu-system-x86_64" \
    -L "$root/usr/share/qemu" -L "$root/usr/share/seabios" \
    -accel tcg,thread=multi -cpu max -smp 2 -m 1024 -nodefaults -no-user-config -display none -no-reboot \
    -kernel "$kernel/boot/vmlinuz-$(kernel_version)" -initrd "$folder/initramfs" -append "$(echo $words $4)" \
    -serial "file:$folder/console" \
    -device virtio-serial,addr=4 \
    -chardev "file,id=said,path=$folder/said" -device virtserialport,chardev=said,name=said \
    -chardev "pipe,id=job,path=$folder/job" -device virtserialport,chardev=job,name=job \
    "${devices[@]}" </dev/null >>"$folder/errors" 2>&1 9>&- &
  echo $! >"$folder/qemu"
  echo "$made" >"$folder/made-of"
  # For a moment it is this shell still.
  until lives "$folder" || ! kill -0 $! 2>/dev/null; do sleep 0.02; done
}

# hear FOLDER SECONDS: the next line of the guest's, in $line. 1 if it has ended, 124 if it is late.
# On a busy machine a second may end in the middle of a line: read has its beginning then.
hear() {
  local deadline=$((SECONDS + $2)) part
  line=""
  until read -r -t 1 part <&8; do
    line+=$part
    lives "$1" || return 1
    [ "$SECONDS" -lt "$deadline" ] || return 124
  done
  line+=$part
}

# await_guest FOLDER SECONDS: until it is ready, and opens its ports.
await_guest() {
  lives "$1" && exec 8<>"$1/job.out" && hear "$1" "$2" && [ "$line" = ready ]
}

# ready_guest FOLDER QEMU NICS WORDS: the one that is there, if it is as it should be, else a new one.
# Nothing that is tested runs while it boots, so one that ends meanwhile is booted again.
ready_guest() {
  if [ ! -e "$1/busy" ] && [ "$(cat "$1/made-of" 2>/dev/null)" = "$(made_of "${@:2}")" ] &&
    await_guest "$1" 60; then return; fi
  for _ in 1 2 3; do
    stop_guest "$1"
    if boot_guest "$@" && await_guest "$1" 120; then
      rm "$1/initramfs"
      return
    fi
    echo "the guest has not booted: $(tail -n 5 "$1/console" "$1/errors")" >&2
  done
  return 1
}

# run_in_guest FOLDER SCRIPT SECONDS RESULTS: what it prints, and its results.
run_in_guest() {
  local folder=$1 before code=0
  touch "$folder/busy"
  before=$(wc -c <"$folder/said")
  { echo "$(wc -c <"$2") $3" && cat "$2"; } >"$folder/job.in"
  # The guest ends it when its time is up; more than that says that it cannot.
  hear "$folder" $(($3 + 60)) && timeout 60 head -c "$line" <&8 >"$folder/results" || code=$?
  tail -c +$((before + 1)) "$folder/said"
  cp "$folder/console" "$4/console"
  [ "$code" = 0 ] || return $code
  tar -xf "$folder/results" -C "$4" && rm "$folder/busy" "$folder/results"
}
