// Types of <more-payment-methods>, the element that embed.js defines.

/** Where the checkout stands. */
export type State = "select" | "submitting" | "waiting" | "paid" | "expired" | "failed" | "canceled";

/** The route to a method from this device. */
export type Rail = "jsapi" | "deep_link" | "qr" | "page_qr" | "redirect";

/** Details of the events, by event type. Every event bubbles. */
export interface Details {
  /** The list can be used. Once per load. */
  "mpm:ready": {};
  /** The payer chose a method. */
  "mpm:select": { method: string; rail: Rail };
  /** The methods on offer, in their order. */
  "mpm:methodschange": { methods: string[] };
  /** The payer is now to scan, open or confirm something. */
  "mpm:action": { rail: Rail };
  /** The payer took another rail than the one that was under way. */
  "mpm:fallback": { method: string; from: Rail; to: Rail };
  /** The checkout stands elsewhere. */
  "mpm:statuschange": { state: State };
  /**
   * The payer's click is about to leave the shop's page for the wallet. With the
   * attribute hold-redirect, preventDefault() keeps the payer here; answer at
   * once, the hand-off goes on after 250 ms.
   */
  "mpm:beforeredirect": { method: string; rail: Rail };
  /** Paid, as far as this page knows: ask your server before you ship. */
  "mpm:complete": {};
  /** The session expired. A payment that was under way may still complete it. */
  "mpm:expire": {};
  /** The shop's server canceled the session. */
  "mpm:cancel": {};
  /** Something went wrong. */
  "mpm:error": {
    /** "load_failed" (see reload), "bad_attribute", "handoff_blocked", or a code of the API. */
    code: string;
    retryable: boolean;
    /** With "bad_attribute": which. */
    attribute?: string;
  };
}

export interface MorePaymentMethodsElement extends HTMLElement {
  /** Shows the session anew, as after "load_failed". */
  reload(): void;
  addEventListener<K extends keyof Details>(
    type: K,
    listener: (this: MorePaymentMethodsElement, event: CustomEvent<Details[K]>) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void;
}

declare global {
  interface HTMLElementTagNameMap {
    "more-payment-methods": MorePaymentMethodsElement;
  }
}
