#!/usr/bin/env bash
# The objects that --json prints have schemas, which say what their keys mean; also where a command
# fails.
. "$SUPPORT/lib.sh"
need python3
python3 -c 'import jsonschema' 2>/dev/null || skip "python3-jsonschema is not installed"
schemas=$SUPPORT/../../docs/schema

mapfile -t names < <("$WIRETAPE" schema | sed 's/ .*//')
assert "there are commands" test "${#names[@]}" -gt 1
commands=()
for name in "${names[@]}"; do
  "$WIRETAPE" schema "$name" >"$work/schema" || fail "schema $name"
  command=$(jq -r .properties.command.const "$work/schema")
  commands+=("$command")
  assert "$name: its schema is the one in docs/schema; tests/support/schemas.sh writes it" \
    cmp "$work/schema" "$schemas/$name.json"
  assert "$command: it is a schema, and every key has a meaning" python3 - "$work/schema" <<'PYTHON'
import json, sys, jsonschema
schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
def walk(node, place):
    for key, value in node.get("properties", {}).items():
        grouped = value.get("type") == "object" and "description" not in value
        if not grouped and not value.get("description"):
            sys.exit(f"{place}.{key} has no description")
        walk(value, f"{place}.{key}")
        walk(value.get("items", {}), f"{place}.{key}[]")
walk(schema, "")
PYTHON
done
assert_eq "as many files as schemas" "${#commands[@]}" "$(find "$schemas" -name '*.json' | wc -l)"
"$WIRETAPE" schema nonesuch 2>/dev/null
assert_eq "schema of no command: exit code" 2 $?

# fails EXIT COMMAND...: with an object that says why, on a line of standard output.
fails() {
  local expected=$1
  shift
  timeout 100 "$WIRETAPE" "$@" >"$work/out" 2>"$work/err" </dev/null
  assert_eq "$*: exit code" "$expected" $?
  assert_eq "$*: lines" 1 "$(wc -l <"$work/out")"
  assert_eq "$*: keys" wiretape,command,schema,error \
    "$(jq -r 'to_entries | map(.key) | .[:4] | join(",")' "$work/out")"
  assert_eq "$*: the exit code is in it" "$expected" "$(jq .error.exit "$work/out")"
  assert "$*: the message is in it" \
    grep -qF -- "$(jq -r '.error.message' "$work/out" | head -n 1)" "$work/err"
}

for command in "${commands[@]}"; do
  # shellcheck disable=SC2086 # a command's words
  fails 2 $command --json --nonesuch
done
fails 1 record --json -i nonesuch0 -w "$work/a.pcapng"
fails 2 record --json -w "$work/a.pcapng"
fails 1 check --json "$work/nonesuch"

# Where packets go to standard output, so does nothing else.
"$WIRETAPE" record --json -i nonesuch0 -w - >"$work/out" 2>"$work/err"
assert_eq "packets to standard output: nothing else there" 0 "$(stat -c %s "$work/out")"
assert_eq "packets to standard output: the object" 1 "$(grep '^{' "$work/err" | jq .error.exit)"

# The comparison finds what is wrong: else all of this would be for nothing.
echo '{"wiretape":"0","command":"record","schema":1,"error":null,"seen":-1}' >"$work/bad.json"
"$SUPPORT/json_check.py" "$work/bad.json" >"$work/found"
assert_eq "a wrong object is found" 1 $?
assert_file_has "$work/found" '-1 is less than the minimum'
