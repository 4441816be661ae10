// OpenFeature's SDK for browsers with the provider of its protocol, which fetches all flags and hears of changes.

import { OFREPWebProvider } from "@openfeature/ofrep-web-provider";
import { OpenFeature } from "@openfeature/web-sdk";
import { contextOf, said } from "../openfeature.mjs";
import { inTurn, OF_PAGE } from "../turns.mjs";

export async function verbs() {
  let made = 0;
  let session;

  async function client(asked, options) {
    const domain = `client-${++made}`;
    const headers = [["X-API-Key", asked.project_key]];
    await OpenFeature.setContext(domain, contextOf(asked));
    await OpenFeature.setProviderAndWait(domain, new OFREPWebProvider({ baseUrl: asked.url, headers, ...options }));
    return [OpenFeature.getClient(domain), domain];
  }

  return {
    ask: ({ cases }) =>
      inTurn(
        cases,
        async (asked) => {
          // Without streams, because a browser has six connections to a host.
          const [found] = await client(asked, { changeDetection: "none", cacheMode: "disabled", timeoutMs: 60_000 });
          return said(found, asked);
        },
        OF_PAGE,
      ),
    async open(asked) {
      session = await client(asked, {});
    },
    person: (asked) => OpenFeature.setContext(session[1], contextOf(asked)),
    flag: (asked) => said(session[0], asked),
  };
}
