// Serves the page, its scripts and the npm packages on an origin of its own, as a shop's web server would.

import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname } from "node:path";

const HERE = new URL("./", import.meta.url);
const TYPES = { ".html": "text/html", ".mjs": "text/javascript", ".js": "text/javascript", ".css": "text/css" };

/** Return the URL of a running server of this folder's files, and the function that stops it. */
export async function servePages() {
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url, "http://page").pathname);
    try {
      if (path === "/favicon.ico") return response.writeHead(204).end();
      const file = new URL(`.${path}`, HERE);
      if (path.includes("..") || !file.href.startsWith(HERE.href)) throw new Error(path);
      const body = await readFile(file);
      response.writeHead(200, { "Content-Type": `${TYPES[extname(path)] ?? "text/plain"}; charset=utf-8` });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, stop: () => server.close() };
}
