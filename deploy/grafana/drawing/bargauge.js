// Horizontal bars, one for each series.
'use strict';
const { colours, fit, text, rect } = require('./svg');
const { settings, shown, last } = require('./fields');

exports.draw = (panel, series, box) => {
  const values = series.map((one) => ({ name: one.name || 'Value', value: last(one.points) })).filter((one) => one.value !== undefined);
  if (values.length === 0) return undefined;
  const most = panel.fieldConfig.defaults.max ?? Math.max(...values.map((one) => one.value), Number.MIN_VALUE);
  const least = panel.fieldConfig.defaults.min ?? Math.min(0, ...values.map((one) => one.value));
  const pitch = Math.min(48, (box.h - 8) / values.length);
  const names = 96;
  const numbers = 84;
  const length = box.w - names - numbers - 28;
  return values.map((one, index) => {
    const look = shown(settings(panel, one.name), one.value);
    const y = box.y + 4 + pitch * index;
    const part = most > least ? (one.value - least) / (most - least) : 0;
    return text(box.x + 12 + names - 8, y + pitch / 2 + 4, fit(one.name, 12, names - 8), { size: 12, anchor: 'end' })
      + rect(box.x + 16 + names, y + 4, length, pitch - 8, { fill: colours.grid, radius: 2 })
      + rect(box.x + 16 + names, y + 4, Math.max(2, length * part), pitch - 8, { fill: look.colour, radius: 2, opacity: 0.75 })
      + text(box.x + box.w - 12, y + pitch / 2 + 5, look.text, { size: 14, colour: look.colour, anchor: 'end', weight: 500 });
  }).join('');
};
