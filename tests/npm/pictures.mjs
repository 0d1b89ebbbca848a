// Pictures of `krmor graph` in real Chromium, light and dark: `node pictures.mjs FOLDER`, which has *.svg and *.mmd. Every text
// stays in its box and can be read, no boxes overlap, no wire runs over a box or a text, and Mermaid draws what is meant for it.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

import { open } from "./browser.mjs";

const folder = process.argv[2];
const tools = createRequire(new URL("../../.tools/npm/package.json", import.meta.url));
const names = (end) => readdirSync(folder).filter((name) => name.endsWith(end)).sort();
const { page, url, errors, version, close } = await open(folder, { types: { ".svg": "image/svg+xml" } });
const failures = [];

/** Runs in the page: all that is wrong with the picture, and what was looked at. */
function look() {
  const wrong = [];
  const svg = document.documentElement;
  const rect = (element) => element.getBoundingClientRect();
  const shown = (element) => `"${element.textContent}"`;
  const inside = (inner, outer, by) =>
    inner.left >= outer.left - by && inner.right <= outer.right + by && inner.top >= outer.top - by && inner.bottom <= outer.bottom + by;
  const meet = (a, b, by) => a.left < b.right + by && b.left < a.right + by && a.top < b.bottom + by && b.top < a.bottom + by;
  // Relative luminance and contrast, as WCAG 2.2 defines them.
  const light = (color) => {
    const parts = color.match(/[\d.]+/g).slice(0, 3).map((part) => Number(part) / 255);
    const [r, g, b] = parts.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
  const fill = (element) => getComputedStyle(element).fill;

  const whole = rect(svg);
  const boxes = [...document.querySelectorAll("g.box")];
  const cards = boxes.map((box) => box.querySelector(".card"));
  const texts = [...document.querySelectorAll("text")];
  const paper = document.querySelector(".page");
  let least = 99;
  for (const text of texts) {
    const box = text.closest("g.box");
    const card = box?.querySelector(".card");
    if (!inside(rect(text), card ? rect(card) : whole, -2)) wrong.push(`${shown(text)} leaves ${card ? "its box" : "the picture"}`);
    const ratio = contrast(fill(text), fill(card ?? paper));
    least = Math.min(least, ratio);
    if (ratio < 4.5) wrong.push(`${shown(text)} has a contrast of ${ratio.toFixed(2)}`);
    if (parseFloat(getComputedStyle(text).fontSize) < 11) wrong.push(`${shown(text)} is too small`);
  }
  // By bands: pictures may have thousands of texts.
  const near = (list, by, say) => {
    const sorted = list.map((element) => [rect(element), element]).sort(([a], [b]) => a.top - b.top);
    for (let i = 0; i < sorted.length; i++) {
      for (let j = i + 1; j < sorted.length && sorted[j][0].top < sorted[i][0].bottom + by; j++) {
        if (meet(sorted[i][0], sorted[j][0], by)) wrong.push(say(sorted[i][1], sorted[j][1]));
      }
    }
  };
  near(texts, 0, (a, b) => `${shown(a)} and ${shown(b)} overlap`);
  near(cards, 12, (a, b) => `the boxes ${shown(a.closest("g"))} and ${shown(b.closest("g"))} are too near`);
  for (const text of texts.filter((text) => !text.closest("g.box"))) {
    if (cards.some((card) => meet(rect(text), rect(card), 4))) wrong.push(`${shown(text)} is too near to a box`);
  }
  let points = 0;
  const areas = cards.map((card) => [rect(card), card.closest("g")]);
  for (const path of document.querySelectorAll("g.wire path")) {
    const matrix = path.getScreenCTM();
    const length = path.getTotalLength();
    for (let at = 0; at <= length; at += 3) {
      const point = path.getPointAtLength(at).matrixTransform(matrix);
      points++;
      const over = areas.find(([a]) => point.x > a.left + 1 && point.x < a.right - 1 && point.y > a.top + 1 && point.y < a.bottom - 1);
      if (over) {
        wrong.push(`a wire runs over ${shown(over[1])}`);
        break;
      }
      if (point.x < whole.left || point.x > whole.right || point.y < whole.top || point.y > whole.bottom) {
        wrong.push("a wire leaves the picture");
        break;
      }
    }
    const ratio = contrast(getComputedStyle(path).stroke, fill(paper));
    if (ratio < 3) wrong.push(`a wire ${path.closest("g").className.baseVal} has a contrast of ${ratio.toFixed(2)}`);
  }
  for (const id of svg.getAttribute("aria-labelledby").split(" ")) {
    if (!document.getElementById(id)?.textContent) wrong.push(`nothing stands at ${id}`);
  }
  if (svg.getAttribute("role") !== "img") wrong.push("it is no img");
  if (document.querySelector("script, image, foreignObject, a, use")) wrong.push("it holds more than shapes and texts");
  return { wrong, boxes: boxes.length, texts: texts.length, points, least, paper: fill(paper) };
}

let seen = 0;
for (const name of names(".svg")) {
  const papers = [];
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    await page.goto(`${url}/${name}`);
    const { wrong, boxes, texts, points, least, paper } = await page.evaluate(look);
    wrong.slice(0, 8).forEach((what) => failures.push(`${name}, ${colorScheme}: ${what}`));
    papers.push(paper);
    seen += boxes;
    console.log(`${name}, ${colorScheme}: ${boxes} boxes, ${texts} texts, ${points} points of wires, contrast ${least.toFixed(1)} at least`);
    if (process.env.SHOTS) {
      const { width, height } = await page.evaluate(() => ({ width: document.documentElement.width.baseVal.value, height: document.documentElement.height.baseVal.value }));
      await page.setViewportSize({ width: Math.ceil(width), height: Math.min(Math.ceil(height), 8000) });
      writeFileSync(join(process.env.SHOTS, `${name}.${colorScheme}.png`), await page.screenshot());
      await page.setViewportSize({ width: 1280, height: 720 });
    }
  }
  if (papers[0] === papers[1]) failures.push(`${name}: light and dark are the same`);
  // As READMEs show it, in an img.
  const corner = [];
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    await page.goto(`${url}/blank`);
    corner.push(
      await page.evaluate(async (source) => {
        const image = new Image();
        image.src = source;
        await image.decode();
        const canvas = Object.assign(document.createElement("canvas"), { width: 40, height: 40 });
        const context = canvas.getContext("2d");
        context.drawImage(image, 0, 0);
        return [...context.getImageData(30, 10, 1, 1).data].join(" ");
      }, `/${name}`),
    );
  }
  if (corner[0] === corner[1]) failures.push(`${name}: an img shows the same in light and dark`);
}

// Mermaid itself reads and draws the flowcharts; every box is there, with its words.
await page.emulateMedia({ colorScheme: "light" });
await page.goto(`${url}/blank`);
await page.addScriptTag({ content: readFileSync(join(tools.resolve("mermaid/package.json"), "../dist/mermaid.min.js"), "utf8") });
for (const name of names(".mmd")) {
  const text = readFileSync(join(folder, name), "utf8");
  const wanted = text.split("\n").filter((line) => /^ {2}n\d+[[({]/.test(line)).length;
  const drawn = await page.evaluate(async (text) => {
    mermaid.initialize({ startOnLoad: false, maxTextSize: 10_000_000, maxEdges: 100_000 });
    try {
      const { svg } = await mermaid.render("picture", text);
      const holder = Object.assign(document.createElement("div"), { innerHTML: svg });
      return { nodes: holder.querySelectorAll("g.node").length, words: holder.textContent };
    } catch (error) {
      return { failed: String(error) };
    }
  }, text);
  if (drawn.failed) failures.push(`${name}: ${drawn.failed}`);
  else if (drawn.nodes !== wanted) failures.push(`${name}: ${drawn.nodes} boxes of ${wanted}`);
  else if (/unsupported markdown/i.test(drawn.words)) failures.push(`${name}: a label is taken for Markdown`);
  seen += drawn.nodes ?? 0;
  console.log(`${name}: Mermaid draws ${drawn.nodes} boxes`);
}
await close();
if (errors.length > 0) failures.push(`the page logs errors: ${errors.slice(0, 3)}`);
if (seen < 20) failures.push(`only ${seen} boxes were seen`);
console.log(`Chromium ${version}`);
if (failures.length > 0) {
  console.error(failures.join("\n"));
  process.exit(1);
}
