"""The report keeps the form of SARIF 2.1.0: the objects that it has, with what the standard requires of them."""

import json

import jsonschema
import pytest

from fairlead.secrets.scan.leak import Leak
from fairlead.secrets.scan.sarif import sarif


def thing(required, **properties):
    return {"type": "object", "required": required, "properties": properties, "additionalProperties": False}


TEXT = {"type": "string", "minLength": 1}
COUNT = {"type": "integer", "minimum": 1}
MESSAGE = thing(["text"], text=TEXT)
#: taken from sarif-schema-2.1.0.json for the objects that are written: 3.13 to 3.30 of the standard
SCHEMA = thing(
    ["version", "runs"],
    **{"$schema": {"type": "string", "format": "uri"}},
    version={"enum": ["2.1.0"]},
    runs={
        "type": "array",
        "items": thing(
            ["tool"],
            tool=thing(
                ["driver"],
                driver=thing(
                    ["name"], name=TEXT, semanticVersion=TEXT,
                    rules={
                        "type": "array", "uniqueItems": True,
                        "items": thing(["id"], id=TEXT, shortDescription=MESSAGE),
                    },
                ),
            ),
            columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
            results={
                "type": "array",
                "items": thing(
                    ["message"], ruleId=TEXT, ruleIndex={"type": "integer", "minimum": -1}, message=MESSAGE,
                    level={"enum": ["none", "note", "warning", "error"]}, properties={"type": "object"},
                    locations={
                        "type": "array",
                        "items": thing(
                            [],
                            physicalLocation=thing(
                                [], artifactLocation=thing([], uri={"type": "string", "format": "uri-reference"}),
                                region=thing([], startLine=COUNT, startColumn=COUNT),
                            ),
                        ),
                    },
                ),
            },
        ),
    },
)  # fmt: skip
LEAKS = [
    Leak("a b/ä.py", 3, 7, "GitHub Token"),
    Leak("x.py", 1, 1, "the value of SMTP_PASSWORD (production)", own=True, blob="ab12" * 10),
    Leak("y.py", 1, 1, "GitHub Token"),
]


@pytest.mark.parametrize("leaks", [[], LEAKS], ids=len)
def test_it_keeps_the_form(leaks):
    report = json.loads(json.dumps(sarif(leaks, "0.1.0")))
    jsonschema.validate(report, SCHEMA)
    assert len(report["runs"][0]["results"]) == len(leaks)


def test_what_it_says():
    run = sarif(LEAKS, "0.1.0")["runs"][0]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert rules == ["github-token", "own-value"]
    assert [rules[result["ruleIndex"]] for result in run["results"]] == ["github-token", "own-value", "github-token"]
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "a%20b/%C3%A4.py"}, "region": {"startLine": 3, "startColumn": 7}}
    assert "ab12" in run["results"][1]["message"]["text"]
