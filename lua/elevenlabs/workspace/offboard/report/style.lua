--- The style sheet of the report: one page for a screen, a phone, the dark and paper. A state is told
--- by its word; its colour only repeats the word.

return [[
:root {
  color-scheme: light;
  --paper: #fff; --ink: #16191d; --soft: #545c66; --line: #d9dde2; --band: #f4f6f8;
  --good: #17663a; --bad: #ab1f17; --wait: #80500a;
  --text: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  --code: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "Liberation Mono", monospace;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    color-scheme: dark;
    --paper: #14171a; --ink: #e7eaed; --soft: #a3acb6; --line: #333a42; --band: #1d2126;
    --good: #74cf9b; --bad: #ff9389; --wait: #e5b95f;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 var(--text); overflow-wrap: anywhere; text-size-adjust: 100%;
}
header, main { max-width: 68rem; margin: 0 auto; padding: 0 clamp(1rem, 4vw, 2.5rem); }
header { padding-top: clamp(1.5rem, 5vw, 3.5rem); }
main { padding-bottom: 4rem; }
p, ul, ol, dl, dd { margin: 0; padding: 0; }
a {
  color: inherit; white-space: nowrap;
  text-underline-offset: .2em; text-decoration-color: var(--soft);
}
code { font: .86em/1.5 var(--code); }
.soft, small { color: var(--soft); }
small { display: block; font-size: .86em; }
small code { font-size: .95em; }

header .kind { color: var(--soft); }
header .kind strong { color: var(--ink); font-weight: 600; }
h1 {
  margin: .5rem 0 .75rem; max-width: 30em;
  font-size: clamp(1.45rem, 3.6vw, 2.1rem); line-height: 1.22; font-weight: 650;
  letter-spacing: -.015em; text-wrap: balance;
}
section { margin-top: 2.75rem; border-top: 1px solid var(--line); padding-top: 1.1rem; }
h2 { margin: 0 0 .75rem; font-size: 1.2rem; line-height: 1.3; font-weight: 650; }
h3 { margin: 2rem 0 .1rem; font-size: 1rem; font-weight: 650; }
section > p { max-width: 46rem; }
section > p + p, section > table + p { margin-top: .75rem; }
.remains { list-style: none; }
.remains li { padding: .6rem 0 .6rem 1rem; border-left: 3px solid var(--wait); }
.remains li + li { margin-top: .6rem; }
.remains strong { font-weight: 600; }
.remains p + p { color: var(--soft); }
.dashed li { margin: .35rem 0 0 1.1rem; max-width: 46rem; }

table { width: 100%; margin-top: .75rem; border-collapse: collapse; font-size: .9rem; }
th, td { padding: .5rem .75rem .5rem 0; text-align: left; vertical-align: top; font-weight: 400; }
th:last-child, td:last-child { padding-right: 0; }
thead th {
  color: var(--soft); font-size: .8rem; line-height: 1.3; vertical-align: bottom;
  border-bottom: 1px solid var(--soft);
}
tbody tr, tfoot tr { border-bottom: 1px solid var(--line); }
tfoot th, tfoot td { font-weight: 650; border-top: 1px solid var(--soft); }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.totals { max-width: 46rem; }
.totals th:first-child { width: 8rem; }
.coverage .number, .totals .number { width: 6rem; padding-right: 1.75rem; }
.coverage thead th:first-child { width: 36%; }
.part + .part { content-visibility: auto; contain-intrinsic-height: auto 40000px; }
.resources { table-layout: fixed; }
.resources thead th { width: 16%; }
.resources thead th:nth-child(1) { width: 29%; }
.resources thead th:nth-child(3) { width: 21%; }
.resources thead th:nth-child(4) { width: 12%; }
.resources thead th:nth-child(5) { width: 22%; }
.kept thead th:nth-child(3) { width: 38%; }
.kept thead th:nth-child(4) { width: 16%; }
.resources b { font-weight: 600; }
.resources th code { display: block; color: var(--soft); }
.commands thead th:first-child { width: 40%; }
.files thead th:first-child { width: 16rem; }

.good, .bad, .wait { font-weight: 600; }
.good { color: var(--good); }
.bad { color: var(--bad); }
.wait { color: var(--wait); }
.facts { display: grid; grid-template-columns: 10rem 1fr; gap: .3rem 1rem; font-size: .9rem; }
.facts dt { color: var(--soft); }

@media screen and (max-width: 44rem) {
  section { margin-top: 2rem; }
  .facts { grid-template-columns: 1fr; gap: 0; }
  .facts dd { margin-bottom: .5rem; }
  .resources, .coverage, .commands, .files, .alone { display: block; }
  :is(.resources, .coverage, .commands, .files, .alone) thead {
    position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  }
  :is(.resources, .coverage, .commands, .files, .alone) :is(tbody, tfoot, tr, th, td) {
    display: block; width: auto; padding: 0; border-top: 0; text-align: left;
  }
  :is(.resources, .coverage, .commands, .files, .alone) tr { padding: .7rem 0; }
  :is(.resources, .commands) td {
    display: grid; grid-template-columns: 7rem 1fr; margin-top: .15rem;
  }
  td::before { color: var(--soft); grid-row: 1 / span 9; }
  :is(.resources, .commands) td > * { grid-column: 2; }
  .coverage :is(tbody, tfoot) tr { display: flex; flex-wrap: wrap; gap: .1rem 1.25rem; }
  .coverage tr th { flex-basis: 100%; }
  .coverage .number { padding: 0; }
  table td:empty { display: none; }
  .resources td:nth-child(2)::before { content: "Role before"; }
  .resources td:nth-child(3)::before { content: "Outcome"; }
  .resources td:nth-child(4)::before { content: "Read back"; }
  .resources td:nth-child(5)::before { content: "Answer"; }
  .kept td:nth-child(3)::before { content: "Why kept"; }
  .kept td:nth-child(4)::before { content: "Last reading"; }
  .coverage td:nth-child(2)::before { content: "Listed "; }
  .coverage td:nth-child(3)::before { content: "Read "; }
  .coverage td:nth-child(4)::before { content: "Complete "; }
  .commands td:nth-child(2)::before { content: "Began"; }
  .commands td:nth-child(3)::before { content: "Ended"; }
  .commands td:nth-child(4)::before { content: "By"; }
  .totals th:first-child { width: 6.5rem; }
  .totals .number { width: 4.5rem; padding-right: 1rem; }
}
@media print {
  :root { font-size: 9.5pt; }
  header, main { max-width: none; padding: 0; }
  section { margin-top: 1.6rem; }
  h2, h3, :is(h2, h3) + p { break-after: avoid; }
  thead { display: table-header-group; }
  tfoot { display: table-row-group; }
  tr, .remains li, .facts > * { break-inside: avoid; }
  a { text-decoration: none; }
}
@page {
  size: A4; margin: 18mm 16mm 20mm;
  @bottom-right {
    content: counter(page) " of " counter(pages); font: 8pt sans-serif; color: #545c66;
  }
}
]]
