import { defineConfig } from "@playwright/test";

export default defineConfig({
  timeout: 30_000,
  use: {
    // A browser of the system; leave it out after "npx playwright install chromium".
    launchOptions: process.env.CHROMIUM ? { executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] } : {},
  },
});
