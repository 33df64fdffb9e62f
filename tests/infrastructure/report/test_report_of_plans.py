"""The report of plans says what the registry answers, as text, and loads nothing."""

import re
from base64 import b64encode
from hashlib import sha256
from typing import Any

from plangate.application.history import event_text
from plangate.application.ledger.reports import InclusionProof
from plangate.application.numbers import number
from plangate.application.registry import PlanRegistry
from tests.infrastructure.report.conftest import Report
from tests.support.hostile_texts import HOSTILE_TEXTS
from tests.support.html_pages import LOADS


def worked(registry: PlanRegistry) -> None:
    """A plan with everything that a report speaks of."""
    tasks: list[dict[str, Any]] = [
        {"id": "a", "title": "Design the schema", "description": "As the customer asked"},
        {"id": "b", "title": "Move the rows", "depends_on": ["a"], "labels": ["late"]},
        {"id": "c", "title": "Switch over"},
    ]
    registry.create("Move billing", tasks, plan_id="billing", labels=["q4"])
    registry.score_prompt("billing", "a", 0.8, scorer="judge@2", rationale="clear enough")
    registry.score_output("billing", "a", 0.2, scorer="human:ann", rationale="no index", actor="ci")
    registry.retry("billing", "a", reason="add the index")
    registry.score_output("billing", "a", 0.9, scorer="human:ann", rationale="now it has one")
    registry.record_scoring_failure("billing", "b", "output", "the judge timed out", scorer="judge")
    registry.record_outcome("billing", "a", "rejected", source="review", note="too slow")
    registry.approve("billing", reason="good enough")


def test_a_report_says_what_the_registry_answers(registry: PlanRegistry, report: Report) -> None:
    worked(registry)
    page = report("billing")
    text = page.line

    decision, explanation = registry.gate("billing"), registry.history.explain("billing")
    assert "Move billing" in text
    assert decision.reason in text
    assert all(step in text for step in decision.advice)
    assert f"confidence {number(decision.rolling_confidence, decision.threshold)}" in text
    assert explanation.contributions
    assert all(number(part.contribution) in text for part in explanation.contributions)
    for task in registry.get_status("billing").tasks:
        assert str(task.title) in text
    for entry in registry.history.audit("billing"):
        assert entry.event is not None
        assert event_text.what(entry.event) in text
        assert " ".join(event_text.why(entry.event, entry.causation_id).split()) in text
    findings = registry.evidence.findings(["billing"])
    assert findings.finding_count
    assert all(finding.sentence in text for finding in findings.findings)
    for given in ("by human ann: no index", "add the index", "the judge timed out", "too slow"):
        assert given in text


def test_a_report_loads_runs_and_sends_nothing(registry: PlanRegistry, report: Report) -> None:
    worked(registry)
    for page in (report("billing", signed=True), report()):
        assert not page.tags & LOADS
        assert not [name for name in page.attributes if name.startswith("on") or name == "style"]
        assert all(link.startswith("#") for link in page.links)
        assert not re.search(r"url\(|@import|https?:", page.style)
        digest = b64encode(sha256(page.style.encode()).digest()).decode()
        assert page.metas["content-security-policy"].startswith(
            f"default-src 'none'; style-src 'sha256-{digest}';"
        )
        assert len(page.ids) == len(set(page.ids))


def test_hostile_texts_are_shown_as_text(registry: PlanRegistry, report: Report) -> None:
    plan_ids = []
    for kind, text in HOSTILE_TEXTS.items():
        printable = "".join(one if one.isprintable() else " " for one in text)
        plan_id = f"{printable[:150]} {kind}"
        task_id = printable[:190]
        task = {"id": task_id, "title": text, "description": text, "labels": [kind]}
        registry.create(
            text, [task], plan_id=plan_id, actor=printable[:190], labels=[printable[:190]]
        )
        scorer = {"kind": "model", "name": printable[:190]}
        registry.score_output(plan_id, task_id, 0.1, scorer=scorer, rationale=text * 20)
        registry.record_outcome(plan_id, task_id, "rejected", source=printable[:190], note=text)
        registry.approve(plan_id, reason=text)
        plan_ids.append(plan_id)
    plain = plain_tags(registry, report)

    for page in (report(*plan_ids), report()):
        assert page.tags <= plain
        assert not [name for name in page.attributes if name.startswith("on") or name == "style"]
        assert all(link.startswith("#") for link in page.links)
        for kind in HOSTILE_TEXTS.keys() - {"control characters"}:
            assert HOSTILE_TEXTS[kind][:100] in page.text
        assert not {one for one in page.text if ord(one) < 32 and one not in "\t\n"}
        assert "a\ufffdb\ufffd[31mc" in page.text


def plain_tags(registry: PlanRegistry, report: Report) -> set[str]:
    """The elements of reports without any hostile text."""
    worked(registry)
    registry.create("Other", [{"id": "a", "title": "A"}], plan_id="other")
    found = report("billing", "other").tags | report().tags
    registry.delete("billing")
    registry.delete("other")
    return found


def test_several_plans_come_one_after_the_other(registry: PlanRegistry, report: Report) -> None:
    for name in ("one", "two"):
        registry.create(f"Goal {name}", [{"id": "a", "title": f"Task {name}"}], plan_id=name)
    page = report("two", "one", "two")

    assert page.links == ["#plan-1", "#plan-2"]
    text = page.line
    assert text.index("Goal two") < text.index("Goal one")
    assert text.count("Task two") == 1
    assert "Nothing has been judged yet." in text


def test_a_signed_report_holds_the_checkpoint_and_proofs(
    registry: PlanRegistry, report: Report
) -> None:
    worked(registry)
    page = report("billing", signed=True)

    *proofs, note = page.preformatted
    assert note == registry.ledger.checkpoint().note
    read = [InclusionProof.model_validate_json(proof) for proof in proofs]
    assert read == [registry.ledger.prove(proof.event_id) for proof in read]
    fired = [one.event_id for one in registry.history.audit("billing", kind="replan-triggered")]
    newest = list(registry.history.audit("billing"))[-1].event_id
    assert {*fired, newest} <= {proof.event_id for proof in read}


def test_an_unsigned_report_makes_nothing_in_the_store(
    registry: PlanRegistry, report: Report
) -> None:
    worked(registry)
    before = registry.history.last_position()
    report("billing")
    report()

    assert registry.history.last_position() == before
    assert registry.ledger.verify().compared == 0


def test_erased_text_is_said_to_be_erased(registry: PlanRegistry, report: Report) -> None:
    worked(registry)
    registry.erase("billing")
    text = report("billing").line

    assert "(erased)" in text
    for gone in ("Move billing", "Design the schema", "no index", "add the index", "too slow"):
        assert gone not in text


def test_long_histories_are_cut_and_say_so(registry: PlanRegistry, report: Report) -> None:
    registry.create("Long", [{"id": "a", "title": "A"}], plan_id="p")
    for _ in range(510):
        registry.score_output("p", "a", 0.9, rationale="r" * 3_000)
    page = report("p")

    assert "The newest 500 of 510 judgements" in page.line
    assert "The newest 500 of" in page.line
    assert "plangate history p" in page.text
