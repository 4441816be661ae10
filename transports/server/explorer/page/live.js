// What changes on the server, as it changes; the first news is what there is. A page in the background lets go of its
// connection.

const live = { source: null, timer: 0 };

function follow() {
  if (live.source || document.hidden) return;
  clearTimeout(live.timer);
  const project = state.project ? `?project=${encodeURIComponent(state.project)}` : "";
  live.source = new EventSource(`${base}/_explorer/changes${project}`);
  live.source.addEventListener("message", (message) => run(() => takeNews(JSON.parse(message.data))));
  live.source.addEventListener("error", () => {
    setGone(true);
    if (live.source?.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
    leave();
    live.timer = setTimeout(follow, 2000);
  });
}

function leave() {
  clearTimeout(live.timer);
  live.source?.close();
  live.source = null;
}

async function takeNews(news) {
  const before = state.overview?.state;
  setGone(false);
  for (const key of news.changed) state.changed.add(key);
  const isSame = before && before.version === news.version && before.loaded_at === news.loaded_at
    && JSON.stringify(before.forced) === JSON.stringify(news.forced);
  if (isSame) return showState(news);
  await loadOverview();
  if (news.changed.length) announce(`The definitions have changed: ${counted(news.changed.length, "flag")}.`);
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    leave();
    closeEvents();
  } else {
    follow();
    if (state.view === "events") openEvents();
  }
});
