"""What was recorded from the real libraries is what they answer."""

import json
import subprocess
import sys

import tollbridge

VECTORS = tollbridge.REPOSITORY / "tests/vectors/flask"


def test_flask_jwt_extended_answers_as_recorded():
    recorded = json.loads((VECTORS / "golden_jwt_more.json").read_text())["cases"]
    done = subprocess.run(
        [sys.executable, VECTORS / "record.py"], capture_output=True, text=True, timeout=120, check=True
    )
    answered = {case["name"]: case for case in json.loads(done.stdout)["cases"]}
    assert len(answered) == len(recorded)
    for case in recorded:
        assert answered[case["name"]] == case
