// Why: every condition, filter and hash that the answer comes from.

const MARKS = { "✓": ["yes", "matches"], "✗": ["no", "does not match"], "?": ["doubt", "unknown"] };
const OPEN_LEVELS = 2;

function treeCard(found) {
  return h(
    "section",
    { class: "card", "aria-labelledby": "tree-title" },
    h("h3", { id: "tree-title" }, "Why"),
    h("ul", { class: "tree" }, found.tree.lines.map((line) => branch(line, 0))),
    found.tree.is_cut ? h("p", { class: "soft small" }, "The rest is left out; flagengine explain prints all.") : null,
  );
}

function branch(line, level) {
  if (!line.lines.length) return h("li", {}, ...marked(line.text));
  return h("li", {}, h("details", { open: level < OPEN_LEVELS },
    h("summary", {}, ...marked(line.text)),
    h("ul", {}, line.lines.map((each) => branch(each, level + 1)))));
}

function marked(text) {
  const found = own(MARKS, text[0]);
  if (!found || text[1] !== " ") return [text];
  const [kind, words] = found;
  return [h("span", { class: `mark ${kind}` }, h("span", { "aria-hidden": "true" }, text[0]), h("span", { class: "unseen" }, words)), text.slice(1)];
}
