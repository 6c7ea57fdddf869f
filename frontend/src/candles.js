// Candles with studies and marks: arrays from the API, panes for what has a scale of its own, the last bar live.
import { CandlestickSeries, createChart, createSeriesMarkers, HistogramSeries, LineSeries, LineStyle } from "lightweight-charts";
import { colour } from "./colours.js";
import { look, translucent } from "./price_look.js";

const BUYS = new Set(["buy", "sip", "subscribe", "opening", "reinvest", "cover", "transfer_in", "staking", "airdrop"]);
const SALES = new Set(["sell", "buyback", "short", "transfer_out", "write_off", "expiry", "exercise"]);
const LETTERS = { dividend: "D", split: "S", bonus: "B", rights: "R", demerger: "✂", merger: "M", buyback: "BB" };
const HUES = { sma20: "c1", sma50: "c3", sma200: "c5", ema20: "c2" };
const OWN_PANE = { rsi14: "RSI 14", macd: "MACD", atr14: "ATR 14" };

const plain = (value) => new Intl.NumberFormat("en-IN", { maximumFractionDigits: 2, minimumFractionDigits: 2 }).format(value);
const many = (value) => new Intl.NumberFormat("en-IN", { notation: "compact", maximumFractionDigits: 1 }).format(value);

class Candles extends HTMLElement {
  span = "1Y";
  prices = "adjusted";

  connectedCallback() {
    this.panel = this.closest(".panel");
    this.legend = this.panel.querySelector("[data-candle-legend]");
    this.chosen = (event) => this.choose(event.target.closest("[data-candle-span] button, [data-candle-prices] button, [data-candle-studies] button"));
    this.redraw = () => this.draw();
    this.refetch = () => this.fetch();
    this.moved = (event) => this.move(event.detail);
    this.panel.addEventListener("click", this.chosen);
    document.addEventListener("theme", this.redraw);
    for (const name of ["live-bars", "live-transactions", "live-refetch"]) document.body.addEventListener(name, this.refetch);
    document.body.addEventListener("live-price", this.moved);
    this.fetch();
  }

  disconnectedCallback() {
    this.panel.removeEventListener("click", this.chosen);
    document.removeEventListener("theme", this.redraw);
    for (const name of ["live-bars", "live-transactions", "live-refetch"]) document.body.removeEventListener(name, this.refetch);
    document.body.removeEventListener("live-price", this.moved);
    this.chart?.remove();
  }

  get studies() {
    return [...this.panel.querySelectorAll('[data-candle-studies] [aria-pressed="true"]')].map((button) => button.value);
  }

  choose(button) {
    if (!button) return;
    const group = button.parentElement;
    if (group.matches("[data-candle-studies]")) button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
    else {
      for (const one of group.children) one.setAttribute("aria-pressed", String(one === button));
      if (group.matches("[data-candle-span]")) this.span = button.value;
      else this.prices = button.value;
    }
    this.fetch();
  }

  async fetch() {
    const asked = `${this.dataset.url}?span=${this.span}&prices=${this.prices}&studies=${this.studies.join(",")}`;
    this.asked = asked;
    try {
      const answer = await fetch(asked, { headers: { accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const told = await answer.json();
      if (this.asked !== asked || !this.isConnected) return;
      this.told = told;
      this.draw();
    } catch {
      if (!this.chart) this.textContent = "The chart could not be loaded; it is tried again with the next news.";
    }
  }

  draw() {
    if (!this.told || !this.isConnected) return;
    const range = this.told.days.length === this.drawn ? this.chart?.timeScale().getVisibleLogicalRange() : null;
    this.chart?.remove();
    this.textContent = "";
    const { days } = this.told;
    this.drawn = days.length;
    if (!days.length) {
      this.textContent = "No daily bars are kept for this span yet.";
      return;
    }
    this.chart = createChart(this, { autoSize: true, ...look(plain), handleScroll: { vertTouchDrag: false, mouseWheel: false }, rightPriceScale: { borderVisible: false, entireTextOnly: true, scaleMargins: { top: 0.06, bottom: 0.2 } } });
    this.chart.applyOptions({ crosshair: { horzLine: { visible: true, labelVisible: true, color: colour("line-strong"), labelBackgroundColor: colour("ink-3") } } });
    this.#bars();
    this.#volume();
    this.#studies();
    this.#marks();
    this.chart.subscribeCrosshairMove((at) => this.#read(at.logical));
    if (range) this.chart.timeScale().setVisibleLogicalRange(range);
    else this.chart.timeScale().fitContent();
    this.#read(null);
    this.today = null;
    if (this.newest) this.move(this.newest);
  }

  #bars() {
    const { days, open, high, low, close } = this.told;
    const [up, down] = [colour("gain-fill"), colour("loss-fill")];
    this.hasCandles = this.told.has_range.some(Boolean);
    if (this.hasCandles) {
      this.series = this.chart.addSeries(CandlestickSeries, { upColor: translucent(up, 0.15), borderUpColor: up, wickUpColor: up, downColor: down, borderDownColor: down, wickDownColor: down, priceLineStyle: LineStyle.Dotted });
      this.series.setData(days.map((time, i) => (open[i] === null ? { time, open: close[i], high: close[i], low: close[i], close: close[i] } : { time, open: open[i], high: high[i], low: low[i], close: close[i] })));
    } else {
      this.series = this.chart.addSeries(LineSeries, { color: colour("accent"), lineWidth: 2 });
      this.series.setData(days.map((time, i) => ({ time, value: close[i] })));
    }
  }

  #volume() {
    const { days, volume, open, close } = this.told;
    if (!volume.some((value) => value > 0)) return;
    const [up, down] = [translucent(colour("gain-fill"), 0.35), translucent(colour("loss-fill"), 0.35)];
    const series = this.chart.addSeries(HistogramSeries, { priceScaleId: "volume", priceFormat: { type: "volume" }, lastValueVisible: false, priceLineVisible: false });
    series.setData(days.map((time, i) => (volume[i] === null ? { time } : { time, value: volume[i], color: close[i] >= (open[i] ?? close[i]) ? up : down })));
    this.chart.priceScale("volume").applyOptions({ scaleMargins: { top: 0.84, bottom: 0 } });
  }

  #line(name, hue, options = {}, pane = 0) {
    const values = this.told.studies[name];
    const series = this.chart.addSeries(LineSeries, { color: colour(hue), lineWidth: 1.5, priceLineVisible: false, lastValueVisible: false, crosshairMarkerVisible: false, ...options }, pane);
    series.setData(this.told.days.map((time, i) => (values[i] === null ? { time } : { time, value: values[i] })));
    return series;
  }

  #studies() {
    let pane = 0;
    for (const name of this.studies) {
      if (name in HUES) this.#line(name, HUES[name]);
      else if (name.startsWith("bb")) for (const edge of ["upper", "middle", "lower"]) this.#line(`${name}_${edge}`, "c8", { lineStyle: edge === "middle" ? LineStyle.Dotted : LineStyle.Solid, lineWidth: 1 });
      else {
        pane += 1;
        this.#pane(name, pane);
      }
    }
    this.dataset.panes = String(pane + 1);
  }

  #pane(name, pane) {
    if (name === "macd") {
      const values = this.told.studies.macd_histogram;
      const bars = this.chart.addSeries(HistogramSeries, { priceLineVisible: false, lastValueVisible: false }, pane);
      const [up, down] = [translucent(colour("gain-fill"), 0.5), translucent(colour("loss-fill"), 0.5)];
      bars.setData(this.told.days.map((time, i) => (values[i] === null ? { time } : { time, value: values[i], color: values[i] >= 0 ? up : down })));
      this.#line("macd", "c1", {}, pane);
      this.#line("macd_signal", "c3", {}, pane);
    } else {
      const series = this.#line(name, "c4", {}, pane);
      if (name.startsWith("rsi")) for (const price of [30, 70]) series.createPriceLine({ price, color: colour("line-strong"), lineWidth: 1, lineStyle: LineStyle.Dashed, axisLabelVisible: false, title: "" });
    }
    this.chart.panes()[pane]?.setHeight(110);
  }

  #marks() {
    const first = this.told.days[0];
    const known = this.told.days;
    const session = (day) => known.find((one) => one >= day);
    const events = this.told.events.filter(({ day }) => day >= first && session(day)).map(({ day, kind }) => ({ time: session(day), position: "aboveBar", color: colour("ink-3"), shape: "square", size: 0.6, text: LETTERS[kind] ?? "•" }));
    const trades = this.told.trades.filter(({ day, kind }) => day >= first && session(day) && (BUYS.has(kind) || SALES.has(kind)))
      .map(({ day, kind }) => ({ time: session(day), position: BUYS.has(kind) ? "belowBar" : "aboveBar", color: colour(BUYS.has(kind) ? "gain-fill" : "loss-fill"), shape: BUYS.has(kind) ? "arrowUp" : "arrowDown", size: 1 }));
    createSeriesMarkers(this.series, [...events, ...trades].sort((one, two) => (one.time < two.time ? -1 : one.time > two.time ? 1 : 0)));
  }

  #read(logical) {
    const { days, open, high, low, close, volume, studies, events, trades } = this.told;
    const i = logical === null || logical === undefined ? days.length - 1 : Math.max(0, Math.min(days.length - 1, Math.round(logical)));
    const parts = [days[i]];
    if (open[i] !== null) parts.push(`O ${plain(open[i])}`, `H ${plain(high[i])}`, `L ${plain(low[i])}`);
    parts.push(`C ${plain(close[i])}`);
    if (volume[i] !== null) parts.push(`Vol ${many(volume[i])}`);
    for (const [name, values] of Object.entries(studies)) if (values[i] !== null) parts.push(`${name.replace("_", " ").toUpperCase()} ${plain(values[i])}`);
    for (const one of [...events, ...trades]) if (one.day === days[i]) parts.push(one.title);
    this.legend.replaceChildren(...parts.map((text) => Object.assign(document.createElement("span"), { textContent: text })));
  }

  // A newer price moves the last bar, or begins today's.
  move(detail) {
    if (String(detail?.instrument) !== this.dataset.instrument) return;
    this.newest = detail;
    if (!this.told?.days.length || !this.series) return;
    const price = Number(detail.price);
    const time = new Intl.DateTimeFormat("en-CA", { timeZone: this.dataset.zone || "UTC" }).format(new Date(detail.at));
    const last = this.told.days.length - 1;
    if (!(price > 0) || time < this.told.days[last]) return;
    const { open, high, low } = this.told;
    if (this.today?.time !== time) {
      const isTold = time === this.told.days[last];
      this.today = { time, open: (isTold ? open[last] : null) ?? price, high: (isTold ? high[last] : null) ?? price, low: (isTold ? low[last] : null) ?? price };
    }
    this.today.high = Math.max(this.today.high, price);
    this.today.low = Math.min(this.today.low, price);
    this.series.update(this.hasCandles ? { ...this.today, close: price } : { time, value: price });
  }
}

customElements.define("tf-candles", Candles);
