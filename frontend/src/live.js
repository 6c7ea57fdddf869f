// One stream per page says what changed; the page then asks for it again, at most every two seconds, while it is seen.
const PAUSE = 2000;
const TOPICS = ["quotes", "sync", "jobs", "snapshot", "transactions", "connection"];
const QUICK = new Set(["jobs"]);

export function live(host) {
  if (!host || !("EventSource" in window)) return;
  let stream, waiting, missed = false, lost = false, leaving = false, last = 0;

  const refresh = () => {
    waiting = undefined;
    if (document.hidden) { missed = true; return; }
    last = Date.now();
    announce("live");
  };
  const soon = () => { waiting ??= setTimeout(refresh, Math.max(80, PAUSE - (Date.now() - last))); };
  const signIn = () => {
    leaving = true;
    stream.close();
    location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
  };
  // The house answered, and not with a stream: the sign-in has ended, or too many pages are open.
  const refused = async () => {
    const answer = await fetch("/work", { headers: { "HX-Request": "true" } }).catch(() => null);
    if (leaving) return;
    if (answer?.status === 401) signIn();
    else setTimeout(open, 5000);
  };
  const open = () => {
    stream = new EventSource(host.dataset.live);
    stream.onopen = () => {
      say("live", "Live");
      if (lost) soon(); // whatever happened while the line was down
      lost = false;
    };
    stream.onerror = () => {
      if (leaving) return;
      lost = true;
      say("lost", "Reconnecting…");
      if (stream.readyState === EventSource.CLOSED) refused();
    };
    stream.addEventListener("refetch", () => { announce("live-refetch"); soon(); });
    stream.addEventListener("signed-out", signIn);
    for (const topic of TOPICS) {
      stream.addEventListener(topic, () => {
        announce(`live-${topic}`);
        if (!QUICK.has(topic)) soon();
      });
    }
  };
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && missed) { missed = false; soon(); }
  });
  addEventListener("pagehide", () => { leaving = true; stream?.close(); });
  addEventListener("pageshow", (event) => { if (event.persisted) { leaving = false; open(); soon(); } });
  open();
}

function announce(name) {
  document.body.dispatchEvent(new CustomEvent(name));
}

function say(state, words) {
  for (const place of document.querySelectorAll("[data-live-state]")) {
    place.dataset.state = state;
    place.firstElementChild.textContent = words;
  }
}

// What changed since the last swap glows for a moment: green up, red down; the sign and figure say the same.
let before = new Map();
document.addEventListener("htmx:before:swap", () => {
  before = new Map();
  for (const cell of document.querySelectorAll("[data-flash]")) before.set(cell.id, Number(cell.dataset.flash));
});
document.addEventListener("htmx:after:swap", () => {
  for (const cell of document.querySelectorAll("[data-flash]")) {
    const change = Number(cell.dataset.flash) - before.get(cell.id);
    if (!change) continue; // unchanged, or new (NaN)
    const name = change > 0 ? "flash-up" : "flash-down";
    cell.classList.remove("flash-up", "flash-down");
    void cell.offsetWidth; // so that the same animation starts again
    cell.classList.add(name);
    cell.addEventListener("animationend", () => cell.classList.remove(name), { once: true });
  }
});
