// What the page asks the server. Of several questions of one kind only the last is answered.

class Refusal extends Error {}

const asking = new Map();

async function ask(name, question) {
  asking.get(name)?.abort();
  const controller = new AbortController();
  asking.set(name, controller);
  const project = state.project ? `?project=${encodeURIComponent(state.project)}` : "";
  const options = { signal: controller.signal, cache: "no-store" };
  if (question) {
    options.method = "POST";
    options.headers = { "content-type": "application/json" };
    options.body = JSON.stringify(question);
  }
  let response;
  try {
    response = await fetch(`${base}/_explorer/${name}${project}`, options);
  } catch (error) {
    if (error.name !== "AbortError") setGone(true);
    throw error;
  }
  return answerOf(response);
}

async function answerOf(response) {
  const text = await response.text();
  let found;
  try {
    found = text ? JSON.parse(text) : {};
  } catch {
    found = { error: text };
  }
  if (!response.ok) throw new Refusal(found.error || `the server answers ${response.status}`);
  return found;
}

/** Load flags, then answers. */
async function loadOverview() {
  const found = await ask("overview");
  state.overview = found;
  state.flags = new Map(found.flags.map((flag) => [flag.key, flag]));
  document.title = `${counted(found.flags.length, "flag")} · flagengine`;
  showProjects();
  showState(found.state);
  showRows();
  showPerson();
  await loadAnswers();
}

async function loadAnswers() {
  const found = await ask("answers", { people: [cleanPerson(state.person)] });
  state.answers = found.answers[0];
  showAnswers();
  await Promise.all([loadExplanation(), loadOthers()]);
}

async function loadExplanation() {
  const flag = selectedFlag();
  if (flag === null) {
    state.explanation = null;
    return showDetail();
  }
  try {
    state.explanation = await ask("explanation", { key: flag.key, person: cleanPerson(state.person) });
    state.problem = null;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    state.explanation = null;
    state.problem = error.message;
  }
  if (state.whatIf) await tryRollout(state.whatIf.condition, state.whatIf.percentage);
  showDetail();
}

/** Load the selected flag's answers for the people that were saved. */
async function loadOthers() {
  const people = savedPeople().slice(0, 50);
  state.others = [];
  if (people.length && state.selected !== null) {
    const question = { people: people.map((each) => cleanPerson(each.person)), flags: [state.selected] };
    const found = await ask("answers", question);
    state.others = people.map((each, place) => ({ name: each.name, answer: own(found.answers[place], question.flags[0]) }));
  }
  showOthers();
}

/** Run a task of the page; what goes wrong is shown. */
async function run(task) {
  try {
    await task();
  } catch (error) {
    if (error.name === "AbortError") return;
    if (error instanceof Refusal) showProblem(error.message);
    else if (error instanceof TypeError && state.isGone) return; // the banner says so
    else throw error;
  }
}

const personChanged = settled(() => run(loadAnswers), 90);
