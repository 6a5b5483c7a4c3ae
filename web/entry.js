// Keeps the entries of the browser's history at addresses that can be loaded again.
// Stands in the page itself, where it is before any tap, and is for all engines:
// ES5.
//
// A page that answers a form stands at the form's address until it takes its own
// (data-address). A form that stays in this window asks for the page in answer,
// not for a way to it, which would cost a second round trip; before that, the list
// gets an address under which it is still the list (data-list).
//
// It also shows that a tap was heard, before the client runs and where it never
// does, and takes a second tap for the same one. Where a page without the client is
// about to say something new (data-look, in seconds), it is loaded again.
(function () {
  var script = document.currentScript;
  var address = script.getAttribute("data-address"), list = script.getAttribute("data-list");
  if (address) history.replaceState(history.state, "", address);
  document.addEventListener("submit", heard);
  document.addEventListener("touchstart", function () {}, false); // or iOS has no :active
  addEventListener("pageshow", function (e) { if (e.persisted) calm(); });
  addEventListener("morepay-stuck", calm);
  addEventListener("online", calm);
  var look = script.getAttribute("data-look");
  if (look) setTimeout(function () { if (!taken()) location.reload(); }, look * 1000);
  addEventListener("submit", function (e) {
    var form = e.target, root = document.getElementById("checkout");
    if (e.defaultPrevented || !form.getAttribute("data-rail") || form.getAttribute("data-inline") !== "post") return;
    if (!/^(select|failed)$/.test(root.getAttribute("data-state"))) return;
    history.replaceState(history.state, "", list);
    form.setAttribute("action", form.getAttribute("action").split("?")[0] + "?page=1");
  });
  var tapped, timer;
  function taken() { return document.documentElement.hasAttribute("data-ready"); }
  function heard(e) {
    if (e.defaultPrevented || taken()) return;
    if (tapped) return e.preventDefault();
    tapped = [e.target.querySelector("button"), document.getElementById("checkout")];
    mark("true");
    timer = setTimeout(calm, 10000);
  }
  function mark(busy) {
    for (var i = 0; tapped && i < 2; i++) busy ? tapped[i].setAttribute("aria-busy", busy) : tapped[i].removeAttribute("aria-busy");
  }
  function calm() {
    clearTimeout(timer);
    mark();
    tapped = null;
  }
})();
