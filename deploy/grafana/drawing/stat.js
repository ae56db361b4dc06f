// A stat: one large value or name, with what it was before behind it.
'use strict';
const { colours, fit, text, width } = require('./svg');
const { settings, shown, last } = require('./fields');

exports.draw = (panel, series, box) => {
  const options = panel.options;
  const values = series.map((one) => ({ ...one, value: last(one.points) })).filter((one) => one.value !== undefined);
  if (values.length === 0) return undefined;
  const share = box.w / values.length;
  return values.map((one, index) => {
    const look = shown(settings(panel, one.name), one.value);
    const content = options.textMode === 'name' ? one.name || '-' : look.text;
    const size = Math.min(38, box.h * 0.42, (34 * (share - 16)) / Math.max(1, width(content, 34)));
    const x = box.x + share * (index + 0.5);
    const drawing = options.graphMode === 'area' && options.textMode !== 'name' ? sparkline(one.points, { x: box.x + share * index, y: box.y + box.h * 0.62, w: share, h: box.h * 0.38 }, look.colour) : '';
    return drawing + text(x, box.y + box.h * 0.5 + size * 0.2, fit(content, size, share - 12), { size, colour: look.colour ?? colours.text, anchor: 'middle', weight: 500 });
  }).join('');
};

function sparkline(points, box, colour) {
  const numbers = points.filter(([, value]) => Number.isFinite(value));
  if (numbers.length < 2) return '';
  const times = numbers.map(([time]) => time);
  const values = numbers.map(([, value]) => value);
  const [from, to, low, high] = [times[0], times.at(-1), Math.min(...values), Math.max(...values)];
  const place = ([time, value]) => [box.x + ((time - from) / (to - from)) * box.w, box.y + box.h - 2 - (high > low ? (value - low) / (high - low) : 0.5) * (box.h - 6)].map((number) => number.toFixed(1));
  const path = numbers.map(place).map((point) => point.join(',')).join(' L');
  const end = box.y + box.h;
  return `<path d="M${path} L${box.x + box.w},${end} L${box.x},${end} Z" fill="${colour}" fill-opacity="0.14"/><path d="M${path}" fill="none" stroke="${colour}" stroke-width="1.2" stroke-opacity="0.8"/>`;
}
