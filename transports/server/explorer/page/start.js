// The page begins.

function begin() {
  readAddress();
  showFilters();
  listens();
  for (const each of document.querySelectorAll(".views button")) each.addEventListener("click", () => setView(each.dataset.view));
  byId("open-help").addEventListener("click", openHelp);
  byId("person-toggle").addEventListener("click", () => setPersonOpen(!byId("person").classList.contains("is-open")));
  byId("project").addEventListener("change", (event) => changeProject(event.target.value));
  byId("skip").addEventListener("click", (event) => { event.preventDefault(); (state.view === "flags" ? byId("rows") : byId("main")).focus(); });
  document.addEventListener("keydown", onKey);
  addEventListener("hashchange", () => { if (location.hash !== address()) arrive(); });
  showView();
  showDetail();
  follow();
}

/** Show what the address says: somebody went back, or pasted another. */
function arrive() {
  const before = state.project;
  readAddress();
  state.whatIf = null;
  showView();
  if (state.project !== before) return changeProject(state.project);
  if (!state.overview) return;
  showPerson();
  markSelected();
  personChanged();
}

function changeProject(name) {
  state.project = name;
  state.changed.clear();
  writeAddress();
  state.overview = null;
  leave();
  follow();
}

begin();
