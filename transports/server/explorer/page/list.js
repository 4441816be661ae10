// The list of flags: search, filter, and the row that is chosen. Focus stays on the list; the rows are its options.

const FILTERS = {
  all: ["All flags", () => true],
  on: ["On for this person", (_flag, answer) => answer?.kind === "yes"],
  off: ["Off for this person", (_flag, answer) => answer?.kind === "no"],
  undecided: ["Undecided or failing", (_flag, answer) => ["doubt", "bad"].includes(answer?.kind)],
  forced: ["Forced", (_flag, answer) => answer?.forced],
  changed: ["Changed since I opened the page", (flag) => state.changed.has(flag.key)],
  active: ["Active", (flag) => flag.active],
  inactive: ["Inactive", (flag) => !flag.active],
  issues: ["With issues", (flag) => flag.issues.length > 0],
  server: ["Not always decided locally", (flag) => flag.decided_locally !== "always"],
  variants: ["With variants", (flag) => flag.variants.length > 0],
  client: ["For clients only", (flag) => flag.runtime === "client"],
  backend: ["For servers only", (flag) => flag.runtime === "server"],
  rules: ["Of format 2", (flag) => flag.format === 2],
};

const rows = new Map(); // by flag: {row, text, chip, note}
let visible = []; // the keys of the rows that pass the filter
let show = "all";

function showFilters() {
  fill(byId("show"), Object.entries(FILTERS).map(([name, [text]]) => h("option", { value: name, selected: name === show }, text)));
}

/** Make the rows; only new definitions do. */
function showRows() {
  const isFirst = rows.size === 0;
  rows.clear();
  const made = state.overview.flags.map((flag, place) => {
    const chipPlace = h("span", {});
    const note = h("div", { class: "row-note" });
    const row = h(
      "div",
      { role: "option", id: `flag-${place}`, class: `row${flag.active ? "" : " is-inactive"}${state.changed.has(flag.key) ? " is-new" : ""}`, "aria-selected": "false" },
      h("span", { class: "row-key", title: flag.label.length > 28 ? flag.label : null }, flag.label),
      chipPlace,
      note,
    );
    row.flag = flag.key;
    rows.set(flag.key, { row, chipPlace, note, text: searched(flag), shown: "" });
    return row;
  });
  byId("rows").replaceChildren(...made);
  filterRows();
  if (isFirst) rows.get(state.selected)?.row.scrollIntoView({ block: "nearest" });
}

function searched(flag) {
  const inputs = inputsOf(flag.needs).map((input) => input.text);
  return [flag.key, flag.name, ...flag.variants, ...inputs, ...flag.contexts].join("\n").toLowerCase();
}

function tagsOf(flag, answer) {
  return [
    answer?.forced ? tag("forced", "forced") : null,
    flag.active ? null : tag("inactive"),
    flag.issues.length ? tag(counted(flag.issues.length, "issue"), "bad") : null,
    flag.decided_locally === "always" ? null : tag(flag.decided_locally === "never" ? "server only" : "may need the server", "doubt"),
    flag.runtime === "all" ? null : tag(flag.runtime),
    flag.format === 2 ? tag("format 2") : null,
  ];
}

/** Put answers into the rows; rows whose answer is the same stay as they are. */
function showAnswers() {
  for (const [key, entry] of rows) {
    const answer = own(state.answers, key);
    const shown = answer ? `${answer.kind} ${answer.word} ${answer.forced}` : "-";
    if (entry.shown === shown) continue;
    entry.shown = shown;
    const flag = state.flags.get(key);
    entry.chipPlace.replaceChildren(...(answer ? [chip(answer)] : []));
    entry.note.replaceChildren(...present([flag.name ? h("span", { class: "row-name" }, flag.name) : null, tagsOf(flag, answer)]));
  }
  filterRows();
}

function filterRows() {
  const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const passes = FILTERS[show][1];
  visible = [];
  for (const [key, { row, text }] of rows) {
    const isShown = words.every((word) => text.includes(word)) && Boolean(passes(state.flags.get(key), own(state.answers, key)));
    if (row.hidden === isShown) row.hidden = !isShown;
    if (isShown) visible.push(key);
  }
  const count = visible.length === rows.size ? counted(rows.size, "flag") : `${whole.format(visible.length)} of ${whole.format(rows.size)}`;
  if (byId("count").textContent !== count) byId("count").textContent = count;
  showEmptyList();
  markSelected();
}

function setFilter(name) {
  show = byId("show").value = name;
  filterRows();
  byId("rows").focus();
}

function showEmptyList() {
  const empty = byId("no-rows");
  empty.hidden = visible.length > 0;
  if (empty.hidden) return;
  if (!rows.size) return fill(empty, h("p", {}, "The definitions have no flags."));
  fill(empty, h("p", {}, "No flag matches."), button("Show all flags", () => {
    byId("search").value = "";
    show = byId("show").value = "all";
    filterRows();
    byId("search").focus();
  }));
}

function markSelected() {
  const list = byId("rows");
  list.querySelector('[aria-selected="true"]')?.setAttribute("aria-selected", "false");
  const row = rows.get(state.selected)?.row;
  if (row && !row.hidden) {
    row.setAttribute("aria-selected", "true");
    list.setAttribute("aria-activedescendant", row.id);
  } else list.removeAttribute("aria-activedescendant");
}

const explainSoon = settled(() => run(() => Promise.all([loadExplanation(), loadOthers()])), 60);

/** Choose a flag; `isStep` makes the browser's way back lead to the flag before. */
function select(key, { isStep = true } = {}) {
  if (state.selected !== key) state.whatIf = null;
  state.selected = key;
  writeAddress(isStep);
  document.body.classList.toggle("has-flag", key !== null);
  markSelected();
  rows.get(key)?.row.scrollIntoView({ block: "nearest" });
  showPerson();
  explainSoon();
}

const STEPS = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8, Home: -Infinity, End: Infinity };

function moveInList(event) {
  if (event.key === "Enter" && state.selected !== null) {
    event.preventDefault();
    byId("flag-title")?.focus();
  }
  if (!(event.key in STEPS) || !visible.length || event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  const now = visible.indexOf(state.selected);
  const next = now < 0 ? 0 : Math.min(Math.max(now + STEPS[event.key], 0), visible.length - 1);
  select(visible[next], { isStep: false });
}

function listens() {
  byId("search").addEventListener("input", filterRows);
  byId("search").addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "Enter") {
      byId("rows").focus();
      moveInList(new KeyboardEvent("keydown", { key: visible.includes(state.selected) ? "" : "ArrowDown" }));
      event.preventDefault();
    }
  });
  byId("show").addEventListener("change", (event) => {
    show = event.target.value;
    filterRows();
  });
  byId("rows").addEventListener("keydown", moveInList);
  byId("rows").addEventListener("click", (event) => {
    const row = event.target.closest(".row");
    if (!row) return;
    select(row.flag);
    if (matchMedia("(max-width: 719px)").matches) scrollTo(0, 0);
  });
}
