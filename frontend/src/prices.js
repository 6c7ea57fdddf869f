// The value curve: an area for the value, a dotted line for what was paid. The attribution stands beside it, in words.
import { AreaSeries, createChart, CrosshairMode, LineSeries, LineStyle } from "lightweight-charts";
import { colour, font, rem } from "./colours.js";

const DAY = 86_400_000;

function short(value, currency) {
  const size = Math.abs(value);
  const sign = value < 0 ? "−" : "";
  if (currency !== "INR") return sign + new Intl.NumberFormat("en", { notation: "compact", style: "currency", currency, maximumFractionDigits: 1 }).format(size);
  if (size >= 1e7) return `${sign}₹${(size / 1e7).toFixed(2)} Cr`;
  if (size >= 1e5) return `${sign}₹${(size / 1e5).toFixed(2)} L`;
  return sign + new Intl.NumberFormat("en-IN", { style: "currency", currency, maximumFractionDigits: 0 }).format(size);
}

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
    this.closest(".panel").addEventListener("click", (event) => this.#span(event.target.closest("[data-spans] button")));
    this.#fill();
    this.#show();
  }

  disconnectedCallback() {
    document.removeEventListener("theme", this.redraw);
    document.removeEventListener("htmx:after:swap", this.refill);
    this.chart.remove();
  }

  #fill() {
    const points = [...document.querySelectorAll(`#${this.dataset.source} li`)].map(({ dataset }) => dataset);
    const told = points.map(({ day, value }) => `${day}${value}`).join();
    if (told === this.told) return;
    this.told = told;
    this.days = points.map(({ day }) => day);
    this.value.setData(points.map(({ day, value }) => ({ time: day, value: Number(value) })));
    this.invested.setData(points.map(({ day, invested }) => ({ time: day, value: Number(invested) })));
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
    const line = { color: colour("line"), style: LineStyle.Solid };
    return {
      layout: { background: { color: "transparent" }, textColor: colour("ink-3"), fontFamily: font(), fontSize: Math.round(0.6875 * rem()), attributionLogo: false },
      grid: { vertLines: { visible: false }, horzLines: line },
      rightPriceScale: { borderVisible: false, entireTextOnly: true, scaleMargins: { top: 0.12, bottom: 0.08 } },
      timeScale: { borderVisible: false, fixLeftEdge: true, fixRightEdge: true, lockVisibleTimeRangeOnResize: true, tickMarkMaxCharacterLength: 8 },
      crosshair: { mode: CrosshairMode.Magnet, vertLine: { color: colour("line-strong"), labelBackgroundColor: colour("ink-3") }, horzLine: { visible: false, labelVisible: false } },
      handleScroll: { vertTouchDrag: false, mouseWheel: false },
      handleScale: { mouseWheel: false, axisPressedMouseMove: false },
      localization: { locale: "en-IN", priceFormatter: (value) => short(value, this.dataset.currency) },
    };
  }

  #area() {
    const accent = colour("accent");
    return { lineColor: accent, topColor: accent.replace("rgb(", "rgba(").replace(")", ", 0.22)"), bottomColor: accent.replace("rgb(", "rgba(").replace(")", ", 0.01)"), lineWidth: 2, priceLineVisible: false };
  }

  #line() {
    return { color: colour("ink-3"), lineWidth: 1, lineStyle: LineStyle.Dotted, priceLineVisible: false, lastValueVisible: false, crosshairMarkerVisible: false };
  }
}

customElements.define("tf-curve", Curve);
