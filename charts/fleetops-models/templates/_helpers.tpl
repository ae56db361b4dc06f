{{- /* The spec of one ModelDeployment: (dict "name" … "model" … "root" $) */ -}}
{{- define "fleetops-models.spec" -}}
{{- $catalogue := .root.Files.Get "files/catalogue.yaml" | fromYaml -}}
{{- $model := .model | default dict -}}
{{- $own := $model.spec | default dict -}}
{{- $from := $model.from | default .name -}}
{{- $spec := dict -}}
{{- if hasKey $catalogue $from -}}
{{- $spec = deepCopy (index $catalogue $from).spec -}}
{{- else if or $model.from (not (dig "model" "source" "" $own)) -}}
{{- fail (printf "models.%s: the catalogue has no model %q. It has: %s. For another one leave out `from` and set models.%s.spec.model.source." .name $from (keys $catalogue | sortAlpha | join ", ") .name) -}}
{{- end -}}
{{- $known := dig "model" "source" "" $spec -}}
{{- $spec = mergeOverwrite $spec (deepCopy .root.Values.spec) (deepCopy $own) -}}
{{- /* A licence is agreed to by whoever installs, model by model. */ -}}
{{- if hasKey $spec.model "license" -}}
{{- if not (hasKey $spec.model.license "accepted") -}}
{{- $_ := set $spec.model.license "accepted" ($model.acceptLicense | default false) -}}
{{- end -}}
{{- else if hasKey $model "acceptLicense" -}}
{{- fail (printf "models.%s.acceptLicense: the model has no licence to accept. Name it in models.%s.spec.model.license.id." .name .name) -}}
{{- end -}}
{{- /* What chooses among GPUs means nothing without one, and the API refuses it. */ -}}
{{- if eq (int (dig "resources" "gpus" 0 $spec)) 0 -}}
{{- $_ := unset ($spec.resources | default dict) "minGpuMemory" -}}
{{- end -}}
{{- toYaml $spec -}}
{{- end -}}
