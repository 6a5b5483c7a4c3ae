// Keeps the phone's list fresh without losing what is typed below it.
const list = document.getElementById("list");
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
setTimeout(refresh, 1000);
