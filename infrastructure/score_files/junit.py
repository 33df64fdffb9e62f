"""JUnit XML: a test that passed is worth 1, one that failed 0; skipped ones are left out."""

# junitparser reads with ElementTree, which expands entities: defusedxml refuses them first.
from typing import Any

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring
from junitparser import Error, Failure, JUnitXml, Skipped, TestSuite

from plangate.application.importing.tool_scores import Measure, ToolScores
from plangate.infrastructure.score_files.malformed import MalformedScores


def is_junit(text: str) -> bool:
    """Whether it is XML; of the tools here only test runners write that."""
    return text.lstrip().startswith("<")


def read_junit(text: str) -> ToolScores:
    """The tests of a report, also of suites inside suites; raises `MalformedScores`."""
    try:
        root = fromstring(text.encode())
    except ParseError as error:
        line, column = error.position
        raise MalformedScores(f"is not XML: {error}", line, column + 1) from None
    except DefusedXmlException:
        raise MalformedScores("must not define entities", 1, 1) from None
    if root.tag not in {"testsuites", "testsuite"}:
        raise MalformedScores(f"is not a JUnit report: it is a {root.tag!r:.80}", 1, 1)
    is_suite = root.tag == "testsuite"
    read: Any = TestSuite if is_suite else JUnitXml  # what these are called with has no types
    suites = [read.fromelem(root)] if is_suite else list(read.fromroot(root))
    cases: list[Any] = [case for suite in suites for case in suite]  # of suites inside it too
    measures, skipped = [], 0
    for case in cases:
        results = case.result
        if any(isinstance(one, Skipped) for one in results):
            skipped += 1
            continue
        wrong = [one for one in results if isinstance(one, Error | Failure)]
        name = ".".join(filter(None, (case.classname, case.name)))
        why = (wrong[0].message or wrong[0].text or "").strip() if wrong else None
        measures.append(Measure("", name, 0.0 if wrong else 1.0, why, not wrong))
    name = suites[0].name if len(suites) == 1 and suites[0].name else "tests"
    return ToolScores(
        tool=f"{name:.100}", kind="code", measures=measures, left_out=skipped, what="tests"
    )
