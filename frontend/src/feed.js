// The line to /ws/live: comes back by itself with the place it had reached; server-sent events where no socket opens.
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 30_000;
const HIDDEN_FOR = 20_000;
const SOCKET_TRIES = 3;
const QUIET_BEATS = 3;
const SIGNED_OUT = 4401;

// wanted(): {instruments, portfolios, topics} of the page now. heard(frame), opened(), lost(), signedOut(): what to do.
export class Feed {
  #wanted; #to; #since;
  #line = null; #at = ""; #held = none(); #asked = null;
  #pause = FIRST_PAUSE; #timer; #failures = 0; #sleeping; #silence; #beat = 15; #closed = false;

  // since: when the page was made; the first answer tells what happened since then.
  constructor(wanted, to, since) {
    this.#wanted = wanted;
    this.#to = to;
    this.#since = since;
    document.addEventListener("visibilitychange", () => this.#seen());
    addEventListener("pagehide", () => { this.#closed = true; this.#hangUp(); });
    addEventListener("pageshow", (event) => { if (event.persisted) { this.#closed = false; this.#open(); } });
    addEventListener("online", () => { if (!this.#line) this.#soon(0); });
    this.#open();
  }

  // The page shows other things now. One question at a time: its answer says from which place on all of it is held.
  renew() {
    if (!this.#line || this.#asked) return;
    const now = this.#wanted();
    const more = minus(now, this.#held);
    const less = minus(this.#held, now);
    if (empty(more) && empty(less)) return;
    if (!this.#line.send) { this.#line.close(); this.#line = null; this.#soon(0); return; } // a stream cannot be asked again
    this.#asked = now;
    this.#line.send({ unsubscribe: plain(less), subscribe: plain(more) });
    if (empty(more)) { this.#held = now; this.#asked = null; }
  }

  #open() {
    clearTimeout(this.#timer);
    if (this.#closed || this.#line || document.hidden) return;
    const now = this.#wanted();
    // What is held may be resumed; only when the page shows something else it begins anew.
    const resume = this.#at && empty(minus(now, this.#held)) ? this.#at : "";
    this.#asked = resume ? null : now;
    const line = this.#failures < SOCKET_TRIES && "WebSocket" in window ? socket(now, resume, this.#since) : stream(now, resume, this.#since);
    this.#line = line;
    line.opened = () => {
      this.#pause = FIRST_PAUSE;
      this.#failures = 0;
      if (resume) this.#held = now;
      this.#to.opened();
    };
    line.heard = (frame) => { if (this.#line === line) this.#hear(frame); };
    line.ended = (code, wasOpen) => { if (this.#line === line) this.#lost(code, wasOpen); };
  }

  #hear(frame) {
    this.#watch();
    if (frame.type === "hello") { this.#beat = frame.beat_seconds; return; }
    if (frame.at) this.#at = frame.at;
    if (frame.type === "snapshot" && this.#asked) {
      this.#held = this.#asked;
      this.#asked = null;
      this.#since = "";
      queueMicrotask(() => this.renew());
    }
    this.#to.heard(frame);
  }

  // A line that says nothing, not even that it is alive, is dead whatever the browser thinks.
  #watch() {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => { const line = this.#line; line?.close(); if (this.#line === line) this.#lost(0, true); }, this.#beat * QUIET_BEATS * 1000);
  }

  async #lost(code, wasOpen) {
    clearTimeout(this.#silence);
    this.#line = null;
    if (this.#asked) { this.#at = ""; this.#held = none(); this.#asked = null; }
    if (this.#closed) return;
    if (code === SIGNED_OUT) { this.#to.signedOut(); return; }
    this.#to.lost();
    if (!wasOpen) {
      const answer = await fetch("/work", { headers: { "HX-Request": "true" } }).catch(() => null);
      if (answer?.headers.has("HX-Redirect")) { this.#to.signedOut(); return; } // a sign-in that has ended leads away
      if (answer) this.#failures += 1; // where nobody answers at all, the network is away, not the way for sockets
    }
    this.#soon(this.#pause * (0.75 + Math.random() / 2));
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE);
  }

  #soon(wait) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#open(), wait);
  }

  // A tab that nobody sees lets go; what it held is resumed when it is seen again.
  #seen() {
    clearTimeout(this.#sleeping);
    if (document.hidden) this.#sleeping = setTimeout(() => this.#hangUp(), HIDDEN_FOR);
    else if (!this.#line) this.#soon(0);
  }

  #hangUp() {
    clearTimeout(this.#silence);
    const line = this.#line;
    this.#line = null;
    if (this.#asked) { this.#at = ""; this.#held = none(); this.#asked = null; }
    line?.close();
  }
}

function socket(now, resume, since) {
  const address = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/live`;
  const wire = new WebSocket(address);
  let open = false;
  const line = {
    send: (message) => wire.send(JSON.stringify(message)),
    close: () => {
      if (wire.readyState !== WebSocket.CONNECTING) wire.close();
      else Object.assign(wire, { onopen: () => wire.close(), onmessage: null, onclose: null, onerror: null }); // else the console complains of a page left early
    },
  };
  wire.onopen = () => {
    open = true;
    line.send({ subscribe: plain(now), ...(resume ? { resume } : since ? { since } : {}) });
    line.opened();
  };
  wire.onmessage = ({ data }) => line.heard(JSON.parse(data));
  wire.onclose = ({ code }) => line.ended(code, open);
  return line;
}

function stream(now, resume, since) {
  const asked = new URLSearchParams(Object.entries({ ...plain(now), resume, since: resume ? "" : since }).map(([name, value]) => [name, String(value)]));
  const wire = new EventSource(`/live/stream?${asked}`);
  let open = false;
  const line = { close: () => wire.close() };
  wire.onopen = () => { open = true; line.opened(); };
  wire.onerror = () => { wire.close(); line.ended(0, open); };
  for (const kind of ["hello", "snapshot", "delta", "beat"]) wire.addEventListener(kind, ({ data }) => line.heard(JSON.parse(data)));
  wire.addEventListener("signed-out", () => { wire.close(); line.ended(SIGNED_OUT, true); });
  return line;
}

function none() { return { instruments: new Set(), portfolios: new Set(), topics: new Set() }; }
function plain(sets) { return Object.fromEntries(Object.entries(sets).map(([name, set]) => [name, [...set]])); }
function minus(one, other) { return Object.fromEntries(Object.entries(one).map(([name, set]) => [name, new Set([...set].filter((each) => !other[name].has(each)))])); }
function empty(sets) { return Object.values(sets).every((set) => set.size === 0); }
