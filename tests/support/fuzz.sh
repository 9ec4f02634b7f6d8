#!/usr/bin/env bash
# Replay the corpus $2 with the fuzz target $1, then fuzz for FUZZ_SECONDS (default 3).
set -eu
target=$1 corpus=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
[ -n "$(ls -A "$corpus")" ] || { echo "no corpus in $corpus"; exit 1; }
mkdir "$work/new"
# What libFuzzer exits with otherwise, 77, is a skipped test to ctest.
target() { "$target" -error_exitcode=1 -timeout_exitcode=1 "$@"; }
target -runs=0 "$corpus"
target -max_total_time="${FUZZ_SECONDS:-3}" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
  -artifact_prefix="${FUZZ_ARTIFACTS:-$work/}" "$work/new" "$corpus" 2>&1 | tail -n 25
exit "${PIPESTATUS[0]}"
