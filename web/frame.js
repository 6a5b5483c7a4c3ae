"use strict";
// Tells the merchant's page around ours, or the native app around us, what
// happens here, before and without the WebAssembly client: it reads the HTML that
// the server and the client both keep. All it changes there is what the page said
// before a code which did not come (data-state, data-title). It does what the page around
// asks for by pressing what the payer could press. Stands in ES5, and the oldest engines
// lack what it guards: whatever else fails, "ready" has been told.
//
// Messages are {mpm: 1, type, session, detail}. They go to the one origin that the
// server allowed (data-parent), and are hints: the merchant's server learns the truth
// by webhook. A reload repeats what still holds; embed.js drops the repeats.
(function () {
  var script = document.currentScript || document.querySelector("script[data-parent]");
  var origin = attribute("data-parent"), session = attribute("data-session"), unseen = attribute("data-unseen");
  var html = document.documentElement;
  var framed = window.parent !== window;
  var ends = { paid: "complete", expired: "expire", canceled: "cancel" };

  tell("ready", { title: document.title });
  if (attribute("data-state")) {
    document.title = attribute("data-title");
    checkout().setAttribute("data-state", attribute("data-state"));
    checkout().removeAttribute("data-rail");
  }

  function attribute(name) { return script.getAttribute(name) || ""; }
  function checkout() { return document.getElementById("checkout"); }
  function state() { return checkout() ? checkout().getAttribute("data-state") : ""; }
  function rail() { return checkout() ? checkout().getAttribute("data-rail") || "" : ""; }
  function all(selector) { return checkout() ? [].slice.call(checkout().querySelectorAll(selector)) : []; }

  function tell(type, detail) {
    var message = { mpm: 1, type: type, session: session, detail: detail };
    if (framed) {
      if (origin) parent.postMessage(message, origin);
      return;
    }
    var apple = window.webkit && window.webkit.messageHandlers && window.webkit.messageHandlers.morepay;
    if (apple) apple.postMessage(message);
    if (window.MorePayHost) window.MorePayHost.postMessage(JSON.stringify(message));
  }

  // What the page shows, told when it changes.
  var told = { connection: '{"online":true}' };
  function changed(type, detail) {
    var now = JSON.stringify(detail);
    if (told[type] === now) return;
    told[type] = now;
    if (detail) tell(type, detail);
  }
  function look() {
    if (!checkout()) return;
    var now = state(), error = all("[data-error]")[0];
    changed("statuschange", { state: now });
    if (choosing()) changed("methodschange", { methods: methods() });
    changed("action", now === "waiting" && rail() ? { rail: rail() } : null);
    changed("error", error ? fault(error.getAttribute("data-error")) : null);
    changed("connection", { online: !checkout().hasAttribute("data-offline") });
    if (ends[now]) changed(ends[now], {});
    appear();
    measure();
  }
  function choosing() { return /^(select|failed)$/.test(state()); }

  // fault is about the error alone: the page may be on its way to another state.
  function fault(code) { return { code: code, retryable: code !== "session_not_open" && !ends[state()] }; }

  // methods lists those that can be chosen, each once.
  function methods() {
    var list = [];
    all("[data-method]").forEach(function (row) {
      if (row.hasAttribute("data-reason")) return;
      row.getAttribute("data-method").split(" ").forEach(function (m) {
        if (m && list.indexOf(m) < 0) list.push(m);
      });
    });
    return list;
  }

  // The first time that anybody can see what there is to choose, or a code.
  var appeared = false, watcher;
  function appear() {
    if (appeared || watcher || !(choosing() || all("[data-qr]").length)) return;
    if (!window.IntersectionObserver) return sawList();
    watcher = new IntersectionObserver(function (entries) {
      if (!document.hidden && entries.some(function (e) { return e.isIntersecting; })) sawList();
    });
    watcher.observe(checkout());
  }
  function sawList() {
    if (watcher) watcher.disconnect();
    appeared = true;
    var list = methods(), now = view().live;
    if (!list.length && now && now.payment) list = [now.payment.method];
    tell("shown", { methods: list });
  }
  function view() {
    var data = document.getElementById("view");
    return data ? JSON.parse(data.textContent) : {};
  }

  // Who has chosen and turns away without having been sent to a wallet has perhaps left
  // for good. That a page goes to make room for another of ours is no sign.
  var going = false;
  addEventListener("pagehide", function () { going = true; });
  addEventListener("pageshow", function () { going = false; });
  document.addEventListener("visibilitychange", function () {
    var chosen = /^(submitting|waiting|failed)$/.test(state());
    if (document.hidden && !going && chosen && !/^(deep_link|redirect|jsapi)$/.test(rail())) tell("abandon", {});
  });

  // What the payer does. A hand-off that the merchant wants to be asked about is
  // held until the answer, which must be quick: the browser lets a click leave
  // the frame only for a moment.
  var untouched = true;
  ["pointerdown", "touchstart", "keydown"].forEach(function (sign) {
    addEventListener(sign, function () { untouched = false; }, true);
  });
  var patience = 250; // milliseconds
  var holding = false;
  var held = null;
  function answer(go) {
    var was = held;
    if (!was) return;
    clearTimeout(was.timer);
    held = null;
    if (!go) return;
    held = { form: was.form, released: true };
    was.form.requestSubmit ? was.form.requestSubmit(was.submitter) : was.form.submit();
    held = null;
  }
  function value(form, name) {
    var field = form.querySelector("[name=" + name + "]");
    return field ? field.value : "";
  }
  addEventListener("submit", function (e) {
    var form = e.target, method = value(form, "method"), to = value(form, "rail");
    if (held && held.released && held.form === form) return;
    if (!method || !to) return;
    if (attribute("data-amount")) return offer(e, method, to);
    tell("select", { method: method, rail: to });
    if (rail() && rail() !== to) tell("fallback", { method: method, from: rail(), to: to });
    if (form.target !== "_top") return;
    if (holding) {
      e.preventDefault();
      e.stopImmediatePropagation();
      if (held) clearTimeout(held.timer);
      held = { form: form, submitter: e.submitter || null, timer: setTimeout(function () { answer(true); }, patience) };
    }
    tell("beforeredirect", { method: method, rail: to });
  }, true);

  // On a list without a session a press asks the shop's page to make one, and nothing else.
  function offer(e, method, to) {
    var button = e.target.querySelector("button");
    e.preventDefault();
    e.stopImmediatePropagation();
    if (checkout().hasAttribute("aria-busy")) return;
    tell("createsession", { method: method, rail: to, amount: Number(attribute("data-amount")), currency: attribute("data-currency") });
    busy(true);
    setTimeout(busy, 10000); // it may choose not to
    function busy(yes) {
      [button, checkout()].forEach(function (node) {
        yes === true ? node.setAttribute("aria-busy", "true") : node.removeAttribute("aria-busy");
      });
    }
  }

  // In a frame the shop's Back button must leave the shop's page: what stays in the frame
  // takes the place of the page before it. The client does the same in its way.
  function encoded(form) {
    return [].slice.call(form.elements).filter(function (field) { return field.name; }).map(function (field) {
      return encodeURIComponent(field.name) + "=" + encodeURIComponent(field.value);
    }).join("&");
  }
  function inPlace(e) {
    var form = e.target, action = form.getAttribute("action");
    if (e.defaultPrevented || form.target === "_top" || html.hasAttribute("data-ready")) return;
    if (form.method === "get") {
      e.preventDefault();
      return location.replace(action + "?" + encoded(form));
    }
    if (form.getAttribute("data-inline") !== "post") return;
    e.preventDefault();
    var request = new XMLHttpRequest();
    request.open("POST", action);
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("Content-Type", "application/x-www-form-urlencoded");
    request.onloadend = function () {
      if (!request.status) return; // nobody was reached, which the page says
      var at = request.getResponseHeader("Content-Location");
      at && !refused(request.status) ? location.replace(at) : form.submit(); // then the page says why
    };
    request.send(encoded(form));
  }
  // refused says that nothing was begun. What failed later, the page knows by itself.
  function refused(status) { return status >= 400 && status < 500; }
  function link(e) {
    for (var a = e.target; a && a.nodeName !== "A"; a = a.parentNode);
    if (!a || e.defaultPrevented || a.target || a.hasAttribute("download") || e.ctrlKey || e.metaKey || e.shiftKey) return;
    if (a.protocol !== location.protocol || a.host !== location.host) return;
    e.preventDefault();
    location.replace(a.href);
  }

  // What the page around asks for.
  // seen loads the page again that comes with a code once somebody sees it (data-unseen),
  // unless the payer has begun without.
  function seen() {
    if (!unseen || !untouched || state() !== "select") return;
    untouched = false;
    location.replace(location.pathname + (location.search ? location.search + "&" : "?") + "seen=1");
  }
  function press(form) {
    var button = all(form + " button")[0];
    if (button) button.click();
  }
  // panel is the address of one method's panel: this page's, without what it shows now.
  function panel(method) {
    var words = location.search.slice(1).split("&").filter(function (word) {
      return word && !/^(choose|asked|returned|rail|method|open|go|was)=/.test(word);
    });
    return page() + "?" + words.concat("open=" + encodeURIComponent(method)).join("&");
  }
  function page() { return location.pathname.split("/").slice(0, 3).join("/"); }
  var orders = {
    hold: function (data) { holding = data.on !== false; },
    answer: function (data) { answer(data.go === true); },
    seen: seen,
    refresh: function () { location.reload(); },
    check: function () { press("form[data-check]"); },
    open: function (data) { location.replace(panel(String(data.method))); },
    cancel: function () { press('form[data-inline="choose"]'); },
  };

  // measure tells how high the page is.
  function measure() {
    if (framed) changed("resize", { height: Math.ceil(html.getBoundingClientRect().height) });
  }

  if (framed) {
    addEventListener("submit", inPlace);
    addEventListener("click", link);
  }
  if (framed && origin) {
    addEventListener("message", function (e) {
      var data = e.data;
      if (e.source !== parent || e.origin !== origin || !data || data.mpm !== 1) return;
      if (Object.prototype.hasOwnProperty.call(orders, data.type)) orders[data.type](data);
    });
    if (window.ResizeObserver) new ResizeObserver(measure).observe(html);
    addEventListener("resize", measure);
    addEventListener("load", measure);
  }
  if (window.MutationObserver) {
    new MutationObserver(look).observe(document.body, {
      subtree: true, childList: true, attributes: true,
      attributeFilter: ["data-state", "data-rail", "data-method", "data-reason", "data-error", "data-offline"],
    });
  }
  look();
  // What was chosen on the shop's page goes on, once the other scripts are there too.
  if (framed && origin && attribute("data-go")) {
    document.addEventListener("DOMContentLoaded", function () { press('form[data-rail="qr"]'); });
  }
})();
