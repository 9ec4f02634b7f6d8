#!/usr/bin/env bash
# The options of all commands: help of 80 columns, the manual has the same ones, shells complete
# them, and letters of other programs are answered with ours.
. "$SUPPORT/lib.sh"
manual=$SUPPORT/../../docs/wiretape.1

# Commands, and those of `stamp`.
list() {
  "$WIRETAPE" "$@" --help | awk '/^  [a-z]/ {print $1}'
}
mapfile -t commands < <(list; list stamp | sed 's/^/stamp /')
assert "there are commands" test "${#commands[@]}" -ge 14

# options_of COMMAND...: "-w,--write out" a line, from its help; but for --help.
options_of() {
  "$WIRETAPE" "$@" --help | awk '
    /^  (-[A-Za-z], |    )--/ {
      sub(/^ */, "")
      sub(/   *.*/, "")
      if ($0 ~ /^-h, --help/) next
      gsub(/, -/, ",-")
      space = index($0, " ")
      print space ? substr($0, 1, space) tolower(substr($0, space + 1)) : $0
    }'
}

: >"$work/tables"
for command in "${commands[@]}"; do
  # shellcheck disable=SC2086 # a command's words
  LC_ALL=C.UTF-8 "$WIRETAPE" $command --help >"$work/help"
  assert_eq "$command --help: exit code" 0 $?
  assert_eq "$command --help: lines of more than 80 columns" "" "$(grep -E '^.{81}' "$work/help")"
  # shellcheck disable=SC2086
  "$WIRETAPE" $command --nonsense >"$work/out" 2>"$work/err"
  assert_eq "$command --nonsense: exit code" 2 $?
  assert_file_has "$work/err" "^wiretape $command: there is no option '--nonsense'"
  # shellcheck disable=SC2086
  [ "$command" = stamp ] || options_of $command | sed "s/^/$command: /" >>"$work/tables"
done
assert "there are options" test "$(wc -l <"$work/tables")" -gt 150

awk -f "$SUPPORT/man_options.awk" "$manual" | grep -v ': -h,--help$' | sort >"$work/in_manual"
sort "$work/tables" >"$work/in_tables"
assert_eq "options that the manual lacks, or has otherwise" "" \
  "$(comm -13 "$work/in_manual" "$work/in_tables")"
assert_eq "options that only the manual has" "" "$(comm -23 "$work/in_manual" "$work/in_tables")"

# answered PATTERN ARGUMENT...
answered() {
  local pattern=$1
  shift
  "$WIRETAPE" "$@" >"$work/out" 2>"$work/err" </dev/null
  assert_eq "$*: exit code" 2 $?
  assert_file_has "$work/err" "$pattern"
}
answered 'did you mean --quiet\?' record --qiuet
answered 'did you mean --ring\?' record --rign
answered "'--f' may stand for --from, --filter" cut --f
answered 'json: it takes no value' info --json=yes
answered "'-C'; tcpdump's -C .* is -b filesize:NMB here" record -C 100
answered "'-n'; tcpdump's -n .* is not needed" record -qn
answered "'-x'; tcpreplay's -x .* is -t speed:N here" replay -x 2
answered "'--topspeed'; tcpreplay's --topspeed .* is -t asap here" replay --topspeed
answered "pace: '1000' is not .*; tcpreplay's -p .* is -t pps:N here" replay -p 1000
answered "timing: '-i' is no timing.*; tcpreplay's -t .* is -t asap here" replay -t -i eth0

# ---- completion ----

# completes EXPECTED WORD...: what bash makes of the last word.
completes() {
  local expected=$1
  shift
  assert_eq "completing '$*'" "$expected" "$(cd "$work" && bash --norc -c '
    source <(wiretape completion bash)
    COMP_WORDS=("$@")
    COMP_CWORD=$(($# - 1))
    _wiretape
    printf "%s\n" "${COMPREPLY[@]}" | sort | tr "\n" " "' bash "$@" | sed 's/ $//')"
}
mkdir "$work/bin"
ln -s "$WIRETAPE" "$work/bin/wiretape"
PATH=$work/bin:$PATH
touch "$work/one.pcapng" "$work/on e"
assert "bash loads it" bash --norc -c 'source <(wiretape completion bash) && complete -p wiretape'
completes 'record repair replay' wiretape re
completes 'caps cross' wiretape stamp c
completes 'compare completion' wiretape help com
completes '--filter --filter-file' wiretape record --fil
completes 'auto pwrite uring' wiretape record --io ''
completes 'auto' wiretape record --io = a
completes 'close none' wiretape record --sync ''
completes 'hw' wiretape stamp latency --stamp h
completes 'lo' wiretape record -i lo
completes 'lo' wiretape stamp caps lo
completes 'on e one.pcapng' wiretape cut on
completes 'on e one.pcapng' wiretape repair -w on
completes '' wiretape record --count o
completes 'bash' wiretape completion b
for shell in zsh fish; do
  "$WIRETAPE" completion $shell >"$work/$shell" || fail "completion $shell"
done
if command -v zsh >/dev/null; then
  assert "zsh reads it" zsh -n "$work/zsh"
fi
if command -v fish >/dev/null; then
  assert_eq "fish completes" "--filter --filter-file auto pwrite uring caps cross" "$(
    fish --no-config -c '
      source $argv[1]
      for line in "wiretape record --fil" "wiretape record --io " "wiretape stamp c"
        complete -C $line
      end' "$work/fish" 2>&1 | cut -f 1 | xargs)"
fi
answered 'which shell' completion
answered "'csh' is not bash, zsh or fish" completion csh
