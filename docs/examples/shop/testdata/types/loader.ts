// Right and wrong uses of the loader.
import { loadMorepay } from "@morepay/more-payment-methods";

loadMorepay("https://pay.example").then((element) => element?.eligibility({ merchant: "demo", amount: 1 }));
loadMorepay("https://pay.example", { version: "1.0.0", integrity: "sha384-x" });
// @ts-expect-error
loadMorepay();
// @ts-expect-error
loadMorepay("https://pay.example", { versoin: "1.0.0" });
// @ts-expect-error
loadMorepay("https://pay.example").then((element) => element.eligibility({ merchant: "demo", amount: 1 }));
