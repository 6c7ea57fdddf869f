// The value curve: an area for the value, a dotted line for what was paid. The attribution stands beside it, in words.
import { AreaSeries, createChart, LineSeries, LineStyle } from "lightweight-charts";
import { colour } from "./colours.js";
import { look, short, translucent } from "./price_look.js";

const DAY = 86_400_000;

class Curve extends HTMLElement {
  #days = 0;

  connectedCallback() {
    this.textContent = "";
    this.chart = createChart(this, { autoSize: true, ...this.#look() });
    this.value = this.chart.addSeries(AreaSeries, this.#area());
    this.invested = this.chart.addSeries(LineSeries, this.#line());
    this.redraw = () => {
      this.chart.applyOptions(this.#look());
      this.value.applyOptions(this.#area());
      this.invested.applyOptions(this.#line());
    };
    this.refill = () => this.#fill();
    document.addEventListener("theme", this.redraw);
    document.addEventListener("htmx:after:swap", this.refill);
    this.moving = ({ detail }) => this.#move(detail.value);
    document.addEventListener("figures", this.moving);
    this.closest(".panel").addEventListener("click", (event) => this.#span(event.target.closest("[data-spans] button")));
    this.#fill();
    this.#show();
  }

  disconnectedCallback() {
    document.removeEventListener("theme", this.redraw);
    document.removeEventListener("htmx:after:swap", this.refill);
    document.removeEventListener("figures", this.moving);
    this.chart.remove();
  }

  #fill() {
    const points = [...document.querySelectorAll(`#${this.dataset.source} li`)].map(({ dataset }) => dataset);
    const told = points.map(({ day, value }) => `${day}${value}`).join();
    if (told === this.told) return;
    this.told = told;
    this.days = points.map(({ day }) => day);
    this.last = Number(points.at(-1)?.value);
    this.value.setData(points.map(({ day, value }) => ({ time: day, value: Number(value) })));
    this.invested.setData(points.map(({ day, invested }) => ({ time: day, value: Number(invested) })));
  }

  // Today's point follows the prices: from the last day's value by what the holdings have moved since the page was made.
  #move(now) {
    const { today, shown, cash } = this.dataset;
    const last = this.days?.at(-1);
    if (now === null || !today || !last) return;
    if (last === today) this.value.update({ time: today, value: this.last + Number(now) - Number(shown) });
    else if (last < today && cash === undefined) this.value.update({ time: today, value: Number(now) });
  }

  #span(button) {
    if (!button) return;
    this.#days = Number(button.value);
    this.#show();
  }

  #show() {
    for (const one of this.closest(".panel").querySelectorAll("[data-spans] button")) one.setAttribute("aria-pressed", String(Number(one.value) === this.#days));
    const scale = this.chart.timeScale();
    const to = this.days.at(-1);
    const from = new Date(Date.parse(to) - this.#days * DAY).toISOString().slice(0, 10);
    if (!this.#days || from < this.days[0]) scale.fitContent();
    else scale.setVisibleRange({ from, to });
  }

  #look() {
    return look((value) => short(value, this.dataset.currency));
  }

  #area() {
    const accent = colour("accent");
    return { lineColor: accent, topColor: translucent(accent, 0.22), bottomColor: translucent(accent, 0.01), lineWidth: 2, priceLineVisible: false };
  }

  #line() {
    return { color: colour("ink-3"), lineWidth: 1, lineStyle: LineStyle.Dotted, priceLineVisible: false, lastValueVisible: false, crosshairMarkerVisible: false };
  }
}

customElements.define("tf-curve", Curve);
