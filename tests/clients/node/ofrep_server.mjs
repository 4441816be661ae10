// OpenFeature's SDK for Node with the provider of its protocol.

import { OFREPProvider } from "@openfeature/ofrep-provider";
import { OpenFeature } from "@openfeature/server-sdk";
import { drive, versionOf } from "./lines.mjs";
import { inTurn } from "./turns.mjs";
import { contextOf, said } from "./openfeature.mjs";

for (const name of ["log", "warn", "error"]) console[name] = (...told) => notes.push(told.join(" "));
let notes = [];
let made = 0;
let session;

async function client(asked) {
  const domain = `client-${++made}`;
  const provider = new OFREPProvider({ baseUrl: asked.url, headers: [["X-API-Key", asked.project_key]] });
  await OpenFeature.setProviderAndWait(domain, provider);
  return OpenFeature.getClient(domain);
}

await drive(
  { name: "@openfeature/ofrep-provider", version: versionOf("@openfeature/ofrep-provider") },
  {
    ask: ({ cases }) => inTurn(cases, async (asked) => said(await client(asked), asked, contextOf(asked))),
    async open(asked) {
      session = await client(asked);
    },
    flag: (asked) => said(session, asked, contextOf(asked)),
    notes: () => notes.splice(0),
    end: () => OpenFeature.clearProviders(),
  },
);
