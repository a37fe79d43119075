// Opens the HTML page of a plan in a real browser and uses it.
//
//   node page.mjs BROWSER TALKFORM FOLDER
//
// Needs playwright-core. FOLDER gets the project, the page and pictures of it. Prints the times that a plan of
// 10,000 changes takes; they are not checked.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const [browserPath, talkform, folder] = process.argv.slice(2);
const USERS = 10_000;
const ATTACK = "</script><img src=https://attacker.invalid onerror=document.title='attacked'>";

function plan(name, users) {
  const project = join(folder, name);
  mkdirSync(join(project, "users"), { recursive: true });
  writeFileSync(join(project, "talkform.yaml"), "public: [profile.plan, profile.title]\nlimits: { create: 10 }\n");
  users.forEach((lines, file) => writeFileSync(join(project, "users", `${file}.yaml`), lines.join("\n") + "\n"));
  const page = execFileSync(talkform, ["-C", project, "plan", "--format", "html"], { maxBuffer: 1 << 28 });
  const path = join(folder, `${name}.html`);
  writeFileSync(path, page);
  return pathToFileURL(path).href;
}

function list(users) {
  return ["apiVersion: talkform/v1", "kind: UserList", "users:", ...users];
}

function user(number, fields) {
  return `  - { memberId: "u-${number}", profile: { ${fields} } }`;
}

const every = Array.from({ length: USERS }, (_, number) => number);
const large = plan("large", [list(every.map((number) => user(number, `seats: ${number}, plan: pro`)))]);
const small = plan("small", [
  list([user(1, "plan: pro"), user(2, "plan: pro"), user(3, "plan: free, email: a@example.com")]),
  list([user(4, `title: "${ATTACK}"`)]),
]);

const browser = await chromium.launch({ executablePath: browserPath, args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"] });
try {
  const context = await browser.newContext();
  const requests = [];
  context.on("request", (request) => requests.push(request.url()));
  const page = await context.newPage();
  const problems = [];
  page.on("console", (message) => problems.push(message.text()));
  page.on("pageerror", (error) => problems.push(String(error)));

  await page.goto(small);
  assert.equal(await page.locator("section").count(), 3);
  assert.equal(await page.title(), "talkform plan");
  assert.equal(await page.locator("img").count(), 0);
  assert.match(await page.locator("main").innerText(), /<img src=/);
  assert.match(await page.locator("h1").innerText(), /talkform plan/);
  assert.ok(!(await page.content()).includes("a@example.com"));
  await page.getByLabel("Member id").fill("U-3");
  assert.equal(await page.locator("section").count(), 1);
  assert.equal(await page.locator("output").innerText(), "1 user");
  await page.getByLabel("Member id").fill("");
  await page.getByLabel("All files").selectOption({ label: "users/1.yaml (1)" });
  assert.match(await page.locator("section").innerText(), /u-4/);
  await page.getByLabel("All files").selectOption("");
  await page.getByLabel("All fields").selectOption("profile.email");
  assert.match(await page.locator("section").innerText(), /u-3[^]*\(sensitive\)/);
  await page.getByLabel("All fields").selectOption("");
  await page.getByLabel("All actions").selectOption("create");
  assert.equal(await page.locator("output").innerText(), "4 users");
  for (const scheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.screenshot({ path: join(folder, `${scheme}.png`) });
  }

  const opened = await context.newPage();
  const start = performance.now();
  await opened.goto(large);
  assert.equal(await opened.locator("output").innerText(), `${USERS} users`);
  const ready = performance.now() - start;
  const filtering = performance.now();
  await opened.getByLabel("Member id").fill("u-9999");
  assert.equal(await opened.locator("section").count(), 1);
  console.log(`${USERS} changes: open after ${ready.toFixed(0)} ms, one id found after ${(performance.now() - filtering).toFixed(0)} ms`);

  assert.deepEqual(problems, []);
  assert.deepEqual(new Set(requests), new Set([small, large]));
  console.log("page: the filters work, no value is markup, nothing is requested");
} finally {
  await browser.close();
}
