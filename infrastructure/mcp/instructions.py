"""What a client's model is shown before it calls any tool."""

from typing import Final

INSTRUCTIONS: Final = """\
plangate keeps plans of tasks and gates work by scores. Work in this loop:
1. plan_register: the goal and its tasks, once. Keep the plan_id.
2. plan_next: claims a task for you and gives its token. Use a lease if you may be interrupted.
3. Do the task.
4. plan_update: output_score from 0 (useless) to 1 (right), judged honestly against evidence such \
as tests, with a rationale, your scorer name and the token. If judging fails, give kind and \
reason instead of a score.
5. Heed the verdict of every answer: go: take the next task. replan: stop, find out why with \
plan_explain, then plan_revise (op revise, retry or approve). wait: others hold the rest; ask \
again later. blocked: plan_revise leads on. complete: nothing is left to do.
`next` in an answer says what leads on. Never raise a score to pass the gate.
After an interruption call plan_status, then go on; plan_list finds plans. Repeat a call whose \
answer was lost with the same idempotency_key: it is recorded once.
Answers are short; detail full gives more.
"""
