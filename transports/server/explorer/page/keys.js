// Shortcuts of one key. They can be switched off, because speech input may type them by mistake.

const SHORTCUTS = [
  ["/", "Search flags", () => { setViewIfOther("flags"); if (state.selected !== null && matchMedia("(max-width: 719px)").matches) select(null); byId("search").focus(); byId("search").select(); }],
  ["j", "Next flag", () => step("ArrowDown")],
  ["k", "Previous flag", () => step("ArrowUp")],
  ["p", "Edit the person", () => { setPersonOpen(true); [...byId("person-form").querySelectorAll("[data-part]")].find((part) => part.dataset.part === "distinct id").focus(); }],
  ["n", "Next id", () => setPerson({ ...state.person, distinct_id: nextId() })],
  ["1", "Flags", () => setViewIfOther("flags")],
  ["2", "Compare", () => setViewIfOther("compare")],
  ["3", "Events", () => setViewIfOther("events")],
  ["?", "These keys", () => openHelp()],
];

function setViewIfOther(view) {
  if (state.view !== view) setView(view);
}

function step(key) {
  setViewIfOther("flags");
  byId("rows").focus();
  moveInList(new KeyboardEvent("keydown", { key }));
}

function isTyping(target) {
  return target.closest?.("input:not([type=checkbox]):not([type=range]), textarea, select, [contenteditable]") !== null;
}

function onKey(event) {
  if (event.key === "Escape") return escape(event);
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || byId("help").open) return;
  if (read(localStorage, SETTINGS, {}).has_no_shortcuts) return;
  const found = SHORTCUTS.find(([key]) => key === event.key);
  if (!found) return;
  event.preventDefault();
  found[2]();
}

function escape(event) {
  if (event.target.id === "search") {
    if (event.target.value) return; // the browser empties the search
    byId("rows").focus();
  } else if (byId("detail").contains(event.target)) byId("rows").focus();
}

function openHelp() {
  const settings = read(localStorage, SETTINGS, {});
  const help = byId("help");
  fill(
    help,
    h("h2", { id: "help-title" }, "Keyboard"),
    h("dl", {}, SHORTCUTS.map(([key, text]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, text)]),
      h("dt", {}, h("kbd", {}, "↑"), " ", h("kbd", {}, "↓")), h("dd", {}, "In the list: another flag; Enter reads it, Escape comes back")),
    h("label", { class: "check" },
      h("input", { type: "checkbox", checked: !settings.has_no_shortcuts, onchange: (event) => write(localStorage, SETTINGS, { ...settings, has_no_shortcuts: !event.target.checked }) }),
      h("span", {}, "Use the keys that are letters and signs")),
    h("div", { class: "buttons save" }, button("Close", () => help.close(), { class: "main" })),
  );
  help.showModal();
}
