"use strict";
// On the page where a payer asks a friend to pay: shares the link by the device's own
// sheet where there is one, copies it, and loads the page again when the session has
// news. Stands in ES5. Without it the link can be copied by hand, and the page looks
// again by itself.
(function () {
  var script = document.currentScript || document.querySelector("script[data-events]");
  var link = document.getElementById("link"), share = document.getElementById("share"), said = document.getElementById("said");
  document.documentElement.setAttribute("data-live", "");
  addEventListener("pageshow", function (e) { if (e.persisted) location.reload(); });
  if (!link || !script) return;

  if (navigator.share) {
    share.hidden = false;
    share.onclick = function () {
      var sharing = navigator.share({ text: script.getAttribute("data-text"), url: link.value });
      if (sharing) sharing.catch(function (e) { if (e.name !== "AbortError") copy(); });
    };
  }
  document.getElementById("copy").onclick = copy;
  function copy() {
    link.select();
    link.setSelectionRange(0, link.value.length); // iOS
    if (document.execCommand("copy")) said.textContent = script.getAttribute("data-copied");
  }

  if (!window.EventSource) return void setTimeout(again, 10000);
  new EventSource(script.getAttribute("data-events")).addEventListener("live", again);
  function again() { location.reload(); }
})();
