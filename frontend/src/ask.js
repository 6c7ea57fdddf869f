// Asks before a deed that cannot be undone, in our own words; without script the form is simply sent.
const agreed = new WeakSet();

// Before anyone else hears of it, HTMX included: the form is sent again once the person has agreed.
document.addEventListener("submit", (event) => {
  const form = event.target;
  const words = event.submitter?.dataset.confirm ?? form.dataset.confirm;
  if (!words || agreed.delete(form)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const submitter = event.submitter;
  ask(words, submitter?.textContent.trim() || "Go on", () => {
    agreed.add(form);
    form.requestSubmit(submitter?.isConnected ? submitter : null);
  });
}, { capture: true });

// The first sentence is the question, what follows it the consequence. Cancel has the focus, the deed stands last.
function ask(words, label, deed) {
  const [, question, consequence] = words.match(/^(.*?\?)\s*(.*)$/s) ?? ["", words, ""];
  const box = document.createElement("dialog");
  box.className = "ask";
  const title = part("h2", question);
  title.id = "ask-title";
  box.setAttribute("aria-labelledby", title.id);
  const body = part("div", "", "body");
  body.append(title);
  if (consequence) {
    const text = part("p", consequence, "quiet");
    text.id = "ask-text";
    box.setAttribute("aria-describedby", text.id);
    body.append(text);
  }
  const choices = part("div", "", "choices");
  const cancel = choice("Cancel", "");
  cancel.autofocus = true;
  cancel.addEventListener("click", () => box.close());
  const go = choice(label, "danger first");
  go.addEventListener("click", () => { box.close(); deed(); });
  choices.append(cancel, go);
  box.append(body, choices);
  box.addEventListener("close", () => box.remove());
  document.body.append(box);
  box.showModal();
}

function part(name, text, kind = "") {
  const element = document.createElement(name);
  element.className = kind;
  element.textContent = text;
  return element;
}

function choice(label, kind) {
  const button = part("button", label, `button ${kind}`);
  button.type = "button";
  return button;
}
