/** An order as the shop's back end tells it. */
export interface Order {
  id: string;
  session: string;
  endpoint: string;
  status: string;
}

async function api(path: string, options?: RequestInit): Promise<Order> {
  const response = await fetch("/api/orders" + path, options);
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}

export const buy = () => api("", { method: "POST" });

/** Whether the order is paid: the checkout's events are hints, the shop's server knows. */
export const isPaid = async (order: Order) => (await api("/" + order.id)).status === "paid";
