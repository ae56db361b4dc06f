// What a field of a panel is shown as: the panel's defaults with the overrides for the field's name on top.
'use strict';
const { format } = require('./units');
const { colour, judged } = require('./svg');

/** The settings of the field with this name, such as { unit, thresholds, custom: { cellOptions } }. */
function settings(panel, name) {
  const { defaults, overrides } = panel.fieldConfig;
  const field = { ...defaults, custom: { ...defaults.custom } };
  for (const { matcher, properties } of overrides) {
    if (matcher.id !== 'byName' || matcher.options !== name) continue;
    for (const { id, value } of properties) {
      if (id.startsWith('custom.')) field.custom[id.slice('custom.'.length)] = value;
      else field[id] = value;
    }
  }
  return field;
}

/** The text and the colour of a value. */
function shown(field, value) {
  const mapped = field.mappings?.find((mapping) => mapping.type === 'value')?.options[value];
  return {
    text: mapped?.text ?? (typeof value === 'number' ? format(value, field.unit) : String(value ?? '')),
    colour: field.color?.fixedColor ? colour(field.color.fixedColor) : mapped?.color ? colour(mapped.color) : typeof value === 'number' ? judged(value, field.thresholds) : undefined,
  };
}

/** The last value of a series that is a number. */
const last = (points) => points.findLast(([, value]) => !Number.isNaN(value))?.[1];

const calculations = {
  lastNotNull: { name: 'Last *', of: last },
  max: { name: 'Max', of: (points) => points.reduce((most, [, value]) => (Number.isNaN(value) || value < most ? most : value), -Infinity) },
  mean: { name: 'Mean', of: (points) => points.reduce((sum, [, value]) => sum + value, 0) / points.length },
};

module.exports = { settings, shown, last, calculations };
