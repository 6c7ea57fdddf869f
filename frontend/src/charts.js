// Allocation and P&L, drawn from the very tables on the page, so that a picture can never disagree with a figure.
import { BarChart, PieChart } from "echarts/charts";
import { GridComponent, TooltipComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { colour, font, hueOf, isStill, rem } from "./colours.js";
import { pick } from "./table.js";

use([BarChart, PieChart, GridComponent, TooltipComponent, CanvasRenderer]);

class Chart extends HTMLElement {
  connectedCallback() {
    this.textContent = "";
    this.chart = init(this, null, { renderer: "canvas" });
    this.resizing = new ResizeObserver(() => this.fit());
    this.resizing.observe(this);
    this.redraw = () => this.draw();
    document.addEventListener("theme", this.redraw);
    document.addEventListener("htmx:after:swap", this.redraw);
    document.addEventListener("figures", this.redraw);
    this.listen?.();
    this.draw(true);
  }

  disconnectedCallback() {
    this.resizing.disconnect();
    document.removeEventListener("theme", this.redraw);
    document.removeEventListener("htmx:after:swap", this.redraw);
    document.removeEventListener("figures", this.redraw);
    this.chart.dispose();
  }

  fit() {
    if (this.clientWidth && this.clientHeight) {
      this.chart.resize();
      this.draw();
    }
  }

  draw(first = false) {
    if (!this.isConnected) return;
    const option = this.option();
    if (!option) return;
    this.chart.setOption({ animation: first && !isStill(), animationDuration: 380, textStyle: { fontFamily: font() }, ...option }, { notMerge: false });
  }

  tip() {
    return {
      renderMode: "richText",
      confine: true,
      backgroundColor: colour("raised"),
      borderColor: colour("line-strong"),
      borderWidth: 1,
      padding: [8, 12],
      textStyle: { color: colour("ink"), fontSize: 0.75 * rem(), fontFamily: font() },
    };
  }
}

class Doughnut extends Chart {
  listen() {
    this.chart.on("click", ({ name }) => pick(name));
    this.picked = ({ detail }) => {
      this.chart.dispatchAction({ type: "downplay", seriesIndex: 0 });
      if (detail) this.chart.dispatchAction({ type: "highlight", seriesIndex: 0, name: detail });
    };
    document.addEventListener("pick", this.picked);
  }

  disconnectedCallback() {
    document.removeEventListener("pick", this.picked);
    super.disconnectedCallback();
  }

  option() {
    const rows = [...document.querySelectorAll(`#${this.dataset.source} tr[data-sector]`)];
    const data = rows.filter(({ dataset }) => Number(dataset.value) > 0).map((row) => ({
      name: row.dataset.sector,
      value: Number(row.dataset.value),
      words: `${row.dataset.sector}\n${row.dataset.shown} · ${row.dataset.weight}\nP&L ${row.dataset.pnlShown} (${row.dataset.ratioShown})`,
      itemStyle: { color: hueOf(row) },
    }));
    return {
      tooltip: { ...this.tip(), trigger: "item", formatter: ({ data: slice }) => slice.words },
      series: [{
        type: "pie",
        radius: ["64%", "94%"],
        data,
        label: { show: false },
        labelLine: { show: false },
        minAngle: 2,
        padAngle: 1.1,
        itemStyle: { borderRadius: 3 },
        emphasis: { scaleSize: 4, itemStyle: { shadowBlur: 0 } },
        cursor: "pointer",
      }],
    };
  }
}

// A bar is as long as what its row adds to the whole; where the row is told in another currency, both are said.
function inWords({ pnlShown, ratioShown, hereShown }) {
  return `${pnlShown} (${ratioShown})${hereShown ? `\ncounts as ${hereShown}` : ""}`;
}

class Bars extends Chart {
  by = "holding";

  listen() {
    const group = this.closest(".panel").querySelector("[data-bars-by]");
    group.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      this.by = button.value;
      this.draw();
    });
  }

  rows() {
    const [table, name] = this.by === "sector" ? [this.dataset.sectors, "sector"] : [this.dataset.holdings, "label"];
    const rows = [...document.querySelectorAll(`#${table} tr[data-pnl]`)].filter((row) => row.dataset.pnl !== "");
    return rows.map(({ dataset }) => ({ name: dataset[name], value: Number(dataset.pnl), words: inWords(dataset), short: dataset.pnlShown }));
  }

  // The largest gains and losses that fit; what is between them is told, not drawn.
  chosen() {
    const rows = this.rows().sort((a, b) => b.value - a.value);
    const room = Math.max(6, Math.floor(this.clientHeight / (1.16 * rem())));
    if (rows.length <= room) return rows;
    const keep = new Set([...rows].sort((a, b) => Math.abs(b.value) - Math.abs(a.value)).slice(0, room - 1));
    const rest = rows.length - keep.size;
    const index = rows.findIndex((row) => row.value < 0 && keep.has(row));
    const kept = rows.filter((row) => keep.has(row));
    kept.splice(index < 0 ? kept.length : kept.findIndex((row) => row.value < 0), 0, { name: `${rest} more`, value: 0, words: "smaller gains and losses, in the table", short: "", rest: true });
    return kept;
  }

  option() {
    for (const button of this.closest(".panel").querySelectorAll("[data-bars-by] button")) button.setAttribute("aria-pressed", String(button.value === this.by));
    const rows = this.chosen();
    const size = 0.6875 * rem();
    const longest = Math.max(1, ...rows.map((row) => Math.abs(row.value)));
    const low = Math.min(0, ...rows.map((row) => row.value));
    const high = Math.max(0, ...rows.map((row) => row.value));
    const plot = Math.max(80, this.clientWidth - 11.6 * rem());
    const share = low < 0 ? (3.9 * rem()) / plot : 0; // room for the words of the longest loss
    return {
      grid: { left: 4, right: high > 0 ? 4.1 * rem() : 8, top: 2, bottom: 2, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
      tooltip: { ...this.tip(), trigger: "axis", axisPointer: { type: "shadow", shadowStyle: { color: colour("hover"), opacity: 0.6 } }, formatter: ([bar]) => `${bar.data.label2}\n${bar.data.words}` },
      xAxis: { type: "value", min: low < 0 ? (low - share * high) / (1 - share) : 0, max: high || longest * 0.1, axisLabel: { show: false }, splitLine: { show: false } },
      yAxis: {
        type: "category", inverse: true, data: rows.map((row) => row.name), axisTick: { show: false },
        axisLine: { show: true, onZero: true, lineStyle: { color: colour("line-strong") } },
        axisLabel: { color: colour("ink-2"), fontSize: size, width: 6.4 * rem(), overflow: "truncate", interval: 0, margin: 8 },
      },
      series: [{
        type: "bar", barMaxWidth: 0.72 * rem(), barCategoryGap: "28%",
        data: rows.map((row) => ({
          value: row.value, words: row.words, label2: row.name,
          itemStyle: { color: colour(row.value < 0 ? "loss-fill" : "gain-fill"), borderRadius: row.value < 0 ? [2, 0, 0, 2] : [0, 2, 2, 0] },
          label: { show: !row.rest, position: row.value < 0 ? "left" : "right", formatter: row.short, color: colour("ink"), fontSize: size, distance: 4 },
        })),
      }],
    };
  }
}

customElements.define("tf-doughnut", Doughnut);
customElements.define("tf-bars", Bars);
