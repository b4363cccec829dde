const columns = [
  ['row', (r) => r.row],
  ['against', (r) => r.against ?? '–'],
  ['ours', (r) => rounded(r.ours)],
  ['peer', (r) => (r.peer === null ? '–' : rounded(r.peer))],
  ['unit', (r) => r.unit],
  ['ratio', (r) => (r.ratio === null ? '–' : r.ratio.toFixed(2))],
  ['wanted', wanted],
  ['', (r) => (r.holds === null ? '' : r.holds ? 'holds' : 'FAILS')],
];

export function printTable(results) {
  const rows = [columns.map(([title]) => title), ...results.map((r) => columns.map(([, read]) => read(r)))];
  const widths = columns.map((_, n) => Math.max(...rows.map((row) => row[n].length)));
  for (const row of rows)
    console.log(
      row
        .map((cell, n) => cell.padEnd(widths[n]))
        .join('  ')
        .trimEnd(),
    );
  for (const { row, notes } of results) if (notes) console.log(`\n${row}: ${JSON.stringify(notes)}`);
}

function wanted({ atLeast, atMost }) {
  if (atLeast !== null) return `≥ ${atLeast.toFixed(2)}`;
  return atMost === null ? '–' : `≤ ${atMost.toFixed(2)}`;
}

function rounded(value) {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
}
