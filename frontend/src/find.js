// Search from every page: "/" opens it where the page has no filter of its own, Ctrl K or ⌘ K everywhere.
const box = () => document.getElementById("find");

function open() {
  const dialog = box();
  if (!dialog || dialog.open || document.querySelector("dialog[open]")) return;
  dialog.showModal();
  const input = dialog.querySelector("input");
  input.focus();
  input.select();
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-find-open]")) {
    event.preventDefault(); // without script it is a link to the page of the search
    open();
  }
});

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  const bare = !event.ctrlKey && !event.metaKey && !event.altKey;
  const isSlash = event.key === "/" && bare;
  const emptyFilter = typing?.matches("[data-slash]") && typing.value === "";
  if ((isSlash && (!typing ? !document.querySelector("[data-slash]") : emptyFilter)) || (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey))) {
    event.preventDefault();
    open();
    return;
  }
  const dialog = event.target.closest("#find");
  if (!dialog) return;
  const hits = [...dialog.querySelectorAll(".hit")];
  const at = hits.indexOf(document.activeElement);
  if (event.key === "ArrowDown" && hits.length) {
    event.preventDefault();
    hits[Math.min(at + 1, hits.length - 1)].focus();
  } else if (event.key === "ArrowUp" && hits.length) {
    event.preventDefault();
    if (at > 0) hits[at - 1].focus();
    else dialog.querySelector("input").focus();
  } else if (event.key === "Enter" && at < 0 && hits.length) {
    event.preventDefault(); // the first one is what was meant
    hits[0].click();
  }
});

// The same search in a field of a form: what is chosen is put into the box instead of being opened. The box keeps
// the focus and names the option that stands first; Enter takes it, Escape closes the list, typing begins anew.
const list = document.createElement("div");
list.className = "found-box chooser";
list.hidden = true;
const count = document.createElement("p");
count.className = "hush";
count.setAttribute("role", "status");
document.body.append(list, count); // a word to screen readers must stand there before it changes
let owner = null; // the box whose list is open
let waiting = 0;
let asked = 0;

const options = () => [...list.querySelectorAll("[role=option]")];

function close() {
  clearTimeout(waiting);
  asked += 1;
  list.hidden = true;
  owner?.setAttribute("aria-expanded", "false");
  owner?.removeAttribute("aria-activedescendant");
  owner = null;
}

async function offer(input) {
  const text = input.value.trim();
  if (!text) return close();
  const mine = (asked += 1);
  let html;
  try {
    const answer = await fetch(`/find?q=${encodeURIComponent(text)}`, { headers: { "HX-Request": "true", "HX-Target": "div#found" } });
    if (!answer.ok) return;
    html = await answer.text();
  } catch {
    return; // the server is away: what is typed can still be sent
  }
  if (mine !== asked || document.activeElement !== input) return;
  show(input, new DOMParser().parseFromString(html, "text/html"));
}

function show(input, answer) {
  owner = input;
  if (!list.isConnected) document.body.append(list, count);
  const found = [...answer.querySelectorAll(".hit")].map(option);
  if (found.length) {
    const all = document.createElement("ul");
    all.className = "found";
    all.id = "choices";
    all.setAttribute("role", "listbox");
    all.setAttribute("aria-label", "Found");
    all.append(...found);
    list.replaceChildren(all);
  } else {
    list.replaceChildren(...answer.body.children);
  }
  count.textContent = found.length ? `${found.length} found` : "Nothing found";
  list.hidden = false;
  place();
  point(0);
}

function option(hit, at) {
  const one = document.createElement("li");
  one.id = `choice-${at}`;
  one.className = "hit";
  one.setAttribute("role", "option");
  one.dataset.key = hit.dataset.key;
  one.dataset.choice = hit.dataset.choice;
  one.append(...hit.childNodes);
  return one;
}

// Below the box, or above it where there is more room; as wide as the box or as a result needs.
function place() {
  if (!owner?.isConnected) return close();
  const box = owner.getBoundingClientRect();
  const room = document.documentElement.clientWidth; // without the scroll bar
  const width = Math.min(Math.max(box.width, 480), room - 24);
  const below = innerHeight - box.bottom - 12;
  const isAbove = below < 200 && box.top > below;
  list.style.width = `${width}px`;
  list.style.left = `${Math.max(12, Math.min(box.left, room - width - 12))}px`;
  list.style.maxHeight = `${Math.min(384, (isAbove ? box.top : innerHeight - box.bottom) - 16)}px`;
  list.style.top = isAbove ? "auto" : `${box.bottom + 4}px`;
  list.style.bottom = isAbove ? `${innerHeight - box.top + 4}px` : "auto";
}

function point(at) {
  const all = options();
  for (const [place, one] of all.entries()) one.setAttribute("aria-selected", String(place === at));
  owner.setAttribute("role", "combobox");
  owner.setAttribute("aria-expanded", "true");
  if (!all.length) return owner.removeAttribute("aria-activedescendant");
  owner.setAttribute("aria-activedescendant", all[at].id);
  all[at].scrollIntoView({ block: "nearest" });
}

function take(one) {
  const input = owner;
  close();
  input.value = one.dataset.key;
  const choice = input.form.elements.choice;
  if (choice) choice.value = one.dataset.choice;
  input.dispatchEvent(new Event("change", { bubbles: true }));
  input.focus();
  if (input.matches("[data-find=send]")) input.form.requestSubmit();
}

document.addEventListener("input", (event) => {
  const input = event.target.closest("input[data-find]");
  if (!input) return;
  const choice = input.form?.elements.choice;
  if (choice) choice.value = ""; // what was chosen is typed over
  clearTimeout(waiting);
  waiting = setTimeout(() => offer(input), 60);
});

document.addEventListener("keydown", (event) => {
  const input = event.target.closest("input[data-find]");
  if (!input || event.isComposing) return;
  if (event.key === "ArrowDown" && owner !== input) {
    event.preventDefault();
    offer(input);
    return;
  }
  if (owner !== input) return;
  const all = options();
  const at = all.findIndex((one) => one.getAttribute("aria-selected") === "true");
  const next = { ArrowDown: Math.min(at + 1, all.length - 1), ArrowUp: Math.max(at - 1, 0) }[event.key];
  if (next !== undefined && all.length) {
    event.preventDefault();
    point(next);
  } else if (event.key === "Enter" && all.length) {
    event.preventDefault(); // the first one is what was meant, or the one that was pointed at
    take(all[Math.max(at, 0)]);
  } else if (event.key === "Escape") {
    event.preventDefault();
    close();
  } else if (event.key === "Tab") {
    close();
  }
});

list.addEventListener("pointerdown", (event) => event.preventDefault()); // the box keeps the focus
list.addEventListener("click", (event) => {
  const one = event.target.closest("[role=option]");
  if (one && owner) take(one);
});
document.addEventListener("focusout", (event) => { if (event.target === owner) close(); });
addEventListener("resize", () => owner && place());
addEventListener("scroll", (event) => owner && event.target !== list && place(), { capture: true, passive: true });
