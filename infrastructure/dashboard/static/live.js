/* Keeps an open page current. Without this script, or while it waits, the pages still read. */
"use strict";
(() => {
  const live = document.getElementById("live");
  const page = () => document.getElementById("page");
  let timer, again, busy = false, wanted = false;

  function say(state, text) {
    if (!live || live.textContent === text) return;
    live.dataset.state = state;
    live.textContent = text;
    if (state === "away") announce(text);
  }

  /* The one line that screen readers announce. */
  function announce(text) { document.getElementById("summary").textContent = text; }

  /* Asks for this page again, and changes only what differs. One request at a time. */
  async function refresh() {
    if (busy) { wanted = true; return; }
    busy = true;
    const before = page().dataset.summary;
    try {
      const swap = { target: "#page", select: "#page", swap: "outerMorph" };
      await htmx.ajax("GET", location.pathname + location.search, swap);
    } finally {
      busy = false;
    }
    settle();
    const after = page().dataset.summary;
    if (after !== before) announce(after);
    if (wanted) { wanted = false; refresh(); }
  }

  /* What follows from the page as it is now: the slider's end, and when time alone changes it. */
  function settle() {
    clearTimeout(timer);
    const { refreshAfter, latest } = page().dataset;
    if (refreshAfter) timer = setTimeout(refresh, 1000 * refreshAfter);
    const slider = document.getElementById("version");
    if (!slider || !latest) return;
    const atEnd = slider.value === slider.max;
    slider.max = latest;
    if (atEnd && !new URLSearchParams(location.search).has("version")) slider.value = latest;
  }

  document.addEventListener("changed", () => { say("live", "Live"); refresh(); });
  document.addEventListener("away", () => say("away", "The store does not answer; waiting for it"));
  document.addEventListener("htmx:sse:after:connection", () => {
    const back = live.dataset.state === "away";
    say("live", "Live");
    if (back) refresh();
  });
  document.addEventListener("htmx:sse:error", () => say("away", "Connection lost; trying again"));
  document.addEventListener("htmx:sse:close", (event) => {
    if (event.detail.reason !== "removed") lost();
  });
  document.addEventListener("htmx:response:error", (event) => { if (event.target === live) lost(); });
  document.addEventListener("htmx:error", (event) => { if (event.target === live) lost(); });

  function lost() {
    say("away", "Not live; trying again");
    clearTimeout(again);
    again = setTimeout(() => htmx.trigger(live, "connect"), 2000);
  }

  /* The time slider: the page follows while it is dragged. */
  document.addEventListener("input", (event) => {
    if (event.target.id !== "version") return;
    const query = new URLSearchParams(location.search);
    if (event.target.value === event.target.max) query.delete("version");
    else query.set("version", event.target.value);
    query.delete("before");
    history.replaceState(history.state, "", `${location.pathname}?${query}`);
    refresh();
  });

  /* An answer that takes long: the button turns, and what is awaited is said. */
  document.addEventListener("submit", ({ target, submitter }) => {
    const late = setTimeout(() => working(target, submitter, true), 300);
    const back = () => { clearTimeout(late); working(target, submitter, false); };
    addEventListener("pageshow", back, { once: true });
  });

  function working(form, button, now) {
    if (button) button.ariaBusy = now;
    for (const one of form.querySelectorAll("[data-while-working]")) {
      one.hidden = !now;
      if (now) announce(one.textContent);
    }
  }

  const query = new URLSearchParams(location.search);
  if (query.has("done")) {
    query.delete("done");
    history.replaceState(history.state, "", `${location.pathname}?${query}`);
  }
  for (const one of document.querySelectorAll("[data-without-script]")) one.hidden = true;
  settle();
})();
