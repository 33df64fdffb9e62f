"""A plan file that is wrong is refused with the location of each problem."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from plangate.application.registry import PlanRegistry
from plangate.infrastructure.plan_formats.markup import MAX_DEPTH, Malformed, read_json, read_yaml
from tests.infrastructure.cli.conftest import Plangate

ROOT = Path(__file__).parents[3]

ONE = "tasks: [{title: t}]\n"
TWICE = "goal: x\ntasks:\n- {id: a, title: t}\n- {id: a, title: u}\n"
NESTED = f"is nested more than {MAX_DEPTH} deep"
DIGITS = "9" * 5_000
WRONG_YAML = [
    ("goal: x\n", "1:1: tasks: is required"),
    ("goal: x\ntasks: []\n", "2:1: tasks: must hold at least 1"),
    (
        "goal: x\ntasks: [7]\n",
        "2:9: tasks[0]: must be a title, or an object with title, description",
    ),
    ("goal: ' '\n" + ONE, "1:1: goal: must not be blank"),
    ("goal:\n" + ONE, "1:1: goal: must be text, but is empty"),
    (f"id: 1\ngoal: x\n{ONE}", "1:1: id: is not known here; accepted: goal, tasks"),
    (f"goal: 007\n{ONE}", '1:1: goal: must be text; put it in quotes: "007"'),
    ("goal: x\ntasks:\n- title: true\n", "3:3: tasks[0].title: must be text; put it in quotes"),
    ("goal: x\ntasks:\n- titel: t\n", "3:3: tasks[0].titel: is not known here; accepted: title"),
    (TWICE, "4:4: tasks[1].id: task ids must differ; given more than once: a"),
    (f'goal: x\nplan_id: "a\\tb"\n{ONE}', "2:1: plan_id: must not hold the control character"),
    (f'goal: "a\\0"\n{ONE}', "1:1: goal: must not hold the NUL character"),
    (f"goal: {'x' * 4_001}\n{ONE}", "1:1: goal: must be at most 4000 characters"),
    (f"{ONE}goal: x\nconfidence_threshold: 1.5\n", "3:1: confidence_threshold: must be at most"),
    (f"{ONE}goal: x\nconfidence_threshold: .nan\n", "3:1: confidence_threshold: must be a finite"),
    (f"{ONE}goal: x\npolicy:\n  decay: 0\n", "4:3: policy.decay: must be more than 0.0"),
    (f"{ONE}goal: x\npolicy:\n  prompt_weight: 0.5\n", "3:1: policy: "),
    (f"{ONE}goal: x\nmetadata: {{a: .inf}}\n", "3:1: metadata: must be JSON, which has no inf"),
    (f"{ONE}goal: x\nplan_id: billing\n", None),
    ("", "1:1: is empty"),
    ("# nothing\n", "1:1: is empty"),
    ("- goal\n", "1:1: must be an object with goal, tasks"),
    ("goal: x\ngoal: y\n", "2:1: duplicate key 'goal', first on line 1"),
    ("1: x\n", "1:1: a key must be text; put it in quotes"),
    ("? [a]\n: x\n", "1:3: a key must be text"),
    ("goal: &a x\ntasks: *a\n", "1:7: anchors and aliases"),
    ("goal: !!str x\n", "1:7: tags (!) are not accepted"),
    ("goal: !!python/object/apply:os.system [ls]\n", "1:7: tags (!) are not accepted"),
    ("goal: x\n---\ngoal: y\n", "2:1: holds a second document"),
    ("goal: x\n\ttasks: []\n", "2:1: is not YAML: "),
    ("goal: Move: billing\n", "1:11: is not YAML: mapping values are not allowed here; text with"),
    ("goal: 'x\n", "2:1: is not YAML: while scanning a quoted scalar, found unexpected end"),
    ("goal: \x1b[0m\n", "1:7: must not hold the character U+001B"),
    (f"goal: {DIGITS}\n", "1:7: a number with too many digits"),
    ("goal: " + "[" * 50, f"1:{7 + MAX_DEPTH - 1}: {NESTED}"),
]
WRONG_JSON = [
    ('{"goal": "x"}', "1:1: tasks: is required"),
    ('{"goal": "x",\n "tasks": [{"title": " "}]}', "2:13: tasks[0].title: must not be blank"),
    ('{"goal": "x",\n "tasks": [{"title": 7}]}', "2:13: tasks[0].title: must be text; put it"),
    ('{"goal": "\\ud800",\n "tasks": [{"title": "t"}]}', "1:2: goal: must not hold a lone"),
    ('{"goal": "x",\n "goal": "y"}', "2:2: duplicate key 'goal', first on line 1"),
    ('{"goal": "x",\n "confidence_threshold": NaN}', "2:26: is not JSON: there is no NaN"),
    ('{"goal": "x",\n}', "2:1: is not JSON: "),
    ("{'goal': 1}", "1:2: is not JSON: "),
    ("", "1:1: is not JSON: "),
    ("[1, {}]", "1:1: must be an object with goal, tasks"),
    (f'{{"goal": {DIGITS}}}', "1:10: a number with too many digits"),
    ("[" * 100_000, f"1:1: {NESTED}"),
    ("[" * 50 + "]" * 50, f"1:{MAX_DEPTH + 1}: {NESTED}"),
]


@pytest.mark.usefixtures("billing")
@pytest.mark.parametrize(
    "name, text, said",
    [
        *(("plan.yaml", text, said) for text, said in WRONG_YAML),
        *(("plan.json", text, said) for text, said in WRONG_JSON),
    ],
    ids=range(len(WRONG_YAML + WRONG_JSON)),
)
def test_a_wrong_plan_file_is_refused_with_the_location(
    plangate: Plangate,
    tmp_path: Path,
    registry: PlanRegistry,
    name: str,
    text: str,
    said: str | None,
) -> None:
    (tmp_path / name).write_text(text, "utf-8")

    answer = plangate("create", name)

    assert (answer.exit_code, answer.stdout) == (3, "")
    expected = "there is already a plan" if said is None else f"{name}:{said}"
    assert f"refused: {expected}" in answer.stderr
    assert len(registry.history.events()) == 1


def test_all_problems_are_reported_at_once_in_the_order_of_the_file(plangate: Plangate) -> None:
    text = "tasks:\n- {title: ''}\n- {title: t, id: 1}\npolicy: {decay: 2}\n"

    problems = plangate("create", "-", "--json", typed=text).error["problems"]

    assert [(p["file"], p["line"], p["field"]) for p in problems] == [
        ("stdin", 1, "goal"),
        ("stdin", 2, "tasks[0].title"),
        ("stdin", 3, "tasks[1].id"),
        ("stdin", 4, "policy.decay"),
    ]


def test_what_is_wrong_between_tasks_comes_with_what_is_wrong_in_them(plangate: Plangate) -> None:
    text = (
        "goal: g\n"
        "tasks:\n"
        "- {id: a, title: 7, depends_on: [b, zz]}\n"
        "- {id: b, title: B, depends_on: [a]}\n"
        "- {id: a, title: again, depends_on: [a]}\n"
        "- {id: 4, title: D}\n"
        "- {title: E, depends_on: ['4', no-such]}\n"
        "- {id: x, title: X, depends_on: [y]}\n"
        "- {id: y, title: Y, depends_on: [x], priority: high}\n"
    )
    for words in (["create", "-"], ["import", "-", "--format", "plan"]):
        said = plangate(*words, typed=text).stderr.replace("/tasks/0/", "tasks[0].")
        refused = [line for line in said.splitlines() if line.startswith("refused: ")]
        places = [line.removeprefix("refused: stdin:").split(": ")[0] for line in refused]
        assert places == ["3:11", "3:21", "3:21", "5:4", "5:25", "6:4", "7:14", "8:21", "9:38"]
        assert "3:21: tasks[0].depends_on: the task 'a' depends on 'zz', which is not" in said
        assert "3:21: tasks[0].depends_on: a circle: 'a' depends on 'b' depends on 'a'" in said


@pytest.mark.parametrize(
    "content, place",
    [
        (b"\xff\xfeg\x00", "1:1: is not UTF-8: byte 0xFF"),
        (b"a: \xc3\xa9\nb: \xe9\n", "2:4: is not"),
    ],
)
def test_a_file_that_is_not_utf8_is_refused_with_the_location(
    plangate: Plangate, content: bytes, place: str
) -> None:
    assert f"stdin:{place}" in plangate("create", "-", typed=content).stderr


def test_a_byte_order_mark_is_not_part_of_the_plan(plangate: Plangate) -> None:
    assert plangate("create", "-", typed="\ufeffgoal: g\ntasks: [{title: t}]\n").exit_code == 0


def test_a_file_that_is_too_large_is_refused(plangate: Plangate) -> None:
    assert "is larger than 16777216 bytes" in plangate("create", "-", typed=b"#" * 2**25).stderr


@pytest.mark.parametrize(
    "word, value",
    [
        *((word, None) for word in ("~", "null", "")),
        *((word, True) for word in ("true", "True", "TRUE")),
        *((word, word) for word in ("no", "on", "y", "2026-01-01", "12:30", "1_000", "0b1", "=")),
        ("-7", -7),
        ("0x1F", 31),
        ("0o17", 15),
        ("017", 17),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("-.inf", float("-inf")),
        ("'1'", "1"),
        ('"\\x41"', "A"),
        ("|\n  two\n  lines", "two\nlines\n"),
    ],
)
def test_yaml_values_are_read_as_in_yaml_1_2(word: str, value: object) -> None:
    read, locations = read_yaml(f"key: {word}\n")

    assert read == {"key": value}
    assert type(read["key"]) is type(value)
    assert (locations["key"].line, locations["key"].column) == (1, 1)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@given(JSON, st.sampled_from([None, 2]))
def test_json_is_read_as_the_standard_library_reads_it(value: Any, indent: int | None) -> None:
    read, locations = read_json(json.dumps(value, indent=indent, ensure_ascii=indent is None))

    assert read == value
    assert "" in locations


@given(st.text())
def test_no_text_breaks_either_reader(text: str) -> None:
    for read in (read_json, read_yaml):
        with suppress(Malformed):
            _, locations = read(text)
            assert all(place.line >= 1 <= place.column for place in locations.values())


def test_the_example_fits_the_published_schema_and_is_accepted(
    plangate: Plangate, registry: PlanRegistry
) -> None:
    example = ROOT / "examples" / "plan.yaml"
    schema = json.loads((ROOT / "docs/schemas/plan-file.v1.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator(schema).validate(yaml.safe_load(example.read_text("utf-8")))

    assert plangate("create", str(example)).exit_code == 0
    assert len(registry.get_status("billing").tasks) == 3
