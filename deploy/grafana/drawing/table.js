// A table of present values, after the transformations merge and organize.
'use strict';
const { colours, fit, text, line } = require('./svg');
const { settings, shown, last } = require('./fields');

const rowHeight = 30;

exports.draw = (panel, series, box) => {
  let rows = merged(series);
  const organize = panel.transformations?.find((one) => one.id === 'organize')?.options ?? {};
  let columns = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter((name) => !organize.excludeByName?.[name]);
  const position = (name) => organize.indexByName?.[name] ?? columns.length + (name.startsWith('Value') ? 1 : 0);
  columns = columns.map((name, index) => ({ name, title: organize.renameByName?.[name] ?? name, index })).sort((a, b) => position(a.name) - position(b.name) || a.index - b.index);
  if (rows.length === 0 || columns.length === 0) return undefined;

  const fields = columns.map((column) => settings(panel, column.title));
  const share = box.w / columns.length;
  const room = Math.floor((box.h - rowHeight) / rowHeight);
  let drawing = '';
  columns.forEach((column, index) => {
    const isNumber = rows.some((row) => typeof row[column.name] === 'number');
    const x = isNumber ? box.x + share * (index + 1) - 14 : box.x + share * index + 12;
    const style = { size: 12, anchor: isNumber ? 'end' : 'start' };
    drawing += text(x, box.y + 18, fit(column.title, 12, share - 20), { ...style, colour: colours.blue, weight: 500 });
    rows.slice(0, room).forEach((row, number) => {
      const value = row[column.name];
      const look = value === undefined || Number.isNaN(value) ? { text: '' } : shown(fields[index], value);
      const coloured = fields[index].custom.cellOptions?.type === 'color-text' ? look.colour : undefined;
      drawing += text(x, box.y + rowHeight * (number + 1) + 20, fit(look.text, 12, share - 20), { ...style, colour: coloured ?? colours.text });
    });
  });
  for (let number = 0; number <= Math.min(rows.length, room); number++) {
    drawing += line(box.x + 4, box.y + rowHeight * (number + 1) - 1, box.x + box.w - 4, box.y + rowHeight * (number + 1) - 1, colours.grid);
  }
  const hidden = rows.length - room;
  return hidden > 0 ? drawing + text(box.x + box.w - 12, box.y + 18, `and ${hidden} more`, { size: 11, anchor: 'end', colour: colours.dim }) : drawing;
};

// Rows of several queries become one where all labels that both have are the same.
function merged(series) {
  const rows = [];
  for (const one of series) {
    const value = last(one.points);
    const row = rows.find((other) => !(one.column in other) && Object.entries(one.labels).every(([label, text]) => !(label in other) || other[label] === text));
    if (row) Object.assign(row, one.labels, { [one.column]: value });
    else rows.push({ ...one.labels, [one.column]: value });
  }
  return rows;
}
