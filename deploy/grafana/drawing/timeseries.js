// Lines over time, with a table of them below.
'use strict';
const { colours, palette, font, fit, text, rect, line, colour, width } = require('./svg');
const { settings, shown, calculations } = require('./fields');
const { format } = require('./units');

const rowHeight = 19;

exports.draw = (panel, series, box, range, echarts) => {
  const lines = series.filter((one) => one.points.some(([, value]) => Number.isFinite(value)))
    .map((one, index) => {
      const name = one.name || 'Value';
      const field = settings(panel, name);
      return { ...one, name, field, colour: field.color?.fixedColor ? colour(field.color.fixedColor) : palette[index % palette.length] };
    });
  if (lines.length === 0) return undefined;
  const rows = Math.min(lines.length, 5, Math.max(1, Math.floor((box.h - 150) / rowHeight)));
  const legendHeight = rowHeight * (rows + 1) + 4;
  return chart(panel, lines, { ...box, h: box.h - legendHeight }, range, echarts) + legend(panel, lines, rows, { ...box, y: box.y + box.h - legendHeight, h: legendHeight });
};

function chart(panel, lines, box, range, echarts) {
  const { unit, min, max, custom } = panel.fieldConfig.defaults;
  const stacked = custom?.stacking?.mode === 'normal';
  const times = [...new Set(lines.flatMap((one) => one.points.map(([time]) => time)))].sort((a, b) => a - b);
  const highest = Math.max(...lines.flatMap((one) => one.points.map(([, value]) => (Number.isFinite(value) ? value : 0))));
  const plot = echarts.init(null, null, { renderer: 'svg', ssr: true, width: Math.round(box.w), height: Math.round(box.h) });
  plot.setOption({
    animation: false,
    textStyle: { fontFamily: font },
    grid: { left: 8, right: 12, top: 8, bottom: 4, containLabel: true },
    xAxis: {
      type: 'time', min: range.from * 1000, max: range.to * 1000, splitNumber: 4,
      axisLine: { show: false }, axisTick: { show: false }, splitLine: { show: true, lineStyle: { color: colours.grid } },
      axisLabel: { color: colours.dim, fontSize: 11, hideOverlap: true, showMinLabel: false, showMaxLabel: false, formatter: (time) => new Date(time).toISOString().slice(11, range.to - range.from > 1200 ? 16 : 19) },
    },
    yAxis: {
      type: 'value', min, ...scale(unit, min, max, highest), splitNumber: 4,
      splitLine: { lineStyle: { color: colours.grid } }, axisLabel: { show: custom?.axisPlacement !== 'hidden', color: colours.dim, fontSize: 11, formatter: (value) => format(value, unit) },
    },
    series: lines.map((one) => {
      const limits = one.field.custom.thresholdsStyle?.mode === 'line' ? one.field.thresholds.steps.filter((step) => step.value !== null) : [];
      return {
        type: 'line', step: custom?.lineInterpolation === 'stepAfter' ? 'end' : false, stack: stacked ? 'all' : undefined, symbol: 'circle', symbolSize: 4, showSymbol: !stacked && one.points.length < 3, lineStyle: { width: 1.5, color: one.colour }, itemStyle: { color: one.colour },
        areaStyle: { color: one.colour, opacity: (custom?.fillOpacity ?? 0) / 100 },
        data: (stacked ? padded(one.points, times) : gaps(one.points, range.step)).map(([time, value]) => [time * 1000, Number.isFinite(value) ? value : null]),
        markLine: { silent: true, symbol: 'none', label: { show: false }, data: limits.map((step) => ({ yAxis: step.value, lineStyle: { color: colour(step.color), type: 'solid', width: 1, opacity: 0.8 } })) },
      };
    }),
  });
  const drawing = plot.renderToSVGString();
  plot.dispose();
  return drawing.replace('<svg ', `<svg x="${box.x}" y="${box.y}" `);
}

// Where the axis ends and what its steps are, unless ECharts finds round numbers by itself.
function scale(unit, min, max, highest) {
  if (unit === 'bytes' && highest > 0) {
    const interval = 2 ** Math.ceil(Math.log2(highest / 4));
    return { max: interval * Math.ceil(highest / interval), interval };
  }
  const most = max ?? (highest === 0 ? 1 : undefined);
  return { max: most, interval: most && (min ?? 0) === 0 ? most / 4 : undefined };
}

// Stacked lines have to have their points at the same times: where one has none, it adds nothing.
function padded(points, times) {
  const values = new Map(points);
  return times.map((time) => [time, values.get(time) ?? 0]);
}

// Where a series has no value for a while there is no line.
function gaps(points, step) {
  return points.flatMap((point, index) => (index > 0 && point[0] - points[index - 1][0] > step * 1.5 ? [[points[index - 1][0] + step, NaN], point] : [point]));
}

function legend(panel, lines, rows, box) {
  const { sortBy, sortDesc } = panel.options.legend;
  const order = Object.values(calculations).find((one) => one.name === sortBy);
  if (order) lines = lines.toSorted((a, b) => (order.of(a.points) - order.of(b.points)) * (sortDesc ? -1 : 1));
  const columns = panel.options.legend.calcs.map((name) => calculations[name]).filter(Boolean);
  const columnWidth = 86;
  const nameWidth = box.w - 34 - columns.length * columnWidth;
  let drawing = text(box.x + 12, box.y + 13, 'Name', { size: 11, colour: colours.dim, weight: 500 }) + line(box.x + 8, box.y + rowHeight, box.x + box.w - 8, box.y + rowHeight, colours.grid);
  columns.forEach((column, index) => {
    drawing += text(box.x + box.w - 12 - (columns.length - 1 - index) * columnWidth, box.y + 13, column.name, { size: 11, colour: colours.dim, anchor: 'end', weight: 500 });
  });
  const hidden = lines.length - rows;
  lines.slice(0, rows).forEach((one, row) => {
    const y = box.y + rowHeight * (row + 1) + 14;
    const more = hidden > 0 && row === rows - 1 ? `  (and ${hidden} more)` : '';
    drawing += rect(box.x + 12, y - 5, 12, 3, { fill: one.colour, radius: 1 }) + text(box.x + 30, y, fit(one.name, 12, nameWidth - width(more, 12)) + more, { size: 12 });
    columns.forEach((column, index) => {
      drawing += text(box.x + box.w - 12 - (columns.length - 1 - index) * columnWidth, y, shown(one.field, column.of(one.points)).text, { size: 12, anchor: 'end' });
    });
  });
  return drawing;
}
