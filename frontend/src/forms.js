// Forms and notices: where an answer goes when it is a problem, menus and dialogs, small comforts.
const notices = () => document.getElementById("notices");

// An error never replaces the page: its fragment goes to the notices, its field is marked, and the address stays.
document.addEventListener("htmx:before:response", (event) => {
  const { ctx } = event.detail;
  if (ctx.response.status < 400) return;
  ctx.target = notices();
  ctx.swap = "beforeend";
  ctx.select = null;
  ctx.push = ctx.replace = "false";
  const source = ctx.sourceElement; // a choice that was refused is not left standing
  if (source?.matches?.("form[hx-trigger='change']")) source.reset();
});
// Who tries again has read the problem: it gives way before the next answer.
document.addEventListener("htmx:before:request", (event) => {
  if (event.detail.ctx.request.method === "GET") return;
  for (const old of document.querySelectorAll("#notices [data-problem]")) old.remove();
});
// A dialog whose form did its work is closed in order, before the swap takes its `open` away and leaves the page inert.
document.addEventListener("htmx:before:swap", (event) => {
  const { ctx } = event.detail;
  if (ctx?.response?.status < 400 && ctx.sourceElement?.matches?.("dialog form")) ctx.sourceElement.closest("dialog").close();
});
document.addEventListener("htmx:after:swap", (event) => {
  const { ctx } = event.detail;
  const failed = ctx?.response?.status >= 400;
  for (const problem of document.querySelectorAll("#notices [data-problem]:not([data-met])")) {
    problem.dataset.met = "";
    mark(ctx?.sourceElement, problem);
    if (problem.dataset.status !== "422" && !("lasting" in problem.dataset)) fade(problem, 12_000);
    clear(ctx?.sourceElement?.closest?.("form"));
  }
  if (!failed && ctx?.request?.method !== "GET") {
    for (const old of document.querySelectorAll("#notices [data-problem]")) old.remove();
    closeMenus();
  }
});
document.addEventListener("htmx:error", (event) => {
  if (event.detail.ctx?.response) return;
  if (event.detail.ctx?.request?.method === "GET") return; // a refresh; the live mark already says so
  tell("warn", "No connection", "Nothing was sent. Check that TuneFolio is running, then try again.");
});

// Notices never lie over the button that would try again: where they would, they stand at the top.
function clear(form) {
  const box = notices();
  box.classList.remove("above");
  if (!form) return;
  const at = box.getBoundingClientRect();
  const meets = (one) => {
    const { top, right, bottom, left } = one.getBoundingClientRect();
    return right > at.left && left < at.right && bottom > at.top && top < at.bottom;
  };
  box.classList.toggle("above", [...form.elements].some(meets));
}

// Beside the field where there is one, in the form where there is none; a form in a dialog hides the notices.
const ALIASES = { exchange: "instrument", counter: "counter_amount", picks: "units", lots: "units", number: "amount" };

function mark(source, problem) {
  const form = source?.closest?.("form");
  if (!form) return;
  unmark(form);
  let first = null;
  for (const told of problem.querySelectorAll("[data-field]")) {
    const name = told.dataset.field;
    const input = find(form, name) ?? find(form, ALIASES[name]);
    first ??= input;
    if (input) input.setAttribute("aria-invalid", "true");
    if (form.matches(".entry")) say(form, input, told);
  }
  if (form.matches(".entry") && !problem.querySelector("[data-field]")) say(form, null, problem.querySelector("div"));
  if (form.matches(".entry")) problem.remove();
  first?.focus();
}

function find(form, name) {
  const found = name && form.elements[name];
  const input = found instanceof RadioNodeList ? found[0] : found;
  return input instanceof HTMLElement && !input.closest("[hidden]") && input.type !== "hidden" ? input : null;
}

function say(form, input, told) {
  const words = document.createElement("p");
  words.className = "problem";
  words.id = `problem-${input?.name ?? "form"}`;
  words.setAttribute("role", "alert");
  words.append(...[...told.childNodes].map((node) => node.cloneNode(true)));
  const place = input?.closest(".field");
  if (place) place.append(words);
  else (form.querySelector("aside") ?? form).append(words);
  input?.setAttribute("aria-errormessage", words.id);
}

function unmark(form) {
  for (const input of form.querySelectorAll("[aria-invalid]")) {
    input.removeAttribute("aria-invalid");
    input.removeAttribute("aria-errormessage");
  }
  for (const words of form.querySelectorAll(".problem")) words.remove();
}

export function tell(tone, title, words) {
  const box = document.createElement("div");
  box.className = `notice ${tone}`;
  box.setAttribute("role", "status");
  const text = document.createElement("div");
  const head = document.createElement("b");
  head.textContent = title;
  text.append(head, ` ${words}`);
  box.append(text);
  notices().append(box);
  fade(box, 8000);
}

function fade(box, after) {
  setTimeout(() => box.remove(), after);
}

function closeMenus(but) {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (menu !== but) menu.open = false;
}

// A field that is being put right is wrong no longer.
document.addEventListener("input", (event) => {
  if (!event.target.matches("[aria-invalid]")) return;
  event.target.removeAttribute("aria-invalid");
  event.target.closest(".field")?.querySelector(".problem")?.remove();
});

document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-auto]");
  if (form) form.requestSubmit();
  if (event.target.matches(".drop input")) chosen(event.target);
});

function chosen(input) {
  const name = input.closest(".drop").querySelector("[data-file-name]");
  if (name) name.textContent = input.files[0]?.name ?? "";
}
for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    const drop = event.target.closest?.(".drop");
    if (!drop) return;
    event.preventDefault();
    drop.classList.toggle("over", kind === "dragover");
    if (kind !== "drop") return;
    const input = drop.querySelector("input");
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
}

document.addEventListener("click", (event) => {
  const at = event.target;
  closeMenus(at.closest("details.menu"));
  at.closest("[data-dismiss]")?.closest(".notice").remove();
  const opener = at.closest("[data-dialog]");
  if (opener) document.getElementById(opener.dataset.dialog)?.showModal();
  if (at.closest("[data-close]")) at.closest("dialog").close();
  if (at.nodeName === "DIALOG") at.close(); // the backdrop
  const copy = at.closest("[data-copy]");
  if (copy) {
    navigator.clipboard?.writeText(copy.dataset.copy).then(() => tell("gain", "Copied.", ""));
  }
});

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    const filter = document.querySelector("[data-slash]");
    if (filter) { event.preventDefault(); filter.focus(); filter.select(); }
  }
  if (event.key === "?" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey && !document.querySelector("dialog[open]")) {
    event.preventDefault();
    document.getElementById("keys")?.showModal();
  }
  if (event.key === "Escape") {
    const menu = document.querySelector("details.menu[open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
    document.querySelector("#notices .notice")?.remove();
  }
});

// The chosen tab of a row that scrolls is in sight.
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

// An address that names a dialog opens it: /transactions#add.
const named = location.hash && document.getElementById(location.hash.slice(1));
if (named instanceof HTMLDialogElement) named.showModal();
