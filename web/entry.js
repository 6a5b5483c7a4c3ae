// Keeps the entries of the browser's history at addresses that can be loaded again.
// Stands in the page itself, where it is before any tap, and is for all engines:
// ES5.
//
// A page that answers a form stands at the form's address until it takes its own
// (data-address). A form that stays in this window asks for the page in answer,
// not for a way to it, which would cost a second round trip; before that, the list
// gets an address under which it is still the list (data-list).
(function () {
  var script = document.currentScript;
  var address = script.getAttribute("data-address"), list = script.getAttribute("data-list");
  if (address) history.replaceState(history.state, "", address);
  addEventListener("submit", function (e) {
    var form = e.target, root = document.getElementById("checkout");
    if (e.defaultPrevented || !form.getAttribute("data-rail") || form.getAttribute("data-inline") !== "post") return;
    if (!/^(select|failed)$/.test(root.getAttribute("data-state"))) return;
    history.replaceState(history.state, "", list);
    form.setAttribute("action", form.getAttribute("action").split("?")[0] + "?page=1");
  });
})();
