// Asks for several cases at the same time, in Node and in a page.

const LIMIT = 60_000;

/** As many as a browser has connections to a host. */
export const OF_PAGE = 6;

function limited(promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("no answer in time")), LIMIT);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Return the answers of `ask` to all cases, in their order; so many are asked at the same time. */
export async function inTurn(cases, ask, atOnce = 16) {
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
  await Promise.all(Array.from({ length: atOnce }, work));
  return answers;
}
