// The protocol of a driver: a line of JSON in, a line of JSON out. The first line says what the client is.

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

/** Return the version of an installed package. */
export function versionOf(name) {
  const path = new URL(`node_modules/${name}/package.json`, import.meta.url);
  return JSON.parse(readFileSync(path, "utf8")).version;
}

/** Answer the lines of standard input with the functions in `verbs`, each by its name. */
export async function drive(about, verbs) {
  const say = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);
  say(about);
  for await (const line of createInterface({ input: process.stdin })) {
    const { do: verb, ...asked } = JSON.parse(line);
    try {
      say({ answer: (await verbs[verb](asked)) ?? null });
    } catch (error) {
      say({ crash: String(error?.stack ?? error) });
    }
  }
  await verbs.close?.({});
  process.exit(0);
}
