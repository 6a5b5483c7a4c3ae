"use strict";
// Loads the WebAssembly client once the page is usable, and has it adopt the
// nodes that the server rendered. All that can be paid with works without it.
//
// Sets window.morepay = { ready, drift }: ready once the client has taken over
// (then <html data-ready> too), drift = how many nodes it had to make, change or
// remove because its tree differed from the server's. Without the client, or
// when it stops, a page that waits for a payment reloads itself now and then, and
// a wallet's payment window is opened from here.
(() => {
  const { exec, wasm, text } = document.currentScript.dataset;
  const html = document.documentElement;
  const morepay = (window.morepay = { ready: false, drift: 0 });

  async function run() {
    const [module, sentences] = await Promise.all([
      WebAssembly.compileStreaming(fetch(wasm, { priority: "low", signal: timeout(60) })),
      fetch(text, { priority: "low", signal: timeout(60) }).then((answer) => answer.text()),
      import(exec),
    ]);
    morepay.text = sentences; // the page's catalogue, for the client
    const go = new Go();
    const instance = await WebAssembly.instantiate(module, go.importObject);
    lendStorage();
    const restore = adopt(document.getElementById("checkout"));
    const exit = go.run(instance); // go-app mounts before this returns
    restore();
    if (!go.exited) {
      morepay.ready = true;
      html.dataset.ready = "";
    }
    await exit;
    throw new Error("the client stopped");
  }

  function fail(err) {
    if (!morepay.ready) openBridge();
    morepay.ready = false;
    delete html.dataset.ready;
    window.onclick = null; // go-app's, which would call into a dead program
    console.warn("morepay: this page goes on without WebAssembly:", err);
    setInterval(lookAgain, 15000);
    addEventListener("visibilitychange", lookAgain);
  }

  function lookAgain() {
    const root = document.getElementById("checkout");
    if (!document.hidden && /^(submitting|waiting)$/.test(root && root.dataset.state)) location.reload();
  }

  // In a wallet's own browser nothing but a script can open its payment window.
  // The client does; if it never came, this does, once an attempt. As ever, what
  // the wallet answers proves nothing: it is a reason to check.
  const bridges = {
    weixin: ["WeixinJSBridge", "WeixinJSBridgeReady", "invoke", "getBrandWCPayRequest"],
    alipay: ["AlipayJSBridge", "AlipayJSBridgeReady", "call", "tradePay"],
  };

  function openBridge() {
    const view = document.getElementById("view");
    const payment = view && JSON.parse(view.textContent).live.payment;
    if (!payment || !payment.bridge || payment.returned || opened(payment.attempt)) return;
    const [object, ready, method, request] = bridges[payment.bridge.name];
    const check = document.querySelector("[data-check] button");
    const open = () => window[object][method](request, payment.bridge.params, () => check.click());
    window[object] ? open() : document.addEventListener(ready, open, { once: true });
  }

  function opened(attempt) {
    try {
      const before = sessionStorage.getItem("morepay-bridge");
      sessionStorage.setItem("morepay-bridge", attempt);
      return before === attempt;
    } catch (denied) {
      return false;
    }
  }

  const timeout = (seconds) => (AbortSignal.timeout ? AbortSignal.timeout(seconds * 1000) : undefined);
  const idle = window.requestIdleCallback || ((f) => setTimeout(f));
  const start = () => idle(() => run().catch(fail), { timeout: 1000 });
  document.readyState === "complete" ? start() : addEventListener("load", start, { once: true });

  // go-app reads localStorage as it starts and dies if that is denied, as it is
  // to third-party frames in some browsers: then it gets one that forgets.
  function lendStorage() {
    for (const name of ["localStorage", "sessionStorage"]) {
      try {
        if (window[name]) continue;
      } catch (denied) {}
      const items = new Map();
      const value = {
        get length() { return items.size; },
        key: (i) => (i < items.size ? [...items.keys()][i] : null),
        getItem: (k) => (items.has(k) ? items.get(k) : null),
        setItem: (k, v) => void items.set(k, String(v)),
        removeItem: (k) => void items.delete(k),
        clear: () => items.clear(),
      };
      Object.defineProperty(window, name, { value });
    }
  }

  // adopt makes go-app's first mount take the nodes under root instead of making
  // its own, so that focus, an opened disclosure and a click in flight survive.
  // It returns a function that ends this.
  //
  // Go reaches the page through Reflect only (wasm_exec.js), so that is where we
  // step in. go-app mounts depth first: create an element, set its attributes,
  // mount its children, append it to its parent; at the very end it replaces the
  // body's first child by its root. So the elements created and not yet appended
  // are the path to where it is, and for each of them we know which of its
  // children comes next. Where that one doesn't fit, a new node is made, and
  // what nobody took is removed at the end.
  function adopt(root) {
    const { apply, set } = Reflect;
    const path = [];
    const next = new Map(); // adopted element → its first child that nobody took yet
    const D = Document.prototype, N = Node.prototype;

    const blank = (n) => n.nodeType === Node.COMMENT_NODE || (n.nodeType === Node.TEXT_NODE && !n.data.trim());
    const skip = (n) => { while (n && blank(n)) n = n.nextSibling; return n; };
    const here = () => path[path.length - 1];
    const candidate = () => (path.length ? next.get(here()) : next.size ? null : root);
    const take = (n) => {
      if (path.length) next.set(here(), skip(n.nextSibling));
      if (n.nodeType === Node.ELEMENT_NODE) next.set(n, skip(n.firstChild));
      return n;
    };
    const make = (f, self, args) => { morepay.drift++; return apply(f, self, args); };
    const element = (f, self, args, ns, tag) => {
      const n = candidate();
      const e = n && n.localName === tag && n.namespaceURI === ns ? take(n) : make(f, self, args);
      path.push(e);
      return e;
    };

    const steps = new Map([
      [D.createElement, (f, self, args) => element(f, self, args, "http://www.w3.org/1999/xhtml", args[0])],
      [D.createElementNS, (f, self, args) => element(f, self, args, args[0], args[1])],
      [D.createTextNode, (f, self, args) => {
        const n = candidate(), text = args[0].trim();
        if (!text || !n || n.nodeType !== Node.TEXT_NODE) return make(f, self, args);
        if (n.data.trim() !== text) { morepay.drift++; n.data = args[0]; } // the server's HTML is indented
        return take(n);
      }],
      [Element.prototype.setAttribute, (f, self, args) => {
        if (self.getAttribute(args[0]) !== String(args[1])) apply(f, self, args);
      }],
      [N.appendChild, (f, self, [child]) => {
        const i = path.lastIndexOf(child);
        if (i >= 0) path.length = i;
        return child.parentNode === self ? child : self.insertBefore(child, next.get(self) || null);
      }],
      [N.replaceChild, (f, self, [mounted, old]) => {
        restore();
        for (let n of next.values()) {
          while (n) { const after = n.nextSibling; n.remove(); morepay.drift++; n = after; }
        }
        if (mounted !== root) root.replaceWith(mounted); // not old: an extension may have put its own element first
        return old;
      }],
    ]);

    const restore = () => Object.assign(Reflect, { apply, set });
    Reflect.apply = (f, self, args) => { const step = steps.get(f); return step ? step(f, self, args) : apply(f, self, args); };
    Reflect.set = (o, k, v) => (next.has(o) && o[k] === v) || set(o, k, v);
    return restore;
  }
})();
