// Asks several cases at the same time, as many as a browser has connections to a host.

const AT_ONCE = 6;
const LIMIT = 60_000;

function limited(promise) {
  const late = new Promise((_, reject) => setTimeout(() => reject(new Error("no answer in time")), LIMIT));
  return Promise.race([promise, late]);
}

/** Return the answers of `ask` to all cases, in their order. */
export async function inTurn(cases, ask) {
  const answers = Array(cases.length);
  let next = 0;
  const work = async () => {
    while (next < cases.length) {
      const index = next++;
      try {
        answers[index] = await limited(ask(cases[index]));
      } catch (error) {
        answers[index] = { crash: String(error?.message ?? error) };
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return answers;
}
