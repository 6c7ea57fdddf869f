// What the house tells while a page is open: figures move in place; of everything else the page asks for its blocks again.
import { Feed } from "./feed.js";
import { again, show, wanted } from "./moving.js";

const PAUSE = 2000;
const QUOTES_PAUSE = 60_000;
const POLL = 15_000;
const TOPICS = ["sync", "jobs", "snapshot", "transactions", "connection", "calendar", "instruments", "bars", "tracking", "health", "watchlists", "alerts", "notices", "services", "grants", "quotes"];
const QUICK = new Set(["jobs", "notices", "services", "tracking"]);

export function live(host) {
  if (!host) return;
  let waiting, missed = false, lost = false, last = 0, asked = 0, polling, hasFigures = false, told = 0;

  const refresh = () => {
    waiting = undefined;
    if (document.hidden) { missed = true; return; }
    last = Date.now();
    announce("live");
  };
  const soon = () => { waiting ??= setTimeout(refresh, Math.max(80, PAUSE - (Date.now() - last))); };
  const collect = () => {
    const { instruments, portfolios } = wanted();
    hasFigures = instruments.size > 0 || portfolios.size > 0;
    return { instruments, portfolios, topics: new Set(TOPICS) };
  };
  // Prices that moved: what has a place on the page has moved already; the rest is asked for now and then.
  const moved = () => {
    const now = Date.now();
    if (now - told > PAUSE) { told = now; announce("live-quotes"); }
    if (!hasFigures) soon();
    else if (now - Math.max(last, asked) > QUOTES_PAUSE) { asked = now; soon(); }
  };
  asked = Date.now();

  const feed = new Feed(collect, {
    opened() {
      say("live", "Live");
      clearInterval(polling);
      polling = undefined;
      if (lost) soon(); // whatever happened while the line was down
      lost = false;
    },
    lost() {
      lost = true;
      say("lost", "Reconnecting…");
      polling ??= setInterval(soon, POLL); // every lost try tells of itself; the polling goes on at its pace
    },
    heard(frame) {
      show(frame);
      if (frame.quotes || frame.portfolios) moved();
      if (frame.refetch) { announce("live-refetch"); soon(); }
      for (const { topic } of frame.events ?? []) {
        if (topic === "quotes") { moved(); continue; }
        announce(`live-${topic}`);
        if (!QUICK.has(topic)) soon();
      }
    },
    signedOut() { location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`); },
  }, host.dataset.liveSince ?? "");
  let collecting;
  document.addEventListener("htmx:after:swap", () => {
    clearTimeout(collecting);
    collecting = setTimeout(() => { collect(); again(); feed.renew(); }, 50);
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && missed) { missed = false; soon(); }
  });
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
