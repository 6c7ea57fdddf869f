// The drawer that tells how a figure was made. Without script the same link leads to a page of its own.
document.addEventListener("htmx:after:swap", () => {
  const drawer = document.getElementById("explanation-drawer");
  const content = document.getElementById("explanation");
  if (!drawer || !content?.firstElementChild || content.dataset.shown === content.textContent) return;
  content.dataset.shown = content.textContent;
  if (!drawer.open) drawer.showModal();
  content.scrollTop = 0;
});

document.addEventListener("close", (event) => {
  if (event.target.id !== "explanation-drawer") return;
  const content = document.getElementById("explanation");
  content.replaceChildren();
  delete content.dataset.shown;
}, true);
