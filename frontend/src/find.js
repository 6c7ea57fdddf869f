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
