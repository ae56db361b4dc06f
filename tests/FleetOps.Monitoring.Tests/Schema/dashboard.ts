// What FleetOps' dashboards have to be: Grafana's published types, narrowed to the kinds of panels that are used, so that the options and the
// field settings of each kind are checked too. @grafana/schema publishes them; the names of its files are those of Grafana's panel plug-ins.
import type { Dashboard, FieldConfigSource, Panel, RowPanel, VariableModel } from '@grafana/schema';
import type * as bargauge from '@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen';
import type * as stat from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type * as table from '@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen';
import type * as timeseries from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';

// JSON has the values of TypeScript's enumerations, not their names.
type InJson<T> = T extends string ? `${T}` : T extends readonly (infer Item)[] ? InJson<Item>[] : T extends object ? { [Key in keyof T]: InJson<T[Key]> } : T;

// A query of Grafana's data source for Prometheus, whose types are not among those published.
interface PrometheusQuery {
  refId: string;
  datasource: { type: 'prometheus'; uid: string };
  expr: string;
  legendFormat: string;
  instant?: boolean;
  range?: boolean;
  format?: 'time_series' | 'table' | 'heatmap';
}

type FieldSettings<Custom> = Omit<FieldConfigSource, 'defaults'> & { defaults: Omit<FieldConfigSource['defaults'], 'custom'> & { custom?: Partial<Custom> } };

type DataPanel<Type extends string, Options, Custom> = Omit<Panel, 'type' | 'options' | 'fieldConfig' | 'targets'> & {
  type: Type;
  options: Partial<Options>;
  fieldConfig: FieldSettings<Custom>;
  targets: PrometheusQuery[];
};

type FleetOpsPanel =
  | RowPanel
  | DataPanel<'stat', stat.Options, Record<never, never>>
  | DataPanel<'bargauge', bargauge.Options, Record<never, never>>
  | DataPanel<'table', table.Options, table.FieldConfig>
  | DataPanel<'timeseries', timeseries.Options, timeseries.FieldConfig>;

// Grafana fills an empty `current` from the query when the dashboard is opened.
type Variable = Omit<VariableModel, 'current'> & { current?: Partial<NonNullable<VariableModel['current']>>; definition?: string };

export type FleetOpsDashboard = InJson<
  Omit<Required<Pick<Dashboard, 'uid' | 'title' | 'tags' | 'time' | 'links'>> & Dashboard, 'panels' | 'templating'> & {
    panels: FleetOpsPanel[];
    templating: { list: Variable[] };
  }
>;
