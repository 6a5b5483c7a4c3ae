// Fills in what only the browser knows of itself and sends it. Written for the oldest
// in-app browsers: a fact that can't be had is left out.
(function () {
  "use strict";
  var form = document.getElementById("facts");
  var nav = navigator;
  function have(names, from) {
    var list = [];
    for (var i = 0; i < names.length; i++) if (from[names[i]]) list.push(names[i]);
    return list.join(", ") || "none";
  }
  function matches(query) { return window.matchMedia && matchMedia(query).matches; }
  function keeps(name) {
    try {
      window[name].setItem("qa", "1");
      window[name].removeItem("qa");
      return name;
    } catch (e) {
      return name + " refused";
    }
  }
  var facts = {
    hints: function () {
      return JSON.stringify({
        touch_points: nav.maxTouchPoints, weixin_bridge: !!window.WeixinJSBridge, alipay_bridge: !!window.AlipayJSBridge, environment: window.__wxjs_environment
      });
    },
    viewport: function () { return innerWidth + "×" + innerHeight; },
    screen: function () { return screen.width + "×" + screen.height + " × " + (window.devicePixelRatio || 1); },
    languages: function () { return (nav.languages || [nav.language]).join(", "); },
    zone: function () { return Intl.DateTimeFormat().resolvedOptions().timeZone; },
    scheme: function () { return (matches("(prefers-color-scheme: dark)") ? "dark" : "light") + (matches("(prefers-reduced-motion: reduce)") ? ", reduced motion" : ""); },
    wasm: function () { return have(["instantiate", "instantiateStreaming"], window.WebAssembly || {}); },
    streams: function () { return have(["EventSource", "ReadableStream", "fetch", "BroadcastChannel"], window); },
    storage: function () { return [keeps("localStorage"), keeps("sessionStorage"), nav.cookieEnabled ? "cookies" : "no cookies", window.indexedDB ? "indexedDB" : "no indexedDB"].join(", "); },
    secure: function () { return window.isSecureContext === undefined ? "the browser doesn't say" : window.isSecureContext ? "yes" : "no: http, not of this machine"; },
    clipboard: function () { return have(["writeText", "write", "readText"], nav.clipboard || {}); },
    share: function () { return have(["share", "canShare"], nav); },
    bridges: function () { return have(["WeixinJSBridge", "AlipayJSBridge", "wx", "my", "WebViewJavascriptBridge", "JDBridge", "UPWebSdk", "webkit", "ReactNativeWebView"], window); },
    history: function () { return history.length + " entries" + ("onpageshow" in window ? ", tells of its page cache" : ""); },
    brands: function () {
      var data = nav.userAgentData;
      if (!data) return "";
      return data.brands.map(function (b) { return b.brand + " " + b.version; }).concat(data.platform, data.mobile ? "mobile" : "not mobile").join(", ");
    }
  };
  function send() {
    for (var name in facts) {
      try {
        form.elements[name].value = facts[name]();
      } catch (e) {
        form.elements[name].value = "can't be told: " + e;
      }
    }
    form.submit();
  }
  // The bridges of apps come after the page.
  window.addEventListener("load", function () { setTimeout(send, 500); });
})();
