// The merchant's loader: defines <more-payment-methods>, which shows a checkout
// session in a frame and tells what happens there as DOM events.
//
//   <script async src="https://pay.example/embed.js"></script>
//   <more-payment-methods session="TOKEN" endpoint="https://pay.example"></more-payment-methods>
//
// Attributes, methods and events: docs/embed.md; types: embed.d.ts. Events are hints
// for the page; what was paid, the shop's server hears by webhook.
(() => {
  "use strict";
  const NAME = "more-payment-methods";
  if (typeof customElements === "undefined" || customElements.get(NAME)) return;

  const script = document.currentScript;
  const HOME = script && script.src ? new URL(script.src).origin : "";
  // The origin of the page around, in a srcdoc too; "null" where there is none.
  const HERE = self.origin;
  // In milliseconds: with a page that neither comes nor fails; from the frame's load to the
  // page's word; for the browser to say whether the element is in view; for a server's answer.
  const PATIENCE = 20000, GRACE = 400, GLANCE = 200, ASKING = 5000;
  const MAX_HEIGHT = 4000; // CSS pixels
  const MAX_MESSAGE = 1024; // characters of JSON
  // Our link to the page where there is no frame, in the languages of the page.
  const LINK = {
    en: "Open the checkout", zh: "打开收银台", "zh-tw": "前往付款", ja: "お支払いへ進む", ko: "결제하기", th: "ชำระเงิน", vi: "Thanh toán",
    id: "Bayar", ms: "Bayar", fr: "Payer", de: "Bezahlen", es: "Pagar", pt: "Pagar", ru: "Оплатить", ar: "الدفع",
  };
  // What the page may do in our frame. It leaves the frame only on the payer's own click:
  // to a wallet, or to a new tab where the shop's own frame lets no wallet open.
  // Downloads are for saving the picture of a QR code.
  const SANDBOX = "scripts same-origin forms downloads top-navigation-by-user-activation popups popups-to-escape-sandbox".replace(/\S+/g, "allow-$&");
  // The height is that of the tallest screen of an ordinary checkout, so that nothing
  // around it ever moves. The frame asks for all the width there is, which parents that
  // fit their content (flex, grid, table) would not give to 100% alone.
  const SHEET = `:host{display:block;width:100%;min-height:var(--mpm-height,720px)}:host([hidden]){display:none}
@media(max-width:600px){:host{min-height:var(--mpm-height,880px)}}
div{min-height:inherit}iframe{display:block;width:100vw;max-width:100%;min-height:inherit;border:0}
.wait{background:repeating-linear-gradient(#8882 0 56px,#0000 0 68px) 0 0/100% 260px no-repeat}
.failed iframe,a,slot{display:none}.failed a[href]:not([hidden]),.failed slot{display:block}`;

  // The messages that the page may send, and the fields of their details: texts, if
  // CHECKS doesn't know better.
  const MESSAGES = {
    ready: [],
    resize: ["height"],
    methodschange: ["methods"],
    shown: ["methods"],
    select: ["method", "rail"],
    beforeredirect: ["method", "rail"],
    fallback: ["method", "from", "to"],
    statuschange: ["state"],
    action: ["rail"],
    error: ["code", "retryable"],
    connection: ["online"],
    abandon: [],
    complete: [],
    expire: [],
    cancel: [],
  };
  const text = (v) => typeof v === "string";
  const truth = (v) => typeof v === "boolean";
  const CHECKS = { height: Number.isFinite, methods: (v) => Array.isArray(v) && v.every(text), retryable: truth, online: truth };
  // Those that tell what happens. The others tell how things are, and the page says so
  // again after each load.
  const MOMENTS = ["select", "fallback", "abandon"];

  // The attributes that become words of the page's address.
  const LOOK = ["locale", "theme", "layout", "visible-count", "method-order", "allow-methods", "remove-methods", "open-method"];
  const FLAGS = ["remember", "hold-redirect"];
  const RELOADING = ["session", "endpoint", ...LOOK];

  // bad returns the error of an attribute.
  function bad(attribute, problem) {
    return Object.assign(new Error(`<${NAME}>: ${attribute} ${problem}`), { attribute });
  }

  // read returns {type, session, detail} with just the known fields, or null.
  function read(data) {
    if (!data || data.mpm !== 1 || !MESSAGES.hasOwnProperty(data.type)) return null;
    if (!data.detail || JSON.stringify(data).length > MAX_MESSAGE) return null;
    const detail = {};
    for (const field of MESSAGES[data.type]) {
      const value = data.detail[field];
      if (!(CHECKS[field] || text)(value)) return null;
      detail[field] = value;
    }
    return { type: data.type, session: data.session, detail };
  }

  // origin returns an endpoint that this page may frame. Plain http is for shops that
  // are under development and served by plain http themselves.
  function origin(endpoint) {
    if (HERE === "null") throw bad("endpoint", "can't be framed in a page without origin (file:, sandbox): link to the session's url");
    if (!endpoint) throw bad("endpoint", "is missing: only a classic script knows where it came from");
    const [found, secure] = /^http(s?):\/\/[^/?#@]+(?=\/?$)/.exec(endpoint) || [];
    if (secure || (found && HERE.startsWith("http:"))) return found;
    throw bad("endpoint", "must be an https origin without a path, such as https://pay.example");
  }

  // set puts what there is of words into an address.
  function set(url, words) {
    for (const name in words) if (words[name]) url.searchParams.set(name, words[name]);
  }

  // link returns the text of our link in the language of the element or its page.
  function link(locale) {
    const tag = (locale || document.documentElement.lang || navigator.language).toLowerCase();
    return LINK[/^zh-(tw|hk|mo|hant)/.test(tag) ? "zh-tw" : tag.split("-")[0]] || LINK.en;
  }

  // last returns the method that was chosen last, and keeps another, in the shop's storage.
  function last(method) {
    const key = NAME + ".last";
    try {
      if (method) localStorage.setItem(key, method);
      return localStorage.getItem(key);
    } catch (denied) {}
  }

  // ask returns an answer of JSON, of a server that need not know who asks.
  async function ask(url) {
    const signal = self.AbortSignal && AbortSignal.timeout && AbortSignal.timeout(ASKING);
    const answer = await fetch(url, { credentials: "omit", signal });
    if (!answer.ok) throw Object.assign(new Error(answer.status + " " + url), { answer });
    return answer.json();
  }

  // reason returns why a page is not shown, as far as its server says.
  async function reason(page) {
    try {
      const { reason, origin } = await ask(page + "/reason");
      if (/^session_/.test(reason)) return { code: reason, retryable: false };
      if (reason !== "ok") return { code: reason, retryable: false, origin };
    } catch (failed) {
      if (!failed.answer) return { code: "unreachable", retryable: true };
    }
    return { code: "load_failed", retryable: true };
  }

  class MorePaymentMethods extends HTMLElement {
    static get observedAttributes() { return [...RELOADING, "hold-redirect"]; }

    // eligibility asks what an order could be paid with here, before there is a session.
    static async eligibility({ merchant, amount, currency, items, endpoint }) {
      const url = new URL(`/v1/merchants/${merchant}/eligibility`, origin(endpoint || HOME));
      set(url, { amount, currency, items: text(items) ? items : JSON.stringify(items) });
      return ask(url);
    }

    constructor() {
      super();
      this._height = 0;
      this._box = document.createElement("div");
      this._link = document.createElement("a");
      this._link.target = "_blank";
      this._box.append(this._link, document.createElement("slot"));
      this.attachShadow({ mode: "open" }).append(this._box);
    }

    connectedCallback() {
      this._dress();
      for (const name of PROPERTIES) {
        if (!this.hasOwnProperty(name)) continue;
        const value = this[name]; // set before this script was there
        delete this[name];
        this[name] = value;
      }
      addEventListener("message", this);
      addEventListener("online", this);
      this._loadSoon();
    }

    disconnectedCallback() {
      removeEventListener("message", this);
      removeEventListener("online", this);
      this._drop();
    }

    // An element that is moved with moveBefore keeps its frame.
    connectedMoveCallback() {}

    attributeChangedCallback(name, before, after) {
      if (name === "hold-redirect") this._hold();
      else if (before !== after) this._loadSoon();
    }

    // dress gives the element its looks without an attribute that a framework would
    // miss or a policy forbid. Another document's sheet is not taken.
    _dress() {
      const root = this.shadowRoot;
      try {
        const sheet = new this.ownerDocument.defaultView.CSSStyleSheet();
        sheet.replaceSync(SHEET);
        root.adoptedStyleSheets = [sheet];
      } catch (old) {
        const style = document.createElement("style");
        style.textContent = SHEET;
        this._box.prepend(style);
      }
    }

    // reload shows the session anew in a fresh frame, as after mpm:loaderror: another
    // address in a frame that stands would be an entry in the history of the shop's page.
    // The address says if the payer sees it, so that only then an order is made for a code.
    reload() {
      this._drop();
      this._watch(() => this._load());
    }

    refresh() { this._post("refresh"); }

    checkStatus() { this._post("check"); }

    open(method) { this._post("open", { method }); }

    cancel() { this._post("cancel"); }

    eligibility() { return MorePaymentMethods.eligibility(this); }

    // watch calls ready once it is known whether the element is in view, or soon. When it
    // comes into view later, the page is told.
    _watch(ready) {
      this._seen = false;
      if (typeof IntersectionObserver === "undefined") return ready();
      const once = () => {
        clearTimeout(this._glance);
        if (ready) ready();
        ready = null;
      };
      this._glance = setTimeout(once, document.hidden ? 0 : GLANCE);
      this._observer = new IntersectionObserver((entries) => {
        if (!document.hidden && entries.some((e) => e.isIntersecting)) {
          this._seen = true;
          this._observer.disconnect();
          this._post("seen");
        }
        once();
      });
      this._observer.observe(this);
    }

    // drop ends what was shown.
    _drop() {
      [this._glance, this._timer, this._late].forEach(clearTimeout);
      if (this._observer) this._observer.disconnect();
      if (this._frame) this._frame.remove();
      this._frame = null;
      this._ready = this._heard = this._late = this._again = false;
      this._box.className = "wait";
    }

    _load() {
      try {
        const url = this._address();
        if (url) this._show(url);
      } catch (e) {
        if (!e.attribute) throw e;
        console.error(e.message);
        this._box.className = "failed";
        this._tell("error", { code: "bad_attribute", retryable: false, attribute: e.attribute });
      }
    }

    // address is the URL of the page to show, or nothing as long as there is nothing to show.
    _address() {
      const token = this.session;
      this._link.removeAttribute("href");
      if (!token) return;
      if (!/^[\w-]{20,200}$/.test(token)) throw bad("session", "must be the token of a session");
      const url = new URL("/pay/" + token, origin(this.endpoint || HOME));
      this._link.href = url;
      set(url, { parent: HERE, seen: this._seen && 1, last: this.remember && last(), ...this._words() });
      return url;
    }

    // words returns what attributes say by the names that the page's address has for
    // them: visible for visible-count.
    _words() {
      const words = {};
      for (const attribute of LOOK) {
        let value = this.getAttribute(attribute) || "";
        if (attribute === "theme" && !value) value = getComputedStyle(this).getPropertyValue("--mpm-theme");
        if (/[^\w -]/.test(value)) throw bad(attribute, `can't be "${value}"`);
        words[attribute.replace(/-?(methods?|count)-?/, "")] = value.trim().replace(/ +/g, ".");
      }
      return words;
    }

    _show(url) {
      const subject = url.origin + url.pathname;
      if (this._subject !== subject) this._told = { connection: '{"online":true}' };
      this._subject = subject;
      this._origin = url.origin;
      this._session = undefined;
      const frame = (this._frame = document.createElement("iframe"));
      frame.allow = "clipboard-write";
      frame.referrerPolicy = "strict-origin-when-cross-origin";
      frame.setAttribute("sandbox", SANDBOX);
      frame.style.height = this._height + "px";
      frame.title = this._link.textContent = link(this.locale);
      frame.src = url;
      // The page says that it is ready before its frame has loaded. Whatever else loads
      // there is none of ours: a browser's page for a failure.
      frame.onload = () => {
        if (!this._heard) this._late = setTimeout(() => this._fail(), GRACE);
        this._heard = false;
      };
      this._timer = setTimeout(() => this._fail(), PATIENCE);
      this._box.append(frame);
    }

    async _fail() {
      const frame = this._frame, page = this._link.href;
      clearTimeout(this._timer);
      this._ready = false;
      this._box.className = "failed";
      this._link.hidden = this.childElementCount > 0;
      const why = await reason(page);
      if (this._frame !== frame || this._ready) return; // shown anew, or late
      this._again = why.retryable;
      delete this._told.ready;
      this._tell("loaderror", why);
      this._tell("error", why);
    }

    // Several attributes may be set in a row, and listeners added after them.
    _loadSoon() {
      if (this._soon || !this.isConnected) return;
      this._soon = setTimeout(() => {
        this._soon = 0;
        if (this.isConnected) this.reload();
      });
    }

    // handleEvent gets every message to this window, and that the browser is online again.
    handleEvent(e) {
      if (e.type === "online") return this._again && this.reload();
      if (!this._frame || e.source !== this._frame.contentWindow || e.origin !== this._origin) return;
      const message = read(e.data);
      if (!message) return;
      const { type, session, detail } = message;
      if (this._session === undefined) this._session = session;
      if (this._session !== session) return;
      if (type === "select" && this.remember) last(detail.method);
      if (type === "ready") this._onReady(e.data.detail.title);
      if (type === "resize") this._grow(detail.height);
      else if (type === "beforeredirect") this._onRedirect(detail);
      else this._news(type, detail);
    }

    // What is around the element must not move: it gets no smaller while it stands.
    _grow(height) {
      this._height = Math.max(this._height, Math.min(height, MAX_HEIGHT));
      this._frame.style.height = this._height + "px";
    }

    _onReady(title) {
      if (text(title)) this._frame.title = title;
      clearTimeout(this._timer);
      clearTimeout(this._late);
      this._heard = !this._late;
      this._late = 0;
      this._ready = true;
      this._box.className = "";
      this._hold();
      if (this._seen) this._post("seen");
      this._news("connection", { online: true });
    }

    _hold() { this._post("hold", { on: this.holdRedirect }); }

    _onRedirect(detail) {
      const go = this._tell("beforeredirect", detail, this.holdRedirect);
      if (this.holdRedirect) this._post("answer", { go });
    }

    // news tells how things are if that is not what was told before.
    _news(type, detail) {
      const now = type === "shown" ? "" : JSON.stringify(detail);
      if (!MOMENTS.includes(type) && this._told[type] === now) return;
      if (type === "statuschange") delete this._told.action; // the same rail again is another action
      if (type === "statuschange" || type === "select") delete this._told.error;
      this._told[type] = now;
      this._tell(type, detail);
    }

    _post(type, more) {
      if (this._ready) this._frame.contentWindow.postMessage({ mpm: 1, type, ...more }, this._origin);
    }

    // tell tells the shop's page, and the native app around that one.
    _tell(type, fields, cancelable = false) {
      const session = this._session || "";
      const message = { mpm: 1, type, session, detail: fields };
      const apple = self.webkit && webkit.messageHandlers && webkit.messageHandlers.morepay;
      if (apple) apple.postMessage(message);
      if (self.MorePayHost) MorePayHost.postMessage(JSON.stringify(message));
      return this.dispatchEvent(new CustomEvent("mpm:" + type, { detail: { ...fields, session }, bubbles: true, composed: true, cancelable }));
    }
  }

  // A property for each attribute, such as visibleCount for visible-count.
  const PROPERTIES = [...RELOADING, ...FLAGS].map((attribute) => {
    const flag = FLAGS.includes(attribute), name = attribute.replace(/-./g, (c) => c[1].toUpperCase());
    Object.defineProperty(MorePaymentMethods.prototype, name, {
      configurable: true,
      get() { return flag ? this.hasAttribute(attribute) : this.getAttribute(attribute) || ""; },
      set(v) {
        if (v === undefined || v === null || v === false) this.removeAttribute(attribute);
        else this.setAttribute(attribute, v === true ? "" : v);
      },
    });
    return name;
  });
  self.MorePaymentMethods = MorePaymentMethods;
  customElements.define(NAME, MorePaymentMethods);
})();
