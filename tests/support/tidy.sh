#!/usr/bin/env bash
# Run a test that leaves nothing over: tidy.sh COMMAND...
#
# It gets temporary folders of its own, $TMPDIR and, in memory, $TMPDIR_MEMORY. Whatever is left
# of them, and whichever of its processes still run once it has ended, fails it. When it is
# killed, with SIGKILL too, a janitor outside of its session does the rest: it thaws what is
# frozen, kills, undoes what an undo.sh says, unmounts and deletes. A process is known by $TMPDIR
# in its environment, so no namespace is needed.
set -u

# processes: those of the test, a number a line.
processes() {
  grep -lzsxF -e "TMPDIR=$folder" /proc/[0-9]*/environ | cut -d / -f 3
}

files() {
  find "$folder" "$memory" -mindepth 1 2>/dev/null
}

# within SECONDS COMMAND...: until it prints nothing.
within() {
  local deadline=$((SECONDS + $1))
  shift
  while [ -n "$("$@")" ]; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 0.02
  done
}

# A frozen file system would keep for ever who writes to it (freeze.sh).
frozen() {
  local mark
  for mark in "$folder"/*/frozen; do
    if [ -e "$mark" ] && [ ! -e "${mark%frozen}thawed" ]; then
      touch "${mark%frozen}thaw"
      echo "$mark"
    fi
  done
}

kill_all() {
  processes | xargs -r kill -KILL 2>/dev/null
  processes
}

clean() {
  local undo mounted
  within 10 frozen
  within 10 kill_all
  for undo in "$folder"/*/undo.sh; do
    if [ -e "$undo" ]; then bash "$undo"; fi
  done
  awk -v folder="$folder/" 'index($2, folder) == 1 {print $2}' /proc/mounts | sort -r |
    while read -r mounted; do umount -l "$mounted"; done
  rm -rf --one-file-system "$folder" "$memory"
}

if [ "${1:-}" = --janitor ]; then
  folder=$2 memory=$3
  # Ends once nobody holds the other end.
  read -r
  if [ -e "$folder" ]; then clean; fi
  exit
fi

folder=$(mktemp -d "${TMPDIR:-/tmp}/wt.XXXXXX") || exit
memory=$folder/memory
if [ -w /dev/shm ]; then memory=/dev/shm/${folder##*/}; fi
mkdir "$memory" || exit
# Nobody's child: ctest kills all that it finds below a test.
exec {alive}> >(exec setsid -f "$0" --janitor "$folder" "$memory" >/dev/null 2>&1)
TMPDIR=$folder TMPDIR_MEMORY=$memory "$@" {alive}>&-
status=$?
# Processes told to end may still be ending.
if ! within 2 processes; then
  echo "FAIL: left running: $(processes | xargs -I '{}' sh -c 'tr "\0" " " </proc/{}/cmdline; echo' 2>/dev/null)"
  status=1
fi
rmdir "$folder/memory" 2>/dev/null
if [ -n "$(files)" ]; then
  echo "FAIL: left behind: $(files | head -n 20)"
  status=1
fi
clean
exit "$status"
