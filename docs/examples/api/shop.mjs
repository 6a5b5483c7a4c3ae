// The API with Node 18 or newer and no package: see README.md beside this file.
import { createHmac, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";

const { MOREPAY_ORIGIN, MOREPAY_KEY, MOREPAY_WEBHOOK_SECRET, RETURN_URL } = process.env;

// post returns the answer as text. A call with the same key has no second effect.
async function post(path, key, body) {
  const answer = await fetch(MOREPAY_ORIGIN + path, {
    method: "POST",
    headers: { Authorization: `Bearer ${MOREPAY_KEY}`, "Idempotency-Key": key, "Content-Type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${answer.status}, request ${answer.headers.get("Request-Id")}: ${text}`);
  return text;
}

// verify fails unless a message is signed with our secret, and new. body holds the bytes that came.
function verify(body, id, timestamp, signatures) {
  if (!(Math.abs(Date.now() / 1000 - Number(timestamp)) <= 300)) throw new Error("too old");
  const secret = Buffer.from(MOREPAY_WEBHOOK_SECRET.slice("whsec_".length), "base64");
  const expected = Buffer.from("v1," + createHmac("sha256", secret).update(`${id}.${timestamp}.`).update(body).digest("base64"));
  const ours = (signature) => signature.length === expected.length && timingSafeEqual(signature, expected);
  if (!signatures.split(" ").some((signature) => ours(Buffer.from(signature)))) throw new Error("not signed with our secret");
}

const [what, name, number, fen] = process.argv.slice(2);
if (what === "session") {
  const order = { merchant_reference: name, amount: { currency: "CNY", value: 5980 }, description: "Enamel mug", return_url: RETURN_URL };
  console.log(await post("/v1/sessions", `order-${name}`, order));
} else if (what === "refund") {
  const refund = { merchant_reference: number, amount: { currency: "CNY", value: Number(fen) } };
  console.log(await post(`/v1/sessions/${encodeURIComponent(name)}/refunds`, `refund-${number}`, refund));
} else if (what === "webhook") {
  const body = readFileSync(0);
  verify(body, process.env.WEBHOOK_ID, process.env.WEBHOOK_TIMESTAMP, process.env.WEBHOOK_SIGNATURE);
  process.stdout.write(body);
}
