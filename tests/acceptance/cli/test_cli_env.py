"""`fairlead env`: values and where they came from, differences, and what is wrong."""

import pytest

VARIABLES = """\
variables: {LEVEL: {type: enum, values: [debug, info], default: info}, URL: {type: url, example: "https://shop.test"}}
secrets: {KEY: {}}
secret_backend: environment
"""


@pytest.fixture
def typed(site):
    file = site.folder / "fairlead.yaml"
    file.write_text(file.read_text() + VARIABLES)
    (site.folder / ".env.local").write_text("URL=https://lo.cal\n")
    return site


def test_the_list_says_what_could_be_deployed(typed):
    text = typed.run("env", "list").stdout
    assert "ready" in text and "1 value missing or wrong: fairlead env check next" in text
    found = typed.json("env", "list")["environments"]
    assert [(one["name"], one["runnable"]) for one in found] == [("local", True), ("next", False)]


def test_show_names_the_line(typed):
    lines = typed.run("env", "show", "local", "variables").stdout.splitlines()
    assert [line.split() for line in lines if "URL " in line] == [["variables.URL", "https://lo.cal", ".env.local:1"]]
    values = typed.json("env", "show", "local", "secrets")["values"]
    assert [(one["value"], one["source"]) for one in values] == [(None, "secret")]
    done = typed.run("env", "show", "local", "servces")
    assert done.returncode == 2 and "did you mean" in done.stderr


def test_diff_ends_with_1_where_something_differs(typed):
    done = typed.run("env", "diff", "local", "next")
    assert done.returncode == 1 and "edge.http" in done.stdout and "missing" in done.stdout
    assert not typed.json("env", "diff", "local", "next", code=1)["same"]
    done = typed.run("env", "diff", "local", "local")
    assert (done.returncode, done.stdout) == (0, "local and local are the same\n")


def test_check_ends_with_2_where_something_is_wrong(typed):
    done = typed.run("env", "check")
    assert done.returncode == 2
    assert "variables.URL: has no value in next; put URL=https://shop.test into .env.next" in done.stdout
    typed.env["KEY"] = "canary-of-this-test"
    (typed.folder / ".env.next").write_text("URL=https://ne.xt\n")
    found = typed.json("env", "check")
    assert found["ok"] and found["drift"] == []
    assert "canary" not in str(found)


def test_what_lacks_a_value_is_not_deployed(typed):
    for command in ("deploy", "doctor"):
        done = typed.run(command, "next")
        assert done.returncode == 2 and "variables.URL: has no value in next" in done.stderr
    assert "valid" in typed.run("doctor", "local").stdout


def test_the_example_becomes_the_file(typed):
    done = typed.run("env", "example", "next")
    assert "\nURL=https://shop.test\n" in done.stdout
    assert typed.json("env", "example", "next", "--write")["changed"]
    written = (typed.folder / ".env.next.example").read_text()
    assert written == done.stdout
    (typed.folder / ".env.next").write_text(written.replace("shop.test", "ne.xt"))
    assert typed.run("env", "show", "next", "variables.URL").returncode == 0
