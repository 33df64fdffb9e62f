#!/usr/bin/env bash
# Write the store, the bundle, the checkpoints, the answers and the digests of this folder.
#
# Run by the version of plangate that README.md names, from its own environment:
#   make.sh /path/to/that/checkout/.venv/bin
# The ledger key exists only while this runs; the verifier key is kept.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
bin=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cp "$here"/commands.trace.jsonl "$here"/loopllm.json "$here"/taskmaster.json .
export PLANGATE_DB=plans.sqlite PLANGATE_LEDGER_KEY=$work/private-key.pem

plangate() { "$bin/plangate" "$@"; }

plangate apply commands.trace.jsonl
plangate ledger checkpoint > earlier-checkpoint.txt
plangate erase private --yes --idempotency-key erase-minimal
plangate erase private-too --yes --actor ana --correlation-id run-6 --idempotency-key erase-full
plangate import loopllm.json --format loopllm
plangate import taskmaster.json --format taskmaster --actor ana
plangate demo > /dev/null

"$bin/python" - <<'PYTHON'
"""Bring the views up to date as readers do, without rebuilding them."""
import plangate

with plangate.connect() as registry:
    registry.plans()
    registry.board(plan_id="billing")
    registry.timeline(plan_id="billing")
    registry.replans()
PYTHON

plangate ledger checkpoint > checkpoint.txt
plangate ledger key > ledger.pub
plangate export plans.bundle

"$bin/python" - "$bin/plangate" <<'PYTHON'
"""Record what the version answers, and the digests it stored; fold the log beside the store in."""
import json
import sqlite3
import subprocess
import sys

with sqlite3.connect("plans.sqlite") as store:
    store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    rows = store.execute("SELECT originator_id, state FROM stored_events ORDER BY notification_id")
    stored = [(plan, json.loads(state)["meta"]) for plan, state in rows]

digests = {
    meta["idempotency_key"]: meta["arguments_digest"]
    for _, meta in stored
    if "arguments_digest" in meta
}
with open("digests.json", "w", encoding="utf-8") as file:
    json.dump(digests, file, indent=1)
    file.write("\n")

plans = list(dict.fromkeys(plan for plan, _ in stored))
asked = [
    *(["status", plan] for plan in plans if not plan.startswith("gone")),
    *(["explain", plan] for plan in plans if not plan.startswith("gone")),
    *(["history", plan] for plan in plans),
    ["whatif", "--all", "--policy", "steady"],
    ["check"],
    ["ledger", "verify", "--against", "earlier-checkpoint.txt", "--against", "checkpoint.txt"],
]
with open("answers.jsonl", "w", encoding="utf-8") as file:
    for command in asked:
        done = subprocess.run(
            [sys.argv[1], "--json", *command], stdout=subprocess.PIPE, check=True
        )
        line = {"command": command, "answer": json.loads(done.stdout)}
        file.write(json.dumps(line, ensure_ascii=False) + "\n")
PYTHON

test ! -e plans.sqlite-wal
mv plans.sqlite plans.bundle ledger.pub earlier-checkpoint.txt checkpoint.txt digests.json \
    answers.jsonl "$here"
