// The frame: the views, the project, the line that says what is loaded, and the banner.

let problem = null;

function showProjects() {
  const { projects, project } = state.overview;
  byId("project-label").hidden = projects.length < 2;
  fill(byId("project"), projects.map((name) => h("option", { value: name, selected: name === project }, name)));
}

function showView() {
  document.body.dataset.view = state.view;
  for (const each of document.querySelectorAll(".views button")) {
    if (each.dataset.view === state.view) each.setAttribute("aria-current", "page");
    else each.removeAttribute("aria-current");
  }
  for (const each of document.querySelectorAll("main > .view")) each.hidden = each.dataset.view !== state.view;
  document.body.classList.toggle("has-flag", state.view === "flags" && state.selected !== null);
  if (state.view === "compare") showCompare();
  if (state.view === "events") openEvents();
  else closeEvents();
}

function setView(view) {
  state.view = view;
  writeAddress(true);
  showView();
}

function showState(found) {
  if (found) state.overview.state = found;
  const now = state.overview?.state;
  const isBroken = state.isGone || Boolean(now?.error) || now?.freshness === "empty";
  byId("dot").className = `dot ${isBroken ? "is-broken" : now ? "is-live" : ""}`;
  const forced = Object.keys(now?.forced || {}).length;
  byId("state-text").textContent = state.isGone
    ? "No connection"
    : !now ? "Connecting…"
    : [counted(now.flags, "flag"), forced ? `${forced} forced` : "", `loaded ${clock(now.loaded_at)}`].filter(Boolean).join(" · ");
  showBanner(now);
}

/** Show what is wrong; the text changes only with the trouble, because each change is read out. */
function showBanner(now) {
  const lines = [];
  if (state.isGone) lines.push("The server does not answer. What you see is what it said last; the page tries again by itself.");
  if (now?.error && now.freshness === "empty") lines.push(`There are no definitions: ${now.error}`);
  else if (now?.error) lines.push(`The definitions cannot be loaded: ${now.error}. All answers come from those loaded at ${clock(now.loaded_at)}.`);
  else if (now?.freshness === "empty") lines.push("There are no definitions yet.");
  if (problem) lines.push(problem);
  const banner = byId("banner");
  if (banner.dataset.text === lines.join("\n")) return;
  banner.dataset.text = lines.join("\n");
  fill(banner, lines.map((line) => h("p", {}, line)));
}

function showProblem(message) {
  problem = message;
  showState();
}

function setGone(isGone) {
  if (state.isGone === isGone) return;
  state.isGone = isGone;
  problem = null;
  showState();
}
