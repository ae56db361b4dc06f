{{- define "fleetops.operator" -}}
{{- printf "%s-operator" .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "fleetops.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: operator
{{- end -}}

{{- define "fleetops.labels" -}}
{{ include "fleetops.selectorLabels" . }}
app.kubernetes.io/part-of: fleetops
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- /* Of what `helm test` makes. The operator's own would put it behind the operator's policies and monitors. */ -}}
{{- define "fleetops.testLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}-test
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: test
app.kubernetes.io/part-of: fleetops
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- /*
The beginning of the names of Services. They have to begin with a letter and to do without dots, which a release need not; what is put before those that
begin with a digit keeps the longest within 63 characters.
*/ -}}
{{- define "fleetops.service" -}}
{{- if regexMatch "^[0-9]" .Release.Name }}fleetops-{{ end -}}
{{- .Release.Name | replace "." "-" | trunc 45 | trimSuffix "-" -}}
{{- end -}}

{{- define "fleetops.test" -}}
{{- printf "%s-test" (include "fleetops.service" .) -}}
{{- end -}}

{{- define "fleetops.metricsService" -}}
{{- printf "%s-metrics" (include "fleetops.service" .) -}}
{{- end -}}

{{- define "fleetops.testNamespace" -}}
{{- .Values.test.namespace | default (first .Values.operator.watchNamespaces) | default .Release.Namespace -}}
{{- end -}}

{{- /* The reference of one image: (dict "image" … "root" $) */ -}}
{{- define "fleetops.image" -}}
{{- with .root.Values.global.imageRegistry }}{{ trimSuffix "/" . }}/{{ end -}}
{{- if .image.digest -}}
{{ .image.repository }}@{{ .image.digest }}
{{- else -}}
{{ .image.repository }}:{{ .image.tag | default .root.Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{- /*
Just what the operator does: it reads through watches, creates what is missing, patches what differs, and deletes the two kinds of children that a
spec can cease to ask for. It patches a ModelCache only for the finalizer that keeps it until its files are removed. It gets an object only to take over the fields that it created it with. A test compares this list with what it does.
*/}}
{{- define "fleetops.rules" }}
- apiGroups: [fleetops.dev]
  resources: [modeldeployments]
  verbs: [list, watch]
- apiGroups: [fleetops.dev]
  resources: [modeldeployments/status]
  verbs: [patch]
# Needed where OwnerReferencesPermissionEnforcement is on: children block the deletion of their owner.
- apiGroups: [fleetops.dev]
  resources: [modeldeployments/finalizers]
  verbs: [update]
- apiGroups: [fleetops.dev]
  resources: [modelcaches]
  verbs: [list, watch, patch]
- apiGroups: [fleetops.dev]
  resources: [modelcaches/status]
  verbs: [patch]
- apiGroups: [fleetops.dev]
  resources: [modelcaches/finalizers]
  verbs: [update]
# Jobs that fetch; they are never changed.
- apiGroups: [batch]
  resources: [jobs]
  verbs: [list, watch, create, delete]
- apiGroups: [apps]
  resources: [deployments]
  verbs: [get, list, watch, create, patch]
- apiGroups: [""]
  resources: [services]
  verbs: [get, list, watch, create, patch]
- apiGroups: [""]
  resources: [serviceaccounts]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [networking.k8s.io]
  resources: [networkpolicies]
  verbs: [get, list, watch, create, patch]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [""]
  resources: [pods]
  verbs: [list, watch]
# Whether a claim can be mounted on several nodes, and is still the one that weights were fetched to.
- apiGroups: [""]
  resources: [persistentvolumeclaims]
  verbs: [list, watch]
# Whether a Secret exists, by its metadata: the operator never asks for the values.
- apiGroups: [""]
  resources: [secrets]
  verbs: [list, watch]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end }}
