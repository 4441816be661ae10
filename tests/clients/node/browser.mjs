// A client in Chromium: `node browser.mjs SCRIPT PACKAGE`. The verbs are those of the page's script, and a few of the page.

import { execFileSync } from "node:child_process";
import { chromium } from "playwright-core";
import { drive, versionOf } from "./lines.mjs";
import { servePages } from "./page_server.mjs";

const [script, name] = process.argv.slice(2);
const command = process.env.CHROMIUM ?? "chromium";
const executablePath = execFileSync("which", [command], { encoding: "utf8" }).trim();
const PART = 60;

const pages = await servePages();
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const context = await browser.newContext();
let page;
let notes = [];

/** Open the page, and note whatever a developer would see in the console. */
async function visit() {
  page = await context.newPage();
  page.on("console", (said) => {
    if (["error", "warning", "assert"].includes(said.type())) notes.push(`${said.type()}: ${said.text()}`);
  });
  page.on("pageerror", (error) => notes.push(`uncaught: ${error}`));
  page.on("response", (found) => {
    if (found.status() >= 400) notes.push(`${found.status()}: ${found.request().method()} ${found.url()}`);
  });
  await page.goto(`${pages.url}/page/index.html?script=${script}&package=${name}`);
  await page.waitForFunction(() => window.driver !== undefined);
}

/** As text, because handing over a value with a hundred levels would take for ever. */
async function inPage(verb, asked) {
  const call = async ([verb, asked]) => JSON.stringify((await window.driver[verb](JSON.parse(asked))) ?? null);
  return JSON.parse(await page.evaluate(call, [verb, JSON.stringify(asked)]));
}

/** Open a new page in place of the last. */
async function visitAgain() {
  await page?.close();
  await visit();
}

const ofPage = {
  async open(asked) {
    await visitAgain();
    return inPage("open", asked);
  },
  /** A page for each part, because a page keeps every client. */
  async ask({ cases }) {
    const answers = [];
    for (let first = 0; first < cases.length; first += PART) {
      await visitAgain();
      answers.push(...(await inPage("ask", { cases: cases.slice(first, first + PART) })));
    }
    return answers;
  },
  notes: () => notes.splice(0),
  click: ({ selector }) => page.click(selector),
  end: () => page.close(),
  leave: () => page.close({ runBeforeUnload: true }),
  async close() {
    await browser.close();
    pages.stop();
  },
};

const verbs = new Proxy(ofPage, {
  get: (own, verb) => own[verb] ?? ((asked) => inPage(verb, asked)),
});

await drive({ name, version: versionOf(name) }, verbs);
