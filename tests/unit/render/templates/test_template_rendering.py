"""Templates: strict about names, and a value comes through exactly as it is or is an error."""

import json
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from fairlead.errors import ConfigurationError, FairleadError
from fairlead.render.template import decode, render_template, used

NASTY = st.text(st.sampled_from("ab \"'\\\n\t:#{}[],&<>;$-=%!|*?0"), min_size=1, max_size=8)


def wrong(text, format="text", secrets=(), **values):
    with pytest.raises(ConfigurationError) as caught:
        render_template(text, values, format, "t", secrets)
    return [str(one) for one in caught.value.findings]


def test_names_are_filled_in_and_the_rest_passes_untouched():
    text = "${A} $host $${A} $$ $ ${A}${B}\r\n"
    assert render_template(text, {"A": "1", "B": "${A}"}) == "1 $host ${A} $$ $ 1${A}\r\n"
    assert used("${B} $${C} ${A} ${B} ${") == ("B", "A")


def test_everything_that_is_wrong_is_said_at_once():
    text = "a ${HOTS}\n${EMPTY} ${KEY} ${PORT}\r\n  ${x:-1} ${\n"
    assert wrong(text, secrets=["KEY"], HOST="h", EMPTY="") == [
        't:1:3: ${HOTS} has no value; did you mean "HOST"?',
        "t:2:1: ${EMPTY} is empty; nothing must stand here by accident, so give it a value",
        "t:2:10: ${KEY} is secret; say `secret: true` for this template, which is then handed over like a secret",
        "t:2:17: ${PORT} has no value in a template: it is known only when an instance is started",
        "t:3:3: ${x:-1} is not a name in braces; write $${ for a literal ${",
        "t:3:11: ${ is not closed; write $${ for a literal ${",
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\xef\xbb\xbf{}", "t:1:1: begins with a byte order mark; save the file as UTF-8 without one"),
        (b"\xff\xfea\0", "t:1:1: begins with a byte order mark; save the file as UTF-8 without one"),
        (b"a\nb \xe4", "t:2:3: not UTF-8 (byte 0xe4); save the file as UTF-8"),
        (b"a" * 600_000, "t:1:1: larger than 512 KiB, which no template needs"),
    ],
)
def test_files_that_are_not_plain_text(data, message):
    with pytest.raises(ConfigurationError) as caught:
        decode(data, "t")
    assert caught.value.message == message


def test_decoding_leaves_line_ends_alone():
    assert decode("ä\r\nb\n".encode(), "t") == "ä\r\nb\n"


@given(NASTY)
@settings(max_examples=120, deadline=None)
def test_a_value_in_json_comes_through_whole(value):
    made = render_template('{"a": "${X}", "b": ["x${X}y"], "${X}": 1}', {"X": value}, "json")
    expected = {"a": value, "b": [f"x{value}y"]}
    assert json.loads(made) == expected | {value: 1}


@given(NASTY)
@settings(max_examples=80, deadline=None)
def test_a_value_in_yaml_comes_through_whole_or_is_refused(value):
    text = "a: \"${X}\"\nb: '${X}'\nc:\n  d: ${X}\n"
    try:
        made = render_template(text, {"X": value}, "yaml")
    except ConfigurationError:
        return
    read = YAML(typ="base", pure=True).load(made)  # every scalar as it is written: 00 is no 0
    assert (read["a"], read["b"], read["c"]) == (value, value, {"d": value})


@pytest.mark.parametrize(
    ("format", "text", "value"),
    [
        ("json", '{"a": ${X}}', '1, "admin": true'),
        ("json", '{"a": ${X}}', '1}, {"b": 2'),
        ("yaml", "a: ${X}\n", "1\nadmin: true"),
        ("yaml", "a: ${X}\n", "1 # hidden"),
        ("yaml", "a: ${X}\n", "{admin: true}"),
        ("yaml", "a: ${X}\n", "*b"),
        ("yaml", "# ${X}\na: 1\n", "k\nadmin: true"),
        ("yaml", "a: 1\nb: ${X}\n", "x\n---\nc: 1"),
        ("yaml", "${X}: {b: 1}\n", "<<"),
        ("xml", "<a><!-- ${X} --></a>", "--><admin/><!--"),
        ("xml", "<a><![CDATA[${X}]]></a>", "]]><admin/><![CDATA["),
        ("nginx", "listen ${X};\n", "80; root /"),
        ("nginx", "listen ${X};\n", "80 ssl"),
        ("nginx", "# ${X}\nlisten 80;\n", "k\nroot /;"),
        ("nginx", "server { listen ${X}; }\n", "80; } server { listen 81"),
        ("nginx", 'add_header X "${X}";\n', "$host"),
    ],
)
def test_no_value_brings_in_anything_of_its_own(format, text, value):
    (found,) = wrong(text, format, X=value)
    assert (value not in found and "X" in found) or "nginx has no way" in found or "<< and =" in found


@pytest.mark.parametrize(
    ("format", "text", "value", "expected"),
    [
        ("xml", '<a b="${X}">${X}</a>', "\"&<'", '<a b="&quot;&amp;&lt;&apos;">&quot;&amp;&lt;&apos;</a>'),
        ("xml", "<a><![CDATA[${X}]]></a>", "&<", "<a><![CDATA[&<]]></a>"),
        ("nginx", "add_header X \"${X}\" '${X}';\n", "a \"b' ;{", "add_header X \"a \\\"b' ;{\" 'a \"b\\' ;{';\n"),
        ("json", '{"a": ${X}, "b": -1${X}}', "80", '{"a": 80, "b": -180}'),
        ("json", '{"a": ${X}}', '["x", {"y": null}]', '{"a": ["x", {"y": null}]}'),
        ("yaml", "a: ${X}\n---\n- ${X}\n", "80", "a: 80\n---\n- 80\n"),
    ],
)
def test_values_are_written_as_the_format_needs_it(format, text, value, expected):
    assert render_template(text, {"X": value}, format) == expected


@pytest.mark.parametrize(
    ("format", "text", "where", "message"),
    [
        ("json", '{"a": "${X}"\r\n "b": 1}', "2:2", "Expecting ',' delimiter"),
        ("json", '{"a": NaN}', "1:1", "NaN and Infinity are no JSON"),
        ("json", "[" * 5000 + "]" * 5000, "1:1", "nested deeper than 100 levels"),
        ("yaml", "a: $${x}\nb: [1\n", "3:1", "expected ',' or ']'"),
        ("yaml", "a: \a\n", "1:4", "a control character"),
        ("yaml", "[" * 200, "1:101", "nested deeper than 100 levels"),
        ("xml", "<a>\n<b></a>", "2:6", "mismatched tag"),
        ("xml", '<!DOCTYPE a [<!ENTITY x "y">]><a/>', "1:1", "it declares entities"),
        ("nginx", "server {\n  listen ${X}\n}\n", "2:1", 'a statement is not ended by ";"'),
        ("nginx", "server {\n  listen 80;\n", "3:1", 'expecting "}"'),
        ("nginx", "listen 80;\nadd_header X 'a;\n", "1:1", "not closed"),
        ("nginx", ";\n", "1:1", "a ; too many"),
    ],
)
def test_a_template_that_is_wrong_by_itself(format, text, where, message):
    (found,) = wrong(text, format, X="1")
    assert found.startswith(f"t:{where}: this is not ") and message in found
    assert found.endswith("such as `format: text`")


def test_directives_of_nginx_are_checked_with_their_values():
    assert wrong("gzip ${X};\n", "nginx", X="maybe") == ['t:1:1: "gzip" must be on or off']
    assert "invalid number of arguments" in wrong("\nworker_processes ${X} 2;\n", "nginx", X="1")[0]
    ok = "map $a $b { gzip 0 1 2; }\nif ($x = y) { return ${X}; }\ngzip on; # ok"
    assert render_template(ok, {"X": "404"}, "nginx") == ok.replace("${X}", "404")


def test_a_missing_reader_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "crossplane.errors", None)
    monkeypatch.setitem(sys.modules, "defusedxml.common", None)
    for format, text in (("nginx", "a;"), ("xml", "<a/>")):
        with pytest.raises(FairleadError) as caught:
            render_template(text, {}, format)
        assert caught.value.hint == "pip install 'fairlead[templates]'"


def test_a_word_that_fairlead_uses_itself_is_refused():
    assert "is what Fairlead marks values with" in wrong("a: fairleadq1q ${X}\n", "yaml", X="1")[0]


def test_the_same_value_in_places_that_are_quoted_in_other_ways():
    made = render_template("add_header A '${X}'; add_header B \"${X}\"; # ${Y}\n", {"X": "a'b\"", "Y": "n"}, "nginx")
    assert made == "add_header A 'a\\'b\"'; add_header B \"a'b\\\"\"; # n\n"


@given(st.sampled_from(["json", "yaml", "xml", "nginx", "text"]), st.text(max_size=30), NASTY)
@settings(max_examples=150, deadline=None)
def test_whatever_a_template_has_in_it_ends_in_a_file_or_in_findings(format, text, value):
    for whole in (text, f"{text}${{X}}", f"a ${{X}};\n{text}", f'{{"a": "${{X}}"}}{text}', f"<a>${{X}}{text}</a>"):
        try:
            assert isinstance(render_template(whole, {"X": value}, format), str)
        except ConfigurationError as error:
            assert error.findings
