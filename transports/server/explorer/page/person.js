// The person to ask for: exactly the inputs that flags need, those of the chosen flag first.

function showPerson() {
  if (!state.overview) return;
  const { person } = state;
  const said = Object.entries(person.properties || {}).map(([name, value]) => `${name} ${inText(value)}`);
  fill(byId("person-toggle"),
    h("span", { class: "who" }, person.distinct_id || "nobody"),
    h("span", { class: "what" }, said.join(" · ") || "no properties"));
  fill(byId("person-form"),
    savedChoice(),
    field({
      label: "Distinct id",
      part: "distinct id",
      value: person.distinct_id || undefined,
      change: (value) => edit(() => { person.distinct_id = value === undefined ? "" : inText(value); }),
      beside: button("Next", () => setPerson({ ...person, distinct_id: nextId() }), { "data-part": "next", "aria-label": "Next id", title: "The same properties with another id: another bucket" }),
    }),
    peopleRow(),
    ...inputFields());
}

function edit(change) {
  change();
  writeAddress();
  personChanged();
}

/** Return the fields of the chosen flag, those of other flags, and what no flag asks for. */
function inputFields() {
  const flag = selectedFlag();
  const own = flag ? inputsOf(flag.needs) : [];
  const names = new Set(own.map(nameOf));
  const all = allInputs();
  const rest = [...all.values()].filter((input) => !names.has(nameOf(input)));
  const extra = givenInputs().filter((input) => !all.has(nameOf(input)));
  const isAsked = (input) => input.kind !== "distinct id";
  return [
    flag ? section(h("bdi", { class: "mono" }, flag.label), own.filter(isAsked), "This flag asks for no properties.") : null,
    completeField(),
    folded(flag ? ["Other flags ask for", "more input"] : ["All flags together ask for", "input"], rest.filter(isAsked), !flag),
    extra.length ? section("No flag asks for", extra, "", true) : null,
    h("p", { class: "soft small save" }, "A list or an empty text is written as JSON: ", h("code", {}, '["a","b"]'), " or ", h("code", {}, '""'), "."),
  ];
}

/** Return the inputs of all flags by name, those that most flags ask for first. */
function allInputs() {
  const found = new Map();
  for (const flag of state.flags.values()) {
    for (const input of inputsOf(flag.needs)) {
      const known = found.get(nameOf(input)) || { input, flags: 0 };
      known.flags += 1;
      found.set(nameOf(input), known);
    }
  }
  const sorted = [...found.entries()].sort(([, one], [, other]) => other.flags - one.flags);
  return new Map(sorted.map(([name, { input }]) => [name, input]));
}

function nameOf(input) {
  return [input.kind, input.group || "", input.name || ""].join("\n");
}

function section(title, inputs, nothing, canRemove = false) {
  return h("fieldset", {}, h("legend", {}, canRemove || typeof title === "string" ? title : ["What ", title, " asks for"]),
    inputs.length ? fieldsOf(inputs, canRemove) : h("p", { class: "soft small" }, nothing));
}

const MOST_FIELDS = 40;
let isOpen = null;
let fieldsShown = MOST_FIELDS;

function folded([title, noun], inputs, isOpenAtFirst) {
  if (!inputs.length) return null;
  const isWide = matchMedia("(min-width: 1180px)").matches;
  const details = h("details", { class: "more", open: isOpen ?? (isOpenAtFirst && isWide), ontoggle: (event) => { isOpen = event.target.open; } },
    h("summary", { "data-part": "other inputs" }, `${title} ${counted(inputs.length, noun)}`));
  details.append(...fieldsOf(inputs.slice(0, fieldsShown)));
  if (inputs.length > fieldsShown) {
    details.append(button(`Show ${inputs.length - fieldsShown} more`, () => { fieldsShown = Infinity; showPerson(); }, { class: "save" }));
  }
  return h("fieldset", {}, h("legend", { class: "unseen" }, title), details);
}

function fieldsOf(inputs, canRemove = false) {
  const persons = inputs.filter((input) => !input.group).map((input) => inputField(input, canRemove));
  const groups = [...new Set(inputs.map((input) => input.group).filter(Boolean))];
  return [...persons, ...groups.map((group) => h("div", { class: "group" }, inputs.filter((input) => input.group === group).map((input) => inputField(input, canRemove))))];
}

function inputField(input, canRemove) {
  const { hints } = state.overview;
  const hint = own(own(hints, input.group || ""), input.name) || Object.values(hints).map((group) => own(group, input.name)).find(Boolean);
  const isWanted = isMissing(input);
  return field({
    label: labelOf(input),
    part: nameOf(input),
    value: valueOf(input),
    hint: input.name ? hint : undefined,
    isWanted,
    change: (value) => edit(() => setValue(input, value)),
    beside: canRemove ? button("Remove", () => { setValue(input, undefined); setPerson(state.person); }, { "aria-label": `Remove ${labelOf(input)}` }) : null,
  });
}

function labelOf(input) {
  if (input.kind === "group") return `${input.group} (the group's id)`;
  return input.kind === "device id" ? "Device id" : input.text;
}

function isMissing(input) {
  const missing = state.explanation?.answer.missing;
  return missing ? inputsOf(missing).some((each) => nameOf(each) === nameOf(input)) : false;
}

function valueOf(input) {
  const { person } = state;
  if (input.kind === "person") return own(person.properties, input.name);
  if (input.kind === "group") return own(person.groups, input.group);
  if (input.kind === "group property") return own(own(person.group_properties, input.group), input.name);
  return person.device_id;
}

function setValue(input, value) {
  const { person } = state;
  if (input.kind === "person") put(person, ["properties", input.name], value);
  else if (input.kind === "group") put(person, ["groups", input.group], value === undefined ? value : inText(value));
  else if (input.kind === "group property") put(person, ["group_properties", input.group, input.name], value);
  else put(person, ["device_id"], value === undefined ? value : inText(value));
}

function put(object, [name, ...rest], value) {
  if (rest.length) {
    const inner = { ...own(object, name) };
    put(inner, rest, value);
    define(object, name, Object.keys(inner).length ? inner : undefined);
  } else define(object, name, value);
}

function define(object, name, value) {
  if (value === undefined) delete object[name];
  else Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}

function givenInputs() {
  const { properties = {}, groups = {}, group_properties: ofGroups = {} } = state.person;
  return inputsOf({
    person_properties: Object.keys(properties),
    groups: Object.keys(groups),
    group_properties: Object.fromEntries(Object.entries(ofGroups).map(([group, names]) => [group, Object.keys(names)])),
    device_id: Boolean(state.person.device_id),
  });
}

function completeField() {
  const isComplete = state.person.complete ?? state.overview.complete;
  const change = (event) => {
    if (event.target.checked === state.overview.complete) delete state.person.complete;
    else state.person.complete = event.target.checked;
    edit(() => {});
  };
  return h("fieldset", {},
    h("legend", { class: "unseen" }, "What is not set"),
    h("label", { class: "check small" },
      h("input", { type: "checkbox", checked: isComplete, onchange: change, "data-part": "complete" }),
      h("span", {}, "This person has only what is set", h("span", { class: "soft" }, isComplete ? "" : " — now the rest is unknown, and answers may be undecided"))));
}

/** Lead to the field of an input. */
function focusInput(input) {
  setPersonOpen(true);
  const fieldOf = () => [...byId("person-form").querySelectorAll("[data-part]")].find((part) => part.dataset.part === (input.kind === "distinct id" ? "distinct id" : nameOf(input)));
  const found = fieldOf();
  found?.closest("details")?.setAttribute("open", "");
  found?.focus();
  found?.scrollIntoView({ block: "center" });
}

function setPersonOpen(isShown) {
  byId("person").classList.toggle("is-open", isShown);
  byId("person-toggle").setAttribute("aria-expanded", String(isShown));
}
