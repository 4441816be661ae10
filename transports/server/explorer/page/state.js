// What the page knows, and what survives it: the address has the person that is shown, the browser those that were saved.

const base = location.pathname.replace(/\/+$/, "");
const PEOPLE = "flagengine.people";
const SETTINGS = "flagengine.settings";
const CONTROL_KEY = "flagengine.control-key";

const state = {
  overview: null,
  flags: new Map(),
  answers: {},
  person: { distinct_id: "user-1" },
  selected: null,
  explanation: null,
  problem: null, // why there is no explanation
  whatIf: null, // {condition, percentage, found, problem}
  others: [], // answers of the selected flag for saved people
  view: "flags",
  project: "",
  changed: new Set(),
  isGone: false,
};

function read(storage, name, otherwise) {
  try {
    const found = JSON.parse(storage.getItem(name));
    return found === null ? otherwise : found;
  } catch {
    return otherwise; // somebody else has written there, or the browser keeps nothing
  }
}

function write(storage, name, value) {
  try {
    if (value === null) storage.removeItem(name);
    else storage.setItem(name, JSON.stringify(value));
  } catch {
    announce("This browser keeps nothing.");
  }
}

function savedPeople() {
  const found = read(localStorage, PEOPLE, []);
  return Array.isArray(found) ? found.filter((each) => each && typeof each.name === "string" && isObject(each.person)) : [];
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Return a person with the members that the server takes; anything may stand in an address. */
function cleanPerson(value) {
  if (!isObject(value)) return { distinct_id: "user-1" };
  const person = { distinct_id: typeof value.distinct_id === "string" ? value.distinct_id : "" };
  for (const name of ["properties", "groups", "group_properties"]) {
    if (isObject(value[name]) && Object.keys(value[name]).length) person[name] = structuredClone(value[name]);
  }
  for (const [group, properties] of Object.entries(person.group_properties || {})) {
    if (!isObject(properties)) delete person.group_properties[group];
  }
  if (typeof value.device_id === "string" && value.device_id) person.device_id = value.device_id;
  if (typeof value.complete === "boolean") person.complete = value.complete;
  return person;
}

function readAddress() {
  const found = new URLSearchParams(location.hash.slice(1));
  try {
    if (found.has("person")) state.person = cleanPerson(JSON.parse(found.get("person")));
  } catch {
    announce("The address has a person that cannot be read.");
  }
  state.selected = found.get("flag");
  state.project = found.get("project") || "";
  state.view = ["flags", "compare", "events"].includes(found.get("view")) ? found.get("view") : "flags";
}

function address() {
  const found = new URLSearchParams();
  if (state.view !== "flags") found.set("view", state.view);
  if (state.project) found.set("project", state.project);
  if (state.selected !== null) found.set("flag", state.selected);
  found.set("person", JSON.stringify(cleanPerson(state.person)));
  return `#${found}`;
}

function writeAddress(isStep = false) {
  if (location.hash === address()) return;
  history[isStep ? "pushState" : "replaceState"](null, "", address());
}

function selectedFlag() {
  return state.selected === null ? null : state.flags.get(state.selected) || null;
}
