// What if: a slider for each rollout, and what it would change for this person and for people like them.

const SAMPLE = 2000;

function rolloutScale(share, now, tried) {
  const value = tried ? tried.percentage : share.rollout;
  const bucket = now.hash?.bucket ?? share.hash?.bucket ?? null;
  const label = `Rollout of ${share.kind} ${share.index + 1}`;
  const step = selectedFlag()?.format === 2 ? 0.01 : "any";
  const fillOf = placed(h("div", { class: "bar-fill" }), { to: value / 100 });
  const number = h("input", { type: "number", min: "0", max: "100", step, value: percentText(value), class: "try-number", "aria-label": `${label}, in percent`, "data-part": `number ${share.index}` });
  const slider = h("input", { type: "range", min: "0", max: "100", step: "1", value, "aria-label": label, "aria-valuetext": `${percent.format(value)} %`, "data-part": `slider ${share.index}` });
  const move = (to, from) => {
    const next = Math.min(Math.max(to, 0), 100);
    placed(fillOf, { to: next / 100 });
    if (from !== number) number.value = percentText(next);
    if (from !== slider) slider.value = next;
    slider.setAttribute("aria-valuetext", `${percent.format(next)} %`);
    setRollout(share, next);
  };
  slider.addEventListener("input", () => move(Number(slider.value), slider));
  number.addEventListener("input", () => { if (number.value !== "" && Number.isFinite(Number(number.value))) move(Number(number.value), number); });
  return h(
    "div",
    {},
    h("div", { class: bucket === null ? "scale is-bare" : "scale" },
      h("div", { class: "bar" }, fillOf, tried ? placed(h("div", { class: "bar-was" }), { to: share.rollout / 100 }) : null),
      slider,
      bucket === null ? null : mark(bucket, inPercent(bucket))),
    h("div", { class: "ends" },
      h("span", { "aria-hidden": "true" }, "0 %"),
      h("div", { class: "try" },
        h("span", { "aria-hidden": "true" }, "What if"), number, h("span", { "aria-hidden": "true" }, "%"),
        tried ? button(`Back to ${percent.format(share.rollout)} %`, endRollout, { class: "link", "data-part": `slider ${share.index} back` }) : null),
      h("span", { "aria-hidden": "true" }, "100 %")),
  );
}

function percentText(value) {
  return String(Math.round(value * 100) / 100);
}

const askRollout = settled((condition, percentage) => run(async () => {
  await tryRollout(condition, percentage);
  showShares();
}), 50);

function setRollout(share, percentage) {
  if (percentage === share.rollout && state.whatIf === null) return;
  const found = state.whatIf?.condition === share.index ? state.whatIf.found : null;
  state.whatIf = { condition: share.index, percentage, found, problem: null };
  askRollout(share.index, percentage);
}

function endRollout() {
  const { condition } = state.whatIf;
  asking.get("what-if")?.abort();
  state.whatIf = null;
  showShares();
  [...document.querySelectorAll("[data-part]")].find((part) => part.dataset.part === `slider ${condition}`)?.focus();
}

async function tryRollout(condition, percentage) {
  const question = { key: state.selected, condition, percentage, sample: SAMPLE, person: cleanPerson(state.person) };
  try {
    const found = await ask("what-if", question);
    if (state.whatIf?.condition !== condition) return;
    state.whatIf = { condition, percentage: state.whatIf.percentage, found, problem: null };
    announce(outcomeWords(found).join(" "));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    state.whatIf = { condition, percentage, found: null, problem: error.message };
  }
}

/** Say what a rollout would change: for the person, then for people like them. */
function outcomeWords(found) {
  const at = `At ${percent.format(found.percentage)} %`;
  const own = found.changes
    ? `${at} this person changes from ${found.before.word} to ${found.after.word}.`
    : `${at} nothing changes for this person: ${found.after.word}.`;
  const { people, changed, low, high } = found.sample;
  const like = `Of ${counted(people, "made-up person", "made-up people")} with these properties and other ids, `;
  if (!changed) return [own, `${like}nobody changes.`];
  return [own, `${like}${roughly.format(100 * changed / people)} % change (between ${roughly.format(low * 100)} and ${roughly.format(high * 100)} % of all such people).`];
}

function rolloutOutcome(tried, variants) {
  if (!tried) return null;
  if (tried.problem) return h("div", { class: "outcome" }, h("p", { class: "error" }, tried.problem));
  if (!tried.found) return h("div", { class: "outcome" }, h("p", { class: "soft" }, "…"));
  const [own, like] = outcomeWords(tried.found);
  const { before, after, people } = tried.found.sample;
  const colour = coloursOf(variants.map((each) => each.key), [...before, ...after].map((each) => each.value));
  const stack = (parts, title) => [
    h("span", { class: "soft" }, title),
    h("div", { class: "stack", role: "img", "aria-label": `${title}: ${partsInWords(parts, people)}` }, parts.map((each) => placed(h("i", {}), { part: `${100 * each.people / people}%`, colour: colour(each.value) }))),
  ];
  const values = [...new Set([...before, ...after].map((each) => each.value))];
  const partOf = (parts, value) => roughly.format(100 * (parts.find((each) => each.value === value)?.people || 0) / people);
  return h(
    "div",
    { class: "outcome" },
    h("p", {}, h("strong", {}, own)),
    h("p", { class: "small" }, like),
    people ? h("div", { class: "stacks" }, stack(before, "now"), stack(after, "then")) : null,
    people ? h("div", { class: "legend" }, values.map((value) => h("span", {}, placed(h("i", {}), { colour: colour(value) }), `${value} ${partOf(before, value)} → ${partOf(after, value)} %`))) : null,
    tried.found.after.forced ? h("p", { class: "small soft" }, "The value is forced, so a rollout changes nothing until it is released.") : null,
  );
}

function partsInWords(parts, people) {
  return parts.map((each) => `${each.value} ${roughly.format(100 * each.people / people)} %`).join(", ");
}
