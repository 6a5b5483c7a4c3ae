// Makes a picture for the album of the code that a page shows, and has the browser save
// it: the code, and under it who gets how much until when, so that who finds it there
// later knows. Loaded by boot.js when a payer asks for it.
//
// The browser writes the text, in its own fonts, always black on white. In an app's
// web-view, which saves nothing, the picture is shown to be pressed and held.

const width = 1080, margin = 72, between = 28; // pixels
const fonts = 'system-ui, -apple-system, "PingFang SC", "Noto Sans CJK SC", "Microsoft YaHei", sans-serif';

// keep makes a picture of the code beside a link. It fails where the browser can't.
export async function keep(link) {
  const text = await (await fetch(document.querySelector("script[data-text]").dataset.text)).json();
  const view = JSON.parse(document.getElementById("view").textContent);
  const lines = words(view, text);
  const canvas = draw(document.querySelector("#checkout [data-qr]"), lines, view.amount_text);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
  if (!blob) throw new Error("no picture");
  const saves = view.device.container === "browser";
  if (saves && view.device.form === "desktop" && !navigator.maxTouchPoints) download(blob);
  else show(link, text, lines, canvas.toDataURL("image/png"), saves && blob);
}

// words are the lines of text from top to bottom: size in pixels, weight, text.
function words(view, text) {
  return [
    [52, 600, view.document.name],
    [104, 700, view.amount_text],
    [44, 600, text["qr.until"].replace("{time}", clock(view.live.expires_at, text))],
    [40, 400, text["qr.album"]],
    [36, 400, view.test ? text.test : ""],
  ].filter((line) => line[2]);
}

// clock writes a time as the page's other times are written: in the wallets' zone.
function clock(time, text) {
  const at = new Date(Date.parse(time) + 8 * 3600000);
  const m = at.getUTCMonth();
  const values = { y: at.getUTCFullYear(), m: m + 1, month: (text["date.months"] || "").split("|")[m], d: at.getUTCDate() };
  return text.date.replace(/{(\w+)}/g, (_, name) => values[name]) + " " + at.toISOString().slice(11, 16);
}

function draw(code, lines, amount) {
  const canvas = document.createElement("canvas");
  const c = canvas.getContext("2d");
  const modules = code.viewBox.baseVal.width;
  const scale = Math.floor(width / modules); // whole pixels, so that edges are sharp
  const rows = [];
  let y = scale * modules + margin / 2;
  for (const [size, weight, text] of lines) {
    const font = (c.font = weight + " " + size + "px " + fonts);
    for (const row of wrap(c, text)) rows.push([row, font, (y += size + between / 2) - size / 4, text === amount]);
    y += between;
  }
  canvas.width = width;
  canvas.height = y + margin / 2;
  c.fillStyle = "#fff";
  c.fillRect(0, 0, canvas.width, canvas.height);
  c.fillStyle = "#000";
  c.save();
  c.translate(Math.floor((width - scale * modules) / 2), margin / 4);
  c.scale(scale, scale);
  c.fill(new Path2D(code.querySelector("path").getAttribute("d")));
  c.restore();
  c.textAlign = "center";
  const direction = document.getElementById("checkout").dir || "ltr";
  for (const [row, font, at, number] of rows) {
    c.font = font;
    c.direction = number ? "ltr" : direction;
    c.fillText(row, width / 2, at, width - 2 * margin);
  }
  return canvas;
}

// wrap splits a text into as few rows as fit, of about the same length.
function wrap(c, text) {
  const parts = pieces(text);
  let most = width - 2 * margin, rows = fill(c, parts, most), tried = rows;
  for (; tried.length === rows.length && most > width / 3; most -= 20) {
    rows = tried;
    tried = fill(c, parts, most - 20);
  }
  return rows;
}

function fill(c, parts, most) {
  const rows = [""];
  for (const part of parts) {
    const row = rows[rows.length - 1] + part;
    if (row === part || c.measureText(row.trim()).width <= most) rows[rows.length - 1] = row;
    else rows.push(part);
  }
  return rows.map((row) => row.trim());
}

// pieces splits a text into what may begin a row: words as their language has them,
// each with what opens before it and closes after it.
function pieces(text) {
  if (!Intl.Segmenter) return text.split(/(?= )/);
  const pieces = [""];
  for (const { segment } of new Intl.Segmenter(document.getElementById("checkout").lang, { granularity: "word" }).segment(text)) {
    const last = pieces[pieces.length - 1];
    if (/^[\s\p{Pe}\p{Pf}\p{Po}]+$/u.test(segment) || /[\p{Ps}\p{Pi}]$/u.test(last)) pieces[pieces.length - 1] = last + segment;
    else pieces.push(segment);
  }
  return pieces;
}

function download(blob) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = "checkout.png";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

// share hands the picture to the system, which puts it into the album, and where there
// is no such thing saves it as a file.
async function share(blob) {
  const files = [new File([blob], "checkout.png", { type: "image/png" })];
  if (!navigator.canShare || !navigator.canShare({ files })) return download(blob);
  try {
    await navigator.share({ files });
  } catch (err) {
    if (err.name !== "AbortError") download(blob);
  }
}

// show lays the picture over the page until the payer closes it or something happens to
// the payment. blob is what a button saves, if anything can.
function show(link, text, lines, url, blob) {
  const page = document.getElementById("checkout");
  const layer = make("div", "", {
    position: "fixed", top: 0, right: 0, bottom: 0, left: 0, zIndex: 9, overflow: "auto", padding: "24px 16px", boxSizing: "border-box",
    background: "#111", color: "#fff", textAlign: "center", lineHeight: 1.5,
  });
  layer.setAttribute("role", "dialog");
  layer.setAttribute("aria-modal", "true");
  layer.setAttribute("aria-label", link.textContent);
  layer.dir = page.dir;
  layer.lang = page.lang;
  const img = make("img", "", { display: "block", width: "min(100%, 320px)", margin: "0 auto 16px", borderRadius: "12px", webkitTouchCallout: "default" });
  img.src = url;
  img.alt = [document.querySelector("#checkout [data-qr] title").textContent, ...lines.map((line) => line[2])].join(". ");
  const button = (label, press) => {
    const b = make("button", label, {
      display: "block", width: "min(100%, 320px)", minHeight: "48px", margin: "16px auto 0", border: "1px solid #fff", borderRadius: "12px",
      background: press === close ? "none" : "#fff", color: press === close ? "#fff" : "#111", font: "inherit", fontWeight: 600,
    });
    b.type = "button";
    b.onclick = press;
    return b;
  };
  const state = page.dataset.state;
  const watch = new MutationObserver(() => page.dataset.state !== state && close());
  function close() {
    watch.disconnect();
    removeEventListener("keydown", esc, true);
    layer.remove();
    page.inert = false;
    link.focus();
  }
  function esc(e) {
    if (e.key !== "Escape") return;
    e.preventDefault();
    close();
  }
  const last = button(text["qr.close"], close);
  layer.append(img, blob ? button(link.textContent, () => share(blob)) : make("p", text["qr.hold"], { margin: "0 0 4px", fontWeight: 600 }));
  layer.append(make("p", text["qr.album"], { margin: "12px 0 0", textWrap: "balance" }), last);
  document.body.append(layer);
  page.inert = true;
  watch.observe(page, { attributes: true, attributeFilter: ["data-state"] });
  addEventListener("keydown", esc, true);
  last.focus({ preventScroll: true });
}

function make(tag, text, style) {
  const e = document.createElement(tag);
  e.textContent = text;
  Object.assign(e.style, style);
  return e;
}
