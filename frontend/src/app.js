// The page's own life: appearance, HTMX, live updates, notices; chart islands are fetched only where they stand.
import "htmx.org";
import "./ask.js";
import "./entry.js";
import "./explain.js";
import "./find.js";
import "./forms.js";
import { live } from "./live.js";
import "./table.js";
import "./theme.js";
import "./typed.js";

const islands = { "tf-doughnut": "charts", "tf-bars": "charts", "tf-curve": "prices", "tf-growth": "growth", "tf-trades": "growth", "tf-candles": "candles" };
const load = { charts: () => import("./charts.js"), prices: () => import("./prices.js"), growth: () => import("./growth.js"), candles: () => import("./candles.js") };

function hydrate() {
  const needed = new Set(Object.keys(islands).filter((tag) => document.querySelector(tag)).map((tag) => islands[tag]));
  if (document.querySelector("[data-passkey]")) import("./passkeys.js");
  for (const name of needed) load[name]().catch(() => sayChartsAreAway());
}

// The figures stand in the tables anyway: without charts nothing is lost but a picture.
function sayChartsAreAway() {
  for (const chart of document.querySelectorAll(Object.keys(islands).join())) {
    chart.classList.add("chart-note");
    chart.textContent = "The chart could not be loaded; reload to try again.";
  }
}

hydrate();
document.addEventListener("htmx:after:swap", hydrate);
live(document.querySelector(".shell[data-live]"));
