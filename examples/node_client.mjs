// A plan from its creation to its end, over HTTP: Node 18 or newer, no packages.
//
//   node examples/node_client.mjs http://127.0.0.1:8421/v1
//
// A key goes into the environment: PLANGATE_KEY=plangate_… node examples/node_client.mjs …

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";

const base = process.argv[2] ?? "http://127.0.0.1:8421/v1";
const key = process.env.PLANGATE_KEY;
const common = { "X-Actor": "node", ...(key && { Authorization: `Bearer ${key}` }) };

/** Why the server refused: its `type` is stable, so that is what a program looks at. */
class Refused extends Error {
  constructor(problem) {
    super(problem.detail ?? problem.title);
    this.problem = problem;
    this.kind = problem.type.split(":").at(-1);
  }
}

/** One request. A POST has a key, and is sent again with the same one when that can help. */
async function ask(method, path, body, headers = {}) {
  const given = method === "POST" ? { "Idempotency-Key": randomUUID() } : {};
  for (let attempt = 1; ; attempt += 1) {
    const answer = await fetch(base + path, {
      method,
      headers: { "Content-Type": "application/json", ...common, ...given, ...headers },
      body: body && JSON.stringify(body),
    });
    if (answer.ok) return { value: await answer.json(), tag: answer.headers.get("ETag"), answer };
    if (answer.status === 304) return { tag: answer.headers.get("ETag"), answer };
    const wait = answer.headers.get("Retry-After");
    if (wait === null || attempt === 5) throw new Refused(await answer.json());
    await new Promise((resolve) => setTimeout(resolve, Number(wait) * 1000));
  }
}

const get = (path, headers) => ask("GET", path, undefined, headers);
const post = (path, body, headers) => ask("POST", path, body, headers);

async function refusal(promise, kind) {
  await assert.rejects(promise, (error) => error.kind === kind);
}

/** Events as they are recorded. After a cut, it goes on behind the last one. */
async function* events(path, signal) {
  let last = null;
  while (!signal.aborted) {
    try {
      const resume = last === null ? {} : { "Last-Event-ID": last };
      const answer = await fetch(base + path, { headers: { ...common, ...resume }, signal });
      let text = "";
      for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
        text += chunk;
        for (let end; (end = text.indexOf("\n\n")) >= 0; text = text.slice(end + 2)) {
          const lines = text.slice(0, end).split("\n");
          const field = (name) => lines.find((line) => line.startsWith(name))?.slice(name.length);
          if (field("data: ") === undefined || field("event: ") !== undefined) continue;
          last = field("id: ");
          yield JSON.parse(field("data: "));
        }
      }
    } catch (error) {
      if (!signal.aborted && error.name !== "TypeError") throw error;
    }
  }
}

// --- create ---

const draft = {
  goal: "Move billing",
  plan_id: `billing/${randomUUID()}`, // any text: it is percent-encoded in paths
  policy: { gate: "hold" },
  tasks: [
    { id: "schema", title: "Design the schema" },
    { id: "build", title: "Build it", depends_on: ["schema"] },
  ],
};
const once = { "Idempotency-Key": randomUUID() };
const created = await post("/plans", draft, once);
const repeated = await post("/plans", draft, once);
assert.equal(created.answer.status, 201);
assert.deepEqual(repeated.value, created.value, "a repeat is answered as the first time");
const plan = `/plans/${encodeURIComponent(created.value.plan_id)}`;
console.log(`created ${created.value.goal}, verdict ${created.value.verdict}`);

// --- watch it, from the first event on ---

const watching = new AbortController();
const seen = [];
const watched = (async () => {
  for await (const event of events(`${plan}/events`, watching.signal)) seen.push(event);
})();

// --- work, and be judged ---

const { task } = (await post(`${plan}/next-task`, { worker: "node-1", lease: 60 })).value;
assert.equal(task.id, "schema");
await refusal(post(`${plan}/tasks/build/claim`), "task-not-ready");

const token = task.claim.token;
const judged = await post(`${plan}/tasks/schema/scores`, {
  prompt_score: 0.9,
  output_score: 0.2,
  scorer: "model:judge@2",
  rationale: "the tables have no keys",
  token,
});
assert.equal(judged.value.verdict, "replan");
await refusal(post(`${plan}/next-task`), "plan-held");
const gate = await get(`${plan}/gate`);
console.log(`judged: ${gate.value.reason}`);
assert.equal((await get(`${plan}/gate`, { "If-None-Match": gate.tag })).answer.status, 304);

// --- answer the replan, if nothing has changed since it was looked at ---

const change = {
  reason: "keys were missing in the instruction",
  changes: [{ op: "change", task_id: "schema", title: "Design the schema, with keys" }],
};
await refusal(post(`${plan}/revise`, change, { "If-Match": created.tag }), "version-mismatch");
const revised = await post(`${plan}/revise`, change, { "If-Match": judged.tag });
console.log(`revised: verdict ${revised.value.verdict}`);

// --- to the end ---

for (;;) {
  const next = (await post(`${plan}/next-task`, { worker: "node-1" })).value.task;
  if (next === null) break;
  await post(`${plan}/tasks/${encodeURIComponent(next.id)}/scores`, {
    prompt_score: 0.9,
    output_score: 0.95,
    token: next.claim.token,
  });
}
const ended = (await get(plan)).value;
assert.equal(ended.verdict, "complete");

await refusal(post(`${plan}/tasks/build/scores`, { output_score: "0.9" }), "invalid-score");

while (seen.length < ended.version) await new Promise((resolve) => setTimeout(resolve, 10));
watching.abort();
await watched;
const versions = seen.map((event) => event.version);
assert.deepEqual(versions, versions.map((_, index) => index + 1), "each event, once, in order");
const { entries } = (await get(`${plan}/history`)).value;
assert.equal(entries.length, seen.length);
assert.ok(entries.every((entry) => entry.actor === entries[0].actor));
console.log(`complete after ${ended.version} events, ${seen.length} of them watched live`);
