// What a server renders and a browser takes over.
import type {} from "@morepay/more-payment-methods";

export const App = ({ session, endpoint }: { session: string; endpoint: string }) =>
  <section><more-payment-methods session={session} endpoint={endpoint} hold-redirect className="checkout" /></section>;
