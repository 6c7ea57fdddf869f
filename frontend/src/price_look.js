// What every price chart looks like, and how its figures are written.
import { CrosshairMode, LineStyle } from "lightweight-charts";
import { colour, font, rem } from "./colours.js";

export function short(value, currency) {
  const size = Math.abs(value);
  const sign = value < 0 ? "−" : "";
  if (currency !== "INR") return sign + new Intl.NumberFormat("en", { notation: "compact", style: "currency", currency, maximumFractionDigits: 1 }).format(size);
  if (size >= 1e7) return `${sign}₹${(size / 1e7).toFixed(2)} Cr`;
  if (size >= 1e5) return `${sign}₹${(size / 1e5).toFixed(2)} L`;
  return sign + new Intl.NumberFormat("en-IN", { style: "currency", currency, maximumFractionDigits: 0 }).format(size);
}

export const translucent = (rgb, share) => rgb.replace("rgb(", "rgba(").replace(")", `, ${share})`);

export function look(priceFormatter) {
  const line = { color: colour("line"), style: LineStyle.Solid };
  return {
    layout: { background: { color: "transparent" }, textColor: colour("ink-3"), fontFamily: font(), fontSize: Math.round(0.6875 * rem()), attributionLogo: false, panes: { separatorColor: colour("line"), separatorHoverColor: colour("line-strong") } },
    grid: { vertLines: { visible: false }, horzLines: line },
    rightPriceScale: { borderVisible: false, entireTextOnly: true, scaleMargins: { top: 0.12, bottom: 0.08 } },
    timeScale: { borderVisible: false, fixLeftEdge: true, fixRightEdge: true, lockVisibleTimeRangeOnResize: true, tickMarkMaxCharacterLength: 8 },
    crosshair: { mode: CrosshairMode.Magnet, vertLine: { color: colour("line-strong"), labelBackgroundColor: colour("ink-3") }, horzLine: { visible: false, labelVisible: false } },
    handleScroll: { vertTouchDrag: false, mouseWheel: false },
    handleScale: { mouseWheel: false, axisPressedMouseMove: false },
    localization: { locale: "en-IN", priceFormatter },
  };
}
