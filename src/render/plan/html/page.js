"use strict";
// Shows the plan that the page holds as data. Every text is set with textContent, so no value is markup.
const PAGE = 200; // changes in one step of the list
const NAMES = 50; // users of a group before "Show all"
const SYMBOLS = { "+": "create", "~": "update", "-": "clear", x: "delete", ">": "move", ".": "forget" };
const plan = JSON.parse(document.getElementById("plan").textContent);

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

function place([, file, line]) {
  return file < 0 ? "" : plan.files[file] + (line ? `:${line}` : "");
}

function head(main) {
  main.append(make("h1", "", plan.title));
  for (const [className, text] of plan.head) main.append(make("p", className, text));
  if (plan.limits.length) {
    const table = make("table");
    const titles = make("tr");
    for (const title of ["limit", "allowed", "planned"]) titles.append(make("th", "", title));
    table.append(titles);
    for (const row of plan.limits) {
      const line = make("tr");
      for (const cell of row) line.append(make("td", "", cell));
      table.append(line);
    }
    main.append(table);
  }
  const digest = make("p", "dim", "Plan digest: ");
  digest.append(make("span", "digest", plan.digest));
  main.append(digest);
}

function option(select, value, text) {
  const element = make("option", "", text);
  element.value = value;
  select.append(element);
}

// The number of users for each value that `values` gives for a group.
function tally(values) {
  const counts = new Map();
  for (const group of plan.groups)
    for (const [value, users] of values(group)) counts.set(value, (counts.get(value) ?? 0) + users);
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
}

function choices(label, counts, name) {
  const select = make("select");
  select.setAttribute("aria-label", label);
  option(select, "", label);
  for (const [value, users] of counts) option(select, value, `${name(value)} (${users})`);
  return select;
}

function shownUsers(group, filter) {
  if (filter.action && group.action !== filter.action) return [];
  if (filter.field && !group.paths.includes(filter.field)) return [];
  return group.users.filter(
    (user) =>
      (filter.file === "" || String(user[1]) === filter.file) &&
      (filter.id === "" || user[0].toLowerCase().includes(filter.id)),
  );
}

function section(group, users) {
  const element = make("section");
  const title = make("h2");
  title.append(make("span", SYMBOLS[group.symbol], group.title));
  if (group.users.length === 1) title.append(make("span", "place", place(users[0])));
  else if (users.length < group.users.length) title.append(make("span", "place", `${users.length} of them match`));
  element.append(title);
  const lines = make("pre");
  for (const [symbol, depth, text] of group.lines) {
    lines.append(make("span", SYMBOLS[symbol] ?? "dim", `${"  ".repeat(depth)}${symbol} ${text}`), "\n");
  }
  element.append(lines);
  if (group.users.length > 1) element.append(names(users));
  return element;
}

function names(users) {
  const details = make("details");
  details.append(make("summary", "", users.length === 1 ? "1 user" : `${users.length} users`));
  const list = make("ul");
  const add = (some) => {
    for (const user of some) {
      const item = make("li");
      item.append(make("span", "name", user[0]), " ", make("span", "place", place(user)));
      list.append(item);
    }
  };
  add(users.slice(0, NAMES));
  details.append(list);
  if (users.length > NAMES) {
    const all = make("button", "", "Show all");
    all.addEventListener("click", () => {
      add(users.slice(NAMES));
      all.remove();
    });
    details.append(all);
  }
  return details;
}

function start() {
  const main = document.querySelector("main");
  head(main);
  const form = make("form");
  const id = make("input");
  id.type = "search";
  id.placeholder = "Member id";
  id.setAttribute("aria-label", "Member id");
  const same = (value) => value;
  const action = choices("All actions", tally((group) => [[group.action, group.users.length]]), same);
  const field = choices("All fields", tally((group) => group.paths.map((path) => [path, group.users.length])), same);
  const file = choices(
    "All files",
    tally((group) => group.users.filter((user) => user[1] >= 0).map((user) => [user[1], 1])),
    (index) => plan.files[index],
  );
  const count = make("output", "dim");
  form.append(id, action, field, file, count);
  form.addEventListener("submit", (event) => event.preventDefault());
  const list = make("div");
  const more = make("button", "", "Show more");
  main.append(form, list, more);

  let found = [];
  let drawn = 0;
  const draw = () => {
    const next = found.slice(drawn, drawn + PAGE);
    list.append(...next.map(([group, users]) => section(group, users)));
    drawn += next.length;
    more.hidden = drawn >= found.length;
  };
  const update = () => {
    const filter = { id: id.value.trim().toLowerCase(), action: action.value, field: field.value, file: file.value };
    found = plan.groups.map((group) => [group, shownUsers(group, filter)]).filter(([, users]) => users.length);
    const users = found.reduce((sum, [, some]) => sum + some.length, 0);
    count.textContent = users === 1 ? "1 user" : `${users} users`;
    list.replaceChildren();
    drawn = 0;
    draw();
  };
  for (const input of [id, action, field, file]) input.addEventListener("input", update);
  more.addEventListener("click", draw);
  addEventListener("beforeprint", () => {
    while (drawn < found.length) draw();
  });
  update();
}

start();
