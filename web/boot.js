"use strict";
// Loads the WebAssembly client once the page is usable, and has it adopt the
// nodes that the server rendered. All that can be paid with works without it.
//
// Sets window.morepay.ready and drift: ready once the client has taken over (then
// <html data-ready> too), drift = how many nodes it had to make, change or remove
// because its tree differed from the server's. Before that, and when it stops, the
// page is followed by listen.js.
(() => {
  const { exec, wasm, text } = document.currentScript.dataset;
  const html = document.documentElement;
  const morepay = window.morepay || (window.morepay = { ready: false, drift: 0, listen() {}, hush() {} });

  let download = null; // of the bundle, while it is on its way
  let yielded = false; // it was given up for a request of the payer

  // What makes a picture of a code is loaded when it is asked for. Where that fails, the
  // link leads to the bare code.
  addEventListener("click", (e) => {
    const link = e.target.closest("[data-picture]");
    if (!link || e.defaultPrevented) return;
    e.preventDefault();
    import(link.dataset.picture).then((picture) => picture.keep(link)).catch(() => location.assign(link.href));
  });

  async function run() {
    new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])); // throws where our policy's word for compiling is not known
    download = new AbortController();
    const late = setTimeout((d) => d.abort(), 60000, download);
    const [module, sentences] = await Promise.all([
      fetch(wasm, { priority: "low", signal: download.signal }).then(compile),
      fetch(text, { priority: "low", signal: timeout(60) }).then((answer) => answer.text()),
      import(exec),
    ]);
    clearTimeout(late);
    download = null;
    yielded = false;
    morepay.text = sentences; // the page's catalogue, for the client
    const go = new Go();
    const instance = await WebAssembly.instantiate(module, go.importObject);
    lendStorage();
    morepay.hush(); // before the client opens a stream: there are few for a session
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

  // compile takes the bundle as it comes, or whole: older engines have no way to
  // stream it, and none streams it under a type that something in between made up.
  async function compile(response) {
    if (!response.ok) throw new Error("no bundle: status " + response.status);
    const type = response.headers.get("Content-Type") || "";
    if (WebAssembly.compileStreaming && /^application\/wasm$/i.test(type)) return WebAssembly.compileStreaming(response);
    return WebAssembly.compile(await response.arrayBuffer());
  }

  function fail(err) {
    morepay.ready = false;
    delete html.dataset.ready;
    window.onclick = null; // go-app's, which would call into a dead program
    console.warn("morepay: this page goes on without WebAssembly:", err);
    morepay.listen();
  }

  const timeout = (seconds) => (AbortSignal.timeout ? AbortSignal.timeout(seconds * 1000) : undefined);
  const idle = window.requestIdleCallback || ((f) => setTimeout(f));
  const start = () => idle(() => run().catch((err) => (yielded ? later() : fail(err))), { timeout: 1000 });

  // What the payer asks for has the line to itself. The bundle is asked for again
  // if the page is still there after that.
  addEventListener("submit", () => {
    if (!download) return;
    yielded = true;
    download.abort();
  });
  function later() {
    yielded = false;
    setTimeout(start, 3000);
  }

  // Who pays by the byte, or waits for each, pays without the client.
  const line = navigator.connection;
  if (line && (line.saveData || /2g$/.test(line.effectiveType))) {
    morepay.listen();
    return;
  }
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
