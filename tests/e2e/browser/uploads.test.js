// Uploads from the pages of both example applications: any size, a bar, a network that goes away, a
// page that is reloaded.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { open, screenshot, start } from "./browser.js";
import { asked, filesOf, forgetSpeed, limitSpeed, mint } from "./store.js";

const MIB = 1024 ** 2;
const PATIENCE = { timeout: 240_000 };

for (const app of ["flask", "next"]) {
  const address = process.env[`${app.toUpperCase()}_URL`];
  if (!address) throw new Error(`${app.toUpperCase()}_URL is not set: scripts/test.sh starts the servers`);

  describe(`uploads on the page of ${app}`, { timeout: 280_000 }, () => {
    const user = `user_uploads_${app}_${process.pid}`;
    const files = filesOf(user);
    let browser, page, faults, folder;
    // The parts that the store has answered for, and those that were sent to it again after that.
    let [arrived, needless] = [new Set(), []];

    before(async () => {
      folder = mkdtempSync(join(tmpdir(), "casier-browser-"));
      browser = await start();
      ({ page, faults } = await open(browser, address));
      const value = await mint(user, "enterprise");
      await page.context().addCookies([{ name: "__session", value, url: address, httpOnly: true, sameSite: "Lax" }]);
      await page.addInitScript(recordBar);
      page.on("request", (request) => arrived.has(partOf(request)) && needless.push(partOf(request)));
      page.on("response", (response) => {
        if (response.ok() && partOf(response.request())) arrived.add(partOf(response.request()));
      });
      await page.goto("/");
    });

    after(async () => {
      await browser?.close();
      rmSync(folder, { recursive: true, force: true });
      await forgetSpeed();
      await files.deleteAll();
    });

    test("a small file, and one without bytes", async () => {
      for (const [name, bytes] of [["note.txt", 12], ["empty.txt", 0]]) {
        await upload(name, bytes, "document");
        await shows("#message", new RegExp(`Uploaded .*${name}`));
        assert.equal((await files.metadata(key("document", name))).size, bytes);
        assert.equal((await bar()).at(-1), 1);
      }
    });

    test("a large file, that pauses and replaces itself", async () => {
      await limitSpeed(16 * MIB);
      await upload("large.bin", 200 * MIB, "file");
      await reaches(0.2);
      await page.locator("#pause").click();
      await shows("#message", /Paused/);
      await screenshot(page, `${app}-8-paused`);
      assert.equal((await files.usage()).files, 2, "nothing is there before it is whole");
      await page.locator("#pause").click();
      await shows("#message", /Uploaded .*large\.bin/, PATIENCE);
      assert.deepEqual(needless, []);
      rises(await bar());
      assert.equal((await files.metadata(key("file", "large.bin"))).size, 200 * MIB);

      await upload("large.bin", 20 * MIB, "file");
      await shows("#message", /Uploaded .*large\.bin/, PATIENCE);
      assert.equal((await files.metadata(key("file", "large.bin"))).size, 20 * MIB);
    });

    test("one that is cancelled is nowhere", async () => {
      await limitSpeed(16 * MIB);
      await upload("not.bin", 200 * MIB, "file");
      await reaches(0.1);
      await page.locator("#cancel").click();
      await shows("#message", /Cancelled/);
      assert.equal(await files.exists(key("file", "not.bin")), false);
      await page.locator("#sending").waitFor({ state: "hidden" });
    });

    if (app === "flask") {
      test("1 GiB, without the network for a while, and over a reload", async () => {
        await limitSpeed(16 * MIB);
        await upload("archive.bin", 1024 * MIB, "file");
        await reaches(0.2);
        await page.context().setOffline(true);
        await shows("#sent", /waiting for the network/);
        await screenshot(page, "flask-9-waiting");
        await page.context().setOffline(false);
        await reaches(0.4);
        await screenshot(page, "flask-10-sending");
        rises(await bar());

        await page.reload();
        const there = arrived.size;
        assert.ok(there >= 30 && there < 128, `${there} parts of 128 before the reload`);
        await choose("archive.bin", "file");
        await reaches(0.4);
        const first = (await bar()).find((value) => value > 0);
        assert.ok(first >= there / 128, `it goes on at ${first}, not after ${there} parts of 128`);
        await shows("#message", /Uploaded archive\.bin/, PATIENCE);
        rises(await bar());
        assert.equal((await bar()).at(-1), 1);

        assert.deepEqual(needless, [], "parts that were there were sent again");
        assert.equal(arrived.size, 128);
        // Those on their way when the network went and when the page did: four at a time.
        const atStore = await asked("UploadPart");
        assert.ok(atStore >= 128 && atStore <= 136, `the store was sent ${atStore} parts`);
        assert.equal((await files.metadata(key("file", "archive.bin"))).size, 1024 * MIB);
        await screenshot(page, "flask-11-stored");
      });
    }

    test("nothing is left unfinished, and nothing had a hidden fault", async () => {
      const { uploads, failed } = await files.deleteAll();
      assert.deepEqual([uploads, failed], [0, []]);
      assert.equal(await page.evaluate(() => localStorage.length), 0);
      assert.deepEqual(faults, []);
    });

    const key = (kind, name) => `${files.scope.prefix}${kind}s/${name}`;

    /** Makes a file of so many bytes, of which only the first take room on disk, and sends it. */
    async function upload(name, bytes, kind) {
      writeFileSync(join(folder, name), "words on top\n".slice(0, bytes));
      truncateSync(join(folder, name), bytes);
      [arrived, needless] = [new Set(), []];
      await choose(name, kind);
    }

    async function choose(name, kind) {
      await page.locator("#upload input[name=file]").setInputFiles(join(folder, name));
      await page.locator("#upload select[name=content_type]").selectOption(kind);
      await page.evaluate(() => (globalThis.bar = []));
      await page.locator("#upload button").first().click();
    }

    async function shows(selector, pattern, more) {
      await page.locator(selector).filter({ hasText: pattern }).waitFor(more);
    }

    async function reaches(fraction) {
      await page.waitForFunction((at) => document.querySelector("#bar")?.value >= at, fraction, PATIENCE);
    }

    /** What the bar has shown of this upload. */
    const bar = () => page.evaluate(() => globalThis.bar);
  });
}

/** In the page, before anything of its own: writes down what the bar shows. */
function recordBar() {
  globalThis.bar = [];
  new MutationObserver(() => {
    const value = document.querySelector("#bar")?.value;
    if (value !== undefined && globalThis.bar.at(-1) !== value) globalThis.bar.push(value);
  }).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ["value"] });
}

/** The number of the part that a request sends; none if it sends none. */
function partOf(request) {
  return request.method() === "PUT" ? Number(new URL(request.url()).searchParams.get("partNumber")) : 0;
}

function rises(values) {
  assert.ok(values.length > 10, `the bar moved ${values.length} times`);
  assert.deepEqual(values, values.toSorted((a, b) => a - b), "the bar went back");
}
