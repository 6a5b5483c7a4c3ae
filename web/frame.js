"use strict";
// Tells the merchant's page around ours, or the native app around us, what
// happens here, before and without the WebAssembly client: it reads the HTML that
// the server and the client both keep. All it changes there is what the page said
// before a code which did not come (data-state, data-title).
//
// Messages are {mpm: 1, type, detail}. They go to the one origin that the server
// allowed (data-parent), and are hints: the merchant's server learns the truth
// by webhook. A reload repeats what still holds; embed.js drops the repeats.
(() => {
  const { parent: origin, unseen, state: instead, title } = document.currentScript.dataset;
  const framed = window.parent !== window;
  const ends = { paid: "complete", expired: "expire", canceled: "cancel" };

  function tell(type, detail) {
    const message = { mpm: 1, type, detail };
    if (framed) {
      if (origin) parent.postMessage(message, origin);
      return;
    }
    const apple = window.webkit && window.webkit.messageHandlers && window.webkit.messageHandlers.morepay;
    if (apple) apple.postMessage(message);
    if (window.MorePayHost) window.MorePayHost.postMessage(JSON.stringify(message));
  }

  if (instead) {
    const root = document.getElementById("checkout");
    document.title = title;
    root.dataset.state = instead;
    delete root.dataset.rail;
  }

  // What the page shows, told when it changes.
  const told = {};
  function changed(type, detail) {
    const now = JSON.stringify(detail);
    if (told[type] === now) return;
    told[type] = now;
    if (detail) tell(type, detail);
  }
  function look() {
    const root = document.getElementById("checkout");
    if (!root) return;
    const { state, rail } = root.dataset;
    const choosing = state === "select" || state === "failed";
    const error = root.querySelector("[data-error]");
    changed("statuschange", { state });
    if (choosing) {
      const offered = [...root.querySelectorAll("[data-method]:not([data-reason])")].map((e) => e.dataset.method).join(" ").split(" ");
      changed("methodschange", { methods: [...new Set(offered)] });
    }
    changed("action", state === "waiting" && rail ? { rail } : null);
    changed("error", error ? { code: error.dataset.error, retryable: choosing } : null);
    if (ends[state]) changed(ends[state], {});
  }
  new MutationObserver(look).observe(document.body, {
    subtree: true, childList: true, attributeFilter: ["data-state", "data-rail", "data-method", "data-reason", "data-error"],
  });

  // What the payer does. A hand-off that the merchant wants to be asked about is
  // held until the answer, which must be quick: the browser lets a click leave
  // the frame only for a moment.
  let untouched = true;
  addEventListener("pointerdown", () => { untouched = false; }, true);
  addEventListener("keydown", () => { untouched = false; }, true);
  const patience = 250; // milliseconds
  let holding = false;
  let held = null;
  function answer(go) {
    if (!held) return;
    const { form, submitter, timer } = held;
    clearTimeout(timer);
    held = go ? { form, released: true } : null;
    if (!go) return;
    form.requestSubmit ? form.requestSubmit(submitter) : form.submit();
    held = null;
  }
  addEventListener("submit", (e) => {
    const form = e.target;
    if (held && held.released && held.form === form) return;
    const data = new FormData(form);
    const method = data.get("method"), to = data.get("rail"), root = document.getElementById("checkout");
    if (!method || !to) return;
    tell("select", { method, rail: to });
    const from = root && root.dataset.rail;
    if (from && from !== to) tell("fallback", { method, from, to });
    if (form.target !== "_top") return;
    if (holding) {
      e.preventDefault();
      e.stopImmediatePropagation();
      if (held) clearTimeout(held.timer);
      held = { form, submitter: e.submitter || null, timer: setTimeout(() => answer(true), patience) };
    }
    tell("beforeredirect", { method, rail: to });
  }, true);

  // seen loads the page again that comes with a code once somebody sees it (data-unseen),
  // unless the payer has begun without.
  function seen() {
    const root = document.getElementById("checkout");
    if (!unseen || !untouched || !root || root.dataset.state !== "select") return;
    untouched = false;
    const address = new URL(location.href);
    address.searchParams.set("seen", "1");
    location.replace(address.href);
  }

  if (framed && origin) {
    addEventListener("message", (e) => {
      if (e.source !== parent || e.origin !== origin || !e.data || e.data.mpm !== 1) return;
      if (e.data.type === "hold") holding = true;
      if (e.data.type === "seen") seen();
      if (e.data.type === "answer") answer(e.data.go === true);
    });
    const html = document.documentElement;
    new ResizeObserver(() => tell("resize", { height: Math.ceil(html.getBoundingClientRect().height) })).observe(html);
  }
  tell("ready", {});
  look();
})();
