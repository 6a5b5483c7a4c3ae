// Types of <more-payment-methods>, the element that embed.js defines, for plain
// TypeScript, React 19, Vue 3 and Svelte. Every event bubbles, so it is known on
// the document, the window and every element too.

/** Where the checkout stands. */
export type State = "select" | "submitting" | "waiting" | "paid" | "expired" | "failed" | "canceled";

/** A method of payment. */
export type Method = Choice["method"];

/** The route to a method from this device. */
export type Rail = Choice["rail"];

/** A method with a route that it has. */
export type Choice =
  | { method: "wechat_pay"; rail: "jsapi" | "app" | "mini_program" | "deep_link" | "qr" | "page_qr" }
  | { method: "alipay"; rail: "jsapi" | "app" | "deep_link" | "qr" | "redirect" | "page_qr" }
  | { method: "unionpay"; rail: "qr" | "redirect" | "page_qr" }
  | { method: "jd_pay"; rail: "deep_link" | "qr" | "redirect" | "page_qr" }
  | { method: "ecny"; rail: "deep_link" | "qr" | "redirect" | "page_qr" }
  | { method: "douyin_pay"; rail: "deep_link" | "qr" | "redirect" | "page_qr" }
  | { method: "qq_wallet"; rail: "deep_link" | "qr" | "redirect" | "page_qr" }
  | { method: "meituan_pay"; rail: "deep_link" | "qr" | "redirect" | "page_qr" }
  | { method: "card"; rail: "redirect" | "page_qr" }
  | { method: "alipay_hk"; rail: "jsapi" | "deep_link" | "qr" | "redirect" | "page_qr" }
  | { method: "wechat_pay_hk"; rail: "jsapi" | "deep_link" | "qr" | "redirect" | "page_qr" };

/** Why the checkout can't be shown. */
export type LoadCode =
  /** The server doesn't know the token. */
  | "session_unknown"
  /** The session ended too long ago to be shown. */
  | "session_over"
  /** The merchant has not registered the origin of this page. */
  | "origin_not_registered"
  /** The server can't be reached. */
  | "unreachable"
  /** None of these: the page has not answered. */
  | "load_failed";

/** A problem that the payer was shown. */
export type PayerCode =
  | "invalid_request"
  | "forbidden"
  | "not_found"
  | "conflict"
  | "session_not_open"
  | "method_unavailable"
  | "form_expired"
  | "too_many_attempts"
  | "rate_limited"
  | "body_too_large"
  | "body_incomplete"
  | "provider_refused"
  | "provider_unavailable"
  | "store_unavailable"
  | "internal";

export type Layout = "list" | "tabs";

/** What an attribute of the element may be called. */
export type Attribute = keyof Props;

interface Attributes {
  /** The token of the session. */
  session?: string;
  /** Origin of the checkout; by default where embed.js came from. */
  endpoint?: string;
  /** BCP 47 tag; by default what the payer's browser asks for. */
  locale?: string;
  /** Words that change the look, such as "dark plain". */
  theme?: string;
  layout?: Layout;
  /** How many methods are shown before the others are folded. */
  "visible-count"?: number | string;
  /** Methods that come first, with spaces between. */
  "method-order"?: string;
  /** The only methods to show, with spaces between. */
  "allow-methods"?: string;
  /** Methods not to show, with spaces between. */
  "remove-methods"?: string;
  /** The method whose own panel is shown first. */
  "open-method"?: Method;
  /** Without a session: the merchant's id. */
  merchant?: string;
  /** Without a session: in the currency's smallest unit. */
  amount?: number | string;
  /** Without a session: ISO 4217. */
  currency?: string;
  /** Without a session: the order's items, as JSON. */
  items?: string;
  /** Where to POST for a session once the payer pays. */
  "session-url"?: string;
}

/** Attributes that are there or not. In Vue and React, leave them out by undefined. */
interface Flags<Set> {
  /** Keep the payer's last method in this origin's storage and show it first. */
  remember?: Set;
  /** Ask this page before a click leaves it, see mpm:beforeredirect. */
  "hold-redirect"?: Set;
}

/** What the events say, by event. */
interface Details {
  /** The list can be used. Once per load. */
  "mpm:ready": {};
  /** The payer chose a method. */
  "mpm:select": Choice;
  /** The methods on offer, in their order. */
  "mpm:methodschange": { methods: Method[] };
  /** The list or the code came into the payer's view for the first time. */
  "mpm:shown": { methods: Method[] };
  /** The payer is now to scan, open or confirm something. */
  "mpm:action": { rail: Rail };
  /** The payer took another rail than the one that was under way. */
  "mpm:fallback": { method: Method; from: Rail; to: Rail };
  /** The checkout stands elsewhere. */
  "mpm:statuschange": { state: State };
  /**
   * The payer's click is about to leave the shop's page for the wallet. With the
   * attribute hold-redirect, preventDefault() keeps the payer here; answer at
   * once, the hand-off goes on after 250 ms.
   */
  "mpm:beforeredirect": Choice;
  /** Without a session the payer chose a method: respond with the token of one. */
  "mpm:createsession": Choice & {
    amount: number;
    currency: string;
    respond(token: string | PromiseLike<string>): void;
  };
  /** Paid, as far as this page knows: ask your server before you ship. */
  "mpm:complete": {};
  /** The session expired. A payment that was under way may still complete it. */
  "mpm:expire": {};
  /** The shop's server canceled the session. */
  "mpm:cancel": {};
  /** The payer chose something and left the page without having paid. */
  "mpm:abandon": {};
  /** The page in the frame lost its server, or has it again. */
  "mpm:connection": { online: boolean };
  /** The checkout is not shown. The element shows a link instead. */
  "mpm:loaderror": { code: LoadCode; retryable: boolean; origin?: string };
  /** Something went wrong. */
  "mpm:error":
    | { code: LoadCode; retryable: boolean; origin?: string }
    /** handoff_blocked: the frame let no wallet open. session_failed: mpm:createsession got no token. */
    | { code: PayerCode | "handoff_blocked" | "session_failed"; retryable: boolean }
    | { code: "bad_attribute"; retryable: false; attribute: Attribute };
}

/** The names of the events. */
export type EventName = keyof Details;

/** The detail of an event, such as Detail<"mpm:select">. Each names the session (cs_…), or "" as long as none is shown. */
export type Detail<K extends EventName> = Details[K] & { session: string };

/** The events by name, as lib.dom has those of HTMLElement. */
export type Events = { [K in EventName]: CustomEvent<Detail<K>> };

type Listener<T, K extends EventName> = ((this: T, event: Events[K]) => unknown) | { handleEvent(event: Events[K]): unknown };
type AnyListener = EventListenerOrEventListenerObject | null;
type ListenerOptions = boolean | AddEventListenerOptions;

export interface MorePaymentMethodsElement extends HTMLElement {
  session: string;
  endpoint: string;
  locale: string;
  theme: string;
  layout: Layout;
  get visibleCount(): number;
  set visibleCount(count: string | number);
  methodOrder: string;
  allowMethods: string;
  removeMethods: string;
  openMethod: Method | "";
  remember: boolean;
  holdRedirect: boolean;
  merchant: string;
  get amount(): number;
  set amount(amount: string | number);
  currency: string;
  get items(): string;
  set items(items: string | Item[]);
  sessionUrl: string;

  /** Shows the session anew in a fresh frame, as after mpm:loaderror. */
  reload(): void;
  /** Has the page in the frame load anew, as when the order has changed. */
  refresh(): void;
  /** Asks the provider, as the payer's "I have paid" does. */
  checkStatus(): void;
  /** Shows a method's own panel. It begins nothing: only the payer's click does. */
  open(method: Method): void;
  /** Leaves the attempt under way for the list. The session stays. */
  cancel(): void;
  /** What this order can be paid with on this device. */
  eligibility(): Promise<Eligibility>;

  addEventListener<K extends keyof HTMLElementEventMap>(type: K, listener: (this: MorePaymentMethodsElement, event: HTMLElementEventMap[K]) => unknown, options?: ListenerOptions): void;
  addEventListener<T extends string>(type: Foreign<T>, listener: AnyListener, options?: ListenerOptions): void;
  removeEventListener<K extends keyof HTMLElementEventMap>(type: K, listener: (this: MorePaymentMethodsElement, event: HTMLElementEventMap[K]) => unknown, options?: boolean | EventListenerOptions): void;
  removeEventListener<T extends string>(type: Foreign<T>, listener: AnyListener, options?: boolean | EventListenerOptions): void;
}

/** A name that isn't ours: "mpm:complet" is never. */
type Foreign<T extends string> = T extends `mpm:${string}` ? never : T;

/** The class of the element. */
export interface MorePaymentMethodsConstructor {
  new (): MorePaymentMethodsElement;
  readonly prototype: MorePaymentMethodsElement;
  /** What an order could be paid with on this device, before there is a session. */
  eligibility(order: Order): Promise<Eligibility>;
}

export interface Order {
  merchant: string;
  /** In the currency's smallest unit. */
  amount: number;
  /** ISO 4217; CNY if absent. */
  currency?: string;
  items?: Item[];
  /** Origin of the checkout; by default where embed.js came from. */
  endpoint?: string;
}

/** One of an order's items, for methods that are restricted to some goods. */
export interface Item {
  sku?: string;
  category?: string;
  name?: string;
  quantity?: number;
}

/** What an order can be paid with on this device. */
export interface Eligibility {
  /** Of the merchant's capability document. */
  version: number;
  device: { profile: string; container: string; form: "desktop" | "mobile"; os: string; host?: string; host_version?: string };
  /** In the order in which they are shown. */
  methods: Eligible[];
}

/** One method: the rails that it is offered by, best first, or all reasons why it isn't. */
export interface Eligible {
  method: Method;
  offered: boolean;
  rails: Rail[];
  reasons: Reason[];
}

export interface Reason {
  code: ReasonCode;
  /** With "not_yet_open": when it opens (RFC 3339). */
  at?: string;
  /** With "amount_below_min" and "amount_above_max". */
  limit?: { currency: string; value: number };
  /** With "product_excluded": which of the items. */
  item?: string;
  /** With "blocked_in_container" and "host_update_required": which app. */
  host?: string;
  /** With "host_update_required": which version it needs. */
  version?: string;
}

/** Why a method isn't offered. */
export type ReasonCode =
  | "method_closed"
  | "not_yet_open"
  | "not_in_rollout"
  | "currency_unsupported"
  | "amount_below_min"
  | "amount_above_max"
  | "region_unsupported"
  | "product_excluded"
  | "hidden_by_shop"
  | "host_update_required"
  | "blocked_in_container"
  | "no_rail_on_device"
  | "rail_not_granted"
  | "no_account"
  | "provider_unavailable";

type Props = Attributes & Flags<"" | true | null>;
type Handlers<Prefix extends string> = { [K in EventName as `${Prefix}${K}`]?: (event: Events[K]) => unknown };

// Vue's compiler knows "hold-redirect" as holdRedirect and "mpm:ready" as onMpm:ready.
type Camel<S> = S extends `${infer A}-${infer B}` ? `${A}${Capitalize<B>}` : S;
type VueProps = { [K in keyof Props as Camel<K>]: Props[K] } & { [K in EventName as `on${Capitalize<K>}`]?: (event: Events[K]) => unknown };

declare global {
  /** There once the script has run. */
  var MorePaymentMethods: MorePaymentMethodsConstructor;
  interface HTMLElementTagNameMap {
    "more-payment-methods": MorePaymentMethodsElement;
  }
  interface HTMLElementEventMap extends Events {}
  interface DocumentEventMap extends Events {}
  interface WindowEventMap extends Events {}
  interface Document {
    addEventListener<K extends EventName>(type: K, listener: Listener<Document, K>, options?: ListenerOptions): void;
    /** @deprecated There is no event of this name. */
    addEventListener(type: `mpm:${string}`, listener: AnyListener, options?: ListenerOptions): void;
  }
  interface Window {
    addEventListener<K extends EventName>(type: K, listener: Listener<Window, K>, options?: ListenerOptions): void;
    /** @deprecated There is no event of this name. */
    addEventListener(type: `mpm:${string}`, listener: AnyListener, options?: ListenerOptions): void;
  }
  interface CustomElementRegistry {
    get(name: "more-payment-methods"): MorePaymentMethodsConstructor | undefined;
    whenDefined(name: "more-payment-methods"): Promise<MorePaymentMethodsConstructor>;
  }
}

// Those who use a framework have its types; for others the names below stand for
// nothing, which is no error of theirs.

// @ts-ignore
declare module "react" {
  namespace JSX {
    interface IntrinsicElements {
      // @ts-ignore
      "more-payment-methods": DetailedHTMLProps<HTMLAttributes<MorePaymentMethodsElement>, MorePaymentMethodsElement> & Props & Handlers<"on">;
    }
  }
}

// @ts-ignore
declare module "vue" {
  interface GlobalComponents {
    // @ts-ignore
    MorePaymentMethods: new () => { $props: import("vue").VNodeProps & import("vue").HTMLAttributes & VueProps };
  }
}

// @ts-ignore
declare module "svelte/elements" {
  interface SvelteHTMLElements {
    // @ts-ignore
    "more-payment-methods": HTMLAttributes<MorePaymentMethodsElement> & Props & Handlers<"on" | "on:">;
  }
}
