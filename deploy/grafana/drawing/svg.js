// The pieces of SVG that panels are made of, in the colours of Grafana's dark theme.
'use strict';

const colours = {
  canvas: '#111217', panel: '#181b1f', border: '#2a2d33', text: '#ccccdc', dim: '#8e9099', grid: '#26292f',
  green: '#73bf69', 'semi-dark-green': '#56a64b', orange: '#ff9830', red: '#f2495c', blue: '#5794f2', yellow: '#fade2a', purple: '#b877d9',
};

// Grafana's classic palette, in its order.
const palette = ['#73bf69', '#fade2a', '#5794f2', '#ff9830', '#f2495c', '#b877d9', '#8ab8ff', '#ffa6b0', '#96d98d', '#ffcb7d', '#c0d8ff', '#deb6f2'];

const font = 'Inter';
const escape = (text) => String(text).replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign]);

/** About how wide a text is in Inter. */
function width(text, size) {
  let ems = 0;
  for (const sign of String(text)) {
    ems += /[il.,:;'|! ]/.test(sign) ? 0.29 : /[fjrtI()[\]/-]/.test(sign) ? 0.39 : /[mwMW%@]/.test(sign) ? 0.88 : /[A-Z0-9]/.test(sign) ? 0.65 : 0.57;
  }
  return ems * size;
}

/** A text that is cut where it would be wider than the room for it. */
function fit(text, size, room) {
  text = String(text);
  if (width(text, size) <= room) return text;
  while (text.length > 1 && width(`${text}…`, size) > room) text = text.slice(0, -1);
  return `${text}…`;
}

function text(x, y, content, { size = 12, colour = colours.text, anchor = 'start', weight = 400 } = {}) {
  return `<text x="${x}" y="${y}" font-family="${font}" font-size="${size}" font-weight="${weight}" fill="${colour}" text-anchor="${anchor}">${escape(content)}</text>`;
}

function rect(x, y, w, h, { fill = 'none', stroke, radius = 0, opacity = 1 } = {}) {
  return `<rect x="${x}" y="${y}" width="${Math.max(0, w)}" height="${Math.max(0, h)}" rx="${radius}" fill="${fill}"${stroke ? ` stroke="${stroke}"` : ''} fill-opacity="${opacity}"/>`;
}

const line = (x1, y1, x2, y2, stroke) => `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="${stroke}"/>`;

/** The colour of a name such as "green", or the colour itself. */
const colour = (name) => colours[name] ?? name;

/** The colour that thresholds give to a value. */
function judged(value, thresholds) {
  const steps = thresholds?.steps ?? [{ color: 'green', value: null }];
  return colour(steps.filter((step) => step.value === null || value >= step.value).at(-1)?.color ?? 'green');
}

module.exports = { colours, palette, font, escape, width, fit, text, rect, line, colour, judged };
