// Figures that move in place. The server says which element shows what (data-live…) and sends the very words; nothing is computed here.
const SOURCES = { zerodha: "Zerodha", angelone: "Angel One", kotakneo: "Kotak Neo", nse: "NSE", bse: "BSE", amfi: "AMFI", ecb: "ECB", fbil: "FBIL", coingecko: "CoinGecko" };
const CUE = 1400;
const ATTRIBUTES = ["data-live", "data-live-tone", "data-live-sort", "data-live-stale", "data-live-title", "data-live-age"];
const SELECTOR = ATTRIBUTES.map((name) => `main [${name}]`).join();
const quotes = new Map();
const ages = new Map(); // subject → {as_of, source}
let places = new Map(); // key → [[element, attribute]]

// What the page shows now: for the subscription.
export function wanted() {
  places = new Map();
  const instruments = new Set();
  const portfolios = new Set();
  for (const element of document.querySelectorAll(SELECTOR)) {
    for (const attribute of ATTRIBUTES) {
      const key = element.getAttribute(attribute);
      if (!key) continue;
      if (!places.has(key)) places.set(key, []);
      places.get(key).push([element, attribute]);
      const [, id] = /^i(\d+)(?:\.|$)/.exec(key) ?? [];
      if (id) instruments.add(Number(id));
    }
  }
  const shelf = portfolio();
  if (shelf) portfolios.add(shelf);
  for (const id of quotes.keys()) if (!instruments.has(id)) quotes.delete(id);
  return { instruments, portfolios };
}

// After a swap the server's words may be older than the newest tick.
export function again() {
  for (const quote of quotes.values()) showQuote(quote, false);
}

export function show(frame) {
  for (const quote of frame.quotes ?? []) {
    quotes.set(quote.id, quote);
    showQuote(quote, frame.type === "delta");
  }
  for (const shelf of frame.portfolios ?? []) {
    if (shelf.id === portfolio()) showPortfolio(shelf, frame.type === "delta");
  }
}

function portfolio() {
  const told = document.querySelector("[data-live-portfolio]")?.dataset.livePortfolio;
  return told ? (told === "all" ? "all" : Number(told)) : null;
}

function showQuote(quote, cue) {
  const subject = `i${quote.id}`;
  const [price, change, ratio, before] = quote.text;
  put(`${subject}.price`, price, quote.price, cue);
  put(`${subject}.change`, change, quote.change, cue);
  put(`${subject}.change_ratio`, ratio, quote.change_ratio, cue);
  put(`${subject}.previous_close`, before, quote.previous_close, false);
  about(subject, quote);
  document.body.dispatchEvent(new CustomEvent("live-price", { detail: { instrument: quote.id, price: quote.price, at: quote.as_of } }));
}

function showPortfolio(shelf, cue) {
  const { as_of, source, ...whole } = shelf.whole ?? {};
  for (const [field, [text, raw]] of Object.entries(whole)) put(`p.${field}`, text, raw, cue);
  if (as_of) about("p", { as_of, source });
  for (const [key, line] of Object.entries(shelf.holdings)) {
    const { as_of, source, title, stale, ...figures } = line;
    for (const [field, [text, raw]] of Object.entries(figures)) put(`h${key}.${field}`, text, raw, cue);
    if (as_of) about(`h${key}`, { as_of, source, title, stale });
    const row = document.getElementById(`h-${key}`);
    if (row && "pnl" in row.dataset) {
      Object.assign(row.dataset, { pnl: (line.pnl_here ?? line.pnl)[1] ?? "", pnlShown: line.pnl_short[0], ratioShown: line.pnl_ratio_short[0] });
      if (line.pnl_here) row.dataset.hereShown = line.pnl_here[0];
    }
    const bar = row?.querySelector(".weight progress");
    if (bar && line.weight[1] !== null) bar.value = Number(line.weight[1]);
  }
  for (const row of document.querySelectorAll("#legend tr[data-sector]")) {
    const sector = shelf.sectors[row.dataset.sector];
    if (!sector) continue;
    Object.assign(row.dataset, { value: sector.value[1] ?? "0", shown: sector.value[0], weight: sector.weight[0], pnl: sector.pnl[1] ?? "0", pnlShown: sector.pnl[0], ratioShown: sector.pnl_ratio[0] });
    if (sector.weight[1] !== null) write(row.cells[1], sector.weight[0]);
  }
  document.dispatchEvent(new CustomEvent("figures", { detail: { value: shelf.whole?.value[1] ?? null } }));
}

// How old a price is, who told it, and whether it is older than it should be.
function about(subject, told) {
  ages.set(subject, told);
  for (const [element, attribute] of places.get(subject) ?? []) {
    if (attribute === "data-live-stale") element.hidden = !told.stale;
    else if (attribute === "data-live-title" && told.title) element.title = told.title;
    else if (attribute === "data-live-age") element.textContent = age(told);
  }
}

function put(key, text, raw, cue) {
  for (const [element, attribute] of places.get(key) ?? []) {
    if (attribute === "data-live-tone") tone(element, raw);
    else if (attribute === "data-live-sort") element.dataset.sort = raw ?? "";
    else if (attribute === "data-live") {
      const before = element.dataset.liveRaw;
      if (raw !== null && raw !== undefined) element.dataset.liveRaw = raw;
      if (write(element, text) && cue && "liveCue" in element.dataset && before !== undefined) point(element, Number(raw) - Number(before));
    }
  }
}

// Only the text itself is touched, so nothing around it moves: an arrow, a link or a focus stays where it is.
function write(element, text) {
  const place = element.querySelector("a.why, [data-live-text]") ?? element;
  let node = [...place.childNodes].findLast((one) => one.nodeType === Node.TEXT_NODE && one.data.trim());
  if (!node) {
    if (place.childElementCount) return false; // "n/a" with its reason stands here: the next refetch replaces it
    node = place.appendChild(document.createTextNode(""));
  }
  const [lead] = /^\s*/.exec(node.data);
  if (node.data === lead + text) return false;
  node.data = lead + text;
  return true;
}

function tone(host, raw) {
  const element = host.querySelector("a.why") ?? host;
  const sign = Math.sign(Number(raw ?? 0));
  element.classList.toggle("up", sign > 0);
  element.classList.toggle("down", sign < 0);
  element.classList.toggle("flat", sign === 0);
  const arrow = element.querySelector("svg use");
  const name = sign > 0 ? "arrow-up" : sign < 0 ? "arrow-down" : "";
  if (arrow && name) arrow.setAttribute("href", arrow.getAttribute("href").replace(/#.*/, `#${name}`));
}

function point(element, change) {
  if (!change) return;
  element.classList.remove("moved-up", "moved-down");
  void element.offsetWidth; // so that the same animation starts again
  element.classList.add(change > 0 ? "moved-up" : "moved-down");
  clearTimeout(element.liveCue);
  element.liveCue = setTimeout(() => element.classList.remove("moved-up", "moved-down"), CUE);
}

function age({ as_of: at, source }) {
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(at)) / 1000));
  const words = seconds < 60 ? `${seconds} s` : seconds < 3600 ? `${Math.floor(seconds / 60)} min` : seconds < 86_400 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`;
  return `${words} · ${SOURCES[source] ?? source.charAt(0).toUpperCase() + source.slice(1)}`;
}

setInterval(() => {
  if (document.hidden) return;
  for (const [subject, told] of ages) {
    const text = age(told);
    for (const [element, attribute] of places.get(subject) ?? []) {
      if (attribute === "data-live-age" && element.textContent !== text) element.textContent = text;
    }
  }
}, 1000);
