// Loads the element <more-payment-methods> from a checkout's server. Importing
// this does nothing, so a server that renders pages may do so.

const NAME = "more-payment-methods";
const loads = new Map(); // by address: what was promised

/**
 * Loads the element's script, once per address, and resolves with the element's
 * class; on a server, where there is no document, with null. A load that failed is
 * forgotten: call again to try again.
 */
export function loadMorepay(endpoint, { version, integrity } = {}) {
  if (typeof document === "undefined") return Promise.resolve(null);
  try {
    const url = address(endpoint, version);
    if (integrity && !version) throw new TypeError("loadMorepay: integrity needs a version, because /embed.js changes with releases");
    if (!loads.has(url)) loads.set(url, load(url, integrity));
    return loads.get(url);
  } catch (bad) {
    return Promise.reject(bad);
  }
}

function address(endpoint, version) {
  const url = new URL(endpoint); // throws a TypeError
  if (!/^https?:$/.test(url.protocol) || url.href !== url.origin + "/") {
    throw new TypeError(`loadMorepay: the endpoint must be an origin, such as https://pay.example, not ${endpoint}`);
  }
  if (version === undefined) return url.origin + "/embed.js";
  if (!/^\d+\.\d+\.\d+$/.test(version)) throw new TypeError(`loadMorepay: the version must be one such as 1.0.0, not ${version}`);
  return `${url.origin}/embed/${version}.js`;
}

function load(url, integrity) {
  const defined = customElements.get(NAME); // by a script tag of the page, or from another address
  if (defined) return Promise.resolve(defined);
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    const failed = (why) => {
      loads.delete(url);
      script.remove();
      reject(new Error(`${url} ${why}`));
    };
    script.async = true;
    script.src = url;
    if (integrity) {
      script.integrity = integrity;
      script.crossOrigin = "anonymous";
    }
    script.onerror = () => failed("could not be loaded");
    script.onload = () => {
      const element = customElements.get(NAME);
      element ? resolve(element) : failed(`does not define <${NAME}>`);
    };
    document.head.append(script);
  });
}
