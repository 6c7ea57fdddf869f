// The form of a fact: which fields its kind has, what is taken of each lot, and many facts chosen at once.
const parts = (form, name) => form.querySelectorAll(`[${name}]`);

// Only what the chosen kind may carry is shown; what was typed elsewhere stays, should the person come back.
function fit(form) {
  const kind = form.elements.kind?.value;
  if (!kind) return;
  for (const part of parts(form, "data-for")) part.hidden = !part.dataset.for.split(" ").includes(kind);
  for (const box of parts(form, "data-needed")) box.classList.toggle("needed", box.dataset.needed.split(" ").includes(kind));
}

function fitAll() {
  for (const form of document.querySelectorAll("form.entry")) fit(form);
  count();
}

document.addEventListener("input", (event) => {
  const form = event.target.closest("form.entry");
  if (form) {
    if (event.target.name === "group") choose(form, event.target.value);
    if (event.target.name === "kind" || event.target.name === "group") fit(form);
    if (event.target.name === "units") add(form);
  }
  if (event.target.matches("[data-grow]")) grow(event.target);
});

// Another sort of fact: its first kind, unless one of it is chosen already.
function choose(form, group) {
  const chips = form.querySelector(`.chips.g${group}`);
  if (chips && !chips.querySelector(":checked")) chips.querySelector("input").checked = true;
}

// The quantity of a sale is what is taken of its lots.
function add(form) {
  const taken = [...form.querySelectorAll("[name=units]")].map((box) => Number(box.value.replaceAll(",", "")) || 0);
  const sum = taken.reduce((all, one) => all + one, 0);
  if (sum && form.elements.quantity) form.elements.quantity.value = String(Number(sum.toFixed(8)));
}

// The open lots are asked for when they are looked at, and again when they are another holding's.
document.addEventListener("toggle", (event) => {
  if (event.target.id === "lot-choice" && event.target.open) offer();
}, { capture: true });
document.addEventListener("change", (event) => {
  const matters = event.target.matches("#f-instrument, #f-account, form.entry [name=kind]");
  if (matters && document.getElementById("lot-choice")?.open) offer();
});

function offer() {
  document.getElementById("lots")?.dispatchEvent(new Event("lots"));
}

function grow(box) {
  box.rows = Math.min(12, box.value.split("\n").length);
}

// One line is sent by Enter, as a field would; once there are several, Enter makes another.
document.addEventListener("keydown", (event) => {
  const box = event.target;
  if (event.key !== "Enter" || !box.matches?.("[data-grow]") || event.isComposing) return;
  const several = box.value.includes("\n") || event.shiftKey;
  if (several && !event.ctrlKey && !event.metaKey) return;
  event.preventDefault();
  box.form.requestSubmit();
});

// What is recorded is gone from the form, so that the next fact begins anew.
document.addEventListener("htmx:after:swap", (event) => {
  const { ctx } = event.detail;
  const source = ctx?.sourceElement;
  if (ctx?.response?.status < 400 && source?.matches?.("form.entry, form.body-line, form.add, form.alert-form")) {
    source.reset();
    for (const box of source.querySelectorAll("[data-grow]")) grow(box);
  }
  fitAll();
});

// How many choices stand in a closed menu of filters.
function tally(menu) {
  const chosen = [...menu.querySelectorAll("input, select")].filter((box) => (box.type === "checkbox" ? box.checked : box.value !== "")).length;
  let count = menu.querySelector("summary .count");
  if (!count) {
    count = document.createElement("span");
    count.className = "count";
    menu.querySelector("summary").append(count);
  }
  count.textContent = chosen || "";
}

document.addEventListener("change", (event) => {
  const menu = event.target.closest("#ledger-filters details.menu");
  if (menu) tally(menu);
  if (event.target.matches("[data-pick-all]")) {
    for (const box of document.querySelectorAll("input[form=many]")) box.checked = event.target.checked;
  }
  if (event.target.matches("[data-pick-all], input[form=many]")) count();
});

function count() {
  const all = [...document.querySelectorAll("input[form=many]")];
  const chosen = all.filter((box) => box.checked).length;
  const place = document.querySelector("[data-picked-count]");
  if (place) place.textContent = chosen;
  const head = document.querySelector("[data-pick-all]");
  if (head) {
    head.checked = chosen > 0 && chosen === all.length;
    head.indeterminate = chosen > 0 && chosen < all.length;
  }
}

fitAll();
