// Right and wrong uses of the element in plain TypeScript.
import type { Choice, Detail, LoadCode, Method, MorePaymentMethodsElement, PayerCode, Rail, State } from "@morepay/more-payment-methods";

const element = document.createElement("more-payment-methods");
const found: MorePaymentMethodsElement | null = document.querySelector("more-payment-methods");

// Properties and methods.
element.session = "token";
element.holdRedirect = true;
element.layout = "tabs";
element.open("alipay");
found?.reload();
found?.checkStatus();
// @ts-expect-error
element.layout = "grid";
// @ts-expect-error
element.sesion = "token";
// @ts-expect-error
element.open("paypal");

// The class.
customElements.whenDefined("more-payment-methods").then(async (element) => {
  const { methods } = await element.eligibility({ merchant: "demo", amount: 5980, items: [{ sku: "mug", quantity: 1 }] });
  return methods.filter((m) => m.offered).map((m) => m.method satisfies Method);
});
// @ts-expect-error
customElements.get("more-payment-methods")?.eligibility({ amount: 5980 });

// Events on the element.
element.addEventListener("mpm:complete", function (e) {
  this.reload();
  e.detail.session satisfies string;
});
element.addEventListener("mpm:beforeredirect", (e) => e.preventDefault());
element.addEventListener("mpm:createsession", (e) => e.detail.respond(fetch("/session").then((r) => r.text())));
element.addEventListener("click", (e) => e.clientX satisfies number);
element.addEventListener("shop:mine", () => {});
// @ts-expect-error
element.addEventListener("mpm:complet", () => {});
// @ts-expect-error
element.removeEventListener("mpm:complet", () => {});
// @ts-expect-error
element.addEventListener("mpm:complete", (e: MouseEvent) => {});
// @ts-expect-error
element.addEventListener("mpm:ready", (e) => e.detail.methods);

// The details' words are closed lists.
element.addEventListener("mpm:statuschange", (e) => {
  e.detail.state satisfies State;
  // @ts-expect-error
  return e.detail.state === "payed";
});
element.addEventListener("mpm:select", ({ detail }) => {
  if (detail.method === "jd_pay") {
    detail.rail satisfies "deep_link" | "qr" | "redirect" | "page_qr";
    // @ts-expect-error
    return detail.rail === "jsapi";
  }
});
element.addEventListener("mpm:loaderror", (e) => {
  e.detail.code satisfies LoadCode;
  // @ts-expect-error
  return e.detail.code === "load_faild";
});
element.addEventListener("mpm:error", (e) => {
  if (e.detail.code === "bad_attribute") return e.detail.attribute === "hold-redirect";
  // @ts-expect-error
  return e.detail.attribute;
});

// Events bubble: on the document, the window and any element, with named listeners, both ways.
const onStatus = (e: CustomEvent<Detail<"mpm:statuschange">>) => e.detail.state;
document.addEventListener("mpm:statuschange", onStatus);
document.removeEventListener("mpm:statuschange", onStatus);
window.addEventListener("mpm:statuschange", onStatus, { once: true });
window.removeEventListener("mpm:statuschange", onStatus);
addEventListener("mpm:statuschange", onStatus);
removeEventListener("mpm:statuschange", onStatus);
document.body.addEventListener("mpm:fallback", (e) => e.detail.from satisfies Rail);
document.addEventListener("mpm:methodschange", { handleEvent: (e) => e.detail.methods satisfies Method[] });
document.addEventListener("visibilitychange", () => {});
// @ts-expect-error
document.addEventListener("mpm:statuschange", (e: CustomEvent<Detail<"mpm:select">>) => e.detail.method);
// @ts-expect-error
document.body.addEventListener("mpm:statuschang", (e) => e.detail);
// @ts-expect-error
document.removeEventListener("mpm:statuschang", onStatus);

// A bare listener of a misspelled event can't be refused there; editors strike it through.
document.addEventListener("mpm:statuschang", () => {}); // deprecated
window.addEventListener("mpm:statuschang", () => {}); // deprecated

// The lists, for those who translate or switch over them.
export const sentences: Record<PayerCode | LoadCode, string> | undefined = undefined;
export const choice: Choice = { method: "wechat_pay", rail: "qr" };
// @ts-expect-error
export const wrong: Choice = { method: "unionpay", rail: "jsapi" };
