# ruff: noqa: ISC004  (texts of several lines among others)
"""What the tools really wrote is read: which tool it was, its scores, and what it left unscored."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from plangate.application.importing.tool_scores import CombinedScore, combine
from plangate.infrastructure.score_files.malformed import MalformedScores
from plangate.infrastructure.score_files.reading import ScoreFormat, read_score_file

FILES = Path(__file__).parents[2] / "data" / "scores"


def score_of(content: bytes | str | dict[str, Any], **options: Any) -> CombinedScore:
    if isinstance(content, dict):
        content = json.dumps(content)
    data = content.encode() if isinstance(content, str) else content
    return combine(read_score_file(data).measured, **options)


ACTUAL: dict[str, tuple[str, dict[str, Any], float | None, int, int]] = {
    "pytest.junit.xml": ("junit", {}, 0.5, 4, 0),
    "promptfoo.json": ("promptfoo", {}, (0.75 + 0 + 1) / 3, 3, 0),
    "deepeval-result.json": ("deepeval", {}, 0.6, 2, 2),
    "deepeval-test-run.json": ("deepeval", {"metrics": ["Length"]}, 0.6, 2, 0),
    "inspect-ai.json": ("inspect-ai", {}, 2 / 3, 3, 0),
    "pydantic-evals.json": ("pydantic-evals", {"scale": (0.0, 1.0)}, 0.65, 2, 1),
    "otel-spans.jsonl": ("otel", {"metrics": ["relevance"], "scale": (0.0, 1.0)}, 0.5, 2, 0),
}


@pytest.mark.parametrize("name", ACTUAL)
def test_a_real_file_is_recognised_and_scored(name: str) -> None:
    kind, options, score, scored, unscored = ACTUAL[name]
    content = (FILES / name).read_bytes()
    read = read_score_file(content)
    made = combine(read.measured, **options)
    assert (read.format.value, read.sha256) == (kind, hashlib.sha256(content).hexdigest())
    assert made.score == pytest.approx(score)
    assert (made.evidence["scored"], made.evidence["unscored"]) == (scored, unscored)
    assert read_score_file(content, ScoreFormat(kind)) == read


def test_every_real_file_is_expected() -> None:
    assert set(ACTUAL) == {path.name for path in FILES.iterdir()}


def test_skipped_tests_are_left_out_and_failed_ones_are_evidence() -> None:
    made = score_of((FILES / "pytest.junit.xml").read_bytes())
    assert made.rationale == "2 of 4 tests passed, 2 skipped"
    assert [one["case"] for one in made.evidence["failed"]] == [
        "test_sample.test_bad",
        "test_sample.test_error",
    ]
    assert made.scorer == {"kind": "code", "name": "pytest"}


@pytest.mark.parametrize(
    "xml, score, rationale",
    [
        ("<testsuite name='a'><testcase name='x'/></testsuite>", 1.0, "1 of 1 tests passed"),
        (
            "<testsuites><testsuite name='a'><testsuite name='b'><testcase name='x'/></testsuite>"
            "<testcase name='y'><failure>no</failure></testcase></testsuite>"
            "<testsuite name='c'><testcase name='z'/><testcase name='s'><skipped/></testcase>"
            "</testsuite></testsuites>",
            2 / 3,
            "2 of 3 tests passed, 1 skipped",
        ),
        ("<testsuites/>", None, "tests: none of 0 tests has a score"),
    ],
)
def test_suites_inside_suites_and_empty_reports(
    xml: str, score: float | None, rationale: str
) -> None:
    made = score_of(xml)
    assert (made.score, made.rationale) == (score, rationale)


def test_what_crashed_in_promptfoo_is_unscored() -> None:
    results: list[Any] = [
        {"score": 0, "failureReason": 2, "error": "timeout", "success": False},
        {"score": 0.5, "failureReason": 0, "namedScores": {"tone": 0.9}, "success": True},
        "odd",
    ]
    made = score_of({"results": {"results": results, "stats": {}}})
    assert (made.score, made.evidence["unscored"]) == (0.5, 1)
    assert made.evidence["failed"] == [{"case": "0: ", "metric": "score", "why": "timeout"}]
    named = score_of({"results": {"results": results, "stats": {}}}, metrics=["tone"])
    assert named.score == 0.9


def test_a_log_of_inspect_ai_that_broke_off_is_unscored() -> None:
    log: dict[str, Any] = {
        "eval": {},
        "status": "error",
        "samples": [],
        "error": {"message": "no network"},
    }
    made = score_of(log)
    assert (made.score, made.rationale[-10:]) == (None, "no network")
    sample: dict[str, Any] = {"id": 1, "scores": {"s": {"value": {"a": "P", "b": "odd"}}}}
    broken: dict[str, Any] = {"id": 2, "error": {"message": "crash"}}
    log = {"eval": {}, "status": "success", "samples": [sample, broken]}
    made = score_of(log)
    assert (made.score, made.evidence["metrics"], made.evidence["unscored"]) == (0.5, ["s/a"], 1)
    assert score_of(log, metrics=["s/b"], values={"odd": 1}).score == 1.0


def test_evaluations_in_otlp_and_in_logs_are_found() -> None:
    def value(name: str, kind: str, inner: Any) -> dict[str, Any]:
        return {"key": f"gen_ai.evaluation.{name}", "value": {kind: inner}}

    attributes = [value("name", "stringValue", "q"), value("score.value", "intValue", "4")]
    event = {"name": "gen_ai.evaluation.result", "attributes": attributes}
    spans = {"resourceSpans": [{"scopeSpans": [{"spans": [{"events": [event]}]}]}]}
    assert score_of(spans, scale=(1.0, 5.0)).score == 4.0
    record = {"eventName": "gen_ai.evaluation.result", "attributes": [
        value("score.label", "stringValue", "pass"), "odd", {"key": "x"},
    ]}  # fmt: skip
    failed = {"event_name": "gen_ai.evaluation.result", "attributes": {"error.type": "timeout"}}
    logs = {"resourceLogs": [{"scopeLogs": [{"logRecords": [record, failed]}]}]}
    made = score_of(logs, values={"pass": 1.0})
    assert (made.score, made.evidence["unscored"]) == (1.0, 1)


@pytest.mark.parametrize(
    "content, kind, problem, line",
    [
        (b"", None, "is empty", 1),
        (b'{"a": 1}', None, "is not a file of junit, promptfoo", 1),
        (b'{"a": 1}', "promptfoo", "is not a file of promptfoo", 1),
        (b'{"a": 1}\n{"b": ', None, "is not JSON: Extra data", 2),
        (b"\n<a", None, "is not XML", 2),
        (b"<html/>", None, "is not a JUnit report: it is a 'html'", 1),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><testsuites>&b;</testsuites>', None, "entities", 1),
        (b"PK\x03\x04", None, "is a packed log: give `inspect log dump FILE`", 1),
        (b"a\n\xff", None, "is not UTF-8", 2),
        (b'{"cases": 7, "failures": []}', None, "is not what pydantic-evals writes", 1),
        (b"[" * 100_000, None, "is nested too deep", 1),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_location(
    content: bytes, kind: str | None, problem: str, line: int
) -> None:
    with pytest.raises(MalformedScores) as refused:
        read_score_file(content, kind and ScoreFormat(kind))  # type: ignore[arg-type]
    assert problem in str(refused.value)
    assert refused.value.line == line


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_said_to_be_empty(content: bytes) -> None:
    with pytest.raises(MalformedScores, match="is empty"):
        read_score_file(content)
