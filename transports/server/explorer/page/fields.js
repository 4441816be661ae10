// One input of a person: what fits the property, with the values that conditions mention.

const MOST_CHIPS = 8;
let fieldCount = 0;

/** Read what somebody has typed: text, unless the kind says otherwise or it is written as JSON. */
function typed(text, kind) {
  if (text === "") return undefined;
  if (kind === "number" && text.trim() !== "" && Number.isFinite(Number(text))) return Number(text);
  if (/^["[{]/.test(text)) {
    try {
      return JSON.parse(text);
    } catch {
      return text;
    }
  }
  return text;
}

function written(value) {
  if (value === undefined) return "";
  if (typeof value === "string") return value === "" || /^["[{]/.test(value) ? JSON.stringify(value) : value;
  return JSON.stringify(value);
}

/** Return a labelled field. `change` gets the new value, or undefined if there is none. */
function field({ label, part, value, hint = { kind: "text", values: [] }, change, note, isWanted = false, beside = null }) {
  const id = `field-${fieldCount += 1}`;
  const input = hint.kind === "boolean" ? choice(value, change) : box(id, value, hint, change);
  input.id = id;
  input.dataset.part = part;
  if (note) input.setAttribute("aria-describedby", `${id}-note`);
  return h(
    "div",
    { class: `field${isWanted ? " is-wanted" : ""}` },
    h("label", { for: id }, h("bdi", {}, label)),
    beside ? h("div", { class: "row-of" }, input, beside) : input,
    hint.kind === "boolean" ? null : suggestions(id, input, hint, value, change),
    note ? h("p", { class: "hint", id: `${id}-note` }, note) : null,
  );
}

function choice(value, change) {
  const values = [undefined, true, false];
  if (!values.includes(value)) values.push(value);
  return h(
    "select",
    { onchange: (event) => change(values[event.target.selectedIndex]) },
    values.map((each) => h("option", { selected: each === value }, each === undefined ? "not set" : JSON.stringify(each))),
  );
}

function box(id, value, hint, change) {
  const text = written(value);
  const isDate = hint.kind === "date" && /^(\d{4}-\d\d-\d\d)?$/.test(text);
  return h("input", {
    type: isDate ? "date" : "text",
    inputmode: hint.kind === "number" ? "decimal" : null,
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
    placeholder: isDate ? null : "not set",
    list: hint.values.length > MOST_CHIPS && !isDate ? `${id}-values` : null,
    value: text,
    oninput: (event) => change(typed(event.target.value, hint.kind)),
  });
}

function suggestions(id, input, hint, value, change) {
  if (!hint.values.length || hint.kind === "date") return null;
  if (hint.values.length > MOST_CHIPS) {
    return h("datalist", { id: `${id}-values` }, hint.values.map((each) => h("option", { value: written(each) })));
  }
  // The same values can be typed, so these are no stops on the way of the Tab key.
  const give = (each) => () => {
    const next = written(each) === input.value ? undefined : each;
    input.value = written(next);
    change(next);
    for (const other of row.children) other.classList.toggle("is-used", next !== undefined && other.textContent === written(next));
  };
  const row = h("div", { class: "suggestions" }, hint.values.map((each) => button(written(each), give(each), { tabindex: "-1", class: each === value ? "is-used" : null })));
  return row;
}
