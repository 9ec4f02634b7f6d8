#!/usr/bin/env python3
"""Compare each line of our JSON in a file with the schema of its command; exit with 1 if one differs.
Without jsonschema nothing is compared."""
import json
import re
import sys
from pathlib import Path

try:
    import jsonschema
except ImportError:
    sys.exit(0)

SCHEMAS = Path(__file__).resolve().parents[2] / "docs" / "schema"
SHOWN = 5


def validator_of(command, validators={}):
    if command not in validators:
        path = SCHEMAS / (re.sub("[^a-z]+", "-", command) + ".json")
        validators[command] = jsonschema.Draft202012Validator(json.loads(path.read_text()))
    return validators[command]


def problems(line):
    try:
        document = json.loads(line)
        validator = validator_of(document["command"])
    except (ValueError, OSError) as error:
        yield str(error)
        return
    for error in validator.iter_errors(document):
        yield f"{document['command']}: {error.json_path}: {error.message[:200]}"


found = {
    problem
    for line in set(Path(sys.argv[1]).read_text(errors="replace").splitlines())
    if line.startswith('{"wiretape":')
    for problem in problems(line)
}
for problem in sorted(found)[:SHOWN]:
    print("FAIL: JSON against its schema:", problem)
sys.exit(1 if found else 0)
