// Right and wrong uses in React 19.
import { useRef } from "react";
import type { MorePaymentMethodsElement } from "@morepay/more-payment-methods";

export function Page({ held }: { held: boolean }) {
  const ref = useRef<MorePaymentMethodsElement>(null);
  return <>
    <more-payment-methods ref={ref} session="token" endpoint="https://pay.example" layout="tabs" visible-count={3} remember
      hold-redirect={held || undefined} className="checkout" onClick={() => ref.current?.reload()} onmpm:complete={(e) => e.detail.session} />
    {/* @ts-expect-error */}
    <more-payment-methods sesion="token" />
    {/* @ts-expect-error */}
    <more-payment-methods layout="grid" />
    {/* @ts-expect-error */}
    <more-payment-methods onmpm:complet={() => {}} />
    {/* @ts-expect-error */}
    <more-payment-methods onmpm:statuschange={(e) => e.detail.state === "payed"} />
  </>;
}
