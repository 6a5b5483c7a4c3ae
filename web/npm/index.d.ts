import type { MorePaymentMethodsConstructor } from "./embed";

export * from "./embed";

export interface LoadOptions {
  /** A published version, such as "1.0.0", which never changes; by default the newest that the server has. */
  version?: string;
  /** Hash of that version's bytes, such as "sha384-…". The browser refuses others. */
  integrity?: string;
}

/**
 * Loads the element's script, once per address, and resolves with the element's
 * class; on a server, where there is no document, with null. It rejects if the
 * script can't be loaded; call again to try again.
 *
 * A page has one such element: where several endpoints are loaded, the first that
 * arrives defines it, and each element names its own in the attribute endpoint.
 */
export function loadMorepay(endpoint: string, options?: LoadOptions): Promise<MorePaymentMethodsConstructor | null>;
