/** How the page looks: few colours, thin rules, figures that line up; light, dark and on paper. */

const light = `
  --paper: #fdfcfa; --ink: #1d1c1a; --soft: #67625c; --rule: #dcd8d1; --shade: #f5f2ed;
  --first: #1f5f9f; --second: #b04f14; --good: #23673c; --bad: #a6251d;`

const dark = `
  --paper: #171614; --ink: #e9e5df; --soft: #a69f96; --rule: #3b3834; --shade: #201e1c;
  --first: #82b6ea; --second: #eda066; --good: #82ca9c; --bad: #f2938b;`

export const stylesheet = `
:root { color-scheme: light dark; ${light} }
@media (prefers-color-scheme: dark) { :root { ${dark} } }
* { box-sizing: border-box; }
html { scroll-behavior: smooth; scroll-padding-top: 1rem; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 1rem/1.6 system-ui, -apple-system, "Segoe UI", "Hiragino Sans", "Yu Gothic UI", "Noto Sans",
    "Noto Sans CJK JP", sans-serif;
  font-variant-numeric: lining-nums tabular-nums; text-rendering: optimizeLegibility;
}
header, main { max-width: 72rem; margin: 0 auto; padding: 0 clamp(1rem, 4vw, 3rem); }
header { padding-top: clamp(2rem, 6vw, 4.5rem); }
main { padding-bottom: 5rem; }
h1, h2 {
  font-family: "Iowan Old Style", "Palatino Linotype", Palatino, "Hiragino Mincho ProN", "Yu Mincho", "Noto Serif",
    "Noto Serif CJK JP", serif;
  font-weight: 600; line-height: 1.2; text-wrap: balance;
}
h1 { margin: 0; font-size: clamp(1.9rem, 4.5vw, 2.7rem); letter-spacing: -0.012em; }
h2 { margin: 3.75rem 0 0.9rem; font-size: 1.45rem; }
h3 { margin: 2.2rem 0 0.5rem; font-size: 1rem; font-weight: 650; }
p { max-width: 42rem; margin: 0.7rem 0; }
.lead { color: var(--soft); font-size: 1.08rem; margin-top: 0.7rem; }
nav { margin-top: 1.6rem; padding: 0.65rem 0; border-block: 1px solid var(--rule); }
nav ul { display: flex; flex-wrap: wrap; gap: 0.2rem 1.6rem; margin: 0; padding: 0; list-style: none; }
a { color: inherit; text-decoration-color: var(--soft); text-underline-offset: 0.2em; }
a:hover { text-decoration-thickness: 2px; }
nav a { text-decoration: none; }
nav a:hover { text-decoration: underline; }
:focus-visible { outline: 2px solid var(--first); outline-offset: 3px; border-radius: 2px; }
.wide { overflow-x: auto; margin: 0 -0.25rem; padding: 0 0.25rem; }
table { border-collapse: collapse; width: 100%; font-size: 0.94rem; border-block: 2px solid var(--ink); }
caption { caption-side: top; text-align: left; color: var(--soft); font-size: 0.9rem; padding-bottom: 0.55rem; }
th, td { padding: 0.42rem 1.1rem 0.42rem 0; text-align: left; vertical-align: baseline; }
th:last-child, td:last-child { padding-right: 0; }
thead th { border-bottom: 1px solid var(--ink); font-weight: 600; vertical-align: bottom; line-height: 1.35; }
thead .unit { display: block; color: var(--soft); font-weight: 400; font-size: 0.85em; }
tbody th { font-weight: 400; min-width: 7rem; }
tbody th.figure { min-width: 0; }
tbody tr + tr > * { border-top: 1px solid var(--rule); }
.figure { text-align: right; white-space: nowrap; }
.figure + :not(.figure) { padding-left: 0.9rem; }
.figure strong { font-weight: 700; }
.error, .none { color: var(--soft); font-weight: 400; }
.error { font-size: 0.86em; }
.better, .met { color: var(--good); }
.worse, .missed { color: var(--bad); }
.missed { font-weight: 650; }
.source, .ended { color: var(--soft); font-size: 0.9em; }
.answers { table-layout: fixed; min-width: calc(var(--models) * 14rem + 12rem); }
.answers th, .answers td { vertical-align: top; overflow-wrap: anywhere; }
.answers thead th:first-child { width: 12rem; }
.answers p { margin: 0; } .answers p, .answers th { white-space: pre-wrap; }
.ended { display: block; margin-top: 0.2rem; }
figure { margin: 1rem 0; }
figcaption { color: var(--soft); font-size: 0.9rem; margin-bottom: 0.35rem; }
.curves { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 0 2.5rem; }
.curves > :first-child { grid-column: 1 / -1; }
svg { display: block; width: 100%; height: auto; font: 12px system-ui, sans-serif; }
svg path { fill: none; stroke-linejoin: round; }
.grid { stroke: var(--rule); } .axis { stroke: var(--soft); } .tick { fill: var(--soft); }
path.faint { stroke: var(--first); stroke-opacity: 0.45; }
path.strong { stroke: var(--first); stroke-width: 2; }
path.marked { stroke: var(--second); stroke-width: 1.5; stroke-dasharray: 5 4; }
circle { fill: var(--paper); stroke: var(--second); stroke-width: 1.8; }
.name { font-weight: 600; }
.name.strong { fill: var(--first); } .name.marked { fill: var(--second); }
details { margin: 0.7rem 0; }
summary { cursor: pointer; color: var(--soft); font-size: 0.94rem; width: fit-content; }
summary:hover { color: var(--ink); }
details table { width: auto; min-width: 26rem; margin-top: 0.6rem; }
pre {
  background: var(--shade); padding: 0.9rem 1.1rem; border-radius: 4px; overflow: auto; max-height: 28rem;
  font: 0.82rem/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "Noto Sans Mono CJK JP", monospace;
  white-space: pre-wrap; overflow-wrap: anywhere;
}
@media (max-width: 44rem) {
  .curves { grid-template-columns: minmax(0, 1fr); } .curves figure { overflow-x: auto; }
  .curves svg { min-width: 34rem; } .curves > :first-child svg { min-width: 50rem; }
}
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
@media print {
  :root { color-scheme: light; ${light} --paper: #fff; }
  @page { margin: 16mm 14mm; }
  body { font-size: 9.5pt; }
  header, main { max-width: none; padding: 0; }
  nav, details.data { display: none; }
  h2 { margin-top: 1.8rem; } h2, h3, caption { break-after: avoid; }
  tr, figure { break-inside: avoid; }
  .wide { overflow: visible; }
  .answers { min-width: 0; }
}
`
