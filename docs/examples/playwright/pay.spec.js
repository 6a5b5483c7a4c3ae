// Pays an order as a payer does: chooses WeChat Pay in the browser, scans the code
// with the simulated phone, approves, and waits for the page to say so.
//
//   MOREPAY_KEY=sk_test_… npx playwright test
import { expect, test } from "@playwright/test";

const checkout = process.env.MOREPAY_URL ?? "http://127.0.0.1:8080";
const simulator = process.env.MOREPAY_SIM_URL ?? "http://127.0.0.1:8081";
const key = process.env.MOREPAY_KEY; // the demo prints one per merchant

// order creates a session, as the shop's server does.
async function order(request, fen) {
  const response = await request.post(checkout + "/v1/sessions", {
    headers: { Authorization: `Bearer ${key}`, "Idempotency-Key": crypto.randomUUID() },
    data: {
      merchant_reference: "test-1",
      amount: { currency: "CNY", value: fen },
      description: "Enamel mug",
      return_url: checkout + "/demo/thanks?shop=bench",
      locale: "en",
    },
  });
  expect(response.status(), await response.text()).toBe(201);
  return response.json();
}

// phone calls the simulator's control API.
async function phone(request, path, data) {
  const response = await request.post(`${simulator}/control/${path}`, { data });
  expect(response.status(), await response.text()).toBe(200);
  return response.json();
}

// shown is the order whose code is on show, by its amount: other tests may have codes too.
async function shown(request, fen) {
  const codes = await (await request.get(`${simulator}/control/codes`)).json();
  return codes.find((code) => code.fen === fen);
}

test("pays by code", async ({ page, request }) => {
  const fen = 4200;
  const session = await order(request, fen);
  await page.goto(session.url);
  await page.locator('[data-method="wechat_pay"] button').first().click();
  await expect(page.locator("[data-qr]")).toBeVisible();

  const { text } = await shown(request, fen);
  await phone(request, "scan", { text, how: "camera" });
  await phone(request, "approve", { ref: text });

  await expect(page.locator("#checkout")).toHaveAttribute("data-state", "paid");
  const answer = await request.get(`${checkout}/v1/sessions/${session.id}`, { headers: { Authorization: `Bearer ${key}` } });
  expect((await answer.json()).status).toBe("paid");
});

test("comes through an error of the provider", async ({ page, request }) => {
  const session = await order(request, 4300);
  await phone(request, "faults", { rules: [{ fault: "server-error", next: 1 }] });
  await page.goto(session.url);
  await page.locator('[data-method="wechat_pay"] button').first().click();
  await expect(page.locator("#checkout")).toHaveAttribute("data-state", /submitting|waiting/);
  await expect(page.locator("[data-qr]")).toBeVisible({ timeout: 15_000 }); // the same order is sent again
});
