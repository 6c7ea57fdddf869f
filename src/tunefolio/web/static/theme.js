// Before the first paint: the appearance last chosen on this device. Signed in, the server has already said it.
(() => {
  const root = document.documentElement;
  try {
    const kept = localStorage.getItem("theme");
    if (kept && !root.hasAttribute("data-known")) root.dataset.theme = kept;
    if (root.hasAttribute("data-known")) localStorage.setItem("theme", root.dataset.theme);
  } catch { /* storage is off: the system decides */ }
})();
