// Colours as the style sheet has them now, resolved for canvas: light-dark() and var() included.
const probe = document.createElement("i");
probe.hidden = true;
document.documentElement.append(probe);

export function colour(name) {
  probe.style.color = `var(--${name})`;
  return getComputedStyle(probe).color;
}

export function hueOf(element) {
  const hue = getComputedStyle(element).getPropertyValue("--hue");
  probe.style.color = hue || "var(--c10)";
  return getComputedStyle(probe).color;
}

export const isStill = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
export const rem = () => Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
export const font = () => getComputedStyle(document.body).fontFamily;
