#!/usr/bin/env bash
set -euo pipefail
plangate init
plangate import specs/001-greeting/tasks.md
while work=$(plangate next 001-greeting --quiet); do
    read -r plan task token <<<"$work"
    ./agent.sh "$task"
    plangate score "$plan" "$task" --token "$token" --gate --run -- ./check.sh "$task" || break
done
plangate gate 001-greeting
