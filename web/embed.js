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
  const TOKEN = /^[\w-]{20,200}$/;
  // Our link to the page where there is no frame, in the languages of the page.
  const LINK = {
    en: "Open the checkout", zh: "打开收银台", "zh-tw": "前往付款", ja: "お支払い", ko: "결제하기", th: "ชำระเงิน", vi: "Thanh toán",
    id: "Bayar", ms: "Bayar", fr: "Payer", de: "Bezahlen", es: "Pagar", pt: "Pagar", ru: "Оплатить", ar: "الدفع",
  };
  // The frame asks for all the width there is, which parents that fit their content
  // (flex, grid, table) would not give to 100% alone.
  const SHEET = `:host{display:block;width:100%}:host([hidden]){display:none}
iframe{display:block;width:100vw;max-width:100%;min-height:inherit;border:0}
.wait{background:repeating-linear-gradient(#8882 0 56px,#0000 0 68px) 0 0/100% 260px no-repeat}
.failed iframe,a,slot{display:none}a{padding:1em;color:inherit}.failed a[href]:not([hidden]),.failed slot{display:block}`;

  // The messages that the page may send, and the fields of their details: texts, if
  // CHECKS doesn't know better.
  const MESSAGES = {
    ready: "title",
    resize: "height",
    methodschange: "methods",
    shown: "methods",
    select: "method rail",
    createsession: "method rail amount currency",
    beforeredirect: "method rail",
    fallback: "method from to",
    statuschange: "state",
    action: "rail",
    error: "code retryable",
    connection: "online",
    abandon: "",
    complete: "",
    expire: "",
    cancel: "",
  };
  const text = (v) => typeof v === "string";
  const flat = (v) => (typeof v === "object" ? JSON.stringify(v) : v);
  const truth = (v) => v === !!v;
  const CHECKS = { height: Number.isFinite, amount: Number.isFinite, methods: (v) => Array.isArray(v) && v.every(text), retryable: truth, online: truth };

  // The attributes that become words of the page's address.
  const LOOK = ["locale", "theme", "layout", "visible-count", "method-order", "allow-methods", "remove-methods", "open-method"];
  const ORDER = ["merchant", "amount", "currency", "items"];
  const HEARD = ["message", "online"];
  const FLAGS = ["remember", "hold-redirect"];
  const RELOADING = ["session", "endpoint", ...LOOK, ...ORDER];

  // bad returns the error of an attribute.
  function bad(attribute, problem) {
    return Object.assign(new Error(`<${NAME}>: ${attribute} ${problem}`), { attribute });
  }

  // read returns {type, session, detail} of a small message with just the known fields, or
  // null.
  function read(data) {
    if (!data || data.mpm !== 1 || !MESSAGES.hasOwnProperty(data.type) || !data.detail || JSON.stringify(data).length > 1024) return null;
    const detail = {};
    for (const field of MESSAGES[data.type].match(/\w+/g) || []) {
      const value = data.detail[field];
      if (!(CHECKS[field] || text)(value)) return null;
      detail[field] = value;
    }
    return { type: data.type, session: data.session, detail };
  }

  // origin returns an endpoint that this page may frame. Plain http is for shops that
  // are under development and served by plain http themselves.
  function origin(endpoint) {
    if (HERE === "null") throw bad("endpoint", "can't be framed without an origin (file:, sandbox): link to it");
    if (!endpoint) throw bad("endpoint", "is missing, which a module needs");
    const [found, secure] = /^http(s?):\/\/[^/?#@]+(?=\/?$)/.exec(endpoint) || [];
    if (secure || (found && HERE.startsWith("http:"))) return found;
    throw bad("endpoint", "must be an https origin without a path");
  }

  function set(url, name, value) {
    if (value) url.searchParams.set(name, flat(value));
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

  // ask returns an answer of JSON. The checkout need not know who asks.
  async function ask(url, options = { credentials: "omit" }) {
    const signal = AbortSignal.timeout && AbortSignal.timeout(5000);
    const answer = await fetch(url, { signal, ...options });
    if (!answer.ok) throw Object.assign(new Error(answer.status + " " + url), { answer });
    return answer.json();
  }

  // reason returns why a page is not shown, as far as its server says.
  async function reason(page) {
    let code = "load_failed";
    try {
      const { reason, origin } = await ask(page + "/reason");
      if (reason !== "ok") return { code: reason, retryable: false, origin };
    } catch (failed) {
      if (!failed.answer) code = "unreachable";
    }
    return { code, retryable: true };
  }

  class MorePaymentMethods extends HTMLElement {
    static get observedAttributes() { return [...RELOADING, "hold-redirect"]; }

    // eligibility asks what an order could be paid with here, before there is a session.
    static async eligibility(order) {
      const url = new URL(`/v1/merchants/${encodeURIComponent(order.merchant)}/eligibility`, origin(order.endpoint || HOME));
      ORDER.slice(1).forEach((name) => set(url, name, order[name]));
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
      const early = { ...this }; // set before this script was there
      for (const name of PROPERTIES) {
        if (!(name in early)) continue;
        delete this[name];
        this[name] = early[name];
      }
      HEARD.forEach((type) => addEventListener(type, this));
      // The tallest screen of an ordinary checkout, whose page has columns from 832 px on, so
      // that nothing around ever moves.
      this._resize({ height: parseInt(this._style("--mpm-height")) || ((this.clientWidth || innerWidth) < 832 ? 1080 : 884) });
      this._loadSoon();
    }

    disconnectedCallback() {
      HEARD.forEach((type) => removeEventListener(type, this));
      this._drop();
    }

    // An element that is moved with moveBefore keeps its frame.
    connectedMoveCallback() {}

    attributeChangedCallback(name, before, after) {
      if (name === "hold-redirect") this._hold();
      else if (before !== after) {
        if (ORDER.includes(name)) this._token = "";
        this._loadSoon();
      }
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
        if (!root.querySelector("style")) this._box.prepend(style);
      }
    }

    // reload shows the session anew in a fresh frame, as after mpm:loaderror: another
    // address in a frame that stands would be an entry in the history of the shop's page.
    // The address says if the payer sees it, so that only then an order is made for a code.
    reload() {
      this._drop();
      this._watch();
    }

    refresh() { this._post("refresh"); }

    checkStatus() { this._post("check"); }

    open(method) { this._post("open", { method }); }

    cancel() { this._post("cancel"); }

    eligibility() { return MorePaymentMethods.eligibility(this); }

    // watch loads once it is known whether the element is in view, or soon. When it comes
    // into view later, the page is told.
    _watch() {
      this._seen = false;
      const load = () => {
        clearTimeout(this._glance);
        if (this._glance) this._load();
        this._glance = 0;
      };
      this._glance = setTimeout(load, document.hidden ? 0 : 200);
      if (!self.IntersectionObserver) return;
      this._observer = new IntersectionObserver((entries) => {
        if (!document.hidden && entries.some((e) => e.isIntersecting)) {
          this._seen = true;
          this._observer.disconnect();
          this._post("seen");
        }
        load();
      });
      this._observer.observe(this);
    }

    // drop ends what was shown.
    _drop() {
      [this._glance, this._timer, this._late].forEach(clearTimeout);
      if (this._observer) this._observer.disconnect();
      if (this._frame) this._frame.remove();
      this._frame = null;
      this._live = this._heard = this._late = this._again = false;
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

    // address is the URL of the page to show, or nothing as long as there is nothing to
    // show: the page of a session, or without one the list for an order.
    _address() {
      const token = this.session || this._token;
      this._link.removeAttribute("href");
      if (!token && !this.merchant) return;
      if (token && !TOKEN.test(token)) throw bad("session", "must be the token of a session");
      const url = new URL(token ? "/pay/" + token : "/offer", origin(this.endpoint || HOME));
      if (token) this._link.href = url;
      else if (this.amount % 1 !== 0) throw bad("amount", "must be whole");
      else ORDER.forEach((name) => set(url, name, this[name]));
      set(url, "parent", HERE);
      set(url, "seen", this._seen && 1);
      set(url, "last", this.remember && last());
      for (const attribute of LOOK) {
        const value = (this.getAttribute(attribute) || (attribute === "theme" && this._style("--mpm-theme")) || "").trim();
        if (/[^\w\s-]/.test(value)) throw bad(attribute, `can't be "${value}"`);
        // such as visible for visible-count
        set(url, attribute.replace(/-?(methods?|count)-?/, ""), value.replace(/\s+/g, "."));
      }
      for (const name in this._go) set(url, name, this._go[name]);
      this._go = null;
      return url;
    }

    _style(property) { return getComputedStyle(this).getPropertyValue(property); }

    _show(url) {
      const subject = url.origin + url.pathname;
      if (this._subject !== subject) this._told = { connection: '{"online":true}' };
      this._subject = subject;
      this._origin = url.origin;
      this._session = undefined;
      const fail = () => this._fail();
      this._timer = setTimeout(fail, 20000);
      this._frame = Object.assign(document.createElement("iframe"), {
        allow: "web-share;clipboard-write",
        referrerPolicy: "strict-origin-when-cross-origin",
        // The page leaves the frame only on the payer's own click: to a wallet, or to a new tab
        // where the shop's own frame lets no wallet open. Downloads are for the picture of a code.
        sandbox: "allow-scripts allow-same-origin allow-forms allow-downloads allow-top-navigation-by-user-activation allow-popups allow-popups-to-escape-sandbox",
        title: (this._link.textContent = link(this.locale)),
        src: url,
        // The page says that it is ready before its frame has loaded. Whatever else loads
        // there is none of ours: a browser's page for a failure. Some say not even that.
        onload: () => {
          if (!this._heard) this._late = setTimeout(fail, 400);
          this._heard = false;
        },
      });
      this._box.append(this._frame);
    }

    async _fail() {
      const frame = this._frame, page = this._link.href;
      clearTimeout(this._timer);
      this._live = false;
      this._box.className = "failed";
      this._link.hidden = this.childElementCount > 0;
      const why = page ? await reason(page) : { code: "load_failed", retryable: true };
      if (this._frame !== frame || this._live) return; // shown anew, or late
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
      const { type, session, detail } = message, own = this["_" + type];
      if (this._session === undefined) this._session = session;
      if (this._session !== session) return;
      if (type === "select" && this.remember) last(detail.method);
      if (own) own.call(this, detail);
      else this._news(type, detail);
    }

    // What is around the element must not move: it gets no smaller while it stands.
    _resize({ height }) {
      this._height = Math.max(this._height, Math.min(height, 4000));
      this._box.style.minHeight = this._height + "px";
    }

    _ready({ title }) {
      this._frame.title = title;
      clearTimeout(this._timer);
      clearTimeout(this._late);
      this._heard = !this._late;
      this._late = 0;
      this._live = true;
      this._box.className = "";
      this._hold();
      if (this._seen) this._post("seen");
      this._news("ready", {});
      this._news("connection", { online: true });
    }

    _hold() { this._post("hold", { on: this.holdRedirect }); }

    _beforeredirect(detail) {
      const go = this._tell("beforeredirect", detail, this.holdRedirect);
      if (this.holdRedirect) this._post("answer", { go });
    }

    // createsession has the shop make a session for what the payer chose, and shows it.
    _createsession(order) {
      let answered;
      const respond = async (answer) => {
        answered = true;
        try {
          this._token = TOKEN.exec(await answer)[0];
          this._go = { open: order.method, was: order.amount, go: 1 };
          this._loadSoon();
        } catch (failed) {
          console.error(failed);
          this._tell("error", { code: "session_failed", retryable: true });
        }
      };
      this._tell("createsession", order, false, { respond });
      const { sessionUrl, merchant, items } = this;
      const options = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ ...order, merchant, items }) };
      if (sessionUrl && !answered) respond(ask(sessionUrl, options).then(({ token }) => token));
    }

    // news tells what happens, and how things are if that is not what was told before: the
    // page says it again after each load.
    _news(type, detail) {
      const now = type === "shown" ? "" : JSON.stringify(detail);
      if (!/select|fallback|abandon/.test(type) && this._told[type] === now) return;
      // The same rail or error again is another then.
      if (/statuschange|select/.test(type)) this._told.action = this._told.error = "";
      this._told[type] = now;
      this._tell(type, detail);
    }

    _post(type, more) {
      if (this._live) this._frame.contentWindow.postMessage({ mpm: 1, type, ...more }, this._origin);
    }

    // tell tells the shop's page, and the native app around that one.
    _tell(type, fields, cancelable = false, more = {}) {
      const session = this._session || "";
      const message = { mpm: 1, type, session, detail: fields };
      try {
        webkit.messageHandlers.morepay.postMessage(message);
      } catch (elsewhere) {}
      if (self.MorePayHost) MorePayHost.postMessage(JSON.stringify(message));
      return this.dispatchEvent(new CustomEvent("mpm:" + type, { detail: { ...fields, ...more, session }, bubbles: true, composed: true, cancelable }));
    }
  }

  // A property for each attribute, such as visibleCount for visible-count.
  const PROPERTIES = [...RELOADING, ...FLAGS, "session-url"].map((attribute) => {
    const flag = FLAGS.includes(attribute), name = attribute.replace(/-./g, (c) => c[1].toUpperCase());
    Object.defineProperty(MorePaymentMethods.prototype, name, {
      get() {
        const value = this.getAttribute(attribute) || "";
        return flag ? this.hasAttribute(attribute) : /amount|count/.test(attribute) ? +value : value;
      },
      set(v) {
        if (v == null || v === false) this.removeAttribute(attribute);
        else this.setAttribute(attribute, v === true ? "" : flat(v));
      },
    });
    return name;
  });
  self.MorePaymentMethods = MorePaymentMethods;
  customElements.define(NAME, MorePaymentMethods);
})();
