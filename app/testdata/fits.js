// Returns what a payer could not read or hit on the page that is shown, one
// sentence each: text beyond an edge, cut off, over other text or over a picture,
// squeezed into a column, amounts in two lines, targets that are too small.
(() => {
  const problems = [];
  const sight = document.documentElement.clientWidth;
  const shown = (e) => e.checkVisibility({ visibilityProperty: true }) && !hiddenFromSight(e);
  const hiddenFromSight = (e) => {
    for (; e; e = e.parentElement) if (getComputedStyle(e).clip !== "auto") return true;
    return false;
  };
  const size = (e) => parseFloat(getComputedStyle(e).fontSize);
  const quote = (s) => JSON.stringify(s.trim().slice(0, 40));
  const place = (r) => `${Math.round(r.left)},${Math.round(r.top)} ${Math.round(r.width)}×${Math.round(r.height)}`;
  // The ink of a line is less high than its box.
  const ink = (r) => ({ left: r.left + 0.5, right: r.right - 0.5, top: r.top + r.height * 0.22, bottom: r.bottom - r.height * 0.22 });
  const over = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;

  const lines = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let n = walker.nextNode(); n; n = walker.nextNode()) {
    const e = n.parentElement;
    if (!n.data.trim() || !shown(e)) continue;
    const range = document.createRange();
    range.selectNodeContents(n);
    const rects = [...range.getClientRects()].filter((r) => r.width > 0.5);
    for (const r of rects) lines.push({ n, e, r, ink: ink(r) });
    const widest = Math.max(...rects.map((r) => r.width));
    const rows = new Set(rects.map((r) => Math.round(r.top))).size; // a line that turns its direction has several
    if (rows > 1 && widest < 2.5 * size(e)) problems.push(`${quote(n.data)} is squeezed into ${rows} lines of ${Math.round(widest)}px`);
    if (rows > 1 && e.closest(".amount")) problems.push(`the amount ${quote(n.data)} is broken`);
  }

  if (document.documentElement.scrollWidth > sight) problems.push(`the page is ${document.documentElement.scrollWidth} px wide, of ${sight}`);
  for (const { n, e, r } of lines) {
    if (r.left < -0.5 || r.right > sight + 0.5) problems.push(`${quote(n.data)} is beyond the edge: ${place(r)}`);
    for (let box = e; box !== document.body; box = box.parentElement) {
      if (getComputedStyle(box).overflowX === "visible") continue;
      const b = box.getBoundingClientRect();
      if (r.left < b.left - 1 || r.right > b.right + 1 || ink(r).top < b.top || ink(r).bottom > b.bottom) problems.push(`${quote(n.data)} is cut off by <${box.tagName.toLowerCase()} class="${box.className}">`);
    }
  }
  lines.forEach((a, i) => {
    for (const b of lines.slice(i + 1)) if (a.n !== b.n && over(a.ink, b.ink)) problems.push(`${quote(a.n.data)} is over ${quote(b.n.data)}: ${place(a.r)}, ${place(b.r)}`);
  });
  for (const picture of document.querySelectorAll("svg, img")) {
    if (!shown(picture) || parseFloat(getComputedStyle(picture).opacity) < 0.5) continue;
    const b = picture.getBoundingClientRect();
    for (const { n, ink } of lines) if (over(ink, b)) problems.push(`${quote(n.data)} is over a picture: ${place(b)}`);
  }
  for (const target of document.querySelectorAll("a, button, summary, input:not([type=hidden])")) {
    if (!shown(target)) continue;
    const b = target.getBoundingClientRect();
    if (b.height < 43.5 || b.width < 43.5) problems.push(`${quote(target.textContent || target.id)} is a target of ${Math.round(b.width)}×${Math.round(b.height)} px`);
  }
  return [...new Set(problems)];
})()
