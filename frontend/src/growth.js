// Performance curves and prices with marked trades, drawn from lists on the page.
import { AreaSeries, createChart, createSeriesMarkers, LineSeries, LineStyle } from "lightweight-charts";
import { colour } from "./colours.js";
import { look, short, translucent } from "./price_look.js";

const BUYS = new Set(["buy", "sip", "subscribe", "opening", "reinvest", "cover", "transfer_in", "staking", "airdrop"]);
const SALES = new Set(["sell", "buyback", "short", "transfer_out", "write_off", "expiry", "exercise"]);

class Lines extends HTMLElement {
  connectedCallback() {
    this.textContent = "";
    this.chart = createChart(this, { autoSize: true, ...this.look() });
    this.area = this.chart.addSeries(AreaSeries, {});
    this.line = this.chart.addSeries(LineSeries, {});
    this.redraw = () => this.draw();
    this.chosen = (event) => this.choose(event.target.closest(`[${this.group}] button`));
    document.addEventListener("theme", this.redraw);
    document.addEventListener("htmx:after:swap", this.redraw);
    this.closest(".panel").addEventListener("click", this.chosen);
    this.draw();
  }

  disconnectedCallback() {
    document.removeEventListener("theme", this.redraw);
    document.removeEventListener("htmx:after:swap", this.redraw);
    this.chart.remove();
  }

  choose(button) {
    if (!button) return;
    this.by = button.value;
    this.draw();
  }

  points(name) {
    const rows = [...document.querySelectorAll(`#${this.dataset.source} li`)].map(({ dataset }) => dataset);
    // A day without the figure is a hole in the line, not a guess.
    return rows.map((row) => (row[name] === undefined ? { time: row.day } : { time: row.day, value: Number(row[name]) }));
  }

  look() {
    return look((value) => this.words(value));
  }

  draw() {
    if (!this.isConnected) return;
    for (const one of this.closest(".panel").querySelectorAll(`[${this.group}] button`)) one.setAttribute("aria-pressed", String(one.value === this.by));
    this.chart.applyOptions(this.look());
    const accent = colour(this.by === "drawdown" ? "loss-fill" : "accent");
    this.area.applyOptions({ lineColor: accent, topColor: translucent(accent, 0.2), bottomColor: translucent(accent, 0.01), lineWidth: 2, priceLineVisible: false, lastValueVisible: true, invertFilledArea: this.by === "drawdown" });
    this.line.applyOptions({ color: colour("ink-3"), lineWidth: 1, lineStyle: LineStyle.Dotted, priceLineVisible: false, lastValueVisible: false, crosshairMarkerVisible: false });
    this.fill();
    this.chart.timeScale().fitContent();
  }
}

class Growth extends Lines {
  by = "growth";
  group = "data-curves";

  words(value) {
    return this.by === "value" ? short(value, this.dataset.currency) : `${(value * 100).toFixed(1)}%`.replace("-", "−");
  }

  fill() {
    this.area.setData(this.points(this.by));
    const beside = { growth: "benchmark", value: "invested" }[this.by];
    this.line.setData(beside ? this.points(beside) : []);
  }
}

class Trades extends Lines {
  by = "adjusted";
  group = "data-prices";

  words(value) {
    return new Intl.NumberFormat("en-IN", { maximumFractionDigits: 2, minimumFractionDigits: 2 }).format(value);
  }

  fill() {
    const points = this.points(this.by);
    this.area.setData(points);
    this.line.setData([]);
    const days = points.map(({ time }) => time);
    const marks = [...document.querySelectorAll(`#${this.dataset.marks} li`)].map(({ dataset }) => this.mark(dataset, days));
    this.markers?.detach();
    this.markers = createSeriesMarkers(this.area, marks.filter(Boolean).sort((a, b) => (a.time < b.time ? -1 : 1)));
  }

  // A fact on a day without a close stands at the next day that has one.
  mark({ day, kind, title }, days) {
    const time = days.find((one) => one >= day);
    if (!time) return null;
    if (BUYS.has(kind)) return { time, position: "belowBar", shape: "arrowUp", color: colour("gain-fill"), text: title };
    if (SALES.has(kind)) return { time, position: "aboveBar", shape: "arrowDown", color: colour("loss-fill"), text: title };
    return { time, position: "aboveBar", shape: "circle", color: colour("warn-fill"), text: title };
  }
}

customElements.define("tf-growth", Growth);
customElements.define("tf-trades", Trades);
