// Light, dark or as the system says; kept on this device at once and in the person's preferences by the server.
const root = document.documentElement;
const system = matchMedia("(prefers-color-scheme: dark)");

export const isDark = () => root.dataset.theme === "dark" || (root.dataset.theme !== "light" && system.matches);

export function choose(theme) {
  root.dataset.theme = theme;
  try {
    localStorage.setItem("theme", theme);
  } catch { /* storage is off: it lasts for this page */ }
  document.dispatchEvent(new Event("theme"));
}

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-theme-toggle]")) return;
  choose(isDark() ? "light" : "dark");
  if (root.hasAttribute("data-known")) {
    const body = new URLSearchParams({ theme: root.dataset.theme });
    fetch("/settings/appearance", { method: "POST", body, redirect: "manual" }).catch(() => {});
  }
});
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-theme-choice]")) choose(event.target.value);
});
for (const change of [system, matchMedia("print")]) {
  change.addEventListener("change", () => document.dispatchEvent(new Event("theme")));
}
