#!/usr/bin/env bash
# freeze.sh MOUNT_POINT FOLDER SECONDS: a disk that stalls. Whoever writes to the file
# system waits, until there is a file FOLDER/thaw, and at most for SECONDS. Returns once
# it is frozen; FOLDER/thawed then says for how many milliseconds it was.
#
# The thawing process has no parent: a frozen file system outlives its mount and whoever was to
# thaw it, and so would everything that waits for it.
set -u
mount_point=$1 folder=$2 seconds=$3
rm -f "$folder"/{frozen,thaw,thawed}
# shellcheck disable=SC2016 # its own variables
setsid -f bash -c '
  trap "" HUP INT TERM
  exec {never}<> <(:)
  microseconds() { echo "${EPOCHREALTIME//[.,]/}"; }
  fsfreeze -f "$1" || exit 1
  began=$(microseconds)
  touch "$2/frozen"
  until [ -e "$2/thaw" ] || [ $(($(microseconds) - began)) -ge $(($3 * 1000000)) ]; do
    read -rt 0.01 -u "$never"
  done
  frozen_us=$(($(microseconds) - began))
  fsfreeze -u "$1"
  echo $((frozen_us / 1000)) >"$2/thawed.new"
  mv "$2/thawed.new" "$2/thawed"' freeze "$mount_point" "$folder" "$seconds" \
  </dev/null >"$folder/freeze.log" 2>&1
for ((i = 0; i < 1000; i++)); do
  [ -e "$folder/frozen" ] && exit
  # It writes down first what is still in memory.
  sleep 0.01
done
cat "$folder/freeze.log" >&2
exit 1
