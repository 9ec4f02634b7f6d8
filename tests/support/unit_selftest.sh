#!/usr/bin/env bash
# What unit.c says of tests that pass, fail, crash, leak and never end: unit_selftest.sh PROGRAM
set -u
program=$1
[ -x "$program" ] || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
export BEGUN=$work/begun
mkfifo "$BEGUN" || exit 1
bad=0

wrong() {
  echo "FAIL: $*"
  bad=1
}

# run CODE ARGUMENT...: its output without times and folders in $work/got.
run() {
  local wanted=$1 code=0
  shift
  "$program" "$@" >"$work/raw" 2>&1 </dev/null || code=$?
  [ "$code" = "$wanted" ] || wrong "$*: exit code $code, not $wanted"
  sed -E 's/ \([0-9]+\.[0-9]+ s\)$//; s|^# [^ ]*/(unit_selftest.c:)|# \1|' "$work/raw" >"$work/got"
}

same() {
  diff -u - "$work/got" || bad=1
}

run 0 --filter 'good/*'
[ $bad = 0 ] || exit 1
same <<'END'
ok - good::says_nothing
ok - good::begins_where_no_other_was
ok - good::is_aborted
ok - good::is_skipped # SKIP there is no moon
1..4
# 0 failed, 1 skipped
END

run 1 --filter 'bad/*'
same <<'END'
not ok - bad::shows_both_values_and_goes_on
# unit_selftest.c:52: eq(int, 1 + 1, 3): 2 and 3
# unit_selftest.c:53: lt(u8, (uint8_t)(256 + 200), 100): 200 (0xc8) and 100 (0x64): number 7
# unit_selftest.c:54: eq(str, "some", "other"): "some" and "other"
# unit_selftest.c:55: eq(str, NULL, "other"): NULL and "other"
# unit_selftest.c:56: le(dbl, 1.5, 0.5): 1.5 and 0.5
# unit_selftest.c:57: not(eq(i64, INT64_MIN, INT64_MIN)): -9223372036854775808 and -9223372036854775808
# unit_selftest.c:58: (calls) == (1): 100 %
# unit_selftest.c:59: failure: no reason
# torn down after 0
not ok - bad::ends_with_an_assertion
# unit_selftest.c:64: calls: the first
# torn down after 1
not ok - bad::does_not_begin
# unit_selftest.c:70: false
# torn down after 0
not ok - bad::crashes_with_its_last_words
# last words
# ended by SIGKILL
not ok - bad::is_not_aborted
# torn down after 0
# not ended by SIGABRT
not ok - bad::exits
# it called exit()
not ok - bad::exits_with_a_code
# exit code 3
not ok - bad::has_a_child_that_fails
# unit_selftest.c:103: false
# torn down after 0
not ok - bad::has_a_thread_that_fails
# unit_selftest.c:109: false
# torn down after 0
ok - bad::is_so_for_the_second
not ok - bad::is_so_for_the_second
# unit_selftest.c:130: ne(int, *number, 2): 2 and 2
# torn down after 0
ok - bad::is_so_for_the_second
1..12
# 10 failed, 0 skipped
END

run 1 --filter '*/@(says_nothing|exits*)' --fail-fast
same <<'END'
ok - good::says_nothing
not ok - bad::exits
# it called exit()
END

if [ -n "$("$program" --list --filter 'leaking/*')" ]; then
  run 1 --filter 'leaking/*'
  [ "$(grep -c '^not ok - leaking::' "$work/got")" = 2 ] || wrong "leaks: $(cat "$work/got")"
  [ "$(grep -c 'LeakSanitizer: detected memory leaks' "$work/got")" = 2 ] || wrong "leaks are not shown"
fi

run 2 --filter 'none/*'
run 2 --jobs 0
run 0 --list --filter '@(late|leaving)/*'
same <<'END'
late/waits_for_ever
leaving/a_child_behind
END

# What waits for ever is given up, and what it leaves running is not waited for.
cat "$BEGUN" >"$work/child" &
run 1 --filter 'late/*' --patience 1
wait
same <<'END'
not ok - late::waits_for_ever
# it took more than 1 s
1..1
# 1 failed, 0 skipped
END
cat "$BEGUN" >"$work/child" &
run 0 --filter 'leaving/*'
wait
kill "$(cat "$work/child")" || wrong "the child does not run"

# Tests end with the runner: tidy.sh fails us if one is left.
"$program" --jobs 2 --filter 'late/*' >"$work/got" 2>&1 &
runner=$!
read -r _ <"$BEGUN"
kill "$runner"
wait "$runner" 2>/dev/null
[ $? = 143 ] || wrong "SIGTERM does not end the runner"
same <<'END'
# interrupted: late::waits_for_ever
END
exit $bad
