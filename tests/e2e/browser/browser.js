// Headless Chromium, and what the tests want of it.

import { mkdirSync } from "node:fs";
import { chromium } from "playwright-core";

const SCREENSHOTS = new URL("../../../target/screenshots/", import.meta.url).pathname;
const LIMIT = 20_000;

export async function start() {
  mkdirSync(SCREENSHOTS, { recursive: true });
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/**
 * A page with cookies of its own. Whatever goes wrong in it unseen (a script's error, a request to
 * another host than loopback) is collected in `faults`.
 */
export async function open(browser, address) {
  const context = await browser.newContext({ baseURL: address, viewport: { width: 900, height: 700 } });
  context.setDefaultTimeout(LIMIT);
  const page = await context.newPage();
  const faults = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("dialog", (dialog) => {
    faults.push(`a dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("request", (request) => {
    if (!/^(http:\/\/127\.0\.0\.1:|data:|blob:)/.test(request.url())) faults.push(request.url());
  });
  return { page, faults };
}

export async function screenshot(page, name) {
  await page.screenshot({ path: `${SCREENSHOTS}${name}.png`, fullPage: true });
}
