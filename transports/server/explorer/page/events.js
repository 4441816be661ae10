// The events that come in, newest first. The stream is open only while this view is.

const MOST_EVENTS = 300;
const stream = { source: null, events: [], isPaused: false, filter: "", note: "", waiting: 0, timer: 0, cleared: 0 };

function showEvents() {
  fill(
    byId("events"),
    h("h2", { id: "events-title", tabindex: "-1" }, "Events that come in"),
    h("p", {}, "What SDKs send to this server, as it arrives."),
    h("div", { class: "stream-head" },
      h("label", { for: "event-filter", class: "unseen" }, "Filter events"),
      h("input", { id: "event-filter", type: "search", placeholder: "Filter by event, id or property", "data-part": "event filter", value: stream.filter, oninput: (event) => { stream.filter = event.target.value; showEventRows(); } }),
      button(stream.isPaused ? "Resume" : "Pause", togglePause, { "data-part": "pause", "aria-pressed": String(stream.isPaused) }),
      button("Clear", () => { stream.cleared = stream.events[0]?.event.number ?? stream.cleared; stream.events = []; showEventRows(); }, { "data-part": "clear" }),
      h("p", { id: "event-count", class: "soft small", role: "status" })),
    h("div", { id: "event-rows" }),
  );
  showEventRows();
}

function togglePause() {
  stream.isPaused = !stream.isPaused;
  stream.waiting = 0;
  showEvents();
  if (!stream.isPaused) loadKeptEvents();
}

function showEventRows() {
  const place = byId("event-rows");
  if (!place) return;
  const wanted = stream.filter.toLowerCase();
  const found = stream.events.filter((each) => each.text.includes(wanted));
  byId("event-count").textContent = [
    stream.events.length ? counted(found.length, "event") : "",
    stream.isPaused ? `paused${stream.waiting ? `, ${stream.waiting} more came` : ""}` : "",
  ].filter(Boolean).join(" · ");
  if (!found.length) {
    const hint = `No events yet. SDKs send them when their host is ${location.origin}${base}`;
    return fill(place, h("div", { class: "empty" }, h("p", {}, stream.events.length ? "No event matches." : hint), stream.note ? h("p", { class: "small" }, stream.note) : null));
  }
  fill(place, h("div", { class: "scroller", tabindex: "0", role: "region", "aria-label": "Events" }, h("table", { class: "stream" },
    h("thead", {}, h("tr", {}, ["Time", "Event", "Distinct id", "Properties"].map((title) => h("th", { scope: "col" }, title)))),
    h("tbody", {}, found.map((each) => each.row ||= eventRow(each))))));
}

function eventRow({ received, event }) {
  const id = typeof event.distinct_id === "string" ? event.distinct_id : inText(event.distinct_id ?? "");
  const properties = isObject(event.properties) ? event.properties : {};
  const first = ["$feature_flag", "$feature_flag_response", "$current_url"].filter((name) => Object.hasOwn(properties, name)).map((name) => inText(properties[name]));
  const title = first.length ? first.join(" · ") : counted(Object.keys(properties).length, "property", "properties");
  return h("tr", {},
    h("td", { class: "time" }, received),
    h("td", { class: "event" }, inText(event.event ?? "")),
    h("td", {}, button(id || "nobody", () => setPerson({ ...state.person, distinct_id: id }), { class: "link", title: "Ask for this id" })),
    h("td", { class: "more" }, h("details", {}, h("summary", {}, title), h("pre", {}, JSON.stringify(properties, null, 2)))));
}

function timeOf(received) {
  const time = new Date(received);
  return Number.isNaN(time.getTime()) ? "" : time.toLocaleTimeString("en-GB");
}

const showNewEvents = settled(showEventRows, 60);

function addEvent(event) {
  const { projects, project } = state.overview || { projects: [] };
  if (!isObject(event) || (projects.length > 1 && event.project !== project)) return;
  if (event.number <= stream.cleared || stream.events.some((each) => each.event.number === event.number)) return;
  if (stream.isPaused) {
    stream.waiting += 1;
    return showNewEvents();
  }
  const text = JSON.stringify([event.event, event.distinct_id, event.properties]).toLowerCase();
  stream.events.unshift({ event, received: timeOf(event.received_at), text });
  stream.events.length = Math.min(stream.events.length, MOST_EVENTS);
  showNewEvents();
}

/** Show the events that are kept, then follow; a server without events answers 404. */
async function openEvents() {
  showEvents();
  if (stream.source || document.hidden) return;
  clearTimeout(stream.timer);
  const next = await loadKeptEvents();
  if (state.view !== "events" || stream.source) return;
  if (next === null) stream.timer = setTimeout(openEvents, 5000);
  else followEvents(next);
}

/** Return the number of the newest event, null if there are no events to be had. */
async function loadKeptEvents() {
  const response = await fetch(`${base}/_events?limit=1000`, { cache: "no-store" }).catch(() => null);
  stream.note = response?.status === 404 ? "This server keeps no events." : "";
  const found = response?.ok ? await response.json().catch(() => null) : null;
  if (Array.isArray(found?.events)) found.events.slice(-MOST_EVENTS).forEach(addEvent);
  showEventRows();
  return found ? Number(found.next) || 0 : null;
}

function followEvents(next) {
  stream.source = new EventSource(`${base}/_events/stream?since=${next}`);
  stream.source.addEventListener("captured", (message) => addEvent(JSON.parse(message.data)));
  stream.source.addEventListener("error", () => {
    if (stream.source?.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
    closeEvents();
    if (state.view === "events") stream.timer = setTimeout(openEvents, 5000);
  });
}

function closeEvents() {
  clearTimeout(stream.timer);
  stream.source?.close();
  stream.source = null;
}
