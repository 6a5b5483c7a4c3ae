"use strict";
// Tells the demo's server what a page does that no request shows: whether anybody sees
// it, whether a prompt is over it, that it asks whether a wallet opened, what a payment
// window answered. The demo alone has it, behind listen.js: a real page tells nobody.
(function () {
  var root = document.getElementById("checkout");
  var view = document.getElementById("view");
  if (!root || !view || !navigator.sendBeacon) return;
  var path = JSON.parse(view.textContent).path + "/tell";

  function tell(what) {
    navigator.sendBeacon(path, what);
  }
  var hidden = document.hidden;
  document.addEventListener("visibilitychange", function () {
    if (hidden === document.hidden) return;
    hidden = document.hidden;
    tell(hidden ? "hidden" : "shown");
  });
  addEventListener("blur", function () {
    tell("blurred");
  });
  addEventListener("focus", function () {
    tell("focused");
  });
  addEventListener("pageshow", function (e) {
    if (e.persisted) tell("kept");
  });
  document.addEventListener("morepay-answer", function (e) {
    tell(e.detail.paid ? "answered-paid" : "answered-unpaid");
  });

  var sights = { opening: '[data-state="waiting"] .busy', fallback: ".fallback" };
  var there = {};
  function look() {
    for (var what in sights) {
      var now = !!document.querySelector(sights[what]);
      if (now && !there[what]) tell(what);
      there[what] = now;
    }
  }
  new MutationObserver(look).observe(document.body, { attributes: true, childList: true, subtree: true });
  look();
})();
