"""Writes python_json.jsonl: what CPython's `json.loads` makes of bytes, one case a line.

    python3.11 tests/vectors/flask/python_json.py > tests/vectors/flask/python_json.jsonl

`bytes_b64` is the input. `error` is the text of the exception; without it `value` is what was read, as
`json.dumps(…, separators=(",", ":"))` writes it. The texts are those of CPython 3.11.
"""

import base64
import json
import random
import sys

assert sys.version_info[:2] == (3, 11), "the texts differ between versions"

WRITTEN = [
    "",
    " ",
    "\n\n ",
    "null",
    "nul",
    "nulL",
    "true",
    "truefalse",
    "false",
    "NaN",
    "Na",
    "Infinity",
    "-Infinity",
    "-Inf",
    "-",
    "+1",
    "01",
    "-0",
    "0",
    "0.5",
    "1.",
    ".5",
    "1.5.5",
    "1e5",
    "1E+5",
    "1e-5",
    "1e",
    "1e+",
    "1.e5",
    "1e400",
    "-1e400",
    "1e-400",
    "12345678901234567890",
    "9223372036854775807",
    "18446744073709551615",
    "18446744073709551616",
    "-9223372036854775809",
    "1" * 40,
    "9" * 4300,
    "9" * 4301,
    "-" + "9" * 4301,
    "0" * 50,
    "0.1",
    "1e16",
    "123456789012345680.0",
    "1e15",
    "0.0001",
    "0.00001",
    "1.5e300",
    "5e-324",
    "2.5",
    "100.0",
    "-0.0",
    "[",
    "[ ",
    "[]",
    "[ ]",
    "[1",
    "[1,",
    "[1, ",
    "[1,]",
    "[1 2]",
    "[,1]",
    "[1,,2]",
    "[[]",
    "[]]",
    "[1]x",
    "[1] [",
    "{",
    "{ ",
    "{}",
    "{ }",
    '{"',
    '{"a',
    '{"a"',
    '{"a" ',
    '{"a":',
    '{"a": ',
    '{"a":1',
    '{"a":1,',
    '{"a":1, ',
    '{"a":1,}',
    '{"a":1 "b":2}',
    '{"a" 1}',
    "{a:1}",
    "{1:2}",
    "{'a':1}",
    '{"a":1}}',
    '{"a":}',
    '{"a":1,"a":2}',
    '{"a":1,"b":2,"a":3}',
    '{"a":1,,"b":2}',
    '{"a":{"b":[1,{"c":null}]}}',
    '{\n "a": 1,\n "b": x\n}',
    "[1,\n2,\n\n oops]",
    "not json",
    "nope",
    '"',
    '"a',
    '"a"',
    '"a"b',
    '"\\',
    '"\\"',
    '"\\"a',
    '"\\n\\t\\r\\b\\f\\/\\\\\\""',
    '"\\x41"',
    '"\\a"',
    '"\\',
    '"\\ "',
    '"a\nb"',
    '"a\tb"',
    '"\x00"',
    '"\x1f"',
    '"\x7f"',
    '"\\u0041"',
    '"\\u004"',
    '"\\u"',
    '"\\u00',
    '"\\u0041',
    '"\\uzzzz"',
    '"\\u00e9"',
    '"\\u+041"',
    '"\\ud83d\\ude00"',
    '"\\uD83D\\uDE00x"',
    '"\\ud83d\\uzzzz"',
    '"\\ud83d\\u12"',
    '"\\ud83d\\u"',
    '"é"',
    '"日本',
    '"😀"',
    '{"é": x}',
    '["é", "😀", }',
    "\ufeff{}",
    "\ufeff",
    "\u00a0{}",
    '{"a":"\u2028"}',
    "/* */ 1",
    "1 // x",
    "\x0b1",
    "\f[]",
    "\r\n[]\r\n",
]
RAW = [
    b"\xff",
    b"{\xff",
    b'"\xc3"',
    b'"\xc3',
    b'"\xc3\xa9',
    b"\xe2\x82",
    b"\xe2\x82\xac",
    b"\xe2(\xa1",
    b"\xf0\x9f\x98",
    b"\xf0\x9f\x98\x80",
    b"\xf0(\x8c\xbc",
    b"\xf8\x88\x80\x80\x80",
    b"\xc0\xaf",
    b"\x80",
    b"\xbf",
    b"\xfe\xfe",
    b"\xf4\x90\x80\x80",
    b"\xe0\x9f\xbf",
    b"\xed\xa0",
    b'{"a":"\xc3(","b":1}',
    b"\xef\xbb",
    b"\xef\xbb\xbf\xff",
    b'"ab\xf5"',
    b'"\xf0\x90\x80"',
    b'"\xf1\x80\x80\x41"',
]
SEEDS = [
    '{"fresh":false,"iat":1767225600,"jti":"11111111-1111-4111-8111-000000000001","type":"access","sub":"42"}',
    '{"alg":"HS256","typ":"JWT","kid":"k\\u00e9y"}',
    '[1, 2.5, -3e2, true, false, null, "x", {"y": ["\\ud83d\\ude00"]}]',
    '{"aud": ["web", "api"], "scope": "é 😀 \\"q\\"", "n": {"a": [1, {"b": null}]}}',
]
ALPHABET = list('{}[]",:\\u0123456789.eE+-ntf \n\té😀') + ["\\u", "null", "NaN", '"a":']


def mutated(rng):
    """A seed with a few characters taken out, put in or replaced."""
    text = rng.choice(SEEDS)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(text) + 1)
        text = text[:at] + rng.choice(["", rng.choice(ALPHABET)]) + text[at + rng.randint(0, 2) :]
    data = text.encode()
    if rng.random() < 0.1:
        at = rng.randrange(len(data))
        data = data[:at] + bytes([rng.randrange(128, 256)]) + data[at + 1 :]
    return data


def main():
    rng = random.Random(20260513)
    cases = [text.encode() for text in WRITTEN] + RAW + [mutated(rng) for _ in range(600)]
    for data in dict.fromkeys(cases):
        case = {"bytes_b64": base64.b64encode(data).decode()}
        try:
            case["value"] = json.dumps(json.loads(data), separators=(",", ":"))
        except ValueError as error:
            case["error"] = str(error)
        print(json.dumps(case))


main()
