// The merchant's loader: defines <more-payment-methods>, which shows a checkout
// session in a frame and tells what happens there as DOM events.
//
//   <script async src="https://pay.example/embed.js"></script>
//   <more-payment-methods session="TOKEN" endpoint="https://pay.example"></more-payment-methods>
//
// Attributes: session (the token), endpoint (origin of the checkout; by default
// where this script came from), locale (BCP 47), theme (words such as "dark plain",
// by default those of the CSS property --mpm-theme), hold-redirect (the shop's page
// may cancel mpm:beforeredirect). Events and types: embed.d.ts. Events are hints
// for the page; what was paid, the shop's server hears by webhook.
(() => {
  "use strict";
  const NAME = "more-payment-methods";
  if (typeof customElements === "undefined" || customElements.get(NAME)) return;

  const script = document.currentScript;
  const HOME = script && script.src ? new URL(script.src).origin : "";
  const PATIENCE = 20000; // milliseconds until mpm:error load_failed
  const GLANCE = 200; // milliseconds for the browser to say whether the element is in view
  const HEIGHT = { first: 480, min: 120, max: 4000 }; // CSS pixels
  const MAX_MESSAGE = 1024; // characters of JSON
  // What the page calls the list, in its languages.
  const TITLES = {
    en: "More payment methods", zh: "更多支付方式", "zh-tw": "更多付款方式", "zh-hk": "更多付款方式", ja: "その他のお支払い方法", ko: "다른 결제 수단",
    th: "วิธีชำระเงินอื่น", vi: "Cách thanh toán khác", id: "Cara bayar lainnya", ms: "Cara bayaran lain",
    fr: "Autres moyens de paiement", de: "Weitere Zahlungsarten", es: "Más formas de pago", pt: "Mais formas de pagamento",
    ru: "Другие способы оплаты", ar: "المزيد من طرق الدفع", "zh-hant": "更多付款方式",
  };
  // What the page may do in our frame. It leaves the frame only on the payer's
  // own click; allow-downloads is for saving the picture of a QR code.
  const SANDBOX = "allow-scripts allow-same-origin allow-forms allow-downloads allow-top-navigation-by-user-activation";

  const text = (v) => typeof v === "string";
  const texts = (v) => Array.isArray(v) && v.every(text);
  // The messages that the page may send, and what their details must be.
  const MESSAGES = {
    ready: {},
    resize: { height: Number.isFinite },
    methodschange: { methods: texts },
    select: { method: text, rail: text },
    beforeredirect: { method: text, rail: text },
    fallback: { method: text, from: text, to: text },
    statuschange: { state: text },
    action: { rail: text },
    error: { code: text, retryable: (v) => typeof v === "boolean" },
    complete: {},
    expire: {},
    cancel: {},
  };
  // Those that tell how things are. The page says so again after each reload.
  const LASTING = ["methodschange", "statuschange", "action", "complete", "expire", "cancel"];

  // read returns {type, detail} with just the known fields, or null.
  function read(data) {
    if (!data || data.mpm !== 1 || !Object.prototype.hasOwnProperty.call(MESSAGES, data.type)) return null;
    if (!data.detail || JSON.stringify(data).length > MAX_MESSAGE) return null;
    const detail = {};
    for (const [field, valid] of Object.entries(MESSAGES[data.type])) {
      if (!valid(data.detail[field])) return null;
      detail[field] = data.detail[field];
    }
    return { type: data.type, detail };
  }

  // address is the URL of the page to show; it throws a BadAttribute.
  function address(element) {
    const session = element.getAttribute("session") || "";
    if (!/^[\w-]{20,200}$/.test(session)) throw new BadAttribute("session", "must be the token of a session");
    const endpoint = origin(element.getAttribute("endpoint") || HOME);
    if (!endpoint) throw new BadAttribute("endpoint", "must be an https origin, such as https://pay.example");
    const locale = element.getAttribute("locale") || "";
    if (!/^([A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*)?$/.test(locale)) throw new BadAttribute("locale", "must be a BCP 47 tag, such as zh-CN");
    const theme = (element.getAttribute("theme") || getComputedStyle(element).getPropertyValue("--mpm-theme")).trim();
    if (!/^[a-z ]*$/.test(theme)) throw new BadAttribute("theme", "must be words, such as dark plain");
    const url = new URL("/pay/" + session, endpoint);
    url.searchParams.set("parent", location.origin);
    if (locale) url.searchParams.set("locale", locale);
    if (theme) url.searchParams.set("theme", theme.split(/ +/).join("."));
    return url;
  }

  class BadAttribute extends Error {
    constructor(attribute, problem) {
      super(`<${NAME}>: ${attribute} ${problem}`);
      this.attribute = attribute;
    }
  }

  // origin is that of a URL which this page may frame, or "". Plain http is for
  // shops that are under development and served by plain http themselves.
  function origin(url) {
    try {
      const { protocol, origin } = new URL(url);
      return protocol === "https:" || (protocol === "http:" && location.protocol === "http:") ? origin : "";
    } catch (malformed) {
      return "";
    }
  }

  function title(locale) {
    const tag = (locale || document.documentElement.lang || navigator.language || "").toLowerCase();
    const language = tag.split("-")[0];
    return TITLES[tag] || TITLES[tag.split("-").slice(0, 2).join("-")] || TITLES[language] || TITLES.en;
  }

  class MorePaymentMethods extends HTMLElement {
    static get observedAttributes() { return ["session", "endpoint", "locale", "theme"]; }

    constructor() {
      super();
      this._frame = document.createElement("iframe");
      this._frame.allow = "clipboard-write";
      this._frame.referrerPolicy = "strict-origin-when-cross-origin";
      this._frame.setAttribute("sandbox", SANDBOX);
      Object.assign(this._frame.style, { display: "block", width: "100%", border: "0" });
      this.attachShadow({ mode: "open" }).append(this._frame);
    }

    connectedCallback() {
      if (!this.style.display) this.style.display = "block";
      addEventListener("message", this);
      this._loadSoon();
    }

    disconnectedCallback() {
      removeEventListener("message", this);
      this._unwatch();
      clearTimeout(this._timer);
    }

    attributeChangedCallback(name, before, after) {
      if (before !== after) this._loadSoon();
    }

    // reload shows the session anew, as after mpm:error load_failed. The frame's address
    // says if the payer sees it, so that only then an order is made for a code.
    reload() {
      clearTimeout(this._timer);
      this._told = {};
      this._ready = false;
      this._origin = "";
      this._watch(() => this._load());
    }

    // watch calls ready once it is known whether the element is in view, or soon. When it
    // comes into view later, the page is told.
    _watch(ready) {
      this._unwatch();
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
          if (this._ready) this._post({ type: "seen" });
        }
        once();
      });
      this._observer.observe(this);
    }

    _unwatch() {
      clearTimeout(this._glance);
      if (this._observer) this._observer.disconnect();
    }

    _load() {
      try {
        const url = address(this);
        if (this._seen) url.searchParams.set("seen", "1");
        this._origin = url.origin;
        this._frame.title = title(this.getAttribute("locale"));
        this._frame.style.height = HEIGHT.first + "px";
        this._frame.src = url.href;
        this._timer = setTimeout(() => this._tell("error", { code: "load_failed", retryable: true }), PATIENCE);
      } catch (bad) {
        if (!(bad instanceof BadAttribute)) throw bad;
        console.error(bad.message);
        this._frame.removeAttribute("src");
        this._tell("error", { code: "bad_attribute", retryable: false, attribute: bad.attribute });
      }
    }

    // Several attributes may be set in a row, and listeners added after them.
    _loadSoon() {
      if (this._soon || !this.isConnected) return;
      this._soon = setTimeout(() => {
        this._soon = 0;
        if (this.isConnected) this.reload();
      });
    }

    // handleEvent gets every message to this window.
    handleEvent(e) {
      if (!this._origin || e.origin !== this._origin || e.source !== this._frame.contentWindow) return;
      const message = read(e.data);
      if (!message) return;
      const { type, detail } = message;
      if (type === "ready") this._onReady();
      else if (type === "resize") this._frame.style.height = Math.min(Math.max(detail.height, HEIGHT.min), HEIGHT.max) + "px";
      else if (type === "beforeredirect") this._onRedirect(detail);
      else if (this._news(type, detail)) this._tell(type, detail);
    }

    _onReady() {
      clearTimeout(this._timer);
      if (this.hasAttribute("hold-redirect")) this._post({ type: "hold" });
      if (this._seen) this._post({ type: "seen" });
      if (!this._ready) this._tell("ready", {});
      this._ready = true;
    }

    _onRedirect(detail) {
      const held = this.hasAttribute("hold-redirect");
      const go = this._tell("beforeredirect", detail, held);
      if (held) this._post({ type: "answer", go });
    }

    // news tells whether a lasting state is not what was told before.
    _news(type, detail) {
      if (!LASTING.includes(type)) return true;
      const now = JSON.stringify(detail);
      if (this._told[type] === now) return false;
      if (type === "statuschange") delete this._told.action; // the same rail again is another action
      this._told[type] = now;
      return true;
    }

    _post(message) { this._frame.contentWindow.postMessage({ mpm: 1, ...message }, this._origin); }

    _tell(type, detail, cancelable = false) {
      return this.dispatchEvent(new CustomEvent("mpm:" + type, { detail, bubbles: true, composed: true, cancelable }));
    }
  }
  customElements.define(NAME, MorePaymentMethods);
})();
