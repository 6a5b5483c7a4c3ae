"use strict";
// Follows a session before the WebAssembly client takes over, and for good where
// it can't run: on news the page is loaded again. Opens the payment window that
// only a wallet's own browser has, for the client too, and copies links until it
// is there.
//
// Written in the JavaScript of 2009 (ES5), because the oldest in-app browsers
// read nothing newer: boot.js is a syntax error to them.
//
// Sets window.morepay = { ready, drift, listen, hush, pay, onward, answered }: the first two
// are the client's (boot.js), listen and hush start and end the following, pay
// opens the payment window, onward leads on to the merchant, and answered is for the
// shop's own app around the page. What the wallet answered is told to a client that has
// taken over by the event "morepay-answer" of the document.
(function () {
  var html = document.documentElement;
  var script = document.currentScript;
  var offline = script && script.getAttribute("data-offline");
  var copied = script && script.getAttribute("data-copied");
  var data = document.getElementById("view");
  var view = data && JSON.parse(data.textContent);
  var morepay = (window.morepay = { ready: false, drift: 0, listen: listen, hush: hush, pay: pay, onward: onward, answered: hostAnswered });
  if (!view) return;
  html.setAttribute("data-live", "");

  var words = view.words ? "&words=" + encodeURIComponent(view.words) : ""; // or an answer would be for another page
  var events = view.path + "/events?";
  var live = view.live;
  var waiting = live.state === "waiting" || live.state === "submitting";
  var ahead = Date.parse(live.server_time) - Date.now(); // the server's clock, before ours

  // All times in milliseconds.
  var second = 1000;
  var standsWithin = 5 * second; // a stream, or something in between holds it back
  var deadAfter = 32 * second; // without the server's beat, which comes every 15 seconds
  var deafFor = 60 * second; // we only ask where streams don't get through
  var unseenAfter = 30 * second; // a hidden page lets go of its stream: a browser has few
  var askSoon = 3 * second, askSlow = 15 * second, askToo = 20 * second, askUnseen = 60 * second;
  var patience = 10 * second; // with one answer
  var margin = second / 2; // between two clocks

  var clock; // of tick, while we follow
  var stream, stood, signed; // whether it gave a sign of life, and when the last
  var silent = 0; // streams in a row that ended before they stood
  var failures = 0; // in a row
  var deafUntil = 0, connectAt = 0, quietUntil = 0;
  var asked, asking; // when, and the request that is on its way
  var hiddenAt = 0;

  function listen() {
    if (clock || over()) return;
    asked = Date.now();
    saw();
    clock = setInterval(tick, second);
    tick();
  }

  function hush() {
    clearInterval(clock);
    clock = null;
    rest();
    tell(true);
  }

  // over says that there is nothing more to learn: for an hour after the end a
  // payment of the last moment may still be reported.
  function over() {
    return live.state === "paid" || Date.now() + ahead > Date.parse(live.expires_at) + 3600 * second;
  }

  function tick() {
    var now = Date.now();
    if (over()) return hush();
    if (now < quietUntil) return;
    if (late) renew();
    var unseen = document.hidden && now - hiddenAt >= unseenAfter;
    if (stream && (unseen || now - signed > (stood ? deadAfter : standsWithin))) {
      if (!unseen) fellSilent(now);
      close();
    }
    if (!stream && !unseen && now >= deafUntil && now >= connectAt) connect(now);
    var every = stood ? askToo : unseen ? askUnseen : waiting ? askSoon : askSlow;
    if (now - asked >= every && (waiting || !stood)) ask();
    if (now + ahead >= due && now - asked >= askSoon) ask(true);
  }

  function connect(now) {
    if (!window.EventSource) {
      deafUntil = Infinity;
      return;
    }
    silent++;
    signed = now;
    stream = new EventSource(events + "after=" + live.last_event + words);
    stream.addEventListener("beat", sign);
    stream.addEventListener("live", function (e) {
      sign();
      hear(JSON.parse(e.data));
    });
    stream.onerror = function () {
      close();
      if (silent >= 3) deafUntil = Date.now() + deafFor;
      lost();
    };
  }

  function close() {
    if (stream) stream.close();
    stream = null;
    stood = false;
  }

  function rest() {
    close();
    if (asking) asking.abort();
  }

  function sign() {
    signed = Date.now();
    stood = true;
    silent = 0;
    well();
  }

  // A stream that never stood is held back, and the next would be too. One that
  // did has died unseen, and the network may have with it.
  function fellSilent(now) {
    if (stood) {
      failures++;
      lost();
    } else deafUntil = now + deafFor;
    ask();
  }

  // ask asks once; whatever the answer says, the page is loaded again if it has to
  // be drawn anew.
  function ask(anew) {
    if (asking) return;
    asked = Date.now();
    var request = (asking = new XMLHttpRequest());
    request.open("GET", events + words);
    send(request, null, function (progress) {
      asking = null;
      progress ? well() : silent = deafUntil = 0;
      if (progress && progress.state) anew ? renew() : hear(progress);
    });
  }

  // send calls done with the answer's JSON, or null if there is none.
  function send(request, form, done) {
    request.setRequestHeader("Accept", "application/json");
    request.timeout = patience;
    request.onload = function () {
      var answer = null;
      try {
        answer = JSON.parse(request.responseText);
      } catch (foreign) {}
      if (!answer) lost();
      done(answer);
    };
    request.onerror = request.ontimeout = function () {
      lost();
      done(null);
    };
    request.onabort = function () {
      done(null);
    };
    request.send(form);
  }

  function hear(progress) {
    if (progress.last_event > live.last_event || progress.status !== live.status) renew();
  }

  // renew loads the page again, but never under a payment window, whose answer
  // would be lost, nor while the payer's own tap is on its way: a hand-off that is
  // cut off has no second chance.
  var late = false;
  var tapped = -Infinity; // when the payer did, last
  function leading() {
    return Date.now() - tapped < patience;
  }
  function renew() {
    late = paying || leading();
    if (late) return;
    close();
    quietUntil = Date.now() + patience; // if that fails, we go on
    location.replace(address(view.path));
  }

  // address leads to a page of the session, framed and in a language as this one.
  // A page that answers a form has another address than the session's.
  function address(path) {
    if (path === location.pathname) return path + location.search;
    var query = [];
    add("parent", view.parent);
    add("lang", view.lang || (view.parent && view.locale));
    function add(name, value) {
      if (value) query.push(name + "=" + encodeURIComponent(value));
    }
    if (view.words) query.push(view.words);
    return path + (query.length ? "?" + query.join("&") : "");
  }

  // What runs out changes the page, though nobody may report it.
  var due = Infinity;
  [live.expires_at, live.payment && live.payment.expires_at].forEach(function (at) {
    var end = Date.parse(at || "") + margin;
    if (end > Date.parse(live.server_time)) due = Math.min(due, end);
  });

  // Whether anybody answers, in the page's status line.
  var said = null; // what stood there before
  function well() {
    failures = 0;
    tell(true);
  }
  function lost() {
    failures++;
    connectAt = Date.now() + Math.min(15, Math.pow(2, failures - 1)) * second;
    if (failures > 1 || navigator.onLine === false) tell(false);
  }
  function tell(ok) {
    var text = ok ? said : offline;
    if (ok === (said === null) || !text && !ok) return;
    said = say(text);
    if (ok) said = null;
    var root = document.getElementById("checkout");
    if (root) ok ? root.removeAttribute("data-offline") : root.setAttribute("data-offline", "true");
  }
  function say(text) {
    var line = document.querySelector("#checkout .status");
    var before = line ? line.textContent : "";
    if (line) line.textContent = text;
    return before;
  }

  function saw() {
    hiddenAt = Date.now();
  }

  // look looks at once.
  function look() {
    if (!clock) return;
    connectAt = 0;
    ask();
    tick();
  }
  document.addEventListener("visibilitychange", function () {
    document.hidden ? saw() : look();
  });
  addEventListener("online", look);
  addEventListener("offline", function () {
    if (!clock) return;
    close();
    lost();
  });
  addEventListener("pagehide", rest);
  addEventListener("pageshow", function (e) {
    if (!e.persisted || !clock) return;
    quietUntil = 0;
    ask(true); // what the browser kept shows the past
  });

  // In a wallet's own browser nothing but a script can open its payment window.
  // It opens by itself once an attempt, and again when the payer asks; but not over a
  // page that their tap is leading away from, with which its answer would be lost.
  var bridges = {
    weixin: ["WeixinJSBridge", "WeixinJSBridgeReady", "invoke", "getBrandWCPayRequest"],
    alipay: ["AlipayJSBridge", "AlipayJSBridgeReady", "call", "tradePay"],
  };
  var paying = false; // the window is open
  var called = false; // … or about to be, as soon as the bridge is there

  function pay(payment, again) {
    var row = bridges[payment.bridge.name];
    if (!row || called || (!again && (before(payment.attempt) || leading()))) return;
    called = true;
    window[row[0]] ? open() : document.addEventListener(row[1], open);
    function open() {
      document.removeEventListener(row[1], open);
      if (paying) return;
      paying = true;
      remember(payment.attempt);
      window[row[0]][row[2]](row[3], payment.bridge.params, function (answer) {
        called = paying = false;
        answered(payment, claims(answer || {}));
      });
    }
  }

  // The shop's own app or mini program around the page pays by code of its own. It is handed
  // what it pays with on the page that answers the payer's tap, and no page after it.
  var hosts = {
    host: function (payment) {
      var frame = document.querySelector("script[data-session]");
      var message = {
        mpm: 1, type: "pay", session: frame ? frame.getAttribute("data-session") : "",
        detail: { attempt: payment.attempt, method: payment.method, params: payment.bridge.params },
      };
      var apple = window.webkit && window.webkit.messageHandlers && window.webkit.messageHandlers.morepay;
      if (apple) apple.postMessage(message);
      if (window.MorePayHost) window.MorePayHost.postMessage(JSON.stringify(message));
    },
    mini_program: function (payment) {
      var ready = "WeixinJSBridgeReady";
      window.WeixinJSBridge ? go() : document.addEventListener(ready, go);
      function go() {
        document.removeEventListener(ready, go);
        var page = { url: "/pages/morepay/pay?ticket=" + encodeURIComponent(payment.bridge.params.ticket) };
        window.WeixinJSBridge.invoke("invokeMiniProgramAPI", { name: "navigateTo", arg: page }, function () {});
      }
    },
  };
  function handOver(payment) {
    if (location.hash !== "#pay") return;
    if (history.replaceState) history.replaceState(history.state, "", location.pathname + location.search);
    hosts[payment.bridge.name](payment);
  }

  // hostAnswered is called by the app, if it wants to: what it says proves nothing.
  function hostAnswered(attempt, paid) {
    answered({ attempt: attempt }, paid);
  }

  // claims says whether the wallet takes it that the payer has paid, or may have.
  // That proves nothing: it is a reason to check.
  function claims(answer) {
    return /:ok$/.test(answer.err_msg) || /^(9000|8000|6004)$/.test(answer.resultCode);
  }

  // answered does what follows: who may have paid comes back as from the wallet's
  // app, and who has not finds the button again.
  function answered(payment, paid) {
    if (morepay.ready) {
      var event = document.createEvent("CustomEvent");
      event.initCustomEvent("morepay-answer", false, false, { attempt: payment.attempt, paid: paid });
      document.dispatchEvent(event);
      return;
    }
    if (paid) return location.replace(address(view.path + "/return"));
    if (late) return renew();
    var request = new XMLHttpRequest();
    request.open("POST", view.path + "/return");
    request.setRequestHeader("Content-Type", "application/x-www-form-urlencoded");
    send(request, "form_token=" + encodeURIComponent(live.form_token) + words, function (progress) {
      if (progress && progress.state) hear(progress);
    });
  }

  var shown = {}; // attempts, where there is no storage
  function before(attempt) {
    try {
      return shown[attempt] || sessionStorage.getItem("morepay-bridge") === attempt;
    } catch (denied) {}
  }
  function remember(attempt) {
    shown[attempt] = true;
    try {
      sessionStorage.setItem("morepay-bridge", attempt);
    } catch (denied) {}
  }

  document.addEventListener("click", function (e) {
    if (morepay.ready) return;
    for (var n = e.target; n && n.getAttribute; n = n.parentNode) {
      if (/^(form|a)$/i.test(n.nodeName)) tapped = Date.now();
      if (n.getAttribute("data-bridge")) pay(live.payment, true);
      var id = n.getAttribute("data-copy");
      if (id) copy(document.getElementById(id));
    }
  });
  function copy(field) {
    field.select();
    if (document.execCommand("copy")) say(copied || "");
  }

  // A frame that may not lead its window away swallows a hand-off, and nobody says so.
  document.addEventListener("submit", function (e) {
    if (morepay.ready || e.target.target !== "_top") return;
    setTimeout(function () {
      var panel = document.getElementById("stuck");
      if (!panel || document.hidden || late) return;
      panel.hidden = false;
      panel.setAttribute("data-error", "handoff_blocked");
      var event = document.createEvent("Event");
      event.initEvent("morepay-stuck", false, false);
      dispatchEvent(event);
    }, 3 * second);
  });

  // Who has come back from the wallet and has paid goes on to the merchant, unless a
  // touch or a key says that they read here: once, and never in a frame.
  var leaving;
  function onward() {
    if (leaving || window.parent !== window) return;
    leaving = setTimeout(leave, 3 * second);
    ["keydown", "touchstart", "mousedown", "wheel"].forEach(function (sign) {
      addEventListener(sign, stay, true);
    });
  }
  function stay() {
    clearTimeout(leaving);
    var line = document.querySelector("#checkout .onward");
    if (line) line.hidden = true;
  }
  function leave() {
    var link = document.querySelector("#checkout a.main");
    if (link) location.replace(link.href); // Back leads past this page, not to it
  }

  // Esc is Back where a code is shown, as where a window could be closed.
  document.addEventListener("keydown", function (e) {
    var back = document.querySelector("#checkout.desk [data-inline=choose] button");
    if (e.keyCode === 27 && !e.defaultPrevented && back && document.querySelector("[data-qr]")) back.click();
  });

  if (live.onward) onward();
  if (live.state === "waiting" && live.payment && live.payment.bridge) {
    if (hosts[live.payment.bridge.name]) handOver(live.payment);
    else if (!live.payment.returned) pay(live.payment);
  }
  listen();
})();
