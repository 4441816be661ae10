// The answer of the chosen flag, in words, with its payload and what would settle it.

function answerCard(found) {
  const missing = found.missing ? inputsOf(found.missing) : [];
  return h(
    "section",
    { class: "card", "aria-label": "Answer" },
    h(
      "div",
      { class: "answer" },
      chip(found),
      h("p", { class: "why" }, reasonOf(found), decidedBy(found) ? h("span", { class: "soft small" }, decidedBy(found)) : null),
      missing.length ? h("div", { class: "below settle small" }, h("span", {}, "To settle it, give"), missing.slice(0, 12).map((input) => button(input.text, () => focusInput(input), { class: "link" }))) : null,
      found.kind === "doubt" && found.missing === null ? h("p", { class: "below small soft" }, "No input would settle it: only PostHog’s server knows.") : null,
      payload(found),
    ),
  );
}

/** Say what decided, if the reason has not said it: which condition or rule, or what failed or is unknown. */
function decidedBy(found) {
  if (found.kind === "doubt") return `Undecided: ${found.decided_by}`;
  if (found.kind === "bad") return `Failed by ${found.decided_by}`;
  return /^(condition|rule) \d/.test(found.decided_by) ? `Decided by ${found.decided_by}` : "";
}

function payload(found) {
  if (found.payload_is_encrypted) return h("p", { class: "below small soft" }, "The payload is encrypted; SDKs ask for it with a secret key.");
  if (found.answer.payload === null) return null;
  const text = typeof found.answer.payload === "string" ? found.answer.payload : JSON.stringify(found.answer.payload, null, 2);
  return h("div", { class: "below" }, h("p", { class: "small soft", "aria-hidden": "true" }, "Payload"), h("pre", { tabindex: "0", "aria-label": "Payload" }, text));
}

function needsCard(flag) {
  const inputs = inputsOf(flag.needs);
  const codes = (list) => list.map((text) => h("code", {}, h("bdi", {}, text)));
  const of = (kind) => inputs.filter((input) => input.kind === kind);
  const lines = [
    ["Person properties", of("person").map((input) => input.name)],
    ["Groups", of("group").map((input) => input.group)],
    ["Their properties", of("group property").map((input) => input.text)],
    ["Ids", [...of("distinct id"), ...of("device id")].map((input) => input.text)],
  ].filter(([, list]) => list.length);
  const locally = {
    always: "Always, once these are known",
    sometimes: "Sometimes; otherwise only PostHog’s server knows",
    never: "Never: only PostHog’s server knows",
  }[flag.decided_locally];
  return h(
    "section",
    { class: "card is-plain", "aria-labelledby": "needs-title" },
    h("h3", { id: "needs-title" }, "What it needs"),
    h(
      "dl",
      { class: "needs" },
      lines.map(([title, list]) => [h("dt", {}, title), h("dd", {}, codes(list))]),
      flag.flags.length ? [h("dt", {}, "Other flags"), h("dd", {}, h("span", { class: "settle" }, flag.flags.map((key) => button(state.flags.get(key)?.label || key, () => select(key), { class: "link mono" }))))] : null,
      h("dt", {}, "Decided locally"), h("dd", {}, locally, flag.why.map((why) => h("p", { class: "soft small" }, why))),
    ),
  );
}

/** Show the chosen flag's answers for saved people, so that they can be compared. */
function showOthers() {
  const place = byId("others");
  if (!place) return;
  place.hidden = !state.others.length;
  if (place.hidden) return;
  const choose = (name) => () => setPerson(savedPeople().find((each) => each.name === name).person);
  fill(place,
    h("h3", {}, "Saved people"),
    h("table", { class: "others" },
      h("thead", { class: "unseen" }, h("tr", {}, h("th", { scope: "col" }, "Person"), h("th", { scope: "col" }, "Answer"))),
      h("tbody", {}, state.others.map(({ name, answer }) => h("tr", {}, h("td", {}, button(name, choose(name), { class: "link" })), h("td", {}, answer ? chip(answer) : "–"))))));
}
