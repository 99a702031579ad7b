// The pages of both example applications, used as a person uses them.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { open, screenshot, start } from "./browser.js";

const NOTES = "# Notes d'été\n\n<script>alert(1)</script> & \u{1F511}\n";

for (const app of ["flask", "next"]) {
  const address = process.env[`${app.toUpperCase()}_URL`];
  if (!address) throw new Error(`${app.toUpperCase()}_URL is not set: scripts/test.sh starts the servers`);

  describe(`the page of ${app}`, { timeout: 120_000 }, () => {
    let browser, page, faults, folder;

    before(async () => {
      folder = mkdtempSync(join(tmpdir(), "casier-browser-"));
      browser = await start();
      ({ page, faults } = await open(browser, address));
    });

    after(async () => {
      await browser?.close();
      rmSync(folder, { recursive: true, force: true });
    });

    test("says who is signed in", async () => {
      await page.goto("/");
      await shows("#who", /signed out/i);
      await screenshot(page, `${app}-1-signed-out`);
      await signIn("ada");
      await shows("#who", /user_ada.*pro/s);
      const [cookie] = await page.context().cookies();
      assert.equal(cookie.name, "__session");
      assert.deepEqual([cookie.httpOnly, cookie.sameSite, cookie.path], [true, "Lax", "/"]);
    });

    test("uploads and lists", async () => {
      await upload("mes notes d'été.md", NOTES, "document");
      const row = file("user_user_ada/documents/mes notes d'été.md");
      await row.waitFor();
      assert.match(await row.innerText(), /mes notes d'été\.md/);
      assert.match(await row.innerText(), new RegExp(`\\b${Buffer.byteLength(NOTES)}\\b`));
      await upload("a & b <i>c.csv", "a,b\n1,2\n", "document");
      await page.locator("#files li").nth(1).waitFor();
      await shows("#message", /Uploaded .*a & b _i_c\.csv/);
      assert.equal(await page.locator("#files li i").count(), 0, "a name is text, never markup");
      await screenshot(page, `${app}-2-uploaded`);
      await page.reload();
      await page.locator("#files li").nth(1).waitFor();
      assert.equal(await page.locator("#files li").count(), 2, "the list lives on the server");
    });

    test("downloads the same bytes", async () => {
      const row = file("user_user_ada/documents/mes notes d'été.md");
      const download = page.waitForEvent("download");
      await row.locator("button.download").click();
      const saved = await download;
      assert.equal(saved.suggestedFilename(), "mes notes d'été.md");
      assert.equal(readFileSync(await saved.path(), "utf8"), NOTES);
    });

    test("opens what the tier includes", async () => {
      await page.locator("#report").click();
      await shows("#message", /./);
      assert.doesNotMatch(await page.locator("#message").innerText(), /required/);
      await screenshot(page, `${app}-3-report-for-pro`);
    });

    test("shows nothing of it to somebody else", async () => {
      await page.locator("#sign-out button").click();
      await shows("#who", /signed out/i);
      await signIn("ben");
      await shows("#who", /user_ben.*free/s);
      await page.waitForLoadState("networkidle");
      assert.equal(await page.locator("#files li").count(), 0);
    });

    test("says why something is refused", async () => {
      await page.locator("#report").click();
      await shows("#message", /subscription-required/);
      await screenshot(page, `${app}-4-report-refused`);
      await upload("picture.png", "not a picture", "image");
      await shows("#message", /content-mismatch/);
      await screenshot(page, `${app}-5-upload-refused`);
      assert.equal(await page.locator("#files li").count(), 0);
    });

    test("deletes", async () => {
      await page.locator("#sign-out button").click();
      await signIn("ada");
      await file("user_user_ada/documents/mes notes d'été.md").locator("button.delete").click();
      await file("user_user_ada/documents/mes notes d'été.md").waitFor({ state: "detached" });
      await page.locator("#files li button.delete").click();
      await page.locator("#files li").waitFor({ state: "detached" });
      await page.reload();
      await page.waitForLoadState("networkidle");
      assert.equal(await page.locator("#files li").count(), 0);
      await screenshot(page, `${app}-6-deleted`);
    });

    test("fits a telephone", async () => {
      await page.setViewportSize({ width: 360, height: 700 });
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      await screenshot(page, `${app}-7-narrow`);
      assert.ok(width <= 360, `the page is ${width} pixels wide`);
    });

    test("had no hidden fault", () => {
      assert.deepEqual(faults, []);
    });

    async function shows(selector, pattern) {
      await page.locator(selector).filter({ hasText: pattern }).waitFor();
    }

    async function signIn(user) {
      await page.locator("#sign-in select[name=user]").selectOption(user);
      await page.locator("#sign-in [type=submit], #sign-in button").first().click();
      await page.waitForURL("/");
    }

    async function upload(name, text, kind) {
      writeFileSync(join(folder, name), text);
      await page.locator("#upload input[name=file]").setInputFiles(join(folder, name));
      await page.locator("#upload select[name=content_type]").selectOption(kind);
      await page.locator("#upload [type=submit], #upload button").first().click();
    }

    function file(key) {
      return page.locator(`#files li[data-key="${key}"]`);
    }
  });
}
