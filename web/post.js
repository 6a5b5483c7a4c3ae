"use strict";
// On the page that posts the payer's browser to a provider: does so at once. Who comes back
// to it by the browser's own button finds the form's button, and the way to other methods.
// Stands in ES5. Without it the payer presses the button.
(function () {
  var form = document.getElementById("onward"), p = window.performance;
  var entry = p && p.getEntriesByType && p.getEntriesByType("navigation")[0];
  var again = entry ? entry.type === "back_forward" : p && p.navigation && p.navigation.type === 2;
  if (form && !again) form.submit();
})();
