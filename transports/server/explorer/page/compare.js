// The definitions in use beside a second file, which the server compares and forgets.

const MOST_BYTES = 15 * 1024 * 1024;
const second = { text: null, name: "", direction: "to", found: null, problem: null };

function showCompare() {
  const file = state.overview?.second_file;
  fill(
    byId("compare"),
    h("h2", { id: "compare-title", tabindex: "-1" }, "Compare with a second file"),
    h("p", {}, "What would change if another definitions file were in use: flag by flag, and for this person. The file is compared and forgotten."),
    dropPlace(),
    h("div", { class: "buttons save" },
      h("label", { class: "direction" }, h("span", {}, "Show what changes"), h("select", { id: "direction", "data-part": "direction", onchange: (event) => { second.direction = event.target.value; if (second.found) run(compareNow); } },
        h("option", { value: "to", selected: second.direction === "to" }, "from the definitions in use to the file"),
        h("option", { value: "from", selected: second.direction === "from" }, "from the file to the definitions in use"))),
      file ? button(`Compare with ${file}`, () => { second.text = null; second.name = file; run(compareNow); }, { "data-part": "server file" }) : null),
    h("div", { id: "comparison", role: "status", class: "save" }, comparison()),
  );
}

function dropPlace() {
  const take = (file) => file && readSecond(file);
  const area = h("textarea", { id: "second-text", rows: "4", spellcheck: "false", "data-part": "second text", placeholder: '{"flags": [ … ]}' });
  const upload = h("input", { type: "file", id: "second-file", accept: ".json,application/json", onchange: (event) => take(event.target.files[0]), "data-part": "second file" });
  const place = h(
    "form",
    { class: "drop", onsubmit: (event) => { event.preventDefault(); second.text = area.value; second.name = "the text"; run(compareNow); } },
    h("label", { for: "second-file" }, "Choose a file, or drop it here"),
    h("div", { class: "save" }, upload),
    h("div", { class: "save" }, h("label", { for: "second-text" }, "Or paste its text"), area),
    h("button", { class: "main", "data-part": "compare text" }, "Compare"),
  );
  const over = (isOver) => (event) => { event.preventDefault(); place.classList.toggle("is-over", isOver); };
  place.addEventListener("dragover", over(true));
  place.addEventListener("dragleave", over(false));
  place.addEventListener("drop", (event) => { over(false)(event); take(event.dataTransfer.files[0]); });
  return place;
}

async function readSecond(file) {
  if (file.size > MOST_BYTES) {
    second.found = null;
    second.problem = `The file must have at most 15 MiB, got ${roughly.format(file.size / 1048576)} MiB.`;
    return fill(byId("comparison"), comparison());
  }
  second.text = await file.text();
  second.name = file.name;
  await run(compareNow);
}

async function compareNow() {
  const question = { person: cleanPerson(state.person), direction: second.direction };
  if (second.text !== null) question.document = second.text;
  try {
    second.found = await ask("comparison", question);
    second.problem = null;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    second.found = null;
    second.problem = `${error.message[0].toUpperCase()}${error.message.slice(1)}`;
  }
  fill(byId("comparison"), comparison());
}

function comparison() {
  const { found, problem: why } = second;
  if (why) return h("p", { class: "error" }, why);
  if (!found) return null;
  const changing = found.flags.filter((flag) => flag.answer_changes).length;
  const title = !found.count && !found.project.length
    ? `No flag differs from ${second.name}.`
    : `${counted(found.count, "flag differs", "flags differ")}; for this person ${changing ? counted(changing, "answer changes", "answers change") : "no answer changes"}.`;
  return [
    h("p", {}, h("strong", {}, title)),
    found.issues.length ? h("ul", { class: "issues save", "aria-label": "Issues of the file" }, found.issues.map((issue) => h("li", {}, issue))) : null,
    found.project.length ? h("div", { class: "change" }, h("h3", {}, "the project"), h("ul", {}, found.project.map((text) => h("li", {}, text)))) : null,
    found.flags.map(changeOf),
    found.count > found.flags.length ? h("p", { class: "soft" }, `And ${counted(found.count - found.flags.length, "flag")} more; flagengine diff prints all.`) : null,
  ];
}

const STATUS = { added: "yes", removed: "bad", changed: "doubt", affected: "no" };

function changeOf(flag) {
  const move = flag.answer_changes
    ? [chip(flag.before), h("span", { "aria-hidden": "true" }, "→"), h("span", { class: "unseen" }, "becomes"), chip(flag.after)]
    : h("span", { class: "soft small" }, "same answer");
  return h(
    "article",
    { class: "change" },
    h("h3", {}, h("bdi", {}, flag.label), " ", tag(flag.status, STATUS[flag.status])),
    h("div", { class: "move" }, move),
    h("ul", {}, flag.changes.map((change) => h("li", {}, change.text, change.details.map((line) => h("code", { class: line.startsWith("+") ? "plus" : "minus" }, line)))),
      flag.more ? h("li", { class: "soft" }, `and ${flag.more} more`) : null,
      flag.status === "affected" ? h("li", { class: "soft" }, "Its definition is the same; something that it depends on changes.") : null),
  );
}
