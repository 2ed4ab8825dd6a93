/** How the report looks: in the reader's light or dark, and black on white on paper. */
export const reportStyle = `
:root { --ink: #1c2733; --soft: #5b6875; --line: #d9dfe5; --paper: #ffffff; --tint: #f3f6f8; --bar: #2f6f9f;
  --pass: #1f7a45; --warn: #8a5a00; --fail: #b3261e; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e9ee; --soft: #9aa7b4; --line: #35414d; --paper: #151b21; --tint: #1e262e; --bar: #6cb2e2;
  --pass: #6fce97; --warn: #e3b35c; --fail: #f2938c; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.5rem 3rem; max-width: 60rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; }
h3 { font-size: 1rem; margin: 1.4rem 0 .4rem; }
header p, .hint, figcaption, footer, section > p { color: var(--soft); }
header p { margin: .2rem 0 0; }
.hint, figcaption, footer { font-size: .85rem; }
.summary { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: .8rem;
  margin-top: 1.5rem; }
.summary p { margin: 0; padding: .8rem 1rem; border: 1px solid var(--line); border-radius: 6px;
  background: var(--tint); color: var(--ink); }
.summary span, .summary small { display: block; color: var(--soft); font-size: .85rem; font-weight: 400; }
.summary b, .verdict { font-size: 1.5rem; font-weight: 650; line-height: 1.3; }
.verdict.pass { border-color: var(--pass); color: var(--pass); }
.verdict.fail { border-color: var(--fail); color: var(--fail); }
ul { padding-left: 1.2rem; }
li { margin: .3rem 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: .8rem 0 .3rem; }
th, td { padding: .35rem .6rem; border-bottom: 1px solid var(--line); text-align: right; vertical-align: top;
  white-space: nowrap; }
thead th { color: var(--soft); font-weight: 500; font-size: .85rem; }
th:first-child, td:last-child:not(:only-child) { text-align: left; }
tbody th { font-weight: 500; white-space: normal; }
table td:last-child b { display: block; text-align: right; }
tr.part th { padding-left: 1.6rem; font-weight: 400; color: var(--soft); }
.checks td, .checks th, .late td, .late th { text-align: left; }
.checks th:first-child { white-space: nowrap; }
.checks td:last-child, .late td:last-child { white-space: normal; overflow-wrap: anywhere; }
.late td:first-child { text-align: right; }
.mark { font-weight: 600; }
.mark.pass { color: var(--pass); } .mark.warn { color: var(--warn); } .mark.fail { color: var(--fail); }
  .mark.unknown { color: var(--soft); }
figure { margin: 0 0 1rem; }
svg { display: block; width: 100%; height: auto; font: 11px system-ui, sans-serif; }
svg text { fill: var(--soft); } svg .bar { fill: var(--bar); } svg .grid { stroke: var(--line); }
  svg .axis { stroke: var(--soft); }
svg line.limit { stroke: var(--fail); stroke-width: 1.5; stroke-dasharray: 4 3; }
  svg text.limit { fill: var(--fail); }
dl { margin: 0; } dl div { display: grid; grid-template-columns: 11rem 1fr; padding: .35rem 0;
  border-bottom: 1px solid var(--line); }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
footer { margin-top: 2.5rem; }
@media (max-width: 34rem) { dl div { grid-template-columns: 1fr; } }
@media print {
  :root { --ink: #000; --soft: #444; --line: #bbb; --paper: #fff; --tint: #fff; --bar: #33658a; --pass: #1f7a45;
  --warn: #8a5a00; --fail: #b3261e; color-scheme: light; }
  @page { margin: 16mm 14mm; }
  body { padding: 0; max-width: none; font-size: 10pt; }
  .wide { overflow: visible; } th, td { padding: .25rem .4rem; }
  .summary { grid-template-columns: repeat(4, 1fr); }
  figure, tr, dl div, li, .summary { break-inside: avoid; } h2, h3, caption { break-after: avoid; }
  svg, .mark, .verdict { print-color-adjust: exact; }
}
`;
