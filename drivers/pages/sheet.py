"""The screen's page: what stands on it, how it looks, and how it hears of news.

Whoever stands 3 m away must read it: white on black, the first two lines as large as they fit.
"""

from hashlib import sha256
from string import Template

BEAT_S = 2.0
SILENT_S = 5.0
NARROWEST, WIDEST = 4, 40

_PAGE = Template(
    """<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>lanegate</title>
<link rel="stylesheet" href="/page.css">
<script src="/page.js" defer></script>
</head>
<body data-version="$version">
<main id="face">$face</main>
<p id="away">连接中断，请稍候<br>No connection, please wait</p>
</body>
</html>
"""
)

# `--em` is how wide a line is, `--room` how wide it may be.
STYLE = """\
* { margin: 0; box-sizing: border-box; }
html, body { height: 100%; overflow: hidden; background: #000; color: #fff; cursor: none; }
body { font-family: "Noto Sans CJK SC", "Source Han Sans SC", "WenQuanYi Micro Hei", sans-serif; }
main, .face, .words { height: 100%; }
.face { --room: 94vw; --tall: 27vh; --low: 10vh; }
.face { display: flex; align-items: center; justify-content: center; gap: 2vw; }
.words { display: flex; flex-direction: column; justify-content: center; text-align: center; }
.words { line-height: 1.15; gap: 1vh; }
p { white-space: nowrap; overflow: hidden; font-weight: 700; }
.big { font-size: min(var(--tall), var(--room) / var(--em)); }
.big + .big { color: #ffd900; }
.small { font-size: min(var(--low), var(--room) / var(--em)); }
.code { flex: none; width: min(90vh, 48vw); height: min(90vh, 48vw); }
.coded { --room: 46vw; --tall: 22vh; }
@media (max-aspect-ratio: 1/1) {
  .coded { flex-direction: column; --room: 94vw; --tall: 12vh; --low: 6vh; }
  .coded .words { height: auto; }
  .code { width: min(92vw, 52vh); height: min(92vw, 52vh); }
}
#away { display: none; font-size: 6vw; text-align: center; line-height: 1.5; padding-top: 30vh; }
.away #face { display: none; }
.away #away { display: block; }
""" + "".join(f".w{half} {{ --em: {half / 2}; }}\n" for half in range(NARROWEST, WIDEST + 1))

SCRIPT = f"""\
"use strict";

const SILENT_MS = {SILENT_S * 1000:.0f};
const AGAIN_MS = 3000;
const face = document.getElementById("face");
let source = null;
let heardAt = performance.now();
let askedAt = 0;

function heard() {{
  heardAt = performance.now();
  document.body.classList.remove("away");
}}

function speak(text) {{
  const words = new SpeechSynthesisUtterance(text);
  words.lang = /[\\u4e00-\\u9fff]{{2}}/.test(text) ? "zh-CN" : "en";
  speechSynthesis.cancel();
  speechSynthesis.speak(words);
}}

function listen() {{
  askedAt = performance.now();
  if (source !== null) source.close();
  source = new EventSource("/events");
  source.addEventListener("version", (event) => {{
    if (JSON.parse(event.data) !== document.body.dataset.version) location.reload();
  }});
  source.addEventListener("face", (event) => {{
    face.innerHTML = JSON.parse(event.data);
    heard();
  }});
  source.addEventListener("say", (event) => speak(JSON.parse(event.data)));
  source.addEventListener("beat", heard);
}}

function watch() {{
  const now = performance.now();
  if (now - heardAt > SILENT_MS) document.body.classList.add("away");
  if (now - heardAt > 2 * SILENT_MS && now - askedAt > AGAIN_MS) listen();
}}

listen();
setInterval(watch, 500);
"""

VERSION = sha256((_PAGE.template + STYLE + SCRIPT).encode()).hexdigest()[:16]


def page(face: str) -> str:
    """The whole page with this face, which is markup already."""
    return _PAGE.substitute(version=VERSION, face=face)
