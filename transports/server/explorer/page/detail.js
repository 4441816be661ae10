// The chosen flag.

function showDetail() {
  const place = byId("detail");
  const flag = selectedFlag();
  if (flag === null) return fill(place, nothingChosen());
  const found = state.explanation?.answer.key === flag.key ? state.explanation : null;
  place.setAttribute("aria-label", `Flag ${flag.label}`);
  fill(
    place,
    detailHead(flag),
    flag.issues.length ? h("ul", { class: "issues", "aria-label": "Issues" }, flag.issues.map((issue) => h("li", {}, issue.message))) : null,
    found ? answerCard(found) : h("p", { class: state.problem ? "error" : "soft" }, state.problem || "…"),
    found?.forced ? forcedCard(flag, found) : null,
    found ? sharesCard(found) : null,
    found?.tree.lines.length ? treeCard(found) : null,
    found && !found.forced ? forcedCard(flag, found) : null,
    h("section", { class: "card", id: "others", "aria-label": "Saved people", hidden: true }),
    needsCard(flag),
    found ? definition(found) : null,
  );
  showOthers();
  markWanted();
  if (found) announce(`${flag.label} is ${found.word}. ${reasonOf(found)}`);
}

function nothingChosen() {
  if (!state.overview) return h("p", { class: "soft" }, "…");
  const { issues, issue_count: count } = state.overview;
  return [
    state.selected === null ? null : h("p", { class: "error" }, `The definitions have no flag ${state.selected}.`, " ", button("Back to the flags", () => select(null), { class: "link back" })),
    state.selected === null ? [summary(), forcedList()] : null,
    h("div", { class: "empty" }, h("p", {}, "Choose a flag to see its answer for this person, and why."), h("p", { class: "soft small save" }, h("kbd", {}, "/"), " searches, ", h("kbd", {}, "?"), " shows all keys.")),
    count ? h("section", { class: "card" }, h("h3", {}, `${counted(count, "issue")} of the definitions`), h("ul", { class: "issues" }, issues.map((issue) => h("li", {}, `${issue.pointer || "/"}: ${issue.message}`)))) : null,
  ];
}

/** Show how many flags are on for the person; each number leads to those flags. */
function summary() {
  const counts = { on: 0, off: 0, undecided: 0 };
  for (const answer of Object.values(state.answers)) {
    counts[answer.kind === "yes" ? "on" : answer.kind === "no" ? "off" : "undecided"] += 1;
  }
  const colours = { on: "var(--v1)", off: "var(--off)", undecided: "var(--v2)" };
  const names = Object.keys(counts).filter((name) => counts[name]);
  if (!names.length) return null;
  const total = rows.size;
  return h(
    "section",
    { class: "card summary", "aria-labelledby": "summary-title" },
    h("h3", { id: "summary-title" }, h("span", {}, "For ", h("bdi", {}, state.person.distinct_id || "nobody"))),
    h("div", { class: "stack", "aria-hidden": "true" }, names.map((name) => placed(h("i", {}), { part: `${(100 * counts[name]) / total}%`, colour: colours[name] }))),
    h("div", { class: "legend" }, names.map((name) => h("span", {}, placed(h("i", {}), { colour: colours[name] }), button(`${counts[name]} ${name}`, () => setFilter(name), { class: "link", "data-part": `summary ${name}` })))),
  );
}

/** List what is forced, with the flags that the definitions do not have. */
function forcedList() {
  const forced = Object.entries(state.overview.state.forced);
  if (!forced.length) return null;
  return h(
    "section",
    { class: "card summary", "aria-labelledby": "forced-list-title" },
    h("h3", { id: "forced-list-title" }, "Forced for everybody"),
    h("table", { class: "others" },
      h("thead", { class: "unseen" }, h("tr", {}, h("th", { scope: "col" }, "Flag"), h("th", { scope: "col" }, "Value"))),
      h("tbody", {}, forced.map(([key, value]) => h("tr", {},
        h("td", {}, state.flags.has(key) ? button(key, () => select(key), { class: "link mono" }) : [h("bdi", { class: "mono" }, key), h("span", { class: "soft small" }, " (not in the definitions)")]),
        h("td", {}, valueWord(value)))))),
  );
}

function detailHead(flag) {
  return h(
    "header",
    { class: "detail-head" },
    button("← All flags", () => { select(null); byId("rows").focus(); }, { class: "link back", "data-part": "back" }),
    h("h2", { id: "flag-title", tabindex: "-1" }, h("bdi", {}, flag.label)),
    flag.name ? h("p", { class: "name" }, h("bdi", {}, flag.name)) : null,
    h("div", { class: "facts" },
      tag(flag.active ? "active" : "inactive"),
      tag(flag.runtime === "all" ? "clients and servers" : flag.runtime === "client" ? "clients only" : "servers only"),
      tag(flag.format ? `format ${flag.format}` : "unknown format", flag.format ? "" : "bad"),
      flag.version === null ? null : tag(`version ${flag.version}`),
      tag(`hashed by ${flag.hashed_by}`),
      flag.continuity ? tag("remembers people", "doubt", "Experience continuity: PostHog may remember another bucket") : null,
      flag.decided_locally === "always" ? null : tag(flag.decided_locally === "never" ? "server only" : "may need the server", "doubt"),
      flag.contexts.map((context) => tag(`context ${context}`))),
  );
}

function definition(found) {
  return h("section", { class: "card is-plain" },
    h("details", { class: "more" },
      h("summary", { "data-part": "definition" }, "Definition"),
      h("pre", { tabindex: "0", "aria-label": "Definition" }, JSON.stringify(found.definition, null, 2))));
}

/** Show the shares again, and leave the rest as it is: a slider is being moved. */
function showShares() {
  const place = byId("shares");
  if (!place || !state.explanation) return;
  const again = sharesCard(state.explanation);
  if (again) fill(place, [...again.childNodes]);
}

/** Mark the fields whose values the answer waits for; they are not made anew, because one may be in use. */
function markWanted() {
  const missing = state.explanation?.answer.missing || {};
  const wanted = new Set(inputsOf(missing).map(nameOf));
  for (const part of byId("person-form").querySelectorAll(".field [data-part]")) {
    part.closest(".field").classList.toggle("is-wanted", wanted.has(part.dataset.part));
  }
}
