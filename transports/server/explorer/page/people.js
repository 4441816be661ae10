// The people that this browser has saved, and the address that shows one to somebody else.

let isNaming = false;

function savedName() {
  const now = JSON.stringify(cleanPerson(state.person));
  return savedPeople().find((each) => JSON.stringify(cleanPerson(each.person)) === now)?.name;
}

function setPerson(person) {
  state.person = cleanPerson(person);
  writeAddress();
  showPerson();
  personChanged();
}

function savePerson(name) {
  const others = savedPeople().filter((each) => each.name !== name);
  write(localStorage, PEOPLE, [...others, { name, person: cleanPerson(state.person) }]);
  isNaming = false;
  announce(`Saved ${name}.`);
  showPerson();
  run(loadOthers);
}

function forgetPerson(name) {
  write(localStorage, PEOPLE, savedPeople().filter((each) => each.name !== name));
  announce(`Forgot ${name}.`);
  showPerson();
  run(loadOthers);
}

async function copyLink(event) {
  writeAddress();
  const copier = event.currentTarget;
  try {
    await navigator.clipboard.writeText(location.href);
    copier.textContent = "Copied";
    announce("The link is copied. It contains the person.");
  } catch {
    copier.textContent = "Copy the address";
  }
  setTimeout(() => { copier.textContent = "Copy link"; }, 2000);
}

function savedChoice() {
  const people = savedPeople();
  if (!people.length) return null;
  const name = savedName();
  const choose = (event) => {
    const found = people[event.target.selectedIndex - 1];
    if (found) setPerson(found.person);
  };
  return h("select", { "aria-label": "Saved people", "data-part": "people", onchange: choose },
    h("option", { selected: name === undefined }, "Saved people…"),
    people.map((each) => h("option", { selected: each.name === name }, each.name)));
}

function peopleRow() {
  if (isNaming) return namingForm();
  const name = savedName();
  const begin = () => { isNaming = true; showPerson(); byId("person-name").select(); };
  return h(
    "div",
    { class: "deeds" },
    name === undefined ? button("Save…", begin, { class: "link", "data-part": "save" }) : button(`Forget ${name}`, () => forgetPerson(name), { class: "link", "data-part": "save" }),
    button("Copy link", copyLink, { class: "link", "data-part": "copy" }),
    button("New", () => setPerson({ distinct_id: nextId() }), { class: "link", "data-part": "new", title: "Another id and no properties" }),
  );
}

function namingForm() {
  const submit = (event) => {
    event.preventDefault();
    savePerson(byId("person-name").value.trim() || state.person.distinct_id || "somebody");
  };
  const cancel = () => { isNaming = false; showPerson(); };
  return h(
    "form",
    { onsubmit: submit, class: "save", onkeydown: (event) => { if (event.key === "Escape") cancel(); } },
    h("label", { for: "person-name", class: "small" }, "Save as"),
    h("input", { id: "person-name", value: state.person.distinct_id, "data-part": "person-name", maxlength: "80", autocomplete: "off" }),
    h("div", { class: "buttons save" }, h("button", { class: "main", "data-part": "save" }, "Save"), button("Cancel", cancel)),
  );
}

function nextId() {
  const found = /^(.*?)(\d+)$/.exec(state.person.distinct_id);
  return found ? `${found[1]}${Number(found[2]) + 1}` : "user-1";
}
