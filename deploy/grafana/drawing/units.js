// Values as Grafana writes them, for the units that the dashboards use.
'use strict';

function digits(value) {
  const size = Math.abs(value);
  return size === 0 ? '0' : String(Number(value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3)));
}

// scaled(VALUE, STEP, [['', ' K', …]]): the value with the first prefix that leaves fewer than STEP of it.
function scaled(value, step, prefixes) {
  let index = 0;
  while (Math.abs(value) >= step && index < prefixes.length - 1) {
    value /= step;
    index++;
  }
  return digits(value) + prefixes[index];
}

const si = (value, unit) => scaled(value, 1000, ['', 'k', 'M', 'G', 'T'].map((prefix) => ` ${prefix}${unit}`));

function duration(seconds) {
  const size = Math.abs(seconds);
  if (size === 0) return '0 s';
  if (size < 1e-3) return `${digits(seconds * 1e6)} µs`;
  if (size < 1) return `${digits(seconds * 1e3)} ms`;
  if (size < 60) return `${digits(seconds)} s`;
  return size < 3600 ? `${digits(seconds / 60)} mins` : `${digits(seconds / 3600)} hours`;
}

const units = {
  none: digits,
  short: (value) => scaled(value, 1000, ['', ' K', ' Mil', ' Bil']),
  percent: (value) => `${digits(value)}%`,
  percentunit: (value) => `${digits(value * 100)}%`,
  s: duration,
  bytes: (value) => scaled(value, 1024, [' B', ' KiB', ' MiB', ' GiB', ' TiB']),
  reqps: (value) => scaled(value, 1000, [' req/s', 'K req/s', 'M req/s']),
  ops: (value) => scaled(value, 1000, [' ops/s', 'K ops/s', 'M ops/s']),
  currencyUSD: (value) => `$${scaled(value, 1000, ['', 'K', 'M', 'B'])}`,
  watt: (value) => si(value, 'W'),
  joule: (value) => si(value, 'J'),
  celsius: (value) => `${digits(value)} °C`,
  bool_yes_no: (value) => (value ? 'Yes' : 'No'),
};

/** The text of a value in one of Grafana's units. */
exports.format = (value, unit = 'none') => {
  if (value === null || value === undefined || Number.isNaN(value)) return '-';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (unit.startsWith('suffix:')) return digits(value) + unit.slice('suffix:'.length);
  if (unit.startsWith('si:')) return si(value, unit.slice('si:'.length));
  const known = units[unit];
  if (!known) throw new Error(`The unit ${unit} is not known here; add it to ${__filename}.`);
  return known(value);
};
