// Keeps the phone's list fresh without losing what is typed below it.
const list = document.getElementById("list");
const drop = document.querySelector(".drop");
const back = document.querySelector("[data-back]");
async function refresh() {
  try {
    const answer = await fetch(list.dataset.from);
    const html = await answer.text();
    const held = list.contains(document.activeElement) && document.activeElement !== document.body;
    if (answer.ok && !held && html !== refresh.last) list.innerHTML = refresh.last = html;
  } catch {
    // The simulator is gone; the next round asks again.
  }
  setTimeout(refresh, 1000);
}
if (list) setTimeout(refresh, 1000);

// A picture that is dropped or pasted anywhere on the phone is read at once.
function read(e, data) {
  const picture = [...(data?.files ?? [])].find((f) => f.type.startsWith("image/"));
  if (!picture) return;
  e.preventDefault();
  const files = new DataTransfer();
  files.items.add(picture);
  drop.querySelector("input[type=file]").files = files.files;
  drop.requestSubmit();
}
if (drop) {
  document.addEventListener("dragover", (e) => { e.preventDefault(); drop.classList.add("over"); });
  document.addEventListener("dragleave", () => drop.classList.remove("over"));
  document.addEventListener("drop", (e) => read(e, e.dataTransfer));
  document.addEventListener("paste", (e) => read(e, e.clipboardData));
}

if (back) {
  back.hidden = false;
  back.addEventListener("click", () => history.back());
}

// UnionPay's page sends the payer's browser back by itself; the button does without a script.
document.querySelector("form[data-post]")?.requestSubmit();
