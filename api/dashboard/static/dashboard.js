// The buttons that copy: without this script they are not there, and the text can be selected as any other.
for (const button of document.querySelectorAll("button[data-copies]")) {
  if (!navigator.clipboard) continue; // only over https and on localhost
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).textContent);
    button.textContent = "Copied";
  });
}
