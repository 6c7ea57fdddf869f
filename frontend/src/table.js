// Tables that sort, filter and open by keyboard; what the person chose survives every refresh.
const collator = new Intl.Collator("en-IN", { numeric: true, sensitivity: "base" });

class TfTable extends HTMLElement {
  #sort = null;
  #text = "";
  #sector = "";

  connectedCallback() {
    this.addEventListener("click", (event) => this.#clicked(event));
    this.addEventListener("keydown", (event) => this.#pressed(event));
    document.addEventListener("htmx:after:swap", this.#again);
    document.addEventListener("pick", this.#picked);
    document.addEventListener("input", this.#typed);
    this.#again();
  }

  disconnectedCallback() {
    document.removeEventListener("htmx:after:swap", this.#again);
    document.removeEventListener("pick", this.#picked);
    document.removeEventListener("input", this.#typed);
  }

  get rows() { return [...this.querySelectorAll("[data-row]")]; }
  get seen() { return this.rows.filter((row) => !row.hidden); }

  #again = () => {
    if (!this.isConnected) return;
    this.#text = this.#input?.value.trim().toLowerCase() ?? "";
    this.#order();
    this.#apply();
  };

  get #input() { return document.querySelector(`[data-filter-for="${this.querySelector("table")?.id}"]`); }

  #typed = (event) => {
    if (event.target !== this.#input) return;
    this.#text = event.target.value.trim().toLowerCase();
    this.#apply();
  };

  #picked = (event) => {
    this.#sector = event.detail;
    this.#apply();
  };

  // A refresh may bring the rows in the server's order: put them where the person had them, before any paint.
  #order() {
    for (const head of this.querySelectorAll("th[data-key]")) {
      if (head.dataset.key === this.#sort?.key) head.setAttribute("aria-sort", this.#sort.way > 0 ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    }
    if (!this.#sort) return;
    const { column, way, kind } = this.#sort;
    const value = (row) => row.cells[column].dataset.sort ?? "";
    const rows = this.rows.map((row) => [row, value(row)]);
    rows.sort(([, a], [, b]) => {
      if (a === "" || b === "") return (a === "") - (b === ""); // what is not known stands last either way
      return way * (kind === "text" ? collator.compare(a, b) : Number(a) - Number(b));
    });
    const body = this.querySelector("tbody");
    const focused = document.activeElement;
    for (const [row] of rows) {
      const lots = this.#lots(row);
      body.append(row);
      if (lots) body.append(lots);
    }
    if (focused && this.contains(focused) && focused !== document.activeElement) focused.focus({ preventScroll: true });
  }

  #apply() {
    const words = this.#text.split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of this.rows) {
      const text = row.dataset.text.toLowerCase();
      const fits = words.every((word) => text.includes(word)) && (!this.#sector || row.dataset.sector === this.#sector);
      row.hidden = !fits;
      const lots = this.#lots(row);
      if (lots) lots.hidden = !fits || !lots.dataset.open;
      shown += fits;
    }
    const panel = this.closest(".panel");
    const count = panel?.querySelector("[data-shown-count]");
    if (count) count.textContent = shown === this.rows.length ? shown : `${shown} of ${this.rows.length}`;
    const none = panel?.querySelector("[data-none]");
    if (none) none.hidden = shown > 0;
  }

  #lots(row) { return row.nextElementSibling?.matches("[data-lots]") ? row.nextElementSibling : null; }

  #clicked(event) {
    const sorter = event.target.closest(".sorter");
    if (sorter) return this.#sortBy(sorter.closest("th"));
    const row = event.target.closest("[data-row]");
    if (row && !event.target.closest("a, button:not(.expander), input, select, label, form") && !String(getSelection())) this.#toggle(row);
  }

  #sortBy(head) {
    const kind = head.dataset.kind;
    const first = kind === "text" ? 1 : -1;
    const again = this.#sort?.key === head.dataset.key;
    this.#sort = { key: head.dataset.key, column: head.cellIndex, kind, way: again ? -this.#sort.way : first };
    this.#order();
  }

  #toggle(row, open) {
    const lots = this.#lots(row);
    const button = row.querySelector(".expander");
    if (!lots || !button) return;
    const opens = open ?? !lots.dataset.open;
    if (opens) lots.dataset.open = "1";
    else delete lots.dataset.open;
    lots.hidden = !opens;
    button.setAttribute("aria-expanded", String(opens));
    if (opens) button.dispatchEvent(new Event("open"));
  }

  #pressed(event) {
    const row = event.target.closest("[data-row]");
    if (!row || event.target.closest("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
    if (step) {
      event.preventDefault();
      this.#go(this.seen[this.seen.indexOf(row) + step]);
    } else if (event.key === "Home" || event.key === "End") {
      event.preventDefault();
      this.#go(this.seen.at(event.key === "Home" ? 0 : -1));
    } else if (event.key === "Escape") {
      this.#toggle(row, false);
    }
  }

  #go(row) {
    const button = row?.querySelector(".expander, a, button");
    button?.focus();
    row?.scrollIntoView({ block: "nearest" });
  }
}
customElements.define("tf-table", TfTable);

// j, k from anywhere: into the first table of the page.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if ((event.key === "j" || event.key === "k") && !event.target.closest("input, select, textarea, [data-row]")) {
    const button = document.querySelector("tf-table [data-row]:not([hidden]) :is(.expander, a, button)");
    if (button) { event.preventDefault(); button.focus(); }
  }
  if (event.key === "Escape" && event.target.matches("[data-filter-for]")) {
    event.target.value = "";
    event.target.dispatchEvent(new Event("input", { bubbles: true }));
    event.target.blur();
  }
});

// A sector picked in the legend or the doughnut filters the holdings and opens its details; picked again, it lets go.
let sector = "";
export function pick(name) {
  sector = name === sector ? "" : name;
  shown();
  document.dispatchEvent(new CustomEvent("pick", { detail: sector }));
  const button = [...document.querySelectorAll("[data-pick]")].find((one) => sector && one.dataset.pick === sector);
  if (button) button.dispatchEvent(new Event("pick"));
  else document.getElementById("drill")?.replaceChildren();
}
function shown() {
  for (const button of document.querySelectorAll(".legend [data-pick]")) {
    button.setAttribute("aria-pressed", String(Boolean(sector) && button.dataset.pick === sector));
  }
  const label = document.querySelector("[data-picked]");
  if (!label) return;
  label.hidden = !sector;
  label.replaceChildren();
  if (!sector) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "pill";
  button.dataset.pick = "";
  button.textContent = `${sector} ✕`;
  label.append(button);
}
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-pick]");
  if (button) pick(button.dataset.pick || sector);
  if (event.target.closest("[data-clear-filter]")) {
    if (sector) pick(sector);
    const input = document.querySelector("[data-filter-for]");
    if (input) { input.value = ""; input.dispatchEvent(new Event("input", { bubbles: true })); input.focus(); }
  }
});
document.addEventListener("htmx:after:swap", shown);
