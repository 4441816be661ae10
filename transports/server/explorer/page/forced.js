// Forced values: shown to everybody, changed only through the server's control API and with its key.

let isForcing = false;

function controlKey() {
  return read(sessionStorage, CONTROL_KEY, null);
}

function forcedCard(flag, found) {
  const { can_control: canControl, controlled, state: now } = state.overview;
  if (!found.forced && !canControl) return null;
  const isControlled = Object.hasOwn(controlled.flags, flag.key);
  if (!found.forced) {
    return h("section", { class: "card is-plain" }, h("details", { class: "more", open: isForcing, ontoggle: (event) => { isForcing = event.target.open; } },
      h("summary", { "data-part": "forcing" }, "Force a value"),
      h("p", { class: "soft small" }, "Everybody gets it, whatever the conditions say."),
      forceForm(flag, isControlled)));
  }
  const origin = isControlled ? "through the control API" : "by the server’s file of forced values";
  return h(
    "section",
    { class: "card", "aria-labelledby": "forced-title" },
    h("h3", { id: "forced-title" }, "Forced value"),
    h("p", {}, "Forced to ", h("code", {}, valueWord(own(now.forced, flag.key))), ` ${origin}, for everybody.`),
    canControl ? forceForm(flag, isControlled) : h("p", { class: "soft small" }, "This page only shows it. A server that has a control key lets you change it here."),
  );
}

function valueWord(value) {
  if (value === null || value === undefined) return "no such flag";
  return value === true ? "on" : value === false ? "off" : inText(value);
}

function forceForm(flag, isControlled) {
  const choices = [["on", true], ["off", false], ...flag.variants.map((variant) => [variant, variant]), ["no such flag", null]];
  const list = h("select", { "aria-label": "Value to force", "data-part": "force value" }, choices.map(([word]) => h("option", {}, word)));
  const key = controlKey() === null ? h("input", { type: "password", placeholder: "Control key", "aria-label": "Control key", autocomplete: "off", "data-part": "control key" }) : null;
  const submit = (event) => {
    event.preventDefault();
    if (key) write(sessionStorage, CONTROL_KEY, key.value);
    run(() => changeForced((flags) => flags.set(flag.key, choices[list.selectedIndex][1])));
  };
  return h(
    "form",
    { onsubmit: submit },
    h("div", { class: "buttons save" },
      h("div", {}, list),
      key ? h("div", {}, key) : null,
      h("button", { class: "main", "data-part": "force" }, "Force"),
      isControlled ? button("Release", () => run(() => changeForced((flags) => flags.delete(flag.key))), { "data-part": "release" }) : null,
      key ? null : button("Forget the key", () => { write(sessionStorage, CONTROL_KEY, null); showDetail(); }, { class: "quiet" })),
  );
}

/** Change the forced values of the control API, which takes all of them at once. */
async function changeForced(change) {
  const { controlled } = await control("GET");
  const values = new Map(Object.entries(controlled.flags));
  change(values);
  const payloads = Object.fromEntries(Object.entries(controlled.payloads).map(([key, text]) => [key, JSON.parse(text)]));
  await control("PUT", { flags: Object.fromEntries(values), payloads });
  problem = null;
  await loadOverview();
}

async function control(method, values) {
  const response = await fetch(`${base}/_control/overrides/${encodeURIComponent(state.overview.project)}`, {
    method,
    cache: "no-store",
    headers: { authorization: `Bearer ${controlKey()}`, "content-type": "application/json" },
    body: values && JSON.stringify(values),
  });
  if (response.status !== 401) return answerOf(response);
  write(sessionStorage, CONTROL_KEY, null);
  showDetail();
  throw new Refusal("The server does not take this control key.");
}
