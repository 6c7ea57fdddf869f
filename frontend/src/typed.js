// What was typed when a proof was wanted first: kept in this tab while she proves herself, and put back into its form.
// Never what is secret: no passwords, codes or files.
import { tell } from "./forms.js";

const KEPT = "tunefolio-typed";
const WAY = ["/prove", "/prove/oidc", "/sign-in/oidc/callback", "/admin/unlock"];
const PROVING = 'a[href^="/prove"], a[href^="/admin/unlock"]';
const SECRET = /password|one-time-code/;
const WORDLESS = new Set(["password", "file", "hidden", "submit", "button", "image", "reset"]);

let edited = null;

const isKnown = () => document.documentElement.hasAttribute("data-known");
const here = () => location.pathname + location.search;
const isTyped = (one) => one.name && !WORDLESS.has(one.type) && !SECRET.test(one.autocomplete) && !one.readOnly;
const isPosted = (form) => form?.getAttribute("method")?.toLowerCase() === "post" && form.getAttribute("action");

function keep(form) {
  if (!isKnown() || !isPosted(form)) return;
  const fields = [...form.elements].filter(isTyped).map((one) => [one.name, one.value, one.checked === true]);
  if (!fields.length) return;
  const told = { page: here(), action: form.getAttribute("action"), fields, away: false };
  try { sessionStorage.setItem(KEPT, JSON.stringify(told)); } catch { /* a browser that keeps nothing */ }
}

function drop() {
  try { sessionStorage.removeItem(KEPT); } catch { /* it kept nothing */ }
}

function kept() {
  try { return JSON.parse(sessionStorage.getItem(KEPT) ?? "null"); } catch { return null; }
}

document.addEventListener("input", (event) => { edited = event.target.form ?? edited; });
document.addEventListener("submit", (event) => keep(event.target), { capture: true });
document.addEventListener("click", (event) => {
  const link = event.target.closest(PROVING);
  if (link) keep(link.closest("form") ?? (edited?.isConnected ? edited : null));
}, { capture: true });
document.addEventListener("htmx:after:swap", (event) => {
  const { ctx } = event.detail;
  if (ctx?.response?.status < 400 && ctx.request?.method !== "GET") drop();
});

// On the way it is only marked; anywhere else it is put back, or forgotten.
function arrive() {
  const told = kept();
  if (!told) return;
  if (WAY.includes(location.pathname)) {
    sessionStorage.setItem(KEPT, JSON.stringify({ ...told, away: true }));
    return;
  }
  drop();
  if (told.away && told.page === here()) restore(told);
}

function restore({ action, fields }) {
  const form = [...document.forms].find((one) => isPosted(one) && one.getAttribute("action") === action);
  if (!form) return;
  const left = [...fields];
  for (const one of [...form.elements].filter(isTyped)) {
    const at = left.findIndex(([name, value]) => name === one.name && (!isChoice(one) || value === one.value));
    if (at < 0) continue;
    const [[, value, checked]] = left.splice(at, 1);
    if (isChoice(one)) one.checked = checked;
    else one.value = value;
  }
  const box = form.closest("dialog");
  if (box && !box.open) box.showModal();
  for (let fold = form.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  form.scrollIntoView({ block: "nearest" });
  (form.querySelector("input[type=password]") ?? form.querySelector("button:not([type=button])"))?.focus();
  tell("info", "Nothing is sent yet.", "What you had typed is back in its form.");
}

const isChoice = (one) => one.type === "checkbox" || one.type === "radio";

arrive();
