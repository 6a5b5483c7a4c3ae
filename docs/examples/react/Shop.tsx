import { useEffect, useState } from "react";
import { loadMorepay } from "@morepay/more-payment-methods";
import { buy, isPaid, type Order } from "../order";

export function Shop() {
  const [order, setOrder] = useState<Order>();
  const [paid, setPaid] = useState(false);
  const [problem, setProblem] = useState("");
  const attempt = (promise: Promise<unknown>) => promise.catch((error: Error) => setProblem(error.message));

  if (paid) return <p role="status">Paid. Thank you!</p>;
  return <>
    <h1>Enamel mug</h1>
    {order
      ? <Checkout order={order} onComplete={() => attempt(isPaid(order).then(setPaid))} />
      : <button onClick={() => attempt(buy().then(setOrder))}>Buy for ¥59.80</button>}
    {problem && <p role="alert">{problem}</p>}
  </>;
}

function Checkout({ order, onComplete }: { order: Order; onComplete: () => void }) {
  const [missing, setMissing] = useState(false);
  useEffect(() => {
    loadMorepay(order.endpoint).catch(() => setMissing(true));
  }, [order.endpoint]);

  if (missing) return <a href={`${order.endpoint}/pay/${order.session}`}>Open the checkout</a>;
  return <more-payment-methods session={order.session} endpoint={order.endpoint} onmpm:complete={onComplete} />;
}
