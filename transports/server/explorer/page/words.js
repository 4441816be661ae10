// How the page says things: numbers, answers, reasons.

const percent = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });
const roughly = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const whole = new Intl.NumberFormat("en");

function inPercent(share) {
  return `${percent.format(share * 100)} %`;
}

function counted(number, one, many = `${one}s`) {
  return `${whole.format(number)} ${number === 1 ? one : many}`;
}

function clock(seconds) {
  return seconds ? new Date(seconds * 1000).toLocaleTimeString("en-GB") : "never";
}

function chip(answer, attributes = {}) {
  return h("span", { class: `chip ${answer.kind}`, title: answer.word.length > 14 ? answer.word : null, ...attributes }, answer.word);
}

function tag(text, kind = "", title = null) {
  return h("span", { class: `tag ${kind}`.trim(), title }, text);
}

const REASONS = {
  condition_match: "A condition matches.",
  super_condition_value: "The person has chosen this in early access.",
  holdout_condition_value: "The person is held out.",
  out_of_rollout_bound: "The filters match, and the person is outside the rollout.",
  no_condition_match: "No condition matches.",
  no_group_type: "The flag asks for a group that the person is not given.",
  flag_disabled: "The flag is switched off.",
  missing_dependency: "The flag depends on a flag that the definitions do not have.",
  targeting_match: "A rule targets the person.",
  rollout_miss: "A rule matches, and the person is outside its rollout.",
  experiment_paused: "The experiment is paused.",
  holdout: "The person is held out of the experiment.",
  no_rule_match: "No rule matches.",
  error: "The server fails to answer this flag.",
  overridden: "The value is forced, whatever the conditions say.",
  experience_continuity: "Only PostHog knows the bucket that it has remembered for this person.",
  unsupported_definition: "The definition has something that is not supported here.",
  unresolved_dependency: "The flag depends on a flag that is undecided.",
  missing_context: "Something is not known of the person.",
  invalid_regex: "A condition has a pattern that no server can read.",
  invalid_property: "A property has a value that the rule cannot compare.",
};

function reasonOf(explanation) {
  return own(REASONS, explanation.reason) || `${explanation.answer.description}.`;
}

/** Say a JSON value as a person's panel and tables show it. */
function inText(value) {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** List the inputs of `needs` or `missing`: {kind, group, name, text}. */
function inputsOf(needs) {
  const found = [];
  for (const name of needs.person_properties || []) found.push({ kind: "person", name, text: name });
  for (const group of needs.groups || []) found.push({ kind: "group", group, text: group });
  for (const [group, names] of Object.entries(needs.group_properties || {})) {
    for (const name of names) found.push({ kind: "group property", group, name, text: `${group}.${name}` });
  }
  if (needs.device_id) found.push({ kind: "device id", text: "device id" });
  if (needs.distinct_id) found.push({ kind: "distinct id", text: "distinct id" });
  return found;
}

const COLOURS = 7;

/** Give each value of a flag a colour, the same for the same values: variants first, then whatever else it gives. */
function coloursOf(variants, others = []) {
  const bright = [...new Set([...variants, ...others])].filter((value) => value !== "off");
  return (value) => {
    const place = bright.indexOf(value);
    return place < 0 ? "var(--off)" : `var(--v${place % COLOURS})`;
  };
}
