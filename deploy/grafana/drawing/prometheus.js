// Questions to Prometheus, with Grafana's variables filled in.
'use strict';

/** Answers the queries of panels for one range of time. */
class Prometheus {
  /** variables: the values by the names of the variables; range: { from, to, step } in seconds. */
  constructor(url, variables, range) {
    Object.assign(this, { url: url.replace(/\/$/, ''), variables, range });
  }

  fill(text) {
    return text.replace(/\$(?:\{(\w+)\}|([a-zA-Z_]\w*))/g, (whole, braced, bare) => {
      const value = this.variables[braced ?? bare];
      if (value === undefined) throw new Error(`The variable ${whole} has no value; give it one: ${braced ?? bare}=VALUE`);
      return value;
    });
  }

  /** The series of a target: [{ labels, name, points: [[seconds, value], …] }], a single point each where it asks for the present moment alone. */
  async ask(target) {
    const { from, to, step } = this.range;
    const instant = target.instant === true && target.range !== true;
    const form = new URLSearchParams(instant ? { query: this.fill(target.expr), time: to } : { query: this.fill(target.expr), start: from, end: to, step });
    const response = await fetch(`${this.url}/api/v1/${instant ? 'query' : 'query_range'}`, { method: 'POST', body: form });
    const answer = await response.json();
    if (answer.status !== 'success') throw new Error(`${this.fill(target.expr)}\n${answer.error}`);
    return answer.data.result.map(({ metric, value, values }) => ({
      labels: metric,
      name: (target.legendFormat ?? '').replace(/\{\{\s*(\w+)\s*\}\}/g, (_, label) => metric[label] ?? ''),
      points: (values ?? [value]).map(([time, text]) => [time, Number(text)]),
    }));
  }
}

exports.Prometheus = Prometheus;
